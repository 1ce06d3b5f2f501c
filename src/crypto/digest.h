#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/*
 * A running hash by the three functions a handshake's signatures may use;
 * reading one does not end it. The numbers are those of TLS (RFC 5246 7.4.1.4).
 */
enum digest_alg { DIGEST_SHA256 = 4, DIGEST_SHA384 = 5, DIGEST_SHA512 = 6 };
enum { DIGEST_MAX = 64 };

struct digest;

struct digest	*digest_new(void);
void		 digest_free(struct digest *);
void		 digest_reset(struct digest *);
void		 digest_copy(struct digest *, const struct digest *);
void		 digest_add(struct digest *, const void *, size_t);

/* The hash of all that was added, and its length. */
size_t		 digest_get(const struct digest *, enum digest_alg,
		     uint8_t out[DIGEST_MAX]);

#endif
