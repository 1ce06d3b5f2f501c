#define _DEFAULT_SOURCE			/* getentropy */

#include <bearssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/rng.h"
#include "crypto/hash.h"

struct rng {
	br_hmac_drbg_context	 drbg;
};

struct rng *
rng_seeded(const void *seed, size_t n)
{
	struct rng	*r = calloc(1, sizeof(*r));

	if (r != NULL)
		br_hmac_drbg_init(&r->drbg, &br_sha256_vtable, seed, n);
	return r;
}

struct rng *
rng_new(void)
{
	uint8_t		 seed[48];
	struct rng	*r;

	if (getentropy(seed, sizeof(seed)) == -1)
		return NULL;
	r = rng_seeded(seed, sizeof(seed));
	wipe(seed, sizeof(seed));
	return r;
}

void
rng_free(struct rng *r)
{
	if (r == NULL)
		return;
	wipe(r, sizeof(*r));
	free(r);
}

void
rng_bytes(struct rng *r, void *p, size_t n)
{
	br_hmac_drbg_generate(&r->drbg, p, n);
}

uint64_t
rng_u64(struct rng *r)
{
	uint64_t	 v;

	rng_bytes(r, &v, sizeof(v));
	return v;
}

void
rng_text(struct rng *r, char *text, size_t n)
{
	static const char	 set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789";
	uint8_t			 b;

	for (size_t i = 0; i < n;) {
		rng_bytes(r, &b, 1);
		if (b < 248)		/* the largest multiple of 62 */
			text[i++] = set[b % 62];
	}
	text[n] = '\0';
}

void *
rng_bearssl(struct rng *r)
{
	return &r->drbg.vtable;
}
