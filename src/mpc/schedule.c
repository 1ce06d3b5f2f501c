#include <stdlib.h>
#include <string.h>

#include "mpc/modes.h"

/* Of a polynomial: its number, who sent it, a checksum of what follows. */
enum { INDEX, SENDER, SUM, HEAD };

enum {
	BATCH = 10,			/* polynomials at most in flight */
	KEY = 1572916,			/* bytes: 12 moduli, 2^14 words */
	CIPHERTEXT = 2621509,
	DECRYPTION = 1310746,
	LARGEST = CIPHERTEXT,
	WORDS = LARGEST / 8 + 1,
	SENDERS = 1 + 2,		/* of what was added */
};

struct polys {
	uint64_t	 own[BATCH][WORDS], in[BATCH][WORDS];
	uint64_t	 index;			/* of the next batch */
	unsigned	 sender;
};

struct round {
	unsigned	 times, batch;
	size_t		 bytes;
};

/* Linear, so that sums have the sum of the checksums; order counts. */
static uint64_t
checksum(const uint64_t *w, size_t bytes)
{
	uint64_t	 sum = 0;

	for (size_t i = HEAD; i < bytes / 8; i++)
		sum += w[i] * (2 * i + 1);
	return sum;
}

/* As random as it is fast: what is moved is to be no zeros, not a secret. */
static void
fill(uint64_t *w, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed += 0x9e3779b97f4a7c15;
		w[i] = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9;
		w[i] ^= w[i] >> 27;
	}
}

struct polys *
polys_new(unsigned party, struct rng *rng)
{
	struct polys	*s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->sender = party;
	for (int i = 0; i < BATCH; i++)
		fill(s->own[i], WORDS, rng_u64(rng));
	return s;
}

void
polys_free(struct polys *s)
{
	free(s);
}

static int
check(struct cp *p, const struct polys *s, const uint64_t *w, size_t i,
    unsigned senders, size_t bytes)
{
	uint64_t	 index = s->index + i;

	if (w[INDEX] == (senders == SENDERS ? 2 * index : index) &&
	    w[SENDER] == senders && w[SUM] == checksum(w, bytes))
		return 0;
	return cp_fail(p, "polynomial %llu is not what was sent",
	    (unsigned long long)index);
}

static int
check_batch(struct cp *p, struct polys *s, unsigned senders,
    const struct round *r)
{
	int	 rc = 0;

	cp_stage(p, STAGE_AGGREGATE);
	for (size_t i = 0; rc == 0 && i < r->batch; i++)
		rc = check(p, s, s->in[i], i, senders, r->bytes);
	return rc;
}

static int
recv_batch(struct cp *p, struct polys *s, unsigned from,
    const struct round *r)
{
	int	 rc = 0;

	cp_stage(p, STAGE_EXCHANGE);
	for (size_t i = 0; rc == 0 && i < r->batch; i++)
		rc = cp_recv(p, from, s->in[i], r->bytes);
	return rc;
}

static int
send_batch(struct cp *p, unsigned to, uint64_t w[BATCH][WORDS],
    const struct round *r)
{
	int	 rc = 0;

	cp_stage(p, STAGE_EXCHANGE);
	for (size_t i = 0; rc == 0 && i < r->batch; i++)
		rc = cp_send(p, to, w[i], r->bytes);
	return rc;
}

/* The whole batch has come before the first sum goes. */
static int
hub(struct cp *p, struct polys *s, const struct round *r)
{
	if (recv_batch(p, s, 2, r) || check_batch(p, s, 2, r))
		return -1;
	for (size_t i = 0; i < r->batch; i++)
		for (size_t k = 0; k < r->bytes / 8; k++)
			s->in[i][k] += s->own[i][k];
	return send_batch(p, 2, s->in, r);
}

static int
leaf(struct cp *p, struct polys *s, const struct round *r)
{
	if (send_batch(p, 1, s->own, r) || recv_batch(p, s, 1, r))
		return -1;
	return check_batch(p, s, SENDERS, r);
}

/* Numbers change with every batch, the rest only with its size. */
static void
number(struct polys *s, const struct round *r)
{
	for (size_t i = 0; i < r->batch; i++) {
		s->own[i][INDEX] = s->index + i;
		s->own[i][SENDER] = s->sender;
	}
}

static int
run_round(struct cp *p, struct polys *s, const struct round *r)
{
	int	 rc = 0;

	cp_stage(p, STAGE_SHARE_GENERATION);
	for (size_t i = 0; i < r->batch; i++)
		s->own[i][SUM] = checksum(s->own[i], r->bytes);
	for (unsigned i = 0; rc == 0 && i < r->times; i++) {
		number(s, r);
		rc = p->setup.id == 1 ? hub(p, s, r) : leaf(p, s, r);
		s->index += r->batch;
	}
	return rc;
}

/* The public key, which the dealer learns, too. */
static int
run_public(struct cp *p, struct polys *s)
{
	static const struct round	 one = { 1, 1, KEY };

	s->index = 0;
	if (p->setup.id == 0)
		return recv_batch(p, s, 1, &one) ||
		    check_batch(p, s, SENDERS, &one) ? -1 : 0;
	if (run_round(p, s, &one))
		return -1;
	return p->setup.id == 1 ? send_batch(p, 0, s->in, &one) : 0;
}

int
keys_run(struct cp *p, struct polys *s)
{
	static const struct round	 rounds[] = {
		{ 1, 10, KEY }, { 1, 10, KEY },		/* relinearisation */
		{ 142, 5, KEY },			/* rotations */
	};
	int	 rc = run_public(p, s);

	for (size_t i = 0; p->setup.id != 0 && rc == 0 && i < 3; i++)
		rc = run_round(p, s, &rounds[i]);
	return rc;
}

int
ciphertexts_run(struct cp *p, struct polys *s)
{
	static const struct round	 rounds[] = {
		{ 1, 2, CIPHERTEXT }, { 1, 2, DECRYPTION },
	};
	int	 rc = 0;

	s->index = 0;
	for (size_t i = 0; p->setup.id != 0 && rc == 0 && i < 2; i++)
		rc = run_round(p, s, &rounds[i]);
	return rc;
}
