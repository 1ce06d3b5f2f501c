#include "base/hex.h"

void
hex_encode(char *text, const void *bytes, size_t n)
{
	static const char	 digit[] = "0123456789abcdef";
	const uint8_t		*p = bytes;

	for (size_t i = 0; i < n; i++) {
		*text++ = digit[p[i] >> 4];
		*text++ = digit[p[i] & 15];
	}
	*text = '\0';
}

int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
hex_decode(void *bytes, size_t n, const char *text, size_t len)
{
	uint8_t	*p = bytes;
	int	 hi, lo;

	if (len != 2 * n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		hi = hex_digit(text[2 * i]);
		lo = hex_digit(text[2 * i + 1]);
		if (hi == -1 || lo == -1)
			return -1;
		p[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}
