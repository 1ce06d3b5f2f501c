#ifndef CRYPTO_ECDH_H
#define CRYPTO_ECDH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng;

/* The named groups of RFC 8422 that we speak. */
enum ecdh_group { ECDH_P256 = 0x0017, ECDH_P384 = 0x0018,
	ECDH_X25519 = 0x001d };
enum { ECDH_SECRET = 48, ECDH_POINT = 97, P256_POINT = 65 };

/* An ephemeral key; the point is as it goes over the wire. Wipe after use. */
struct ecdh {
	enum ecdh_group	 group;
	uint8_t		 secret[ECDH_SECRET];	/* as the wire has numbers */
	uint8_t		 point[ECDH_POINT];
	size_t		 n;
};

struct ecdh_secret {
	uint8_t		 p[ECDH_SECRET];
	size_t		 n;
};

/* That is one of them. */
bool	 ecdh_knows(unsigned group);

void	 ecdh_make(struct ecdh *, enum ecdh_group, struct rng *);

/*
 * The shared secret with a peer's point; false if that is none of the group,
 * or gives the all-zero secret of RFC 7748 section 6.
 */
bool	 ecdh_shared(const struct ecdh *, const uint8_t *, size_t,
	     struct ecdh_secret *);

/* A P-256 private key: random, and whether 0 < scalar < order. */
void	 p256_scalar(struct rng *, uint8_t scalar[32]);
bool	 p256_valid(const uint8_t scalar[32]);
void	 p256_public(const uint8_t scalar[32], uint8_t point[P256_POINT]);

#endif
