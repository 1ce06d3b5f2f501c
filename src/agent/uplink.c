#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/dial.h"
#include "agent/bearer.h"
#include "agent/uplink.h"
#include "base/log.h"
#include "crypto/rng.h"
#include "net/loop.h"
#include "syft/config.h"
#include "ws/ws.h"

/* hotlink-protocol.md 1.8 [A] */
enum {
	CONNECT_TIMEOUT = 10 * SEC,
	PING_EVERY = 15 * SEC,
	PONG_WITHIN = 10 * SEC,
	BACKOFF_MIN = 250 * MS, BACKOFF_MAX = 5 * SEC,
	STABLE = 10 * SEC,	/* open so long: the pauses begin anew */
	HEADERS_MAX = TOKEN_MAX + 256,
	DATA_QUEUE = 1 << 20,	/* stop adding Data above: relay pace */
};

enum uplink_state { WAITING, DIALING, UPGRADING, OPEN };

struct uplink {
	struct uplink_conf	 conf;
	enum uplink_state	 state;
	struct dial		*dial;
	bool			 dial_dead;	/* free it at the turn's end */
	struct ws		*ws;
	struct alarm		 retry, ping;
	uint64_t		 backoff, opened_at;
	bool			 pong_due;
	bool			 brake;		/* not read now */
	bool			 said_down;	/* once per change */
	int			 status;	/* of the refusal last said */
	struct msg_decoder	*decoder;
	enum msg_encoding	 encoding;
	uint8_t			*buf;
	size_t			 cap;
	uint32_t		 id;
	struct uplink_stats	 stats;
};

static void
set_state(struct uplink *u, enum uplink_state state)
{
	static const char *const	 name[] = {
		[WAITING] = "waiting", [DIALING] = "connecting",
		[UPGRADING] = "upgrading", [OPEN] = "open",
	};

	if (u->state == state)
		return;
	log_debug("relay %s: %s", u->conf.url.authority, name[state]);
	u->state = state;
}

/* The connection is over: say so once, and try again a little later. */
static void
lost(struct uplink *u, uint64_t now, const char *why)
{
	bool	 was_open = u->state == OPEN;

	if (u->state == WAITING)
		return;
	if (was_open || !u->said_down)
		log_info("relay %s: %s: %s", u->conf.url.authority,
		    was_open ? "lost" : "no connection", why);
	u->said_down = true;
	u->dial_dead = true;
	set_state(u, WAITING);
	alarm_clear(u->conf.loop, &u->ping);
	if (was_open && now >= u->opened_at + STABLE)
		u->backoff = BACKOFF_MIN;
	alarm_set(u->conf.loop, &u->retry, now + u->backoff / 2 +
	    rng_u64(u->conf.rng) % u->backoff);
	u->backoff = u->backoff * 2 < BACKOFF_MAX ? u->backoff * 2 :
	    BACKOFF_MAX;
	if (was_open)
		u->conf.user->down(u->conf.arg, now);
}

static void
opened(struct uplink *u, uint64_t now)
{
	const char	*enc = ws_header(u->ws, "X-Syft-WS-Encoding");

	u->encoding = MSG_JSON;
	if (enc != NULL && (enc[0] == 'm' || enc[0] == 'M'))
		u->encoding = MSG_MSGPACK;
	set_state(u, OPEN);
	log_info("relay %s: connected", u->conf.url.authority);
	u->said_down = false;
	u->status = 0;
	u->opened_at = now;
	u->pong_due = false;
	u->stats.connects++;
	alarm_set(u->conf.loop, &u->ping, now + PING_EVERY);
	u->conf.user->up(u->conf.arg, now,
	    ws_header(u->ws, "X-Syft-Hotlink-Ice-Servers"),
	    ws_header(u->ws, "X-Syft-Hotlink-Turn-User"),
	    ws_header(u->ws, "X-Syft-Hotlink-Turn-Pass"));
}

static void
refused(struct uplink *u, uint64_t now, const struct ws_event *ev)
{
	char	 why[256];
	int	 n = ev->data.n < 160 ? (int)ev->data.n : 160;

	snprintf(why, sizeof(why), "HTTP status %d: %.*s", ev->status, n,
	    ev->data.n > 0 ? (const char *)ev->data.p : "");
	if ((ev->status == 401 || ev->status == 403) && u->conf.bearer != NULL)
		bearer_refused(u->conf.bearer);
	/* Its words are news, even if it could not be reached before. */
	if (ev->status != u->status)
		u->said_down = false;
	u->status = ev->status;
	lost(u, now, why);
}

static void
closed(struct uplink *u, uint64_t now, const struct ws_event *ev)
{
	char	 why[256];
	int	 n = ev->data.n < 123 ? (int)ev->data.n : 123;

	snprintf(why, sizeof(why), "closed with code %d %.*s", ev->status, n,
	    ev->data.n > 0 ? (const char *)ev->data.p : "");
	lost(u, now, why);
}

static void
message(struct uplink *u, uint64_t now, const struct ws_event *ev)
{
	struct msg	 m;

	if (msg_decode(u->decoder, &m, ev->text, ev->data.p,
	    ev->data.n) == -1) {
		u->stats.bad_messages++;
		log_debug("relay %s: malformed message dropped",
		    u->conf.url.authority);
		return;
	}
	u->stats.messages_in++;
	u->conf.user->message(u->conf.arg, now, &m);
}

static void
take_events(struct uplink *u, uint64_t now)
{
	struct ws_event	 ev;

	while (u->state != WAITING && ws_event(u->ws, &ev)) {
		switch (ev.type) {
		case WS_EV_OPEN:
			opened(u, now);
			break;
		case WS_EV_MESSAGE:
			message(u, now, &ev);
			break;
		case WS_EV_PONG:
			break;		/* bytes came: see on_input */
		case WS_EV_REFUSED:
			refused(u, now, &ev);
			break;
		case WS_EV_CLOSED:
			closed(u, now, &ev);
			break;
		case WS_EV_REQUEST:
			break;		/* a client gets none */
		}
	}
}

static void
on_up(void *arg, uint64_t now)
{
	struct uplink	*u = arg;

	(void)now;
	set_state(u, UPGRADING);
}

static void
on_input(void *arg, uint64_t now, const uint8_t *p, size_t n)
{
	struct uplink	*u = arg;

	/*
	 * Any byte is a sign of life: a relay that holds our input back,
	 * because a receiver of ours is slow, does not read our ping either.
	 */
	if (u->state == OPEN) {
		u->pong_due = false;
		alarm_set(u->conf.loop, &u->ping, now + PING_EVERY);
	}
	ws_input(u->ws, now, p, n);
	take_events(u, now);
}

static bool
wants_input(void *arg)
{
	struct uplink	*u = arg;

	return u->state != WAITING && !(u->brake && u->state == OPEN) &&
	    ws_wants_input(u->ws);
}

static struct span
output(void *arg)
{
	struct uplink	*u = arg;

	return ws_output(u->ws);
}

static void
sent(void *arg, size_t n)
{
	struct uplink	*u = arg;

	ws_sent(u->ws, n);
}

static void
on_closed(void *arg, uint64_t now, const char *why)
{
	lost(arg, now, why);
}

static const struct dial_user	 dial_user = {
	.up = on_up, .input = on_input, .wants_input = wants_input,
	.output = output, .sent = sent, .closed = on_closed,
};

/* hotlink-protocol.md 1.2; 0, or -1: too long. */
static int
make_headers(struct uplink *u, char *headers, size_t cap)
{
	const char	*token = NULL;
	int		 n;

	if (u->conf.bearer != NULL)
		token = bearer_access(u->conf.bearer);
	n = snprintf(headers, cap, "X-Syft-WS-Encodings: msgpack,json\r\n"
	    "User-Agent: hotlink/%s\r\n%s%s%s", VERSION,
	    token != NULL ? "Authorization: Bearer " : "",
	    token != NULL ? token : "", token != NULL ? "\r\n" : "");
	return n > 0 && (size_t)n < cap ? 0 : -1;
}

static void
connect_now(struct uplink *u, uint64_t now)
{
	char			 target[URL_PATH + 3 * 256 + 32];
	char			 user[3 * 256], headers[HEADERS_MAX];
	struct ws_client_conf	 ws = {
		.host = u->conf.url.authority, .target = target,
		.headers = headers, .rng = u->conf.rng,
	};
	struct dial_conf	 dial = {
		.loop = u->conf.loop, .resolver = u->conf.resolver,
		.host = u->conf.url.host, .port = u->conf.url.port,
		.tls = u->conf.url.tls ? u->conf.tls : NULL,
		.rng = u->conf.rng,
		.timeout = CONNECT_TIMEOUT, .user = &dial_user, .arg = u,
	};

	set_state(u, DIALING);
	if (make_headers(u, headers, sizeof(headers)) == -1) {
		lost(u, now, "the token is too long");
		return;
	}
	snprintf(target, sizeof(target), "%s/api/v1/events?user=%s",
	    u->conf.url.path, url_escape(u->conf.email, user, sizeof(user)));
	u->ws = ws_client(&ws, now);
	u->dial = u->ws != NULL ? dial_new(&dial, now) : NULL;
	if (u->dial == NULL)
		lost(u, now, "out of memory");
	else	/* until the upgrade is done; then the ping's turn */
		alarm_set(u->conf.loop, &u->ping, now + 2 * CONNECT_TIMEOUT);
}

static void
on_retry(void *arg, uint64_t now)
{
	struct uplink	*u = arg;

	if (u->conf.bearer != NULL && !bearer_ready(u->conf.bearer, now)) {
		alarm_set(u->conf.loop, &u->retry, now + 250 * MS);
		return;
	}
	connect_now(u, now);
}

static void
on_ping(void *arg, uint64_t now)
{
	struct uplink	*u = arg;

	if (u->state != OPEN || (u->pong_due && !u->brake)) {
		lost(u, now, "no answer in time");
		return;
	}
	ws_ping(u->ws);
	/* While we do not read we do not hear, but the relay should. */
	u->pong_due = !u->brake;
	alarm_set(u->conf.loop, &u->ping, now +
	    (u->brake ? (uint64_t)PING_EVERY : (uint64_t)PONG_WITHIN));
}

struct uplink *
uplink_new(const struct uplink_conf *conf, uint64_t now)
{
	struct uplink	*u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->conf = *conf;
	u->backoff = BACKOFF_MIN;
	u->retry = (struct alarm){ .fire = on_retry, .arg = u };
	u->ping = (struct alarm){ .fire = on_ping, .arg = u };
	u->decoder = msg_decoder_new();
	if (u->decoder == NULL ||
	    alarm_set(conf->loop, &u->retry, now) == -1) {
		uplink_free(u);
		return NULL;
	}
	return u;
}

static void
drop_connection(struct uplink *u)
{
	dial_free(u->dial);
	ws_free(u->ws);
	u->dial = NULL;
	u->ws = NULL;
	u->dial_dead = false;
}

void
uplink_free(struct uplink *u)
{
	if (u == NULL)
		return;
	alarm_clear(u->conf.loop, &u->retry);
	alarm_clear(u->conf.loop, &u->ping);
	drop_connection(u);
	msg_decoder_free(u->decoder);
	free(u->buf);
	free(u);
}

void
uplink_network(struct uplink *u, uint64_t now)
{
	if (u->dial != NULL && !u->dial_dead && dial_is_orphan(u->dial))
		lost(u, now, "the address it came from is gone");
	if (u->state != WAITING)
		return;
	u->backoff = BACKOFF_MIN;
	alarm_set(u->conf.loop, &u->retry, now + BACKOFF_MIN);
}

bool
uplink_is_up(const struct uplink *u)
{
	return u->state == OPEN;
}

bool
uplink_wants_control(const struct uplink *u)
{
	return u->state == OPEN && ws_room(u->ws) > DATA_QUEUE;
}

bool
uplink_wants_data(const struct uplink *u)
{
	return uplink_wants_control(u) && ws_queued(u->ws) < DATA_QUEUE;
}

static bool
grow(struct uplink *u, size_t want)
{
	uint8_t	*p;

	if (want <= u->cap)
		return true;
	p = realloc(u->buf, want);
	if (p == NULL)
		return false;
	u->buf = p;
	u->cap = want;
	return true;
}

void
uplink_send(struct uplink *u, const struct msg *m)
{
	struct msg	 out = *m;
	struct wr	 w;
	char		 id[16];

	if (u->state != OPEN || !grow(u, msg_encoded_max(u->encoding, m)))
		return;
	snprintf(id, sizeof(id), "%06x", (unsigned)(++u->id & 0xffffff));
	if (out.id.n == 0)
		out.id = span_of(id);
	w = wr_of(u->buf, u->cap);
	msg_encode(&w, u->encoding, &out);
	if (!wr_bad(&w) && ws_send(u->ws, u->encoding == MSG_JSON, u->buf, w.n))
		u->stats.messages_out++;
}

void
uplink_brake(struct uplink *u, bool on)
{
	u->brake = on;
}

void
uplink_pump(struct uplink *u, uint64_t now)
{
	if (u->dial_dead)
		drop_connection(u);
	if (u->dial != NULL)
		dial_pump(u->dial, now);
	if (u->dial_dead)
		drop_connection(u);
}

void
uplink_stats(const struct uplink *u, struct uplink_stats *st)
{
	*st = u->stats;
}
