#include "support/test.h"

#include "base/utf8.h"

/* What the definition says, from code points rather than from bytes. */
static size_t
write_char(uint8_t *b, uint32_t c, size_t n)
{
	static const uint8_t	 first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	if (n == 1) {
		b[0] = (uint8_t)c;
		return 1;
	}
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		b[i] = (uint8_t)(0x80 | (c & 0x3f));
	b[0] = (uint8_t)(first[n] | c);
	return n;
}

static void
every_character_is_valid_in_its_shortest_form_only(void **state)
{
	uint8_t	 b[4];

	(void)state;
	for (uint32_t c = 0; c < 0x200000; c++) {
		size_t	 len = 1u + (c > 0x7f) + (c > 0x7ff) + (c > 0xffff);
		bool	 ok = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);

		CHECK(utf8_valid(b, write_char(b, c, len)) == ok);
		for (size_t n = len + 1; n <= 4; n++)
			CHECK(!utf8_valid(b, write_char(b, c, n)));
	}
}

static void
text_is_valid_at_every_split_and_at_no_cut_in_a_character(void **state)
{
	static const char	 text[] = "twelve ascii \xc3\xa9\xe2\x82\xac"
	    "\xf0\x9f\x98\x80 and then some more of it \xc2\xa2";
	size_t			 n = sizeof(text) - 1;

	(void)state;
	for (size_t i = 0; i <= n; i++) {
		struct utf8	 u = { 0, 0, 0 };
		bool		 inside = i < n && (text[i] & 0xc0) == 0x80;

		CHECK(utf8_feed(&u, text, i));
		CHECK(utf8_done(&u) == !inside);
		CHECK(utf8_feed(&u, text + i, n - i));
		CHECK(utf8_done(&u));
		CHECK(utf8_valid(text, i) == !inside);
	}
}

static void
a_stray_or_missing_continuation_is_refused(void **state)
{
	(void)state;
	CHECK(!utf8_valid("\x80", 1));
	CHECK(!utf8_valid("\xc3\x28", 2));
	CHECK(!utf8_valid("\xe2\x28\xa1", 3));
	CHECK(!utf8_valid("\xe2\x82\x28", 3));
	CHECK(!utf8_valid("\xf8\x88\x80\x80\x80", 5));
	CHECK(!utf8_valid("12345678\xff", 9));
	CHECK(utf8_valid(NULL, 0));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    every_character_is_valid_in_its_shortest_form_only),
		cmocka_unit_test(
		    text_is_valid_at_every_split_and_at_no_cut_in_a_character),
		cmocka_unit_test(a_stray_or_missing_continuation_is_refused),
	};

	return RUN(tests);
}
