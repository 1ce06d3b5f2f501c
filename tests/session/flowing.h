#ifndef TESTS_SESSION_FLOWING_H
#define TESTS_SESSION_FLOWING_H

#include "support/test.h"

#include "session/flow.h"
#include "support/mangle.h"
#include "support/oom.h"

enum { T0 = 1000000, OLD = T0 + FLOW_PROBE };

static inline struct flow *
new_flow(size_t window)
{
	struct flow_conf	 conf = { .window = window };
	struct flow		*f = flow_new(&conf);

	assert_non_null(f);
	return f;
}

/* Give a frame as the peer would send it, from memory that goes at once. */
static inline bool
give(struct flow *f, uint64_t now, enum hlnk2_type type, uint32_t gen,
    uint64_t offset, uint64_t limit, const void *p, size_t n)
{
	struct hlnk2	 h = { .type = type, .generation = gen,
			    .offset = offset, .limit = limit };
	uint8_t		*b = malloc(HLNK2_HEAD + 8 + n);
	struct wr	 w = wr_of(b, HLNK2_HEAD + 8 + n);
	bool		 ok;

	hlnk2_encode_head(&w, &h);
	wr_bytes(&w, p, n);
	ok = flow_input(f, now, b, w.n);
	flow_pending(f);	/* any call: what is lent is copied */
	free(b);
	return ok;
}

static inline bool
give_data(struct flow *f, uint64_t now, uint32_t gen, uint64_t offset,
    const char *text)
{
	return give(f, now, HLNK_DATA, gen, offset, 0, text, strlen(text));
}

static inline bool
give_ack(struct flow *f, uint64_t now, uint32_t gen, uint64_t offset,
    uint64_t limit)
{
	return give(f, now, HLNK_ACK, gen, offset, limit, NULL, 0);
}

static inline bool
give_eof(struct flow *f, uint64_t now, uint32_t gen, uint64_t offset)
{
	return give(f, now, HLNK_EOF, gen, offset, 0, NULL, 0);
}

static inline void
say(struct flow *f, uint64_t now, const char *text)
{
	size_t		 n = strlen(text);
	struct span	 s = flow_space(f);

	CHECK(s.n >= n);
	memcpy(s.p, text, n);
	flow_filled(f, now, n);
}

/* The next event must be of this type; data must be text, and is taken. */
static inline void
expect(struct flow *f, uint64_t now, enum flow_event_type type,
    const char *text)
{
	struct flow_event	 ev;

	CHECK(flow_event(f, now, &ev));
	EQ(ev.type, type);
	if (type == FLOW_EV_RESET)
		STREQ(ev.why, text);
	if (type != FLOW_EV_WRITE)
		return;
	EQ(ev.data.n, strlen(text));
	MEMEQ(ev.data.p, text, ev.data.n);
	flow_wrote(f, now, ev.data.n);
}

static inline bool
quiet(struct flow *f, uint64_t now)
{
	struct flow_event	 ev;

	return !flow_event(f, now, &ev);
}

/* The next control frame, which is sent. */
static inline struct hlnk2
control(struct flow *f, uint64_t now)
{
	struct hlnk2	 h;

	CHECK(flow_control(f, now, &h));
	flow_sent(f, now, &h);
	return h;
}

static inline bool
no_control(struct flow *f, uint64_t now)
{
	struct hlnk2	 h;

	return !flow_control(f, now, &h);
}

static inline struct hlnk2
data(struct flow *f, uint64_t now, size_t max)
{
	struct hlnk2	 h;

	CHECK(flow_data(f, now, max, &h));
	flow_sent(f, now, &h);
	return h;
}

static inline bool
no_data(struct flow *f, uint64_t now)
{
	struct hlnk2	 h;

	return !flow_data(f, now, 65535, &h);
}

/* A flow whose connection has said "hello" in generation 1, sent. */
static inline struct flow *
talking(void)
{
	struct flow	*f = new_flow(0);

	flow_attach(f, T0);
	say(f, T0, "hello");
	data(f, T0, 100);
	return f;
}

#endif
