#include "support/test.h"

#include "cli/frames.h"
#include "support/mangle.h"

enum { SIZE = 45, COUNT = 7, ALL = COUNT * (4 + SIZE) };

static void
make_all(uint8_t *p, uint64_t key)
{
	struct frames	 f;

	frames_init(&f, key, COUNT, SIZE);
	EQ(frames_make(&f, p, ALL), ALL);
	CHECK(frames_done(&f));
	EQ(frames_make(&f, p, ALL), 0);
}

static void
a_burst_made_at_any_split_is_the_same(void **state)
{
	uint8_t		 whole[ALL], split[ALL];
	struct frames	 f;
	size_t		 n;

	(void)state;
	make_all(whole, 1);
	for (size_t at = 0; at <= ALL; at++) {
		frames_init(&f, 1, COUNT, SIZE);
		n = frames_make(&f, split, at);
		EQ(n, at);
		n += frames_make(&f, split + n, ALL - n);
		EQ(n, ALL);
		MEMEQ(whole, split, ALL);
	}
}

static void
a_burst_fed_at_any_split_is_accepted(void **state)
{
	uint8_t		 whole[ALL];
	char		 why[FRAMES_WHY];
	struct frames	 f;

	(void)state;
	make_all(whole, 2);
	for (size_t at = 0; at <= ALL; at++) {
		frames_init(&f, 2, COUNT, SIZE);
		EQ(frames_check(&f, whole, at, why), 0);
		EQ(f.frame, at / (4 + SIZE));
		EQ(frames_check(&f, whole + at, ALL - at, why), 0);
		CHECK(frames_done(&f));
	}
}

static void
refuse(void *arg, const uint8_t *p, size_t n, size_t bit)
{
	struct frames	 f;
	char		 why[FRAMES_WHY] = "", want[FRAMES_WHY];
	size_t		 frame = bit / 8 / (4 + SIZE);
	size_t		 at = bit / 8 % (4 + SIZE);

	(void)arg;
	frames_init(&f, 3, COUNT, SIZE);
	EQ(frames_check(&f, p, n, why), -1);
	EQ(f.frame, frame);
	if (at < 4)
		snprintf(want, sizeof(want), "frame %zu has a wrong length",
		    frame + 1);
	else
		snprintf(want, sizeof(want), "frame %zu differs at byte %zu",
		    frame + 1, at - 4);
	STREQ(why, want);
}

static void
any_flipped_bit_is_found_and_named(void **state)
{
	uint8_t	 whole[ALL];

	(void)state;
	make_all(whole, 3);
	mangle_flip(whole, ALL, refuse, NULL);
}

static void
a_byte_too_many_is_refused(void **state)
{
	uint8_t		 whole[ALL + 1] = { 0 };
	char		 why[FRAMES_WHY];
	struct frames	 f;

	(void)state;
	make_all(whole, 4);
	frames_init(&f, 4, COUNT, SIZE);
	EQ(frames_check(&f, whole, ALL + 1, why), -1);
	STREQ(why, "1 bytes too many");
}

static void
frames_differ_from_each_other_and_from_other_keys(void **state)
{
	uint8_t	 a[ALL], b[ALL];

	(void)state;
	make_all(a, 5);
	make_all(b, 6);
	for (size_t i = 0; i < COUNT; i++) {
		CHECK(memcmp(a + i * (4 + SIZE) + 4, b + i * (4 + SIZE) + 4,
		    SIZE) != 0);
		for (size_t k = 0; k < i; k++)
			CHECK(memcmp(a + i * (4 + SIZE) + 4,
			    a + k * (4 + SIZE) + 4, SIZE) != 0);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_burst_made_at_any_split_is_the_same),
		cmocka_unit_test(a_burst_fed_at_any_split_is_accepted),
		cmocka_unit_test(any_flipped_bit_is_found_and_named),
		cmocka_unit_test(a_byte_too_many_is_refused),
		cmocka_unit_test(
		    frames_differ_from_each_other_and_from_other_keys),
	};

	return RUN(tests);
}
