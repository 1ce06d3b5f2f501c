/*
 * Path MTU discovery by packetization layer (RFC 8899), on the path in use:
 * Binding requests filled up to the size in question, behind their integrity
 * where every agent ignores it (RFC 8489 14.5). An answer is small and proves
 * that the request came through whole.
 *
 * A search asks for all sizes at once, the largest first, and once more for
 * what has not been answered after a round trip: a path that carries the
 * largest is known after one. A look at one size asks for it and for one that
 * every path carries: only if that alone is answered, it is the size.
 *
 * A search of which nothing is answered, not even what every path carries, says
 * nothing about the path: the peer was busy, as it is while it computes keys or
 * has to wait for its CPU, and is asked again with more patience.
 *
 * The state is that of the transactions: while any is under way, it searches.
 */
#include "ice/agent.h"

enum {
	RTT = 100 * MS,			/* while it is not known */
	ROUND = 8 * MS,			/* at least: the peer may be busy */
	AGAIN = 2, SLOWER = 4,	/* times so much each time */
	/* Asked at 0, 0, 1, 1.5, 3, 4.5 times that: mere loss is not it. */
	LOOK = 200 * MS,
	HEADERS_4 = 28, HEADERS_6 = 48,	/* IP and UDP */
};

/* Of links and tunnels; what does not carry the last one carries none. */
static const uint16_t	 path_mtu[] = {
	9000, 8192, 4352, 1500, 1492, 1460, 1420, 1380, 1280,
};

static struct txn *
ask(struct ice *ice, uint64_t now, size_t size, uint64_t rto, uint64_t until)
{
	struct txn	*t = txn_start(ice, now, TXN_PROBE,
			    &ice->sel.info.path, 0, until);

	if (t == NULL)
		return NULL;
	t->generation = ice->sel.generation;
	t->size = size;
	t->rto = rto;
	return t;
}

/* A search that nothing came of, though it may be made again. */
static bool
in_vain(const struct probe *p)
{
	return p->size == 0 && p->most != 0 && p->best == 0 &&
	    p->again < AGAIN;
}

static void
search(struct ice *ice, uint64_t now)
{
	struct probe	*p = &ice->probe;
	uint64_t	 rtt = ice->sel.info.rtt != 0 ? ice->sel.info.rtt :
			    RTT, round = ROUND;
	size_t		 headers = ice->sel.info.path.remote.family == 6 ?
			    HEADERS_6 : HEADERS_4, size = p->most;

	for (unsigned i = 0; i < p->again; i++)
		round *= SLOWER;
	round += rtt + rtt / 4;
	p->path = ice->sel.info.path;
	p->best = 0;
	ask(ice, now, size, round, 5 * round / 2);
	for (size_t i = 0; i < sizeof(path_mtu) / sizeof(path_mtu[0]); i++) {
		size = (path_mtu[i] - headers) & ~(size_t)3;
		if (size < p->most)
			ask(ice, now, size, round, 5 * round / 2);
	}
	ask(ice, now, ICE_MTU_LEAST, round, 5 * round / 2);
}

void
ice_search_mtu(struct ice *ice, uint64_t now, size_t most, struct batch *tx)
{
	if (!ice->sel.on || ice->conf.lite || most <= ICE_MTU_LEAST)
		return;
	txn_end_kind(ice, TXN_PROBE);
	ice->probe = (struct probe){ .most = most & ~(size_t)3 };
	search(ice, now);
	ice_tick(ice, now, tx);
}

bool
ice_searches_mtu(const struct ice *ice)
{
	return ice->probe.size == 0 && (txn_any(ice, TXN_PROBE) ||
	    in_vain(&ice->probe));
}

size_t
ice_mtu(const struct ice *ice)
{
	return ice->probe.best;
}

void
ice_look_at_mtu(struct ice *ice, uint64_t now, size_t size, struct batch *tx)
{
	struct probe	*p = &ice->probe;
	uint64_t	 rto = 2 * ice->sel.info.rtt;

	if (!ice->sel.on || ice->conf.lite || txn_any(ice, TXN_PROBE))
		return;
	rto = rto > LOOK ? rto : LOOK;
	p->path = ice->sel.info.path;
	p->size = size;
	p->lost = p->other = false;
	ask(ice, now, size, rto, 11 * rto / 2);
	ask(ice, now, size, 3 * rto / 2, 11 * rto / 2);
	ask(ice, now, ICE_MTU_LEAST, rto, 11 * rto / 2);
	ice_tick(ice, now, tx);
}

bool
ice_mtu_lost(const struct ice *ice)
{
	return ice->probe.lost;
}

/* An answer still counts, but nothing waits for it any more. */
static void
cancel_up_to(struct ice *ice, size_t size)
{
	for (size_t i = 0; i < ice->ntxn; i++)
		if (ice->txn[i].kind == TXN_PROBE && ice->txn[i].size <= size)
			ice->txn[i].cancelled = true;
}

void
probe_answer(struct ice *ice, const struct txn *t)
{
	struct probe	*p = &ice->probe;

	if (!path_equal(&t->path, &p->path))
		return;
	if (t->size > p->best)
		p->best = t->size;
	p->other |= t->size < p->size;
	if (p->size == 0 || t->size >= p->size)
		cancel_up_to(ice, t->size);
}

void
probe_silence(struct ice *ice, const struct txn *t)
{
	struct probe	*p = &ice->probe;

	if (p->size != 0 && t->size == p->size && p->other)
		p->lost = true;
}

/* Another path in the middle of a search has its own limit. */
static bool
elsewhere(const struct ice *ice)
{
	return txn_any(ice, TXN_PROBE) &&
	    !path_equal(&ice->probe.path, &ice->sel.info.path);
}

void
probe_tick(struct ice *ice, uint64_t now)
{
	struct probe	*p = &ice->probe;

	if (!ice->sel.on) {
		if (!txn_any(ice, TXN_PROBE))
			p->again = AGAIN;	/* there is no path to ask */
	} else if (elsewhere(ice)) {
		txn_end_kind(ice, TXN_PROBE);
		if (p->size == 0)
			search(ice, now);
	} else if (!txn_any(ice, TXN_PROBE) && in_vain(p)) {
		p->again++;
		search(ice, now);
	}
}
