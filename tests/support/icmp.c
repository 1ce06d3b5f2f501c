#include <string.h>

#include "base/bytes.h"
#include "support/icmp.h"

enum {
	IP4 = 20, IP6 = 40,	/* headers */
	PROTO_ICMP = 1, PROTO_ICMP6 = 58,
	DONT_FRAGMENT = 0x40,
	HOPS = 64,
};

/* RFC 1071 */
static uint32_t
sum(uint32_t s, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	return s;
}

static uint16_t
folded(uint32_t s)
{
	while (s >> 16 != 0)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

/* The header and eight bytes, as every sender of ICMP has to do at least. */
static size_t
too_big4(const uint8_t *p, size_t n, size_t mtu, uint8_t *reply)
{
	struct wr	 w = wr_of(reply, ICMP_TOO_BIG_MAX);
	size_t		 header = (size_t)(p[0] & 15) * 4, quoted = header + 8;

	if (header < IP4 || n < quoted || (p[6] & DONT_FRAGMENT) == 0 ||
	    p[9] == PROTO_ICMP)
		return 0;
	wr_u16(&w, 0x4500);
	wr_u16(&w, (uint16_t)(IP4 + 8 + quoted));
	wr_u32(&w, 0);
	wr_u8(&w, HOPS);
	wr_u8(&w, PROTO_ICMP);
	wr_u16(&w, 0);
	wr_bytes(&w, p + 16, 4);
	wr_bytes(&w, p + 12, 4);
	wr_patch(&w, 10, folded(sum(0, reply, IP4)), 2);
	wr_u16(&w, 0x0304);
	wr_u32(&w, 0);
	wr_u16(&w, (uint16_t)mtu);
	wr_bytes(&w, p, quoted);
	wr_patch(&w, IP4 + 2, folded(sum(0, reply + IP4, 8 + quoted)), 2);
	return w.n;
}

static size_t
too_big6(const uint8_t *p, size_t n, size_t mtu, uint8_t *reply)
{
	struct wr	 w = wr_of(reply, ICMP_TOO_BIG_MAX);
	size_t		 most = ICMP_TOO_BIG_MAX - IP6 - 8;
	size_t		 quoted = n < most ? n : most;
	uint32_t	 s;

	if (n < IP6 || p[6] == PROTO_ICMP6)
		return 0;
	wr_u32(&w, 0x60000000);
	wr_u16(&w, (uint16_t)(8 + quoted));
	wr_u8(&w, PROTO_ICMP6);
	wr_u8(&w, HOPS);
	wr_bytes(&w, p + 24, 16);
	wr_bytes(&w, p + 8, 16);
	wr_u32(&w, 0x02000000);
	wr_u32(&w, (uint32_t)mtu);
	wr_bytes(&w, p, quoted);
	s = PROTO_ICMP6 + (uint32_t)(8 + quoted);
	s = sum(s, reply + 8, 32 + 8 + quoted);
	wr_patch(&w, IP6 + 2, folded(s), 2);
	return w.n;
}

size_t
icmp_too_big(const uint8_t *p, size_t n, size_t mtu,
    uint8_t reply[ICMP_TOO_BIG_MAX])
{
	if (n < IP4)
		return 0;
	if (p[0] >> 4 == 4)
		return too_big4(p, n, mtu, reply);
	return p[0] >> 4 == 6 ? too_big6(p, n, mtu, reply) : 0;
}
