#include "support/test.h"

#include "base/dgq.h"
#include "support/oom.h"

static struct dgq	*q;

static void
put(uint32_t i, size_t n)
{
	static uint8_t	 b[DGQ_LONGEST];

	memset(b, (int)(i & 0xff), n);
	dgq_put(q, i, b, n);
}

/* The next one is the ith, whole. */
static void
take(uint32_t i, size_t n)
{
	struct span	 s;
	uint64_t	 at;

	CHECK(dgq_first(q, &s, &at));
	EQ(at, i);
	EQ(s.n, n);
	for (size_t k = 0; k < n; k++)
		EQ(s.p[k], i & 0xff);
	dgq_drop(q);
}

static void
datagrams_come_out_whole_in_the_order_they_went_in(void **state)
{
	static const size_t	 sizes[] = { 1, 0, 1200, 65535, 0, 7 };
	struct span		 s;
	uint64_t		 at;

	(void)state;
	q = dgq_new();
	CHECK(!dgq_first(q, &s, &at));
	dgq_drop(q);
	for (uint32_t i = 0; i < 6; i++)
		put(i, sizes[i]);
	EQ(dgq_waiting(q), 6);
	for (uint32_t i = 0; i < 6; i++)
		take(i, sizes[i]);
	EQ(dgq_waiting(q), 0);
	EQ(dgq_overflows(q), 0);
	dgq_free(q);
}

static void
the_oldest_make_room_and_are_counted(void **state)
{
	uint32_t	 n = 0;

	(void)state;
	q = dgq_new();
	for (uint32_t i = 0; i < 100; i++)
		put(i, 60000);
	n = (uint32_t)dgq_waiting(q);
	CHECK(n >= 3);
	EQ(dgq_overflows(q), 100 - n);
	for (uint32_t i = 100 - n; i < 100; i++)
		take(i, 60000);
	dgq_free(q);
}

static void
many_empty_ones_are_bounded_too(void **state)
{
	(void)state;
	q = dgq_new();
	for (uint32_t i = 0; i < DGQ_COUNT + 5; i++)
		put(i, 0);
	EQ(dgq_waiting(q), DGQ_COUNT);
	EQ(dgq_overflows(q), 5);
	for (uint32_t i = 5; i < DGQ_COUNT + 5; i++)
		take(i, 0);
	dgq_free(q);
}

/* Against a model: all that did not overflow, in order, none twice. */
static void
any_sizes_in_any_order_of_putting_and_taking_are_kept_apart(void **state)
{
	static uint32_t	 len[200000];
	uint32_t	 x = 12345, in = 0, out = 0;
	uint64_t	 gone = 0;

	(void)state;
	print_message("seed %u\n", x);
	q = dgq_new();
	while (in < 200000) {
		x = x * 1664525 + 1013904223;
		if ((x >> 24) % 5 < 3) {
			len[in] = (x >> 8) % ((x >> 30) == 0 ? 65536 : 900);
			put(in, len[in]);
			in++;
			out += (uint32_t)(dgq_overflows(q) - gone);
			gone = dgq_overflows(q);
		} else if (dgq_waiting(q) > 0) {
			take(out, len[out]);
			out++;
		}
		EQ(dgq_waiting(q), in - out);
	}
	dgq_free(q);
}

static void
without_memory_there_is_no_queue(void **state)
{
	(void)state;
	oom_after(1);
	CHECK(dgq_new() == NULL);
	oom_after(0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    datagrams_come_out_whole_in_the_order_they_went_in),
		cmocka_unit_test(the_oldest_make_room_and_are_counted),
		cmocka_unit_test(many_empty_ones_are_bounded_too),
		cmocka_unit_test(
		    any_sizes_in_any_order_of_putting_and_taking_are_kept_apart),
		cmocka_unit_test(without_memory_there_is_no_queue),
	};

	return RUN(tests);
}
