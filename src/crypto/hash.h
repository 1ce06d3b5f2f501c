#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One-shot digests and MACs. */
void	 sha256(uint8_t out[32], const void *, size_t);
void	 sha1(uint8_t out[20], const void *, size_t);
void	 md5(uint8_t out[16], const void *, size_t);
void	 hmac_sha1(uint8_t out[20], const void *key, size_t keylen,
	     const void *, size_t);
void	 hmac_sha256(uint8_t out[32], const void *key, size_t keylen,
	     const void *, size_t);

/* Compare secrets in constant time. */
bool	 same_bytes(const void *, const void *, size_t);

/* Overwrite in a way no compiler removes. */
void	 wipe(void *, size_t);

#endif
