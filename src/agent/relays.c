#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/framed.h"
#include "agent/relays.h"
#include "agent/servers.h"
#include "base/log.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "ice/turn.h"

enum {
	KEPT = 32,			/* datagrams that wait for permission */
	KEPT_LEN = 600,			/* a connectivity check */
	KEPT_LIFE = 2 * SEC,
	SENT_ON = 3,			/* to other servers, in a row */
	AGAIN_MIN = 5 * SEC,		/* after a failure */
	AGAIN_MAX = 60 * SEC,
	TEXT = 300,
};

/* One server, and the allocation there. */
struct relay {
	struct relays	*owner;
	char		 text[TEXT];
	struct addr	 server;
	struct turn	*turn;		/* NULL: not now */
	struct path	 path;		/* its */
	bool		 up;		/* and told of */
	const char	*refused;	/* said last of a peer */
	char		 said[128];	/* why it failed; "": it did not */
	struct addr	 sent_to[SENT_ON];	/* in this try */
	size_t		 nsent;
	struct addr	 sent_said;	/* said last of these */
	/*
	 * Over a stream the path is made up: from no address to the server's
	 * place in our table.
	 */
	bool		 stream, tls, gone;
	char		 name[256];
	uint16_t	 port;
	struct framed	*framed;
	size_t		 host;		/* the next of hosts to ask from */
	uint64_t	 again_at, pause;
};

struct kept {
	uint64_t	 until;		/* 0: free */
	struct path	 to;
	size_t		 n;
	uint8_t		 bytes[KEPT_LEN];
};

struct relays {
	struct relays_conf	 conf;
	char			 user[TURN_CRED_MAX + 1],
				 pass[TURN_CRED_MAX + 1];
	struct relay		 v[AGENT_SERVERS];
	size_t			 n;
	struct kept		 kept[KEPT];
	bool			 closing;	/* nothing is asked for anew */
};

struct relays *
relays_new(const struct relays_conf *conf)
{
	struct relays	*r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->conf = *conf;
	return r;
}

static void
drop(struct relay *v, uint64_t now)
{
	const struct relays_conf	*c = &v->owner->conf;

	if (v->up)
		c->down(c->arg, now, turn_relayed(v->turn));
	turn_free(v->turn);
	framed_free(v->framed);
	v->turn = NULL;
	v->framed = NULL;
	v->up = v->gone = false;
}

void
relays_free(struct relays *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n; i++)
		turn_free(r->v[i].turn);
	for (size_t i = 0; i < r->n; i++)
		framed_free(r->v[i].framed);
	wipe(r, sizeof(*r));
	free(r);
}

int
relays_login(struct relays *r, const char *user, const char *pass)
{
	if (strlen(user) > TURN_CRED_MAX || strlen(pass) > TURN_CRED_MAX)
		return -1;
	memcpy(r->user, user, strlen(user) + 1);
	memcpy(r->pass, pass, strlen(pass) + 1);
	return 0;
}

static bool
can_ask(const struct addr *host, const struct addr *server)
{
	return host->family == server->family &&
	    addr_is_loopback(host) == addr_is_loopback(server) &&
	    !addr_is_linklocal(host);
}

/*
 * A server knows an allocation by the addresses of both ends, and so do we: of
 * two with the same ones each would take the other's answers. It may be there
 * already because another server has sent us on to this one.
 */
static bool
is_asked(const struct relays *r, const struct addr *host,
    const struct addr *server)
{
	for (const struct relay *v = r->v; v < r->v + r->n; v++)
		if (v->turn != NULL && !v->stream &&
		    addr_equal(&v->path.local, host) &&
		    addr_equal(&v->path.remote, server))
			return true;
	return false;
}

/* From the next of our addresses that may reach it; NULL: from none. */
static const struct addr *
next_host(struct relay *v)
{
	const struct relays_conf	*c = &v->owner->conf;
	const struct addr		*host;

	while (v->host < c->nhosts) {
		host = &c->hosts[v->host++];
		if (can_ask(host, &v->server) &&
		    !is_asked(v->owner, host, &v->server))
			return host;
	}
	return NULL;
}

static void
pause_now(struct relay *v, uint64_t now)
{
	v->host = 0;
	v->again_at = now + v->pause;
	v->pause = earlier(2 * v->pause, AGAIN_MAX);
}

static void
allocate(struct relay *v, uint64_t now, const struct path *path)
{
	struct turn_conf	 c = {
		.rng = v->owner->conf.rng, .user = v->owner->user,
		.pass = v->owner->pass, .path = *path, .family = 4,
		.stream = v->stream,
	};

	if (!v->stream)
		c.family = v->server.family;
	v->path = *path;
	v->turn = turn_new(&c, now);
	if (v->turn == NULL)
		pause_now(v, now);
}

static void
on_up(void *arg, uint64_t now)
{
	struct relay	*v = arg;
	struct path	 path = { .local = { .family = 4 },
			     .remote = v->server };

	allocate(v, now, &path);
}

static void
on_message(void *arg, uint64_t now, uint8_t *bytes, size_t n)
{
	struct relay		*v = arg;
	struct relays		*r = v->owner;
	struct path		 path = { .local = { .family = 4 },
				     .remote = v->server };

	if (v->turn != NULL)
		r->conf.datagram(r->conf.arg, now, &path, bytes, n);
}

/* A reason that is tried again and again is told once. */
static void
complain(struct relay *v, const char *why)
{
	if (strncmp(v->said, why, sizeof(v->said) - 1) == 0)
		log_debug("ice server %s: %s", v->text, why);
	else
		log_warnx("ice server %s: %s", v->text, why);
	snprintf(v->said, sizeof(v->said), "%s", why);
}

static void
on_closed(void *arg, uint64_t now, const char *why)
{
	struct relay	*v = arg;

	(void)now;
	v->gone = true;
	complain(v, why);
}

static void
open_stream(struct relay *v, uint64_t now, const char *host, uint16_t port,
    const char *name)
{
	const struct relays_conf	*r = &v->owner->conf;
	struct framed_conf		 c = {
		.loop = r->loop, .resolver = r->resolver, .rng = r->rng,
		.trust = r->trust, .tls = v->tls, .host = host,
		.name = name, .port = port, .up = on_up,
		.message = on_message, .closed = on_closed, .arg = v,
	};

	v->framed = framed_new(&c, now);
	if (v->framed == NULL)
		pause_now(v, now);
}

/* A try from every address, then a pause. */
static void
ask(struct relay *v, uint64_t now)
{
	const struct addr	*host;
	struct path		 path = { .remote = v->server };

	drop(v, now);
	v->nsent = 0;
	if (v->stream) {
		open_stream(v, now, v->name, v->port, v->name);
		return;
	}
	host = next_host(v);
	if (host == NULL) {
		pause_now(v, now);
		return;
	}
	path.local = *host;
	allocate(v, now, &path);
}

/*
 * May it be asked in the place of the one that names it: RFC 8489 10, but for
 * who was asked in an earlier try. A stream must not be led to this host.
 */
static bool
may_follow(const struct relay *v, const struct addr *a)
{
	if (v->nsent == SENT_ON || (!v->stream && addr_equal(a, &v->server)))
		return false;
	for (size_t i = 0; i < v->nsent; i++)
		if (addr_equal(a, &v->sent_to[i]))
			return false;
	if (v->stream)
		return !addr_is_loopback(a) && !addr_is_linklocal(a);
	return can_ask(&v->path.local, a) &&
	    !is_asked(v->owner, &v->path.local, a);
}

static void
say_sent(struct relay *v, const struct addr *a)
{
	char	 text[ADDR_TEXT];

	if (addr_equal(a, &v->sent_said))
		return;
	v->sent_said = *a;
	log_info("ice server %s: sends us to %s", v->text, addr_text(a, text));
}

/*
 * To where the server sends us, in the same way and with the same login; its
 * certificate is for the name that it has there, or for the one that we know.
 */
static bool
follow(struct relay *v, uint64_t now)
{
	char		 ip[ADDR_TEXT], name[TURN_DOMAIN_MAX + 1];
	const char	*domain;
	struct path	 path = { .local = v->path.local };

	if (!turn_alternate(v->turn, &path.remote, &domain) ||
	    !may_follow(v, &path.remote))
		return false;
	v->sent_to[v->nsent++] = path.remote;
	say_sent(v, &path.remote);
	snprintf(name, sizeof(name), "%s", domain[0] != '\0' ? domain :
	    v->name);
	drop(v, now);
	if (v->stream)
		open_stream(v, now, addr_ip_text(&path.remote, ip),
		    path.remote.port, name);
	else
		allocate(v, now, &path);
	return true;
}

/* What no socket has: which of ours it is, as an address. */
static struct addr
made_up(size_t i)
{
	struct addr	 a = { .family = 4, .port = (uint16_t)(i + 1) };

	return a;
}

void
relays_add(struct relays *r, uint64_t now, const struct servers_found *found)
{
	struct relay	*v = &r->v[r->n];

	for (size_t i = 0; i < r->n; i++)
		if (found->addr != NULL && !r->v[i].stream &&
		    addr_equal(&r->v[i].server, found->addr))
			return;
	if (r->n == AGENT_SERVERS)
		return;
	v->owner = r;
	v->pause = AGAIN_MIN;
	snprintf(v->text, sizeof(v->text), "%s", found->turn);
	v->stream = found->addr == NULL;
	v->server = v->stream ? made_up(r->n) : *found->addr;
	if (v->stream) {
		v->tls = found->tls;
		v->port = found->port;
		snprintf(v->name, sizeof(v->name), "%s", found->host);
	}
	r->n++;
	ask(v, now);
}

/* What has become of it meanwhile. */
static void
look(struct relay *v, uint64_t now)
{
	const struct relays_conf	*c = &v->owner->conf;
	char				 text[ADDR_TEXT];

	if (v->owner->closing)
		return;
	if (v->gone) {
		drop(v, now);
		pause_now(v, now);
	}
	if (v->turn == NULL) {
		if (v->framed == NULL && now >= v->again_at)
			ask(v, now);
		return;
	}
	switch (turn_state(v->turn)) {
	case TURN_UP:
		if (v->up)
			break;
		v->up = true;
		v->said[0] = '\0';
		v->pause = AGAIN_MIN;
		v->host = 0;
		log_info("ice server %s: relays from %s", v->text,
		    addr_text(turn_relayed(v->turn), text));
		c->up(c->arg, now, turn_relayed(v->turn));
		break;
	case TURN_FAILED:
		if (follow(v, now))
			break;
		complain(v, turn_why(v->turn));
		if (v->stream) {
			drop(v, now);
			pause_now(v, now);
		} else
			ask(v, now);
		break;
	case TURN_ASKING:
	case TURN_CLOSING:
	case TURN_OVER:
		break;
	}
}

static bool
is_orphan(const struct relay *v)
{
	const struct relays_conf	*c = &v->owner->conf;

	if (v->stream)
		return v->framed != NULL && framed_is_orphan(v->framed);
	for (size_t i = 0; i < c->nhosts; i++)
		if (v->turn != NULL &&
		    addr_equal(&c->hosts[i], &v->path.local))
			return false;
	return v->turn != NULL;
}

void
relays_network(struct relays *r, uint64_t now, size_t nhosts)
{
	r->conf.nhosts = nhosts;
	for (struct relay *v = r->v; v < r->v + r->n; v++) {
		if (is_orphan(v)) {
			log_info("ice server %s: the address it was asked "
			    "from is gone", v->text);
			drop(v, now);
		}
		if (v->turn != NULL || v->framed != NULL)
			continue;
		v->host = 0;
		v->pause = AGAIN_MIN;
		v->again_at = now;
	}
}

enum relays_input
relays_input(struct relays *r, uint64_t now, struct path *path,
    struct span *bytes, struct batch *tx)
{
	struct turn_data	 data;
	struct relay		*v;

	for (v = r->v; v < r->v + r->n; v++) {
		if (v->turn == NULL || !turn_input(v->turn, now, path,
		    bytes->p, bytes->n, &data, tx))
			continue;
		if (!v->stream)		/* which we are called by */
			look(v, now);
		if (data.bytes.n == 0 || v->turn == NULL)
			return RELAYS_DONE;
		path->local = *turn_relayed(v->turn);
		path->remote = data.peer;
		*bytes = data.bytes;
		return RELAYS_DATA;
	}
	return RELAYS_OTHER;
}

static struct relay *
relay_of(struct relays *r, const struct addr *local)
{
	struct relay	*v;

	for (v = r->v; v < r->v + r->n; v++)
		if (v->up && turn_state(v->turn) == TURN_UP &&
		    addr_equal(turn_relayed(v->turn), local))
			return v;
	return NULL;
}

/* A check that is lost costs half a second; a permission a round trip. */
static void
keep(struct relays *r, uint64_t now, const struct dgram *d)
{
	struct kept	*k = r->kept, *oldest = r->kept;

	if (d->n > KEPT_LEN)
		return;
	for (; k < r->kept + KEPT; k++)
		if (k->until < oldest->until)
			oldest = k;
	oldest->until = now + KEPT_LIFE;
	oldest->to = d->to;
	oldest->n = d->n;
	memcpy(oldest->bytes, d->p, d->n);
}

/* What goes to a server over a stream is no datagram. */
static bool
is_streamed(struct relays *r, uint64_t now, const struct dgram *d)
{
	struct relay	*v;

	if (d->to.local.port != 0 || !addr_is_any(&d->to.remote))
		return false;
	for (v = r->v; v < r->v + r->n; v++)
		if (v->framed != NULL && addr_equal(&v->server, &d->to.remote))
			framed_put(v->framed, now, d->p, d->n);
	return true;
}

/* Once: there are as many such peers as candidates. */
static void
say_refused(struct relay *v, const struct addr *peer)
{
	const char	*why = turn_refused(v->turn, peer);

	if (why == NULL || why == v->refused)
		return;
	v->refused = why;
	log_warnx("ice server %s: a peer is refused: %s", v->text, why);
}

/* True: it is one of the socket's. */
static bool
wrap(struct relays *r, uint64_t now, struct dgram *d)
{
	struct relay	*v = relay_of(r, &d->to.local);

	if (v != NULL && !turn_wrap(v->turn, now, d)) {
		if (turn_permit(v->turn, now, &d->to.remote) == 0)
			keep(r, now, d);
		say_refused(v, &d->to.remote);
		return false;
	}
	return !is_streamed(r, now, d);
}

void
relays_wrap(struct relays *r, uint64_t now, struct batch *b)
{
	size_t	 kept = 0;

	if (r->n == 0)
		return;
	for (size_t i = 0; i < b->n; i++)
		if (wrap(r, now, &b->d[i]))
			b->d[kept++] = b->d[i];
	b->n = kept;
}

/* What may go now. */
static void
release(struct relays *r, uint64_t now, struct batch *tx)
{
	struct relay	*v;
	struct dgram	*d;

	for (struct kept *k = r->kept; k < r->kept + KEPT; k++) {
		if (k->until == 0)
			continue;
		v = relay_of(r, &k->to.local);
		if (v == NULL || now >= k->until) {
			k->until = 0;
			continue;
		}
		tx->to = k->to;
		d = batch_add(tx, k->n);
		if (d == NULL)
			return;
		memcpy(d->p, k->bytes, k->n);
		if (turn_wrap(v->turn, now, d))
			k->until = 0;
		else
			tx->n--;
	}
}

void
relays_tick(struct relays *r, uint64_t now, struct batch *tx)
{
	for (struct relay *v = r->v; v < r->v + r->n; v++) {
		if (v->turn != NULL)
			turn_tick(v->turn, now, tx);
		look(v, now);
		if (v->turn != NULL && turn_deadline(v->turn) <= now)
			turn_tick(v->turn, now, tx);
	}
	release(r, now, tx);
}

static uint64_t
deadline(const struct relay *v)
{
	if (v->gone)
		return v->owner->closing ? NEVER : 0;
	if (v->turn != NULL)
		return turn_deadline(v->turn);
	return v->framed != NULL || v->owner->closing ? NEVER : v->again_at;
}

uint64_t
relays_deadline(const struct relays *r)
{
	uint64_t	 at = NEVER;

	for (const struct relay *v = r->v; v < r->v + r->n; v++)
		at = earlier(at, deadline(v));
	return at;
}

size_t
relays_up(const struct relays *r, struct addr *to, size_t cap)
{
	size_t	 n = 0;

	for (size_t i = 0; i < r->n && n < cap; i++)
		if (r->v[i].up && turn_state(r->v[i].turn) == TURN_UP)
			to[n++] = *turn_relayed(r->v[i].turn);
	return n;
}

void
relays_pump(struct relays *r, uint64_t now)
{
	for (struct relay *v = r->v; v < r->v + r->n; v++)
		if (v->framed != NULL)
			framed_pump(v->framed, now);
}

/* A stream that is still being opened ends before it asks for an address. */
void
relays_close(struct relays *r, uint64_t now, struct batch *tx)
{
	r->closing = true;
	for (struct relay *v = r->v; v < r->v + r->n; v++)
		if (v->turn != NULL)
			turn_close(v->turn, now, tx);
		else
			drop(v, now);
}

bool
relays_closed(const struct relays *r)
{
	for (const struct relay *v = r->v; v < r->v + r->n; v++)
		if (v->turn != NULL && !v->gone &&
		    turn_state(v->turn) == TURN_CLOSING)
			return false;
	return true;
}
