#include "support/test.h"

#include "support/hex.h"
#include "support/mangle.h"
#include "syft/hlnk.h"

static const char	 tcp[] =
    "484c4e4b01002200000000000500000000000000016140782e696f2f702f305f746f5f312f"
    "73747265616d2e7463702e7265717565737468656c6c6f";
static const char	 ipc[] =
    "484c4e4b0100330020000000050000000000000000616c696365406578616d706c652e636f"
    "6d2f6170705f646174612f6c6174656e63792f7270632f686c2f612e726571756573743564"
    "343134303261626334623261373662393731396439313130313763353932"
    "68656c6c6f";

static bool
is(struct span s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

static void
frames_of_the_reference_are_understood_and_reproduced(void **state)
{
	struct hlnk1	 h;
	uint8_t		 b[128], *p;
	struct wr	 w = wr_of(b, sizeof(b));
	size_t		 n;

	(void)state;
	p = from_hex(tcp, &n);
	EQ(hlnk1_decode(&h, p, n), 0);
	CHECK(is(h.path, "a@x.io/p/0_to_1/stream.tcp.request"));
	EQ(h.etag.n, 0);
	EQ(h.seq, 1);
	CHECK(is(h.payload, "hello"));
	hlnk1_encode_head(&w, &h);
	wr_bytes(&w, h.payload.p, h.payload.n);
	EQ(w.n, n);
	MEMEQ(b, p, n);
	free(p);

	p = from_hex(ipc, &n);
	EQ(n, 109);
	EQ(hlnk1_decode(&h, p, n), 0);
	CHECK(is(h.etag, "5d41402abc4b2a76b9719d911017c592"));
	CHECK(is(h.payload, "hello"));
	free(p);
}

static void
bytes_behind_the_payload_are_ignored(void **state)
{
	struct hlnk1	 h;
	size_t		 n;
	uint8_t		*p = from_hex(tcp, &n), *more = malloc(n + 3);

	(void)state;
	memcpy(more, p, n);
	EQ(hlnk1_decode(&h, more, n + 3), 0);
	CHECK(is(h.payload, "hello"));
	free(p);
	free(more);
}

static void
refused1(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct hlnk1	 h;

	(void)arg;
	(void)which;
	EQ(hlnk1_decode(&h, (uint8_t *)(uintptr_t)p, n), -1);
}

static void
survived1(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct hlnk1	 h;
	int		 rc = hlnk1_decode(&h, (uint8_t *)(uintptr_t)p, n);

	(void)arg;
	if (which < 5 * 8)
		EQ(rc, -1);	/* the magic and the version */
}

static void
a_frame_of_version_1_cut_anywhere_is_refused(void **state)
{
	size_t		 n;
	uint8_t		*p = from_hex(ipc, &n);

	(void)state;
	mangle_cut(p, n, refused1, NULL);
	mangle_flip(p, n, survived1, NULL);
	free(p);
}

static void
a_path_that_is_not_utf8_is_refused(void **state)
{
	struct hlnk1	 h;
	size_t		 n;
	uint8_t		*p = from_hex(tcp, &n);

	(void)state;
	p[22] = 0xff;
	EQ(hlnk1_decode(&h, p, n), -1);
	free(p);
}

static size_t
frame2(uint8_t *b, const struct hlnk2 *h)
{
	struct wr	 w = wr_of(b, 1024);

	hlnk2_encode_head(&w, h);
	wr_bytes(&w, h->payload.p, h->payload.n);
	CHECK(!wr_bad(&w));
	return w.n;
}

static void
every_type_of_version_2_is_read_back(void **state)
{
	uint8_t		 b[1024], text[] = "why";
	struct hlnk2	 h = { HLNK_DATA, 3, 7, 1ULL << 40, 0, { text, 3 } }, o;

	(void)state;
	EQ(frame2(b, &h), HLNK2_HEAD + 3);
	EQ(hlnk2_decode(&o, b, HLNK2_HEAD + 3), 0);
	EQ(o.type, HLNK_DATA);
	EQ(o.stream, 3);
	EQ(o.generation, 7);
	CHECK(o.offset == 1ULL << 40);
	CHECK(is(o.payload, "why"));

	h.type = HLNK_RESET;
	EQ(hlnk2_decode(&o, b, frame2(b, &h)), 0);
	CHECK(o.type == HLNK_RESET && is(o.payload, "why"));

	h.payload.n = 0;
	h.type = HLNK_EOF;
	EQ(frame2(b, &h), HLNK2_HEAD);
	EQ(hlnk2_decode(&o, b, HLNK2_HEAD), 0);
	EQ(o.type, HLNK_EOF);

	h.type = HLNK_ACK;
	h.limit = 99;
	EQ(frame2(b, &h), HLNK2_HEAD + 8);
	EQ(hlnk2_decode(&o, b, HLNK2_HEAD + 8), 0);
	CHECK(o.type == HLNK_ACK && o.limit == 99);
}

static void
the_head_of_version_2_is_as_the_dialect_draws_it(void **state)
{
	static const uint8_t	 want[] = {
		'H', 'L', 'N', 'K', 2, 1, 0, 3, 0, 0, 0, 7,
		0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 9,
	};
	struct hlnk2		 h = { HLNK_ACK, 3, 7, 258, 9, { NULL, 0 } };
	uint8_t			 b[1024];

	(void)state;
	EQ(frame2(b, &h), sizeof(want));
	MEMEQ(b, want, sizeof(want));
}

static void
refused2(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct hlnk2	 h;

	(void)arg;
	(void)which;
	EQ(hlnk2_decode(&h, (uint8_t *)(uintptr_t)p, n), -1);
}

static void
a_frame_of_version_2_cut_anywhere_is_refused(void **state)
{
	struct hlnk2	 h = { HLNK_ACK, 0, 1, 5, 6, { NULL, 0 } };
	uint8_t		 b[1024];

	(void)state;
	mangle_cut(b, frame2(b, &h), refused2, NULL);
	h.type = HLNK_EOF;
	mangle_cut(b, frame2(b, &h), refused2, NULL);
}

static void
a_frame_that_cannot_be_is_refused(void **state)
{
	uint8_t		 b[1024], x[2] = { 0, 0 };
	struct hlnk2	 h = { HLNK_EOF, 0, 1, 5, 0, { x, 1 } }, o;

	(void)state;
	EQ(hlnk2_decode(&o, b, frame2(b, &h)), -1);	/* an eof with bytes */
	h.type = HLNK_ACK;
	EQ(hlnk2_decode(&o, b, frame2(b, &h)), -1);
	h.type = HLNK_DATA;
	h.offset = UINT64_MAX - 1;
	EQ(hlnk2_decode(&o, b, frame2(b, &h)), 0);
	h.generation = 0;
	EQ(hlnk2_decode(&o, b, frame2(b, &h)), -1);
	h.generation = 1;
	h.payload.n = 2;
	/* past the end of offsets */
	EQ(hlnk2_decode(&o, b, frame2(b, &h)), -1);
	b[5] = 4;
	EQ(hlnk2_decode(&o, b, HLNK2_HEAD), -1);
}

static void
a_reason_too_long_is_cut_and_still_resets(void **state)
{
	uint8_t		 b[1024], text[600];
	struct hlnk2	 h = { HLNK_RESET, 0, 1, 0, 0, { text, 600 } }, o;

	(void)state;
	memset(text, 'x', sizeof(text));
	EQ(hlnk2_decode(&o, b, frame2(b, &h)), 0);
	EQ(o.payload.n, HLNK2_REASON);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(frames_of_the_reference_are_understood_and_reproduced),
		cmocka_unit_test(bytes_behind_the_payload_are_ignored),
		cmocka_unit_test(a_frame_of_version_1_cut_anywhere_is_refused),
		cmocka_unit_test(a_path_that_is_not_utf8_is_refused),
		cmocka_unit_test(every_type_of_version_2_is_read_back),
		cmocka_unit_test(the_head_of_version_2_is_as_the_dialect_draws_it),
		cmocka_unit_test(a_frame_of_version_2_cut_anywhere_is_refused),
		cmocka_unit_test(a_frame_that_cannot_be_is_refused),
		cmocka_unit_test(a_reason_too_long_is_cut_and_still_resets),
	};

	return RUN(tests);
}
