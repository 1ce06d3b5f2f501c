#ifndef DTLS_MESSAGE_H
#define DTLS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/sign.h"

/* The handshake messages of DTLS 1.2, as far as WebRTC needs them. */
enum handshake {
	HELLO_REQUEST = 0,
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	HELLO_VERIFY_REQUEST = 3,
	CERTIFICATE = 11,
	SERVER_KEY_EXCHANGE = 12,
	CERTIFICATE_REQUEST = 13,
	SERVER_HELLO_DONE = 14,
	CERTIFICATE_VERIFY = 15,
	CLIENT_KEY_EXCHANGE = 16,
	FINISHED = 20,
};

enum {
	HANDSHAKE_HEADER = 12,
	SRTP_AES128_CM_SHA1_80 = 0x0001,
	SIG_ECDSA_SHA256 = 0x0403,
	VERIFY_DATA = 12,
	COOKIE_MAX = 255,
	RANDOM = 32,
};

/* What a ClientHello offers, as far as it matters to us. */
struct client_hello {
	uint16_t	 version;	/* DTLS counts down: the latest */
	const uint8_t	*random;
	struct rd	 suites;
	bool		 null_compression;
	bool		 ems, renegotiation, points;
	bool		 groups;
	uint16_t	 group;	/* the best of ours; 0: none */
	bool		 sigs, ecdsa_sha256;
	bool		 srtp, srtp_ours;	/* use_srtp; with our profile */
};

struct server_hello {
	uint16_t	 version;
	const uint8_t	*random;
	uint16_t	 suite;
	bool		 ems;
	bool		 srtp, srtp_ours;
};

/* ECDHE parameters and the signature over them. */
struct key_exchange {
	uint16_t	 group;
	const uint8_t	*point;
	size_t		 pointlen;
	struct span	 params;	/* what is signed, after the randoms */
	uint16_t	 scheme;
	const uint8_t	*sig;
	size_t		 siglen;
};

/* A CertificateRequest: does it take a certificate and signature of ours? */
struct request {
	bool	 ecdsa, ecdsa_sha256;
};

/* Decoders return -1 if the message is malformed. Spans lie in the input. */
int	 client_hello_decode(struct client_hello *, const uint8_t *, size_t);
int	 server_hello_decode(struct server_hello *, const uint8_t *, size_t);
int	 verify_request_decode(struct rd *cookie, const uint8_t *, size_t);
int	 certificate_decode(struct rd *first, const uint8_t *, size_t);
int	 key_exchange_decode(struct key_exchange *, const uint8_t *, size_t);
int	 certificate_request_decode(struct request *, const uint8_t *, size_t);
int	 client_key_decode(struct rd *point, const uint8_t *, size_t);
int	 certificate_verify_decode(struct key_exchange *, const uint8_t *,
	     size_t);

void	 client_hello_encode(struct wr *, const uint8_t random[RANDOM],
	     const uint8_t *cookie, size_t cookielen);
void	 server_hello_encode(struct wr *, const uint8_t random[RANDOM],
	     uint16_t suite, const struct client_hello *);
void	 certificate_encode(struct wr *, struct span der);
void	 key_params_encode(struct wr *, uint16_t group, const uint8_t *point,
	     size_t n);
void	 signature_encode(struct wr *, const uint8_t *sig, size_t n);
void	 certificate_request_encode(struct wr *);
void	 client_key_encode(struct wr *, const uint8_t *point, size_t n);

/* The hash and kind of key of a signature scheme we verify; -1: not ours. */
int	 scheme_read(uint16_t scheme, enum digest_alg *, bool *rsa);

/* The suites we speak, in the order we offer them. */
struct suite {
	uint16_t	 id;
	const char	*name;
	enum aead_alg	 alg;
	size_t		 ivlen;		/* of the key block */
	bool		 rsa;		/* the server's certificate */
};

enum { SUITES = 4 };
extern const struct suite	 suites[SUITES];

const struct suite *suite_find(uint16_t id);
bool	 suite_offered(const struct client_hello *, uint16_t id);

#endif
