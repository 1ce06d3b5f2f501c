#include "session/world.h"

/* Carried by path MTUs of Ethernet and of IPv6's least. */
enum { UDP_OF_1500 = 1472, UDP_OF_1280 = 1252, RAISE = 600, NTHS = 40 };

static const struct party_conf	 one = { .dialect1 = true }, zero;
static const struct party_conf	 strict = {
	.dialect1 = true, .mode = MODE_STRICT,
};

static size_t
mtu_of(const struct world *w, int s)
{
	struct link_info	 i;

	world_info(w, s, 0, &i);
	return i.mtu;
}

static bool
both_direct_again(const struct world *w)
{
	return both_direct(w) && mtu_of(w, 0) != 0 && mtu_of(w, 1) != 0;
}

static void
path_carries(struct world *w, size_t n)
{
	w->simconf.mtu = n;
	simnet_set(w->net, &w->simconf);
}

static uint64_t
offers(const struct world *w)
{
	struct party_info	 i;

	party_info(w->side[0].party, &i);
	return i.offers;
}

/* Datagrams of more than n bytes vanish, without a word, both ways. */
static struct world *
survive_a_black_hole(const struct party_conf *conf, uint64_t seed,
    unsigned loss, size_t n, bool old)
{
	struct world	*w = two_sending(seed, conf, conf, 8 << 20);

	w->old = old;
	w->simconf.loss = loss;
	simnet_set(w->net, &w->simconf);
	CHECK(world_until(w, 60 * SEC, half_arrived));
	CHECK(both_direct(w));
	CHECK(mtu_of(w, 0) > n && mtu_of(w, 1) > n);
	path_carries(w, n);
	/* Both have something to send, or one would not notice. */
	for (int s = 0; s < 2; s++)
		w->side[s].app[0].to_send += 1 << 20;
	world_run(w, 100 * MS);
	CHECK(world_until(w, 120 * SEC, all_arrived));
	CHECK(world_until(w, 60 * SEC, both_direct_again));
	CHECK(mtu_of(w, 0) <= n && mtu_of(w, 1) <= n);
	nothing_was_reset(w);
	return w;
}

static void
a_black_hole_in_mid_transfer_costs_no_byte(void **state)
{
	struct world	*w;

	(void)state;
	for (uint64_t seed = 30; seed < 34; seed++) {
		w = survive_a_black_hole(&one, seed, 0, 1300, false);
		EQ(offers(w), 1);
		world_free(w);
		world_free(survive_a_black_hole(&strict, seed, 5,
		    UDP_OF_1280, false));
	}
}

static uint64_t
wedges_of(const struct world *w, int s)
{
	struct party_info	 i;

	party_info(w->side[s].party, &i);
	return i.wedges;
}

/* ICE is content with the path, and yet SCTP gets nowhere. */
static void
a_connection_that_is_wedged_is_opened_anew_and_counted(void **state)
{
	struct world	*w = two_sending(37, &one, &one, 8 << 20);

	(void)state;
	CHECK(world_until(w, 60 * SEC, half_arrived));
	CHECK(both_direct(w));
	EQ(wedges_of(w, 0) + wedges_of(w, 1), 0);
	w->simconf.no_dtls = true;
	simnet_set(w->net, &w->simconf);
	world_run(w, 40 * SEC);
	CHECK(wedges_of(w, 0) + wedges_of(w, 1) > 0);
	w->simconf.no_dtls = false;
	simnet_set(w->net, &w->simconf);
	CHECK(world_until(w, 120 * SEC, all_arrived));
	CHECK(world_until(w, 60 * SEC, both_direct_again));
	CHECK(wedges_of(w, 0) + wedges_of(w, 1) <= 2);
	nothing_was_reset(w);
	world_free(w);
}

/* They make a new connection of it, by the relay. */
static void
nor_does_it_towards_older_agents(void **state)
{
	struct world	*w;

	(void)state;
	for (uint64_t seed = 34; seed < 36; seed++) {
		w = survive_a_black_hole(&strict, seed, 0, 1300, true);
		CHECK(offers(w) > 1);
		world_free(w);
	}
}

/* The relay is not needed for it. */
static void
a_black_hole_costs_no_byte_while_the_relay_is_down(void **state)
{
	struct world	*w = two_sending(37, &strict, &strict, 8 << 20);

	(void)state;
	CHECK(world_until(w, 60 * SEC, half_arrived));
	world_relay(w, false);
	path_carries(w, UDP_OF_1280);
	CHECK(world_until(w, 60 * SEC, all_arrived));
	nothing_was_reset(w);
	world_free(w);
}

static bool
reopening(const struct world *w)
{
	return mtu_of(w, 0) == 0 || mtu_of(w, 1) == 0;
}

/* An idle pair whose path carries n bytes, up since the time returned. */
static struct world *
idle_pair(uint64_t seed, size_t n, uint64_t *up)
{
	struct world	*w = world_new(seed, &strict, &strict, 1);

	path_carries(w, n);
	CHECK(world_until(w, 60 * SEC, both_direct));
	*up = w->now;
	CHECK(mtu_of(w, 0) <= n && mtu_of(w, 1) <= n);
	return w;
}

static bool
at_the_most(const struct world *w)
{
	return mtu_of(w, 0) == PEER_MTU_MOST && mtu_of(w, 1) == PEER_MTU_MOST;
}

static void
a_path_that_grows_is_used_after_ten_minutes_and_costs_no_byte(void **state)
{
	struct world	*w;
	uint64_t	 up;

	(void)state;
	for (uint64_t seed = 40; seed < 44; seed++) {
		w = idle_pair(seed, UDP_OF_1280, &up);
		w->simconf.loss = seed % 2 == 0 ? 0 : 10;
		path_carries(w, 0);
		world_run(w, up + RAISE * (uint64_t)SEC - w->now);
		CHECK(mtu_of(w, 0) <= UDP_OF_1280);
		world_relay(w, false);		/* it is not needed */
		w->simconf.delay = 25 * MS;
		simnet_set(w->net, &w->simconf);
		world_connect(w, 0, 0, 64 << 20, false);
		world_connect(w, 1, 0, 64 << 20, false);
		CHECK(world_until(w, 10 * SEC, reopening));
		CHECK(!all_arrived(w));
		CHECK(world_until(w, 60 * SEC, both_direct_again));
		CHECK(!all_arrived(w));
		CHECK(world_until(w, 600 * (uint64_t)SEC, all_arrived));
		/* Lost probes are sent again with the next search. */
		CHECK(world_until(w, 2 * RAISE * (uint64_t)SEC, at_the_most));
		EQ(offers(w), 1);
		nothing_was_reset(w);
		world_free(w);
	}
}

static void
a_path_that_shrank_is_used_to_the_full_again_after_ten_minutes(void **state)
{
	struct world	*w;

	(void)state;
	w = survive_a_black_hole(&strict, 48, 0, UDP_OF_1280, false);
	path_carries(w, UDP_OF_1500);
	world_run(w, (RAISE - 10) * (uint64_t)SEC);
	CHECK(mtu_of(w, 0) <= UDP_OF_1280 && mtu_of(w, 1) <= UDP_OF_1280);
	world_run(w, 20 * SEC);
	EQ(mtu_of(w, 0), UDP_OF_1500);
	EQ(mtu_of(w, 1), UDP_OF_1500);
	EQ(offers(w), 1);
	nothing_was_reset(w);
	world_free(w);
}

/* Whatever gets lost of it: a restart begins anew until both are in it. */
static void
growth_is_no_end_at_five_percent_loss(void **state)
{
	struct world	*w;
	uint64_t	 up;

	(void)state;
	for (uint64_t seed = 60; seed < 80; seed++) {
		w = idle_pair(seed, UDP_OF_1280, &up);
		w->simconf.loss = 50;
		path_carries(w, UDP_OF_1500);
		world_run(w, (RAISE + 60) * (uint64_t)SEC);
		world_connect(w, 0, 0, 1 << 18, false);
		world_connect(w, 1, 0, 1 << 18, false);
		CHECK(world_until(w, 3600 * (uint64_t)SEC, all_arrived));
		CHECK(mtu_of(w, 0) > UDP_OF_1280);
		CHECK(mtu_of(w, 1) > UDP_OF_1280);
		EQ(offers(w), 1);
		nothing_was_reset(w);
		world_free(w);
	}
}

/* Up to the moment one of them begins a fresh association. */
static struct world *
about_to_grow(uint64_t seed, uint64_t poor, size_t nth)
{
	uint64_t	 up;
	struct world	*w = idle_pair(seed, UDP_OF_1280, &up);

	path_carries(w, 0);
	w->poor = poor;
	w->nth = nth;
	world_connect(w, 0, 0, 1000, false);
	world_connect(w, 1, 0, 1000, false);
	CHECK(world_until(w, 2 * RAISE * (uint64_t)SEC, reopening));
	return w;
}

static void
no_memory_for_a_fresh_association_costs_a_connection(void **state)
{
	struct world	*w = about_to_grow(49, 0, 0);
	uint64_t	 turn = w->turns;

	(void)state;
	world_free(w);
	for (size_t nth = 1; nth < NTHS; nth++) {
		w = about_to_grow(49, turn, nth);
		EQ(w->turns, turn);
		CHECK(world_until(w, 120 * SEC, both_direct_again));
		for (int s = 0; s < 2; s++)
			w->side[s].app[0].to_send += 1 << 20;
		pump(w, 0);
		pump(w, 1);
		CHECK(world_until(w, 60 * SEC, all_arrived));
		nothing_was_reset(w);
		world_free(w);
	}
}

static void
a_path_that_comes_back_larger_is_used_soon(void **state)
{
	struct world	*w;
	uint64_t	 up;

	(void)state;
	w = idle_pair(45, UDP_OF_1280, &up);
	world_run(w, 60 * SEC);
	w->simconf.loss = 1000;
	simnet_set(w->net, &w->simconf);
	world_run(w, 18 * SEC);		/* consent expires */
	w->simconf.loss = 0;
	path_carries(w, UDP_OF_1500);
	CHECK(world_until(w, 60 * SEC, both_direct_again));
	CHECK(mtu_of(w, 0) <= UDP_OF_1280);
	world_run(w, 20 * SEC);
	EQ(mtu_of(w, 0), UDP_OF_1500);
	EQ(mtu_of(w, 1), UDP_OF_1500);
	CHECK(both_direct(w));
	world_free(w);
}

static void
a_path_that_grows_a_little_is_left_alone(void **state)
{
	struct world	*w;
	uint64_t	 up;

	(void)state;
	w = idle_pair(46, 1400, &up);
	path_carries(w, UDP_OF_1500);
	CHECK(!world_until(w, 2 * RAISE * (uint64_t)SEC, reopening));
	CHECK(mtu_of(w, 0) <= 1400);
	world_free(w);
}

/* It would not understand, and so is not asked. */
static void
an_older_agent_keeps_the_size_it_has(void **state)
{
	struct world	*w = world_new(47, &strict, &strict, 1);

	(void)state;
	w->old = true;
	path_carries(w, UDP_OF_1280);
	CHECK(world_until(w, 60 * SEC, both_direct));
	path_carries(w, 0);
	CHECK(!world_until(w, 2 * RAISE * (uint64_t)SEC, reopening));
	CHECK(mtu_of(w, 0) <= UDP_OF_1280);
	world_free(w);
}

static void
datagrams_towards_an_upstream_peer_stay_small(void **state)
{
	struct world	*w = two_sending(35, &zero, &zero, 1 << 20);

	(void)state;
	CHECK(world_until(w, 60 * SEC, half_arrived));
	EQ(mtu_of(w, 0), PEER_MTU);
	EQ(mtu_of(w, 1), PEER_MTU);
	world_free(w);
}

static void
a_given_size_is_not_exceeded(void **state)
{
	struct party_conf	 given = { .dialect1 = true, .mtu = 1400 };
	struct world		*w = two_sending(36, &given, &one, 1 << 20);

	(void)state;
	CHECK(world_until(w, 60 * SEC, half_arrived));
	EQ(mtu_of(w, 0), 1400);
	EQ(mtu_of(w, 1), PEER_MTU_MOST);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_black_hole_in_mid_transfer_costs_no_byte),
		cmocka_unit_test(nor_does_it_towards_older_agents),
		cmocka_unit_test(
		    a_black_hole_costs_no_byte_while_the_relay_is_down),
		cmocka_unit_test(
	       a_path_that_grows_is_used_after_ten_minutes_and_costs_no_byte),
		cmocka_unit_test(
	     a_path_that_shrank_is_used_to_the_full_again_after_ten_minutes),
		cmocka_unit_test(
		    no_memory_for_a_fresh_association_costs_a_connection),
		cmocka_unit_test(growth_is_no_end_at_five_percent_loss),
		cmocka_unit_test(a_path_that_comes_back_larger_is_used_soon),
		cmocka_unit_test(a_path_that_grows_a_little_is_left_alone),
		cmocka_unit_test(an_older_agent_keeps_the_size_it_has),
		cmocka_unit_test(
		    datagrams_towards_an_upstream_peer_stay_small),
		cmocka_unit_test(a_given_size_is_not_exceeded),
		cmocka_unit_test(
		    a_connection_that_is_wedged_is_opened_anew_and_counted),
	};

	return RUN(tests);
}
