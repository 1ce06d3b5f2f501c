#include "support/test.h"

#include "base/addr.h"

static void
numeric_text_is_read_and_written_back(void **state)
{
	static const char *const	 same[] = {
		"192.0.2.1:80", "0.0.0.0:0", "255.255.255.255:65535",
		"[::]:1", "[::1]:443", "[2001:db8::1]:5", "[fe80::1%2]:7",
		"[1:2:3:4:5:6:7:8]:9", "[1:0:0:2::3]:1", "[::ffff:102:304]:1",
	};
	struct addr	 a;
	char		 buf[ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		EQ(addr_parse(&a, same[i]), 0);
		STREQ(addr_text(&a, buf), same[i]);
	}
	EQ(addr_parse_ip(&a, "::ffff:1.2.3.4"), 0);
	STREQ(addr_ip_text(&a, buf), "::ffff:102:304");
}

static void
bad_text_is_refused_and_changes_nothing(void **state)
{
	static const char *const	 bad[] = {
		"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", "01.2.3.4",
		":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
		"12345::", "::g", "1.2.3.4%1", "::1%", "::1%99999999999",
		"1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.256", "1:", "::1:",
	};
	struct addr	 a, b = { .port = 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		a = b;
		EQ(addr_parse_ip(&a, bad[i]), -1);
		CHECK(addr_equal(&a, &b));
	}
	EQ(addr_parse(&a, "1.2.3.4"), -1);
	EQ(addr_parse(&a, "1.2.3.4:65536"), -1);
	EQ(addr_parse(&a, "::1:80"), -1);
	EQ(addr_parse(&a, "[::1]80"), -1);
	EQ(addr_parse(&a, "[1.2.3.4]:80"), -1);
}

static void
addresses_know_their_kind(void **state)
{
	struct addr	 a, b;

	(void)state;
	addr_parse(&a, "127.1.2.3:1");
	CHECK(addr_is_loopback(&a) && !addr_is_any(&a));
	addr_parse(&a, "[::1]:1");
	CHECK(addr_is_loopback(&a));
	addr_parse(&a, "[febf::1]:1");
	CHECK(addr_is_linklocal(&a));
	addr_parse(&a, "0.0.0.0:1");
	CHECK(addr_is_any(&a));
	addr_parse(&b, "0.0.0.0:2");
	CHECK(addr_same_ip(&a, &b) && !addr_equal(&a, &b));
	CHECK(!addr_is_group(&a));
	addr_parse(&a, "224.0.0.1:1");
	addr_parse(&b, "239.255.255.255:1");
	CHECK(addr_is_group(&a) && addr_is_group(&b));
	addr_parse(&a, "240.0.0.1:1");
	addr_parse(&b, "255.255.255.255:1");
	CHECK(!addr_is_group(&a) && addr_is_group(&b));
	addr_parse(&a, "[ff02::fb]:1");
	addr_parse(&b, "[fe80::1]:1");
	CHECK(addr_is_group(&a) && !addr_is_group(&b));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(numeric_text_is_read_and_written_back),
		cmocka_unit_test(bad_text_is_refused_and_changes_nothing),
		cmocka_unit_test(addresses_know_their_kind),
	};

	return RUN(tests);
}
