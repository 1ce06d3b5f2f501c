#ifndef TESTS_WS_RIG_H
#define TESTS_WS_RIG_H

#include "support/mangle.h"
#include "support/oom.h"
#include "support/test.h"

#include "crypto/rng.h"
#include "ws/frame.h"
#include "ws/ws.h"

#define KEY	"dGhlIHNhbXBsZSBub25jZQ=="	/* RFC 6455 1.3 */
#define ACCEPT	"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define REQUEST	"GET /api/v1/events?user=a HTTP/1.1\r\nHost: h\r\n" \
	"Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n" \
	"Sec-WebSocket-Version: 13\r\nsec-websocket-key: " KEY "\r\n" \
	"X-Extra: yes\r\n\r\n"

static struct rng	*rng;

/* A transcript of events, so that runs can be compared. */
struct notes {
	char	 text[4096];
	size_t	 n;
};

static inline void
note(struct notes *t, const struct ws_event *ev)
{
	static const char *const	 name[] = {
		[WS_EV_OPEN] = "open", [WS_EV_REQUEST] = "request",
		[WS_EV_MESSAGE] = "message", [WS_EV_PONG] = "pong",
		[WS_EV_REFUSED] = "refused", [WS_EV_CLOSED] = "closed",
	};

	t->n += (size_t)snprintf(t->text + t->n, sizeof(t->text) - t->n,
	    "%s%s%d(%.*s) ", name[ev->type], ev->text ? "/text" : "",
	    ev->status, (int)ev->data.n,
	    ev->data.n > 0 ? (const char *)ev->data.p : "");
	CHECK(t->n < sizeof(t->text));
}

static inline void
drain(struct ws *w, struct notes *t)
{
	struct ws_event	 ev;

	while (ws_event(w, &ev)) {
		note(t, &ev);
		if (ev.type == WS_EV_REQUEST)
			ws_accept(w, "X-Ours: 1\r\n");
	}
}

static inline void
feed(struct ws *w, const void *p, size_t n, struct notes *t)
{
	uint8_t	*copy = malloc(n > 0 ? n : 1);

	if (n > 0)
		memcpy(copy, p, n);
	ws_input(w, 0, copy, n);
	free(copy);
	drain(w, t);
}

static inline void
skip_output(struct ws *w)
{
	ws_sent(w, ws_output(w).n);
}

static inline struct ws *
open_server(void)
{
	struct ws	*w = ws_server(0);
	struct notes	 t = { "", 0 };

	feed(w, REQUEST, strlen(REQUEST), &t);
	STREQ(t.text, "request0() ");
	EQ(ws_state(w), WS_OPEN);
	skip_output(w);
	return w;
}

static inline struct ws *
new_client(void)
{
	struct ws_client_conf	 c = { "h:1", "/x", "A: b\r\n", rng };

	return ws_client(&c, 0);
}

/* Everything each side wrote goes to the other until nothing moves. */
static inline void
pump(struct ws *a, struct ws *b, struct notes *ta, struct notes *tb)
{
	struct span	 s;

	for (bool moved = true; moved;) {
		moved = false;
		if ((s = ws_output(a)).n > 0) {
			feed(b, s.p, s.n, tb);
			ws_sent(a, s.n);
			moved = true;
		}
		if ((s = ws_output(b)).n > 0) {
			feed(a, s.p, s.n, ta);
			ws_sent(b, s.n);
			moved = true;
		}
	}
}

static inline void
open_pair(struct ws **a, struct ws **b)
{
	struct notes	 ta = { "", 0 }, tb = { "", 0 };

	*a = new_client();
	*b = ws_server(0);
	pump(*a, *b, &ta, &tb);
	STREQ(ta.text, "open101() ");
	STREQ(tb.text, "request0() ");
}

/* A frame as a client sends it, masked. Length written. */
static inline size_t
put(uint8_t *to, unsigned first, const void *p, size_t n)
{
	struct ws_frame	 f = { (first & 0x80) != 0, true,
	    (enum ws_op)(first & 15), { 9, 8, 7, 6 }, n };
	size_t		 at = ws_frame_encode(to, &f);

	to[0] = (uint8_t)first;
	ws_mask(to + at, p, n, f.mask, 0);
	return at + n;
}

static inline size_t
puts_frame(uint8_t *to, unsigned first, const char *s)
{
	return put(to, first, s, strlen(s));
}

/* Feed bytes to an open server; what the last output is: a Close's code. */
static inline void
expect(const uint8_t *p, size_t n, const char *events)
{
	struct ws	*w = open_server();
	struct notes	 t = { "", 0 };

	feed(w, p, n, &t);
	STREQ(t.text, events);
	ws_free(w);
}

#endif
