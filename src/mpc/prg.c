#include <stdlib.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "mpc/prg.h"

enum { BLOCK = 4096 };			/* key stream made at a time */

struct prg {
	struct aead	*aes;
	uint64_t	 blocks;
	size_t		 used;		/* of stream */
	uint8_t		 stream[BLOCK];
};

struct prg *
prg_new(const uint8_t a[PRG_SEED], const uint8_t b[PRG_SEED])
{
	struct prg	*g = calloc(1, sizeof(*g));
	uint8_t		 both[2 * PRG_SEED], key[32];

	if (g == NULL)
		return NULL;
	memcpy(both, a, PRG_SEED);
	memcpy(both + PRG_SEED, b, PRG_SEED);
	sha256(key, both, sizeof(both));
	g->aes = aead_new(AEAD_AES128_GCM, key);
	g->used = BLOCK;
	wipe(both, sizeof(both));
	wipe(key, sizeof(key));
	if (g->aes != NULL)
		return g;
	free(g);
	return NULL;
}

void
prg_free(struct prg *g)
{
	if (g == NULL)
		return;
	aead_free(g->aes);
	wipe(g, sizeof(*g));
	free(g);
}

/* Zeros encrypted are the key stream; each block has a nonce of its own. */
static void
refill(struct prg *g)
{
	uint8_t		 nonce[AEAD_NONCE] = { 0 }, tag[AEAD_TAG];

	for (int i = 0; i < 8; i++)
		nonce[i] = (uint8_t)(g->blocks >> 8 * i);
	g->blocks++;
	memset(g->stream, 0, sizeof(g->stream));
	aead_seal(g->aes, nonce, NULL, 0, g->stream, sizeof(g->stream), tag);
	g->used = 0;
}

void
prg_bytes(struct prg *g, void *to, size_t n)
{
	uint8_t	*p = to;
	size_t	 m;

	for (; n > 0; n -= m, p += m) {
		if (g->used == BLOCK)
			refill(g);
		m = n < BLOCK - g->used ? n : BLOCK - g->used;
		memcpy(p, g->stream + g->used, m);
		g->used += m;
	}
}

/* Of 2^256 numbers: the bias of nine in 2^251 is nothing. */
struct fe
prg_element(struct prg *g)
{
	uint8_t	 p[FE_BYTES];

	prg_bytes(g, p, sizeof(p));
	return fe_load(p);
}
