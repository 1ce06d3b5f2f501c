#include "support/test.h"

#include "base/crc.h"

static uint8_t	 data[8192];

static void
fill(void)
{
	uint32_t	 x = 1;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
}

static uint32_t
bitwise(const uint8_t *p, size_t n, uint32_t poly)
{
	uint32_t	 c = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		c ^= p[i];
		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? poly : 0);
	}
	return ~c;
}

static void
the_check_values_are_those_of_the_catalogue(void **state)
{
	(void)state;
	EQ(crc32_of("123456789", 9), 0xcbf43926);
	EQ(crc32c("123456789", 9), 0xe3069283);
	EQ(crc32c_table("123456789", 9), 0xe3069283);
	EQ(crc32c("", 0), 0);
	EQ(crc32_of("", 0), 0);
}

/* RFC 3720 B.4 */
static void
crc32c_is_that_of_the_rfc(void **state)
{
	uint8_t	 b[32];

	(void)state;
	memset(b, 0, 32);
	EQ(crc32c(b, 32), 0x8a9136aa);
	memset(b, 0xff, 32);
	EQ(crc32c(b, 32), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		b[i] = (uint8_t)i;
	EQ(crc32c(b, 32), 0x46dd794e);
}

static void
every_path_agrees_at_every_length_and_offset(void **state)
{
	uint32_t	 want;

	(void)state;
	fill();
	for (size_t n = 0; n < 1300; n++)
		for (size_t at = 0; at < 3; at++) {
			want = bitwise(data + at, n, 0x82f63b78);
			EQ(crc32c(data + at, n), want);
			EQ(crc32c_table(data + at, n), want);
			EQ(crc32_of(data + at, n),
			    bitwise(data + at, n, 0xedb88320));
		}
	EQ(crc32c(data, sizeof(data)), crc32c_table(data, sizeof(data)));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_check_values_are_those_of_the_catalogue),
		cmocka_unit_test(crc32c_is_that_of_the_rfc),
		cmocka_unit_test(every_path_agrees_at_every_length_and_offset),
	};

	printf("crc32c: %s\n", crc32c_path());
	return RUN(tests);
}
