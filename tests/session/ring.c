#include "support/test.h"

#include "session/ring.h"
#include "support/oom.h"

static void
bytes_come_back_across_the_wrap(void **state)
{
	struct ring	 r;
	struct span	 s;

	(void)state;
	ring_init(&r, 8);
	CHECK(ring_put(&r, "abcdef", 6));
	ring_drop(&r, 5);
	CHECK(ring_put(&r, "ghijk", 5));
	s = ring_at(&r, 5);
	EQ(s.n, 3);
	MEMEQ(s.p, "fgh", 3);
	s = ring_at(&r, 8);
	EQ(s.n, 3);
	MEMEQ(s.p, "ijk", 3);
	EQ(ring_used(&r), 6);
	EQ(ring_room(&r), 2);
	ring_fini(&r);
}

static void
what_does_not_fit_is_not_put_at_all(void **state)
{
	struct ring	 r;

	(void)state;
	ring_init(&r, 8);
	CHECK(ring_put(&r, "abcdef", 6));
	CHECK(!ring_put(&r, "ghi", 3));
	EQ(ring_used(&r), 6);
	CHECK(ring_put(&r, "gh", 2));
	EQ(ring_space(&r).n, 0);
	ring_fini(&r);
}

static void
space_is_contiguous_and_filled_in_steps(void **state)
{
	struct ring	 r;
	struct span	 s;

	(void)state;
	ring_init(&r, 5);
	EQ(r.cap, 8);
	CHECK(ring_put(&r, "abcdef", 6));
	ring_drop(&r, 4);
	s = ring_space(&r);
	EQ(s.n, 2);
	memcpy(s.p, "gh", 2);
	ring_filled(&r, 2);
	EQ(ring_space(&r).n, 4);
	MEMEQ(ring_at(&r, 4).p, "efgh", 4);
	ring_fini(&r);
}

static void
bytes_can_be_put_beyond_a_gap(void **state)
{
	struct ring	 r;

	(void)state;
	ring_init(&r, 8);
	CHECK(ring_put(&r, "abcde", 5));
	ring_drop(&r, 5);
	CHECK(ring_poke(&r, 7, "89ab", 4));
	EQ(ring_used(&r), 0);
	CHECK(ring_put(&r, "67", 2));
	ring_filled(&r, 4);
	MEMEQ(ring_at(&r, 5).p, "678", 3);
	MEMEQ(ring_at(&r, 8).p, "9ab", 3);
	ring_fini(&r);
}

static void
an_empty_ring_moves_on(void **state)
{
	struct ring	 r;

	(void)state;
	ring_init(&r, 8);
	ring_skip(&r, 13);
	CHECK(ring_put(&r, "xyz", 3));
	EQ(ring_at(&r, 13).n, 3);
	ring_fini(&r);
}

static void
memory_is_taken_with_the_first_byte_and_given_back(void **state)
{
	struct ring	 r;

	(void)state;
	ring_init(&r, 8);
	CHECK(r.mem == NULL);
	oom_after(1);
	EQ(ring_space(&r).n, 0);
	oom_after(1);
	CHECK(!ring_put(&r, "a", 1));
	oom_after(0);
	EQ(ring_used(&r), 0);
	CHECK(ring_put(&r, "a", 1));
	ring_reset(&r, 100);
	CHECK(r.mem == NULL && r.start == 100 && r.end == 100);
	ring_fini(&r);
}

/* Byte i of a stream is i, across ends of memory, gaps and sizes. */
static void
put_stream(struct ring *r, uint64_t to)
{
	uint8_t	 b[1000];
	size_t	 n;

	while (r->end < to) {
		n = to - r->end < sizeof(b) ? (size_t)(to - r->end) :
		    sizeof(b);
		for (size_t i = 0; i < n; i++)
			b[i] = (uint8_t)((r->end + i) * 7);
		CHECK(ring_put(r, b, n));
	}
}

static void
check_stream(const struct ring *r)
{
	struct span	 s;

	for (uint64_t o = r->start; o < r->end; o += s.n) {
		s = ring_at(r, o);
		for (size_t i = 0; i < s.n; i++)
			EQ(s.p[i], (uint8_t)((o + i) * 7));
	}
}

static void
memory_grows_with_what_is_held_and_shrinks_when_told(void **state)
{
	enum { STEP = 30011 };
	struct ring	 r;
	uint64_t	 at = 0;

	(void)state;
	ring_init(&r, 16 * RING_LEAST);
	for (int i = 0; i < 5; i++, at += STEP) {
		put_stream(&r, at + STEP);
		ring_drop(&r, at + STEP);
	}
	EQ(r.size, RING_LEAST);
	put_stream(&r, at + 3 * RING_LEAST);
	EQ(r.size, 4 * RING_LEAST);
	check_stream(&r);
	put_stream(&r, at + 16 * RING_LEAST);
	EQ(ring_room(&r), 0);
	EQ(ring_space(&r).n, 0);
	check_stream(&r);
	ring_drop(&r, at + 14 * RING_LEAST);
	ring_limit(&r, 2 * RING_LEAST);
	EQ(r.size, 2 * RING_LEAST);
	EQ(ring_space(&r).n, 0);
	check_stream(&r);
	ring_fini(&r);
}

static void
what_lies_beyond_a_gap_moves_with_the_rest(void **state)
{
	struct ring	 r;

	(void)state;
	ring_init(&r, 8 * RING_LEAST);
	put_stream(&r, 50000);
	ring_drop(&r, 49990);
	CHECK(ring_poke(&r, 60000, "beyond", 6));
	CHECK(ring_poke(&r, 60000 + 2 * RING_LEAST, "far", 3));
	EQ(r.size, 4 * RING_LEAST);
	put_stream(&r, 60000);
	check_stream(&r);
	ring_filled(&r, 6);
	MEMEQ(ring_at(&r, 60000).p, "beyond", 6);
	ring_filled(&r, 2 * RING_LEAST - 3);
	MEMEQ(ring_at(&r, 60000 + 2 * RING_LEAST).p, "far", 3);
	ring_fini(&r);
}

static void
without_memory_to_grow_nothing_is_lost(void **state)
{
	struct ring	 r;

	(void)state;
	ring_init(&r, 4 * RING_LEAST);
	put_stream(&r, RING_LEAST);
	oom_after(1);
	EQ(ring_space(&r).n, 0);
	oom_after(1);
	CHECK(!ring_put(&r, "a", 1));
	oom_after(1);
	CHECK(!ring_poke(&r, 3 * RING_LEAST, "a", 1));
	oom_after(0);
	check_stream(&r);
	put_stream(&r, 4 * RING_LEAST);
	ring_drop(&r, 4 * RING_LEAST - 5);
	oom_after(1);
	ring_limit(&r, RING_LEAST);
	oom_after(0);
	check_stream(&r);
	EQ(ring_room(&r), RING_LEAST - 5);
	put_stream(&r, 5 * RING_LEAST - 5);
	EQ(ring_space(&r).n, 0);
	check_stream(&r);
	ring_fini(&r);
}

static void
an_empty_ring_gives_its_memory_back_when_asked(void **state)
{
	struct ring	 r;

	(void)state;
	ring_init(&r, 8);
	CHECK(!ring_idle(&r));
	CHECK(ring_put(&r, "ab", 2));
	ring_trim(&r);
	CHECK(!ring_idle(&r) && r.mem != NULL);
	ring_drop(&r, 2);
	CHECK(ring_poke(&r, 4, "c", 1));
	CHECK(!ring_idle(&r));
	ring_filled(&r, 3);
	ring_drop(&r, 5);
	CHECK(ring_idle(&r));
	ring_trim(&r);
	CHECK(r.mem == NULL && r.start == 5);
	CHECK(ring_put(&r, "d", 1));
	MEMEQ(ring_at(&r, 5).p, "d", 1);
	ring_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(bytes_come_back_across_the_wrap),
		cmocka_unit_test(what_does_not_fit_is_not_put_at_all),
		cmocka_unit_test(space_is_contiguous_and_filled_in_steps),
		cmocka_unit_test(bytes_can_be_put_beyond_a_gap),
		cmocka_unit_test(an_empty_ring_moves_on),
		cmocka_unit_test(
		    memory_is_taken_with_the_first_byte_and_given_back),
		cmocka_unit_test(
		    memory_grows_with_what_is_held_and_shrinks_when_told),
		cmocka_unit_test(what_lies_beyond_a_gap_moves_with_the_rest),
		cmocka_unit_test(without_memory_to_grow_nothing_is_lost),
		cmocka_unit_test(
		    an_empty_ring_gives_its_memory_back_when_asked),
	};

	return RUN(tests);
}
