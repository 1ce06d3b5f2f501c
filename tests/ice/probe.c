#include "ice/world.h"

enum { MOST = 16240, V4 = 28, V6 = 48 };

/* Two connected agents, the path between them of this MTU. */
static void
connected(struct world *w, uint64_t seed, size_t headers, size_t mtu,
    unsigned loss)
{
	struct simnet_conf	 conf = { .seed = seed, .delay = 5 * MS };

	setup(w, &conf);
	agent(w, A, true, false, headers == V6 ? "[2001:db8::1]:1000" :
	    "192.0.2.1:1000");
	agent(w, B, false, false, headers == V6 ? "[2001:db8::2]:2000" :
	    "192.0.2.2:2000");
	introduce(w);
	connects(w, 5 * SEC);
	conf.mtu = mtu - headers;
	conf.loss = loss;
	simnet_set(w->net, &conf);
}

static bool
search_is_over(struct world *w)
{
	return !ice_searches_mtu(w->s[A].ice);
}

static void
shrink(struct world *w, size_t payload)
{
	struct simnet_conf	 conf = { .seed = 7, .delay = 5 * MS,
				    .mtu = payload };

	simnet_set(w->net, &conf);
}

static size_t
found(struct world *w, size_t most)
{
	ice_search_mtu(w->s[A].ice, w->now, most, &w->tx);
	CHECK(ice_searches_mtu(w->s[A].ice));
	run(w, 5 * SEC, search_is_over);
	CHECK(search_is_over(w));
	return ice_mtu(w->s[A].ice);
}

static void
a_search_finds_what_the_path_carries(void **state)
{
	static const size_t	 mtu[] = {
		1280, 1380, 1420, 1460, 1492, 1500, 4352, 8192, 9000,
	};
	struct world		 w;
	uint64_t		 began;

	(void)state;
	for (size_t i = 0; i < sizeof(mtu) / sizeof(mtu[0]); i++)
		for (size_t h = V4; h <= V6; h += V6 - V4) {
			connected(&w, i + 1, h, mtu[i], 0);
			began = w.now;
			EQ(found(&w, MOST), (mtu[i] - h) & ~(size_t)3);
			CHECK(w.now - began < 4 * 10 * MS + 20 * MS);
			teardown(&w);
		}
}

static void
a_path_that_carries_all_is_known_after_one_round_trip(void **state)
{
	struct world	 w;
	uint64_t	 began;

	(void)state;
	connected(&w, 1, V4, 65535, 0);
	began = w.now;
	EQ(found(&w, MOST), MOST);
	CHECK(w.now - began <= 10 * MS);
	teardown(&w);
	connected(&w, 1, V4, 65535, 0);
	EQ(found(&w, 1400), 1400);	/* and not more than was asked */
	teardown(&w);
}

static void
a_search_on_a_lossy_path_finds_no_more_than_it_carries(void **state)
{
	struct world	 w;
	size_t		 n, sum = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		connected(&w, seed, V4, 1500, 200);
		n = found(&w, MOST);
		CHECK(n <= 1472);
		sum += n;
		teardown(&w);
	}
	print_message("seeds 1 to 50: %zu on average\n", sum / 50);
	CHECK(sum / 50 > 1300);
}

static void
a_search_that_nobody_answers_ends(void **state)
{
	struct world	 w;
	uint64_t	 began;

	(void)state;
	connected(&w, 3, V4, 65535, 1000);
	began = w.now;
	EQ(found(&w, MOST), 0);
	CHECK(w.now - began < 600 * MS);
	teardown(&w);
}

/* As by a peer, or a machine, that is busy while the search begins. */
static void
a_search_that_is_not_answered_in_time_is_made_again(void **state)
{
	struct world	 w;

	(void)state;
	for (uint64_t busy = 20 * MS; busy <= 200 * MS; busy += 20 * MS) {
		connected(&w, 6, V4, 1500, 0);
		ice_search_mtu(w.s[A].ice, w.now, MOST, &w.tx);
		w.down = true;
		run(&w, busy, NULL);
		CHECK(ice_searches_mtu(w.s[A].ice));
		w.down = false;
		run(&w, 5 * SEC, search_is_over);
		CHECK(search_is_over(&w));
		EQ(ice_mtu(w.s[A].ice), 1472);
		teardown(&w);
	}
}

static bool
size_is_lost(struct world *w)
{
	return ice_mtu_lost(w->s[A].ice);
}

static void
a_look_tells_a_black_hole_from_a_dead_path(void **state)
{
	struct world	 w;

	(void)state;
	connected(&w, 4, V4, 9000, 0);
	EQ(found(&w, MOST), 8972);
	ice_look_at_mtu(w.s[A].ice, w.now, 8972, &w.tx);
	run(&w, 3 * SEC, size_is_lost);
	CHECK(!size_is_lost(&w));

	w.down = true;
	ice_look_at_mtu(w.s[A].ice, w.now, 8972, &w.tx);
	run(&w, 3 * SEC, size_is_lost);
	CHECK(!size_is_lost(&w));

	w.down = false;
	shrink(&w, 1252);
	ice_look_at_mtu(w.s[A].ice, w.now, 8972, &w.tx);
	run(&w, 3 * SEC, size_is_lost);
	CHECK(size_is_lost(&w));
	teardown(&w);
}

static void
probes_end_and_cost_nothing_afterwards(void **state)
{
	struct world		 w;
	struct ice_stats	 before, after;

	(void)state;
	connected(&w, 5, V4, 1500, 0);
	found(&w, MOST);
	run(&w, 1 * SEC, NULL);
	ice_stats(w.s[A].ice, &before);
	run(&w, 1 * SEC, NULL);
	ice_stats(w.s[A].ice, &after);
	EQ(before.checks_sent, after.checks_sent);
	EQ(after.bad_messages, 0);
	EQ(w.foreign, 0);
	teardown(&w);
}

static void
a_lite_agent_searches_nothing(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, false, true, "192.0.2.1:1000");
	agent(&w, B, true, false, "192.0.2.2:2000");
	introduce(&w);
	run(&w, 5 * SEC, both_connected);
	ice_search_mtu(w.s[A].ice, w.now, MOST, &w.tx);
	EQ(w.tx.n, 0);
	CHECK(!ice_searches_mtu(w.s[A].ice));
	/* but answers the other's */
	ice_search_mtu(w.s[B].ice, w.now, MOST, &w.tx);
	run(&w, 1 * SEC, NULL);
	EQ(ice_mtu(w.s[B].ice), MOST);
	teardown(&w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_search_finds_what_the_path_carries),
		cmocka_unit_test(
		    a_path_that_carries_all_is_known_after_one_round_trip),
		cmocka_unit_test(
		    a_search_on_a_lossy_path_finds_no_more_than_it_carries),
		cmocka_unit_test(a_search_that_nobody_answers_ends),
		cmocka_unit_test(
		    a_search_that_is_not_answered_in_time_is_made_again),
		cmocka_unit_test(a_look_tells_a_black_hole_from_a_dead_path),
		cmocka_unit_test(probes_end_and_cost_nothing_afterwards),
		cmocka_unit_test(a_lite_agent_searches_nothing),
	};

	return RUN(tests);
}
