#include "support/test.h"

#include "net/linger.h"

static const uint64_t	 NOW = 5 * SEC;

static void
wait_each(struct linger *g, uint64_t took, int n)
{
	while (n-- > 0)
		linger_waited(g, took);
}

static void
one_lingers_where_all_came_soon(void **state)
{
	struct linger	 g = { 0 };

	(void)state;
	CHECK(!linger_is_worth(&g, NOW));
	wait_each(&g, LINGER_TIME, 3);
	CHECK(!linger_is_worth(&g, NOW));
	wait_each(&g, LINGER_TIME, 1);
	CHECK(linger_is_worth(&g, NOW));
}

static void
it_ends_soon_after_what_came_soon(void **state)
{
	struct linger	 g = { 0 };
	int		 n = 0;

	(void)state;
	wait_each(&g, 1, 1000);
	for (; linger_is_worth(&g, NOW); n++)
		linger_waited(&g, LINGER_TIME + 1);
	CHECK(n > 1 && n <= 4);
}

/* Asked and answered at once, but seldom: each second wait is long. */
static void
one_sleeps_where_each_second_is_long(void **state)
{
	struct linger	 g = { 0 };

	(void)state;
	wait_each(&g, 1, 1000);
	for (int i = 0; i < 10; i++) {
		linger_waited(&g, MS);
		linger_waited(&g, 1);
	}
	for (int i = 0; i < 100; i++) {
		CHECK(!linger_is_worth(&g, NOW));
		linger_waited(&g, MS);
		CHECK(!linger_is_worth(&g, NOW));
		linger_waited(&g, 1);
	}
}

static void
others_that_need_the_processor_get_it(void **state)
{
	struct linger	 g = { 0 };
	uint64_t	 now = NOW, pause = LINGER_PAUSE;

	(void)state;
	wait_each(&g, 1, 1000);
	linger_yielded(&g, now, LINGER_OTHERS);
	CHECK(linger_is_worth(&g, now));
	for (int i = 0; i < 10; i++) {
		linger_yielded(&g, now, LINGER_OTHERS + 1);
		CHECK(!linger_is_worth(&g, now + pause - 1));
		CHECK(linger_is_worth(&g, now + pause));
		now += pause;
		pause = earlier(pause * 2, LINGER_PAUSE_MAX);
	}
	/* not for long, if that was long ago */
	now += LINGER_PAUSE_MAX;
	linger_yielded(&g, now, LINGER_OTHERS + 1);
	CHECK(linger_is_worth(&g, now + LINGER_PAUSE));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(one_lingers_where_all_came_soon),
		cmocka_unit_test(it_ends_soon_after_what_came_soon),
		cmocka_unit_test(one_sleeps_where_each_second_is_long),
		cmocka_unit_test(others_that_need_the_processor_get_it),
	};

	return RUN(tests);
}
