#include "support/test.h"

#include "support/icmp.h"

static uint16_t
ones_sum(uint32_t s, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		s += (uint32_t)p[i] << 8 | p[i + 1];
	while (s >> 16 != 0)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

/* 1400 bytes of UDP from 10.0.0.1 to 10.0.0.2, DF set */
static const uint8_t	 UDP4[1400] = {
	0x45, 0, 0x05, 0x78, 0, 1, 0x40, 0, 64, 17, 0, 0,
	10, 0, 0, 1, 10, 0, 0, 2, 0x12, 0x34, 0x56, 0x78,
};
/* 1400 bytes of UDP from fd00::1 to fd00::2 */
static const uint8_t	 UDP6[1400] = {
	0x60, 0, 0, 0, 0x05, 0x50, 17, 64,
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x12, 0x34,
};

static void
an_ipv4_packet_is_answered_with_the_mtu_and_its_head(void **state)
{
	uint8_t	 r[ICMP_TOO_BIG_MAX];
	size_t	 n = icmp_too_big(UDP4, sizeof(UDP4), 1280, r);

	(void)state;
	EQ(n, 20 + 8 + 28);
	EQ(r[2] << 8 | r[3], n);
	EQ(r[9], 1);
	MEMEQ(r + 12, UDP4 + 16, 4);
	MEMEQ(r + 16, UDP4 + 12, 4);
	EQ(ones_sum(0, r, 20), 0xffff);
	EQ(r[20], 3);
	EQ(r[21], 4);
	EQ(r[26] << 8 | r[27], 1280);
	MEMEQ(r + 28, UDP4, 28);
	EQ(ones_sum(0, r + 20, n - 20), 0xffff);
}

static void
an_ipv6_packet_is_answered_with_as_much_of_it_as_fits(void **state)
{
	uint8_t	 r[ICMP_TOO_BIG_MAX];
	size_t	 n = icmp_too_big(UDP6, sizeof(UDP6), 1300, r);

	(void)state;
	EQ(n, ICMP_TOO_BIG_MAX);
	EQ(r[4] << 8 | r[5], n - 40);
	EQ(r[6], 58);
	MEMEQ(r + 8, UDP6 + 24, 16);
	MEMEQ(r + 24, UDP6 + 8, 16);
	EQ(r[40], 2);
	EQ(r[41], 0);
	EQ(r[46] << 8 | r[47], 1300);
	MEMEQ(r + 48, UDP6, n - 48);
	EQ(ones_sum(58 + (uint32_t)n - 40, r + 8, n - 8), 0xffff);
}

static void
what_may_be_fragmented_or_is_icmp_or_cut_is_not_answered(void **state)
{
	uint8_t	 r[ICMP_TOO_BIG_MAX], p[1400];

	(void)state;
	memcpy(p, UDP4, sizeof(p));
	p[6] = 0;
	EQ(icmp_too_big(p, sizeof(p), 1280, r), 0);
	memcpy(p, UDP4, sizeof(p));
	p[9] = 1;
	EQ(icmp_too_big(p, sizeof(p), 1280, r), 0);
	memcpy(p, UDP4, sizeof(p));
	p[0] = 0x44;
	EQ(icmp_too_big(p, sizeof(p), 1280, r), 0);
	memcpy(p, UDP6, sizeof(p));
	p[6] = 58;
	EQ(icmp_too_big(p, sizeof(p), 1280, r), 0);
	p[0] = 0x50;
	EQ(icmp_too_big(p, sizeof(p), 1280, r), 0);
	for (size_t n = 0; n < 28; n++)
		EQ(icmp_too_big(UDP4, n, 1280, r), 0);
	for (size_t n = 0; n < 40; n++)
		EQ(icmp_too_big(UDP6, n, 1280, r), 0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    an_ipv4_packet_is_answered_with_the_mtu_and_its_head),
		cmocka_unit_test(
		    an_ipv6_packet_is_answered_with_as_much_of_it_as_fits),
		cmocka_unit_test(
		    what_may_be_fragmented_or_is_icmp_or_cut_is_not_answered),
	};

	return RUN(tests);
}
