#ifndef CRYPTO_PRF_H
#define CRYPTO_PRF_H

#include <stddef.h>
#include <stdint.h>

/* The PRF of TLS 1.2 with SHA-256 (RFC 5246 section 5), a seed in two parts. */
void	 prf_sha256(void *out, size_t n, const void *secret, size_t secretlen,
	     const char *label, const void *seed1, size_t n1,
	     const void *seed2, size_t n2);

#endif
