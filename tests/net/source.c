#include "support/test.h"

#include "net/source.h"
#include "support/mangle.h"

/* The flags of if_addr.h, as the kernel writes them into its table. */
enum {
	TEMPORARY = 0x01, OPTIMISTIC = 0x04, DADFAILED = 0x08,
	DEPRECATED = 0x20, TENTATIVE = 0x40, PERMANENT = 0x80,
};

static struct source
source(const char *ip, unsigned flags)
{
	struct source	 s = { .device = 2, .flags = (uint8_t)flags };

	EQ(addr_parse_ip(&s.addr, ip), 0);
	return s;
}

static void
is(const struct source *s, const char *ip)
{
	char	 text[ADDR_TEXT];

	STREQ(addr_ip_text(&s->addr, text), ip);
}

static const char	 LINE[] =
	"fe80000000000000021122fffe334455 1f 40 20 c0    wlan0\n";

static void
a_line_of_the_kernel_is_read(void **state)
{
	struct source	 s;

	(void)state;
	EQ(source_parse(&s, LINE, strlen(LINE)), 0);
	is(&s, "fe80::211:22ff:fe33:4455%31");
	EQ(s.device, 31);
	EQ(s.flags, TENTATIVE | PERMANENT);
	EQ(source_parse(&s, "20010db8000000000000000000000002 04 40 00 01 x",
	    46), 0);
	is(&s, "2001:db8::2");
	EQ(s.flags, TEMPORARY);
}

/* The name's own length is nobody's business, so a cut there is none. */
static void
cut(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct source	 s = { .device = 77 };
	int		 r = source_parse(&s, (const char *)p, n);

	(void)arg;
	EQ(r, which > strcspn(LINE, "w") ? 0 : -1);
	CHECK(r == 0 || s.device == 77);
}

static void
a_line_is_read_whole_or_not_at_all(void **state)
{
	static const char *const	 bad[] = {
		"", "\n", "Inter-|   Receive",
		"fe8000000000000g021122fffe334455 1f 40 20 c0    wlan0\n",
		"fe80000000000000021122fffe3344555 1f 40 20 c0    wlan0\n",
		"fe80000000000000021122fffe334455 123456789 40 20 c0 w\n",
		"fe80000000000000021122fffe334455 1f 40 20 1c0 w\n",
		"fe80000000000000021122fffe334455 1f  20 c0 w\n",
	};
	struct source			 s;

	(void)state;
	mangle_cut((const uint8_t *)LINE, strlen(LINE), cut, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		EQ(source_parse(&s, bad[i], strlen(bad[i])), -1);
}

static void
what_reaches_farther_comes_first_and_the_rest_as_it_was(void **state)
{
	struct source	 s[] = {
		source("127.0.0.1", 0), source("::1", PERMANENT),
		source("fe80::1%2", PERMANENT), source("192.0.2.2", 0),
		source("2001:db8::2", PERMANENT), source("192.0.2.1", 0),
		source("2001:db8::1", PERMANENT), source("169.254.0.1", 0),
	};
	static const char *const	 want[] = {
		"192.0.2.2", "192.0.2.1", "2001:db8::2", "2001:db8::1",
		"169.254.0.1", "fe80::1%2", "127.0.0.1", "::1",
	};

	(void)state;
	EQ(source_choose(s, 8, NULL, 0), 8);
	for (size_t i = 0; i < 8; i++)
		is(&s[i], want[i]);
}

static void
a_temporary_address_comes_before_a_permanent_one(void **state)
{
	struct source	 s[] = {
		source("2001:db8::1", PERMANENT),
		source("2001:db8::3", OPTIMISTIC | TENTATIVE),
		source("2001:db8::2", TEMPORARY), source("192.0.2.1", 0),
	};

	(void)state;
	EQ(source_choose(s, 4, NULL, 0), 4);
	is(&s[0], "192.0.2.1");
	is(&s[1], "2001:db8::2");
	is(&s[2], "2001:db8::1");
	is(&s[3], "2001:db8::3");
}

static void
what_is_not_tested_or_taken_by_another_host_is_left_out(void **state)
{
	struct source	 s[] = {
		source("2001:db8::1", TENTATIVE),
		source("2001:db8::2", TENTATIVE | DADFAILED | PERMANENT),
		source("2001:db8::3", OPTIMISTIC | TENTATIVE | DADFAILED),
	};

	(void)state;
	EQ(source_choose(s, 3, &s[1].addr, 1), 0);
}

static void
what_was_abolished_is_left_out(void **state)
{
	struct source	 s[] = {
		source("fec0::1", PERMANENT), source("::192.0.2.1", PERMANENT),
		source("::1", PERMANENT), source("fd00::1", PERMANENT),
	};

	(void)state;
	EQ(source_choose(s, 4, NULL, 0), 2);
	is(&s[0], "fd00::1");
	is(&s[1], "::1");
}

static void
a_deprecated_address_is_for_want_of_another(void **state)
{
	struct source	 s[] = {
		source("2001:db8::1", DEPRECATED | PERMANENT),
		source("fe80::1%2", PERMANENT), source("192.0.2.1", 0),
		source("2001:db8::2", PERMANENT),
	};

	(void)state;
	EQ(source_choose(s, 3, NULL, 0), 3);	/* nothing else reaches it */
	is(&s[1], "2001:db8::1");
	EQ(source_choose(s, 4, NULL, 0), 3);
	is(&s[0], "192.0.2.1");
	is(&s[1], "2001:db8::2");
	is(&s[2], "fe80::1%2");
}

static void
of_two_that_are_deprecated_neither_gives_way(void **state)
{
	struct source	 s[] = {
		source("2001:db8::1", DEPRECATED),
		source("2001:db8::2", DEPRECATED | TEMPORARY),
		source("2001:db8::3", TENTATIVE),
	};

	(void)state;
	EQ(source_choose(s, 3, NULL, 0), 2);
}

/* Or a path would end with the address's preferred lifetime. */
static void
what_is_in_use_stays_although_it_is_deprecated(void **state)
{
	struct source	 s[] = {
		source("2001:db8::1", DEPRECATED | TEMPORARY),
		source("2001:db8::2", TEMPORARY),
	};
	struct addr	 in_use = s[0].addr;

	(void)state;
	in_use.port = 7;
	EQ(source_choose(s, 2, &in_use, 1), 2);
	is(&s[0], "2001:db8::2");
	is(&s[1], "2001:db8::1");
}

static void
the_hardware_address_is_not_shown_beside_a_temporary_one(void **state)
{
	struct source	 s[] = {
		source("2001:db8::211:22ff:fe33:4455", 0),
		source("2001:db8::5", PERMANENT),
		source("2001:db8:0:1:211:22ff:fe33:4455", 0),
		source("2001:db8::211:22ff:fe33:4466", 0),
		source("2001:db8::2", TEMPORARY),
	};

	(void)state;
	s[3].device = 3;
	EQ(source_choose(s, 4, NULL, 0), 4);	/* there is none */
	EQ(source_choose(s, 5, NULL, 0), 4);
	is(&s[0], "2001:db8::2");
	is(&s[1], "2001:db8::5");
	is(&s[2], "2001:db8:0:1:211:22ff:fe33:4455");
	is(&s[3], "2001:db8::211:22ff:fe33:4466");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_line_of_the_kernel_is_read),
		cmocka_unit_test(a_line_is_read_whole_or_not_at_all),
		cmocka_unit_test(
		    what_reaches_farther_comes_first_and_the_rest_as_it_was),
		cmocka_unit_test(
		    a_temporary_address_comes_before_a_permanent_one),
		cmocka_unit_test(
		    what_is_not_tested_or_taken_by_another_host_is_left_out),
		cmocka_unit_test(what_was_abolished_is_left_out),
		cmocka_unit_test(a_deprecated_address_is_for_want_of_another),
		cmocka_unit_test(of_two_that_are_deprecated_neither_gives_way),
		cmocka_unit_test(
		    what_is_in_use_stays_although_it_is_deprecated),
		cmocka_unit_test(
		    the_hardware_address_is_not_shown_beside_a_temporary_one),
	};

	return RUN(tests);
}
