#include "ice/turn_world.h"

/* What a TURN server refuses, and how. */

static void
errors_are_told_in_words(void **state)
{
	static const struct {
		uint16_t	 code;
		const char	*words;
	}			 e[] = {
		{ 401, "the server refuses the user name or the password" },
		{ 403, "the server forbids it" },
		{ 437, "the server has no such allocation, or another one for "
		    "this port" },
		{ 441, "the allocation belongs to another user" },
		{ 486, "the user has as many allocations as the server "
		    "allows" },
		{ 508, "the server has no relay address left" },
		{ 599, "the server reports an error of its own" },
	};
	struct world		 w;

	(void)state;
	for (size_t i = 0; i < sizeof(e) / sizeof(e[0]); i++) {
		setup(&w);
		w.fail_method = STUN_ALLOCATE;
		w.fail_code = e[i].code;
		run(&w, 5 * SEC);
		EQ(turn_state(w.t), TURN_FAILED);
		STREQ(turn_why(w.t), e[i].words);
		CHECK(turn_deadline(w.t) == NEVER);
		teardown(&w);
	}
}

/* A success that must not be taken for one, nor an error to act on. */
static void
an_answer_with_an_unknown_attribute_is_a_failure(void **state)
{
	static const char *const	 words = "the server's answer needs "
		"an extension that is missing here";
	struct world			 w;

	(void)state;
	for (int fails = 0; fails < 2; fails++) {
		setup(&w);
		w.odd_method = STUN_ALLOCATE;
		w.fail_method = fails ? STUN_ALLOCATE : 0;
		w.fail_code = 440;
		run(&w, SEC);
		EQ(turn_state(w.t), TURN_FAILED);
		STREQ(turn_why(w.t), words);
		teardown(&w);
	}
	setup(&w);
	w.odd_method = STUN_PERMIT;
	turn_permit(w.t, w.now, &w.peer);
	run(&w, SEC);
	EQ(turn_state(w.t), TURN_UP);
	STREQ(turn_refused(w.t, &w.peer), words);
	teardown(&w);
}

/* One of ours from before a restart. Coturn takes a second to forget it. */
static void
an_allocation_of_before_is_given_up_and_replaced(void **state)
{
	struct world	 w;

	(void)state;
	for (uint64_t ms = 0; ms <= 2500; ms += 500) {
		setup(&w);
		w.old_until = NEVER;
		w.forgets = ms * MS;
		run(&w, ms * MS + SEC);
		EQ(turn_state(w.t), TURN_UP);
		EQ(w.released, 1);
		EQ(w.seen[STUN_ALLOCATE], 1);
		teardown(&w);
	}
}

static void
an_allocation_of_another_user_is_told_of_at_once(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w);
	w.others_until = NEVER;
	run(&w, SEC);
	EQ(turn_state(w.t), TURN_FAILED);
	STREQ(turn_why(w.t), "the allocation belongs to another user");
	teardown(&w);
}

static void
a_server_that_refuses_every_nonce_is_given_up(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w);
	w.fickle = true;
	run(&w, SEC);
	EQ(turn_state(w.t), TURN_FAILED);
	STREQ(turn_why(w.t), "the server refuses every nonce it gives");
	CHECK(w.stale <= 4);
	teardown(&w);
}

static void
a_family_that_the_server_lacks_is_replaced_by_the_other(void **state)
{
	struct world	 w;

	(void)state;
	for (uint8_t family = 4; family <= 6; family += 2) {
		setup(&w);
		turn_free(w.t);
		w.conf.family = w.lacks = family;
		w.t = turn_new(&w.conf, w.now);
		run(&w, SEC);
		EQ(turn_state(w.t), TURN_UP);
		EQ(w.seen[STUN_ALLOCATE], 1);
		teardown(&w);
	}
}

/* RFC 8489 10. An address that is none is not passed on. */
static void
who_sends_us_to_another_server_has_failed_and_names_it(void **state)
{
	static const struct {
		const char	*addr, *domain;
		bool		 usable;
	}			 v[] = {
		{ "203.0.113.54:3479", NULL, true },
		{ "203.0.113.54:3479", "turn.example", true },
		{ "[2001:db8::54]:3478", "", true },
		{ "0.0.0.0:3478", NULL, false },
		{ "224.0.0.1:3478", NULL, false },
		{ "203.0.113.54:0", NULL, false },
	};
	struct world		 w;
	struct addr		 a;
	const char		*name;

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		setup(&w);
		CHECK(!turn_alternate(w.t, &a, &name));
		w.alternate = at("203.0.113.54:1");
		if (v[i].usable)
			w.alternate = at(v[i].addr);
		else if (addr_parse(&w.alternate, v[i].addr) == -1)
			w.alternate.port = 0;
		w.domain = v[i].domain;
		run(&w, SEC);
		EQ(turn_state(w.t), TURN_FAILED);
		EQ(turn_alternate(w.t, &a, &name), v[i].usable);
		if (v[i].usable) {
			CHECK(addr_equal(&a, &w.alternate));
			STREQ(name, v[i].domain != NULL ? v[i].domain : "");
		}
		teardown(&w);
	}
}

static void
a_forbidden_peer_does_not_end_the_allocation(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w);
	w.fail_method = STUN_PERMIT;
	w.fail_code = 403;
	turn_permit(w.t, w.now, &w.peer);
	run(&w, SEC);
	EQ(turn_state(w.t), TURN_UP);
	STREQ(turn_refused(w.t, &w.peer), "the server forbids it");
	teardown(&w);
}

static void
a_wrong_password_fails(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w);
	w.key[0] ^= 1;
	run(&w, SEC);
	EQ(turn_state(w.t), TURN_FAILED);
	STREQ(turn_why(w.t),
	    "the server refuses the user name or the password");
	teardown(&w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(errors_are_told_in_words),
		cmocka_unit_test(
		    an_answer_with_an_unknown_attribute_is_a_failure),
		cmocka_unit_test(
		    an_allocation_of_before_is_given_up_and_replaced),
		cmocka_unit_test(
		    an_allocation_of_another_user_is_told_of_at_once),
		cmocka_unit_test(a_server_that_refuses_every_nonce_is_given_up),
		cmocka_unit_test(
		    a_family_that_the_server_lacks_is_replaced_by_the_other),
		cmocka_unit_test(
		    who_sends_us_to_another_server_has_failed_and_names_it),
		cmocka_unit_test(a_forbidden_peer_does_not_end_the_allocation),
		cmocka_unit_test(a_wrong_password_fails),
	};

	return RUN(tests);
}
