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
	};

	return RUN(tests);
}
