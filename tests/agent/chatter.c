#include "support/test.h"

#include "agent/chatter.h"
#include "base/time.h"

static const uint64_t	 start = 5000 * (uint64_t)SEC;

/* How many of n lines at that time are said. */
static size_t
said(struct chatter *c, uint64_t now, size_t n)
{
	uint64_t	 left_out;
	size_t		 k = 0;

	for (size_t i = 0; i < n; i++)
		k += chatter_may(c, now, &left_out);
	return k;
}

static void
a_burst_is_said_and_no_more(void **state)
{
	struct chatter	 c = { 0 };
	uint64_t	 left_out = 7;

	(void)state;
	CHECK(chatter_may(&c, start, &left_out));
	EQ(left_out, 0);
	EQ(said(&c, start, 100000), CHATTER_BURST - 1);
	EQ(c.left_out, 100000 - (CHATTER_BURST - 1));
}

static void
a_talker_without_end_is_heard_now_and_then(void **state)
{
	struct chatter	 c = { 0 };
	size_t		 n = 0, hour = 3600;

	(void)state;
	for (size_t s = 0; s < hour; s++)
		n += said(&c, start + s * (uint64_t)SEC, 100);
	CHECK(n >= CHATTER_BURST + hour / CHATTER_PAUSE_S - 1);
	CHECK(n <= CHATTER_BURST + hour / CHATTER_PAUSE_S);
}

static void
what_was_left_out_is_told_once(void **state)
{
	struct chatter	 c = { 0 };
	uint64_t	 left_out = 0, now = start;

	(void)state;
	said(&c, now, CHATTER_BURST + 30);
	now += CHATTER_PAUSE_S * (uint64_t)SEC;
	CHECK(chatter_may(&c, now, &left_out));
	EQ(left_out, 30);
	CHECK(!chatter_may(&c, now, &left_out));
	now += CHATTER_PAUSE_S * (uint64_t)SEC;
	CHECK(chatter_may(&c, now, &left_out));
	EQ(left_out, 1);
}

static void
after_a_while_of_silence_a_burst_is_said_again(void **state)
{
	struct chatter	 c = { 0 };

	(void)state;
	said(&c, start, 2 * CHATTER_BURST);
	EQ(said(&c, start + CHATTER_BURST * CHATTER_PAUSE_S * (uint64_t)SEC,
	    2 * CHATTER_BURST), CHATTER_BURST);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_burst_is_said_and_no_more),
		cmocka_unit_test(a_talker_without_end_is_heard_now_and_then),
		cmocka_unit_test(what_was_left_out_is_told_once),
		cmocka_unit_test(
		    after_a_while_of_silence_a_burst_is_said_again),
	};

	return RUN(tests);
}
