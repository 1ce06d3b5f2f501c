#ifndef CRYPTO_RNG_H
#define CRYPTO_RNG_H

#include <stddef.h>
#include <stdint.h>

/*
 * A stream of random bytes: HMAC-DRBG with SHA-256. The program has one,
 * seeded by the kernel; a test seeds its own and gets the same run again.
 */
struct rng;

/* from getrandom(2); NULL: none */
struct rng	*rng_new(void);
struct rng	*rng_seeded(const void *, size_t);
void		 rng_free(struct rng *);
void		 rng_bytes(struct rng *, void *, size_t);
uint64_t	 rng_u64(struct rng *);

/* n characters from A-Z a-z 0-9, then NUL: 5.95 bits each. */
void		 rng_text(struct rng *, char *, size_t n);

/* For BearSSL inside crypto/ only: its vtable pointer. */
void		*rng_bearssl(struct rng *);

#endif
