#ifndef CRYPTO_GCM_VAES_H
#define CRYPTO_GCM_VAES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * AES-128-GCM in one pass with the 256-bit AES and carry-less multiply
 * instructions (VAES, VPCLMULQDQ): constant time by nature, two blocks an
 * instruction. Bit for bit what BearSSL computes.
 */
enum { GCM_VAES_POWERS = 16 };

struct gcm_vaes {
	uint8_t		 rk[11][16];		/* round keys */
	/* H^16 .. H^1, then zeros: an odd tail reads one too many */
	uint8_t		 power[GCM_VAES_POWERS + 1][16];
};

/* Has this CPU, and does this system save, what it takes? */
bool	 gcm_vaes_usable(void);

/* Only if usable. */
void	 gcm_vaes_init(struct gcm_vaes *, const uint8_t key[16]);

/* Encrypt or decrypt in place; the tag of the ciphertext. */
void	 gcm_vaes_run(const struct gcm_vaes *, const uint8_t nonce[12],
	     const uint8_t *aad, size_t aadlen, uint8_t *, size_t,
	     uint8_t tag[16], bool encrypt);

#endif
