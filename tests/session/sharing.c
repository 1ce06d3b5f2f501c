/* What links of one pair of parties take from each other: nothing. */
#include "session/world.h"

#include "session/budget.h"

static const struct party_conf	 one = { .dialect1 = true };

static bool
second_arrived(const struct world *w)
{
	return w->side[1].app[1].got == w->side[0].app[1].to_send;
}

static void
a_slow_reader_stops_only_its_link(void **state)
{
	struct world	*w = world_new(15, &one, &one, 2);

	(void)state;
	w->side[1].app[0].stopped = true;
	for (int l = 0; l < 2; l++) {
		world_connect(w, 0, l, 16 << 20, false);
		world_connect(w, 1, l, 1000, false);
	}
	CHECK(world_until(w, 120 * SEC, second_arrived));
	EQ(w->side[1].app[0].got, 0);
	CHECK(w->side[0].app[0].sent < 16 << 20);
	w->side[1].app[0].stopped = false;
	pump(w, 1);
	CHECK(world_until(w, 120 * SEC, all_arrived));
	nothing_was_reset(w);
	world_free(w);
}

/* Nobody reads: what is held, and what the sender holds, stays bounded. */
static void
all_links_together_hold_no_more_than_the_budget(void **state)
{
	struct budget		 budget[2];
	struct party_conf	 conf[2] = { one, one };
	struct world		*w;
	struct app		*from, *to;

	(void)state;
	for (int s = 0; s < 2; s++) {
		budget_init(&budget[s], 2 << 20);
		conf[s].budget = &budget[s];
	}
	w = world_new(16, &conf[0], &conf[1], 8);
	from = w->side[0].app;
	to = w->side[1].app;
	for (int l = 0; l < 8; l++) {
		to[l].stopped = true;
		world_connect(w, 0, l, 4 << 20, false);
		world_connect(w, 1, l, 1000, false);
	}
	for (int i = 0; i < 100; i++) {
		world_run(w, 100 * MS);
		for (int s = 0; s < 2; s++)
			CHECK(budget[s].held <= budget[s].most);
	}
	for (int l = 0; l < 8; l++) {
		CHECK(from[l].sent >= LEASE_LEAST);
		CHECK(from[l].sent <= 4 * LEASE_LEAST);
		to[l].stopped = false;
	}
	pump(w, 1);
	CHECK(world_until(w, 120 * SEC, all_arrived));
	nothing_was_reset(w);
	world_free(w);
	EQ(budget[0].held + budget[1].held, 0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_slow_reader_stops_only_its_link),
		cmocka_unit_test(
		    all_links_together_hold_no_more_than_the_budget),
	};

	return RUN(tests);
}
