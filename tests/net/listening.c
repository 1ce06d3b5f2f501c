#include "support/test.h"

#include "net/listening.h"
#include "net/tcp.h"

static void
only_who_listens_is_found(void **state)
{
	static const char *const	 at[] = { "127.0.0.1:0", "[::1]:0",
		"0.0.0.0:0" };
	struct addr			 a, bound;
	int				 s, c;

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		EQ(addr_parse(&a, at[i]), 0);
		s = tcp_listen(&a, &bound);
		if (s == -1)		/* no IPv6 here */
			continue;
		CHECK(listening_on(bound.port));
		if (addr_is_any(&bound))
			EQ(addr_parse_ip(&bound, "127.0.0.1"), 0);
		c = tcp_connect(&bound);
		CHECK(c >= 0);
		tcp_close(s);
		CHECK(!listening_on(bound.port));
		tcp_reset(c);
	}
	CHECK(!listening_on(0));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(only_who_listens_is_found),
	};

	return RUN(tests);
}
