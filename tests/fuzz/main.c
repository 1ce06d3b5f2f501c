/*
 * Runs a fuzz target without a fuzzer, the same way every time: on each seed
 * file named, on the seed cut at every length, and on many bent copies of it.
 * With libFuzzer (make fuzz) this file is left out.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEED_MAX = 1 << 16, CUTS = 400, BENT = 400 };

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* xorshift32: the same bends on every machine. */
static uint32_t
next(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;
	return *s;
}

/* From memory of its own, so that a sanitizer sees an overrun. */
static void
give(const uint8_t *p, size_t n)
{
	uint8_t	*copy = malloc(n + (n == 0));

	if (copy == NULL)
		abort();
	if (n > 0)
		memcpy(copy, p, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void
bend(uint8_t *p, size_t n, uint32_t *s)
{
	for (uint32_t i = next(s) % 4; i < 4; i++)
		if (next(s) & 1)
			p[next(s) % n] ^= (uint8_t)(1u << next(s) % 8);
		else
			p[next(s) % n] = (uint8_t)next(s);
}

static void
run(const uint8_t *seed, size_t n)
{
	static uint8_t	 p[SEED_MAX];
	uint32_t	 s = 2463534242u;

	give(seed, n);
	for (size_t cut = 0; cut < n && cut < CUTS; cut++)
		give(seed, cut);
	for (int i = 0; n > 0 && i < BENT; i++) {
		memcpy(p, seed, n);
		bend(p, n, &s);
		give(p, n);
	}
}

int
main(int argc, char **argv)
{
	static uint8_t	 p[SEED_MAX];
	size_t		 n;
	FILE		*f;

	run(p, 0);
	for (int i = 1; i < argc; i++) {
		if ((f = fopen(argv[i], "rb")) == NULL) {
			perror(argv[i]);
			return 1;
		}
		n = fread(p, 1, sizeof(p), f);
		fclose(f);
		run(p, n);
	}
	return 0;
}
