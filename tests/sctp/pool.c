#include "sctp/pool.h"
#include "support/oom.h"
#include "support/test.h"

static void
a_freed_block_serves_again(void **state)
{
	void	*a = hotlink_sctp_malloc(100), *b;

	(void)state;
	EQ(pool_used(), 1);
	hotlink_sctp_free(a);
	EQ(pool_used(), 0);
	EQ(pool_kept(), 128);
	b = hotlink_sctp_malloc(128);
	CHECK(a == b);
	EQ(pool_kept(), 0);
	hotlink_sctp_free(b);
	hotlink_sctp_free(NULL);
	pool_trim();
	EQ(pool_kept(), 0);
}

/* A message of a link, and what is larger than any class. */
static void
a_large_block_serves_again_and_the_largest_goes(void **state)
{
	void	*a = hotlink_sctp_malloc(65600), *b;

	(void)state;
	memset(a, 1, 65600);
	hotlink_sctp_free(a);
	CHECK(pool_kept() >= 65600 && pool_kept() < 65600 + 2048);
	b = hotlink_sctp_malloc(65540);
	CHECK(a == b);
	EQ(pool_kept(), 0);
	hotlink_sctp_free(b);
	pool_trim();
	hotlink_sctp_free(hotlink_sctp_malloc(65536 + 4096));
	EQ(pool_kept(), 0);
}

static void
blocks_are_aligned_and_apart(void **state)
{
	uint8_t	*p[200];

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		p[i] = hotlink_sctp_malloc(i * 20);
		EQ((uintptr_t)p[i] % 16, 0);
		memset(p[i], (int)i, i * 20);
	}
	for (size_t i = 0; i < 200; i++) {
		for (size_t k = 0; k < i * 20; k++)
			EQ(p[i][k], (uint8_t)i);
		hotlink_sctp_free(p[i]);
	}
	pool_trim();
}

static void
what_is_kept_is_bounded(void **state)
{
	static void	*p[4000];

	(void)state;
	for (size_t i = 0; i < 4000; i++)
		p[i] = hotlink_sctp_malloc(2048);
	for (size_t i = 0; i < 4000; i++)
		hotlink_sctp_free(p[i]);
	CHECK(pool_kept() <= 4 << 20);
	CHECK(pool_kept() > 3 << 20);
	hotlink_sctp_free(hotlink_sctp_malloc(1 << 20));
	CHECK(pool_kept() <= 4 << 20);
	pool_trim();
	EQ(pool_used(), 0);
}

static void
calloc_clears_and_realloc_keeps(void **state)
{
	uint8_t	*p = hotlink_sctp_malloc(64);

	(void)state;
	memset(p, 1, 64);
	hotlink_sctp_free(p);
	p = hotlink_sctp_calloc(8, 8);
	for (int i = 0; i < 64; i++)
		EQ(p[i], 0);
	memset(p, 7, 64);
	p = hotlink_sctp_realloc(p, 1000);
	for (int i = 0; i < 64; i++)
		EQ(p[i], 7);
	p = hotlink_sctp_realloc(p, 10);
	EQ(p[9], 7);
	hotlink_sctp_free(p);
	CHECK(hotlink_sctp_calloc(SIZE_MAX / 2, 4) == NULL);
	CHECK(hotlink_sctp_malloc(SIZE_MAX - 8) == NULL);
	pool_trim();
}

static void
no_memory_is_no_block(void **state)
{
	(void)state;
	oom_after(1);
	CHECK(hotlink_sctp_malloc(10) == NULL);
	oom_after(1);
	CHECK(hotlink_sctp_calloc(1, 10) == NULL);
	oom_after(0);
	EQ(pool_used(), 0);
}

/* What usrsctp takes without looking, until it is told to end. */
static void
the_reserve_serves_where_the_system_does_not(void **state)
{
	uint8_t	*p, *q;

	(void)state;
	EQ(pool_begin(), 0);
	CHECK(!pool_failed());
	oom_after(1);
	p = hotlink_sctp_malloc(2048);
	CHECK(p != NULL && pool_failed());
	EQ((uintptr_t)p % 16, 0);
	memset(p, 1, 2048);
	q = hotlink_sctp_malloc(2048);		/* there is memory again */
	memset(q, 2, 2048);
	EQ(p[2047], 1);
	EQ(pool_used(), 2);
	EQ(pool_begin(), 0);
	CHECK(!pool_failed());
	pool_trim();				/* but not of what is in use */
	p = hotlink_sctp_realloc(p, 4000);
	EQ(p[2047], 1);
	hotlink_sctp_free(p);
	hotlink_sctp_free(q);
	pool_trim();
	EQ(pool_used(), 0);
	EQ(pool_kept(), 0);
}

static void
the_reserve_has_an_end_and_is_whole_again(void **state)
{
	static void	*p[4000];
	size_t		 n = 0;

	(void)state;
	for (int round = 0; round < 2; round++) {
		EQ(pool_begin(), 0);
		for (n = 0; n < 4000; n++) {
			oom_after(1);
			p[n] = hotlink_sctp_malloc(2048);
			if (p[n] == NULL)
				break;
		}
		oom_after(0);
		CHECK(n > 400 && n < 512);
		EQ(pool_begin(), -1);
		while (n > 0)
			hotlink_sctp_free(p[--n]);
		EQ(pool_begin(), 0);
	}
	oom_after(1);
	CHECK(hotlink_sctp_malloc(2 << 20) == NULL);
	oom_after(0);
	EQ(pool_used(), 0);
	pool_trim();
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_freed_block_serves_again),
		cmocka_unit_test(a_large_block_serves_again_and_the_largest_goes),
		cmocka_unit_test(blocks_are_aligned_and_apart),
		cmocka_unit_test(what_is_kept_is_bounded),
		cmocka_unit_test(calloc_clears_and_realloc_keeps),
		cmocka_unit_test(no_memory_is_no_block),
		cmocka_unit_test(the_reserve_serves_where_the_system_does_not),
		cmocka_unit_test(the_reserve_has_an_end_and_is_whole_again),
	};

	return RUN(tests);
}
