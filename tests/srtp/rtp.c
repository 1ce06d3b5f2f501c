#include "support/test.h"

#include "srtp/rtp.h"
#include "support/mangle.h"

static struct rtp	 h;

static const uint8_t	 plain[] = {
	0x80, 0xe0, 0x12, 0x34, 0, 0, 0, 9, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3,
};
static const uint8_t	 full[] = {
	0xb2, 0x60, 0xff, 0xff, 0, 0, 0, 9, 0, 0, 0, 7,
	0, 0, 0, 1, 0, 0, 0, 2,		/* contributing sources */
	0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0,	/* extension */
	5, 5, 0, 3,				/* payload and padding */
};
/* A sender report, a description and a goodbye. */
static const uint8_t	 compound[] = {
	0x80, 200, 0, 6, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 9,
	0, 0, 0, 1, 0, 0, 0, 2,
	0x81, 202, 0, 2, 0, 0, 0, 7, 1, 1, 'x', 0,
	0x81, 203, 0, 1, 0, 0, 0, 7,
};

static void
rtp_is_told_from_rtcp_by_its_second_byte(void **state)
{
	(void)state;
	CHECK(rtp_parse(&h, plain, sizeof(plain)) == NULL);
	CHECK(!h.rtcp);
	EQ(h.pt, 96);
	EQ(h.seq, 0x1234);
	EQ(h.ssrc, 0xdeadbeef);
	CHECK(rtp_parse(&h, full, sizeof(full)) == NULL);
	EQ(h.ssrc, 7);
	CHECK(rtp_parse(&h, compound, sizeof(compound)) == NULL);
	CHECK(h.rtcp);
	EQ(h.pt, 200);
	EQ(h.ssrc, 7);
}

static const char *
with(const uint8_t *p, size_t n, size_t at, uint8_t v)
{
	uint8_t	 b[64];

	memcpy(b, p, n);
	b[at] = v;
	return rtp_parse(&h, b, n);
}

static void
what_is_wrong_with_a_packet_is_named(void **state)
{
	(void)state;
	STREQ(with(plain, sizeof(plain), 0, 0x40), "not of RTP version 2");
	STREQ(with(plain, sizeof(plain), 0, 0x00), "not of RTP version 2");
	STREQ(with(plain, sizeof(plain), 0, 0x8f),
	    "the RTP header is cut off");
	STREQ(with(plain, sizeof(plain), 0, 0x90),
	    "the RTP extension goes past the end");
	STREQ(with(full, sizeof(full), 23, 3),
	    "the RTP extension goes past the end");
	STREQ(with(full, sizeof(full), 22, 0xff),
	    "the RTP extension goes past the end");
	STREQ(with(full, sizeof(full), 31, 5),
	    "the RTP padding goes past the end");
	STREQ(with(full, sizeof(full), 31, 0),
	    "the RTP padding goes past the end");
	STREQ(with(compound, sizeof(compound), 3, 20),
	    "the RTCP compound is cut off");
	STREQ(with(compound, sizeof(compound), 28, 0xc1),
	    "an RTCP packet is not of version 2");
	STREQ(with(compound, sizeof(compound), 29, 96),
	    "an RTCP packet is of no known range");
	STREQ(with(compound, sizeof(compound), 0, 0xa0),
	    "an RTCP packet before the last is padded");
	STREQ(with(compound, sizeof(compound), 3, 0),
	    "an RTCP packet without a sender");
	STREQ(rtp_parse(&h, plain, 7), "too short for RTP or RTCP");
	STREQ(rtp_parse(&h, NULL, 0), "too short for RTP or RTCP");
}

static void
is_refused(void *arg, const uint8_t *p, size_t n, size_t which)
{
	(void)which;
	if (arg != NULL || n < RTP_HEADER)
		CHECK(rtp_parse(&h, p, n) != NULL);
}

static void
may_be_whole(void *arg, const uint8_t *p, size_t n, size_t which)
{
	const char	*why = rtp_parse(&h, p, n);

	(void)arg;
	(void)which;
	/* Where one of its packets ends, a compound is whole. */
	EQ(why == NULL, n == 28 || n == 40);
}

static void
a_packet_cut_anywhere_is_refused_or_whole(void **state)
{
	(void)state;
	mangle_cut(plain, RTP_HEADER, is_refused, &h);
	mangle_cut(full, 28, is_refused, &h);
	mangle_cut(compound, sizeof(compound), may_be_whole, NULL);
}

static void
the_first_byte_is_that_of_rfc_7983(void **state)
{
	uint8_t	 b = 0;

	(void)state;
	CHECK(!rtp_looks_like(&b, 0));
	for (int i = 0; i < 256; i++) {
		b = (uint8_t)i;
		EQ(rtp_looks_like(&b, 1), i >= 128 && i < 192);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(rtp_is_told_from_rtcp_by_its_second_byte),
		cmocka_unit_test(what_is_wrong_with_a_packet_is_named),
		cmocka_unit_test(a_packet_cut_anywhere_is_refused_or_whole),
		cmocka_unit_test(the_first_byte_is_that_of_rfc_7983),
	};

	return RUN(tests);
}
