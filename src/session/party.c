/*
 * What the owner of a party calls (party.h). The relay's control messages are
 * in signal.c, what carries the bytes in carry.c.
 */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/rng.h"
#include "session/link.h"

/* Ours say that we speak dialect 1; else the shape upstream has. */
void
new_sid(struct party *p, char sid[SID_MAX + 1])
{
	uint64_t	 a = rng_u64(p->conf.rng), b = rng_u64(p->conf.rng);

	if (p->conf.dialect1)
		snprintf(sid, SID_MAX + 1, "hl1-%016" PRIx64 "%016" PRIx64,
		    a, b);
	else
		snprintf(sid, SID_MAX + 1, "%08" PRIx64 "-%04" PRIx64
		    "-4%03" PRIx64 "-a%03" PRIx64 "-%012" PRIx64, a >> 32,
		    a >> 16 & 0xffff, a & 0xfff, b >> 52,
		    b & 0xffffffffffff);
}

bool
party_only_direct(const struct party *p)
{
	return p->conf.mode != MODE_NORMAL ||
	    p->conf.transport == TRANSPORT_P2P;
}

/* With nothing that may carry bytes there is nothing to wait for. */
uint64_t
party_timeout(const struct party *p)
{
	if (!party_only_direct(p))
		return NORMAL_TIMEOUT;
	return p->conf.transport == TRANSPORT_WS ? 0 :
	    p->conf.connect_timeout;
}

void
party_news(struct party *p, enum party_event_type type, struct link *l,
    const char *fmt, ...)
{
	struct news	*n;
	va_list		 ap;

	p->dirty = true;
	if (p->nnews == NEWS) {
		memmove(&p->news[0], &p->news[1],
		    (NEWS - 1) * sizeof(p->news[0]));
		p->nnews--;
	}
	n = &p->news[p->nnews++];
	n->type = type;
	n->link = l;
	va_start(ap, fmt);
	vsnprintf(n->text, sizeof(n->text), fmt, ap);
	va_end(ap);
}

struct party *
party_new(const struct party_conf *conf, uint64_t now)
{
	struct party	*p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->conf = *conf;
	snprintf(p->me, sizeof(p->me), "%s", conf->me);
	snprintf(p->peer, sizeof(p->peer), "%s", conf->peer);
	for (size_t i = 0; i < conf->nstuns && i < ICE_SERVERS; i++)
		p->stuns[p->nstuns++] = conf->stuns[i];
	for (size_t i = 0; i < conf->nrelays && i < ICE_SERVERS; i++)
		p->relays[p->nrelays++] = conf->relays[i];
	p->dialect = conf->dialect1 ? DIALECT_UNKNOWN : DIALECT_0;
	p->control = -1;
	p->ticked = now;
	p->token = malloc(TOKEN_MAX);
	if (p->token == NULL ||
	    ports_add(&p->ports, conf->hosts, conf->nhosts) == -1) {
		free(p->token);
		free(p);
		return NULL;
	}
	return p;
}

static void
free_link(struct link *l)
{
	link_forget_directs(l);
	datagram_fini(l);
	machine_fini(&l->m);
	free(l);
}

void
party_free(struct party *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->nlinks; i++)
		free_link(p->link[i]);
	direct_free(p->direct);
	ports_fini(&p->ports);
	free(p->token);
	free(p->frame);
	free(p);
}

const char *
party_peer(const struct party *p)
{
	return p->peer;
}

/*
 * One connection carries all links of a pair, so the key one marker names
 * holds for all; a connection made without it is made again. A link whose
 * marker names another key is not carried by it (link_trusts).
 */
static void
trust(struct party *p, uint64_t now, struct link *l)
{
	if (link_trusts(l))
		return;
	if (p->has_key) {
		party_news(p, PARTY_EV_INFO, l, "the marker names another "
		    "key than that of another link");
		return;
	}
	p->has_key = true;
	memcpy(p->key_id, l->marker.fingerprint, sizeof(p->key_id));
	if (p->direct == NULL)
		return;
	p->direct->conf.peer.key_id = p->key_id;
	direct_fail(p->direct, now, "the key to trust has changed");
}

/* A link with a key has gone: the others', if they name one, holds now. */
static void
trust_others(struct party *p, uint64_t now)
{
	bool	 same = false;

	for (size_t i = 0; i < p->nlinks; i++)
		same |= p->link[i]->marker.has_fingerprint &&
		    link_trusts(p->link[i]);
	if (same || !p->has_key)
		return;
	p->has_key = false;
	if (p->direct != NULL)
		p->direct->conf.peer.key_id = NULL;
	for (size_t i = 0; i < p->nlinks; i++)
		trust(p, now, p->link[i]);
}

struct link *
party_add(struct party *p, uint64_t now, const struct marker *marker,
    void *arg)
{
	struct legacy_conf	 conf = {
		.window = p->conf.window, .chunk = p->conf.chunk,
		.high = p->conf.high,
	};
	struct link		*l;
	char			 sid[SID_MAX + 1];

	if (p->nlinks == PARTY_LINKS || (l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	l->party = p;
	l->marker = *marker;
	l->arg = arg;
	if (datagram_init(l) == -1) {
		free(l);
		return NULL;
	}
	key_canonical(&l->marker.key, l->marker.from, l->marker.to,
	    l->canonical);
	key_open(&l->marker.key, l->open_path);
	key_data(&l->marker.key, p->me, l->data_path);
	new_sid(p, sid);
	opening_init(&l->out, sid);
	l->hello_at = l->quiet_until = NEVER;
	l->channel = l->channel_in = -1;
	l->none_since = now;
	conf.path = l->data_path;
	machine_init(&l->m, &conf, p->conf.budget);
	machine_set_window(&l->m, p->share);
	l->nth = p->nlinks;
	p->link[p->nlinks++] = l;
	p->asked = 0;
	trust(p, now, l);
	if (p->dialect != DIALECT_UNKNOWN && !link_is_datagram(l))
		machine_speak(&l->m, now, p->dialect);
	if (p->relay)
		opening_relay(&l->out, now, true);
	p->dirty = true;
	return l;
}

static void
say_goodbye(struct party *p, const char *sid)
{
	if (p->relay && sid[0] != '\0' &&
	    p->nclosed < sizeof(p->closed) / sizeof(p->closed[0]))
		memcpy(p->closed[p->nclosed++], sid, strlen(sid) + 1);
}

/* What the relay may know: also what was opened and nobody has accepted. */
static void
leave_sessions(struct party *p, const struct link *l)
{
	if (l->out.said != 0)
		say_goodbye(p, l->out.sid);
	if (l->in.state == INBOUND_ACCEPTED)
		say_goodbye(p, l->in.sid);
}

static void
forget_news(struct party *p, const struct link *l)
{
	size_t	 kept = 0;

	for (size_t i = 0; i < p->nnews; i++)
		if (p->news[i].link != l)
			p->news[kept++] = p->news[i];
	p->nnews = kept;
}

/* Those of dialect 0; the pair's is of all links. */
static void
close_directs(struct link *l, uint64_t now, struct batch *tx)
{
	if (l->to_peer != NULL)
		direct_close(l->to_peer, now, tx);
	if (l->from_peer != NULL)
		direct_close(l->from_peer, now, tx);
}

void
party_remove(struct party *p, uint64_t now, struct link *l, struct batch *tx)
{
	leave_sessions(p, l);
	close_directs(l, now, tx);
	forget_news(p, l);
	media_forget(l);
	p->link[l->nth] = p->link[--p->nlinks];
	p->link[l->nth]->nth = l->nth;
	p->asked = 0;
	p->turn = p->turn_relay = p->turn_event = p->turn_say = 0;
	p->dirty = true;
	if (p->dialect == DIALECT_1 && l->channel >= 0 &&
	    p->nleft < PARTY_LINKS)
		p->left[p->nleft++] = (uint16_t)l->channel;
	if (l->marker.has_fingerprint)
		trust_others(p, now);
	free_link(l);
}

void
party_set_window(struct party *p, size_t n)
{
	p->share = n;
	for (size_t i = 0; i < p->nlinks; i++)
		machine_set_window(&p->link[i]->m, n);
}

void *
link_arg(const struct link *l)
{
	return l->arg;
}

const struct marker *
link_marker(const struct link *l)
{
	return &l->marker;
}

void
party_add_stun(struct party *p, uint64_t now, const struct addr *server)
{
	struct link	*l;

	for (size_t i = 0; i < p->nstuns; i++)
		if (addr_equal(&p->stuns[i], server))
			return;
	if (p->nstuns == ICE_SERVERS)
		return;
	p->stuns[p->nstuns++] = *server;
	p->dirty = true;
	if (p->direct != NULL)
		direct_add_stun(p->direct, now, server, p->nstuns);
	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (l->to_peer != NULL)
			direct_add_stun(l->to_peer, now, server, p->nstuns);
		if (l->from_peer != NULL)
			direct_add_stun(l->from_peer, now, server, p->nstuns);
	}
}

/* A server may give another than before; the table has the latest. */
static void
keep_relay(struct party *p, const struct addr *relayed)
{
	if (p->nrelays == ICE_SERVERS) {
		memmove(p->relays, p->relays + 1,
		    (ICE_SERVERS - 1) * sizeof(p->relays[0]));
		p->nrelays--;
	}
	p->relays[p->nrelays++] = *relayed;
}

void
party_add_relay(struct party *p, uint64_t now, const struct addr *relayed)
{
	struct link	*l;

	keep_relay(p, relayed);
	p->dirty = true;
	if (p->direct != NULL)
		direct_add_relay(p->direct, now, relayed, p->nrelays);
	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (l->to_peer != NULL)
			direct_add_relay(l->to_peer, now, relayed,
			    p->nrelays);
		if (l->from_peer != NULL)
			direct_add_relay(l->from_peer, now, relayed,
			    p->nrelays);
	}
}

static void
set_hosts(struct party *p, uint64_t now, struct direct *d)
{
	const struct port	*port = d != NULL ? ports_of(&p->ports, d) :
				    NULL;

	if (port != NULL)
		direct_set_hosts(d, now, port->hosts, port->nhosts);
}

void
party_set_hosts(struct party *p, uint64_t now, const struct addr *hosts,
    size_t n)
{
	ports_set_hosts(&p->ports, hosts, n);
	set_hosts(p, now, p->direct);
	for (size_t i = 0; i < p->nlinks; i++) {
		set_hosts(p, now, p->link[i]->to_peer);
		set_hosts(p, now, p->link[i]->from_peer);
	}
	p->dirty = true;
}

void
party_drop_relay(struct party *p, uint64_t now, const struct addr *relayed)
{
	struct link	*l;
	size_t		 kept = 0;

	for (size_t i = 0; i < p->nrelays; i++)
		if (!addr_equal(&p->relays[i], relayed))
			p->relays[kept++] = p->relays[i];
	p->nrelays = kept;
	p->dirty = true;
	if (p->direct != NULL)
		direct_drop_relay(p->direct, now, relayed, kept);
	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (l->to_peer != NULL)
			direct_drop_relay(l->to_peer, now, relayed, kept);
		if (l->from_peer != NULL)
			direct_drop_relay(l->from_peer, now, relayed, kept);
	}
}

bool
party_say(struct party *p, uint64_t now, bool data, struct msg *m)
{
	return say_control(p, now, m) || (data && carry_say(p, now, m));
}

bool
party_input(struct party *p, uint64_t now, const struct path *from,
    uint8_t *bytes, size_t n, struct batch *tx)
{
	struct link	*l;
	bool		 ours;

	ours = p->direct != NULL &&
	    direct_input(p->direct, now, from, bytes, n, tx);
	for (size_t i = 0; i < p->nlinks && !ours; i++) {
		l = p->link[i];
		ours = (l->to_peer != NULL && direct_input(l->to_peer, now,
		    from, bytes, n, tx)) || (l->from_peer != NULL &&
		    direct_input(l->from_peer, now, from, bytes, n, tx));
	}
	p->dirty |= ours;
	return ours;
}

/* The connections there are: the pair's, then two of each link. */
static struct direct *
nth_direct(const struct party *p, size_t nth)
{
	const struct link	*l;

	if (p->direct != NULL && nth-- == 0)
		return p->direct;
	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (l->to_peer != NULL && nth-- == 0)
			return l->to_peer;
		if (l->from_peer != NULL && nth-- == 0)
			return l->from_peer;
	}
	return NULL;
}

void
party_unsendable(struct party *p, const struct path *path, const char *why)
{
	struct direct	*d;

	for (size_t i = 0; (d = nth_direct(p, i)) != NULL; i++)
		if (d->peer != NULL)
			ice_unsendable(peer_ice(d->peer), path, why);
}

void
party_resolved(struct party *p, uint64_t now, const char *name,
    const struct addr *a)
{
	struct direct	*d;

	p->dirty = true;
	for (size_t i = 0; (d = nth_direct(p, i)) != NULL; i++)
		if (d->peer != NULL)
			ice_resolved(peer_ice(d->peer), now, name, a);
}

bool
party_checks(const struct party *p, size_t nth, struct party_checks *c)
{
	const struct direct	*d = nth_direct(p, nth);

	c->n = d != NULL ? direct_checks(d, c->check, ICE_SHOWN) : 0;
	return d != NULL;
}

/* Two for each link, before they are used: many offers may come at once. */
bool
party_wants_port(const struct party *p)
{
	return p->dialect == DIALECT_0 &&
	    p->conf.transport != TRANSPORT_WS &&
	    p->ports.n < 2 * p->nlinks && p->ports.n < PORTS_MAX;
}

int
party_add_port(struct party *p, const struct addr *hosts, size_t n)
{
	p->dirty = true;
	return ports_add(&p->ports, hosts, n);
}

void
party_tick(struct party *p, uint64_t now, struct batch *tx)
{
	p->ticked = now;
	p->dirty = false;
	carry_tick(p, now, tx);
	carry_send(p, now, tx);
}

/* Zero: something was given since the last tick, and is to be sent. */
uint64_t
party_deadline(const struct party *p)
{
	if (p->dirty || p->nnews > 0)
		return p->ticked;
	return carry_deadline(p, signal_deadline(p, NEVER));
}

static bool
next_news(struct party *p, struct party_event *ev)
{
	if (p->nnews == 0)
		return false;
	p->told = p->news[0];
	p->nnews--;
	memmove(&p->news[0], &p->news[1], p->nnews * sizeof(p->news[0]));
	ev->type = p->told.type;
	ev->link = p->told.link;
	ev->text = p->told.text;
	return true;
}

static bool
link_event(struct link *l, uint64_t now, struct party_event *ev)
{
	static const enum party_event_type	 types[] = {
		[FLOW_EV_WRITE]	= PARTY_EV_WRITE,
		[FLOW_EV_SHUT]	= PARTY_EV_SHUT,
		[FLOW_EV_RESET]	= PARTY_EV_RESET,
		[FLOW_EV_END]	= PARTY_EV_END,
	};
	struct flow_event			 e;

	if (link_is_datagram(l))
		return datagram_event(l, ev);
	if (!machine_event(&l->m, now, &e))
		return false;
	ev->type = types[e.type];
	ev->link = l;
	ev->data = e.data;
	ev->text = e.why;
	return true;
}

static uint64_t
bit_of(size_t nth)
{
	return (uint64_t)1 << nth;
}

_Static_assert(PARTY_LINKS <= 64, "a bit for each link");

void
link_has_news(struct link *l)
{
	l->party->asked &= ~bit_of(l->nth);
}

/* What the local side did may be an event, or have something sent. */
static void
touch(struct link *l)
{
	link_has_news(l);
	l->party->dirty = true;
}

/*
 * Frame after frame is for one link, and the others have nothing to say: they
 * are not asked again while the owner pulls events.
 */
static bool
links_event(struct party *p, uint64_t now, struct party_event *ev)
{
	for (size_t i = 0; i < p->nlinks; i++) {
		p->turn_event = (p->turn_event + 1) % p->nlinks;
		if ((p->asked & bit_of(p->turn_event)) != 0)
			continue;
		if (link_event(p->link[p->turn_event], now, ev))
			return true;
		p->asked |= bit_of(p->turn_event);
	}
	return false;
}

/*
 * A link's events come before the next thing is taken from a peer connection:
 * their bytes lie in what was taken last.
 */
bool
party_event(struct party *p, uint64_t now, struct party_event *ev,
    struct batch *tx)
{
	memset(ev, 0, sizeof(*ev));
	do {
		if (next_news(p, ev))
			return true;
		if (links_event(p, now, ev))
			return true;
	} while (carry_pull(p, now, tx));
	p->asked = 0;
	carry_send(p, now, tx);
	return false;
}

bool
link_attachable(const struct link *l)
{
	return machine_attachable(&l->m);
}

void
link_attach(struct link *l, uint64_t since)
{
	touch(l);
	machine_attach(&l->m, since);
}

struct span
link_space(struct link *l)
{
	return machine_space(&l->m);
}

void
link_filled(struct link *l, uint64_t now, size_t n)
{
	touch(l);
	l->read_at = now;
	machine_filled(&l->m, now, n);
	haste_saw(&l->haste, now, n, machine_space(&l->m).n == 0);
}

uint64_t
party_haste(const struct party *p, uint64_t now)
{
	return carry_in_haste(p, now) ? now + HASTE_LASTS : 0;
}

size_t
link_turn(const struct link *l, uint64_t now)
{
	return carry_in_haste(l->party, now) ? TURN_IN_HASTE : TURN;
}

void
link_eof(struct link *l, uint64_t now)
{
	touch(l);
	machine_eof(&l->m, now);
}

void
link_reset(struct link *l, uint64_t now, const char *why)
{
	touch(l);
	machine_reset(&l->m, now, why);
}

void
link_wrote(struct link *l, uint64_t now, size_t n)
{
	uint64_t	 took = now > l->arrived_at ? now - l->arrived_at : 0;

	touch(l);
	if (n > 0)
		l->wrote_at = now;
	l->rx_bytes += n;
	l->write_us += took;
	if (took > l->write_max_us)
		l->write_max_us = took;
	machine_wrote(&l->m, now, n);
	if (l->m.legacy != NULL && legacy_want(l->m.legacy))
		l->full_at = 0;
}

struct span
link_pending(struct link *l)
{
	return machine_pending(&l->m);
}

void
party_close(struct party *p, uint64_t now, struct batch *tx)
{
	struct link	*l;

	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		machine_abort(&l->m, now, "the peer's agent has ended");
		leave_sessions(p, l);
	}
	carry_send(p, now, tx);
	if (p->direct != NULL)
		direct_close(p->direct, now, tx);
	p->control = -1;
	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		close_directs(l, now, tx);
		l->channel = l->channel_in = -1;
	}
}

/* What telemetry shows. */

static const char *
webrtc_text(const struct direct *d, bool open)
{
	if (d == NULL || d->state == DIRECT_OFF)
		return "none";
	if (d->state == DIRECT_UP && open)
		return "connected";
	return d->state == DIRECT_PAUSE || d->state == DIRECT_LOST ?
	    "error" : "connecting";
}

static const char *
status_text(const struct opening *o)
{
	return o->state == OPENING_ACCEPTED ? "accepted" :
	    o->state == OPENING_REJECTED ? "rejected" : "pending";
}

static void
direct_info(const struct direct *d, struct link_info *i)
{
	struct peer_info	 info;

	if (d == NULL || d->peer == NULL)
		return;
	peer_info(d->peer, &info);
	i->has_pair = info.has_pair;
	i->pair = info.pair;
	i->rtt = info.sctp.rtt != 0 ? info.sctp.rtt : info.pair.rtt;
	i->retransmits = info.sctp.retransmits;
	if (peer_state(d->peer) == PEER_UP)
		i->mtu = info.mtu;
}

void
link_info(const struct link *l, uint64_t now, struct link_info *i)
{
	const struct party	*p = l->party;
	const struct direct	*d = p->dialect == DIALECT_1 ? p->direct :
				    l->to_peer != NULL ? l->to_peer :
				    l->from_peer;
	struct legacy_stats	 st;

	(void)now;
	memset(i, 0, sizeof(*i));
	snprintf(i->sid_out, sizeof(i->sid_out), "%s", l->out.sid);
	snprintf(i->sid_in, sizeof(i->sid_in), "%s", l->in.sid);
	i->status = status_text(&l->out);
	i->webrtc = webrtc_text(d, l->channel >= 0 || l->channel_in >= 0);
	i->opened_at = l->opened_at;
	i->carrier = l->carrier;
	i->up = l->out_ok && l->in_ok && l->carrier != CARRIER_NONE;
	i->dialect = (int)p->dialect;
	direct_info(d, i);
	i->seq = l->tx_p2p + l->tx_ws;
	if (l->m.legacy != NULL) {
		legacy_stats(l->m.legacy, &st);
		i->seq = st.seq;
	}
	datagram_info(l, i);
	i->tx_bytes = l->tx_bytes;
	i->rx_bytes = l->rx_bytes;
	i->tx_p2p_packets = l->tx_p2p;
	i->tx_ws_packets = l->tx_ws;
	i->rx_packets = l->rx_packets;
	i->last_traffic = l->last_traffic;
	i->fallbacks = l->fallbacks;
	i->violations = l->violations;
	i->stalls = l->stalls;
	i->offer_to_open = l->opened_at != 0 ? l->open_took : NEVER;
	i->open_to_payload = l->opened_at != 0 && l->payload_at >=
	    l->opened_at ? l->payload_at - l->opened_at : NEVER;
	i->send_us = l->send_us;
	i->send_max_us = l->send_max_us;
	i->write_us = l->write_us;
	i->write_max_us = l->write_max_us;
}

static void
add_direct(struct party_info *i, const struct direct *d)
{
	struct peer_info	 info;

	if (d == NULL)
		return;
	i->offers += d->offers;
	i->answers_ok += d->answers_ok;
	i->answers_err += d->answers_err;
	i->forged += d->forged;
	i->wedges += d->wedges;
	i->resizes += direct_resizes(d);
	direct_media(d, i->media);
	if (d->peer == NULL)
		return;
	peer_info(d->peer, &info);
	i->forged += info.forged;
}

void
party_info(const struct party *p, struct party_info *i)
{
	const struct link	*l;

	memset(i, 0, sizeof(*i));
	i->offers = p->offers;
	i->answers_ok = p->answers_ok;
	i->answers_err = p->answers_err;
	i->refused_opens = p->refused;
	i->bad_messages = p->bad;
	i->forged = p->forged;
	i->wedges = p->wedges;
	i->resizes = p->resizes;
	i->unannounced = p->unannounced;
	memcpy(i->media, p->media, sizeof(i->media));
	add_direct(i, p->direct);
	for (size_t n = 0; n < p->nlinks; n++) {
		l = p->link[n];
		i->channel_open |= l->channel >= 0 || l->channel_in >= 0;
		add_direct(i, l->to_peer);
		add_direct(i, l->from_peer);
	}
}
