#include "ice/world.h"

/* What ice_checks tells of the path to this address; NULL: nothing. */
static const struct ice_check *
check_to(struct world *w, int i, const char *remote)
{
	static struct ice_check	 c[ICE_PAIRS];
	struct addr		 a = at(remote);
	size_t			 n = ice_checks(w->s[i].ice, c, ICE_PAIRS);

	for (size_t k = 0; k < n; k++)
		if (addr_equal(&c[k].path.remote, &a))
			return &c[k];
	return NULL;
}

static void
every_pair_is_told_of_the_selected_one_first(void **state)
{
	struct world		 w;
	struct ice_check	 c[ICE_PAIRS];
	const struct ice_check	*to;

	(void)state;
	setup(&w, &plain);
	w.dead[w.ndead++] = at("192.0.2.4:1");
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.4:2000");
	add(&w, B, "192.0.2.2:2000");
	introduce(&w);
	connects(&w, 10 * SEC);
	EQ(ice_checks(w.s[A].ice, c, ICE_PAIRS), 2);
	assert_string_equal(c[0].state, "selected");
	EQ(ice_checks(w.s[A].ice, c, 1), 1);
	assert_string_equal(c[0].state, "selected");
	assert_null(c[0].why);
	CHECK(c[0].sent > 0 && c[0].answered > 0 && c[0].heard > 0);
	EQ(c[0].rtt, 1000);
	to = check_to(&w, A, "192.0.2.4:2000");
	assert_non_null(to);
	CHECK(to->sent > 0);
	EQ(to->answered, 0);
	EQ(to->rtt, 0);
	EQ(to->remote, ICE_HOST);
	teardown(&w);
}

static void
silence_is_told_when_it_was_long_enough(void **state)
{
	struct world		 w;
	const struct ice_check	*to;

	(void)state;
	neighbours(&w, true);
	w.down = true;
	introduce(&w);
	run(&w, SEC, NULL);
	to = check_to(&w, A, "192.0.2.2:2000");
	assert_string_equal(to->state, "checking");
	assert_null(to->why);
	run(&w, 60 * SEC, NULL);
	to = check_to(&w, A, "192.0.2.2:2000");
	assert_string_equal(to->state, "failed");
	assert_string_equal(to->why, "no answer");
	assert_string_equal(ice_why(w.s[A].ice), "no candidate pair answers");
	teardown(&w);
}

/* The system's word is kept, and forgotten once the path works. */
static void
what_cannot_be_sent_is_told_and_sent_again(void **state)
{
	struct path		 path = { at("192.0.2.1:1000"),
		at("192.0.2.2:2000") }, other = path;
	struct world		 w;
	const struct ice_check	*to;

	(void)state;
	neighbours(&w, true);
	w.down = true;
	introduce(&w);
	run(&w, SEC, NULL);
	other.remote.port++;
	ice_unsendable(w.s[A].ice, &other, "of another");
	ice_unsendable(w.s[A].ice, &path, "not permitted");
	to = check_to(&w, A, "192.0.2.2:2000");
	assert_string_equal(to->state, "checking");
	assert_string_equal(to->why, "not permitted");
	EQ(ice_state(w.s[A].ice), ICE_CHECKING);
	w.down = false;
	connects(&w, 10 * SEC);
	to = check_to(&w, A, "192.0.2.2:2000");
	assert_string_equal(to->state, "selected");
	assert_null(to->why);
	teardown(&w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(every_pair_is_told_of_the_selected_one_first),
		cmocka_unit_test(silence_is_told_when_it_was_long_enough),
		cmocka_unit_test(what_cannot_be_sent_is_told_and_sent_again),
	};

	return RUN(tests);
}
