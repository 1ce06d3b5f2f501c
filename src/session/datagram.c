/*
 * The links of stream.udp markers: each message of their channel, and each
 * Data of their session, is one datagram. Nothing is repeated here and nothing
 * holds up the local sender: what waits too long, or is too much, is dropped
 * and counted, the oldest first.
 *
 * SCTP is given little more than it may have under way, because what it has
 * taken cannot be dropped any more; but beside streams of bytes, which keep
 * its queue full, datagrams take their turn in it like every link.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/link.h"

enum {
	LIFE = SEC,		/* of a waiting datagram that is not ordered */
	QUANTUM = 16 << 10,	/* bytes, before it is another link's turn */
	BURST = 64, BURST_LEN = 1300,	/* packets one may become */
};

bool
link_is_datagram(const struct link *l)
{
	return l->dg.up != NULL;
}

int
datagram_init(struct link *l)
{
	const struct marker	*m = &l->marker;
	struct assoc_how	*how = &l->dg.how;

	if (m->kind == MARKER_STREAM)
		return 0;
	l->dg.rtp = m->kind == MARKER_RTP;
	l->dg.told_in = -1;
	how->unordered = m->effort != EFFORT_ORDERED;
	how->value = m->effort_value;
	how->limit = m->effort == EFFORT_ORDERED ? ASSOC_RELIABLE :
	    m->effort == EFFORT_LIFETIME ? ASSOC_LIFETIME_MS :
	    ASSOC_RETRANSMITS;
	if (l->dg.rtp)
		l->media = (struct sdp_media){
			.video = m->media.video, .pt = m->media.pt,
			.codec = m->media.codec, .fmtp = l->marker.media.fmtp,
			.clock = m->media.clock,
			.channels = m->media.channels, .ssrc = m->media.ssrc,
		};
	l->dg.up = dgq_new();
	return l->dg.up != NULL ? 0 : -1;
}

void
datagram_fini(struct link *l)
{
	dgq_free(l->dg.up);
	dgq_free(l->dg.down);
}

void
link_datagram(struct link *l, uint64_t now, const void *p, size_t n)
{
	l->party->dirty = true;
	dgq_put(l->dg.up, now, p, n);
}

static uint64_t
life_of(const struct link *l)
{
	if (l->marker.effort == EFFORT_ORDERED)
		return NEVER;
	return l->marker.effort == EFFORT_LIFETIME ?
	    l->marker.effort_value * (uint64_t)MS : LIFE;
}

/* The oldest that may still go, and how long it has waited. */
bool
datagram_next(struct link *l, uint64_t now, struct span *s, uint64_t *waited)
{
	uint64_t	 at;

	while (dgq_first(l->dg.up, s, &at)) {
		*waited = now > at ? now - at : 0;
		if (*waited < life_of(l))
			return true;
		dgq_drop(l->dg.up);
		l->dg.old++;
	}
	return false;
}

void
datagram_sent(struct link *l, uint64_t now, size_t n, uint64_t waited)
{
	l->last_traffic = now;
	l->moved = now;
	l->tx_bytes += n;
	l->dg.sent++;
	if (l->payload_at == 0)
		l->payload_at = now;
	l->send_us += waited;
	if (waited > l->send_max_us)
		l->send_max_us = waited;
}

/* True: it is done with, and out is what it took of the path. */
static bool
send_one(struct link *l, uint64_t now, struct peer *peer, int channel,
    size_t *out, struct batch *tx)
{
	struct assoc_how	 how = l->dg.how;
	struct span		 s;
	uint64_t		 waited;

	*out = 0;
	if (!batch_room(tx, BURST, BURST_LEN)) {
		l->party->dirty = true;
		return false;
	}
	if (!datagram_next(l, now, &s, &waited))
		return false;
	if (s.n > peer_max_message(peer)) {
		l->dg.large++;
		dgq_drop(l->dg.up);
		return true;
	}
	/* Its life began here; SCTP is told what is left of it. */
	if (how.limit == ASSOC_LIFETIME_MS)
		how.value -= (uint32_t)(waited / MS);
	if (peer_room(peer) <= s.n || !peer_send_how(peer, now,
	    (uint16_t)channel, &how, s.p, s.n, tx))
		return false;
	*out = s.n + 1;
	l->tx_p2p++;
	datagram_sent(l, now, s.n, waited);
	dgq_drop(l->dg.up);
	return true;
}

/* An upstream peer has two connections: either will do. */
struct direct *
datagram_direct(struct link *l, int *channel)
{
	*channel = l->channel;
	if (l->party->dialect == DIALECT_1)
		return l->party->direct;
	if (l->channel >= 0 && direct_usable(l->to_peer))
		return l->to_peer;
	*channel = l->channel_in;
	return l->from_peer;
}

size_t
datagram_send(struct link *l, uint64_t now, size_t budget, struct batch *tx)
{
	int		 channel;
	struct direct	*d = datagram_direct(l, &channel);
	size_t		 sent = 0, n;

	if (budget > QUANTUM)
		budget = QUANTUM;
	while (sent < budget && send_one(l, now, d->peer, channel, &n, tx))
		sent += n;
	return sent;
}

/* Without a peer it waits, but not for ever: memory apart, for the counts. */
void
datagram_age(struct link *l, uint64_t now)
{
	struct span	 s;
	uint64_t	 waited;

	datagram_next(l, now, &s, &waited);
}

bool
datagram_say(struct link *l, uint64_t now, struct msg *m)
{
	struct party	*p = l->party;
	struct span	 s;
	uint64_t	 waited;

	/* The relay knows no empty Data. */
	while (datagram_next(l, now, &s, &waited) && s.n == 0) {
		dgq_drop(l->dg.up);
		l->dg.large++;
	}
	if (dgq_waiting(l->dg.up) == 0)
		return false;
	if (p->frame == NULL)
		p->frame = malloc(RELAY_FRAME + HEAD_MAX);
	if (p->frame == NULL)
		return false;
	memcpy(p->frame, s.p, s.n);
	stamp_data(p, l, m);
	m->seq = ++l->seq;
	m->path = span_of(p->dialect == DIALECT_1 ? l->canonical :
	    l->data_path);
	m->payload = (struct span){ p->frame, s.n };
	snprintf(p->etag, sizeof(p->etag), "%llu",
	    (unsigned long long)l->seq);
	m->etag = span_of(p->etag);
	l->tx_ws++;
	l->fallbacks |= p->conf.transport != TRANSPORT_WS;
	datagram_sent(l, now, s.n, waited);
	dgq_drop(l->dg.up);
	return true;
}

static void
count_received(struct link *l, uint64_t now, size_t n)
{
	l->rx_packets++;
	l->rx_bytes += n;
	l->last_traffic = now;
	l->arrived_at = now;
	if (l->payload_at == 0)
		l->payload_at = now;
}

/* Lent to the owner: it is pulled before anything else is taken. */
void
datagram_arrived(struct link *l, uint64_t now, struct span s)
{
	l->dg.lent = s;
	l->dg.has_lent = true;
	count_received(l, now, s.n);
}

/* A relay message's memory goes before the owner looks. */
bool
datagram_data(struct link *l, uint64_t now, const struct msg *m)
{
	if (m->payload.n > DGQ_LONGEST)
		return false;
	if (l->dg.down == NULL)
		l->dg.down = dgq_new();
	if (l->dg.down == NULL)
		return false;
	dgq_put(l->dg.down, now, m->payload.p, m->payload.n);
	count_received(l, now, m->payload.n);
	return true;
}

bool
datagram_event(struct link *l, struct party_event *ev)
{
	uint64_t	 at;

	if (l->dg.taken)
		dgq_drop(l->dg.down);
	l->dg.taken = false;
	ev->type = PARTY_EV_DATAGRAM;
	ev->link = l;
	if (l->dg.has_lent) {
		l->dg.has_lent = false;
		ev->data = l->dg.lent;
		return true;
	}
	l->dg.taken = l->dg.down != NULL &&
	    dgq_first(l->dg.down, &ev->data, &at);
	return l->dg.taken;
}

void
datagram_info(const struct link *l, struct link_info *i)
{
	if (l->dg.up == NULL)
		return;
	i->dg_sent = l->dg.sent;
	i->dg_overflows = dgq_overflows(l->dg.up);
	if (l->dg.down != NULL)
		i->dg_overflows += dgq_overflows(l->dg.down);
	i->dg_old = l->dg.old;
	i->dg_unfit = l->dg.large;
}
