/*
 * AES-128-GCM by one of our one-pass kernels where the CPU has what one takes,
 * else in two passes from BearSSL's parts: AES-NI and PCLMUL, else
 * constant-time 64-bit code. ChaCha20-Poly1305 from BearSSL: by SSE2, else
 * portable.
 */
#include <bearssl.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/gcm.h"
#include "crypto/hash.h"

struct aead {
	enum aead_alg		 alg;
	br_aes_gen_ctr_keys	 aes;
	br_gcm_context		 gcm;	/* points into aes: never moved */
	const struct gcm_kernel	*kernel;	/* NULL: BearSSL's */
	struct gcm		 fused;
	uint8_t			 key[32];
	br_chacha20_run		 chacha;
	br_poly1305_run		 poly;
};

static const size_t	 keylen[] = {
	[AEAD_AES128_GCM]	 = 16,
	[AEAD_CHACHA20_POLY1305] = 32,
};

size_t
aead_keylen(enum aead_alg alg)
{
	return keylen[alg];
}

static const char	 two_passes[] = "bearssl";

const char *
aead_name(size_t i)
{
	size_t	 n = 0;

	for (size_t k = 0; k < GCM_KERNELS; k++)
		if (gcm_kernels[k]->usable() && n++ == i)
			return gcm_kernels[k]->name;
	return i == n ? two_passes : NULL;
}

/* The first that is usable or, of those, the one that HOTLINK_AEAD names. */
static const struct gcm_kernel *
kernel(void)
{
	const char			*want = getenv("HOTLINK_AEAD");
	const struct gcm_kernel		*best = NULL, *k;

	if (want != NULL && strcmp(want, two_passes) == 0)
		return NULL;
	for (size_t i = 0; i < GCM_KERNELS; i++) {
		k = gcm_kernels[i];
		if (!k->usable())
			continue;
		if (want != NULL && strcmp(want, k->name) == 0)
			return k;
		if (best == NULL)
			best = k;
	}
	return best;
}

static bool
bearssl_aes(void)
{
	return br_aes_x86ni_ctr_get_vtable() != NULL &&
	    br_ghash_pclmul_get() != 0;
}

bool
aead_fast_aes(void)
{
	return kernel() != NULL || bearssl_aes();
}

const char *
aead_gcm_path(void)
{
	const struct gcm_kernel	*k = kernel();

	if (k != NULL)
		return k->name;
	return bearssl_aes() ? "bearssl, aes-ni+pclmul" : "bearssl, ct64";
}

const char *
aead_chacha_path(void)
{
	return br_chacha20_sse2_get() != 0 ? "sse2" : "ct";
}

static void
init_gcm(struct aead *a, const uint8_t *key)
{
	const br_block_ctr_class	*ctr = &br_aes_ct64_ctr_vtable;
	br_ghash			 gh = br_ghash_ctmul64;

	a->kernel = kernel();
	if (a->kernel != NULL) {
		a->kernel->init(&a->fused, key);
		return;
	}
	if (bearssl_aes()) {
		ctr = br_aes_x86ni_ctr_get_vtable();
		gh = br_ghash_pclmul_get();
	}
	ctr->init(&a->aes.vtable, key, 16);
	br_gcm_init(&a->gcm, &a->aes.vtable, gh);
}

static void
init_chacha(struct aead *a, const uint8_t *key)
{
	memcpy(a->key, key, sizeof(a->key));
	a->chacha = br_chacha20_sse2_get();
	if (a->chacha == 0)
		a->chacha = br_chacha20_ct_run;
	a->poly = br_poly1305_ctmulq_get();
	if (a->poly == 0)
		a->poly = br_poly1305_ctmul_run;
}

struct aead *
aead_new(enum aead_alg alg, const uint8_t *key)
{
	struct aead	*a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->alg = alg;
	if (alg == AEAD_AES128_GCM)
		init_gcm(a, key);
	else
		init_chacha(a, key);
	return a;
}

void
aead_free(struct aead *a)
{
	if (a == NULL)
		return;
	wipe(a, sizeof(*a));
	free(a);
}

/* Encrypt or decrypt in place; the tag of the ciphertext. */
static void
run(struct aead *a, const uint8_t *nonce, const void *aad, size_t aadlen,
    uint8_t *p, size_t n, uint8_t *tag, int encrypt)
{
	if (a->alg == AEAD_CHACHA20_POLY1305) {
		a->poly(a->key, nonce, p, n, aad, aadlen, tag, a->chacha,
		    encrypt);
		return;
	}
	if (a->kernel != NULL) {
		a->kernel->run(&a->fused, nonce, aad, aadlen, p, n, tag,
		    encrypt);
		return;
	}
	br_gcm_reset(&a->gcm, nonce, AEAD_NONCE);
	br_gcm_aad_inject(&a->gcm, aad, aadlen);
	br_gcm_flip(&a->gcm);
	br_gcm_run(&a->gcm, encrypt, p, n);
	br_gcm_get_tag(&a->gcm, tag);
}

void
aead_seal(struct aead *a, const uint8_t nonce[AEAD_NONCE], const void *aad,
    size_t aadlen, uint8_t *p, size_t n, uint8_t tag[AEAD_TAG])
{
	run(a, nonce, aad, aadlen, p, n, tag, 1);
}

bool
aead_open(struct aead *a, const uint8_t nonce[AEAD_NONCE], const void *aad,
    size_t aadlen, uint8_t *p, size_t n, const uint8_t tag[AEAD_TAG])
{
	uint8_t	 want[AEAD_TAG];

	run(a, nonce, aad, aadlen, p, n, want, 0);
	return same_bytes(want, tag, AEAD_TAG);
}
