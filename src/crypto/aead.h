#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Authenticated encryption of records, where they lie. The implementation is
 * chosen when the key is given, by what the CPU can do; the key's schedule is
 * computed once.
 */
struct aead;

enum aead_alg { AEAD_AES128_GCM, AEAD_CHACHA20_POLY1305 };
enum { AEAD_TAG = 16, AEAD_NONCE = 12 };

struct aead	*aead_new(enum aead_alg, const uint8_t *key);
void		 aead_free(struct aead *);
size_t		 aead_keylen(enum aead_alg);

void	 aead_seal(struct aead *, const uint8_t nonce[AEAD_NONCE],
	     const void *aad, size_t aadlen, uint8_t *p, size_t n,
	     uint8_t tag[AEAD_TAG]);

/* False: not authentic, and the n bytes are spoilt. */
bool	 aead_open(struct aead *, const uint8_t nonce[AEAD_NONCE],
	     const void *aad, size_t aadlen, uint8_t *p, size_t n,
	     const uint8_t tag[AEAD_TAG]);

/* True if this CPU has instructions for AES-GCM. */
bool		 aead_fast_aes(void);

/* Which implementations are in use, for hotlink version. */
const char	*aead_gcm_path(void);
const char	*aead_chacha_path(void);

/*
 * What the variable HOTLINK_AEAD may say on this machine: the ith, the first
 * of which is what it gets without; NULL behind the last.
 */
const char	*aead_name(size_t i);

#endif
