#include "support/test.h"

#include "base/time.h"
#include "session/opening.h"
#include "syft/msg.h"

static struct opening
opened(uint64_t now)
{
	struct opening	 o;

	opening_init(&o, "hl1-00112233445566778899aabbccddeeff");
	opening_relay(&o, now, true);
	return o;
}

static void
nothing_is_opened_without_a_relay(void **state)
{
	struct opening	 o;

	(void)state;
	opening_init(&o, "12345678");
	CHECK(!opening_due(&o, 3600 * (uint64_t)SEC));
	EQ(o.state, OPENING_DOWN);
}

static void
open_is_said_again_after_1_2_4_5_5_seconds(void **state)
{
	static const unsigned	 gaps[] = { 1, 2, 4, 5, 5, 5 };
	uint64_t		 now = 10 * SEC;
	struct opening		 o = opened(now);

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		CHECK(opening_due(&o, now));
		opening_said(&o, now);
		CHECK(!opening_due(&o, now + gaps[i] * (uint64_t)SEC - 1));
		now += gaps[i] * (uint64_t)SEC;
	}
	CHECK(opening_due(&o, now));
}

static void
accept_ends_the_opening_once(void **state)
{
	struct opening	 o = opened(0);

	(void)state;
	opening_said(&o, 0);
	CHECK(opening_accept(&o));
	CHECK(!opening_accept(&o));
	CHECK(!opening_due(&o, 3600 * (uint64_t)SEC));
}

static void
an_accept_after_the_relay_was_lost_counts_for_nothing(void **state)
{
	struct opening	 o = opened(0);

	(void)state;
	opening_said(&o, 0);
	opening_relay(&o, 1, false);
	CHECK(!opening_accept(&o));
	EQ(o.state, OPENING_DOWN);
}

static void
permission_denied_is_tried_again(void **state)
{
	struct opening	 o = opened(0);

	(void)state;
	opening_said(&o, 0);
	opening_reject(&o, 1, span_of("permission denied"));
	EQ(o.state, OPENING_REJECTED);
	CHECK(!opening_due(&o, SEC - 1));
	CHECK(opening_due(&o, SEC));
	opening_said(&o, SEC);
	CHECK(opening_accept(&o));
}

static void
an_unknown_session_is_opened_at_once_and_only_once(void **state)
{
	struct opening	 o = opened(0);

	(void)state;
	opening_said(&o, 0);
	opening_accept(&o);
	opening_reject(&o, 7 * SEC, span_of("unknown session"));
	CHECK(opening_due(&o, 7 * SEC));
	opening_said(&o, 7 * SEC);
	for (int i = 0; i < 100; i++)
		opening_reject(&o, 7 * SEC + 1, span_of("unknown session"));
	CHECK(!opening_due(&o, 8 * SEC - 1));
}

static void
a_peer_that_appears_is_asked_without_delay(void **state)
{
	struct opening	 o = opened(0);

	(void)state;
	opening_said(&o, 0);
	opening_nudge(&o, 300 * MS);
	CHECK(opening_due(&o, 300 * MS));
}

/* It was not there for the first one, or its Accept is still on its way. */
static void
a_peer_that_appears_right_after_open_is_asked_soon(void **state)
{
	struct opening	 o = opened(0);

	(void)state;
	opening_said(&o, 0);
	opening_nudge(&o, 5 * MS);
	CHECK(!opening_due(&o, 209 * MS));
	CHECK(opening_due(&o, 210 * MS));
	opening_said(&o, 210 * MS);
	CHECK(!opening_due(&o, SEC));
}

static void
an_accept_from_far_away_comes_before_open_is_said_again(void **state)
{
	struct opening	 o = opened(0);

	(void)state;
	opening_said(&o, 0);
	opening_nudge(&o, 180 * MS);
	CHECK(!opening_due(&o, 2 * 180 * MS));
	opening_accept(&o);
	CHECK(!opening_due(&o, 10 * SEC));
	opening_nudge(&o, 10 * SEC);
	CHECK(!opening_due(&o, 20 * SEC));
}

static void
accept_is_said_again_after_the_relay_was_away(void **state)
{
	struct inbound	 in = { .state = INBOUND_NONE };

	(void)state;
	CHECK(inbound_open(&in, span_of("abcdefgh")));
	CHECK(inbound_due(&in));
	inbound_said(&in, 5);
	CHECK(!inbound_due(&in));
	CHECK(!inbound_settled(&in, 5));
	CHECK(inbound_settled(&in, 5 + INBOUND_SETTLE));
	inbound_relay(&in, false);
	CHECK(!inbound_due(&in) && !inbound_settled(&in, SEC));
	inbound_relay(&in, true);
	CHECK(inbound_due(&in));
}

static void
a_session_the_relay_forgot_waits_for_open(void **state)
{
	struct inbound	 in = { .state = INBOUND_NONE };

	(void)state;
	inbound_open(&in, span_of("abcdefgh"));
	inbound_said(&in, 5);
	inbound_unknown(&in);
	CHECK(!inbound_due(&in));
	CHECK(!inbound_open(&in, span_of("abcdefgh")));
	CHECK(inbound_due(&in));
	CHECK(inbound_open(&in, span_of("ijklmnop")));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(nothing_is_opened_without_a_relay),
		cmocka_unit_test(open_is_said_again_after_1_2_4_5_5_seconds),
		cmocka_unit_test(accept_ends_the_opening_once),
		cmocka_unit_test(
		    an_accept_after_the_relay_was_lost_counts_for_nothing),
		cmocka_unit_test(permission_denied_is_tried_again),
		cmocka_unit_test(
		    an_unknown_session_is_opened_at_once_and_only_once),
		cmocka_unit_test(a_peer_that_appears_is_asked_without_delay),
		cmocka_unit_test(
		    a_peer_that_appears_right_after_open_is_asked_soon),
		cmocka_unit_test(
		    an_accept_from_far_away_comes_before_open_is_said_again),
		cmocka_unit_test(accept_is_said_again_after_the_relay_was_away),
		cmocka_unit_test(a_session_the_relay_forgot_waits_for_open),
	};

	return RUN(tests);
}
