#include "base/base64.h"

static const char	 alphabet[64 + 1] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(char *to, const void *from, size_t n)
{
	const uint8_t	*p = from;
	uint32_t	 v;

	for (; n >= 3; n -= 3, p += 3, to += 4) {
		v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		to[0] = alphabet[v >> 18];
		to[1] = alphabet[v >> 12 & 63];
		to[2] = alphabet[v >> 6 & 63];
		to[3] = alphabet[v & 63];
	}
	if (n == 0)
		return;
	v = (uint32_t)p[0] << 16 | (n == 2 ? (uint32_t)p[1] << 8 : 0);
	to[0] = alphabet[v >> 18];
	to[1] = alphabet[v >> 12 & 63];
	to[2] = n == 2 ? alphabet[v >> 6 & 63] : '=';
	to[3] = '=';
}

/* The value of each character plus one; 0: not in the alphabet. */
static const uint8_t	 value[256] = {
	['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
	19, 20, 21, 22, 23, 24, 25, 26,
	['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42,
	43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
	['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
	['+'] = 63, ['/'] = 64,
};

/* Four characters, pad of them padding, as 24 bits; -1: not base64. */
static long
quad(const uint8_t *p, unsigned pad)
{
	uint32_t	 v = 0;

	for (unsigned i = 0; i < 4 - pad; i++) {
		if (value[p[i]] == 0)
			return -1;
		v |= (uint32_t)(value[p[i]] - 1) << (18 - 6 * i);
	}
	if ((v & ((1u << 8 * pad) - 1)) != 0)
		return -1;
	return (long)v;
}

long
base64_decode(void *at, size_t cap, const char *text, size_t n)
{
	const uint8_t	*p = (const uint8_t *)text;
	uint8_t		*to = at;
	unsigned	 pad;
	size_t		 len;
	long		 v;

	if (n == 0)
		return 0;
	if (n % 4 != 0)
		return -1;
	pad = text[n - 1] != '=' ? 0 : text[n - 2] != '=' ? 1 : 2;
	len = n / 4 * 3 - pad;
	if (len > cap)
		return -1;
	for (; n > 4; n -= 4, p += 4, to += 3) {
		if ((v = quad(p, 0)) == -1)
			return -1;
		to[0] = (uint8_t)(v >> 16);
		to[1] = (uint8_t)(v >> 8);
		to[2] = (uint8_t)v;
	}
	if ((v = quad(p, pad)) == -1)
		return -1;
	to[0] = (uint8_t)(v >> 16);
	if (pad < 2)
		to[1] = (uint8_t)(v >> 8);
	if (pad < 1)
		to[2] = (uint8_t)v;
	return (long)len;
}
