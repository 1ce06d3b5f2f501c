#include "support/test.h"

#include "support/mangle.h"
#include "syft/msgpack.h"

static struct mp
only(const void *p, size_t n)
{
	struct rd	 r = rd_of(p, n);
	struct mp	 m = mp_next(&r);

	mp_skip(&r, &m);
	CHECK(!r.bad && r.n == 0);
	return m;
}

#define ONLY(s)	only(s, sizeof(s) - 1)

static void
an_integer_is_read_at_any_width(void **state)
{
	(void)state;
	EQ(ONLY("\x07").u, 7);
	EQ(ONLY("\xcc\x07").u, 7);
	EQ(ONLY("\xcd\0\x07").u, 7);
	EQ(ONLY("\xce\0\0\0\x07").u, 7);
	EQ(ONLY("\xcf\0\0\0\0\0\0\0\x07").u, 7);
	EQ(ONLY("\xd0\x07").u, 7);
	EQ(ONLY("\xd1\0\x07").u, 7);
	EQ(ONLY("\xd2\0\0\0\x07").u, 7);
	EQ(ONLY("\xd3\0\0\0\0\0\0\0\x07").u, 7);
	EQ(ONLY("\xd3\0\0\0\0\0\0\0\x07").kind, MP_UINT);
	EQ(ONLY("\xcf\xff\xff\xff\xff\xff\xff\xff\xff").u, UINT64_MAX);
}

static void
a_negative_number_is_no_number_of_ours(void **state)
{
	(void)state;
	EQ(ONLY("\xff").kind, MP_OTHER);
	EQ(ONLY("\xd0\xff").kind, MP_OTHER);
	EQ(ONLY("\xd3\xff\xff\xff\xff\xff\xff\xff\xff").kind, MP_OTHER);
}

static void
every_other_type_is_skipped_whole(void **state)
{
	(void)state;
	EQ(ONLY("\xc2").kind, MP_OTHER);
	EQ(ONLY("\xc3").kind, MP_OTHER);
	EQ(ONLY("\xca" "1234").kind, MP_OTHER);
	EQ(ONLY("\xcb" "12345678").kind, MP_OTHER);
	EQ(ONLY("\xd4" "t1").kind, MP_OTHER);
	EQ(ONLY("\xd8" "t1234567812345678").kind, MP_OTHER);
	EQ(ONLY("\xc7\x02" "t12").kind, MP_OTHER);
	EQ(ONLY("\xc8\0\x02" "t12").kind, MP_OTHER);
	EQ(ONLY("\xc9\0\0\0\x02" "t12").kind, MP_OTHER);
	EQ(ONLY("\xdc\0\x02\x01\x02").kind, MP_ARRAY);
	EQ(ONLY("\xdd\0\0\0\x02\x01\x92\x01\x02").kind, MP_ARRAY);
	EQ(ONLY("\xde\0\x01\xa1k\x02").kind, MP_MAP);
	EQ(ONLY("\xdf\0\0\0\x01\xa1k\x81\xa1x\xc0").kind, MP_MAP);
}

static void
text_and_binary_of_all_widths_are_their_bytes(void **state)
{
	(void)state;
	EQ(ONLY("\xa2hi").bytes.n, 2);
	MEMEQ(ONLY("\xd9\x02hi").bytes.p, "hi", 2);
	MEMEQ(ONLY("\xda\0\x02hi").bytes.p, "hi", 2);
	MEMEQ(ONLY("\xdb\0\0\0\x02hi").bytes.p, "hi", 2);
	MEMEQ(ONLY("\xc4\x02hi").bytes.p, "hi", 2);
	MEMEQ(ONLY("\xc5\0\x02hi").bytes.p, "hi", 2);
	MEMEQ(ONLY("\xc6\0\0\0\x02hi").bytes.p, "hi", 2);
}

static void
nesting_of_any_depth_is_skipped_without_recursion(void **state)
{
	enum { DEPTH = 4 << 20 };
	uint8_t		*p = malloc(DEPTH);

	(void)state;
	memset(p, 0x91, DEPTH);
	p[DEPTH - 1] = 1;
	EQ(only(p, DEPTH).kind, MP_ARRAY);
	free(p);
}

static void
a_count_the_bytes_cannot_hold_is_refused_at_once(void **state)
{
	static const char	 many[] = "\xdf\xff\xff\xff\xff\x01\x01";
	static const char	 array[] = "\x93\x01\x01";
	static const char	 text[] = "\xdb\xff\xff\xff\xff" "abc";
	struct rd		 r = rd_of(many, sizeof(many) - 1);

	(void)state;
	EQ(mp_next(&r).kind, MP_NONE);
	CHECK(r.bad);
	r = rd_of(array, sizeof(array) - 1);
	EQ(mp_next(&r).kind, MP_NONE);
	CHECK(r.bad);
	r = rd_of(text, sizeof(text) - 1);
	EQ(mp_next(&r).kind, MP_NONE);
	CHECK(r.bad);
}

static void
the_byte_that_is_never_used_is_refused(void **state)
{
	struct rd	 r = rd_of("\xc1", 1);

	(void)state;
	EQ(mp_next(&r).kind, MP_NONE);
	CHECK(r.bad);
}

static void
is_bad(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct rd	 r = rd_of(p, n);
	struct mp	 m = mp_next(&r);

	(void)arg;
	(void)which;
	mp_skip(&r, &m);
	CHECK(r.bad);
}

static void
an_item_cut_anywhere_is_bad(void **state)
{
	static const char	 b[] =
	    "\x84\xa1" "a\xcd\x01\x02\xa1" "b\x92\xc4\x02"
	    "hi\xca" "1234\xa1" "c\xda\0\x01x\xa1" "d\xc7\x01" "t1";

	(void)state;
	EQ(ONLY(b).kind, MP_MAP);
	mangle_cut((const uint8_t *)b, sizeof(b) - 1, is_bad, NULL);
}

static void
what_is_written_is_the_shortest_form(void **state)
{
	static const struct {
		uint64_t	 v;
		size_t		 n;
	} sizes[] = {
		{ 0, 1 }, { 127, 1 }, { 128, 2 }, { 255, 2 }, { 256, 3 },
		{ 65535, 3 }, { 65536, 5 }, { UINT32_MAX, 5 },
		{ (uint64_t)UINT32_MAX + 1, 9 }, { UINT64_MAX, 9 },
	};
	uint8_t		 b[16];

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct wr	 w = wr_of(b, sizeof(b));

		mp_uint(&w, sizes[i].v);
		EQ(w.n, sizes[i].n);
		CHECK(only(b, w.n).u == sizes[i].v);
	}
}

static void
a_string_of_any_length_is_read_back(void **state)
{
	static const size_t	 lengths[] = { 0, 31, 32, 255, 256, 65535,
	    65536 };
	static const size_t	 heads[] = { 1, 1, 2, 2, 3, 3, 5 };
	uint8_t			*from = calloc(1, 70000), *to = malloc(70000);
	struct mp		 m;

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		struct wr	 w = wr_of(to, 70000);
		struct span	 s = { from, lengths[i] };

		mp_str(&w, s);
		EQ(w.n, lengths[i] + heads[i]);
		m = only(to, w.n);
		EQ(m.kind, MP_STR);
		EQ(m.bytes.n, lengths[i]);
	}
	free(from);
	free(to);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(an_integer_is_read_at_any_width),
		cmocka_unit_test(a_negative_number_is_no_number_of_ours),
		cmocka_unit_test(every_other_type_is_skipped_whole),
		cmocka_unit_test(text_and_binary_of_all_widths_are_their_bytes),
		cmocka_unit_test(nesting_of_any_depth_is_skipped_without_recursion),
		cmocka_unit_test(a_count_the_bytes_cannot_hold_is_refused_at_once),
		cmocka_unit_test(the_byte_that_is_never_used_is_refused),
		cmocka_unit_test(an_item_cut_anywhere_is_bad),
		cmocka_unit_test(what_is_written_is_the_shortest_form),
		cmocka_unit_test(a_string_of_any_length_is_read_back),
	};

	return RUN(tests);
}
