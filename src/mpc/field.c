#include <stdbool.h>
#include <string.h>

#include "mpc/field.h"

__extension__ typedef unsigned __int128 u128;

enum { TOP = 251 - 192 };		/* bits of the highest word */

static const uint64_t	 top_mask = ((uint64_t)1 << TOP) - 1;
static const struct fe	 prime = {
	{ ~(uint64_t)8, ~(uint64_t)0, ~(uint64_t)0, ((uint64_t)1 << TOP) - 1 }
};

/* a - b, and whether that is negative: 0 or 1. */
static uint64_t
subtract(struct fe *to, const struct fe *a, const struct fe *b)
{
	u128		 d;
	uint64_t	 borrow = 0;

	for (int i = 0; i < 4; i++) {
		d = (u128)a->w[i] - b->w[i] - borrow;
		to->w[i] = (uint64_t)d;
		borrow = (uint64_t)(d >> 64) & 1;
	}
	return borrow;
}

static uint64_t
add_words(struct fe *to, const struct fe *a, const struct fe *b)
{
	u128		 s;
	uint64_t	 carry = 0;

	for (int i = 0; i < 4; i++) {
		s = (u128)a->w[i] + b->w[i] + carry;
		to->w[i] = (uint64_t)s;
		carry = (uint64_t)(s >> 64);
	}
	return carry;
}

/* a if take is 1, b if it is 0. */
static struct fe
choose(uint64_t take, struct fe a, struct fe b)
{
	uint64_t	 mask = 0 - take;

	for (int i = 0; i < 4; i++)
		a.w[i] = (a.w[i] & mask) | (b.w[i] & ~mask);
	return a;
}

/* Less than 2p, once less p if it is not less than p. */
static struct fe
reduce_once(struct fe a)
{
	struct fe	 d;
	uint64_t	 less = subtract(&d, &a, &prime);

	return choose(less, a, d);
}

/* What is above 2^251 counts nine times below: 256 bits to less than p. */
static struct fe
reduce(struct fe a)
{
	struct fe	 nine = { { 9 * (a.w[3] >> TOP), 0, 0, 0 } };

	a.w[3] &= top_mask;
	add_words(&a, &a, &nine);
	return reduce_once(a);
}

struct fe
fe_add(struct fe a, struct fe b)
{
	add_words(&a, &a, &b);
	return reduce_once(a);
}

struct fe
fe_sub(struct fe a, struct fe b)
{
	struct fe	 d, e;
	uint64_t	 negative = subtract(&d, &a, &b);

	add_words(&e, &d, &prime);
	return choose(negative, e, d);
}

/* The 512 bits of a product. */
static void
multiply(uint64_t t[8], const struct fe *a, const struct fe *b)
{
	u128		 s;
	uint64_t	 carry;

	memset(t, 0, 8 * sizeof(t[0]));
	for (int i = 0; i < 4; i++) {
		carry = 0;
		for (int j = 0; j < 4; j++) {
			s = (u128)a->w[i] * b->w[j] + t[i + j] + carry;
			t[i + j] = (uint64_t)s;
			carry = (uint64_t)(s >> 64);
		}
		t[i + 4] = carry;
	}
}

/* 2^251 is 9: the upper 251 bits count nine times, in 255 bits. */
struct fe
fe_mul(struct fe a, struct fe b)
{
	uint64_t	 t[8], carry = 0;
	struct fe	 low, high;
	u128		 s;

	multiply(t, &a, &b);
	for (int i = 0; i < 4; i++) {
		low.w[i] = t[i];
		s = (u128)9 * (t[i + 3] >> TOP | t[i + 4] << (64 - TOP)) +
		    carry;
		high.w[i] = (uint64_t)s;
		carry = (uint64_t)(s >> 64);
	}
	low.w[3] &= top_mask;
	return fe_add(reduce(high), reduce(low));
}

struct fe
fe_of(int64_t v)
{
	struct fe	 a = { { v < 0 ? 0 - (uint64_t)v : (uint64_t)v } };
	struct fe	 zero = { { 0 } };

	return v < 0 ? fe_sub(zero, a) : a;
}

struct fe
fe_load(const uint8_t p[FE_BYTES])
{
	struct fe	 a = { { 0 } };

	for (int i = 0; i < FE_BYTES; i++)
		a.w[i / 8] |= (uint64_t)p[i] << 8 * (i % 8);
	return reduce(a);
}

void
fe_store(uint8_t p[FE_BYTES], struct fe a)
{
	for (int i = 0; i < FE_BYTES; i++)
		p[i] = (uint8_t)(a.w[i / 8] >> 8 * (i % 8));
}

/* The rest of a division by ten, a becoming the quotient. */
static unsigned
divide(struct fe *a)
{
	u128	 rest = 0;

	for (int i = 3; i >= 0; i--) {
		rest = rest << 64 | a->w[i];
		a->w[i] = (uint64_t)(rest / 10);
		rest %= 10;
	}
	return (unsigned)rest;
}

static bool
is_zero(const struct fe *a)
{
	return (a->w[0] | a->w[1] | a->w[2] | a->w[3]) == 0;
}

const char *
fe_text(struct fe a, char text[FE_TEXT])
{
	char		*p = text + FE_TEXT;
	struct fe	 minus;
	bool		 negative;

	subtract(&minus, &prime, &a);
	negative = a.w[3] >> (TOP - 1) != 0;
	if (negative)
		a = minus;
	*--p = '\0';
	do
		*--p = (char)('0' + divide(&a));
	while (!is_zero(&a));
	if (negative)
		*--p = '-';
	return p;
}
