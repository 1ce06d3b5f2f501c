#include "support/test.h"

#include "session/ports.h"

static void
each_user_has_a_port_until_it_lets_go(void **state)
{
	struct ports	 ps = { .n = 0 };
	struct addr	 a = { .family = 4, .port = 5000 };
	int		 x, y;

	(void)state;
	EQ(ports_add(&ps, &a, 1), 0);
	a.port = 5001;
	EQ(ports_add(&ps, &a, 1), 0);
	EQ(ports_free(&ps)->hosts[0].port, 5000);
	ports_free(&ps)->user = &x;
	EQ(ports_free(&ps)->hosts[0].port, 5001);
	ports_free(&ps)->user = &y;
	CHECK(ports_free(&ps) == NULL);
	ports_release(&ps, &x);
	EQ(ports_free(&ps)->hosts[0].port, 5000);
	ports_fini(&ps);
}

static void
the_table_is_bounded(void **state)
{
	struct ports	 ps = { .n = 0 };
	struct addr	 a = { .family = 4 };

	(void)state;
	for (int i = 0; i < PORTS_MAX; i++)
		EQ(ports_add(&ps, &a, 1), 0);
	EQ(ports_add(&ps, &a, 1), -1);
	ports_fini(&ps);
	CHECK(ports_free(&ps) == NULL);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(each_user_has_a_port_until_it_lets_go),
		cmocka_unit_test(the_table_is_bounded),
	};

	return RUN(tests);
}
