/*
 * What is late and what is lost, by the times of sending and arrival alone.
 */
#include "base/time.h"
#include "sctp/reorder.h"
#include "support/test.h"

enum { RTT = 50 * MS, RTT_MIN = 40 * MS };

static struct reorder	 r;

static void
arrives(uint64_t sent_at, uint64_t now)
{
	reorder_acked(&r, now, sent_at, true, RTT, RTT_MIN);
}

static void
arrives_again(uint64_t sent_at, uint64_t now)
{
	reorder_acked(&r, now, sent_at, false, RTT, RTT_MIN);
}

static void
a_path_in_order_has_no_window(void **state)
{
	(void)state;
	reorder_forget(&r);
	for (uint64_t t = SEC; t < 2 * SEC; t += MS)
		arrives(t, t + RTT);
	EQ(reorder_window(&r), 0);
	EQ(reorder_until(&r, 2 * SEC - 5 * MS), 0);
}

static void
what_comes_late_is_waited_for_as_long_and_a_bit(void **state)
{
	uint64_t	 now = SEC + 20 * MS + RTT;

	(void)state;
	reorder_forget(&r);
	arrives(SEC, SEC + RTT);
	arrives(SEC + 20 * MS, now);
	arrives(SEC + 12 * MS, now);
	EQ(reorder_window(&r), 10 * MS);
	EQ(reorder_until(&r, SEC + 15 * MS), now + 5 * MS);
	/* It was due when the latest arrived. */
	CHECK(reorder_until(&r, SEC + 9 * MS) < now);
}

/* It was given up, and its first copy was faster than any second can be. */
static void
what_was_given_up_too_early_widens_it(void **state)
{
	(void)state;
	reorder_forget(&r);
	arrives_again(SEC, SEC + RTT_MIN / 2);
	EQ(reorder_window(&r), RTT_MIN / 4 * 5 / 4);
	arrives_again(SEC + MS, SEC + RTT_MIN / 2 + MS);
	EQ(reorder_window(&r), RTT_MIN / 4 * 5 / 4);
	arrives_again(SEC + RTT, SEC + RTT + RTT_MIN / 2);
	EQ(reorder_window(&r), RTT_MIN / 2 * 5 / 4);
	/* This one may be the second copy. */
	arrives_again(SEC + 3 * RTT, SEC + 4 * RTT);
	EQ(reorder_window(&r), RTT_MIN / 2 * 5 / 4);
}

static void
never_more_than_a_round_trip_is_learnt(void **state)
{
	(void)state;
	reorder_forget(&r);
	arrives(5 * SEC, 5 * SEC + RTT);
	arrives(SEC, 5 * SEC + RTT);
	EQ(reorder_window(&r), RTT + RTT / 4);
	for (uint64_t t = 6 * SEC; t < 9 * SEC; t += RTT)
		arrives_again(t, t + 1);
	EQ(reorder_window(&r), RTT + RTT / 4);
}

static void
a_path_that_keeps_order_again_is_believed(void **state)
{
	(void)state;
	reorder_forget(&r);
	arrives(SEC + 20 * MS, SEC + 20 * MS + RTT);
	arrives(SEC, SEC + 20 * MS + RTT);
	CHECK(reorder_window(&r) > 0);
	for (uint64_t t = 2 * SEC; t < 25 * SEC; t += 100 * MS)
		arrives(t, t + RTT);
	EQ(reorder_window(&r), 0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_path_in_order_has_no_window),
		cmocka_unit_test(what_comes_late_is_waited_for_as_long_and_a_bit),
		cmocka_unit_test(what_was_given_up_too_early_widens_it),
		cmocka_unit_test(never_more_than_a_round_trip_is_learnt),
		cmocka_unit_test(a_path_that_keeps_order_again_is_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
