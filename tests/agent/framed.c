#include "support/test.h"

#include "agent/framed.h"

static size_t
length(const char *bytes, size_t n)
{
	uint8_t	*copy = malloc(n + 1);
	size_t	 len;

	memcpy(copy, bytes, n);
	len = framed_length(copy, n);
	free(copy);
	return len;
}

static void
messages_are_as_long_as_they_say(void **state)
{
	(void)state;
	EQ(length("\0\1\0\0", 4), 20);
	EQ(length("\0\1\0\x8", 4), 28);
	EQ(length("\0\1\xff\xfc", 4), 20 + 65532);
	EQ(length("\x40\1\0\0", 4), 4);
	EQ(length("\x40\1\0\1", 4), 8);
	EQ(length("\x40\1\0\4", 4), 8);
	EQ(length("\x7f\xff\xff\xff", 4), 4 + 65536);
}

static void
too_few_bytes_say_nothing(void **state)
{
	(void)state;
	for (size_t n = 0; n < 4; n++) {
		EQ(length("\0\1\0\0", n), 0);
		EQ(length("\x40\1\0\0", n), 0);
	}
}

static void
other_bytes_begin_no_message(void **state)
{
	(void)state;
	CHECK(length("\x80", 1) == SIZE_MAX);
	/* This is a channel's. */
	CHECK(length("HTTP", 4) == 4 + ('T' << 8 | 'P'));
	CHECK(length("\xff\xff\xff\xff", 4) == SIZE_MAX);
	CHECK(length("\0\1\0\1", 4) == SIZE_MAX);	/* not by fours */
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(messages_are_as_long_as_they_say),
		cmocka_unit_test(too_few_bytes_say_nothing),
		cmocka_unit_test(other_bytes_begin_no_message),
	};

	return RUN(tests);
}
