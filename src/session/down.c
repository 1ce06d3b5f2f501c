/*
 * From the peer to our socket. With written = ring.start and
 * here = ring.end + lent.n, the next offset expected:
 *
 *	acked <= written <= here <= promised <= written + cap
 *
 * promised only grows, and is at most written + window when it is given. So
 * whatever an honest peer sends fits the ring, beyond gaps too, and the ring
 * holds at most what the window was when that was promised: whoever makes it
 * smaller leaves the ring as it is until enough of it was written.
 *
 * Bytes are lent from the caller's frame only if nothing waits before or
 * beyond them; else they are copied to their place in the ring.
 *
 * Nothing is dropped that has to come again. A frame is either old (all of it
 * below here: had already, told again by an ack), in order, or beyond a gap.
 * Over one ordered transport, whose sender goes back to what was acknowledged
 * when it changes transports (so to no more than here), there are no gaps: the
 * first frame starts at or below here, and each starts where the one before
 * ended. A relay that reorders makes gaps that fill by themselves: what is
 * beyond waits in its place. DOWN_RUNS of them at once is a broken relay.
 */
#include <assert.h>
#include <string.h>

#include "session/half.h"

void
down_init(struct down *d, size_t cap)
{
	memset(d, 0, sizeof(*d));
	ring_init(&d->ring, cap);
	d->window = cap;
	down_reset(d);
}

void
down_reset(struct down *d)
{
	ring_reset(&d->ring, 0);
	d->lent.n = 0;
	d->nruns = 0;
	d->promised = FLOW_INITIAL;
	d->acked = d->told_at = 0;
	d->ack_at = NEVER;
	d->lap = 0;
	d->lap_at = NEVER;
	d->fin = 0;
	d->state = DOWN_OPEN;
	d->offer = false;
	d->offered = 0;
}

uint64_t
down_here(const struct down *d)
{
	return d->ring.end + d->lent.n;
}

bool
down_begun(const struct down *d)
{
	return down_here(d) > 0 || d->nruns > 0 || d->state != DOWN_OPEN;
}

size_t
down_held(const struct down *d)
{
	size_t	 n = ring_used(&d->ring);

	for (size_t i = 0; i < d->nruns; i++)
		n += (size_t)(d->runs[i].end - d->runs[i].at);
	return n;
}

bool
down_waits(const struct down *d)
{
	return ring_used(&d->ring) > 0 || d->lent.n > 0 ||
	    (d->state == DOWN_FIN && down_here(d) == d->fin);
}

/* What came beyond a gap follows on, if the gap has closed. */
static void
join_runs(struct down *d)
{
	size_t	 i;

	for (i = 0; i < d->nruns && d->runs[i].at <= d->ring.end; i++)
		if (d->runs[i].end > d->ring.end)
			ring_filled(&d->ring,
			    (size_t)(d->runs[i].end - d->ring.end));
	d->nruns -= i;
	memmove(d->runs, d->runs + i, d->nruns * sizeof(*d->runs));
}

/* Put [at, end) in among the runs, and make those it touches one with it. */
static bool
add_run(struct down *d, uint64_t at, uint64_t end)
{
	struct run	 new = { at, end };
	size_t		 i, j;

	for (i = 0; i < d->nruns && d->runs[i].end < at; i++)
		;
	for (j = i; j < d->nruns && d->runs[j].at <= end; j++) {
		if (d->runs[j].at < new.at)
			new.at = d->runs[j].at;
		if (d->runs[j].end > new.end)
			new.end = d->runs[j].end;
	}
	if (j == i && d->nruns == DOWN_RUNS)
		return false;
	memmove(d->runs + i + 1, d->runs + j,
	    (d->nruns - j) * sizeof(*d->runs));
	d->nruns += 1 + i - j;
	d->runs[i] = new;
	return true;
}

static const char *
put(struct down *d, uint64_t at, const struct span *s)
{
	bool	 was_empty = ring_used(&d->ring) == 0;

	if (!ring_poke(&d->ring, at, s->p, s->n))
		return "out of memory";
	if (at > d->ring.end) {
		if (!add_run(d, at, at + s->n))
			return "the transport reorders too much";
		return NULL;
	}
	ring_filled(&d->ring, s->n);
	join_runs(d);
	d->offer = d->offer || was_empty;
	return NULL;
}

const char *
down_data(struct down *d, uint64_t now, const struct hlnk2 *h, bool lend,
    struct flow_stats *st)
{
	uint64_t	 at = h->offset, end = at + h->payload.n;
	struct span	 s = h->payload;
	size_t		 had;

	assert(d->lent.n == 0);
	if (end < at || end > d->promised)
		return "the peer sent beyond its limit";
	if (d->state != DOWN_OPEN && end > d->fin)
		return "the peer sent beyond its end";
	/* An old frame: our ack may be lost. The first: the limit is small. */
	if (end <= down_here(d) || d->promised == FLOW_INITIAL)
		d->ack_at = now;
	had = at < down_here(d) ? (size_t)(down_here(d) - at) : 0;
	if (had > s.n)
		had = s.n;
	st->duplicate_bytes += had;
	s.p += had;
	s.n -= had;
	if (s.n == 0)
		return NULL;
	if (lend && at + had == down_here(d) && d->nruns == 0 &&
	    ring_used(&d->ring) == 0) {
		d->lent = s;
		d->offer = true;
		return NULL;
	}
	return put(d, at + had, &s);
}

const char *
down_eof(struct down *d, uint64_t now, const struct hlnk2 *h)
{
	uint64_t	 seen = d->nruns > 0 ? d->runs[d->nruns - 1].end :
	    down_here(d);

	if (d->state != DOWN_OPEN) {
		d->ack_at = now;
		return h->offset == d->fin ? NULL : "the peer moved its end";
	}
	if (h->offset < seen || h->offset > INT64_MAX)
		return "the peer ended before what it sent";
	d->fin = h->offset;
	d->state = DOWN_FIN;
	return NULL;
}

bool
down_settle(struct down *d)
{
	struct span	 s = d->lent;

	d->lent.n = 0;
	d->offer = d->offer || s.n > 0;
	return ring_put(&d->ring, s.p, s.n);
}

bool
down_offer(struct down *d, struct span *s)
{
	if (!d->offer)
		return false;
	d->offer = false;
	*s = d->lent.n > 0 ? d->lent : ring_at(&d->ring, d->ring.start);
	d->offered = s->n;
	return s->n > 0;
}

struct span
down_pending(struct down *d)
{
	struct span	 s = ring_at(&d->ring, d->ring.start);

	d->offered = s.n;
	return s;
}

/*
 * The ack rules of hotlink-dialect.md 3. The delay runs from the first write
 * not told, or a steady trickle would never be acknowledged. A sender at its
 * limit is told at once, but not of every crumb a slow reader takes. Over a
 * long path what is not told is missing from the window: so a 16th of it does,
 * but no more often than costs nothing.
 */
static void
owe_ack(struct down *d, uint64_t now)
{
	uint64_t	 news = d->ring.start - d->acked;
	bool		 at_limit = down_here(d) == d->promised;
	bool		 some = news >= d->window / 16;

	if (news >= d->window / 4 ||
	    (some && now >= d->told_at + FLOW_ACK_GAP) ||
	    (at_limit && (some || d->ring.start == d->promised)))
		d->ack_at = now;
	else if (d->ack_at == NEVER)
		d->ack_at = now + FLOW_ACK_DELAY;
}

bool
down_wrote(struct down *d, uint64_t now, size_t n)
{
	bool	 ok = true;

	if (d->lent.n > 0) {
		assert(n <= d->lent.n);
		ring_skip(&d->ring, n);
		d->lent.p += n;
		d->lent.n -= n;
		ok = down_settle(d);
		d->offer = false;
	} else {
		ring_drop(&d->ring, d->ring.start + n);
		/* A whole piece was taken: more may go at once. */
		d->offer = n == d->offered && ring_used(&d->ring) > 0;
	}
	d->offered = 0;
	if (n > 0)
		owe_ack(d, now);
	return ok;
}

bool
down_hurries(struct down *d, uint64_t now)
{
	bool	 late = d->lap_at != NEVER && now > d->lap_at + FLOW_LAP;
	bool	 quarter = d->ring.start - d->lap >= d->window / 4;

	if (late || quarter)
		d->lap = d->ring.start;
	if (late || quarter || d->lap_at == NEVER)
		d->lap_at = now;
	return quarter && !late;
}

bool
down_shut(struct down *d, uint64_t now)
{
	if (d->state != DOWN_FIN || d->ring.start != d->fin || d->lent.n > 0)
		return false;
	d->state = DOWN_SHUT;
	d->ack_at = now;
	return true;
}

void
down_ack(const struct down *d, struct hlnk2 *h)
{
	h->type = HLNK_ACK;
	h->offset = d->ring.start + (d->state == DOWN_SHUT ? 1 : 0);
	h->limit = d->ring.start + d->window;
	if (h->limit < d->promised)
		h->limit = d->promised;
}

void
down_acked(struct down *d, uint64_t now, const struct hlnk2 *h)
{
	if (h->limit > d->promised)
		d->promised = h->limit;
	d->acked = d->ring.start;
	d->told_at = now;
	d->ack_at = NEVER;
}
