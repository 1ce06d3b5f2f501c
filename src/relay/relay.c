/*
 * A turn: sockets that are ready are read into their WebSocket and its
 * messages given to the hub; at the turn's end everything queued is written,
 * messages that were held are offered again as room appears, and what was
 * closed is freed.
 *
 * A client whose message is held is not read: its message stays in its
 * WebSocket, and TCP tells it to wait.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/tls.h"
#include "net/loop.h"
#include "net/tcp.h"
#include "relay/hub.h"
#include "relay/relay.h"
#include "relay/wire.h"
#include "ws/ws.h"

enum {
	CLIENTS = HUB_CONNS + 64,	/* some are still at the door */
	CHUNK = 64 << 10,		/* read at a time */
	TICK = SEC,
	DOOR_TIME = 10 * SEC,		/* to say who you are: no slow loris */
	PING_IDLE = 30 * SEC,		/* silence before we ask */
	PING_HELD = 5 * SEC,		/* whom we make wait hears us */
	DEAD_IDLE = 60 * SEC,		/* silence after which it is gone */
	DEAD_STUCK = 120 * SEC,		/* output that does not move */
	LINGER = 5 * SEC,		/* for the last words to be written */
	BAD_MAX = 64,			/* messages that were none */
};

struct client {
	struct relay	*relay;
	struct client	*next;
	struct io	 io;
	struct wire	 wire;
	struct ws_event	 ev;		/* held: offered again */
	int		 id;		/* in the hub, -1: not in it */
	bool		 held, gone, dirty;
	uint64_t	 born, heard;	/* times; heard: it was read */
	uint64_t	 moved;		/* read, or written */
	uint64_t	 pinged;		/* 0: not since it was heard */
	uint64_t	 ended;			/* 0: not */
	unsigned	 bad;
	char		 from[ADDR_TEXT];
};

struct relay {
	struct loop	*loop;
	struct relay_conf conf;
	struct io	 io;
	struct alarm	 tick;
	struct hub	*hub;
	struct msg_decoder *decoder;
	struct client	*clients, *by_id[HUB_CONNS];
	size_t		 nclients;
	uint8_t		*out;		/* a message being encoded */
	size_t		 outcap;
	uint8_t		 chunk[CHUNK];
};

static void
lose(struct client *c, const char *why)
{
	if (c->gone)
		return;
	c->gone = true;
	log_debug("client %s: gone: %s", c->from, why);
}

static uint8_t *
out_room(struct relay *r, size_t n)
{
	uint8_t	*p;

	if (n <= r->outcap)
		return r->out;
	if ((p = realloc(r->out, n)) == NULL)
		return NULL;
	r->out = p;
	r->outcap = n;
	return p;
}

/* The hub has seen to the room; what fails here is memory, or absurd text. */
static void
deliver(struct relay *r, struct client *c, const struct msg *m)
{
	enum msg_encoding	 e = hub_encoding(r->hub, c->id);
	size_t			 max = msg_encoded_max(e, m);
	uint8_t			*p = out_room(r, max);
	struct wr		 w = wr_of(p, max);
	bool			 sent = false;

	if (p != NULL && ws_state(c->wire.ws) == WS_OPEN) {
		msg_encode(&w, e, m);
		sent = !wr_bad(&w) &&
		    ws_send(c->wire.ws, e == MSG_JSON, w.p, w.n);
	}
	if (!sent && ws_state(c->wire.ws) == WS_OPEN)
		lose(c, "a message for it could not be written");
	c->dirty = true;
}

static void
route(struct relay *r)
{
	struct msg	 m;
	int		 id;

	while (hub_output(r->hub, &id, &m)) {
		deliver(r, r->by_id[id], &m);
		hub_queued(r->hub, id, ws_queued(r->by_id[id]->wire.ws));
	}
}

static void
leave(struct client *c)
{
	if (c->id == -1)
		return;
	log_info("client %s: %s left", c->from, hub_user(c->relay->hub, c->id));
	hub_leave(c->relay->hub, c->id);
	c->relay->by_id[c->id] = NULL;
	c->id = -1;
	c->held = false;
}

static void
on_request(struct client *c)
{
	struct relay	*r = c->relay;
	struct visitor	 v;

	if (!door_request(&r->conf.door, c->wire.ws, &v))
		return;
	if ((c->id = hub_join(r->hub, v.user, v.encoding)) == -1) {
		log_warnx("client %s: refused: too many connections",
		    c->from);
		door_full(c->wire.ws);
		return;
	}
	r->by_id[c->id] = c;
	door_admit(&r->conf.door, c->wire.ws, &v);
	log_info("client %s: %s joined, %s", c->from, v.user,
	    v.encoding == MSG_MSGPACK ? "msgpack" : "json");
	if (v.claimed[0] != '\0')
		log_warnx("client %s: it calls itself %s, but its token is "
		    "%s's, which counts", c->from, v.claimed, v.user);
	route(r);
}

/* What is not a message is skipped, as the reference does; not for ever. */
static void
on_garbage(struct client *c)
{
	log_debug("client %s: not a message", c->from);
	if (++c->bad > BAD_MAX)
		ws_close(c->wire.ws, 1003, "too many broken messages");
}

/* True: the hub took it, or it was none. */
static bool
offer(struct client *c)
{
	struct relay	*r = c->relay;
	struct msg	 m;
	bool		 taken = true;

	if (msg_decode(r->decoder, &m, c->ev.text, c->ev.data.p,
	    c->ev.data.n) == -1)
		on_garbage(c);
	else
		taken = hub_input(r->hub, c->id, &m);
	route(r);
	return taken;
}

static void
on_closed(struct client *c, const struct ws_event *ev, uint64_t now)
{
	log_debug("client %s: closed: %d %.*s", c->from, ev->status,
	    (int)ev->data.n, (const char *)ev->data.p);
	leave(c);
	c->ended = now;
}

/* Everything its WebSocket has to say, until a message is held. */
static void
take_events(struct client *c, uint64_t now)
{
	while (!c->held && !c->gone && ws_event(c->wire.ws, &c->ev)) {
		switch (c->ev.type) {
		case WS_EV_REQUEST:
			on_request(c);
			break;
		case WS_EV_MESSAGE:
			c->held = c->id != -1 && !offer(c);
			break;
		case WS_EV_CLOSED:
			on_closed(c, &c->ev, now);
			break;
		case WS_EV_OPEN:
		case WS_EV_PONG:
		case WS_EV_REFUSED:
			break;
		}
	}
	c->dirty = true;
}

static void
read_some(struct client *c, uint64_t now)
{
	struct relay	*r = c->relay;
	long		 n = wire_read(&c->wire, now, r->chunk, CHUNK);

	if (n == TCP_AGAIN)
		return;
	if (n == TCP_ERROR) {
		lose(c, "read error");
		return;
	}
	c->heard = c->moved = now;
	c->pinged = 0;
	if (wire_why(&c->wire) != NULL)
		log_debug("client %s: TLS: %s", c->from, wire_why(&c->wire));
	take_events(c, now);
}

static void
write_some(struct client *c, uint64_t now)
{
	long	 n = wire_write(&c->wire);

	if (n == TCP_ERROR) {
		lose(c, "write error");
		return;
	}
	if (n > 0)
		c->moved = now;
	if (c->id != -1)
		hub_queued(c->relay->hub, c->id, ws_queued(c->wire.ws));
	if (ws_state(c->wire.ws) == WS_CLOSED && wire_drained(&c->wire))
		lose(c, "closed");
}

static void
on_ready(void *arg, unsigned got, uint64_t now)
{
	struct client	*c = arg;

	if (c->gone)
		return;
	if ((got & IO_IN) && !c->held)
		read_some(c, now);
	c->dirty = true;
}

static void
set_want(struct client *c)
{
	c->io.want = 0;
	if (!c->held && ws_wants_input(c->wire.ws))
		c->io.want |= IO_IN;
	if (!wire_drained(&c->wire))
		c->io.want |= IO_OUT;
}

static void
client_free(struct client *c)
{
	leave(c);
	loop_del(c->relay->loop, &c->io);
	wire_fini(&c->wire);
	c->relay->nclients--;
	free(c);
}

static void
reap(struct relay *r)
{
	struct client	**p = &r->clients, *c;

	while ((c = *p) != NULL) {
		if (!c->gone) {
			p = &c->next;
			continue;
		}
		*p = c->next;
		client_free(c);
	}
}

static bool
write_dirty(struct relay *r, uint64_t now)
{
	bool	 any = false;

	for (struct client *c = r->clients; c != NULL; c = c->next) {
		if (!c->dirty)
			continue;
		c->dirty = false;
		any = true;
		if (!c->gone)
			write_some(c, now);
		if (c->gone)
			leave(c);
		else
			set_want(c);
	}
	return any;
}

/* Written output makes room, room lets held messages go, they are output. */
static void
offer_again(struct relay *r, uint64_t now)
{
	struct client	*c;
	int		 id;

	while ((id = hub_ready(r->hub)) != -1) {
		c = r->by_id[id];
		if (!c->held)
			continue;
		c->held = !offer(c);
		take_events(c, now);
	}
}

static uint64_t
on_turn(void *arg, uint64_t now)
{
	struct relay	*r = arg;

	while (write_dirty(r, now))
		offer_again(r, now);
	reap(r);
	return NEVER;
}

/* Why a client is to be given up at this time, or NULL. */
static const char *
overdue(const struct client *c, uint64_t now)
{
	if (c->ended != 0)
		return now - c->ended > LINGER ? "closed" : NULL;
	if (ws_state(c->wire.ws) == WS_OPENING)
		return now - c->born > DOOR_TIME ? "no request in time" : NULL;
	if (ws_state(c->wire.ws) == WS_CLOSING)
		return now - c->moved > LINGER ? "no close" : NULL;
	if (ws_queued(c->wire.ws) > 0)
		return now - c->moved > DEAD_STUCK ? "does not read" : NULL;
	if (c->held || c->pinged == 0)
		return NULL;
	return now - c->heard > DEAD_IDLE && now - c->pinged > PING_IDLE ?
	    "no answer" : NULL;
}

static void
ping_if_due(struct client *c, uint64_t now)
{
	uint64_t	 after = c->held ? PING_HELD : PING_IDLE;

	if (ws_state(c->wire.ws) != WS_OPEN || ws_queued(c->wire.ws) > 0 ||
	    now - c->heard < after ||
	    (c->pinged != 0 && now - c->pinged < after))
		return;
	if (c->pinged != 0 && !c->held)
		return;
	c->pinged = now;
	ws_ping(c->wire.ws);
	c->dirty = true;
}

static void
on_tick(void *arg, uint64_t now)
{
	struct relay	*r = arg;
	const char	*why;

	for (struct client *c = r->clients; c != NULL; c = c->next) {
		if ((why = overdue(c, now)) != NULL) {
			log_info("client %s: dropped: %s", c->from, why);
			lose(c, why);
			c->dirty = true;
			continue;
		}
		ping_if_due(c, now);
	}
	r->io.want = IO_IN;
	if (r->clients != NULL)
		alarm_set(r->loop, &r->tick, now + TICK);
}

/* The descriptor is its wire's from here on, also if this fails. */
static int
init_wire(struct relay *r, struct wire *w, int fd, uint64_t now)
{
	w->fd = fd;
	w->ws = ws_server(now);
	if (r->conf.identity != NULL)
		w->tls = tls_server(r->conf.identity, r->conf.rng);
	return w->ws == NULL || (r->conf.identity != NULL && w->tls == NULL) ?
	    -1 : 0;
}

static int
add_client(struct relay *r, int fd, const struct addr *from, uint64_t now)
{
	struct client	*c = calloc(1, sizeof(*c));

	if (c == NULL) {
		tcp_close(fd);
		return -1;
	}
	c->relay = r;
	c->id = -1;
	c->born = c->heard = c->moved = now;
	addr_text(from, c->from);
	c->io = (struct io){ .fd = fd, .want = IO_IN, .ready = on_ready,
	    .arg = c };
	if (init_wire(r, &c->wire, fd, now) == -1 ||
	    loop_add(r->loop, &c->io) == -1) {
		wire_fini(&c->wire);
		free(c);
		return -1;
	}
	c->next = r->clients;
	r->clients = c;
	r->nclients++;
	return alarm_set(r->loop, &r->tick, now + TICK);
}

static void
on_accept(void *arg, unsigned got, uint64_t now)
{
	struct relay	*r = arg;
	struct addr	 from;
	int		 fd;

	(void)got;
	while ((fd = tcp_accept(r->io.fd, &from)) >= 0)
		if (r->nclients >= CLIENTS)
			tcp_close(fd);
		else if (add_client(r, fd, &from, now) == -1)
			log_warnx("relay: out of memory for a connection");
	if (fd != TCP_ERROR)
		return;
	log_warn("relay: accept");	/* out of descriptors: a tick later */
	r->io.want = 0;
	alarm_set(r->loop, &r->tick, now + TICK);
}

struct relay *
relay_new(struct loop *l, const struct relay_conf *conf, struct addr *bound)
{
	struct relay	*r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->loop = l;
	r->conf = *conf;
	r->tick = (struct alarm){ .at = NEVER, .fire = on_tick, .arg = r };
	r->io = (struct io){ .fd = -1, .want = IO_IN, .ready = on_accept,
	    .arg = r };
	if ((r->hub = hub_new(conf->access)) == NULL ||
	    (r->decoder = msg_decoder_new()) == NULL ||
	    (r->io.fd = tcp_listen(&conf->listen, bound)) == -1 ||
	    loop_add(l, &r->io) == -1) {
		relay_free(r);
		return NULL;
	}
	loop_on_turn(l, on_turn, r);
	return r;
}

void
relay_free(struct relay *r)
{
	struct client	*c;

	if (r == NULL)
		return;
	while ((c = r->clients) != NULL) {
		r->clients = c->next;
		ws_close(c->wire.ws, 1000, "shutdown");
		write_some(c, 0);
		client_free(c);
	}
	alarm_clear(r->loop, &r->tick);
	loop_del(r->loop, &r->io);
	if (r->io.fd != -1)
		tcp_close(r->io.fd);
	hub_free(r->hub);
	msg_decoder_free(r->decoder);
	free(r->out);
	free(r);
}
