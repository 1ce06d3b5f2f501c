#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct rng;

/*
 * An identity: a P-256 key and a self-signed certificate of it (< 350 bytes,
 * so that a flight fits a datagram). The certificate is a function of the key
 * alone: the same key always gives the same fingerprint.
 */
struct cert;

struct cert	*cert_new(struct rng *);
/* NULL: not a scalar of P-256, or out of memory */
struct cert	*cert_from_scalar(const uint8_t scalar[32]);
void		 cert_free(struct cert *);

void		 cert_scalar(const struct cert *, uint8_t scalar[32]);
struct span	 cert_der(const struct cert *);
void		 cert_fingerprint(const struct cert *, uint8_t fp[32]);

/* SHA-256 of the SubjectPublicKeyInfo: what a marker or --pin names. */
void		 cert_key_id(const struct cert *, uint8_t id[32]);

/*
 * A signature by its key over a SHA-256 hash: ECDSA, ASN.1; the length. The
 * scalar itself has no reason to leave cert.c otherwise.
 */
enum { CERT_SIG = 72 };
size_t		 cert_sign(const struct cert *, const uint8_t hash[32],
		     uint8_t sig[CERT_SIG]);

#endif
