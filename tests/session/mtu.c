#include "session/world.h"

static const struct party_conf	 one = { .dialect1 = true }, zero;

static size_t
mtu_of(struct world *w, int s)
{
	struct link_info	 i;

	world_info(w, s, 0, &i);
	return i.mtu;
}

static bool
both_direct_again(const struct world *w)
{
	return both_direct(w) && mtu_of((struct world *)w, 0) != 0 &&
	    mtu_of((struct world *)w, 1) != 0;
}

/* Datagrams of more than 1,300 bytes vanish, without a word, both ways. */
static void
survives_a_black_hole(const struct party_conf *conf, uint64_t seed,
    unsigned loss)
{
	struct world	*w = two_sending(seed, conf, conf, 8 << 20);

	w->simconf.loss = loss;
	simnet_set(w->net, &w->simconf);
	CHECK(world_until(w, 60 * SEC, half_arrived));
	CHECK(both_direct(w));
	CHECK(mtu_of(w, 0) > 1300 && mtu_of(w, 1) > 1300);
	w->simconf.mtu = 1300;
	simnet_set(w->net, &w->simconf);
	world_run(w, 100 * MS);
	CHECK(world_until(w, 120 * SEC, all_arrived));
	CHECK(world_until(w, 60 * SEC, both_direct_again));
	CHECK(mtu_of(w, 0) <= 1300 && mtu_of(w, 1) <= 1300);
	nothing_was_reset(w);
	world_free(w);
}

static void
a_black_hole_in_mid_transfer_costs_no_byte(void **state)
{
	struct party_conf	 strict = { .dialect1 = true,
				    .mode = MODE_STRICT };

	(void)state;
	for (uint64_t seed = 30; seed < 34; seed++) {
		survives_a_black_hole(&one, seed, 0);
		survives_a_black_hole(&strict, seed, 5);
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
		cmocka_unit_test(
		    datagrams_towards_an_upstream_peer_stay_small),
		cmocka_unit_test(a_given_size_is_not_exceeded),
		cmocka_unit_test(
		    a_connection_that_is_wedged_is_opened_anew_and_counted),
	};

	return RUN(tests);
}
