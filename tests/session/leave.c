#include "session/world.h"

/* What is left at the relay of links that go: nothing. */
static const struct party_conf	 one = { .dialect1 = true };

/* Or the relay keeps it for as long as the agent is connected. */
static void
a_session_that_nobody_has_accepted_is_closed_too(void **state)
{
	(void)state;
	for (int whole = 0; whole < 2; whole++) {
		struct world	*w = world_new(29, &one, &one, 0);

		world_add(w, 0, 0);
		world_run(w, 3 * SEC);
		EQ(w->nsessions, 1);
		if (whole)
			party_close(w->side[0].party, w->now, &w->tx);
		else {
			party_remove(w->side[0].party, w->now,
			    w->side[0].app[0].link, &w->tx);
			w->side[0].app[0].link = NULL;
		}
		pump(w, 0);
		world_run(w, 500 * MS);
		EQ(w->nsessions, 0);
		world_free(w);
	}
}

/* The last to go hears the other's Close, and opens once more before it. */
static void
links_of_both_that_go_leave_no_session(void **state)
{
	struct world	*w = world_new(30, &one, &one, 1);

	(void)state;
	CHECK(world_until(w, 30 * SEC, both_direct));
	for (int s = 0; s < 2; s++) {
		party_remove(w->side[s].party, w->now,
		    w->side[s].app[0].link, &w->tx);
		w->side[s].app[0].link = NULL;
		pump(w, s);
		world_run(w, 1500 * MS);
	}
	EQ(w->nsessions, 0);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    a_session_that_nobody_has_accepted_is_closed_too),
		cmocka_unit_test(links_of_both_that_go_leave_no_session),
	};

	return RUN(tests);
}
