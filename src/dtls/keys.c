#include <string.h>

#include "crypto/ecdh.h"
#include "crypto/hash.h"
#include "crypto/prf.h"
#include "dtls/keys.h"

void
keys_master(struct secrets *s, const struct ecdh_secret *premaster,
    const struct digest *session)
{
	uint8_t	 hash[DIGEST_MAX];
	size_t	 n = digest_get(session, DIGEST_SHA256, hash);

	prf_sha256(s->master, sizeof(s->master), premaster->p, premaster->n,
	    "extended master secret", hash, n, NULL, 0);
}

void
keys_drop(struct protect *p)
{
	aead_free(p->aead);
	wipe(p, sizeof(*p));
}

static int
set_key(struct protect *p, const struct suite *su, const uint8_t *key,
    const uint8_t *iv)
{
	keys_drop(p);
	p->alg = su->alg;
	memcpy(p->iv, iv, su->ivlen);
	p->aead = aead_new(su->alg, key);
	return p->aead != NULL ? 0 : -1;
}

int
keys_derive(const struct secrets *s, const struct suite *su,
    struct protect *client, struct protect *server)
{
	uint8_t		 b[2 * 32 + 2 * AEAD_NONCE];
	size_t		 n = aead_keylen(su->alg), iv = su->ivlen;
	int		 ok;

	prf_sha256(b, 2 * n + 2 * iv, s->master, sizeof(s->master),
	    "key expansion", s->server_random, RANDOM, s->client_random,
	    RANDOM);
	ok = set_key(client, su, b, b + 2 * n);
	if (ok == 0)
		ok = set_key(server, su, b + n, b + 2 * n + iv);
	wipe(b, sizeof(b));
	return ok;
}

void
keys_finished(const struct secrets *s, bool client,
    const struct digest *transcript, uint8_t out[VERIFY_DATA])
{
	uint8_t	 hash[DIGEST_MAX];
	size_t	 n = digest_get(transcript, DIGEST_SHA256, hash);

	prf_sha256(out, VERIFY_DATA, s->master, sizeof(s->master),
	    client ? "client finished" : "server finished", hash, n, NULL, 0);
}

void
keys_export(const struct secrets *s, const char *label, void *out, size_t n)
{
	prf_sha256(out, n, s->master, sizeof(s->master), label,
	    s->client_random, RANDOM, s->server_random, RANDOM);
}

size_t
keys_params_hash(const struct secrets *s, struct digest *d,
    enum digest_alg alg, struct span params, uint8_t out[DIGEST_MAX])
{
	digest_reset(d);
	digest_add(d, s->client_random, RANDOM);
	digest_add(d, s->server_random, RANDOM);
	digest_add(d, params.p, params.n);
	return digest_get(d, alg, out);
}

void
keys_transcribe(struct digest *d, uint8_t type, uint16_t seq,
    const uint8_t *body, size_t n)
{
	uint8_t		 head[HANDSHAKE_HEADER];
	struct wr	 w = wr_of(head, sizeof(head));

	wr_u8(&w, type);
	wr_u24(&w, (uint32_t)n);
	wr_u16(&w, seq);
	wr_u24(&w, 0);
	wr_u24(&w, (uint32_t)n);
	digest_add(d, head, w.n);
	digest_add(d, body, n);
}
