/*
 * A model of the path and what follows from it; draft-ietf-ccwg-bbr has the
 * reasoning and most constants. What is simpler or different here:
 *
 * - No state per packet. Every acknowledgement leaves a mark: time, and what
 *   was delivered and lost by then. The send time of what is acknowledged
 *   finds the mark that was current, and the difference between now and then
 *   is the sample: rate, loss, and what was under way.
 * - Loss alone lowers nothing below LOSSY without a queue, 2 per cent with
 *   one. A queue is seen by the least round trip of a whole round.
 * - Two rounds at less than half of the rate and twice the round trip mean
 *   that the path has become slower, or longer: its round trip is measured at
 *   once, with a quarter of it under way, and the rate anew.
 * - Who finds a queue where it makes none shares the path. It asks for more as
 *   long as its rate grows by that: the smaller a part of the path, the more.
 *   And if the queue runs over from that, it leaves some of what it had. So
 *   who came first and who came later have the same, and sooner.
 */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "sctp/bbr.h"

enum {
	UNIT = 256,			/* gains are in 256ths */
	MARKS = 256, MARKS_PER_RTT = 64,
	FIRST = 10, LEAST = 4,		/* cwnd in packets */
	SLOWEST = 8,			/* packets a second */
	FULL_ROUNDS = 3,		/* of startup that did not help */
	LOSSY = 8, LOSSY_QUEUE = 2,	/* per cent */
	LOSSES = 8, LOSSES_QUEUE = 2,	/* packets */
	SLOW_ROUNDS = 2,
	UP_ROUNDS = 4, DOWN_ROUNDS = 4,
	EXTRA_ROUNDS = 5,
	CYCLE = 1 * SEC,		/* and a random time like it; or, */
	PATIENT = 4,			/* what ran over, so much later; */
	PATIENT_SHARED = 2,		/* others may leave some meanwhile */
	RTT_EVERY = 5 * SEC, RTT_FOR = 200 * MS,
	SLACK = 250,			/* and it is still the least */
	BURST = 1 * MS,			/* of the rate leave at once */
	BURST_MOST = 256 * 1024,
	CATCH_UP = 10 * MS,		/* of it at most, if called late */
	MARGIN = 253,			/* the pace is a bit below the rate */
	BETA = 179,			/* 0.7, as CUBIC */
	HEADROOM = 218,			/* 0.85 of the ceiling, for others */
	LESS = 200,			/* 0.78, if others share the path */
	GROWTH = 280,			/* in a round, by a tenth */
};

/* 2/ln 2 finds the rate as soon as possible; its inverse drains. */
static const struct { uint16_t pace, cwnd; } gains[BBR_PHASES] = {
	[BBR_STARTUP]	= { 710, 512 },
	[BBR_DRAIN]	= { 90, 512 },
	[BBR_DOWN]	= { 230, 512 },
	[BBR_CRUISE]	= { 256, 512 },
	[BBR_REFILL]	= { 256, 512 },
	[BBR_UP]	= { 320, 576 },
	[BBR_RTT]	= { 256, 128 },
};

struct mark {
	uint64_t	 at, delivered, lost;
	uint64_t	 sent_at;	/* of the latest that had arrived */
	bool		 limited;
};

/* What one acknowledgement says of the last round trip. */
struct sample {
	uint64_t	 rtt, rate;	/* rate 0: unknown */
	uint64_t	 delivered, lost;
	uint64_t	 before;	/* delivered when it was sent */
	bool		 limited;
};

struct bbr {
	enum bbr_phase	 phase;
	size_t		 mtu;
	uint64_t	 now, random;
	uint64_t	 delivered, lost;
	uint64_t	 limited;	/* until so much is delivered */
	struct mark	 mark[MARKS];	/* the newest is mark[last] */
	unsigned	 last, marks;

	/* of the acknowledgement that is being read */
	uint64_t	 sent_at;	/* 0: none of what was sent once */
	size_t		 acked, given_up;
	uint64_t	 latest;	/* sent_at of all so far */
	uint64_t	 since;		/* what was sent before says nothing */

	/* the model */
	uint64_t	 rates[2];	/* best of this cycle and the last */
	uint64_t	 rate, rate_lo;	/* lo: NEVER is none */
	uint64_t	 rtt;		/* the latest */
	uint64_t	 rtt_min, rtt_at, rtt_low;
	uint64_t	 spread;
	uint64_t	 rtts[2];	/* least of this cycle and the last */
	uint64_t	 inflight_hi, inflight_lo, step;
	uint64_t	 extra[2], extra_at, extra_acked;
	unsigned	 extra_rounds;

	/* the round */
	bool		 round;		/* one began with this */
	uint64_t	 round_end;	/* when so much is delivered */
	uint64_t	 round_delivered, round_lost;	/* at its start */
	uint64_t	 round_rtt, round_rate, round_inflight;
	bool		 round_limited;
	uint64_t	 rate_was[2];	/* of the rounds before */
	uint64_t	 rtt_was;	/* 0: the sender had too little */

	bool		 filled;	/* the rate was found */
	bool		 gave_up;	/* by losses, not by the rate */
	uint64_t	 full_rate;
	unsigned	 full_rounds, slow_rounds, phase_rounds;
	uint64_t	 cycle_at, wait;
	bool		 shared;	/* by others, as it was seen last */
	uint64_t	 rtt_until;	/* of BBR_RTT; NEVER: not down yet */

	size_t		 cwnd, cwnd_before;	/* a timeout */
	bool		 timed_out;
	uint64_t	 pace;
	int64_t		 credit;
	uint64_t	 credit_at;
};

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
scale(uint64_t v, unsigned gain)
{
	return v == NEVER ? v : v * gain / UNIT;
}

static uint64_t
random_below(struct bbr *b, uint64_t n)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	return b->random % n;
}

/* The model */

static uint64_t
rate_now(const struct bbr *b)
{
	return least(b->rate, b->rate_lo);
}

/*
 * The round trip when our own queue was gone, of which others may have one.
 * With less under way than it takes to hold our rate through their queue, we
 * would have less and less of the path.
 */
static uint64_t
base_rtt(const struct bbr *b)
{
	uint64_t	 rtt = least(b->rtts[0], b->rtts[1]);

	return rtt == NEVER ? b->rtt_min : most(rtt, b->rtt_min);
}

static uint64_t
under_way(const struct bbr *b, uint64_t rtt, unsigned gain)
{
	if (rtt == NEVER)
		return FIRST * b->mtu;
	return scale(rate_now(b) * (rtt + b->spread) / SEC, gain);
}

/* What fills the path and no queue. */
static uint64_t
bdp(const struct bbr *b, unsigned gain)
{
	return under_way(b, b->rtt_min, gain);
}

static size_t
burst(const struct bbr *b)
{
	return (size_t)least(most(b->pace * BURST / SEC, 2 * b->mtu),
	    BURST_MOST);
}

static bool
is_queued(const struct bbr *b, uint64_t rtt)
{
	return b->rtt_min != NEVER && rtt > b->rtt_min / 8 * 9 + MS + b->spread;
}

static bool
is_too_lossy(const struct bbr *b, uint64_t lost, uint64_t delivered,
    uint64_t rtt)
{
	bool	 queue = is_queued(b, rtt);

	return lost >= (queue ? LOSSES_QUEUE : LOSSES) * b->mtu &&
	    lost * 100 > (lost + delivered) * (queue ? LOSSY_QUEUE : LOSSY);
}

/* Phases */

static void
set_phase(struct bbr *b, enum bbr_phase phase)
{
	b->phase = phase;
	b->phase_rounds = 0;
}

static void
next_rtts(struct bbr *b)
{
	b->rtts[1] = b->rtts[0];
	b->rtts[0] = NEVER;
}

static void
forget_lows(struct bbr *b)
{
	b->rate_lo = b->inflight_lo = NEVER;
}

static void
begin_down(struct bbr *b)
{
	next_rtts(b);
	b->cycle_at = b->now;
	b->wait = CYCLE + random_below(b, CYCLE);
	set_phase(b, BBR_DOWN);
}

/*
 * A queue although we neither ask for more nor hold back is of others, too;
 * but not if it is the sender who holds back, and sends in lumps.
 */
static void
look_around(struct bbr *b)
{
	if (b->phase == BBR_CRUISE)
		b->shared = is_queued(b, b->rtt_was);
}

static void
begin_refill(struct bbr *b)
{
	look_around(b);
	forget_lows(b);
	b->round_end = b->delivered;
	set_phase(b, BBR_REFILL);
}

static void
begin_up(struct bbr *b)
{
	/* A cycle in which the sender had too little has nothing to say. */
	if (b->rates[0] > 0) {
		b->rates[1] = b->rates[0];
		b->rates[0] = 0;
	}
	set_phase(b, BBR_UP);
}

static void
begin_rtt(struct bbr *b)
{
	look_around(b);
	b->rtt_low = b->rtt_until = NEVER;
	set_phase(b, BBR_RTT);
}

static void
restart(struct bbr *b)
{
	b->rates[0] = b->rates[1] = b->rate = b->full_rate = 0;
	b->rtt_min = b->rtts[0] = b->rtts[1] = NEVER;
	b->inflight_hi = NEVER;
	b->step = b->mtu;
	b->extra[0] = b->extra[1] = 0;
	b->filled = b->gave_up = b->shared = false;
	b->full_rounds = b->slow_rounds = 0;
	forget_lows(b);
	set_phase(b, BBR_STARTUP);
}

struct bbr *
bbr_new(size_t mtu, uint64_t seed, uint64_t now)
{
	struct bbr	*b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->mtu = mtu;
	b->random = seed | 1;
	b->now = b->credit_at = b->rtt_at = b->extra_at = now;
	b->cwnd = FIRST * mtu;
	b->mark[0] = (struct mark){ .at = now, .sent_at = now };
	b->marks = 1;
	b->round_rtt = NEVER;
	restart(b);
	return b;
}

void
bbr_free(struct bbr *b)
{
	free(b);
}

void
bbr_moved(struct bbr *b, uint64_t now)
{
	b->now = b->since = now;
	b->cwnd = FIRST * b->mtu;
	b->pace = 0;
	restart(b);
}

/* Samples */

static struct mark *
newest(struct bbr *b)
{
	return &b->mark[b->last];
}

static void
leave_mark(struct bbr *b, bool fresh)
{
	uint64_t	 gap = b->rtt / MARKS_PER_RTT;

	if (!fresh && b->now < newest(b)->at + gap)
		return;
	b->last = (b->last + 1) % MARKS;
	b->marks += b->marks < MARKS;
	*newest(b) = (struct mark){
		.at = b->now, .delivered = b->delivered, .lost = b->lost,
		.sent_at = fresh ? b->now : b->latest,
		.limited = b->limited > b->delivered,
	};
}

/* The mark that was the newest at that time, or the oldest that is left. */
static const struct mark *
mark_of(const struct bbr *b, uint64_t at)
{
	unsigned	 lo = 0, hi = b->marks - 1, mid, i;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		i = (b->last + MARKS - mid) % MARKS;
		if (b->mark[i].at <= at)
			hi = mid;
		else
			lo = mid + 1;
	}
	return &b->mark[(b->last + MARKS - lo) % MARKS];
}

/* False: there was nothing to learn from. */
static bool
take_sample(struct bbr *b, struct sample *s)
{
	const struct mark	*m;
	uint64_t		 took;

	if (b->sent_at == 0 || b->sent_at > b->now || b->sent_at < b->since)
		return false;
	m = mark_of(b, b->sent_at);
	s->rtt = most(b->now - b->sent_at, 1);
	s->delivered = b->delivered - m->delivered;
	s->lost = b->lost - m->lost;
	s->before = m->delivered;
	s->limited = m->limited;
	/* Neither a burst sent nor acknowledgements in a burst are a rate. */
	took = most(b->now - m->at, b->sent_at > m->sent_at ?
	    b->sent_at - m->sent_at : 0);
	s->rate = took > 0 ? s->delivered * SEC / took : 0;
	return true;
}

static void
learn_rate(struct bbr *b, const struct sample *s)
{
	b->round_rate = most(b->round_rate, s->rate);
	b->round_inflight = most(b->round_inflight, s->delivered);
	b->round_limited |= s->limited;
	if (s->limited && s->rate < b->rate)
		return;
	b->rates[0] = most(b->rates[0], s->rate);
	b->rate = most(b->rates[0], b->rates[1]);
}

static void
learn_rtt(struct bbr *b, const struct sample *s)
{
	b->rtt = s->rtt;
	b->round_rtt = least(b->round_rtt, s->rtt);
	b->rtt_low = least(b->rtt_low, s->rtt);
	b->rtts[0] = least(b->rtts[0], s->rtt);
	if (b->rtt_min == NEVER ||
	    s->rtt <= b->rtt_min + most(b->rtt_min / 32, SLACK))
		b->rtt_at = b->now;
	b->rtt_min = least(b->rtt_min, s->rtt);
}

/* Acknowledgements come in lumps: what more came than the rate explains. */
static void
learn_extra(struct bbr *b)
{
	uint64_t	 due = rate_now(b) * (b->now - b->extra_at) / SEC;

	if (b->extra_acked <= due || b->now - b->extra_at > SEC) {
		b->extra_at = b->now;
		b->extra_acked = due = 0;
	}
	b->extra_acked += b->acked;
	b->extra[0] = most(b->extra[0],
	    least(b->extra_acked - least(due, b->extra_acked), b->cwnd));
	if (b->round && ++b->extra_rounds >= EXTRA_ROUNDS) {
		b->extra_rounds = 0;
		b->extra[1] = b->extra[0];
		b->extra[0] = 0;
	}
}

/* What a whole round has shown */

static void
check_full(struct bbr *b)
{
	uint64_t	 lost = b->lost - b->round_lost;

	if (b->filled)
		return;
	if (is_too_lossy(b, lost, b->delivered - b->round_delivered,
	    b->round_rtt)) {
		b->filled = b->gave_up = true;
		b->inflight_hi = most(bdp(b, UNIT), b->round_inflight);
		return;
	}
	if (b->round_limited)
		return;
	if (b->rate >= b->full_rate + b->full_rate / 4) {
		b->full_rate = b->rate;
		b->full_rounds = 0;
		return;
	}
	/* What stands in a queue already is a stronger sign. */
	b->full_rounds += b->round_rtt > base_rtt(b) / 8 * 9 + MS ? 2 : 1;
	b->filled = b->full_rounds >= FULL_ROUNDS;
}

/* Somebody's queue runs over: less, until the next time that we ask. */
static void
check_loss(struct bbr *b)
{
	uint64_t	 lost = b->lost - b->round_lost;

	if (b->phase != BBR_DOWN && b->phase != BBR_CRUISE)
		return;
	if (!(lost > 0 && is_queued(b, b->round_rtt)) && !is_too_lossy(b, lost,
	    b->delivered - b->round_delivered, b->round_rtt))
		return;
	if (b->rate_lo == NEVER)
		b->rate_lo = b->rate;
	if (b->inflight_lo == NEVER)
		b->inflight_lo = b->cwnd;
	b->rate_lo = most(b->round_rate, scale(b->rate_lo, BETA));
	b->inflight_lo = most(b->round_inflight,
	    scale(b->inflight_lo, BETA));
}

static void
check_slow(struct bbr *b)
{
	if (b->filled && b->phase != BBR_RTT && !b->round_limited &&
	    b->round_rate < rate_now(b) / 2 &&
	    b->round_rtt > 2 * base_rtt(b))
		b->slow_rounds++;
	else
		b->slow_rounds = 0;
	if (b->slow_rounds < SLOW_ROUNDS)
		return;
	b->slow_rounds = 0;
	b->rates[0] = b->rates[1] = b->rate = b->round_rate;
	forget_lows(b);
	begin_rtt(b);
}

static void
check_round(struct bbr *b, const struct sample *s)
{
	b->round = s->before >= b->round_end;
	if (!b->round)
		return;
	b->phase_rounds++;
	check_full(b);
	check_loss(b);
	check_slow(b);
	if (!b->filled)
		next_rtts(b);
	b->round_end = b->delivered;
	b->round_delivered = b->delivered;
	b->round_lost = b->lost;
	b->rate_was[1] = b->rate_was[0];
	b->rate_was[0] = b->round_rate;
	b->rtt_was = b->round_limited ? 0 : b->round_rtt;
	b->round_rtt = NEVER;
	b->round_rate = b->round_inflight = 0;
	b->round_limited = false;
}

/* Phases: when each is over */

static void
in_startup(struct bbr *b, const struct sample *s, size_t flight)
{
	(void)s;
	(void)flight;
	if (b->filled)
		set_phase(b, BBR_DRAIN);
}

static void
in_drain(struct bbr *b, const struct sample *s, size_t flight)
{
	(void)s;
	if (flight <= bdp(b, UNIT))
		begin_down(b);
}

static void
in_down(struct bbr *b, const struct sample *s, size_t flight)
{
	(void)s;
	if ((flight <= bdp(b, UNIT) && flight <=
	    scale(least(b->inflight_hi, UINT32_MAX), HEADROOM)) ||
	    b->phase_rounds >= DOWN_ROUNDS)
		set_phase(b, BBR_CRUISE);
}

static void
in_cruise(struct bbr *b, const struct sample *s, size_t flight)
{
	(void)s;
	(void)flight;
	if (b->now >= b->cycle_at + b->wait)
		begin_refill(b);
}

static void
in_refill(struct bbr *b, const struct sample *s, size_t flight)
{
	(void)s;
	(void)flight;
	if (b->phase_rounds > 0)
		begin_up(b);
}

/* It takes a round until the rate can tell. */
static bool
grows(const struct bbr *b)
{
	return b->phase_rounds < 2 ||
	    b->rate_was[0] >= scale(b->rate_was[1], GROWTH);
}

/*
 * Up goes on as long as the rate grows with it, since then there is not a
 * quarter more under way than the path holds; or there is, but of others.
 */
static void
in_up(struct bbr *b, const struct sample *s, size_t flight)
{
	if (is_too_lossy(b, s->lost, s->delivered, s->rtt)) {
		b->inflight_hi = most(b->shared ? scale(s->delivered, LESS) :
		    s->delivered, scale(bdp(b, UNIT), BETA));
		b->step = b->mtu;
		begin_down(b);
		b->wait *= b->shared ? PATIENT_SHARED : PATIENT;
		return;
	}
	if (b->inflight_hi != NEVER && b->round &&
	    flight + burst(b) >= b->inflight_hi) {
		b->inflight_hi += b->step;
		b->step *= 2;
	}
	if ((b->phase_rounds > 0 && !(b->shared && grows(b)) &&
	    flight >= under_way(b, base_rtt(b), 320)) ||
	    b->phase_rounds >= UP_ROUNDS)
		begin_down(b);
}

static void
in_rtt(struct bbr *b, const struct sample *s, size_t flight)
{
	(void)s;
	if (b->rtt_until == NEVER) {
		if (flight <= bdp(b, 128) + burst(b) ||
		    flight <= LEAST * b->mtu || b->phase_rounds > 1) {
			b->rtt_until = b->now + RTT_FOR;
			b->rtt_low = NEVER;
		}
		return;
	}
	if (b->now < b->rtt_until)
		return;
	if (b->rtt_low != NEVER)
		b->rtt_min = b->rtts[0] = b->rtts[1] = b->rtt_low;
	b->rtt_at = b->now;
	if (!b->filled)
		set_phase(b, BBR_STARTUP);
	else
		begin_refill(b);
}

static void (*const in_phase[BBR_PHASES])(struct bbr *, const struct sample *,
    size_t) = {
	[BBR_STARTUP]	= in_startup,
	[BBR_DRAIN]	= in_drain,
	[BBR_DOWN]	= in_down,
	[BBR_CRUISE]	= in_cruise,
	[BBR_REFILL]	= in_refill,
	[BBR_UP]	= in_up,
	[BBR_RTT]	= in_rtt,
};

/* What follows from the model */

static uint64_t
ceiling(const struct bbr *b)
{
	uint64_t	 hi = b->inflight_hi;

	if (hi != NEVER && (b->phase == BBR_CRUISE || b->phase == BBR_DOWN))
		hi = scale(hi, HEADROOM);
	if (b->phase == BBR_RTT)
		hi = least(hi, bdp(b, gains[BBR_RTT].cwnd));
	return most(least(hi, b->inflight_lo), LEAST * b->mtu);
}

static void
set_cwnd(struct bbr *b)
{
	uint64_t	 target = under_way(b, base_rtt(b),
			    gains[b->phase].cwnd) +
			    3 * most(rate_now(b) * BURST / SEC, 2 * b->mtu);

	if (b->filled)
		target += most(b->extra[0], b->extra[1]);

	if (b->timed_out) {
		b->timed_out = false;
		b->cwnd = most(b->cwnd, b->cwnd_before);
	}
	if (b->filled)
		b->cwnd = least(b->cwnd + b->acked, target);
	else if (b->cwnd < target)
		b->cwnd += b->acked;
	b->cwnd = most(b->cwnd, LEAST * b->mtu);
}

/* A quarter of the round trip may be caught up with, if we come too late. */
static uint64_t
late(const struct bbr *b)
{
	return most(least(b->rtt_min / 4, CATCH_UP), BURST);
}

static void
settle(struct bbr *b, uint64_t now)
{
	int64_t		 depth;
	uint64_t	 time = now - b->credit_at;

	b->credit_at = now;
	if (b->pace == 0)
		return;
	depth = (int64_t)(2 * burst(b) + b->pace * late(b) / SEC);
	b->credit += (int64_t)(b->pace * least(time, SEC) / SEC);
	if (b->credit > depth)
		b->credit = depth;
	if (b->credit < -depth)
		b->credit = -depth;
}

/* Until the rate is known the first window in a round trip is one. */
static void
set_pace(struct bbr *b)
{
	uint64_t	 rate = rate_now(b), pace;

	if (!b->filled)
		rate = most(rate, FIRST * b->mtu * SEC / b->rtt_min);
	pace = scale(scale(rate, gains[b->phase].pace), MARGIN);
	pace = most(pace, SLOWEST * b->mtu);
	if (!b->filled && pace < b->pace)
		return;
	settle(b, b->now);
	b->pace = pace;
}

/* Told */

void
bbr_acked(struct bbr *b, uint64_t sent_at, size_t n, bool first)
{
	b->acked += n;
	if (first && sent_at > b->sent_at)
		b->sent_at = sent_at;
}

void
bbr_lost(struct bbr *b, size_t n)
{
	b->given_up += n;
}

void
bbr_spread(struct bbr *b, uint64_t spread)
{
	b->spread = spread;
}

void
bbr_mistaken(struct bbr *b)
{
	b->inflight_hi = NEVER;
	b->step = b->mtu;
	b->round_lost = b->lost;
	forget_lows(b);
	if (!b->gave_up)
		return;
	b->filled = b->gave_up = false;
	set_phase(b, BBR_STARTUP);
}

void
bbr_update(struct bbr *b, uint64_t now, size_t flight)
{
	struct sample	 s;

	b->now = now;
	b->delivered += b->acked;
	b->lost += b->given_up;
	b->round = false;
	if (take_sample(b, &s)) {
		b->latest = most(b->latest, b->sent_at);
		learn_rtt(b, &s);
		learn_rate(b, &s);
		check_round(b, &s);
		learn_extra(b);
		if (b->phase != BBR_RTT && now >= b->rtt_at + RTT_EVERY)
			begin_rtt(b);
		in_phase[b->phase](b, &s, flight);
		set_pace(b);
	}
	if (b->acked > 0) {
		set_cwnd(b);
		leave_mark(b, false);
	}
	b->acked = b->given_up = 0;
	b->sent_at = 0;
}

/* As if nothing was known but that it was once possible: one packet tells. */
void
bbr_timeout(struct bbr *b)
{
	if (!b->timed_out)
		b->cwnd_before = b->cwnd;
	b->timed_out = true;
	b->cwnd = b->mtu;
}

void
bbr_sent(struct bbr *b, uint64_t now, size_t n, size_t flight)
{
	b->now = now;
	/* Time without anything under way is no part of a rate. */
	if (flight == 0)
		leave_mark(b, true);
	settle(b, now);
	if (b->pace != 0)
		b->credit -= (int64_t)n;
}

void
bbr_limited(struct bbr *b, size_t flight)
{
	b->limited = b->delivered + flight;
	newest(b)->limited = true;
}

size_t
bbr_cwnd(const struct bbr *b)
{
	return (size_t)least(b->cwnd, b->timed_out ? b->cwnd : ceiling(b));
}

size_t
bbr_budget(struct bbr *b, uint64_t now)
{
	if (b->pace == 0)
		return SIZE_MAX / 2;
	settle(b, now);
	if (b->timed_out)
		return b->mtu;
	return b->credit >= (int64_t)burst(b) ? (size_t)b->credit : 0;
}

uint64_t
bbr_next(const struct bbr *b)
{
	int64_t	 want = (int64_t)burst(b) - b->credit;

	if (b->pace == 0 || want <= 0)
		return b->credit_at;
	return b->credit_at + ((uint64_t)want * SEC + b->pace - 1) / b->pace;
}

uint64_t
bbr_rate(const struct bbr *b)
{
	return rate_now(b);
}

uint64_t
bbr_rtt_min(const struct bbr *b)
{
	return b->rtt_min;
}

void
bbr_info(const struct bbr *b, struct bbr_info *i)
{
	*i = (struct bbr_info){ .phase = b->phase, .pace = b->pace };
}
