#ifndef DTLS_KEYS_H
#define DTLS_KEYS_H

#include "crypto/digest.h"
#include "dtls/message.h"
#include "dtls/record.h"

struct ecdh_secret;

/* The key schedule (RFC 5246 sections 6.3 and 8.1; RFC 7627 section 4). */
struct secrets {
	uint8_t		 master[48];
	uint8_t		 client_random[RANDOM], server_random[RANDOM];
};

/* master from premaster and the transcript up to ClientKeyExchange. */
void	 keys_master(struct secrets *, const struct ecdh_secret *premaster,
	     const struct digest *session);

/* The keys of both directions; -1: out of memory. */
int	 keys_derive(const struct secrets *, const struct suite *,
	     struct protect *client, struct protect *server);
void	 keys_drop(struct protect *);

void	 keys_finished(const struct secrets *, bool client,
	     const struct digest *transcript, uint8_t out[VERIFY_DATA]);

void	 keys_export(const struct secrets *, const char *label, void *, size_t);

/*
 * What a signature over ECDHE parameters signs: the hash of both randoms and
 * the parameters. The length of the hash.
 */
size_t	 keys_params_hash(const struct secrets *, struct digest *scratch,
	     enum digest_alg, struct span params, uint8_t out[DIGEST_MAX]);

/* Add a message to a transcript as if it had come in one fragment. */
void	 keys_transcribe(struct digest *, uint8_t type, uint16_t seq,
	     const uint8_t *body, size_t n);

#endif
