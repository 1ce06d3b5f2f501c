#include <bearssl.h>
#include <string.h>

#include "crypto/ecdh.h"
#include "crypto/hash.h"
#include "crypto/rng.h"

/* Of a group: its curve, and the bytes of a number and of a point. */
static const struct group {
	enum ecdh_group	 id;
	int		 curve;
	size_t		 size, point;
} groups[] = {
	{ ECDH_X25519,	BR_EC_curve25519,	32, 32 },
	{ ECDH_P256,	BR_EC_secp256r1,	32, P256_POINT },
	{ ECDH_P384,	BR_EC_secp384r1,	48, 97 },
};

static const struct group *
group_of(unsigned id)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (groups[i].id == id)
			return &groups[i];
	return NULL;
}

bool
ecdh_knows(unsigned group)
{
	return group_of(group) != NULL;
}

/* 0 < scalar < order, both of n bytes, in the time of any other. */
static bool
is_valid(const uint8_t *scalar, const uint8_t *order, size_t n)
{
	unsigned	 borrow = 0, any = 0;

	while (n-- > 0) {
		borrow = ((unsigned)scalar[n] - order[n] - borrow) >> 8 & 1;
		any |= scalar[n];
	}
	return borrow == 1 && any != 0;
}

static void
make_scalar(struct rng *rng, int curve, uint8_t *scalar)
{
	size_t			 n;
	const uint8_t		*order;

	order = br_ec_get_default()->order(curve, &n);
	do
		rng_bytes(rng, scalar, n);
	while (!is_valid(scalar, order, n));
}

bool
p256_valid(const uint8_t scalar[32])
{
	size_t	 n;

	return is_valid(scalar,
	    br_ec_get_default()->order(BR_EC_secp256r1, &n), 32);
}

void
p256_scalar(struct rng *rng, uint8_t scalar[32])
{
	make_scalar(rng, BR_EC_secp256r1, scalar);
}

void
p256_public(const uint8_t scalar[32], uint8_t point[P256_POINT])
{
	br_ec_get_default()->mulgen(point, scalar, 32, BR_EC_secp256r1);
}

void
ecdh_make(struct ecdh *e, enum ecdh_group id, struct rng *rng)
{
	const struct group	*g = group_of(id);

	e->group = id;
	e->n = g->point;
	if (id == ECDH_X25519)
		rng_bytes(rng, e->secret, g->size);
	else
		make_scalar(rng, g->curve, e->secret);
	br_ec_get_default()->mulgen(e->point, e->secret, g->size, g->curve);
}

/* The secret is the x of a point: all of X25519's, after a 4 of the others. */
bool
ecdh_shared(const struct ecdh *e, const uint8_t *peer, size_t n,
    struct ecdh_secret *out)
{
	static const uint8_t	 zero[ECDH_SECRET];
	const struct group	*g = group_of(e->group);
	uint8_t			 point[ECDH_POINT];
	bool			 good;

	if (n != e->n)
		return false;
	memcpy(point, peer, n);
	good = br_ec_get_default()->mul(point, n, e->secret, g->size,
	    g->curve) == 1;
	out->n = g->size;
	memcpy(out->p, g->point > g->size ? point + 1 : point, g->size);
	wipe(point, sizeof(point));
	return good && !same_bytes(out->p, zero, out->n);
}
