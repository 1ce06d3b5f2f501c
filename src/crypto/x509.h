#ifndef CRYPTO_X509_H
#define CRYPTO_X509_H

#include <stddef.h>
#include <stdint.h>

enum key_kind { KEY_P256, KEY_P384, KEY_RSA };

/* A public key, where it lies in its certificate. */
struct pubkey {
	enum key_kind	 kind;
	const uint8_t	*p;		/* the point, or the modulus */
	size_t		 n;
	const uint8_t	*e;		/* RSA: the exponent */
	size_t		 elen;
	const uint8_t	*spki;		/* the whole SubjectPublicKeyInfo */
	size_t		 spkilen;
};

/*
 * Read a peer's certificate for its key: NULL, or the reason it is refused.
 * Neither names, dates nor the issuer's signature mean anything here: the
 * certificate is known by its fingerprint.
 */
const char	*x509_key(struct pubkey *, const uint8_t *, size_t);

#endif
