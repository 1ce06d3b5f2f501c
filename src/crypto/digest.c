#include <bearssl.h>
#include <stdlib.h>

#include "crypto/digest.h"

struct digest {
	br_multihash_context	 h;
};

_Static_assert((int)DIGEST_SHA256 == br_sha256_ID &&
    (int)DIGEST_SHA384 == br_sha384_ID && (int)DIGEST_SHA512 == br_sha512_ID,
    "BearSSL numbers hash functions as TLS does");

struct digest *
digest_new(void)
{
	struct digest	*d = calloc(1, sizeof(*d));

	if (d != NULL)
		digest_reset(d);
	return d;
}

void
digest_free(struct digest *d)
{
	free(d);
}

void
digest_reset(struct digest *d)
{
	br_multihash_zero(&d->h);
	br_multihash_setimpl(&d->h, br_sha256_ID, &br_sha256_vtable);
	br_multihash_setimpl(&d->h, br_sha384_ID, &br_sha384_vtable);
	br_multihash_setimpl(&d->h, br_sha512_ID, &br_sha512_vtable);
	br_multihash_init(&d->h);
}

void
digest_copy(struct digest *to, const struct digest *from)
{
	*to = *from;
}

void
digest_add(struct digest *d, const void *p, size_t n)
{
	br_multihash_update(&d->h, p, n);
}

size_t
digest_get(const struct digest *d, enum digest_alg alg,
    uint8_t out[DIGEST_MAX])
{
	return br_multihash_out(&d->h, alg, out);
}
