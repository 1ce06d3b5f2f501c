#ifndef TESTS_RELAY_RIG_H
#define TESTS_RELAY_RIG_H

#include "support/oom.h"
#include "support/test.h"

#include "relay/access.h"
#include "relay/hub.h"
#include "ws/ws.h"

/*
 * Access rules of the test's own: the owner, the addressee and bob everywhere
 * may read, as far as nobody took it away; alice may write everywhere.
 */
static const char	*no_reading;

bool
access_write(struct access *a, struct span path, const char *user)
{
	size_t	 n = strlen(user);

	(void)a;
	return strcmp(user, "alice@x.io") == 0 || (path.n > n &&
	    memcmp(path.p, user, n) == 0 && path.p[n] == '/');
}

bool
access_read(struct access *a, struct span path, const char *user,
    const char *to)
{
	(void)a;
	(void)path;
	if (no_reading != NULL && strcmp(no_reading, user) == 0)
		return false;
	return strcmp(user, "eve@x.io") != 0 || strcmp(to, user) == 0;
}

#define SID	"6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b"
#define TCP	"alice@x.io/p/_mpc/0_to_1/stream.tcp.request"
#define FILES	"alice@x.io/p/rpc/a.request"
#define DENIED	"permission denied"
#define UNKNOWN	"unknown session"

/* What came out, as text: "conn:type(sid-less details) ". */
static char	 out[8192];
static size_t	 queued[HUB_CONNS];

static inline void
note(int to, const struct msg *m)
{
	static const char *const	 name[] = { "system", "error", "", "",
	    "ack", "nack", "", "", "", "open", "accept", "reject", "data",
	    "close", "signal" };
	size_t				 n = strlen(out);

	snprintf(out + n, sizeof(out) - n, "%d:%s(", to, name[m->type]);
	n = strlen(out);
	switch (m->type) {
	case MSG_ERROR:
		snprintf(out + n, sizeof(out) - n, "%d", (int)m->seq);
		break;
	case MSG_OPEN:
		snprintf(out + n, sizeof(out) - n, "%.*s->%.*s",
		    (int)m->from.n, (char *)m->from.p, (int)m->to.n,
		    m->to.n > 0 ? (char *)m->to.p : "");
		break;
	case MSG_REJECT:
	case MSG_CLOSE:
		snprintf(out + n, sizeof(out) - n, "%.*s", (int)m->reason.n,
		    m->reason.n > 0 ? (char *)m->reason.p : "");
		break;
	case MSG_DATA:
		snprintf(out + n, sizeof(out) - n, "%d", (int)m->seq);
		break;
	case MSG_SIGNAL:
		snprintf(out + n, sizeof(out) - n, "%.*s", (int)m->kind.n,
		    (char *)m->kind.p);
		break;
	case MSG_SYSTEM:
		snprintf(out + n, sizeof(out) - n, "%.*s", (int)m->text.n,
		    (char *)m->text.p);
		break;
	}
	n = strlen(out);
	snprintf(out + n, sizeof(out) - n, ") ");
}

static inline void
drain(struct hub *h)
{
	struct msg	 m;
	int		 to;

	while (hub_output(h, &to, &m)) {
		note(to, &m);
		queued[to] += msg_encoded_max(hub_encoding(h, to), &m);
		hub_queued(h, to, queued[to]);
	}
}

static inline struct hub *
new_hub(void)
{
	memset(queued, 0, sizeof(queued));
	out[0] = '\0';
	no_reading = NULL;
	return hub_new(NULL);
}

static inline int
join(struct hub *h, const char *user)
{
	int	 c = hub_join(h, user, MSG_MSGPACK);

	drain(h);
	out[0] = '\0';
	return c;
}

static inline bool
say(struct hub *h, int c, const struct msg *m)
{
	bool	 taken = hub_input(h, c, m);

	drain(h);
	return taken;
}

/* Say it, and this is what comes out. */
static inline void
expect(struct hub *h, int c, const struct msg *m, const char *want)
{
	out[0] = '\0';
	CHECK(say(h, c, m));
	STREQ(out, want);
}

static inline struct msg
of(enum msg_type type, const char *sid)
{
	struct msg	 m = { .type = (uint16_t)type, .sid = span_of(sid),
	    .id = span_of("0000a1") };

	return m;
}

static inline struct msg
an_open(const char *sid, const char *path, const char *to)
{
	struct msg	 m = of(MSG_OPEN, sid);

	m.path = span_of(path);
	m.to = span_of(to);
	return m;
}

static inline struct msg
a_data(const char *sid, uint64_t seq, size_t n)
{
	static uint8_t	 bytes[WS_MESSAGE_MAX];
	struct msg	 m = of(MSG_DATA, sid);

	m.seq = seq;
	m.payload.p = bytes;
	m.payload.n = n;
	m.path = span_of(TCP);
	return m;
}

static inline struct msg
a_signal(const char *sid, const char *kind)
{
	struct msg	 m = of(MSG_SIGNAL, sid);

	m.kind = span_of(kind);
	return m;
}

static inline void
accepted_session(struct hub *h, int a, int b, const char *sid)
{
	struct msg	 open = an_open(sid, TCP, ""),
			 accept = of(MSG_ACCEPT, sid);

	CHECK(say(h, a, &open));
	CHECK(say(h, b, &accept));
	out[0] = '\0';
}

static inline size_t
sessions(struct hub *h)
{
	struct hub_stats	 st;

	hub_stats(h, &st);
	return (size_t)st.sessions;
}

#endif
