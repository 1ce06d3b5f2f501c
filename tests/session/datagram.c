#include "session/world.h"

#include "base/dgq.h"

static const struct party_conf	 one = { .dialect1 = true };
static const struct party_conf	 zero = { .dialect1 = false };

/* Link 0 is of datagrams; link 1, if there is one, of bytes. */
static struct world *
begin(uint64_t seed, const struct party_conf *a, const struct party_conf *b,
    int links, enum marker_effort effort, uint32_t value)
{
	w_udp = 1;
	w_effort = effort;
	w_value = value;
	return world_new(seed, a, b, links);
}

static bool
direct(const struct world *w)
{
	struct link_info	 i, j;

	world_info(w, 0, 0, &i);
	world_info(w, 1, 0, &j);
	return i.carrier == CARRIER_P2P && j.carrier == CARRIER_P2P;
}

static bool
relayed(const struct world *w)
{
	struct link_info	 i, j;

	world_info(w, 0, 0, &i);
	world_info(w, 1, 0, &j);
	return i.carrier == CARRIER_WS && j.carrier == CARRIER_WS;
}

static void
cut_path(struct world *w, bool cut)
{
	w->simconf.loss = cut ? 1000 : 0;
	simnet_set(w->net, &w->simconf);
}

/* One at a time, every gap, from side s. */
static void
send(struct world *w, int s, uint32_t from, uint32_t to, size_t n,
    uint64_t gap)
{
	for (uint32_t i = from; i < to; i++) {
		world_datagram(w, s, 0, i, n);
		world_run(w, gap);
	}
}

static void
every_size_arrives_both_ways(const struct party_conf *a,
    const struct party_conf *b)
{
	static const size_t	 sizes[] = { 4, 5, 1171, 1172, 1200, 9000,
				    65507 };
	struct world		*w = begin(1, a, b, 1, EFFORT_RETRANSMITS, 0);

	CHECK(world_until(w, 20 * SEC, direct));
	world_run(w, SEC);
	/* A packet that others overtake counts as lost. */
	w->simconf.jitter = 0;
	simnet_set(w->net, &w->simconf);
	for (int s = 0; s < 2; s++) {
		for (uint32_t i = 0; i < 7; i++) {
			world_datagram(w, s, 0, i, sizes[i]);
			world_run(w, 200 * MS);
		}
		link_datagram(w->side[s].app[0].link, w->now, "", 0);
		world_run(w, 200 * MS);
		EQ(w->side[1 - s].app[0].datagrams, 7);
		EQ(w->side[1 - s].app[0].empty, 1);
		EQ(w->side[1 - s].app[0].late, 0);
	}
	EQ(w->side[0].data_said + w->side[1].data_said, 0);
	world_free(w);
}

static void
datagrams_of_any_size_arrive_whole_both_ways(void **state)
{
	(void)state;
	every_size_arrives_both_ways(&one, &one);
}

static void
so_they_do_with_upstream_peers(void **state)
{
	(void)state;
	every_size_arrives_both_ways(&zero, &zero);
	every_size_arrives_both_ways(&one, &zero);
	every_size_arrives_both_ways(&zero, &one);
}

/* 20 per cent of the packets are lost; how many of 1000 arrive? */
static uint32_t
arrive(uint64_t seed, enum marker_effort effort, uint32_t value, size_t n,
    uint32_t *late)
{
	struct world	*w = begin(seed, &one, &one, 1, effort, value);
	uint32_t	 got;

	CHECK(world_until(w, 20 * SEC, direct));
	world_run(w, SEC);
	w->simconf.loss = 200;
	w->simconf.dup = 50;
	simnet_set(w->net, &w->simconf);
	send(w, 0, 0, 1000, n, 20 * MS);
	world_run(w, 60 * SEC);
	got = w->side[1].app[0].datagrams;
	*late = w->side[1].app[0].late;
	world_free(w);
	return got;
}

static void
what_is_lost_stays_lost_and_nothing_comes_twice(void **state)
{
	uint32_t	 late, got = arrive(2, EFFORT_RETRANSMITS, 0, 200,
			    &late);

	(void)state;
	print_message("%u of 1000\n", got);
	CHECK(got > 600 && got < 950);
}

static void
retransmits_bring_more_of_them(void **state)
{
	uint32_t	 late, got = arrive(3, EFFORT_RETRANSMITS, 3, 200,
			    &late);

	(void)state;
	print_message("%u of 1000\n", got);
	CHECK(got > 980);
}

static void
a_lifetime_bounds_how_long_is_tried(void **state)
{
	uint32_t	 late, got = arrive(4, EFFORT_LIFETIME, 30, 200,
			    &late);

	(void)state;
	print_message("%u of 1000\n", got);
	CHECK(got > 400 && got < 1000);
}

static void
ordered_datagrams_all_come_in_order(void **state)
{
	uint32_t	 late, got = arrive(5, EFFORT_ORDERED, 0, 100, &late);

	(void)state;
	EQ(got, 1000);
	EQ(late, 0);
}

static void
fragments_of_a_large_one_are_never_given_alone(void **state)
{
	uint32_t	 late, got = arrive(6, EFFORT_RETRANSMITS, 0, 60000,
			    &late);

	/* Four packets each, of which 0.8 arrive: 0.41 of them are whole. */
	(void)state;
	print_message("%u of 1000\n", got);
	CHECK(got > 300 && got < 500);
}

static void
the_relay_carries_them_where_there_is_no_path(void **state)
{
	struct world		*w;
	struct link_info	 i;

	(void)state;
	for (int d = 0; d < 2; d++) {
		w = begin(7, d ? &one : &zero, d ? &one : &zero, 1,
		    EFFORT_RETRANSMITS, 0);
		cut_path(w, true);
		CHECK(world_until(w, 20 * SEC, relayed));
		for (int s = 0; s < 2; s++) {
			send(w, s, 0, 50, 1000, 5 * MS);
			world_run(w, SEC);
			EQ(w->side[1 - s].app[0].datagrams, 50);
		}
		world_info(w, 0, 0, &i);
		EQ(i.tx_ws_packets, 50);
		EQ(i.fallbacks, 1);
		world_free(w);
	}
}

static void
strict_drops_and_counts_them_instead(void **state)
{
	struct party_conf	 strict = one;
	struct world		*w;
	struct link_info	 i;

	(void)state;
	strict.mode = MODE_STRICT;
	w = begin(8, &strict, &strict, 1, EFFORT_RETRANSMITS, 0);
	cut_path(w, true);
	world_run(w, 10 * SEC);
	send(w, 0, 0, 100, 1000, 10 * MS);
	world_run(w, 10 * SEC);
	world_datagram(w, 0, 0, 100, 1000);
	world_run(w, 10 * MS);
	world_info(w, 0, 0, &i);
	EQ(w->side[1].app[0].datagrams, 0);
	EQ(w->side[0].data_said, 0);
	EQ(i.dg_old, 100);
	EQ(i.dg_sent, 0);
	EQ(i.violations, 0);
	EQ(w->side[0].app[0].resets, 0);
	world_free(w);
}

static void
without_a_peer_memory_is_bounded_and_drops_are_counted(void **state)
{
	struct world		*w = begin(9, &one, &one, 1,
				    EFFORT_RETRANSMITS, 0);
	struct link_info	 i;

	(void)state;
	world_relay_side(w, 1, false);
	for (uint32_t k = 0; k < 10000; k++)
		world_datagram(w, 0, 0, k, 1200);
	world_run(w, 500 * MS);
	world_info(w, 0, 0, &i);
	CHECK(i.dg_overflows >= 10000 - DGQ_BYTES / 1200 - 1);
	world_run(w, 2 * SEC);
	world_datagram(w, 0, 0, 10000, 4);
	world_run(w, MS);
	world_info(w, 0, 0, &i);
	EQ(i.dg_overflows + i.dg_old, 10000);
	world_free(w);
}

static bool
bytes_arrived(const struct world *w)
{
	return w->side[1].app[1].got == w->side[0].app[1].to_send;
}

/* A path that loses is asked for 40 Mbit/s of datagrams beside a stream. */
static void
a_flood_and_a_stream_share_the_path(void **state)
{
	struct world	*w = begin(10, &one, &one, 2, EFFORT_RETRANSMITS, 0);
	struct link_info info;
	uint64_t	 began;
	uint32_t	 i = 0;

	(void)state;
	CHECK(world_until(w, 20 * SEC, direct));
	world_run(w, SEC);
	w->simconf.delay = 25 * MS;
	w->simconf.loss = 5;
	w->simconf.jitter = 0;
	simnet_set(w->net, &w->simconf);
	began = w->now;
	world_connect(w, 1, 1, 0, false);
	world_connect(w, 0, 1, 1 << 20, false);
	while (!bytes_arrived(w) && w->now < began + 60 * SEC) {
		for (int k = 0; k < 20; k++)
			world_datagram(w, 0, 0, i++ % W_DATAGRAMS, 1000);
		if (i % W_DATAGRAMS == 0)
			memset(w->side[1].app[0].seen, 0, W_DATAGRAMS);
		world_run(w, 4 * MS);
	}
	world_info(w, 0, 0, &info);
	print_message("%.1f s, %llu sent, %u of %u datagrams\n",
	    (double)(w->now - began) / SEC, (unsigned long long)info.dg_sent,
	    w->side[1].app[0].datagrams, i);
	CHECK(bytes_arrived(w));
	CHECK(w->side[1].app[0].datagrams > 500);
	EQ(w->side[0].app[1].resets, 0);
	world_free(w);
}

/*
 * What arrived behind a gap is with SCTP until the gap is closed, and is no
 * reason to give it less.
 */
static void
losses_leave_datagrams_the_path(void **state)
{
	struct world		*w;
	struct link_info	 i;
	uint64_t		 before = 0, mbit;

	(void)state;
	w_udp = 1;
	w_rtp = 0;
	w_effort = EFFORT_RETRANSMITS;
	w_value = 0;
	w = world_new(12, &one, &one, 1);
	w->simconf = (struct simnet_conf){
		.seed = 12, .delay = 25 * MS, .loss = 10, .mtu = 1472,
		.rate = 12500000, .queue = 625000,
	};
	simnet_set(w->net, &w->simconf);
	CHECK(world_until(w, 30 * SEC, both_direct));
	world_run(w, SEC);
	for (uint32_t k = 0; k < 12 * 4000; k++) {
		world_datagram(w, 0, 0, k % W_DATAGRAMS, 1000);
		if (k % (W_DATAGRAMS / 2) == 0)
			memset(w->side[1].app[0].seen, 0, W_DATAGRAMS);
		if (k % 12 == 11)
			world_run(w, MS);
		if (k != 12 * 2000)
			continue;
		world_info(w, 1, 0, &i);
		before = i.rx_bytes;
	}
	world_info(w, 1, 0, &i);
	mbit = (i.rx_bytes - before) * 8 / 2000000;
	print_message("%llu Mbit/s\n", (unsigned long long)mbit);
	CHECK(mbit >= 80);
	world_free(w);
}

static void
a_stream_whose_reader_stops_delays_no_datagram(void **state)
{
	struct world	*w = begin(11, &one, &one, 2, EFFORT_RETRANSMITS, 0);

	(void)state;
	CHECK(world_until(w, 20 * SEC, direct));
	w->side[1].app[1].stopped = true;
	world_connect(w, 1, 1, 0, false);
	world_connect(w, 0, 1, 16 << 20, false);
	world_run(w, 5 * SEC);
	send(w, 0, 0, 200, 1000, MS);
	world_run(w, 100 * MS);
	EQ(w->side[1].app[0].datagrams, 200);
	world_free(w);
}

static void
a_peer_that_restarts_is_sent_to_again(void **state)
{
	struct world	*w = begin(12, &one, &one, 1, EFFORT_RETRANSMITS, 0);

	(void)state;
	CHECK(world_until(w, 20 * SEC, direct));
	world_run(w, SEC);
	world_relay_side(w, 1, false);
	party_free(w->side[1].party);
	world_start(w, 1, 1);
	world_relay_side(w, 1, true);
	world_run(w, 20 * SEC);
	CHECK(direct(w));
	send(w, 0, 0, 10, 1000, 10 * MS);
	world_run(w, SEC);
	EQ(w->side[1].app[0].datagrams, 10);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(datagrams_of_any_size_arrive_whole_both_ways),
		cmocka_unit_test(so_they_do_with_upstream_peers),
		cmocka_unit_test(
		    what_is_lost_stays_lost_and_nothing_comes_twice),
		cmocka_unit_test(retransmits_bring_more_of_them),
		cmocka_unit_test(a_lifetime_bounds_how_long_is_tried),
		cmocka_unit_test(ordered_datagrams_all_come_in_order),
		cmocka_unit_test(fragments_of_a_large_one_are_never_given_alone),
		cmocka_unit_test(the_relay_carries_them_where_there_is_no_path),
		cmocka_unit_test(strict_drops_and_counts_them_instead),
		cmocka_unit_test(
		    without_a_peer_memory_is_bounded_and_drops_are_counted),
		cmocka_unit_test(a_flood_and_a_stream_share_the_path),
		cmocka_unit_test(losses_leave_datagrams_the_path),
		cmocka_unit_test(a_stream_whose_reader_stops_delays_no_datagram),
		cmocka_unit_test(a_peer_that_restarts_is_sent_to_again),
	};

	return RUN(tests);
}
