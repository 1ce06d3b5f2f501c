#ifndef CRYPTO_GCM_H
#define CRYPTO_GCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * AES-128-GCM in one pass, by instructions made for it: constant time by
 * nature. Every kernel gives, bit for bit, what BearSSL computes.
 */
enum { GCM_POWERS = 16, GCM_KERNELS = 4 };

struct gcm {
	uint8_t		 rk[11][16];		/* round keys */
	/* H^16 .. H^1, then zeros: a tail reads up to three too many */
	uint8_t		 power[GCM_POWERS + 3][16];
};

struct gcm_kernel {
	const char	*name;

	/* Has this CPU, and does this system save, what it takes? */
	bool		 (*usable)(void);

	/* Only if usable. */
	void		 (*init)(struct gcm *, const uint8_t key[16]);

	/* Encrypt or decrypt in place; the tag of the ciphertext. */
	void		 (*run)(const struct gcm *, const uint8_t nonce[12],
			     const uint8_t *aad, size_t aadlen, uint8_t *,
			     size_t, uint8_t tag[16], bool encrypt);
};

/* All there are, the fastest first. */
extern const struct gcm_kernel *const	 gcm_kernels[GCM_KERNELS];

extern const struct gcm_kernel		 gcm_vaes512, gcm_vaes256, gcm_aesni,
					 gcm_armv8;

/* For a kernel that was not compiled, because the CPU is of another kind. */
bool	 gcm_never(void);

#endif
