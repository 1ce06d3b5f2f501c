/*
 * Bad paths in virtual time: what tests/live/badpaths shows of the program on
 * a real one. Both sides send, every byte is checked, and what a path does is
 * chance from a seed.
 */
#include "sctp/pool.h"
#include "session/flow.h"
#include "session/world.h"

enum { BYTES = 16 << 20, UDP_OF_1500 = 1472 };

static const struct party_conf	 strict = {
	.dialect1 = true, .mode = MODE_STRICT, .connect_timeout = 60 * SEC,
};

/* Of both sides: whoever is first tells the other. */
static uint64_t
wedges(const struct world *w)
{
	struct party_info	 i;
	uint64_t		 n = 0;

	for (int s = 0; s < 2; s++) {
		party_info(w->side[s].party, &i);
		n += i.wedges;
	}
	return n;
}

/* A connection was never made again, and the relay carried nothing. */
static void
one_connection_did_it(const struct world *w)
{
	struct party_info	 p;
	struct link_info	 l;

	for (int s = 0; s < 2; s++) {
		party_info(w->side[s].party, &p);
		EQ(p.offers, s == 0);
		world_info(w, s, 0, &l);
		EQ(l.tx_ws_packets, 0);
	}
	EQ(wedges(w), 0);
}

static struct world *
begin(uint64_t seed, const struct simnet_conf *path, uint64_t bytes)
{
	struct world	*w = two_sending(seed, &strict, &strict, bytes);

	w->simconf = *path;
	w->simconf.seed = seed;
	w->simconf.mtu = UDP_OF_1500;
	simnet_set(w->net, &w->simconf);
	return w;
}

/* How long that took, of its own time. */
static uint64_t
ends_whole(struct world *w)
{
	uint64_t	 took = w->now;

	CHECK(world_until(w, 3600 * (uint64_t)SEC, all_arrived));
	took = w->now - took;
	print_message("  %u ms\n", (unsigned)(took / MS));
	nothing_was_reset(w);
	/* Nothing more comes, of what was under way or is sent again. */
	world_run(w, 30 * SEC);
	for (int s = 0; s < 2; s++)
		EQ(w->side[s].app[0].got, w->side[1 - s].app[0].to_send);
	return took;
}

static uint64_t
carries_all(uint64_t seed, struct simnet_conf path, uint64_t bytes)
{
	struct world	*w = begin(seed, &path, bytes);
	uint64_t	 took = ends_whole(w);

	one_connection_did_it(w);
	world_free(w);
	return took;
}

static void
a_round_trip_of_50_ms_costs_no_byte(void **state)
{
	(void)state;
	carries_all(301, (struct simnet_conf){ .delay = 25 * MS }, BYTES);
}

static void
one_percent_of_loss_costs_no_byte(void **state)
{
	(void)state;
	carries_all(302, (struct simnet_conf){ .delay = 25 * MS,
	    .loss = 10 }, BYTES);
}

static void
five_percent_out_of_order_cost_no_byte(void **state)
{
	(void)state;
	CHECK(carries_all(303, (struct simnet_conf){ .delay = 25 * MS,
	    .reorder = 50, .hold = 20 * MS }, BYTES) < 3 * SEC);
}

static void
doubled_packets_double_no_byte(void **state)
{
	(void)state;
	carries_all(304, (struct simnet_conf){ .delay = 25 * MS,
	    .dup = 1000 }, BYTES);
	carries_all(305, (struct simnet_conf){ .delay = 25 * MS,
	    .dup = 20 }, BYTES);
}

static void
a_jitter_of_100_ms_costs_no_byte(void **state)
{
	(void)state;
	CHECK(carries_all(306, (struct simnet_conf){ .delay = 25 * MS,
	    .jitter = 100 * MS }, BYTES) < 15 * SEC);
}

static void
all_of_it_at_once_costs_no_byte(void **state)
{
	(void)state;
	for (uint64_t seed = 307; seed < 310; seed++)
		carries_all(seed, (struct simnet_conf){ .delay = 25 * MS,
		    .loss = 10, .dup = 10, .reorder = 50, .hold = 20 * MS,
		    .jitter = 20 * MS }, 1 << 20);
}

/* Everything is lost for that long, in the middle of the transfer. */
static struct world *
through_the_dark(uint64_t seed, uint64_t length)
{
	struct simnet_conf	 path = { .delay = 25 * MS };
	struct world		*w = begin(seed, &path, BYTES);

	CHECK(world_until(w, 600 * (uint64_t)SEC, half_arrived));
	w->simconf.loss = 1000;
	simnet_set(w->net, &w->simconf);
	world_run(w, length);
	CHECK(!all_arrived(w));
	w->simconf.loss = 0;
	simnet_set(w->net, &w->simconf);
	ends_whole(w);
	return w;
}

static void
two_seconds_of_darkness_cost_no_byte(void **state)
{
	(void)state;
	for (uint64_t seed = 311; seed < 314; seed++) {
		struct world	*w = through_the_dark(seed, 2 * SEC);

		one_connection_did_it(w);
		world_free(w);
	}
}

static void
nine_seconds_of_darkness_cost_no_byte(void **state)
{
	(void)state;
	for (uint64_t seed = 314; seed < 317; seed++)
		world_free(through_the_dark(seed, 9 * SEC));
}

/*
 * ICE's small packets come through and nothing else does, of a size that was
 * given, so nobody looks for a smaller one: only the watchdog can tell.
 */
static void
what_is_never_acknowledged_is_sent_on_a_new_connection(void **state)
{
	struct party_conf	 given = strict;
	struct world		*w;

	(void)state;
	given.mtu = 1400;
	for (uint64_t seed = 317; seed < 320; seed++) {
		w = two_sending(seed, &given, &given, BYTES);
		CHECK(world_until(w, 60 * SEC, half_arrived));
		w->simconf.mtu = 1300;
		simnet_set(w->net, &w->simconf);
		world_run(w, 50 * SEC);
		CHECK(!all_arrived(w));
		CHECK(wedges(w) >= 1 && wedges(w) <= 4);
		w->simconf.mtu = 0;
		simnet_set(w->net, &w->simconf);
		ends_whole(w);
		world_free(w);
	}
}

/*
 * Both ends fill a thin path, and beside it one asks with small frames and
 * waits for each: how many it asked, and how many of them took longer.
 */
static unsigned
small_ones(struct world *w, uint64_t bytes, uint64_t longer, unsigned *late)
{
	struct app	*from = &w->side[0].app[1], *to = &w->side[1].app[1];
	uint64_t	 asked = 0, next = w->now + SEC;
	unsigned	 n = 0;

	*late = 0;
	while (w->side[0].app[0].got < bytes ||
	    w->side[1].app[0].got < bytes) {
		if (to->got == from->to_send && asked != 0) {
			*late += w->now - asked > longer;
			next = w->now + SEC + simnet_random(w->net, 200 * MS);
			asked = 0;
		}
		if (asked == 0 && w->now >= next) {
			asked = w->now;
			n++;
			from->to_send += 100;
			pump(w, 0);
		}
		world_run(w, MS);
	}
	return n;
}

/*
 * What is in its queue, and a frame that was begun, is all that a small one
 * waits for; some are lost with what the queue has no room for.
 */
static void
a_thin_path_is_filled_both_ways_and_small_frames_wait_little(void **state)
{
	enum { RATE = 125000, DELAY = 50 * MS };	/* 1 Mbit/s */
	struct simnet_conf	 path = { .delay = DELAY, .rate = RATE,
					.queue = RATE / 10,
					.mtu = UDP_OF_1500 };
	const uint64_t		 bytes = 30 * RATE;
	struct world		*w;
	unsigned		 n, late, share;
	uint64_t		 began;

	(void)state;
	for (uint64_t seed = 321; seed < 325; seed++) {
		w = world_new(seed, &strict, &strict, 2);
		path.seed = seed;
		simnet_set(w->net, &path);
		for (int s = 0; s < 2; s++)
			world_connect(w, s, 1, 1, false);
		world_run(w, 5 * SEC);
		for (int s = 0; s < 2; s++)
			world_connect(w, s, 0, bytes, false);
		began = w->now;
		n = small_ones(w, bytes, 5 * DELAY, &late);
		share = (unsigned)(bytes * 100 * SEC /
		    (RATE * (w->now - began)));
		print_message("  %u%% of the rate, %u of %u late\n", share,
		    late, n);
		CHECK(share >= 75);
		CHECK(n >= 20 && late <= n / 5);
		nothing_was_reset(w);
		one_connection_did_it(w);
		world_free(w);
	}
}

/* How long the second link needs, while the first one's reader rests. */
static uint64_t
time_beside(uint64_t seed, bool rests)
{
	struct simnet_conf	 path = { .delay = MS };
	struct world		*w = world_new(seed, &strict, &strict, 2);
	struct app		*reader = &w->side[1].app[0];
	uint64_t		 began, took;
	struct link_info	 info;
	size_t			 blocks;

	path.seed = seed;
	path.mtu = UDP_OF_1500;
	simnet_set(w->net, &path);
	world_connect(w, 0, 0, (uint64_t)1 << 40, false);
	world_connect(w, 1, 0, 1000, false);
	world_run(w, 2 * SEC);
	reader->stopped = rests;
	if (!rests)
		w->side[0].app[0].to_send = w->side[0].app[0].sent;
	world_run(w, 2 * SEC);
	blocks = pool_used();
	began = w->now;
	world_connect(w, 0, 1, BYTES, false);
	world_connect(w, 1, 1, BYTES, false);
	while (w->side[0].app[1].got < BYTES || w->side[1].app[1].got < BYTES)
		world_run(w, 10 * MS);
	took = w->now - began;
	if (!rests)
		goto out;
	/* A minute in all. Two windows are all that it holds. */
	world_run(w, began + 60 * (uint64_t)SEC - w->now);
	EQ(reader->stopped, true);
	CHECK(w->side[0].app[0].sent - reader->got <= 2 * FLOW_WINDOW);
	CHECK(pool_used() < 2 * blocks);
	world_info(w, 0, 0, &info);
	EQ(info.carrier, CARRIER_P2P);
	reader->stopped = false;
	w->side[0].app[0].to_send = w->side[0].app[0].sent + BYTES;
	pump(w, 1);
	ends_whole(w);
	one_connection_did_it(w);
out:
	world_free(w);
	return took;
}

static void
a_reader_that_rests_for_a_minute_costs_no_other_link_anything(void **state)
{
	uint64_t	 alone, beside;

	(void)state;
	alone = time_beside(320, false);
	beside = time_beside(320, true);
	print_message("alone %u ms, beside it %u ms\n",
	    (unsigned)(alone / MS), (unsigned)(beside / MS));
	CHECK(beside <= alone + alone / 10);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
#define TEST(name)	cmocka_unit_test(name)
		TEST(a_round_trip_of_50_ms_costs_no_byte),
		TEST(one_percent_of_loss_costs_no_byte),
		TEST(five_percent_out_of_order_cost_no_byte),
		TEST(doubled_packets_double_no_byte),
		TEST(a_jitter_of_100_ms_costs_no_byte),
		TEST(all_of_it_at_once_costs_no_byte),
		TEST(two_seconds_of_darkness_cost_no_byte),
		TEST(nine_seconds_of_darkness_cost_no_byte),
		TEST(
	      a_thin_path_is_filled_both_ways_and_small_frames_wait_little),
		TEST(what_is_never_acknowledged_is_sent_on_a_new_connection),
		TEST(
	      a_reader_that_rests_for_a_minute_costs_no_other_link_anything),
	};

	return RUN(tests);
}
