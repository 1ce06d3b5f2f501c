#include "support/test.h"

#include "dtls/reassembly.h"
#include "dtls/record.h"
#include "support/oom.h"

static uint8_t	 text[1000];

static bool
put(struct reasm *r, uint16_t seq, uint32_t off, uint32_t n)
{
	struct fragment	 f = { 1, seq, sizeof(text), off, n, text + off };

	return reasm_put(r, &f);
}

static void
begin(struct reasm *r)
{
	memset(r, 0, sizeof(*r));
	reasm_init(r, 3, 2);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7);
}

static void
overlapping_fragments_in_any_order_make_the_message(void **state)
{
	struct reasm	 r;

	(void)state;
	begin(&r);
	CHECK(put(&r, 4, 600, 400));
	CHECK(put(&r, 4, 0, 300));
	CHECK(put(&r, 4, 0, 300));
	CHECK(reasm_get(&r, 1) == NULL);
	CHECK(put(&r, 4, 299, 301));
	CHECK(reasm_get(&r, 0) == NULL);
	CHECK(reasm_get(&r, 1) != NULL);
	MEMEQ(reasm_get(&r, 1)->body, text, sizeof(text));
	EQ(reasm_get(&r, 1)->seq, 4);
	reasm_fini(&r);
	EQ(r.bytes, 0);
}

static void
an_empty_message_is_whole_at_once(void **state)
{
	struct fragment	 f = { 14, 3, 0, 0, 0, text };
	struct reasm	 r;

	(void)state;
	begin(&r);
	CHECK(reasm_put(&r, &f));
	CHECK(reasm_get(&r, 0) != NULL);
	reasm_fini(&r);
}

static void
impossible_fragments_are_refused(void **state)
{
	static const struct fragment	 bad[] = {
		{ 1, 2, 10, 0, 10, text }, { 1, 5, 10, 0, 10, text },
		{ 1, 3, 10, 5, 6, text }, { 1, 3, 10, 11, 0, text },
		{ 1, 3, 16385, 0, 1, text },
		{ 1, 3, 10, 0xffffff, 0xffffff, text },
	};
	struct reasm			 r;

	(void)state;
	begin(&r);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!reasm_put(&r, &bad[i]));
	EQ(r.bytes, 0);
}

static void
what_contradicts_the_past_replaces_it(void **state)
{
	struct fragment	 lie = { 2, 3, 1000, 0, 500, text };
	struct reasm	 r;

	(void)state;
	begin(&r);
	CHECK(reasm_put(&r, &lie));
	CHECK(put(&r, 3, 500, 500));
	CHECK(reasm_get(&r, 0) == NULL);
	CHECK(put(&r, 3, 0, 500));
	CHECK(reasm_get(&r, 0) != NULL);
	EQ(reasm_get(&r, 0)->type, 1);
	reasm_fini(&r);
}

static void
all_messages_together_are_bounded(void **state)
{
	struct fragment	 a = { 1, 3, 16000, 0, 1, text };
	struct reasm	 r;

	(void)state;
	begin(&r);
	CHECK(reasm_put(&r, &a));
	CHECK(put(&r, 4, 0, 1000));
	CHECK(r.bytes <= REASM_BYTES);
	CHECK(reasm_get(&r, 1) != NULL);
	oom_after(1);
	CHECK(!reasm_put(&r, &a));
	oom_after(0);
	reasm_fini(&r);
}

static void
the_window_takes_each_number_once(void **state)
{
	struct window	 w = { 0 };

	(void)state;
	CHECK(window_fresh(&w, 0));
	window_mark(&w, 0);
	CHECK(!window_fresh(&w, 0));
	window_mark(&w, WINDOW + 36);
	CHECK(!window_fresh(&w, WINDOW + 36));
	CHECK(!window_fresh(&w, 36));
	CHECK(window_fresh(&w, 37));
	window_mark(&w, 37);
	CHECK(!window_fresh(&w, 37));
	CHECK(window_fresh(&w, WINDOW + 35));
	window_mark(&w, WINDOW + 37);
	CHECK(!window_fresh(&w, 37));
	CHECK(!window_fresh(&w, WINDOW + 36));
	CHECK(window_fresh(&w, 38));
	/* So far on that nothing of it is left. */
	window_mark(&w, (uint64_t)1 << 48);
	CHECK(!window_fresh(&w, WINDOW + 37));
	CHECK(window_fresh(&w, ((uint64_t)1 << 48) - WINDOW + 1));
	CHECK(!window_fresh(&w, ((uint64_t)1 << 48) - WINDOW));
}

/* In any order, against a table of all that there are. */
static void
the_window_takes_any_order_once(void **state)
{
	static bool	 seen[1 << 16];
	struct window	 w = { 0 };
	uint64_t	 top = 0, seq, x = 42;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		x = x * 6364136223846793005 + 1442695040888963407;
		seq = top + (x >> 33) % 300 + (x >> 60 == 0) * (x >> 50) % 5000;
		seq -= (x >> 20) % 256 == 0 ? (x >> 40) % 9000 : 200;
		seq = seq > top + 10000 ? 0 : seq;
		if (seq >= sizeof(seen))
			break;
		EQ(window_fresh(&w, seq),
		    seq > top || (top - seq < WINDOW && !seen[seq]));
		if (!window_fresh(&w, seq))
			continue;
		window_mark(&w, seq);
		seen[seq] = true;
		top = seq > top ? seq : top;
	}
	CHECK(top > sizeof(seen) / 2);
}

static void
a_sealed_record_opens_with_either_cipher(void **state)
{
	static const uint8_t	 key[32] = { 5 };
	struct protect		 k = { .iv = { 1, 2, 3, 4, 5, 6 } };
	struct record		 rec;
	uint8_t			 b[200];
	struct span		 s;

	(void)state;
	for (int alg = 0; alg < 2; alg++) {
		k.alg = (enum aead_alg)alg;
		k.aead = aead_new(k.alg, key);
		s.p = b + 50;
		s.n = 30;
		memset(s.p, 'q', 30);
		record_seal(&k, CONTENT_DATA, 0x123456789abc, &s);
		EQ(s.n, 30 + record_overhead(&k));
		EQ(record_next(&rec, &s), 0);
		EQ(s.n, 0);
		EQ(rec.epoch, 1);
		CHECK(rec.seq == 0x123456789abc);
		CHECK(record_open(&k, &rec));
		EQ(rec.body.n, 30);
		EQ(rec.body.p[29], 'q');
		aead_free(k.aead);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
#define T(x)	cmocka_unit_test(x)
		T(overlapping_fragments_in_any_order_make_the_message),
		T(an_empty_message_is_whole_at_once),
		T(impossible_fragments_are_refused),
		T(what_contradicts_the_past_replaces_it),
		T(all_messages_together_are_bounded),
		T(the_window_takes_each_number_once),
		T(the_window_takes_any_order_once),
		T(a_sealed_record_opens_with_either_cipher),
	};

	return RUN(tests);
}
