#include "support/mangle.h"
#include "support/test.h"

#include "ws/frame.h"

static const uint64_t	 lengths[] = {
	0, 1, 125, 126, 127, 65535, 65536, 1 << 23, UINT64_C(1) << 62,
};

static void
a_head_comes_back_at_every_length_and_needs_all_its_bytes(void **state)
{
	uint8_t	 b[WS_FRAME_HEAD];

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct ws_frame	 f = { true, i & 1, WS_OP_BINARY,
		    { 1, 2, 3, 4 }, lengths[i / 2] }, g;
		size_t		 n = ws_frame_encode(b, &f);

		EQ(ws_frame_decode(&g, b, n), n);
		CHECK(g.fin && g.masked == f.masked && g.op == f.op);
		CHECK(g.len == f.len);
		if (f.masked)
			MEMEQ(g.mask, f.mask, 4);
		for (size_t cut = 0; cut < n; cut++) {
			uint8_t	*copy = malloc(cut + 1);

			memcpy(copy + 1, b, cut);
			EQ(ws_frame_decode(&g, copy + 1, cut), 0);
			free(copy);
		}
	}
}

static void
what_breaks_the_rules_is_refused_early(void **state)
{
	static const struct {
		uint8_t	 b[10];
		size_t	 n;
	} bad[] = {
		{ { 0xc1, 0x00 }, 2 }, { { 0xa1 }, 1 }, { { 0x91 }, 1 },
		{ { 0x83 }, 1 }, { { 0x87 }, 1 }, { { 0x8b }, 1 },
		{ { 0x8f }, 1 },
		{ { 0x09, 0x00 }, 2 },		/* control in fragments */
		{ { 0x88, 126, 0, 126 }, 4 },	/* control too long */
		{ { 0x8a, 127 }, 2 },
		{ { 0x82, 126, 0, 125 }, 4 },	/* not the shortest form */
		{ { 0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 10 },
		{ { 0x82, 127, 0x80, 0, 0, 0, 0, 1, 0, 0 }, 10 },
	};
	struct ws_frame	 f;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EQ(ws_frame_decode(&f, bad[i].b, bad[i].n), -1);
}

static void
masking_is_as_defined_at_every_phase_and_overlap(void **state)
{
	static const uint8_t	 mask[4] = { 0x12, 0x34, 0x56, 0x78 };
	uint8_t			 b[80], want[64];

	(void)state;
	for (size_t phase = 0; phase < 5; phase++)
		for (size_t down = 0; down < 12; down++)
			for (size_t n = 0; n <= sizeof(want); n++) {
				for (size_t i = 0; i < sizeof(b); i++)
					b[i] = (uint8_t)(i * 7);
				for (size_t i = 0; i < n; i++)
					want[i] = b[down + i] ^
					    mask[(phase + i) % 4];
				ws_mask(b, b + down, n, mask, phase);
				MEMEQ(b, want, n);
			}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    a_head_comes_back_at_every_length_and_needs_all_its_bytes),
		cmocka_unit_test(what_breaks_the_rules_is_refused_early),
		cmocka_unit_test(
		    masking_is_as_defined_at_every_phase_and_overlap),
	};

	return RUN(tests);
}
