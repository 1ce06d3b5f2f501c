/*
 * The model alone: a path of one rate and delay that is a line of arithmetic,
 * and whatever else it may be told. tests/sctp/path.c has real paths.
 */
#include "base/time.h"
#include "sctp/bbr.h"
#include "support/oom.h"
#include "support/test.h"

enum {
	MTU = 1200,
	RTT = 40 * MS,
	RATE = 3000000,			/* bytes a second: a packet in 400 us */
	GAP = (uint64_t)MTU * SEC / RATE,
	BDP = RATE / SEC * RTT,
	PACKETS = 4096,
};

/* What is under way: sent then, and its acknowledgement comes then. */
static struct { uint64_t sent, at; } way[PACKETS];
static unsigned		 head, tail;
static uint64_t		 now, busy;
static struct bbr	*b;

static void
begin(void)
{
	head = tail = 0;
	now = busy = SEC;
	bbr_free(b);
	b = bbr_new(MTU, 1, now);
	CHECK(b != NULL);
}

static void
finish(void)
{
	bbr_free(b);
	b = NULL;
}

static size_t
flight(void)
{
	return (size_t)(tail - head) * MTU;
}

static void
send_one(void)
{
	if (busy < now)
		busy = now;
	busy += GAP;
	way[tail % PACKETS].sent = now;
	way[tail++ % PACKETS].at = busy + RTT;
	bbr_sent(b, now, MTU, flight() - MTU);
}

/* As many as it allows, at most n; the last of them. */
static unsigned
send_some(unsigned n)
{
	unsigned	 sent = 0;

	while (sent < n && flight() < bbr_cwnd(b) && bbr_budget(b, now) > 0) {
		send_one();
		sent++;
	}
	return sent;
}

static void
hear(void)
{
	uint64_t	 at = way[head % PACKETS].at;

	now = at;
	while (head != tail && way[head % PACKETS].at <= at) {
		bbr_acked(b, way[head % PACKETS].sent, MTU, true);
		head++;
	}
	bbr_update(b, now, flight());
}

/* A sender with as much to send as it may, for that time. */
static void
run(uint64_t time)
{
	uint64_t	 end = now + time, next;

	while (now < end) {
		send_some(PACKETS);
		next = head != tail ? way[head % PACKETS].at : NEVER;
		if (flight() < bbr_cwnd(b) && bbr_next(b) < next)
			now = bbr_next(b) > now ? bbr_next(b) : now + 1;
		else
			hear();
	}
}

static struct bbr_info
info(void)
{
	struct bbr_info	 i;

	bbr_info(b, &i);
	return i;
}

static void
at_first_ten_packets_may_go_at_once(void **state)
{
	(void)state;
	begin();
	EQ(send_some(PACKETS), 10);
	EQ(info().pace, 0);
	EQ(bbr_rtt_min(b), NEVER);
	finish();
}

static void
the_rate_and_the_round_trip_are_found(void **state)
{
	(void)state;
	begin();
	run(SEC);
	CHECK(info().phase != BBR_STARTUP);
	CHECK(bbr_rate(b) > RATE / 100 * 97 && bbr_rate(b) < RATE / 100 * 105);
	CHECK(bbr_rtt_min(b) >= RTT && bbr_rtt_min(b) <= RTT + 2 * GAP);
	CHECK(bbr_cwnd(b) > BDP && bbr_cwnd(b) < 3 * BDP);
	finish();
}

/* Every phase comes, and never more than two round trips under way. */
static void
in_the_long_run_little_waits_in_the_queue(void **state)
{
	unsigned	 seen[BBR_PHASES] = { 0 }, high = 0;

	(void)state;
	begin();
	run(2 * SEC);
	for (int i = 0; i < 6000; i++) {
		run(2 * MS);
		seen[info().phase]++;
		high += flight() > BDP + BDP / 4;
	}
	CHECK(seen[BBR_DOWN] && seen[BBR_CRUISE] && seen[BBR_REFILL] &&
	    seen[BBR_UP]);
	CHECK(high < 600);
	finish();
}

static void
the_pace_is_even(void **state)
{
	unsigned	 most = 0, n;

	(void)state;
	begin();
	run(3 * SEC);
	for (int i = 0; i < 1000; i++) {
		n = tail;
		run(MS);
		if (tail - n > most)
			most = tail - n;
	}
	/* a packet in 400 us: a burst of two or three, and what was late */
	CHECK(most <= 20);
	finish();
}

static void
a_timeout_leaves_one_packet_until_the_first_answer(void **state)
{
	size_t	 before;

	(void)state;
	begin();
	run(3 * SEC);
	before = bbr_cwnd(b);
	bbr_timeout(b);
	bbr_timeout(b);
	EQ(bbr_cwnd(b), MTU);
	head = tail;
	now += SEC;
	EQ(send_some(PACKETS), 1);
	hear();
	CHECK(bbr_cwnd(b) >= before / 2);
	CHECK(bbr_rate(b) > RATE / 100 * 95);
	finish();
}

static void
another_path_is_learnt_from_nothing(void **state)
{
	(void)state;
	begin();
	run(3 * SEC);
	bbr_moved(b, now);
	EQ(info().phase, BBR_STARTUP);
	EQ(bbr_rtt_min(b), NEVER);
	EQ(bbr_cwnd(b), 10 * MTU);
	run(SEC);
	CHECK(bbr_rate(b) > RATE / 100 * 97);
	finish();
}

/* Three packets each round trip: as much as there was, and nobody's rate. */
static void
a_sender_with_little_to_send_proves_nothing(void **state)
{
	uint64_t	 rate;

	(void)state;
	begin();
	run(3 * SEC);
	rate = bbr_rate(b);
	for (int i = 0; i < 1000; i++) {
		while (head != tail)
			hear();
		now += RTT;
		send_some(3);
		bbr_limited(b, flight());
	}
	CHECK(bbr_rate(b) >= rate / 100 * 99);
	while (head != tail)
		hear();
	run(100 * MS);
	CHECK(flight() > BDP / 2);
	finish();
}

/* In startup it is not taken for a path that has shown what it can. */
static void
little_to_send_at_first_does_not_end_the_search(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 100; i++) {
		send_some(3);
		bbr_limited(b, flight());
		while (head != tail)
			hear();
		now += 10 * MS;
	}
	EQ(info().phase, BBR_STARTUP);
	run(SEC);
	CHECK(bbr_rate(b) > RATE / 100 * 97);
	finish();
}

/* Answers in lumps of 20 ms, as a busy receiver or a radio link gives them. */
static void
answers_in_lumps_leave_the_rate_what_it_is(void **state)
{
	uint64_t	 end;

	(void)state;
	begin();
	for (end = now + 4 * SEC; now < end; now += 20 * MS) {
		send_some(PACKETS);
		while (head != tail && way[head % PACKETS].at <= now) {
			bbr_acked(b, way[head % PACKETS].sent, MTU, true);
			head++;
		}
		bbr_update(b, now, flight());
	}
	CHECK(bbr_rate(b) > RATE / 100 * 90 && bbr_rate(b) < RATE / 100 * 115);
	finish();
}

static uint64_t
random_of(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/*
 * Nonsense in any order: it always allows something, or says when, and then
 * there is something.
 */
static void
whatever_it_is_told_it_goes_on(void **state)
{
	uint64_t	 x = 88172645463325252, at;

	(void)state;
	printf("seed %llu\n", (unsigned long long)x);
	for (int round = 0; round < 200; round++) {
		begin();
		for (int i = 0; i < 2000; i++) {
			now += random_of(&x) % (1 << random_of(&x) % 24);
			switch (random_of(&x) % 8) {
			case 0:
				bbr_timeout(b);
				break;
			case 1:
				bbr_lost(b, random_of(&x) % 100000);
				break;
			case 2:
				bbr_limited(b, random_of(&x) % 1000000);
				break;
			case 3:
			case 4:
				bbr_sent(b, now, random_of(&x) % 70000,
				    random_of(&x) % 3 * 5000);
				break;
			default:
				bbr_acked(b, now - random_of(&x) % 500000,
				    random_of(&x) % 20000, random_of(&x) % 3);
				bbr_update(b, now, random_of(&x) % 1000000);
			}
			CHECK(bbr_cwnd(b) >= MTU);
			CHECK(bbr_cwnd(b) < (size_t)1 << 40);
			if (bbr_budget(b, now) > 0)
				continue;
			at = bbr_next(b);
			CHECK(at > now && at < now + 3600 * (uint64_t)SEC);
			CHECK(bbr_budget(b, at) > 0);
			now = at;
		}
		finish();
	}
}

static void
an_allocation_that_fails_is_reported(void **state)
{
	(void)state;
	oom_after(1);
	CHECK(bbr_new(MTU, 1, 0) == NULL);
	oom_after(0);
	bbr_free(NULL);
}

#define TEST(name)	cmocka_unit_test(name)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(at_first_ten_packets_may_go_at_once),
		TEST(the_rate_and_the_round_trip_are_found),
		TEST(in_the_long_run_little_waits_in_the_queue),
		TEST(the_pace_is_even),
		TEST(a_timeout_leaves_one_packet_until_the_first_answer),
		TEST(another_path_is_learnt_from_nothing),
		TEST(a_sender_with_little_to_send_proves_nothing),
		TEST(little_to_send_at_first_does_not_end_the_search),
		TEST(answers_in_lumps_leave_the_rate_what_it_is),
		TEST(whatever_it_is_told_it_goes_on),
		TEST(an_allocation_that_fails_is_reported),
	};

	setbuf(stdout, NULL);
	return RUN(tests);
}
