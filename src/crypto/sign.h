#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/digest.h"
#include "crypto/x509.h"

enum { SIGN_MAX = 72 };		/* an ECDSA-Sig-Value of P-256 */

/* ECDSA with P-256 and SHA-256, deterministic (RFC 6979); the length. */
size_t	 ecdsa_sign(const uint8_t scalar[32], const uint8_t hash[32],
	     uint8_t sig[SIGN_MAX]);

/* ECDSA (ASN.1) or RSA PKCS #1 1.5, by the kind of key. */
bool	 verify_hash(const struct pubkey *, enum digest_alg,
	     const uint8_t *hash, const uint8_t *sig, size_t n);

#endif
