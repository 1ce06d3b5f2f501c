#ifndef CRYPTO_GCM_PASS_H
#define CRYPTO_GCM_PASS_H

/*
 * The pass over a record, written once for all kernels. A kernel's file says
 * how its CPU does the following, and includes this:
 *
 *	TARGET		the attribute of a function that uses its instructions
 *	block		a block, 128 bits; swapped(): its halves, reversed():
 *			its bytes in the opposite order
 *	mul_lo() ...	carry-less products: mul_lo() of the low halves,
 *			mul_hi() of the high ones, mul_mid() low by high and
 *			high by low, added
 *	aes_begin() aes_round() aes_end()	what of AES is done before the
 *			rounds, in each and in the last. A round is given the
 *			key before it and the one behind it: x86 adds the
 *			latter, ARM the former
 *	sub_word()	SubBytes of a word
 *	LANES		how many blocks a vec has; v_reversed(), v_round() and
 *			the like are the above on each of them
 *	spread()	a vec with this block in every lane; first(): in the
 *			first one, the others zero; folded(): the sum of all
 *	REGS		how many vecs of key stream are made at a time
 *
 * Nothing here branches on, or looks up by, what is secret.
 *
 * GHASH works on blocks with their bytes reversed. With G = H * x, kept in
 * place of H, the product of two such numbers needs no shift, and its 256
 * bits are reduced by two multiplications with the constant below (Gueron and
 * Kounavis, "Intel Carry-Less Multiplication Instruction and its Usage for
 * Computing the GCM Mode", 2014). Sixteen blocks are multiplied with G^16 to
 * G^1 and reduced once.
 *
 * Counter blocks are encrypted while the products of those before are under
 * way: they do not depend on each other, and the CPU sees it.
 */
#include <string.h>

#include "crypto/gcm.h"

#if LANES == 1
typedef block	 vec;
#define spread(b)	(b)
#define first(b)	(b)
#define folded(v)	(v)
#define v_reversed	reversed
#define v_mul_lo	mul_lo
#define v_mul_mid	mul_mid
#define v_mul_hi	mul_hi
#define v_begin		aes_begin
#define v_round		aes_round
#define v_end		aes_end
#endif

enum {
	WIDE = 16 * LANES,
	STEP = WIDE * REGS,	/* bytes encrypted at a time */
	CHUNK = 16 * GCM_POWERS,	/* bytes hashed with one reduction */
};

typedef uint32_t	 counters __attribute__((vector_size(WIDE)));

TARGET static inline block
load(const void *p)
{
	block	 b;

	memcpy(&b, p, sizeof(b));
	return b;
}

TARGET static inline vec
v_load(const void *p)
{
	vec	 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

TARGET static inline block
of_halves(uint64_t lo, uint64_t hi)
{
	uint64_t	 half[2] = { lo, hi };

	return load(half);
}

/* 256 bits, in lo, mid (to be added in the middle) and hi, to 128. */
TARGET static inline block
reduce(block lo, block mid, block hi)
{
	const block	 poly = of_halves(0xc200000000000000,
	    0xc200000000000000);
	const block	 upper = of_halves(0, UINT64_MAX);

	mid = swapped(mid);
	lo ^= mid & upper;
	hi ^= mid & ~upper;
	lo = swapped(lo) ^ mul_lo(lo, poly);
	lo = swapped(lo) ^ mul_lo(lo, poly);
	return hi ^ lo;
}

TARGET static inline block
multiply(block a, block b)
{
	return reduce(mul_lo(a, b), mul_mid(a, b), mul_hi(a, b));
}

TARGET static inline void
expand_key(uint8_t rk[11][16], const uint8_t *key)
{
	static const uint8_t	 rcon[] = { 0x01, 0x02, 0x04, 0x08, 0x10, 0x20,
	    0x40, 0x80, 0x1b, 0x36 };
	uint32_t		 w[4], t;

	memcpy(w, key, sizeof(w));
	memcpy(rk[0], key, sizeof(w));
	for (int i = 1; i < 11; i++) {
		t = sub_word(w[3]);
		w[0] ^= (t >> 8 | t << 24) ^ rcon[i - 1];
		for (int k = 1; k < 4; k++)
			w[k] ^= w[k - 1];
		memcpy(rk[i], w, sizeof(w));
	}
}

TARGET static inline block
encrypt_block(const struct gcm *g, block b)
{
	b = aes_begin(b, load(g->rk[0]));
	for (int i = 1; i < 10; i++)
		b = aes_round(b, load(g->rk[i - 1]), load(g->rk[i]));
	return aes_end(b, load(g->rk[9]), load(g->rk[10]));
}

/* H * x: a shift by one, and the polynomial if a bit fell out. */
TARGET static inline block
times_x(block h)
{
	uint64_t	 half[2], fell;

	memcpy(half, &h, sizeof(half));
	fell = 0 - (half[1] >> 63);
	return of_halves(half[0] << 1 ^ (fell & 1),
	    (half[1] << 1 | half[0] >> 63) ^ (fell & 0xc200000000000000));
}

TARGET static void
init(struct gcm *g, const uint8_t key[16])
{
	block	 h, p;

	memset(g, 0, sizeof(*g));
	expand_key(g->rk, key);
	h = times_x(reversed(encrypt_block(g, of_halves(0, 0))));
	p = h;
	for (int i = GCM_POWERS - 1; i >= 0; i--) {
		memcpy(g->power[i], &p, sizeof(p));
		p = multiply(p, h);
	}
}

/* What sixteen products, or fewer, add up to before their reduction. */
struct sum {
	vec	 lo, mid, hi;
	vec	 y;		/* the hash so far, until it has been added */
};

TARGET static inline struct sum
sum_from(block y)
{
	struct sum	 s;

	memset(&s, 0, sizeof(s));
	s.y = first(y);
	return s;
}

/* Add the products of the blocks of a vec and as many powers. */
TARGET static inline void
add(struct sum *s, vec ciphertext, const uint8_t *power)
{
	vec	 x = v_reversed(ciphertext) ^ s->y, h = v_load(power);

	s->y ^= s->y;
	s->lo ^= v_mul_lo(x, h);
	s->mid ^= v_mul_mid(x, h);
	s->hi ^= v_mul_hi(x, h);
}

TARGET static inline block
total(const struct sum *s)
{
	return reduce(folded(s->lo), folded(s->mid), folded(s->hi));
}

/* Counter blocks are kept reversed: what counts is the first word then. */
TARGET static inline vec
first_counters(const uint8_t nonce[12])
{
	uint8_t		 b[16] = { 0 };
	counters	 c;

	memcpy(b, nonce, 12);
	c = (counters)spread(reversed(load(b)));
	for (uint32_t i = 0; i < LANES; i++)
		c[4 * i] = 2 + i;
	return (vec)c;
}

TARGET static inline vec
counted(vec ctr)
{
	counters	 c = { 0 };

	for (int i = 0; i < LANES; i++)
		c[4 * i] = LANES;
	return (vec)((counters)ctr + c);
}

TARGET static inline vec
round_key(const struct gcm *g, int r)
{
	return spread(load(g->rk[r]));
}

TARGET static inline void
key_stream(const struct gcm *g, vec *ctr, vec s[REGS])
{
	for (int i = 0; i < REGS; i++) {
		s[i] = v_begin(v_reversed(*ctr), round_key(g, 0));
		*ctr = counted(*ctr);
	}
	for (int r = 1; r < 10; r++)
		for (int i = 0; i < REGS; i++)
			s[i] = v_round(s[i], round_key(g, r - 1),
			    round_key(g, r));
	for (int i = 0; i < REGS; i++)
		s[i] = v_end(s[i], round_key(g, 9), round_key(g, 10));
}

/* Encrypt or decrypt a step where it lies. */
TARGET static inline void
apply(const struct gcm *g, vec *ctr, uint8_t *p)
{
	vec	 s[REGS], out;

	key_stream(g, ctr, s);
	for (int i = 0; i < REGS; i++) {
		out = v_load(p + WIDE * i) ^ s[i];
		memcpy(p + WIDE * i, &out, WIDE);
	}
}

/*
 * Encrypt or decrypt a step where it lies, and add what is ciphertext lag
 * bytes before.
 */
TARGET static inline void
step(const struct gcm *g, vec *ctr, struct sum *sum, uint8_t *p, size_t lag,
    const uint8_t *power)
{
	vec	 s[REGS], in, out;

	key_stream(g, ctr, s);
	for (int i = 0; i < STEP; i += WIDE) {
		in = v_load(p + i);
		out = in ^ s[i / WIDE];
		add(sum, lag > 0 ? v_load(p + i - lag) : in, power + i);
		memcpy(p + i, &out, WIDE);
	}
}

/*
 * Whole chunks; the hash so far in and out. What is sealed is hashed a chunk
 * behind, so that nothing waits for what is being encrypted.
 */
TARGET static inline block
chunks(const struct gcm *g, vec *ctr, block y, uint8_t *p, size_t n,
    bool encrypt)
{
	const size_t	 lag = encrypt ? CHUNK : 0;
	uint8_t		*end = p + n;
	struct sum	 sum;

	if (n == 0)
		return y;
	for (size_t i = 0; i < lag; i += STEP, p += STEP)
		apply(g, ctr, p);
	while (p < end) {
		sum = sum_from(y);
		for (int i = 0; i < CHUNK; i += STEP, p += STEP)
			step(g, ctr, &sum, p, lag, g->power[i / 16]);
		y = total(&sum);
	}
	if (lag == 0)
		return y;
	sum = sum_from(y);
	for (int i = 0; i < CHUNK; i += WIDE)
		add(&sum, v_load(p - lag + i), g->power[i / 16]);
	return total(&sum);
}

/* Up to k bytes, zeros behind them. */
TARGET static inline vec
load_some(const uint8_t *p, size_t k)
{
	uint8_t	 b[WIDE] = { 0 };

	if (k >= WIDE)
		return v_load(p);
	memcpy(b, p, k);
	return v_load(b);
}

/* Store up to k bytes; what was stored, zeros behind it. */
TARGET static inline vec
store_some(uint8_t *p, vec v, size_t k)
{
	static const uint64_t	 keep[16] = { UINT64_MAX, UINT64_MAX,
	    UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
	    UINT64_MAX };
	uint8_t			 b[WIDE];

	if (k >= WIDE) {
		memcpy(p, &v, WIDE);
		return v;
	}
	memcpy(b, &v, WIDE);
	memcpy(p, b, k);
	return v & v_load((const uint8_t *)keep + sizeof(keep) / 2 - k);
}

/* What is left, less than a chunk, not nothing. */
TARGET static inline block
tail(const struct gcm *g, vec *ctr, block y, uint8_t *p, size_t n,
    bool encrypt)
{
	const uint8_t	*power = g->power[GCM_POWERS - (n + 15) / 16];
	size_t		 at = 0;
	struct sum	 sum = sum_from(y);
	vec		 s[REGS], in, out;

	while (at < n) {
		key_stream(g, ctr, s);
		for (int i = 0; i < REGS && at < n; i++, at += WIDE) {
			in = load_some(p + at, n - at);
			out = store_some(p + at, in ^ s[i], n - at);
			add(&sum, encrypt ? out : in, power + at);
		}
	}
	return total(&sum);
}

/* Bytes that are only authenticated. */
TARGET static inline block
hash(const struct gcm *g, block y, const uint8_t *p, size_t n)
{
	block	 h = load(g->power[GCM_POWERS - 1]);
	uint8_t	 b[16];
	size_t	 k;

	for (; n > 0; n -= k, p += k) {
		k = n < 16 ? n : 16;
		memset(b, 0, sizeof(b));
		memcpy(b, p, k);
		y = multiply(y ^ reversed(load(b)), h);
	}
	return y;
}

TARGET static void
run(const struct gcm *g, const uint8_t nonce[12], const uint8_t *aad,
    size_t aadlen, uint8_t *p, size_t n, uint8_t tag[16], bool encrypt)
{
	uint8_t	 j0[16] = { [15] = 1 };
	size_t	 whole = n - n % CHUNK;
	vec	 ctr = first_counters(nonce);
	block	 y = hash(g, of_halves(0, 0), aad, aadlen);

	memcpy(j0, nonce, 12);
	y = encrypt ? chunks(g, &ctr, y, p, whole, true) :
	    chunks(g, &ctr, y, p, whole, false);
	if (n > whole)
		y = tail(g, &ctr, y, p + whole, n - whole, encrypt);
	y = multiply(y ^ of_halves(8 * n, 8 * aadlen),
	    load(g->power[GCM_POWERS - 1]));
	y = reversed(y) ^ encrypt_block(g, load(j0));
	memcpy(tag, &y, 16);
}

#endif
