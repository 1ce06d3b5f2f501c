#ifndef CRYPTO_TLS_H
#define CRYPTO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct rng;

/*
 * TLS 1.2 over any byte stream, both sides: ECDHE with AES-GCM or ChaCha20,
 * nothing older. A byte-stream engine: bytes that arrived go into tls_input,
 * what tls_output lends is sent and reported by tls_sent; plaintext goes in by
 * tls_write and is lent by tls_read until tls_taken.
 */
enum tls_state {
	TLS_OPENING,
	TLS_OPEN,		/* the peer is who it should be */
	TLS_CLOSING,		/* we are done; output may be left to send */
	TLS_CLOSED,		/* and the peer too, or only the peer */
	TLS_FAILED,		/* tls_why; an alert may be left to send */
};

/* Certificates of authorities, from PEM text; what we cannot use is skipped. */
struct tls_trust;

enum {
	TLS_PEM_MAX = 4 << 20,	/* bytes of a bundle; Debian's has 220 KB */
	TLS_TRUST_MAX = 1024,	/* authorities; Debian's has 140 */
	TLS_CHAIN_MAX = 8,	/* certificates of our own chain */
};

/* NULL: none in it */
struct tls_trust *tls_trust_new(const char *pem, size_t);
size_t		 tls_trust_count(const struct tls_trust *);
void		 tls_trust_free(struct tls_trust *);

/* Our certificates, the first our own, and its key (RSA, P-256 or P-384). */
struct tls_identity;

struct tls_identity *tls_identity_new(const char *chain, size_t,
		     const char *key, size_t, const char **why);
void		 tls_identity_free(struct tls_identity *);

struct tls_client_conf {
	const char	*name;		/* whom we call: sent and checked */
	const struct tls_trust *trust;	/* borrowed; may be NULL with a pin */
	/*
	 * 32 bytes: SHA-256 of the server's SubjectPublicKeyInfo; then neither
	 * name, nor chain nor time is looked at.
	 */
	const uint8_t	*pin;
	/* seconds: is its certificate valid now? */
	uint64_t	 unix_time;
};

/*
 * NULL: out of memory. The trust or identity must outlive the engine. Without
 * a pin, a name that is an IP address fails at once and says why.
 */
struct tls	*tls_client(const struct tls_client_conf *, struct rng *);
struct tls	*tls_server(const struct tls_identity *, struct rng *);
void		 tls_free(struct tls *);

/*
 * Take bytes from the stream and return how many were taken: fewer than given
 * while plaintext waits to be taken (keep the rest, stop reading), or once
 * closed or failed. n = 0: the stream ended; without a close before it, that
 * is a failure.
 */
size_t		 tls_input(struct tls *, const void *, size_t);

/* Bytes for the stream (n 0: none now), and how many of them were sent. */
struct span	 tls_output(struct tls *);
void		 tls_sent(struct tls *, size_t);

/* Plaintext: how many bytes were accepted; they are sent at once. */
size_t		 tls_write(struct tls *, const void *, size_t);

/* Plaintext that arrived (n 0: none now), and how many bytes were used. */
struct span	 tls_read(struct tls *);
void		 tls_taken(struct tls *, size_t);

/* Say that nothing more comes. */
void		 tls_close(struct tls *);

enum tls_state	 tls_state(const struct tls *);
const char	*tls_why(const struct tls *);	/* once failed: the reason */

#endif
