/*
 * What a party's links send, on the direct path and over the relay. Control
 * frames go before data, and links take turns frame by frame. A frame counts
 * as sent when a transport took it, so nothing is committed before.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/link.h"

enum {
	LEAST_ROOM = 16 << 10,		/* smaller frames are not worth it */
	SHORT_FRAME = LEAST_ROOM + HLNK2_HEAD,
	FRAME_PART = 32,		/* of a second that it may take */
	BACKLOG = 128 << 10,		/* given to SCTP beyond its cwnd x 2 */
	DATAGRAMS = 16 << 10,		/* beyond cwnd, if it is all theirs */
	FLOWING = 200 * MS,		/* after that: no stream is busy */
	UNDER_WAY = 64 << 10,		/* at least, while there is haste */
	BURST = 64, BURST_LEN = 1300,	/* packets one frame may become */
};

static void
count_sent(struct link *l, uint64_t now, size_t n, bool relay)
{
	uint64_t	 took = now > l->read_at ? now - l->read_at : 0;

	l->last_traffic = now;
	l->moved = now;
	l->stalled = false;
	if (relay) {
		l->tx_ws++;
		if (l->party->conf.transport != TRANSPORT_WS)
			l->fallbacks = 1;
	} else
		l->tx_p2p++;
	l->tx_bytes += n;
	if (l->payload_at == 0)
		l->payload_at = now;
	l->send_us += took;
	if (took > l->send_max_us)
		l->send_max_us = took;
}

static bool
send2(struct party *p, uint64_t now, int channel, const struct hlnk2 *h,
    struct batch *tx)
{
	uint8_t		 head[HEAD_MAX];
	struct wr	 w = wr_of(head, sizeof(head));
	struct span	 hs;

	hlnk2_encode_head(&w, h);
	hs = (struct span){ head, w.n };
	return peer_send(p->direct->peer, now, (uint16_t)channel, &hs,
	    &h->payload, tx);
}

/* Acks, ends and resets of all links, before any data. */
static void
send_control(struct link *l, uint64_t now, struct batch *tx)
{
	struct party	*p = l->party;
	struct hlnk2	 h, out;

	while (batch_room(tx, 4, BURST_LEN) &&
	    flow_control(l->m.flow, now, &h)) {
		out = h;
		out.stream = (uint16_t)l->channel;
		if (!send2(p, now, p->control, &out, tx))
			return;
		flow_sent(l->m.flow, now, &h);
		l->last_traffic = now;
		l->tx_p2p++;
	}
}

bool
carry_in_haste(const struct party *p, uint64_t now)
{
	for (size_t i = 0; i < p->nlinks; i++)
		if (haste_is_on(&p->link[i]->haste, now))
			return true;
	return false;
}

static size_t
frame_limit(const struct peer *peer, size_t head, size_t most)
{
	size_t	 n = peer_max_message(peer), room = peer_room(peer);

	n = n < most ? n : most;
	n = n < room ? n : room;
	return n > head ? n - head : 0;
}

/*
 * Packets that are all full leave in one call to the kernel, a shorter one
 * in their midst ends it: no more than fills some.
 */
static size_t
full_packets(const struct peer *peer, size_t head, size_t n)
{
	struct assoc_info	 info;

	peer_sctp(peer, &info);
	if (info.chunk == 0 || n + head < info.chunk)
		return n;
	return n - (n + head) % info.chunk;
}

static bool
has_datagrams(const struct party *p)
{
	for (size_t i = 0; i < p->nlinks; i++)
		if (link_is_datagram(p->link[i]))
			return true;
	return false;
}

/*
 * A message is sent to its end before another stream's begins, and is there
 * when all of it is: on a slow path a long one holds up the peer's bytes, the
 * acks of them, and with these its window. So it has what the path carries in
 * that part of a second, but not so little that it seems to be in haste.
 */
static size_t
frame_of_path(const struct assoc_info *info)
{
	uint64_t	 n = info->rate / FRAME_PART;

	if (info->rate == 0)
		return FRAME_MAX;
	if (n < 2 * HASTE_SMALL)
		return 2 * HASTE_SMALL;
	return n < FRAME_MAX ? (size_t)n : FRAME_MAX;
}

static size_t
frame_most(const struct party *p, const struct assoc_info *info, bool haste)
{
	size_t	 most = frame_of_path(info), kind = FRAME_MAX;

	if (has_datagrams(p))
		kind = SHORT_FRAME;
	else if (haste)
		kind = FRAME_IN_HASTE;
	return most < kind ? most : kind;
}

static size_t
send_flow(struct link *l, uint64_t now, size_t most, struct batch *tx)
{
	struct party	*p = l->party;
	struct hlnk2	 h;
	size_t		 max;

	if (!flow_data(l->m.flow, now, most, &h))
		return 0;
	max = frame_limit(p->direct->peer, HLNK2_HEAD, most);
	if (max < LEAST_ROOM && max + HLNK2_HEAD < most)
		return 0;
	max = full_packets(p->direct->peer, HLNK2_HEAD, max);
	if (h.payload.n > max)
		h.payload.n = max;
	if (!send2(p, now, l->channel, &h, tx))
		return 0;
	flow_sent(l->m.flow, now, &h);
	count_sent(l, now, h.payload.n, false);
	p->flowed = now;
	return h.payload.n + HLNK2_HEAD;
}

static size_t
send_legacy(struct link *l, uint64_t now, struct batch *tx)
{
	struct peer	*peer = l->to_peer->peer;
	uint8_t		 head[HEAD_MAX];
	struct wr	 w = wr_of(head, sizeof(head));
	struct span	 hs;
	struct hlnk1	 h;

	legacy_unacked(l->m.legacy, now, peer_unacked(peer));
	legacy_set_limit(l->m.legacy, peer_max_message(peer));
	if (!legacy_data(l->m.legacy, now, LEGACY_DIRECT, &h))
		return 0;
	hlnk1_encode_head(&w, &h);
	hs = (struct span){ head, w.n };
	if (wr_bad(&w) || peer_room(peer) < w.n + h.payload.n ||
	    !peer_send(peer, now, (uint16_t)l->channel, &hs, &h.payload, tx))
		return 0;
	legacy_sent(l->m.legacy, now, LEGACY_DIRECT, &h);
	count_sent(l, now, h.payload.n, false);
	return w.n + h.payload.n;
}

/*
 * What SCTP may be given now: little more than the path carries in two round
 * trips, so that control frames find a short queue.
 */
static size_t
budget_of(const struct peer *peer, const struct assoc_info *info)
{
	size_t	 unacked = peer_unacked(peer);
	size_t	 most = 2 * (size_t)info->cwnd + BACKLOG;

	return most > unacked ? most - unacked : 0;
}

/* What of a budget is for datagrams (datagram.c). */
static size_t
datagram_budget(const struct party *p, uint64_t now, const struct peer *peer,
    size_t budget)
{
	struct assoc_info	 info;
	size_t			 most;

	if (p->flowed != 0 && now < p->flowed + FLOWING)
		return budget;
	peer_sctp(peer, &info);
	most = (size_t)info.cwnd + DATAGRAMS;
	return most > info.pending ? most - (size_t)info.pending : 0;
}

static size_t
send_turn(struct link *l, uint64_t now, size_t budget, size_t most,
    struct batch *tx)
{
	struct party	*p = l->party;

	if (l->carrier != CARRIER_P2P || !link_p2p(l))
		return 0;
	if (l->dg.rtp)
		return 0;	/* send_media has */
	if (link_is_datagram(l))
		return datagram_send(l, now, datagram_budget(p, now,
		    p->direct->peer, budget), tx);
	return l->m.flow != NULL ? send_flow(l, now, most, tx) : 0;
}

/* Whoever makes media knows what the path carries: SCTP is not asked. */
static void
send_media(struct party *p, uint64_t now, struct batch *tx)
{
	struct link	*l;

	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (l->dg.rtp && l->carrier == CARRIER_P2P && link_p2p(l) &&
		    !media_send(l, now, tx))
			return;
	}
}

/*
 * Before bulk, and with no regard to what that may have. What the batch has no
 * room for is sent in the next turn, whether or not bulk waits for it, too.
 */
static void
send_hasty(struct party *p, uint64_t now, const struct assoc_info *info,
    size_t most, struct batch *tx)
{
	const struct peer	*peer = p->direct->peer;
	struct link		*l;

	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (!haste_is_on(&l->haste, now))
			continue;
		do {
			if (!batch_room(tx, BURST, BURST_LEN)) {
				p->dirty = true;
				return;
			}
		} while (send_turn(l, now, budget_of(peer, info), most,
		    tx) > 0);
	}
}

/*
 * What is under way on a short path is before us in the kernel's queue at the
 * other end, and in the turns of its agent. What the path itself holds has to
 * be, or it is idle; and a fourth more, since acknowledgements take time, too,
 * and what is seen of the rate would become less with every look at it.
 */
static size_t
leave_room(const struct peer *peer, const struct assoc_info *info,
    size_t budget)
{
	size_t	 unacked = peer_unacked(peer), most;

	if (info->rtt_min >= PEER_FAR)
		return budget;
	most = (size_t)(info->rate * info->rtt_min / SEC / 4 * 5);
	if (most < UNDER_WAY)
		most = UNDER_WAY;
	most = most > unacked ? most - unacked : 0;
	return most < budget ? most : budget;
}

static void
send_pair(struct party *p, uint64_t now, struct batch *tx)
{
	const struct peer	*peer = p->direct->peer;
	struct assoc_info	 info;
	size_t			 budget, n, most;
	uint64_t		 idle = 0, bit;	/* bits: had nothing to send */
	bool			 haste;

	for (size_t i = 0; i < p->nlinks; i++)
		if (p->link[i]->carrier == CARRIER_P2P &&
		    p->link[i]->m.flow != NULL && link_p2p(p->link[i]))
			send_control(p->link[i], now, tx);
	send_media(p, now, tx);
	peer_sctp(peer, &info);
	budget = budget_of(peer, &info);
	haste = carry_in_haste(p, now);
	most = frame_most(p, &info, haste);
	if (haste) {
		send_hasty(p, now, &info, most, tx);
		budget = leave_room(peer, &info, budget);
	}
	for (size_t skipped = 0; skipped < p->nlinks && budget > 0;) {
		p->turn = (p->turn + 1) % p->nlinks;
		bit = (uint64_t)1 << p->turn;
		if ((idle & bit) != 0) {
			skipped++;
			continue;
		}
		if (!batch_room(tx, BURST, BURST_LEN)) {
			p->dirty = true;
			return;
		}
		n = send_turn(p->link[p->turn], now, budget, most, tx);
		if (n == 0)
			idle |= bit;
		skipped = n > 0 ? 0 : skipped + 1;
		budget = n < budget ? budget - n : 0;
	}
}

static void
send_datagrams(struct link *l, uint64_t now, struct batch *tx)
{
	int		 channel;
	struct direct	*d = datagram_direct(l, &channel);

	while (!l->dg.rtp && datagram_send(l, now, datagram_budget(l->party,
	    now, d->peer, 0), tx) > 0)
		;
	direct_watch(d, now);
}

static void
send_session(struct link *l, uint64_t now, struct batch *tx)
{
	const struct peer	*peer = l->to_peer->peer;
	struct assoc_info	 info;
	size_t			 budget, n;

	peer_sctp(peer, &info);
	budget = budget_of(peer, &info);
	while (budget > 0) {
		if (!batch_room(tx, BURST, BURST_LEN)) {
			l->party->dirty = true;
			return;
		}
		n = send_legacy(l, now, tx);
		if (n == 0)
			return;
		budget = n < budget ? budget - n : 0;
	}
}

void
carry_send(struct party *p, uint64_t now, struct batch *tx)
{
	struct link	*l;

	if (p->dialect == DIALECT_0)
		send_media(p, now, tx);
	if (p->dialect == DIALECT_1) {
		if (direct_usable(p->direct)) {
			send_pair(p, now, tx);
			direct_watch(p->direct, now);
		}
		return;
	}
	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (link_is_datagram(l) && l->carrier == CARRIER_P2P &&
		    link_p2p(l))
			send_datagrams(l, now, tx);
		if (l->m.legacy != NULL && l->carrier == CARRIER_P2P &&
		    link_p2p(l)) {
			send_session(l, now, tx);
			direct_watch(l->to_peer, now);
		}
	}
}

void
stamp_data(struct party *p, struct link *l, struct msg *m)
{
	memset(m, 0, sizeof(*m));
	snprintf(p->id, sizeof(p->id), "%06x",
	    (unsigned)(p->next_id++ & 0xffffff));
	m->type = MSG_DATA;
	m->id = span_of(p->id);
	m->sid = span_of(l->out.sid);
}

/* The relay's message has one payload: head and body are joined here. */
static bool
say_flow(struct link *l, uint64_t now, struct msg *m)
{
	struct party	*p = l->party;
	struct hlnk2	 h;
	struct wr	 w;
	bool		 data = false;

	if (p->frame == NULL)
		p->frame = malloc(RELAY_FRAME + HEAD_MAX);
	if (p->frame == NULL)
		return false;
	if (!flow_control(l->m.flow, now, &h)) {
		data = flow_data(l->m.flow, now, RELAY_FRAME, &h);
		if (!data)
			return false;
	}
	w = wr_of(p->frame, RELAY_FRAME + HEAD_MAX);
	hlnk2_encode_head(&w, &h);
	wr_bytes(&w, h.payload.p, h.payload.n);
	if (wr_bad(&w))
		return false;
	flow_sent(l->m.flow, now, &h);
	if (data)
		count_sent(l, now, h.payload.n, true);
	else
		l->tx_ws++;
	stamp_data(p, l, m);
	m->seq = ++l->seq;
	m->path = span_of(l->canonical);
	m->payload = (struct span){ p->frame, w.n };
	return true;
}

static bool
say_legacy(struct link *l, uint64_t now, struct msg *m)
{
	struct party	*p = l->party;
	struct hlnk1	 h;

	if (!legacy_data(l->m.legacy, now, LEGACY_WS, &h))
		return false;
	stamp_data(p, l, m);
	m->seq = h.seq;
	m->path = span_of(l->data_path);
	m->payload = h.payload;
	snprintf(p->etag, sizeof(p->etag), "%" PRIu64, h.seq);
	m->etag = span_of(p->etag);
	legacy_sent(l->m.legacy, now, LEGACY_WS, &h);
	count_sent(l, now, h.payload.n, true);
	return true;
}

static bool
say_of(struct link *l, uint64_t now, struct msg *m)
{
	if (!relay_ready(l))
		return false;
	if (link_is_datagram(l))
		return l->carrier == CARRIER_WS && datagram_say(l, now, m);
	if (l->m.flow != NULL)
		return l->carrier == CARRIER_WS && say_flow(l, now, m);
	if (l->m.legacy == NULL)
		return false;
	return (l->carrier == CARRIER_WS ||
	    (l->carrier == CARRIER_P2P && legacy_relay_only(l->m.legacy))) &&
	    say_legacy(l, now, m);
}

bool
carry_say(struct party *p, uint64_t now, struct msg *m)
{
	if (!p->relay)
		return false;
	for (size_t i = 0; i < p->nlinks; i++) {
		p->turn_relay = (p->turn_relay + 1) % p->nlinks;
		if (say_of(p->link[p->turn_relay], now, m))
			return true;
	}
	return false;
}
