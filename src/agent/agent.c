/*
 * The agent's turn (architecture.md, "A turn of the loop"): ready descriptors
 * only feed engines and mark what they touched; at the end of the turn every
 * touched party is pumped, what it says to the relay and to the network is
 * handed over, and only then is anything freed.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/bearer.h"
#include "agent/datagrams.h"
#include "agent/leave.h"
#include "agent/markers.h"
#include "agent/messages.h"
#include "agent/names.h"
#include "agent/network.h"
#include "agent/proxy.h"
#include "agent/relays.h"
#include "agent/servers.h"
#include "agent/sockets.h"
#include "agent/state.h"
#include "agent/telemetry.h"
#include "agent/tell.h"
#include "agent/uplink.h"
#include "base/log.h"
#include "crypto/rng.h"
#include "crypto/tls.h"
#include "net/clock.h"
#include "net/loop.h"
#include "net/netwatch.h"
#include "net/resolve.h"
#include "net/udp.h"
#include "session/flow.h"
#include "session/held.h"

enum {
	/*
	 * What is sealed is sent while it is still in the CPU's cache, and
	 * while the peer has something to do: what finds no room in the batch
	 * waits in SCTP until it was sent. From half of it on it does not wait
	 * for others.
	 */
	BATCH_BYTES = 256 << 10, BATCH_HALF = BATCH_BYTES / 2,
	SPACE_SHARE = 8,	/* of --memory: for SCTP, each way */
	/* of pumping in one turn, then the rest's turn */
	ROUNDS = 4,
	SAYS = 256,		/* relay messages of one party in a row */
};

/* Parties and channels */

static struct node *
node_of(struct agent *a, const char *peer)
{
	struct node	*n;

	for (n = a->nodes; n != NULL; n = n->next)
		if (strcmp(party_peer(n->party), peer) == 0)
			return n;
	return NULL;
}

static struct node *
node_new(struct agent *a, const char *peer, uint64_t now)
{
	const struct agent_conf	*c = a->conf;
	struct node		*n = calloc(1, sizeof(*n));
	struct addr		 relayed[AGENT_SERVERS];
	struct party_conf	 conf = {
		.me = c->email, .peer = peer, .mode = c->mode,
		.transport = c->transport, .dialect1 = c->dialect1,
		.rng = c->rng, .cert = c->cert, .instance = a->instance,
		.version = VERSION, .lite = c->lite,
		.hosts = a->host, .nhosts = a->nhosts,
		.nat = c->nat, .nnat = c->nnat,
		.connect_timeout = c->connect_timeout, .grace = c->grace,
		.window = c->window, .budget = &a->budget,
		.chunk = c->chunk, .high = c->high,
		.stall = c->stall, .mtu = c->mtu,
		.space = c->memory / SPACE_SHARE,
	};

	if (n == NULL)
		return NULL;
	conf.stuns = servers_stun(a->servers, &conf.nstuns);
	conf.relays = relayed;
	conf.nrelays = relays_up(a->relays, relayed, AGENT_SERVERS);
	n->party = party_new(&conf, now);
	if (n->party == NULL) {
		free(n);
		return NULL;
	}
	n->next = a->nodes;
	a->nodes = n;
	party_relay(n->party, now, uplink_is_up(a->uplink));
	return n;
}

void
agent_send(struct agent *a, uint64_t now)
{
	relays_wrap(a->relays, now, &a->batch);
	if (a->batch.n > 0 && a->sockets != NULL)
		sockets_send(a->sockets, now, &a->batch);
	batch_reset(&a->batch);
}

static void
send_half(struct agent *a, uint64_t now)
{
	if (a->batch.used >= BATCH_HALF)
		agent_send(a, now);
}

static void
forget_routes(struct agent *a, const struct node *n)
{
	for (size_t i = 0; i < ROUTES; i++)
		if (a->route[i].node == n)
			a->route[i].node = NULL;
}

/* What one party has to say, while the relay takes it; true: anything. */
static bool
say_node(struct agent *a, struct node *n, uint64_t now)
{
	struct msg	 m;
	int		 i;

	for (i = 0; i < SAYS && uplink_wants_control(a->uplink) &&
	    party_say(n->party, now, uplink_wants_data(a->uplink), &m); i++)
		uplink_send(a->uplink, &m);
	n->pumped |= i > 0;	/* what is said may make space, too */
	return i > 0;
}

/* Tell the peer that it is over, on whatever reaches him. */
static void
node_close(struct agent *a, struct node *n, uint64_t now)
{
	party_close(n->party, now, &a->batch);
	agent_send(a, now);
	say_node(a, n, now);
}

static void
node_free(struct agent *a, struct node *n)
{
	struct node	**p = &a->nodes;

	telemetry_forget_party(a->telemetry, n->party);
	forget_routes(a, n);
	if (a->sockets != NULL)
		sockets_drop(a->sockets, n);
	while (*p != n)
		p = &(*p)->next;
	*p = n->next;
	if (a->turn == n)
		a->turn = NULL;
	party_free(n->party);
	free(n);
}

static void
touch(void *arg)
{
	struct channel	*c = arg;

	c->touched = true;
	c->node->dirty = true;
}

static void
channel_free(struct agent *a, struct channel *c, uint64_t now)
{
	struct channel	**p = &a->channels;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	proxy_free(c->proxy);
	if (c->datagrams != NULL)
		telemetry_forget_datagrams(a->telemetry, c->datagrams);
	datagrams_free(c->datagrams);
	if (c->node->nchannels == 1)
		node_close(a, c->node, now);
	if (c->link != NULL) {
		telemetry_forget_link(a->telemetry, c->link, now);
		party_remove(c->node->party, now, c->link, &a->batch);
		agent_send(a, now);
	}
	if (--c->node->nchannels == 0)
		node_free(a, c->node);
	free(c->key);
	free(c);
}

/*
 * Every link holds bytes both ways: together no more than --memory. Those to
 * agents see to that by themselves, with the budget.
 */
static void
share_memory(struct agent *a)
{
	size_t	 n = 0, share;

	for (struct channel *c = a->channels; c != NULL; c = c->next)
		n++;
	share = n > 0 ? a->conf->memory / (2 * n) : 0;
	if (share < FLOW_INITIAL)
		share = FLOW_INITIAL;
	if (share > a->conf->window)
		share = a->conf->window;
	for (struct node *d = a->nodes; d != NULL; d = d->next)
		party_set_window(d->party, share);
}

/* Opens that came before their marker. */
static void
offer_held(struct agent *a, struct channel *c, uint64_t now)
{
	const struct marker	*m = c->marker;
	struct msg		 open;

	while (held_get(a->held, now, m->peer, &m->key, m->from, m->to, &open))
		party_message(c->node->party, now, &open);
}

static bool
serve_datagrams(struct agent *a, struct channel *c, uint64_t now)
{
	struct datagrams_conf	 conf = {
		.loop = a->loop, .listen = a->conf->tcp_bind,
		.deliver = c->marker->deliver, .link = c->link,
		.rtp = c->marker->kind == MARKER_RTP,
		.touched = touch, .arg = c,
	};

	conf.listen.port = c->marker->port;
	c->datagrams = datagrams_new(&conf, now);
	return c->datagrams != NULL;
}

static bool
channel_join(struct agent *a, struct channel *c, uint64_t now)
{
	struct proxy_conf	 conf = {
		.loop = a->loop, .listen = a->conf->tcp_bind,
		.touched = touch, .arg = c,
	};

	c->link = party_add(c->node->party, now, c->marker, c);
	if (c->link == NULL)
		return false;
	if (link_is_datagram(c->link))
		return serve_datagrams(a, c, now);
	conf.listen.port = c->marker->port;
	conf.link = c->link;
	c->proxy = proxy_new(&conf, now);
	return c->proxy != NULL;
}

static void
on_found(void *arg, uint64_t now, const struct marker *m, const char *key,
    const char *rel)
{
	struct agent	*a = arg;
	struct channel	*c = calloc(1, sizeof(*c));
	struct node	*n = node_of(a, m->peer);

	if (n == NULL)
		n = node_new(a, m->peer, now);
	if (c == NULL || n == NULL || (c->key = strdup(key)) == NULL) {
		log_warnx("marker %s: out of memory", rel);
		free(c);
		return;
	}
	c->agent = a;
	c->node = n;
	c->marker = m;
	c->warmup.steady = NEVER;
	n->nchannels++;
	c->next = a->channels;
	a->channels = c;
	if (!channel_join(a, c, now)) {
		log_warnx("marker %s: more than %d links with %s", rel,
		    PARTY_LINKS, m->peer);
		channel_free(a, c, now);
		return;
	}
	log_info("link %s: %sport %u, with %s", rel,
	    m->key.udp ? "UDP " : "", m->port, m->peer);
	share_memory(a);
	offer_held(a, c, now);
	touch(c);
}

static void
on_gone(void *arg, uint64_t now, const char *key)
{
	struct agent	*a = arg;
	struct channel	*c;

	for (c = a->channels; c != NULL; c = c->next)
		if (strcmp(c->key, key) == 0)
			break;
	if (c == NULL)
		return;
	log_info("link %s: marker gone", key);
	channel_free(a, c, now);
	share_memory(a);
}

static const struct markers_user	 markers_user = {
	.found = on_found, .gone = on_gone,
};

/* The relay */

static void
login(struct agent *a, const char *user, const char *pass)
{
	if (relays_login(a->relays, user, pass) == 0)
		servers_login(a->servers);
	else
		log_warnx("TURN: a user name or password of more than 256 "
		    "bytes");
}

static void
on_relay_up(void *arg, uint64_t now, const char *ice_servers,
    const char *turn_user, const char *turn_pass)
{
	struct agent	*a = arg;

	/* Ours count before the relay's. */
	if (a->conf->turn_user == NULL && turn_user != NULL &&
	    turn_pass != NULL)
		login(a, turn_user, turn_pass);
	servers_told(a->servers);
	/* The same list again looks up what could not be found before. */
	if (a->conf->ice_servers != NULL)
		ice_servers = a->conf->ice_servers;
	servers_add(a->servers, now, ice_servers);
	for (struct node *n = a->nodes; n != NULL; n = n->next) {
		party_relay(n->party, now, true);
		n->dirty = true;
	}
}

static void
on_relay_down(void *arg, uint64_t now)
{
	struct agent	*a = arg;

	for (struct node *n = a->nodes; n != NULL; n = n->next) {
		party_relay(n->party, now, false);
		n->dirty = true;
	}
}

/* A path that a marker gives to somebody else than who opens it. */
static bool
is_taken(const struct agent *a, struct span path)
{
	for (const struct node *n = a->nodes; n != NULL; n = n->next)
		if (party_has_path(n->party, path))
			return true;
	return false;
}

static void
on_message(void *arg, uint64_t now, const struct msg *m)
{
	struct agent	*a = arg;

	if (m->type < MSG_OPEN || m->type > MSG_SIGNAL)
		return;		/* file sync's, or a greeting */
	for (struct node *n = a->nodes; n != NULL; n = n->next)
		if (party_message(n->party, now, m)) {
			n->dirty = true;
			return;
		}
	if (m->type == MSG_OPEN && (is_taken(a, m->path) ||
	    !held_put(a->held, now, a->conf->email, m))) {
		a->refused++;
		log_debug("relay: refused an Open from %.*s",
		    (int)(m->from.n < 80 ? m->from.n : 80),
		    m->from.n > 0 ? (const char *)m->from.p : "");
	}
}

static const struct uplink_user	 uplink_user = {
	.up = on_relay_up, .down = on_relay_down, .message = on_message,
};

static void
on_server(void *arg, uint64_t now, const struct servers_found *s)
{
	struct agent	*a = arg;

	if (s->turn != NULL)
		relays_add(a->relays, now, s);
	if (s->addr == NULL)
		return;
	for (struct node *n = a->nodes; n != NULL; n = n->next) {
		party_add_stun(n->party, now, s->addr);
		n->dirty = true;
	}
}

static void
on_relayed(void *arg, uint64_t now, const struct addr *relayed)
{
	struct agent	*a = arg;

	for (struct node *n = a->nodes; n != NULL; n = n->next) {
		party_add_relay(n->party, now, relayed);
		n->dirty = true;
	}
}

static void
on_relay_lost(void *arg, uint64_t now, const struct addr *relayed)
{
	struct agent	*a = arg;

	for (struct node *n = a->nodes; n != NULL; n = n->next) {
		party_drop_relay(n->party, now, relayed);
		n->dirty = true;
	}
}

static void
on_name(void *arg, uint64_t now, const char *name, const struct addr *addr)
{
	struct agent	*a = arg;

	for (struct node *n = a->nodes; n != NULL; n = n->next) {
		party_resolved(n->party, now, name, addr);
		n->dirty = true;
	}
}

/* Let every party in turn say what it has to, while the relay takes it. */
static bool
say(struct agent *a, uint64_t now)
{
	struct node	*first, *n;
	bool		 any = false;

	first = n = a->turn != NULL ? a->turn : a->nodes;
	if (n == NULL)
		return false;
	do {
		any |= say_node(a, n, now);
		n = n->next != NULL ? n->next : a->nodes;
	} while (n != first);
	a->turn = first->next;
	return any;
}

/* Datagrams */

static size_t
route_slot(const struct path *p)
{
	size_t	 h = p->remote.port;

	for (size_t i = 0; i < sizeof(p->remote.ip); i++)
		h = h * 31 + p->remote.ip[i];
	return h % ROUTES;
}

static void
route(struct agent *a, uint64_t now, const struct path *path, uint8_t *bytes,
    size_t n)
{
	size_t		 slot = route_slot(path);
	struct node	*known = NULL, *node;

	if (a->route[slot].node != NULL &&
	    path_equal(&a->route[slot].path, path))
		known = a->route[slot].node;
	if (known != NULL &&
	    party_input(known->party, now, path, bytes, n, &a->batch)) {
		known->dirty = true;
		return;
	}
	for (node = a->nodes; node != NULL; node = node->next) {
		if (node == known || !party_input(node->party, now, path,
		    bytes, n, &a->batch))
			continue;
		a->route[slot].path = *path;
		a->route[slot].node = node;
		node->dirty = true;
		return;
	}
	a->unrouted++;
}

static void
on_datagram(void *arg, uint64_t now, const struct path *from, uint8_t *bytes,
    size_t n)
{
	struct agent	*a = arg;
	struct path	 path = *from;
	struct span	 data = { bytes, n };

	if (relays_input(a->relays, now, &path, &data, &a->batch) !=
	    RELAYS_DONE)
		route(a, now, &path, data.p, data.n);
	send_half(a, now);
}

/* One candidate of many that cannot send: the pairs of it say so. */
static void
on_refused(void *arg, const struct path *path, const char *why)
{
	struct agent	*a = arg;

	for (struct node *n = a->nodes; n != NULL; n = n->next)
		party_unsendable(n->party, path, why);
}

static void	 on_event(struct agent *, struct node *,
		    const struct party_event *, uint64_t);

static void
deliver(struct agent *a, struct node *n, uint64_t now)
{
	struct party_event	 ev;

	while (party_event(n->party, now, &ev, &a->batch))
		on_event(a, n, &ev, now);
}

/* What came goes on first; what is due, and is looked after, can wait. */
static void
pump(struct agent *a, struct node *n, uint64_t now)
{
	n->dirty = false;
	n->pumped = true;
	a->busy = true;
	a->busy_at = now;
	deliver(a, n, now);
	agent_send(a, now);
	party_tick(n->party, now, &a->batch);
	deliver(a, n, now);
}

/* Connections to an upstream peer want a port each. */
static bool
give_port(struct agent *a, struct node *n)
{
	struct addr	 host[AGENT_HOSTS];
	int		 nth;

	if (a->sockets == NULL || !party_wants_port(n->party))
		return false;
	nth = sockets_add(a->sockets, n);
	if (nth == -1)
		return false;
	memcpy(host, a->host, a->nhosts * sizeof(host[0]));
	for (size_t i = 0; i < a->nhosts; i++)
		host[i].port = sockets_port(a->sockets, nth, host[i].family);
	n->dirty = true;
	return party_add_port(n->party, host, a->nhosts) == 0;
}

/* Events of a party */

static void
on_event(struct agent *a, struct node *n, const struct party_event *ev,
    uint64_t now)
{
	struct channel	*c = ev->link != NULL ? link_arg(ev->link) : NULL;

	if (c != NULL)
		c->touched = true;
	switch (ev->type) {
	case PARTY_EV_WRITE:
		proxy_write(c->proxy, now, ev->data);
		break;
	case PARTY_EV_SHUT:
		proxy_shut(c->proxy);
		break;
	case PARTY_EV_RESET:
		tell(n, c, now, "reset: ", ev->text);
		proxy_reset(c->proxy, now);
		break;
	case PARTY_EV_END:
		proxy_end(c->proxy, now);
		break;
	case PARTY_EV_CARRIER:
		tell_carrier(c, now);
		break;
	case PARTY_EV_DATAGRAM:
		datagrams_write(c->datagrams, ev->data);
		break;
	case PARTY_EV_NAME:
		names_ask(a->names, now, ev->text);
		break;
	case PARTY_EV_SERVER:
		servers_silent(a->servers, ev->text);
		break;
	case PARTY_EV_INFO:
		tell(n, c, now, "", ev->text);
		break;
	}
}

/* The turn */

/* A pumped party may have made space in any of its links. */
static bool
update_channels(struct agent *a, uint64_t now)
{
	bool	 any = false;

	for (struct channel *c = a->channels; c != NULL; c = c->next) {
		if (!c->touched && !c->node->pumped)
			continue;
		any |= c->touched;
		c->touched = false;
		if (c->proxy != NULL)
			proxy_update(c->proxy, now);
	}
	for (struct node *n = a->nodes; n != NULL; n = n->next)
		n->pumped = false;
	return any;
}

static bool
pump_nodes(struct agent *a, uint64_t now)
{
	bool	 any = false;

	for (struct node *n = a->nodes; n != NULL; n = n->next) {
		if (!n->dirty && party_deadline(n->party) > now)
			continue;
		any = true;
		pump(a, n, now);
		loop_linger(a->loop, party_haste(n->party, now));
		send_half(a, now);
		while (give_port(a, n))
			;
	}
	return any;
}

/*
 * A socket that took all at once will not be ready later, so it is asked until
 * nobody has anything to say, or it is full. True: neither is so yet.
 */
static bool
talk(struct agent *a, uint64_t now)
{
	bool	 said = true;

	for (int i = 0; said && i < ROUNDS; i++) {
		said = say(a, now);
		uplink_pump(a->uplink, now);
	}
	return said && uplink_wants_data(a->uplink);
}

/* Until when the relay is not read; 0: it is. */
static uint64_t
brake(struct agent *a, uint64_t now)
{
	uint64_t	 until = 0, at;

	for (struct node *n = a->nodes; n != NULL; n = n->next) {
		at = party_brakes(n->party);
		until = at > until ? at : until;
	}
	uplink_brake(a->uplink, until > now);
	return until > now ? until : NEVER;
}

static uint64_t
on_turn(void *arg, uint64_t now)
{
	struct agent	*a = arg;
	uint64_t	 until, braked;
	bool		 more = true;

	for (int i = 0; more && i < ROUNDS; i++) {
		more = pump_nodes(a, now);
		agent_send(a, now);
		more |= update_channels(a, now);
	}
	until = names_turn(a->names, now);
	relays_tick(a->relays, now, &a->batch);
	agent_send(a, now);
	relays_pump(a->relays, now);
	braked = brake(a, now);
	more = talk(a, now);
	update_channels(a, now);
	until = earlier(until, braked);
	until = earlier(until, telemetry_turn(a->telemetry, a, now));
	until = earlier(until, relays_deadline(a->relays));
	for (struct node *n = a->nodes; n != NULL; n = n->next)
		until = n->dirty ? now :
		    earlier(until, party_deadline(n->party));
	for (struct channel *c = a->channels; c != NULL; c = c->next)
		if (c->touched)
			until = now;
	return more ? now : until;
}

/* Start and end */

static int
open_udp(struct agent *a)
{
	if (a->conf->transport == TRANSPORT_WS)
		return 0;
	a->sockets = sockets_new(a->loop, a->conf->udp_port, on_datagram,
	    on_refused, a);
	if (a->sockets == NULL) {
		log_warn("udp port %u: cannot open", a->conf->udp_port);
		return -1;
	}
	a->nhosts = network_hosts(a, a->host);
	if (a->nhosts == 0)
		log_warnx("no usable address for a direct path");
	return 0;
}

static int
start(struct agent *a, uint64_t now)
{
	const struct agent_conf	*c = a->conf;
	struct bearer_conf	 bearer = {
		.loop = a->loop, .resolver = a->resolver, .rng = c->rng,
		.url = &c->server,
		.tls = c->tls, .email = c->email, .access = c->access_token,
		.refresh = c->refresh_token, .config = c->config,
	};
	struct uplink_conf	 up = {
		.loop = a->loop, .resolver = a->resolver, .rng = c->rng,
		.url = c->server, .email = c->email, .tls = c->tls,
		.user = &uplink_user, .arg = a,
	};
	struct names_conf	 names = {
		.loop = a->loop, .rng = c->rng, .hosts = a->host,
		.nhosts = &a->nhosts, .found = on_name, .arg = a,
	};
	struct relays_conf	 relays = {
		.loop = a->loop, .resolver = a->resolver,
		.trust = c->tls->trust,
		.rng = c->rng, .hosts = a->host, .nhosts = a->nhosts,
		.datagram = on_datagram, .up = on_relayed,
		.down = on_relay_lost, .arg = a,
	};

	if (c->access_token != NULL || c->refresh_token != NULL) {
		a->bearer = bearer_new(&bearer);
		if (a->bearer == NULL)
			return -1;
		up.bearer = a->bearer;
	}
	a->servers = servers_new(a->resolver, on_server, a);
	a->relays = relays_new(&relays);
	a->names = names_new(&names);
	a->held = calloc(1, sizeof(*a->held));
	a->uplink = uplink_new(&up, now);
	a->telemetry = telemetry_new(a, now, clock_unix_ms());
	if (a->servers == NULL || a->relays == NULL || a->names == NULL ||
	    a->held == NULL || a->uplink == NULL || a->telemetry == NULL)
		return -1;
	if (c->turn_user != NULL)
		login(a, c->turn_user, c->turn_pass);
	servers_add(a->servers, now, c->ice_servers);
	if (c->messages != NULL) {
		a->messages = messages_new(a->loop, c->messages, c->spool, now);
		if (a->messages == NULL)
			return -1;
	}
	errno = 0;
	a->markers = markers_new(a->loop, c->root, c->email, &markers_user, a,
	    now);
	if (a->markers == NULL)
		log_warn("%s", c->root);
	return a->markers != NULL ? 0 : -1;
}

/* Say goodbye to everybody, so that nobody has to find out by waiting. */
static void
stop(struct agent *a, uint64_t now)
{
	if (a->telemetry != NULL)
		telemetry_flush(a->telemetry, a, now);
	for (struct node *n = a->nodes; n != NULL; n = n->next)
		node_close(a, n, now);
	if (a->relays != NULL)
		relays_close(a->relays, now, &a->batch);
	while (a->channels != NULL)
		channel_free(a, a->channels, now);
	markers_free(a->markers);	/* the channels' markers are its */
	if (a->uplink != NULL)
		uplink_pump(a->uplink, now);
	uplink_free(a->uplink);
	telemetry_free(a->telemetry);
	messages_free(a->messages);
	servers_free(a->servers);
	names_free(a->names);
	leave_relays(a, now);
	relays_free(a->relays);
	bearer_free(a->bearer);
	free(a->held);
}

int
agent_run(const struct agent_conf *conf)
{
	struct agent	*a = calloc(1, sizeof(*a));
	int		 status = 1;

	if (a == NULL || batch_init(&a->batch, BATCH_BYTES) == -1)
		fatalx("out of memory");
	a->conf = conf;
	budget_init(&a->budget, conf->memory);
	a->instance = rng_u64(conf->rng);
	a->loop = loop_new();
	a->resolver = a->loop != NULL ? resolver_new(a->loop) : NULL;
	if (a->resolver == NULL)
		fatalx("out of memory");
	if (open_udp(a) == 0 && start(a, clock_now()) == 0) {
		a->netwatch = netwatch_new(a->loop, network_changed, a);
		loop_on_turn(a->loop, on_turn, a);
		loop_run(a->loop);
		status = 0;
	}
	netwatch_free(a->netwatch);
	stop(a, clock_now());
	sockets_free(a->sockets);
	resolver_free(a->resolver);
	loop_free(a->loop);
	batch_fini(&a->batch);
	free(a);
	return status;
}
