#ifndef TESTS_ICE_UNKNOWN_H
#define TESTS_ICE_UNKNOWN_H

#include "support/test.h"

#include "crypto/hash.h"
#include "ice/stun.h"

/*
 * A message with PRIORITY as an attribute that must be understood and nobody
 * does; signed if there is a key.
 */
static inline size_t
encode_unknown(struct stun m, const void *key, size_t keylen, uint8_t *b,
    size_t cap)
{
	size_t	 n, whole;

	m.has_priority = true;
	n = stun_encode(&m, NULL, 0, false, b, cap);
	EQ(b[STUN_HEADER + 1], 0x24);
	b[STUN_HEADER + 1] = 0x34;
	if (key == NULL)
		return n;
	CHECK(n + 24 <= cap);
	whole = n + 24 - STUN_HEADER;
	b[2] = (uint8_t)(whole >> 8);
	b[3] = (uint8_t)whole;
	memcpy(b + n, "\0\10\0\24", 4);
	hmac_sha1(b + n + 4, key, keylen, b, n);
	return n + 24;
}

#endif
