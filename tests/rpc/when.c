#include "support/test.h"

#include "rpc/when.h"

static uint64_t	 ms;

static void
a_time_becomes_milliseconds(void **state)
{
	(void)state;
	EQ(when_parse(&ms, "1970-01-01T00:00:00Z"), 0);
	CHECK(ms == 0);
	EQ(when_parse(&ms, "2026-02-10T07:28:00.123456+00:00"), 0);
	CHECK(ms == 1770708480123);
	EQ(when_parse(&ms, "2026-02-10T09:28:00.123+02:00"), 0);
	CHECK(ms == 1770708480123);
	EQ(when_parse(&ms, "2000-02-29 23:59:60-01:30"), 0);
	CHECK(ms == 951874200000);
}

static void
a_time_becomes_the_same_text(void **state)
{
	static const char *const	 t[] = {
		"1970-01-01T00:00:00.000Z", "1999-12-31T23:59:59.999Z",
		"2000-02-29T12:00:00.001Z", "2026-11-23T06:00:00.500Z",
		"2100-03-01T00:00:00.000Z", "2400-02-29T00:00:00.000Z",
	};
	char				 b[WHEN_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		EQ(when_parse(&ms, t[i]), 0);
		when_text(ms, "Z", b);
		STREQ(b, t[i]);
	}
}

static void
what_is_no_time_is_refused(void **state)
{
	static const char *const	 t[] = {
		"", "2026", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-02-10T24:00:00Z", "2026-02-10T07:60:00Z",
		"2026-02-10T07:28:00", "2026-02-10T07:28:00.Z",
		"2026-02-10T07:28:00Zx", "2026-02-10T07:28:00+0000",
		"2026-02-10T07:28:00+24:00", "2026-2-10T07:28:00Z",
		"1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00",
		"-026-02-10T07:28:00Z", "2026-02-10X07:28:00Z",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		EQ(when_parse(&ms, t[i]), -1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_time_becomes_milliseconds),
		cmocka_unit_test(a_time_becomes_the_same_text),
		cmocka_unit_test(what_is_no_time_is_refused),
	};

	return RUN(tests);
}
