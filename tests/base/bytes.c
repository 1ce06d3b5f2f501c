#include "support/test.h"

#include "base/batch.h"
#include "base/bytes.h"

static void
a_read_past_the_end_latches(void **state)
{
	static const uint8_t	 b[] = { 1, 2, 3 };
	struct rd		 r = rd_of(b, sizeof(b));

	(void)state;
	EQ(rd_u16(&r), 0x0102);
	EQ(rd_u16(&r), 0);
	CHECK(r.bad);
	EQ(rd_u8(&r), 0);
}

static void
a_sub_reader_ends_where_it_was_told(void **state)
{
	static const uint8_t	 b[] = { 1, 2, 3, 4 };
	struct rd		 r = rd_of(b, sizeof(b)), s = rd_sub(&r, 2);

	(void)state;
	EQ(rd_u16(&s), 0x0102);
	EQ(rd_u8(&s), 0);
	CHECK(s.bad && !r.bad);
	EQ(rd_u16(&r), 0x0304);
	CHECK(rd_sub(&r, 1).bad && r.bad);
}

/* clang's sanitizer objects to sums with a null pointer, even of 0. */
static void
nothing_is_read_of_nothing(void **state)
{
	struct rd	 r = rd_of(NULL, 0), s;

	(void)state;
	CHECK(rd_span(&r, 0) == NULL && !r.bad);
	s = rd_sub(&r, 1);
	CHECK(rd_span(&s, s.n) == NULL && s.n == 0 && s.bad);
	s = rd_sub(&s, 0);
	CHECK(s.n == 0 && s.bad);
}

static void
a_writer_counts_what_did_not_fit(void **state)
{
	uint8_t		 b[3];
	struct wr	 w = wr_of(b, sizeof(b));

	(void)state;
	wr_u16(&w, 0x0102);
	CHECK(!wr_bad(&w));
	wr_u16(&w, 0x0304);
	CHECK(wr_bad(&w));
	EQ(w.n, 4);
	wr_u8(&w, 9);
	EQ(w.n, 5);
	EQ(b[1], 2);
}

static void
integers_are_big_endian_and_read_back(void **state)
{
	uint8_t		 b[32];
	struct wr	 w = wr_of(b, sizeof(b));
	struct rd	 r;

	(void)state;
	wr_u24(&w, 0x010203);
	wr_u48(&w, 0x0a0b0c0d0e0f);
	wr_u64(&w, 0x1122334455667788);
	wr_patch(&w, 0, 0x99, 1);
	r = rd_of(b, w.n);
	EQ(rd_u24(&r), 0x990203);
	CHECK(rd_u48(&r) == 0x0a0b0c0d0e0f);
	CHECK(rd_u64(&r) == 0x1122334455667788);
	EQ(r.n, 0);
}

static void
a_full_batch_loses_the_datagram_and_counts_it(void **state)
{
	struct batch	 b;

	(void)state;
	EQ(batch_init(&b, 3 * (BATCH_HEAD + 100 + BATCH_TAIL)), 0);
	for (int i = 0; i < 3; i++)
		CHECK(batch_add(&b, 100) != NULL);
	CHECK(batch_add(&b, 1) == NULL);
	EQ(b.dropped, 1);
	batch_reset(&b);
	CHECK(batch_add(&b, 100) != NULL);
	batch_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_read_past_the_end_latches),
		cmocka_unit_test(a_sub_reader_ends_where_it_was_told),
		cmocka_unit_test(nothing_is_read_of_nothing),
		cmocka_unit_test(a_writer_counts_what_did_not_fit),
		cmocka_unit_test(integers_are_big_endian_and_read_back),
		cmocka_unit_test(a_full_batch_loses_the_datagram_and_counts_it),
	};

	return RUN(tests);
}
