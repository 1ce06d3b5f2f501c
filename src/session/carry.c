/*
 * What carries a link's bytes now: the direct path when there is one, else
 * the relay when it may, else nothing (hotlink-dialect.md 2, 5, 6;
 * hotlink-protocol.md 6).
 *
 * Nothing is lost by a change: flow and legacy keep what is not confirmed and
 * send it again on the next carrier, and drop what comes twice.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/link.h"

enum {
	HEAD_MAX = 64 + KEY_MAX,	/* of either version of HLNK */
	LEAST_ROOM = 16 << 10,		/* smaller frames are not worth it */
	BACKLOG = 128 << 10,		/* given to SCTP beyond its cwnd x 2 */
	BURST = 64, BURST_LEN = 1300,	/* packets one frame may become */
	STUCK = 5 * SEC, STUCK_MAX = 4,
	PULLS = 256,
};

static struct direct *
sender(const struct link *l)
{
	return l->m.dialect == DIALECT_1 ? l->party->direct : l->to_peer;
}

bool
link_p2p(const struct link *l)
{
	if (l->m.dialect == DIALECT_UNKNOWN || l->channel < 0 ||
	    !direct_usable(sender(l)))
		return false;
	return l->m.dialect == DIALECT_0 || l->party->control >= 0;
}

/*
 * A marker that names the peer's key trusts nobody else, so the relay, which
 * proves nothing, carries none of its bytes.
 */
static bool
may_relay(const struct link *l)
{
	return !party_only_direct(l->party) && !l->marker.has_fingerprint;
}

static uint64_t
relay_from(const struct link *l)
{
	const struct party	*p = l->party;
	uint64_t		 since = l->ready_at;

	if (p->conf.transport == TRANSPORT_WS)
		return 0;
	if (l->p2p_lost > since)
		since = l->p2p_lost;
	return since + p->conf.grace;
}

static bool
relay_ready(const struct link *l)
{
	return may_relay(l) && l->party->relay &&
	    l->out.state == OPENING_ACCEPTED;
}

static enum carrier
choose(const struct link *l, uint64_t now)
{
	if (l->m.dialect == DIALECT_UNKNOWN)
		return CARRIER_NONE;
	if (link_p2p(l))
		return CARRIER_P2P;
	if (relay_ready(l) && now >= relay_from(l))
		return CARRIER_WS;
	return CARRIER_NONE;
}

static void
set_carrier(struct link *l, uint64_t now, enum carrier c)
{
	static const char *const	 by[] = {
		[CARRIER_NONE]	= "nothing",
		[CARRIER_P2P]	= "the direct path",
		[CARRIER_WS]	= "the relay",
	};
	enum carrier			 old = l->carrier;

	if (c == old)
		return;
	l->carrier = c;
	l->stuck = 0;
	l->progress = now;
	l->moved = now;
	if (c == CARRIER_NONE)
		l->none_since = now;
	if (l->m.flow != NULL && c != CARRIER_NONE)
		flow_rewind(l->m.flow, now);
	if (l->m.legacy != NULL && old == CARRIER_P2P)
		legacy_rewind(l->m.legacy, now, LEGACY_DIRECT);
	party_news(l->party, PARTY_EV_CARRIER, l, "carried by %s", by[c]);
}

/* The texts of hotlink-protocol.md 6, which people look for in logs. */
static void
refuse(struct link *l, uint64_t now)
{
	const struct party	*p = l->party;
	const struct direct	*d = sender(l);
	bool			 strict = p->conf.mode == MODE_STRICT;
	const char		*what, *err = d != NULL ? d->why : NULL;
	struct flow_stats	 st = { .acked_offset = 0 };
	struct legacy_stats	 lst = { .seq = 0 };
	char			 where[64];

	if (!l->out_ok)
		what = strict ? "hotlink strict: accept timeout" :
		    party_only_direct(p) ? "hotlink p2p_only: accept timeout" :
		    "hotlink: accept timeout";
	else if (strict)
		what = err == NULL ? "hotlink strict: websocket fallback "
		    "attempted (not ready)" : "hotlink strict: websocket "
		    "fallback attempted after webrtc error";
	else
		what = party_only_direct(p) ? "hotlink p2p_only send failed: "
		    "webrtc not ready after wait" :
		    "hotlink send failed: webrtc not ready after wait";
	if (l->m.flow != NULL)
		flow_stats(l->m.flow, &st);
	if (l->m.legacy != NULL)
		legacy_stats(l->m.legacy, &lst);
	if (l->m.legacy != NULL)
		snprintf(where, sizeof(where), "seq=%" PRIu64, lst.seq + 1);
	else
		snprintf(where, sizeof(where), "offset=%" PRIu64,
		    st.acked_offset);
	snprintf(l->why, sizeof(l->why), "%s session=%.8s path=%s %s%s%s",
	    what, l->out.sid, l->open_path, where,
	    err != NULL && l->out_ok ? " err=" : "",
	    err != NULL && l->out_ok ? err : "");
	l->violations += strict;
	machine_abort(&l->m, now, l->why);
}

/* When the waiting bytes of a link that nothing carries are given up. */
static uint64_t
patience_ends(const struct link *l)
{
	const struct party	*p = l->party;
	uint64_t		 since = machine_waiting_since(&l->m);

	if (since == NEVER || l->carrier != CARRIER_NONE)
		return NEVER;
	if (since < l->none_since)
		since = l->none_since;
	return since + party_timeout(p);
}

/*
 * The reference server drops silently: if nothing is confirmed for long,
 * open again; the Accept that follows sends everything again.
 */
static uint64_t
watchdog(const struct link *l)
{
	struct flow_stats	 st;

	if (l->carrier != CARRIER_WS || l->m.flow == NULL)
		return NEVER;
	flow_stats(l->m.flow, &st);
	if (st.acked_offset == st.up_offset)
		return NEVER;
	return l->progress + ((uint64_t)STUCK << l->stuck);
}

static void
check_progress(struct link *l, uint64_t now)
{
	struct flow_stats	 st;

	if (l->m.flow == NULL)
		return;
	flow_stats(l->m.flow, &st);
	if (st.acked_offset != l->acked || st.acked_offset == st.up_offset) {
		l->acked = st.acked_offset;
		l->progress = now;
		l->stuck = 0;
		return;
	}
	if (now < watchdog(l))
		return;
	l->progress = now;
	if (l->stuck < STUCK_MAX)
		l->stuck++;
	opening_again(&l->out, now);
}

static void
check_stall(struct link *l, uint64_t now)
{
	const struct party	*p = l->party;

	if (l->carrier != CARRIER_P2P || p->conf.stall == 0 ||
	    machine_waiting_since(&l->m) == NEVER) {
		l->stalled = false;
		return;
	}
	if (l->stalled || now < l->moved + p->conf.stall)
		return;
	l->stalled = true;
	l->stalls++;
}

static void
mark_open(struct link *l, uint64_t now, uint64_t offered)
{
	l->party->answers_ok++;
	l->opened_at = now;
	l->open_took = now > offered ? now - offered : 0;
	l->reopens = 0;
}

/* The pair's channels go with their association. */
static void
drop_channels(struct party *p)
{
	p->control = -1;
	p->norphans = 0;
	for (size_t i = 0; i < p->nlinks; i++)
		p->link[i]->channel = -1;
}

static void
open_channels(struct party *p, uint64_t now, struct batch *tx)
{
	struct direct	*d = p->direct;
	struct link	*l;

	if (p->control < 0)
		p->control = peer_open(d->peer, now, "hotlink-control", "",
		    tx);
	for (size_t i = 0; i < p->nlinks && p->control >= 0; i++) {
		l = p->link[i];
		if (l->channel >= 0 || !l->out_ok || !l->in_ok ||
		    now < l->channel_at)
			continue;
		l->channel = peer_open(d->peer, now, "hotlink", l->canonical,
		    tx);
		if (l->channel >= 0)
			mark_open(l, now, d->offered);
		else
			l->channel_at = now + CHANNEL_GAP;
	}
}

static bool
has_session(const struct party *p)
{
	for (size_t i = 0; i < p->nlinks; i++)
		if (p->link[i]->out_ok || p->link[i]->in_ok)
			return true;
	return false;
}

static void
tick_pair(struct party *p, uint64_t now, struct batch *tx)
{
	if (p->direct == NULL && p->conf.transport != TRANSPORT_WS &&
	    strcmp(p->me, p->peer) < 0 && has_session(p)) {
		p->direct = new_direct(p, NULL, true, true);
		if (p->direct != NULL)
			direct_start(p->direct, now);
	}
	if (p->direct == NULL)
		return;
	direct_tick(p->direct, now, tx);
	if (p->direct->state != DIRECT_UP && p->direct->state != DIRECT_LOST)
		drop_channels(p);
	else if (p->direct->conf.peer.offerer &&
	    p->direct->state == DIRECT_UP)
		open_channels(p, now, tx);
}

/* Dialect 0: each session has a connection, offered by its acceptor. */
static void
tick_sessions(struct link *l, uint64_t now, struct batch *tx)
{
	struct party	*p = l->party;
	uint64_t	 gap = (uint64_t)REOPEN_GAP << l->reopens;

	if (l->from_peer == NULL && inbound_settled(&l->in, now) &&
	    p->conf.transport != TRANSPORT_WS) {
		l->from_peer = new_direct(p, l, true, false);
		if (l->from_peer != NULL)
			direct_start(l->from_peer, now);
	}
	if (l->from_peer != NULL) {
		direct_tick(l->from_peer, now, tx);
		if (l->from_peer->state < DIRECT_UP)
			l->channel_in = -1;
	}
	if (l->to_peer == NULL)
		return;
	direct_tick(l->to_peer, now, tx);
	if (l->to_peer->state < DIRECT_UP)
		l->channel = -1;
	if (l->out.state == OPENING_ACCEPTED && now >= l->reopened + gap &&
	    (l->to_peer->state == DIRECT_PAUSE ||
	    l->to_peer->state == DIRECT_LOST)) {
		l->reopened = now;
		l->reopens += l->reopens < 5;
		opening_again(&l->out, now);
	}
}

static void
tick_link(struct link *l, uint64_t now)
{
	bool	 p2p;

	if (l->quiet_until <= now) {
		l->quiet_until = NEVER;
		if (l->party->dialect == DIALECT_UNKNOWN)
			speak(l->party, now, DIALECT_0);
	}
	p2p = link_p2p(l);
	if (l->had_p2p && !p2p)
		l->p2p_lost = now;
	l->had_p2p = p2p;
	set_carrier(l, now, choose(l, now));
	if (l->carrier == CARRIER_WS)
		check_progress(l, now);
	check_stall(l, now);
	if (patience_ends(l) <= now)
		refuse(l, now);
}

void
carry_tick(struct party *p, uint64_t now, struct batch *tx)
{
	if (p->dialect == DIALECT_1)
		tick_pair(p, now, tx);
	for (size_t i = 0; i < p->nlinks; i++) {
		if (p->dialect == DIALECT_0)
			tick_sessions(p->link[i], now, tx);
		tick_link(p->link[i], now);
	}
}

uint64_t
carry_deadline(const struct party *p, uint64_t best)
{
	const struct link	*l;
	uint64_t		 at;

	if (p->direct != NULL)
		best = earlier(best, direct_deadline(p->direct));
	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (l->to_peer != NULL)
			best = earlier(best, direct_deadline(l->to_peer));
		if (l->from_peer != NULL)
			best = earlier(best, direct_deadline(l->from_peer));
		/* What is due already waits for room, not for time. */
		at = machine_deadline(&l->m);
		best = at > p->ticked ? earlier(best, at) : best;
		best = earlier(best, patience_ends(l));
		best = earlier(best, watchdog(l));
		if (l->carrier == CARRIER_NONE && relay_ready(l) &&
		    l->m.dialect != DIALECT_UNKNOWN)
			best = earlier(best, relay_from(l));
		if (l->channel < 0 && l->channel_at > p->ticked)
			best = earlier(best, l->channel_at);
		at = l->moved + p->conf.stall;
		if (l->carrier == CARRIER_P2P && p->conf.stall != 0 &&
		    !l->stalled && machine_waiting_since(&l->m) != NEVER)
			best = earlier(best, at);
	}
	return best;
}

/* Sending. */

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

static size_t
frame_limit(const struct peer *peer, size_t head)
{
	size_t	 n = peer_max_message(peer), room = peer_room(peer);

	n = n < FRAME_MAX ? n : FRAME_MAX;
	n = n < room ? n : room;
	return n > head ? n - head : 0;
}

static size_t
send_flow(struct link *l, uint64_t now, struct batch *tx)
{
	struct party	*p = l->party;
	struct hlnk2	 h;
	size_t		 max = frame_limit(p->direct->peer, HLNK2_HEAD);

	if (max < LEAST_ROOM || !flow_data(l->m.flow, now, max, &h))
		return 0;
	if (!send2(p, now, l->channel, &h, tx))
		return 0;
	flow_sent(l->m.flow, now, &h);
	count_sent(l, now, h.payload.n, false);
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
budget_of(const struct peer *peer)
{
	struct peer_info	 info;
	size_t			 unacked = peer_unacked(peer), most;

	peer_info(peer, &info);
	most = 2 * (size_t)info.sctp.cwnd + BACKLOG;
	return most > unacked ? most - unacked : 0;
}

static void
send_pair(struct party *p, uint64_t now, struct batch *tx)
{
	size_t		 budget, n, idle = 0;
	struct link	*l;

	for (size_t i = 0; i < p->nlinks; i++)
		if (p->link[i]->carrier == CARRIER_P2P &&
		    link_p2p(p->link[i]))
			send_control(p->link[i], now, tx);
	budget = budget_of(p->direct->peer);
	while (idle < p->nlinks && budget > 0) {
		if (!batch_room(tx, BURST, BURST_LEN)) {
			p->dirty = true;
			return;
		}
		p->turn = (p->turn + 1) % p->nlinks;
		l = p->link[p->turn];
		n = l->carrier == CARRIER_P2P && link_p2p(l) ?
		    send_flow(l, now, tx) : 0;
		idle = n > 0 ? 0 : idle + 1;
		budget = n < budget ? budget - n : 0;
	}
}

static void
send_session(struct link *l, uint64_t now, struct batch *tx)
{
	size_t	 budget = budget_of(l->to_peer->peer), n;

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

	if (p->dialect == DIALECT_1) {
		if (direct_usable(p->direct)) {
			send_pair(p, now, tx);
			direct_watch(p->direct, now);
		}
		return;
	}
	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (l->m.legacy != NULL && l->carrier == CARRIER_P2P &&
		    link_p2p(l)) {
			send_session(l, now, tx);
			direct_watch(l->to_peer, now);
		}
	}
}

/* The relay's Data. */

static void
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

/* Receiving. */

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
	if (m->payload.n == 0 || l->marker.has_fingerprint)
		return false;
	if (m->path.n > 0 && !key_matches(&l->marker.key, l->marker.from,
	    l->marker.to, m->path))
		return false;
	if (l->m.flow != NULL) {
		if (!flow_input(l->m.flow, now, m->payload.p, m->payload.n))
			return false;
	} else if (l->m.legacy == NULL || !legacy_input(l->m.legacy, now,
	    LEGACY_THEIRS, m->seq, m->payload.p, m->payload.n))
		return false;
	/* The message's memory may go before the events are pulled. */
	machine_pending(&l->m);
	count_received(l, now);
	return true;
}

static struct link *
by_channel(struct party *p, int channel)
{
	for (size_t i = 0; i < p->nlinks; i++)
		if (p->link[i]->channel == channel)
			return p->link[i];
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
	if (l == NULL || l->m.flow == NULL ||
	    !flow_input(l->m.flow, now, ev->data.p, ev->data.n)) {
		p->bad++;
		return;
	}
	if (ev->channel != p->control)
		count_received(l, now);
	else
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
		if (strcmp(ev->label, "hotlink") != 0 ||
		    strcmp(ev->protocol, l->canonical) != 0 ||
		    l->m.flow == NULL)
			continue;
		l->channel = ev->channel;
		mark_open(l, now, p->direct->offered);
		adopt_orphans(p, now, l);
		return;
	}
	peer_close_channel(p->direct->peer, now, ev->channel, tx);
}

static void
on_pair_closed(struct party *p, uint64_t now, const struct peer_event *ev)
{
	struct link	*l = by_channel(p, ev->channel);

	if (ev->channel == p->control) {
		direct_fail(p->direct, now, "the control channel was closed");
		drop_channels(p);
	} else if (l != NULL) {
		l->channel = -1;
		l->channel_at = now + CHANNEL_GAP;
	}
}

static void
tell_direct(struct party *p, struct link *l, const struct direct *d,
    const struct peer_event *ev)
{
	struct peer_info	 info;
	char			 a[ADDR_TEXT];

	if (ev->type == PEER_EV_LOST)
		party_news(p, PARTY_EV_INFO, l, "direct path lost");
	if (ev->type == PEER_EV_FAILED)
		party_news(p, PARTY_EV_INFO, l, "direct path failed: %s",
		    d->why != NULL ? d->why : "");
	if ((ev->type != PEER_EV_UP && ev->type != PEER_EV_PATH) ||
	    d->peer == NULL || d->state != DIRECT_UP)
		return;
	peer_info(d->peer, &info);
	if (info.has_pair)
		party_news(p, PARTY_EV_INFO, l,
		    "direct path up: %s to %s %s",
		    ice_type_text(info.pair.local),
		    ice_type_text(info.pair.remote),
		    addr_text(&info.pair.path.remote, a));
}

static bool
pull_pair(struct party *p, uint64_t now, struct batch *tx)
{
	struct peer_event	 ev;

	if (p->direct == NULL || !direct_event(p->direct, now, &ev, tx))
		return false;
	if (ev.type == PEER_EV_OPEN)
		on_channel(p, now, &ev, tx);
	else if (ev.type == PEER_EV_DATA)
		on_frame(p, now, &ev);
	else if (ev.type == PEER_EV_CLOSED)
		on_pair_closed(p, now, &ev);
	else if (ev.type == PEER_EV_FAILED)
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

	if (l->m.legacy == NULL ||
	    hlnk1_decode(&h, ev->data.p, ev->data.n) == -1 ||
	    h.payload.n == 0 || !key_matches(&l->marker.key, l->marker.from,
	    l->marker.to, h.path) || !legacy_input(l->m.legacy, now, session,
	    h.seq, h.payload.p, h.payload.n)) {
		l->party->bad++;
		return;
	}
	count_received(l, now);
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
	} else if (ev.type == PEER_EV_DATA) {
		on_frame1(l, now, &ev, LEGACY_OURS);
	} else if (ev.type == PEER_EV_FAILED || (ev.type == PEER_EV_CLOSED &&
	    ev.channel == l->channel))
		l->channel = -1;
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
		l->channel_in = peer_open(d->peer, now, "hotlink", "", tx);
		if (l->channel_in >= 0)
			l->party->answers_ok++;
	} else if (ev.type == PEER_EV_DATA)
		on_frame1(l, now, &ev, LEGACY_THEIRS);
	else if (ev.type == PEER_EV_FAILED)
		l->channel_in = -1;
	tell_direct(l->party, l, d, &ev);
	return true;
}

/*
 * The next thing a peer connection has. Of an upstream peer whose reader is
 * slow nothing is taken: SCTP stops the sender.
 */
bool
carry_pull(struct party *p, uint64_t now, struct batch *tx)
{
	struct link	*l;

	if (p->dialect == DIALECT_1)
		return pull_pair(p, now, tx);
	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (l->m.legacy != NULL && !legacy_want(l->m.legacy))
			continue;
		if (pull_from_peer(l, now, tx) || pull_to_peer(l, now, tx))
			return true;
	}
	return false;
}
