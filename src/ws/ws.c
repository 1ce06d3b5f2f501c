/*
 * Input lies in one buffer: [at, at + len) is what has been put together of
 * the message on its way, [pos, n) has not been looked at. Payload is unmasked
 * where it lies and moved down to follow its fragment before it, so a message
 * in one frame is never copied and lent out from where it arrived.
 *
 * Parsing stops at an event. What follows waits in the buffer until the event
 * has been taken: that is the backpressure.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/utf8.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "ws/frame.h"
#include "ws/http.h"
#include "ws/ws.h"

enum {
	BUF_KEEP = 128 << 10,	/* an empty buffer above this is given back */
	BUF_FIRST = 4 << 10,
	BODY_MAX = 16 << 10,	/* of a refusal: text for a person */
	CONTROL_ROOM = 1 << 10,	/* of the output, kept for close and pongs */
	PONGS_MAX = 4 << 10,	/* unwritten; more pings go unanswered */
	MASKS = 64,		/* drawn at a time: a draw costs 4 HMACs */
	ACCEPT_LEN = 28,	/* base64 of a SHA-1 */
};

struct buf {
	uint8_t		*p;
	size_t		 n, cap;
};

enum stage { HEAD, ANSWER, BODY, FRAMES, DEAD };

struct ws {
	enum ws_state	 state;
	enum stage	 stage;
	bool		 client, eof;
	struct rng	*rng;
	char		 accept[ACCEPT_LEN + 1];	/* client: expected */
	struct http	 http;

	struct buf	 in;
	size_t		 at, len, pos;
	size_t		 scanned;	/* head: no end before here */
	struct ws_frame	 frame;		/* the one being read */
	bool		 in_frame, in_message, text;
	uint64_t	 left;		/* of the frame */
	struct utf8	 utf8;

	struct buf	 out;
	size_t		 out_at, pongs;
	bool		 close_sent;
	uint8_t		 masks[MASKS][4];
	size_t		 masks_left;

	struct ws_event	 ev;
	size_t		 ev_at;
	enum { NONE, READY, TAKEN } ev_state;
	char		 why[WS_CONTROL_MAX + 1];
};

static void
set_state(struct ws *w, enum ws_state s)
{
	assert(s >= w->state);
	w->state = s;
}

/* Room for n more bytes. */
static bool
buf_grow(struct buf *b, size_t n)
{
	size_t	 cap = b->cap > 0 ? b->cap : BUF_FIRST;
	uint8_t	*p;

	if (n <= b->cap - b->n)
		return true;
	while (cap - b->n < n)
		cap *= 2;
	if ((p = realloc(b->p, cap)) == NULL)
		return false;
	b->p = p;
	b->cap = cap;
	return true;
}

static void
buf_empty(struct buf *b)
{
	b->n = 0;
	if (b->cap > BUF_KEEP) {
		free(b->p);
		memset(b, 0, sizeof(*b));
	}
}

/* An event's data is where it lies in the input, which may still move. */
static void
emit(struct ws *w, enum ws_event_type type, int status, size_t at, size_t n)
{
	memset(&w->ev, 0, sizeof(w->ev));
	w->ev.type = type;
	w->ev.status = status;
	w->ev.data.n = n;
	w->ev_at = at;
	w->ev_state = READY;
}

/* The end, said once; the reason is copied as its source may go away. */
static void
ended(struct ws *w, int code, const void *why, size_t n)
{
	n = n < sizeof(w->why) ? n : sizeof(w->why) - 1;
	if (n > 0)
		memcpy(w->why, why, n);
	w->why[n] = '\0';
	w->stage = DEAD;
	w->pos = w->at = w->len = 0;
	buf_empty(&w->in);
	set_state(w, WS_CLOSED);
	emit(w, WS_EV_CLOSED, code, 0, n);
}

/* Output: the written part is given up before the buffer grows. */
static uint8_t *
out_space(struct ws *w, size_t n)
{
	if (w->out_at > 0 && n > w->out.cap - w->out.n) {
		w->out.n -= w->out_at;
		memmove(w->out.p, w->out.p + w->out_at, w->out.n);
		w->out_at = 0;
	}
	return buf_grow(&w->out, n) ? w->out.p + w->out.n : NULL;
}

static bool
out_bytes(struct ws *w, const void *p, size_t n)
{
	uint8_t	*to = out_space(w, n);

	if (to == NULL)
		return false;
	memcpy(to, p, n);
	w->out.n += n;
	return true;
}

static bool
out_text(struct ws *w, const char *s)
{
	return out_bytes(w, s, strlen(s));
}

/* 5.3: every frame has a mask of its own that nobody can predict. */
static void
draw_mask(struct ws *w, uint8_t mask[4])
{
	if (w->masks_left == 0) {
		rng_bytes(w->rng, w->masks, sizeof(w->masks));
		w->masks_left = MASKS;
	}
	memcpy(mask, w->masks[--w->masks_left], 4);
}

static bool
out_frame(struct ws *w, enum ws_op op, const void *p, size_t n)
{
	struct ws_frame	 f = { .fin = true, .op = op, .len = n };
	uint8_t		*to = out_space(w, WS_FRAME_HEAD + n);

	if (to == NULL)
		return false;
	f.masked = w->client;
	if (f.masked)
		draw_mask(w, f.mask);
	w->out.n += ws_frame_encode(to, &f);
	to = w->out.p + w->out.n;
	if (f.masked)
		ws_mask(to, p, n, f.mask, 0);
	else if (n > 0)
		memcpy(to, p, n);
	w->out.n += n;
	return true;
}

static void
out_close(struct ws *w, int code, const char *why, size_t n)
{
	uint8_t	 b[WS_CONTROL_MAX] = { (uint8_t)(code >> 8), (uint8_t)code };

	if (w->close_sent)
		return;
	while (n > sizeof(b) - 2 || !utf8_valid(why, n))
		n--;
	if (n > 0)
		memcpy(b + 2, why, n);
	w->close_sent = out_frame(w, WS_OP_CLOSE, b, code > 0 ? n + 2 : 0);
}

/* 7.1.7: fail the connection; say why, then believe nothing more. */
static void
fail(struct ws *w, int code, const char *why)
{
	if (w->stage == FRAMES)
		out_close(w, code, why, strlen(why));
	ended(w, code, why, strlen(why));
}


static bool
code_ok(int code)
{
	if (code >= 3000 && code <= 4999)
		return true;
	return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 &&
	    code != 1006;
}

/* 5.5.1, 7.1.5: answer a Close with its code, unless ours was first. */
static void
on_close(struct ws *w, const uint8_t *p, size_t n)
{
	int	 code = n >= 2 ? p[0] << 8 | p[1] : 0;

	if (n == 1 || (n >= 2 && !code_ok(code))) {
		fail(w, 1002, "bad close frame");
		return;
	}
	if (n > 2 && !utf8_valid(p + 2, n - 2)) {
		fail(w, 1007, "close reason is not UTF-8");
		return;
	}
	out_close(w, code, NULL, 0);
	if (n > 2)
		ended(w, code, p + 2, n - 2);
	else
		ended(w, n == 0 ? 1005 : code, NULL, 0);
}

/* 5.5.3 lets us answer the latest ping only; a flood gets no more than this. */
static void
on_ping(struct ws *w, const uint8_t *p, size_t n)
{
	if (w->close_sent || w->pongs > PONGS_MAX)
		return;
	if (out_frame(w, WS_OP_PONG, p, n))
		w->pongs += WS_FRAME_HEAD + n;
}

/* The whole frame is there; its bytes are ours to unmask. */
static void
on_control(struct ws *w)
{
	uint8_t	*p = w->in.p + w->pos;
	size_t	 n = (size_t)w->frame.len;

	if (w->frame.masked)
		ws_mask(p, p, n, w->frame.mask, 0);
	w->pos += n;
	w->in_frame = false;
	if (w->frame.op == WS_OP_PING)
		on_ping(w, p, n);
	else if (w->frame.op == WS_OP_CLOSE)
		on_close(w, p, n);
	else
		emit(w, WS_EV_PONG, 0, w->pos - n, n);
}

/* What a frame may be at this point, 5.1, 5.4; NULL, or the violation. */
static const char *
frame_wrong(const struct ws *w, const struct ws_frame *f)
{
	if (f->masked == w->client)
		return w->client ? "masked frame" : "frame without a mask";
	if (f->op >= WS_OP_CLOSE)
		return NULL;
	if (f->op == WS_OP_MORE && !w->in_message)
		return "continuation of nothing";
	if (f->op != WS_OP_MORE && w->in_message)
		return "message inside a message";
	return NULL;
}

static void
begin_message(struct ws *w)
{
	w->in_message = true;
	w->text = w->frame.op == WS_OP_TEXT;
	w->at = w->pos;
	w->len = 0;
	memset(&w->utf8, 0, sizeof(w->utf8));
}

/* False: more bytes must come, or it was wrong. */
static bool
begin_frame(struct ws *w)
{
	int		 n;
	const char	*why;

	n = ws_frame_decode(&w->frame, w->in.p + w->pos, w->in.n - w->pos);
	why = n == -1 ? "bad frame" : n > 0 ? frame_wrong(w, &w->frame) : NULL;
	if (why != NULL) {
		fail(w, 1002, why);
		return false;
	}
	if (n == 0)
		return false;
	w->pos += (size_t)n;
	w->left = w->frame.len;
	w->in_frame = true;
	if (w->frame.op == WS_OP_TEXT || w->frame.op == WS_OP_BINARY)
		begin_message(w);
	if (w->frame.op < WS_OP_CLOSE && w->left > WS_MESSAGE_MAX - w->len) {
		fail(w, 1009, "message too large");
		return false;
	}
	return true;
}

/* Once we said Close, what still comes is not for anyone (1.4). */
static void
end_message(struct ws *w)
{
	w->in_message = false;
	if (w->text && !utf8_done(&w->utf8))
		fail(w, 1007, "text is not UTF-8");
	else if (w->state == WS_OPEN) {
		emit(w, WS_EV_MESSAGE, 0, w->at, w->len);
		w->ev.text = w->text;
	}
}

/* Take what is there of the frame's payload. False: more must come. */
static bool
read_payload(struct ws *w)
{
	size_t	 n = w->in.n - w->pos;
	uint8_t	*from = w->in.p + w->pos, *to = w->in.p + w->at + w->len;

	n = w->left < n ? (size_t)w->left : n;
	if (w->frame.masked)
		ws_mask(to, from, n, w->frame.mask, w->frame.len - w->left);
	else if (to != from)
		memmove(to, from, n);
	w->len += n;
	w->pos += n;
	w->left -= n;
	if (w->text && !utf8_feed(&w->utf8, to, n)) {
		fail(w, 1007, "text is not UTF-8");
		return false;
	}
	if (w->left > 0)
		return false;
	w->in_frame = false;
	if (w->frame.fin)
		end_message(w);
	return true;
}

static bool
read_frames(struct ws *w)
{
	if (!w->in_frame && !begin_frame(w))
		return false;
	if (w->frame.op < WS_OP_CLOSE)
		return read_payload(w);
	if (w->in.n - w->pos < w->left)
		return false;
	on_control(w);
	return true;
}

/* 4.2.2: what the key of a request must be answered with. */
static void
accept_of(const char *key, char to[ACCEPT_LEN + 1])
{
	static const char	 magic[] =
	    "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char			 text[24 + sizeof(magic)];
	uint8_t			 hash[20];

	memcpy(text, key, 24);
	memcpy(text + 24, magic, sizeof(magic));
	sha1(hash, text, sizeof(text) - 1);
	base64_encode(to, hash, sizeof(hash));
	to[ACCEPT_LEN] = '\0';
}

/* 4.1: all of it MUST hold before a byte is taken for a frame. */
static const char *
upgrade_wrong(const struct ws *w)
{
	const char	*accept = http_header(&w->http, "Sec-WebSocket-Accept");

	if (!http_has_token(&w->http, "Upgrade", "websocket") ||
	    !http_has_token(&w->http, "Connection", "upgrade"))
		return "101 without an upgrade";
	if (accept == NULL || strcmp(accept, w->accept) != 0)
		return "101 with a wrong accept";
	if (http_count(&w->http, "Sec-WebSocket-Extensions") > 0 ||
	    http_count(&w->http, "Sec-WebSocket-Protocol") > 0)
		return "101 with what was not asked for";
	return NULL;
}

static void
on_response(struct ws *w)
{
	const char	*why;

	if (w->http.status >= 100 && w->http.status < 200 &&
	    w->http.status != 101) {
		http_fini(&w->http);	/* an interim one: the next counts */
		return;
	}
	if (w->http.status != 101) {
		w->stage = BODY;
		return;
	}
	if ((why = upgrade_wrong(w)) != NULL) {
		fail(w, 1002, why);
		return;
	}
	w->stage = FRAMES;
	set_state(w, WS_OPEN);
	emit(w, WS_EV_OPEN, 101, 0, 0);
}

static bool
read_head(struct ws *w)
{
	uint8_t	*p = w->in.p + w->pos;
	size_t	 n = w->in.n - w->pos, end;
	int	 bad;

	end = http_head_end(p, w->scanned, n);
	if (end > WS_HEADERS_MAX || (end == 0 && n > WS_HEADERS_MAX)) {
		if (!w->client)
			ws_reply(w, 431, NULL, NULL, 0);
		fail(w, 1002, "head too large");
		return false;
	}
	w->scanned = n;
	if (end == 0)
		return false;
	bad = w->client ? http_response(&w->http, p, end) :
	    http_request(&w->http, p, end);
	if (bad == -1) {
		if (!w->client)
			ws_reply(w, 400, NULL, NULL, 0);
		fail(w, 1002, "bad head");
		return false;
	}
	w->pos += end;
	w->scanned = 0;
	if (w->client) {
		on_response(w);
		return true;
	}
	w->stage = ANSWER;
	emit(w, WS_EV_REQUEST, 0, 0, 0);
	return false;
}

static void
refused(struct ws *w, size_t n)
{
	w->stage = DEAD;
	set_state(w, WS_CLOSED);
	emit(w, WS_EV_REFUSED, w->http.status, w->pos, n);
}

/* Why we were refused, as long as it is short: by length, chunks or end. */
static void
read_body(struct ws *w)
{
	const char	*len = http_header(&w->http, "Content-Length");
	size_t		 n = w->in.n - w->pos, want = BODY_MAX;
	bool		 all = w->eof || n >= BODY_MAX;

	if (http_has_token(&w->http, "Transfer-Encoding", "chunked")) {
		if (http_dechunk(w->in.p + w->pos, &n) != 0)
			all = true;
	} else if (len != NULL) {
		want = (size_t)strtoul(len, NULL, 10);
		want = want < BODY_MAX ? want : BODY_MAX;
		all |= n >= want;
	}
	if (all)
		refused(w, n < want ? n : want);
}

/* Go on until something must be told or more must come. */
static void
advance(struct ws *w)
{
	bool	 more = true;

	while (more && w->ev_state == NONE) {
		switch (w->stage) {
		case HEAD:
			more = w->in.n > w->pos && read_head(w);
			break;
		case BODY:
			read_body(w);
			more = false;
			break;
		case FRAMES:
			more = w->in.p != NULL && read_frames(w);
			break;
		case ANSWER:
		case DEAD:
			more = false;
			break;
		}
	}
	if (w->eof && w->ev_state == NONE && w->stage != DEAD)
		ended(w, 1006, "connection ended", 16);
}

/* Give up what has been read; keep a message on its way together. */
static void
compact(struct ws *w)
{
	size_t	 rest = w->in.n - w->pos;

	if (!w->in_message)
		w->at = w->len = 0;
	if (w->at > 0 && w->len > 0)
		memmove(w->in.p, w->in.p + w->at, w->len);
	if (rest > 0 && w->pos > w->len)
		memmove(w->in.p + w->len, w->in.p + w->pos, rest);
	w->at = 0;
	w->pos = w->len;
	w->in.n = w->len + rest;
	if (w->in.n == 0)
		buf_empty(&w->in);
}

/* The event was taken and its bytes are not lent any more. */
static void
release(struct ws *w)
{
	if (w->ev_state != TAKEN)
		return;
	w->ev_state = NONE;
	if (w->pos == w->in.n)
		compact(w);
}

void
ws_input(struct ws *w, uint64_t now, const uint8_t *p, size_t n)
{
	(void)now;
	release(w);
	if (w->stage == DEAD || w->eof)
		return;
	w->eof = n == 0;
	if (n > w->in.cap - w->in.n && w->ev_state == NONE)
		compact(w);
	if (!buf_grow(&w->in, n)) {
		fail(w, 1011, "out of memory");
		return;
	}
	if (n > 0)
		memcpy(w->in.p + w->in.n, p, n);
	w->in.n += n;
	advance(w);
}

bool
ws_event(struct ws *w, struct ws_event *ev)
{
	release(w);
	advance(w);
	if (w->ev_state != READY)
		return false;
	w->ev_state = TAKEN;
	*ev = w->ev;
	if (ev->type == WS_EV_CLOSED)
		ev->data.p = (uint8_t *)w->why;
	else if (ev->data.n > 0)
		ev->data.p = w->in.p + w->ev_at;
	return true;
}

bool
ws_wants_input(const struct ws *w)
{
	return w->ev_state != READY && w->stage != DEAD && w->stage != ANSWER;
}

struct span
ws_output(const struct ws *w)
{
	struct span	 s = { w->out.p, 0 };

	if (w->out.n > 0) {
		s.p += w->out_at;
		s.n = w->out.n - w->out_at;
	}
	return s;
}

/* A client's request may hold a bearer token. */
static void
forget_request(struct ws *w)
{
	if (w->client && w->state == WS_OPENING && w->out.p != NULL)
		wipe(w->out.p, w->out.n);
}

void
ws_sent(struct ws *w, size_t n)
{
	assert(n <= w->out.n - w->out_at);
	w->out_at += n;
	if (w->out_at < w->out.n)
		return;
	forget_request(w);
	w->out_at = w->pongs = 0;
	buf_empty(&w->out);
}

size_t
ws_queued(const struct ws *w)
{
	return w->out.n - w->out_at;
}

size_t
ws_room(const struct ws *w)
{
	size_t	 used = ws_queued(w) + CONTROL_ROOM;

	if (w->state != WS_OPEN || used >= WS_OUTPUT_MAX)
		return 0;
	used = WS_OUTPUT_MAX - used;
	return used < WS_MESSAGE_MAX ? used : WS_MESSAGE_MAX;
}

bool
ws_send(struct ws *w, bool text, const void *p, size_t n)
{
	if (w->state != WS_OPEN || n > ws_room(w))
		return false;
	return out_frame(w, text ? WS_OP_TEXT : WS_OP_BINARY, p, n);
}

void
ws_ping(struct ws *w)
{
	if (w->state == WS_OPEN && ws_queued(w) < WS_OUTPUT_MAX)
		out_frame(w, WS_OP_PING, NULL, 0);
}

void
ws_close(struct ws *w, int code, const char *why)
{
	if (w->state == WS_OPENING) {
		if (w->stage != DEAD)
			ended(w, 1006, "closed before it was open", 25);
		return;
	}
	if (w->state != WS_OPEN)
		return;
	out_close(w, code, why, why != NULL ? strlen(why) : 0);
	set_state(w, WS_CLOSING);
}

enum ws_state
ws_state(const struct ws *w)
{
	return w->state;
}

const char *
ws_header(const struct ws *w, const char *name)
{
	return http_header(&w->http, name);
}

const char *
ws_method(const struct ws *w)
{
	return w->http.method;
}

const char *
ws_path(const struct ws *w)
{
	return w->http.target;
}

const char *
ws_query(const struct ws *w, const char *name, char *to, size_t cap)
{
	return http_query(&w->http, name, to, cap);
}

/* Exactly one key, of sixteen bytes. */
static const char *
key_of(const struct http *h)
{
	const char	*key = http_header(h, "Sec-WebSocket-Key");
	uint8_t		 b[16];

	if (http_count(h, "Sec-WebSocket-Key") != 1 || strlen(key) != 24 ||
	    base64_decode(b, sizeof(b), key, 24) != 16)
		return NULL;
	return key;
}

static const char *
request_wrong(const struct http *h)
{
	const char	*version = http_header(h, "Sec-WebSocket-Version");

	if (h->method == NULL || strcmp(h->method, "GET") != 0)
		return "not a GET";
	if (http_count(h, "Host") != 1)
		return "not one Host";
	if (!http_has_token(h, "Upgrade", "websocket") ||
	    !http_has_token(h, "Connection", "upgrade"))
		return "not an upgrade to websocket";
	if (version == NULL || strcmp(version, "13") != 0)
		return "not version 13";
	return key_of(h) == NULL ? "no valid key" : NULL;
}

bool
ws_is_upgrade(const struct ws *w, const char **why)
{
	const char	*wrong = request_wrong(&w->http);

	if (why != NULL)
		*why = wrong;
	return wrong == NULL;
}

void
ws_accept(struct ws *w, const char *headers)
{
	char	 accept[ACCEPT_LEN + 1];

	if (w->stage != ANSWER || !ws_is_upgrade(w, NULL))
		return;
	accept_of(key_of(&w->http), accept);
	if (!out_text(w, "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: ") || !out_text(w, accept) ||
	    !out_text(w, "\r\n") ||
	    !out_text(w, headers != NULL ? headers : "") ||
	    !out_text(w, "\r\n")) {
		w->out.n = w->out_at = 0;
		ended(w, 1011, "out of memory", 13);
		return;
	}
	w->stage = FRAMES;
	set_state(w, WS_OPEN);
}

void
ws_reply(struct ws *w, int status, const char *type, const void *p, size_t n)
{
	char	 headers[128];

	snprintf(headers, sizeof(headers), "Content-Type: %s\r\n%s",
	    type != NULL ? type : "text/plain",
	    status == 426 ? "Upgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\n" : "");
	ws_reply_with(w, status, headers, p, n);
}

/* Each header ends in CRLF. */
void
ws_reply_with(struct ws *w, int status, const char *headers, const void *p,
    size_t n)
{
	char	 head[1024];
	int	 len;

	if (w->client || (w->stage != HEAD && w->stage != ANSWER))
		return;
	len = snprintf(head, sizeof(head), "HTTP/1.1 %d %s\r\n"
	    "%sContent-Length: %zu\r\nConnection: close\r\n\r\n",
	    status, http_reason(status), headers, n);
	if (len < 0 || (size_t)len >= sizeof(head) ||
	    !out_bytes(w, head, (size_t)len) || (n > 0 && !out_bytes(w, p, n)))
		w->out.n = w->out_at = 0;
	ended(w, 1000, "answered", 8);
}

static struct ws *
create(bool client, struct rng *rng)
{
	struct ws	*w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->client = client;
	w->rng = rng;
	return w;
}

struct ws *
ws_server(uint64_t now)
{
	(void)now;
	return create(false, NULL);
}

/* What goes into the request line or Host must not end them. */
static bool
is_plain(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return false;
	return true;
}

static bool
send_request(struct ws *w, const struct ws_client_conf *c)
{
	uint8_t	 nonce[16];
	char	 key[24 + 1] = "";

	rng_bytes(w->rng, nonce, sizeof(nonce));
	base64_encode(key, nonce, sizeof(nonce));
	accept_of(key, w->accept);
	return out_text(w, "GET ") && out_text(w, c->target) &&
	    out_text(w, " HTTP/1.1\r\nHost: ") && out_text(w, c->host) &&
	    out_text(w, "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ") &&
	    out_text(w, key) && out_text(w, "\r\n") &&
	    out_text(w, c->headers != NULL ? c->headers : "") &&
	    out_text(w, "\r\n");
}

struct ws *
ws_client(const struct ws_client_conf *c, uint64_t now)
{
	struct ws	*w;

	(void)now;
	if (!is_plain(c->target) || !is_plain(c->host) ||
	    (w = create(true, c->rng)) == NULL)
		return NULL;
	if (!send_request(w, c)) {
		ws_free(w);
		return NULL;
	}
	return w;
}

void
ws_free(struct ws *w)
{
	if (w == NULL)
		return;
	http_fini(&w->http);
	free(w->in.p);
	forget_request(w);
	free(w->out.p);
	free(w);
}
