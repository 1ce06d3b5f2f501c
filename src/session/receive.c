/*
 * What the peer sends, on the direct path and over the relay: frames to the
 * link they belong to, and what happens to connections and channels.
 */

#include <stdlib.h>
#include <string.h>

#include "session/link.h"

static void
count_received(struct link *l, uint64_t now)
{
	l->rx_packets++;
	l->last_traffic = now;
	l->arrived_at = now;
	if (l->payload_at == 0)
		l->payload_at = now;
}

bool
carry_data(struct link *l, uint64_t now, const struct msg *m)
{
	if (m->payload.n == 0 || l->marker.has_fingerprint || l->dg.rtp)
		return false;
	if (m->path.n > 0 && !key_matches(&l->marker.key, l->marker.from,
	    l->marker.to, m->path))
		return false;
	if (link_is_datagram(l))
		return datagram_data(l, now, m);
	if (l->m.flow != NULL) {
		if (!flow_input(l->m.flow, now, m->payload.p, m->payload.n))
			return false;
	} else if (l->m.legacy == NULL || !legacy_input(l->m.legacy, now,
	    LEGACY_THEIRS, LEGACY_WS, m->seq, m->payload.p, m->payload.n))
		return false;
	if (l->m.legacy == NULL || legacy_want(l->m.legacy))
		l->full_at = 0;
	else if (l->full_at == 0)
		l->full_at = now;
	/* The message's memory may go before the events are pulled. */
	machine_pending(&l->m);
	count_received(l, now);
	return true;
}

/*
 * Dialect 0 has no window: over the relay the only brake is not to read from
 * it. That stops all links, so it lasts only while the local side reads.
 */
uint64_t
party_brakes(const struct party *p)
{
	const struct link	*l;
	uint64_t		 at, until = 0;

	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (l->full_at == 0 || l->m.legacy == NULL)
			continue;
		at = l->wrote_at > l->full_at ? l->wrote_at : l->full_at;
		if (at + RELAY_BRAKE > until)
			until = at + RELAY_BRAKE;
	}
	return until;
}

static struct link *
by_channel(struct party *p, int channel)
{
	if (p->hit < p->nlinks && p->link[p->hit]->channel == channel)
		return p->link[p->hit];
	for (p->hit = 0; p->hit < p->nlinks; p->hit++)
		if (p->link[p->hit]->channel == channel)
			return p->link[p->hit];
	return NULL;
}

/*
 * A control frame whose channel is not open here yet: its OPEN comes on
 * another stream, and SCTP orders only within one.
 */
static void
keep_orphan(struct party *p, uint16_t stream, struct span s)
{
	struct orphan	*o;

	if (p->norphans == ORPHANS || s.n > sizeof(o->bytes)) {
		p->bad++;
		return;
	}
	o = &p->orphan[p->norphans++];
	o->stream = stream;
	o->n = s.n;
	memcpy(o->bytes, s.p, s.n);
}

static void
adopt_orphans(struct party *p, uint64_t now, struct link *l)
{
	size_t	 kept = 0;

	for (size_t i = 0; i < p->norphans; i++) {
		if (p->orphan[i].stream != l->channel)
			p->orphan[kept++] = p->orphan[i];
		else if (!flow_input(l->m.flow, now, p->orphan[i].bytes,
		    p->orphan[i].n))
			p->bad++;
	}
	p->norphans = kept;
}

static void
on_frame(struct party *p, uint64_t now, const struct peer_event *ev)
{
	struct hlnk2	 h;
	struct link	*l;

	if (ev->channel != p->control) {
		l = by_channel(p, ev->channel);
	} else if (hlnk2_decode(&h, ev->data.p, ev->data.n) == -1) {
		l = NULL;
	} else {
		l = by_channel(p, h.stream);
		if (l == NULL) {
			keep_orphan(p, h.stream, ev->data);
			return;
		}
	}
	if (l != NULL)
		link_has_news(l);
	if (l != NULL && l->dg.rtp && ev->channel != p->control) {
		p->bad += !media_told(l, ev->data);
		return;
	}
	if (l != NULL && link_is_datagram(l) && ev->channel != p->control) {
		datagram_arrived(l, now, ev->data);
		return;
	}
	if (l == NULL || l->m.flow == NULL ||
	    !flow_input(l->m.flow, now, ev->data.p, ev->data.n)) {
		p->bad++;
		return;
	}
	if (ev->channel != p->control) {
		haste_saw(&l->haste, now, ev->data.n,
		    flow_is_behind(l->m.flow));
		count_received(l, now);
	} else
		l->last_traffic = now;
}

static void
on_channel(struct party *p, uint64_t now, const struct peer_event *ev,
    struct batch *tx)
{
	struct link	*l;

	if (p->direct->conf.peer.offerer) {
		p->bad++;
		peer_close_channel(p->direct->peer, now, ev->channel, tx);
		return;
	}
	if (strcmp(ev->label, "hotlink-control") == 0 && p->control < 0) {
		p->control = ev->channel;
		return;
	}
	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (strcmp(ev->label, link_label(l)) != 0 ||
		    strcmp(ev->protocol, l->canonical) != 0 ||
		    !link_trusts(l))
			continue;
		if (!link_is_datagram(l) && l->m.flow == NULL)
			continue;
		l->channel = ev->channel;
		mark_open(l, now, p->direct->offered);
		if (l->m.flow != NULL)
			adopt_orphans(p, now, l);
		return;
	}
	peer_close_channel(p->direct->peer, now, ev->channel, tx);
}

/* What was about a stream that has ended is not about its next use. */
static void
drop_orphans(struct party *p, int stream)
{
	size_t	 kept = 0;

	for (size_t i = 0; i < p->norphans; i++)
		if (p->orphan[i].stream != stream)
			p->orphan[kept++] = p->orphan[i];
	p->norphans = kept;
}

static void
on_pair_closed(struct party *p, uint64_t now, const struct peer_event *ev)
{
	struct link	*l = by_channel(p, ev->channel);

	drop_orphans(p, ev->channel);
	if (ev->channel == p->control) {
		direct_fail(p->direct, now, "the control channel was closed");
		drop_channels(p);
	} else if (l != NULL) {
		l->channel = -1;
		l->channel_at = now + CHANNEL_GAP;
	}
}

static void
tell_size(struct party *p, struct link *l, const struct peer *peer)
{
	struct peer_info	 info;

	peer_info(peer, &info);
	party_news(p, PARTY_EV_INFO, l, "direct path: it carries %s "
	    "datagrams now, of %zu bytes",
	    peer_mtu_lost(peer) != 0 ? "only smaller" : "larger", info.mtu);
}

static void
tell_direct(struct party *p, struct link *l, const struct direct *d,
    const struct peer_event *ev)
{
	struct peer_info	 info;

	if (ev->type == PEER_EV_NAME)
		party_news(p, PARTY_EV_NAME, NULL, "%s", ev->text);
	if (ev->type == PEER_EV_SERVER)
		party_news(p, PARTY_EV_SERVER, NULL, "%s", ev->text);
	if (ev->type == PEER_EV_LOST)
		party_news(p, PARTY_EV_INFO, l, "direct path lost");
	if (ev->type == PEER_EV_FAILED)
		party_news(p, PARTY_EV_INFO, l, "direct path failed: %s",
		    d->why != NULL ? d->why : "");
	if (ev->type == PEER_EV_REOPENED && ev->resized)
		tell_size(p, l, d->peer);
	if ((ev->type != PEER_EV_UP && ev->type != PEER_EV_PATH) ||
	    d->peer == NULL || d->state != DIRECT_UP)
		return;
	peer_info(d->peer, &info);
	if (info.has_pair)
		party_news(p, PARTY_EV_INFO, l,
		    "direct path up: %s to %s",
		    ice_type_text(info.pair.local),
		    ice_type_text(info.pair.remote));
}

static bool
pull_pair(struct party *p, uint64_t now, struct batch *tx)
{
	struct peer_event	 ev;

	if (p->direct == NULL || !direct_event(p->direct, now, &ev, tx))
		return false;
	if (ev.type != PEER_EV_DATA)
		p->asked = 0;
	if (ev.type == PEER_EV_OPEN)
		on_channel(p, now, &ev, tx);
	else if (ev.type == PEER_EV_DATA)
		on_frame(p, now, &ev);
	else if (ev.type == PEER_EV_MEDIA)
		media_arrived(p, now, &ev);
	else if (ev.type == PEER_EV_CLOSED)
		on_pair_closed(p, now, &ev);
	else if (ev.type == PEER_EV_FAILED || ev.type == PEER_EV_REOPENED)
		drop_channels(p);
	else if (ev.type == PEER_EV_UP && p->direct->conf.peer.offerer)
		open_channels(p, now, tx);
	tell_direct(p, NULL, p->direct, &ev);
	return true;
}

static void
on_frame1(struct link *l, uint64_t now, const struct peer_event *ev,
    enum legacy_session session)
{
	struct hlnk1	 h;

	if (l->dg.rtp)
		return;		/* one connection, one link: no need to tell */
	if (link_is_datagram(l)) {
		datagram_arrived(l, now, ev->data);
		return;
	}
	if (l->m.legacy == NULL ||
	    hlnk1_decode(&h, ev->data.p, ev->data.n) == -1 ||
	    h.payload.n == 0 || !key_matches(&l->marker.key, l->marker.from,
	    l->marker.to, h.path) || !legacy_input(l->m.legacy, now, session,
	    LEGACY_DIRECT, h.seq, h.payload.p, h.payload.n)) {
		l->party->bad++;
		return;
	}
	count_received(l, now);
}

/*
 * Of the channels the peer opened any will do. Without one it is asked for a
 * new offer, and what it had not acknowledged goes again.
 */
static void
on_their_close(struct link *l, uint64_t now, int channel, struct batch *tx)
{
	if (channel != l->channel)
		return;
	l->channel = peer_theirs(l->to_peer->peer);
	if (l->channel >= 0)
		return;
	direct_hang_up(l->to_peer, now, "the peer closed the channel", tx);
	party_news(l->party, PARTY_EV_INFO, l, "direct path failed: %s",
	    l->to_peer->why);
}

static bool
pull_to_peer(struct link *l, uint64_t now, struct batch *tx)
{
	struct peer_event	 ev;

	if (l->to_peer == NULL || !direct_event(l->to_peer, now, &ev, tx))
		return false;
	if (ev.type == PEER_EV_OPEN) {
		l->channel = ev.channel;
		mark_open(l, now, l->to_peer->offered);
	} else if (ev.type == PEER_EV_MEDIA && l->dg.rtp) {
		datagram_arrived(l, now, ev.data);
	} else if (ev.type == PEER_EV_DATA) {
		on_frame1(l, now, &ev, LEGACY_OURS);
	} else if (ev.type == PEER_EV_FAILED)
		l->channel = -1;
	else if (ev.type == PEER_EV_CLOSED)
		on_their_close(l, now, ev.channel, tx);
	tell_direct(l->party, l, l->to_peer, &ev);
	return true;
}

static bool
pull_from_peer(struct link *l, uint64_t now, struct batch *tx)
{
	struct peer_event	 ev;
	struct direct		*d = l->from_peer;

	if (d == NULL || !direct_event(d, now, &ev, tx))
		return false;
	if (ev.type == PEER_EV_UP) {
		l->channel_in_at = now;
		open_channel_in(l, now, tx);
	} else if (ev.type == PEER_EV_CLOSED && ev.channel == l->channel_in) {
		l->channel_in = -1;
		l->channel_in_at = now + CHANNEL_GAP;
	} else if (ev.type == PEER_EV_MEDIA && l->dg.rtp)
		datagram_arrived(l, now, ev.data);
	else if (ev.type == PEER_EV_DATA)
		on_frame1(l, now, &ev, LEGACY_THEIRS);
	else if (ev.type == PEER_EV_FAILED)
		l->channel_in = -1;
	tell_direct(l->party, l, d, &ev);
	return true;
}

/*
 * Of an upstream peer whose reader is slow no bytes are taken: SCTP stops the
 * sender. What becomes of the connections is heard all the same, or none would
 * come up to send on. Before one is given up, or if the relay brings what
 * follows on it, all that it has is taken: it was acknowledged.
 */
static void
hold_bytes(const struct link *l, uint64_t now, struct direct *d,
    enum legacy_session session)
{
	bool	 lasts;

	if (d == NULL || d->peer == NULL || l->m.legacy == NULL)
		return;
	lasts = d->state == DIRECT_UP ||
	    (d->state == DIRECT_LOST && now < d->at);
	if (d == l->from_peer && l->offer_anew)
		lasts = false;
	peer_hold(d->peer, lasts && !legacy_want(l->m.legacy) &&
	    !legacy_misses(l->m.legacy, session));
}

/* The next thing a peer connection has. */
bool
carry_pull(struct party *p, uint64_t now, struct batch *tx)
{
	struct link	*l;

	if (p->dialect == DIALECT_1)
		return pull_pair(p, now, tx);
	p->asked = 0;
	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		hold_bytes(l, now, l->from_peer, LEGACY_THEIRS);
		hold_bytes(l, now, l->to_peer, LEGACY_OURS);
		if (pull_from_peer(l, now, tx) || pull_to_peer(l, now, tx))
			return true;
	}
	return false;
}
