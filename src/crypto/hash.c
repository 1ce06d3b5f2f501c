#include <bearssl.h>

#include "crypto/hash.h"

void
sha256(uint8_t out[32], const void *p, size_t n)
{
	br_sha256_context	 h;

	br_sha256_init(&h);
	br_sha256_update(&h, p, n);
	br_sha256_out(&h, out);
}

void
sha1(uint8_t out[20], const void *p, size_t n)
{
	br_sha1_context	 h;

	br_sha1_init(&h);
	br_sha1_update(&h, p, n);
	br_sha1_out(&h, out);
}

void
md5(uint8_t out[16], const void *p, size_t n)
{
	br_md5_context	 h;

	br_md5_init(&h);
	br_md5_update(&h, p, n);
	br_md5_out(&h, out);
}

static void
hmac(const br_hash_class *hash, uint8_t *out, const void *key, size_t keylen,
    const void *p, size_t n)
{
	br_hmac_key_context	 k;
	br_hmac_context		 h;

	br_hmac_key_init(&k, hash, key, keylen);
	br_hmac_init(&h, &k, 0);
	br_hmac_update(&h, p, n);
	br_hmac_out(&h, out);
	wipe(&k, sizeof(k));
}

void
hmac_sha1(uint8_t out[20], const void *key, size_t keylen, const void *p,
    size_t n)
{
	hmac(&br_sha1_vtable, out, key, keylen, p, n);
}

void
hmac_sha256(uint8_t out[32], const void *key, size_t keylen, const void *p,
    size_t n)
{
	hmac(&br_sha256_vtable, out, key, keylen, p, n);
}

bool
same_bytes(const void *a, const void *b, size_t n)
{
	const volatile uint8_t	*x = a, *y = b;
	uint8_t			 diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= x[i] ^ y[i];
	return diff == 0;
}

void
wipe(void *p, size_t n)
{
	volatile uint8_t	*v = p;

	while (n-- > 0)
		*v++ = 0;
}
