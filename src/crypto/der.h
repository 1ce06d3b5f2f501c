#ifndef CRYPTO_DER_H
#define CRYPTO_DER_H

#include "base/bytes.h"

/*
 * DER (X.690) by cursors: what is not of the form latches bad, see bytes.h.
 * Lengths have to be definite, minimal and below 2^24.
 */
enum {
	DER_INTEGER = 0x02, DER_BITS = 0x03, DER_OCTETS = 0x04,
	DER_NULL = 0x05, DER_OID = 0x06, DER_SEQUENCE = 0x30,
	DER_CONTEXT_0 = 0xa0,
};

static const uint8_t	 oid_p256[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };
static const uint8_t	 oid_p384[] = { 0x2b, 0x81, 4, 0, 34 };

static inline void
der_latch(struct rd *r)
{
	r->bad = true;
	r->n = 0;
}

static inline size_t
der_length(struct rd *r)
{
	size_t	 n = rd_u8(r), bytes;

	if (n < 0x80)
		return n;
	bytes = n & 0x7f;
	if (bytes < 1 || bytes > 3) {
		der_latch(r);
		return 0;
	}
	n = rd_uint(r, bytes);
	if (n < 0x80 || n >> 8 * (bytes - 1) == 0)
		der_latch(r);
	return n;
}

/* The contents of the next element, which must have this tag. */
static inline struct rd
der_in(struct rd *r, uint8_t tag)
{
	if (rd_u8(r) != tag)
		der_latch(r);
	return rd_sub(r, der_length(r));
}

#endif
