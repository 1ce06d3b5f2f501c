#ifndef CRYPTO_TLS_ID_H
#define CRYPTO_TLS_ID_H

#include <bearssl.h>

#include "crypto/tls.h"

/* What tls.c reads of authorities and identities; made in tls_id.c. */
struct tls_trust {
	br_x509_trust_anchor	*anchors;
	size_t			 n, cap;
};

struct tls_identity {
	br_x509_certificate	 chain[TLS_CHAIN_MAX];
	size_t			 n;
	bool			 rsa;
	br_rsa_private_key	 rsa_key;
	struct rd		 modulus;
	br_ec_private_key	 ec_key;
	uint8_t			*secret;	/* the key's DER */
	size_t			 secretlen;
};

#endif
