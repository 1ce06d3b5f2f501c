#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Base64 of RFC 4648 section 4: the standard alphabet, with padding. */

/* Text bytes (without a NUL) that n bytes become. */
static inline size_t
base64_len(size_t n)
{
	return (n + 2) / 3 * 4;
}

/* Write base64_len(n) characters; no NUL is added. */
void	 base64_encode(char *, const void *, size_t n);

/*
 * Decode n characters, padded, nothing else among them, into at most cap
 * bytes; at and text may be the same memory. The number of bytes, or -1: not
 * base64, or too long. Bits that encode nothing must be zero.
 */
long	 base64_decode(void *at, size_t cap, const char *text, size_t n);

#endif
