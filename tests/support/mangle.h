#ifndef TESTS_SUPPORT_MANGLE_H
#define TESTS_SUPPORT_MANGLE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Ways to spoil a message. Each calls fn with a heap copy of exactly the
 * bytes it may read, so that a sanitizer sees the first byte too many.
 */
typedef void	 mangle_fn(void *arg, const uint8_t *p, size_t n, size_t which);

static inline void
mangle_call(mangle_fn *fn, void *arg, const uint8_t *p, size_t n, size_t which)
{
	uint8_t		*copy = malloc(n > 0 ? n : 1);

	if (n > 0)
		memcpy(copy, p, n);
	fn(arg, copy, n, which);
	free(copy);
}

/* Every proper prefix, the empty one included; which is its length. */
static inline void
mangle_cut(const uint8_t *p, size_t n, mangle_fn *fn, void *arg)
{
	for (size_t i = 0; i < n; i++)
		mangle_call(fn, arg, p, i, i);
}

/* Every single bit flipped; which is the bit's number. */
static inline void
mangle_flip(const uint8_t *p, size_t n, mangle_fn *fn, void *arg)
{
	uint8_t		*copy = malloc(n);

	memcpy(copy, p, n);
	for (size_t i = 0; i < n * 8; i++) {
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		mangle_call(fn, arg, copy, n, i);
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	free(copy);
}

#endif
