#include "session/world.h"

/* Addresses that change under links in use. */

static const struct party_conf	 normal = { .dialect1 = true };
static const struct party_conf	 strict = { .dialect1 = true,
				    .mode = MODE_STRICT };
static const struct party_conf	 upstream = { .dialect1 = false };

static void
has_address(struct world *w, int s, const char *text)
{
	struct side	*d = &w->side[s];

	if (text == NULL) {
		d->host.family = 0;
		party_set_hosts(d->party, w->now, NULL, 0);
		return;
	}
	EQ(addr_parse(&d->host, text), 0);
	party_set_hosts(d->party, w->now, &d->host, 1);
}

/* No timer that grew while the path was gone holds up either direction. */
static void
moves_on(struct world *w)
{
	uint64_t	 got[2] = { w->side[0].app[0].got,
			     w->side[1].app[0].got };

	world_run(w, 500 * MS);
	for (int s = 0; s < 2; s++)
		CHECK(w->side[s].app[0].got > got[s]);
}

/*
 * The address goes, its relay connection with it, and after a while another
 * comes. The same connection goes on: nothing is opened again.
 */
static void
moves(uint64_t seed, const struct party_conf *conf, int who, uint64_t gap)
{
	struct world		*w = two_sending(seed, conf, conf, 192 << 20);
	struct link_info	 before, after;

	CHECK(world_until(w, 20 * SEC, both_direct));
	world_run(w, 100 * MS);
	world_info(w, 1 - who, 0, &before);
	CHECK(!all_arrived(w));
	has_address(w, who, NULL);
	world_relay_side(w, who, false);
	world_run(w, gap);
	has_address(w, who, "10.0.1.77:5000");
	world_run(w, 300 * MS);
	world_relay_side(w, who, true);
	CHECK(world_until(w, 4 * SEC, both_direct));
	moves_on(w);
	CHECK(world_until(w, 60 * SEC, all_arrived));
	nothing_was_reset(w);
	world_info(w, 1 - who, 0, &after);
	EQ(after.opened_at, before.opened_at);
	CHECK(strstr(w->side[1 - who].log, "failed") == NULL);
	if (conf->mode == MODE_STRICT)
		EQ(w->side[0].data_said + w->side[1].data_said, 0);
	world_free(w);
}

static void
another_address_costs_no_byte_and_no_new_connection(void **state)
{
	(void)state;
	for (int who = 0; who < 2; who++) {
		moves(60 + (uint64_t)who, &normal, who, 0);
		moves(62 + (uint64_t)who, &normal, who, 3 * SEC);
	}
}

static void
nor_in_strict_mode_if_it_comes_soon(void **state)
{
	(void)state;
	for (int who = 0; who < 2; who++) {
		moves(64 + (uint64_t)who, &strict, who, 0);
		moves(66 + (uint64_t)who, &strict, who, 5 * SEC);
	}
}

/* Idle links notice, too, and are ready when something is to be sent. */
static void
an_idle_link_moves_as_well(void **state)
{
	struct world	*w;

	(void)state;
	for (int who = 0; who < 2; who++) {
		w = two_sending(70 + (uint64_t)who, &strict, &strict, 1000);
		CHECK(world_until(w, 20 * SEC, all_arrived));
		world_run(w, 5 * SEC);
		has_address(w, who, "10.0.1.77:5000");
		world_run(w, SEC);
		CHECK(both_direct(w));
		w->side[0].app[0].to_send += 100000;
		w->side[1].app[0].to_send += 100000;
		world_connect(w, 0, 0, w->side[0].app[0].to_send, false);
		world_connect(w, 1, 0, w->side[1].app[0].to_send, false);
		CHECK(world_until(w, 2 * SEC, all_arrived));
		nothing_was_reset(w);
		world_free(w);
	}
}

/* In upstream's dialect only who offers can do something, so it may take. */
static void
in_the_older_dialect_no_byte_is_lost_either(void **state)
{
	struct world	*w;

	(void)state;
	for (int who = 0; who < 2; who++) {
		w = two_sending(74 + (uint64_t)who, &upstream, &upstream,
		    16 << 20);
		CHECK(world_until(w, 20 * SEC, both_direct));
		world_run(w, 50 * MS);
		has_address(w, who, "10.0.1.77:5000");
		CHECK(world_until(w, 120 * SEC, all_arrived));
		CHECK(world_until(w, 120 * SEC, both_direct));
		nothing_was_reset(w);
		world_free(w);
	}
}

/* A laptop that was asleep: no waiting for the next try of many. */
static void
a_new_address_ends_the_pause_after_failures(void **state)
{
	struct world	*w = world_new(80, &normal, &normal, 1);

	(void)state;
	has_address(w, 0, NULL);
	world_run(w, 400 * SEC);
	CHECK(!both_direct(w));
	has_address(w, 0, "10.0.1.77:5000");
	CHECK(world_until(w, 4 * SEC, both_direct));
	world_free(w);
}

static bool
one_reset(const struct world *w)
{
	return w->side[0].app[0].resets > 0;
}

static void
strict_names_what_it_waited_for(void **state)
{
	struct world	*w = world_new(81, &strict, &strict, 1);

	(void)state;
	w->simconf.loss = 1000;
	simnet_set(w->net, &w->simconf);
	world_connect(w, 0, 0, 1000, false);
	CHECK(world_until(w, 30 * SEC, one_reset));
	assert_non_null(strstr(w->side[0].app[0].why,
	    " err=no candidate pair answers yet"));
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    another_address_costs_no_byte_and_no_new_connection),
		cmocka_unit_test(nor_in_strict_mode_if_it_comes_soon),
		cmocka_unit_test(an_idle_link_moves_as_well),
		cmocka_unit_test(in_the_older_dialect_no_byte_is_lost_either),
		cmocka_unit_test(a_new_address_ends_the_pause_after_failures),
		cmocka_unit_test(strict_names_what_it_waited_for),
	};

	return RUN(tests);
}
