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

enum { STUCK = 5 * SEC, STUCK_MAX = 4 };

enum dialect
link_dialect(const struct link *l)
{
	return link_is_datagram(l) ? l->party->dialect : l->m.dialect;
}

static struct direct *
sender(const struct link *l)
{
	return link_dialect(l) == DIALECT_1 ? l->party->direct : l->to_peer;
}

bool
link_trusts(const struct link *l)
{
	const struct party	*p = l->party;

	return !l->marker.has_fingerprint || (p->has_key &&
	    memcmp(p->key_id, l->marker.fingerprint, sizeof(p->key_id)) == 0);
}

bool
link_p2p(const struct link *l)
{
	enum dialect	 dialect = link_dialect(l);

	/* Datagrams go either way on any of an upstream peer's channels. */
	if (link_is_datagram(l) && dialect == DIALECT_0 &&
	    l->channel_in >= 0 && direct_usable(l->from_peer))
		return true;
	if (dialect == DIALECT_UNKNOWN || l->channel < 0 ||
	    !direct_usable(sender(l)))
		return false;
	return dialect == DIALECT_0 || l->party->control >= 0;
}

/*
 * A marker that names the peer's key trusts nobody else, so the relay, which
 * proves nothing, carries none of its bytes.
 */
static bool
may_relay(const struct link *l)
{
	return !party_only_direct(l->party) && !l->marker.has_fingerprint &&
	    !l->dg.rtp;
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

bool
relay_ready(const struct link *l)
{
	return may_relay(l) && l->party->relay &&
	    l->out.state == OPENING_ACCEPTED;
}

static enum carrier
choose(const struct link *l, uint64_t now)
{
	if (link_dialect(l) == DIALECT_UNKNOWN)
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

/* What is missing, for the end of the line; NULL: not known. */
static const char *
missing(const struct link *l)
{
	const struct direct	*d = sender(l);

	if (!l->out_ok)
		return l->party->relay ? "the other party has not accepted: "
		    "no agent of it is at this relay, or it has no marker of "
		    "this link" : "no connection to the relay";
	if (l->party->conf.transport == TRANSPORT_WS)
		return "the transport is ws, so there is no direct path";
	if (d == NULL)
		return NULL;
	return d->why != NULL ? d->why : direct_waits_for(d);
}

/* The texts of hotlink-protocol.md 6, which people look for in logs. */
static void
refuse(struct link *l, uint64_t now)
{
	const struct party	*p = l->party;
	const struct direct	*d = sender(l);
	bool			 strict = p->conf.mode == MODE_STRICT;
	bool			 waits =
				    machine_waiting_since(&l->m) != NEVER;
	const char		*what, *err = missing(l);
	struct flow_stats	 st = { .acked_offset = 0 };
	struct legacy_stats	 lst = { .seq = 0 };
	char			 where[64];

	if (!waits)
		what = strict ? "hotlink strict: path lost" :
		    party_only_direct(p) ? "hotlink p2p_only: path lost" :
		    "hotlink: path lost";
	else if (!l->out_ok)
		what = strict ? "hotlink strict: accept timeout" :
		    party_only_direct(p) ? "hotlink p2p_only: accept timeout" :
		    "hotlink: accept timeout";
	else if (strict)
		what = d != NULL && d->why != NULL ? "hotlink strict: "
		    "websocket fallback attempted after webrtc error" :
		    "hotlink strict: websocket fallback attempted (not ready)";
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
	    err != NULL ? " err=" : "", err != NULL ? err : "");
	l->violations += strict && waits;
	machine_abort(&l->m, now, l->why);
}

/*
 * Since when a link that nothing carries is needed: it has bytes that wait, or
 * is in the middle of a connection, whose other end may be gone.
 */
static uint64_t
needed_since(const struct link *l)
{
	uint64_t	 since = machine_waiting_since(&l->m);

	if (l->carrier != CARRIER_NONE ||
	    (since == NEVER && !machine_busy(&l->m)))
		return NEVER;
	return since == NEVER || since < l->none_since ? l->none_since : since;
}

static uint64_t
patience_ends(const struct link *l)
{
	uint64_t	 since = needed_since(l);

	return since == NEVER ? NEVER : since + party_timeout(l->party);
}

/* When it is told that it waits, and for what. */
static uint64_t
worry_at(const struct link *l)
{
	uint64_t	 since = needed_since(l);

	return since == NEVER || l->worried ? NEVER : since + WORRY;
}

static void
check_worry(struct link *l, uint64_t now)
{
	const char	*why;

	if (needed_since(l) == NEVER)
		l->worried = false;
	if (now < worry_at(l))
		return;
	why = missing(l);
	l->worried = true;
	party_news(l->party, PARTY_EV_INFO, l, "waits: %s",
	    why != NULL ? why : "there is no path yet");
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

void
mark_open(struct link *l, uint64_t now, uint64_t offered)
{
	l->party->answers_ok++;
	l->opened_at = now;
	l->open_took = now > offered ? now - offered : 0;
	l->reopens = 0;
}

const char *
link_label(const struct link *l)
{
	if (l->dg.rtp)
		return "hotlink-rtp";
	return link_is_datagram(l) ? "hotlink-udp" : "hotlink";
}

const struct assoc_how *
link_how(const struct link *l)
{
	return link_is_datagram(l) && !l->dg.rtp ? &l->dg.how : NULL;
}

/* The pair's channels go with their association, and what was told in them. */
void
drop_channels(struct party *p)
{
	p->control = -1;
	p->norphans = p->nleft = p->nsources = 0;
	for (size_t i = 0; i < p->nlinks; i++)
		p->link[i]->channel = -1;
}

void
open_channels(struct party *p, uint64_t now, struct batch *tx)
{
	struct direct	*d = p->direct;
	struct link	*l;

	if (p->control < 0)
		p->control = peer_open(d->peer, now, "hotlink-control", "",
		    NULL, tx);
	for (size_t i = 0; i < p->nlinks && p->control >= 0; i++) {
		l = p->link[i];
		if (l->channel >= 0 || !l->out_ok || !l->in_ok ||
		    !link_trusts(l) || now < l->channel_at)
			continue;
		l->channel = peer_open(d->peer, now, link_label(l),
		    l->canonical, link_how(l), tx);
		if (l->channel >= 0)
			mark_open(l, now, d->offered);
		else
			l->channel_at = now + CHANNEL_GAP;
	}
}

/* Dialect 0: the channel on which the peer sends. */
void
open_channel_in(struct link *l, uint64_t now, struct batch *tx)
{
	if (l->channel_in >= 0 || now < l->channel_in_at)
		return;
	l->channel_in = peer_open(l->from_peer->peer, now, link_label(l), "",
	    link_how(l), tx);
	if (l->channel_in >= 0)
		l->party->answers_ok++;
	else
		l->channel_in_at = now + CHANNEL_GAP;
}

/* Streams are few: those of links that were removed must end, too. */
static void
close_left(struct party *p, uint64_t now, struct batch *tx)
{
	while (p->nleft > 0)
		peer_close_channel(p->direct->peer, now, p->left[--p->nleft],
		    tx);
}

bool
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
	if (p->direct->state == DIRECT_UP)
		close_left(p, now, tx);
	if (p->direct->state != DIRECT_UP && p->direct->state != DIRECT_LOST)
		drop_channels(p);
	else if (p->direct->conf.peer.offerer &&
	    p->direct->state == DIRECT_UP)
		open_channels(p, now, tx);
}

/*
 * When to ask an upstream peer for a new connection of our session, or for its
 * first: who has accepted may have gone before it said its offer.
 */
static uint64_t
reopen_at(const struct link *l)
{
	const struct party	*p = l->party;

	if (p->dialect != DIALECT_0 || l->out.state != OPENING_ACCEPTED)
		return NEVER;
	if (l->to_peer == NULL || l->to_peer->state == DIRECT_OFF)
		return p->conf.transport == TRANSPORT_WS ? NEVER :
		    l->accepted + ((uint64_t)OFFER_GAP << l->reopens);
	if (l->to_peer->state != DIRECT_PAUSE &&
	    l->to_peer->state != DIRECT_LOST)
		return NEVER;
	return l->reopened + ((uint64_t)REOPEN_GAP << l->reopens);
}

/* Dialect 0: each session has a connection, offered by its acceptor. */
static void
tick_sessions(struct link *l, uint64_t now, struct batch *tx)
{
	struct party	*p = l->party;

	if (l->offer_anew)
		link_forget_from(l);
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
		else if (l->from_peer->state == DIRECT_UP)
			open_channel_in(l, now, tx);
	}
	if (l->to_peer != NULL) {
		direct_tick(l->to_peer, now, tx);
		if (l->to_peer->state < DIRECT_UP)
			l->channel = -1;
	}
	if (reopen_at(l) <= now) {
		l->reopened = now;
		l->reopens += l->reopens < REOPENS;
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
	if (link_is_datagram(l))
		datagram_age(l, now);
	if (l->carrier == CARRIER_WS)
		check_progress(l, now);
	check_stall(l, now);
	if (patience_ends(l) <= now)
		refuse(l, now);
	check_worry(l, now);
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
		best = earlier(best, worry_at(l));
		best = earlier(best, watchdog(l));
		best = earlier(best, reopen_at(l));
		if (l->carrier == CARRIER_NONE && relay_ready(l) &&
		    link_dialect(l) != DIALECT_UNKNOWN)
			best = earlier(best, relay_from(l));
		if (l->channel < 0 && l->channel_at > p->ticked)
			best = earlier(best, l->channel_at);
		if (l->channel_in < 0 && l->channel_in_at > p->ticked)
			best = earlier(best, l->channel_in_at);
		at = l->moved + p->conf.stall;
		if (l->carrier == CARRIER_P2P && p->conf.stall != 0 &&
		    !l->stalled && machine_waiting_since(&l->m) != NEVER)
			best = earlier(best, at);
	}
	return best;
}
