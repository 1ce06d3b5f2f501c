#include <bearssl.h>
#include <string.h>

#include "crypto/ecdh.h"
#include "crypto/hash.h"
#include "crypto/rng.h"

/* The order of P-256 (FIPS 186-4 D.1.2.3), big-endian. */
static const uint8_t	 order[32] = {
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
	0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};

bool
p256_valid(const uint8_t scalar[32])
{
	unsigned	 borrow = 0, any = 0;

	for (int i = 31; i >= 0; i--) {
		borrow = ((unsigned)scalar[i] - order[i] - borrow) >> 8 & 1;
		any |= scalar[i];
	}
	return borrow == 1 && any != 0;
}

void
p256_scalar(struct rng *rng, uint8_t scalar[32])
{
	do
		rng_bytes(rng, scalar, 32);
	while (!p256_valid(scalar));
}

void
p256_public(const uint8_t scalar[32], uint8_t point[ECDH_POINT])
{
	br_ec_get_default()->mulgen(point, scalar, 32, BR_EC_secp256r1);
}

void
ecdh_make(struct ecdh *e, enum ecdh_group group, struct rng *rng)
{
	e->group = group;
	if (group == ECDH_P256) {
		p256_scalar(rng, e->secret);
		p256_public(e->secret, e->point);
		e->n = 65;
		return;
	}
	rng_bytes(rng, e->secret, 32);
	br_ec_get_default()->mulgen(e->point, e->secret, 32,
	    BR_EC_curve25519);
	e->n = 32;
}

bool
ecdh_shared(const struct ecdh *e, const uint8_t *peer, size_t n,
    uint8_t out[32])
{
	static const uint8_t	 zero[32];
	uint8_t			 g[ECDH_POINT];
	bool			 p256 = e->group == ECDH_P256, good;

	if (n != e->n)
		return false;
	memcpy(g, peer, n);
	good = br_ec_get_default()->mul(g, n, e->secret, 32,
	    p256 ? BR_EC_secp256r1 : BR_EC_curve25519) == 1;
	memcpy(out, p256 ? g + 1 : g, 32);
	wipe(g, sizeof(g));
	return good && !same_bytes(out, zero, 32);
}
