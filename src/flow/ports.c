#include <string.h>

#include "flow/ports.h"

struct sip {
	uint64_t	 v[4];
	uint64_t	 word;		/* not whole yet */
	uint8_t		 n;		/* bytes so far, modulo 256 */
};

static uint64_t
rotate(uint64_t v, unsigned by)
{
	return v << by | v >> (64 - by);
}

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static void
sip_word(struct sip *s, uint64_t word)
{
	s->v[3] ^= word;
	sip_round(s->v);
	s->v[0] ^= word;
}

static void
sip_byte(struct sip *s, uint8_t byte)
{
	s->word |= (uint64_t)byte << 8 * (s->n % 8);
	if (++s->n % 8 != 0)
		return;
	sip_word(s, s->word);
	s->word = 0;
}

static uint64_t
sip_end(struct sip *s)
{
	sip_word(s, s->word | (uint64_t)s->n << 56);
	s->v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(s->v);
	return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

/* Text ends with a byte that no UTF-8 has; the number has 64 bits. */
uint64_t
ports_hash(const char *run, unsigned n)
{
	struct sip	 s = { .v = { 0x736f6d6570736575, 0x646f72616e646f6d,
	    0x6c7967656e657261, 0x7465646279746573 } };

	for (size_t i = 0; run[i] != '\0'; i++)
		sip_byte(&s, (uint8_t)run[i]);
	sip_byte(&s, 0xff);
	for (unsigned i = 0; i < 8; i++)
		sip_byte(&s, i < sizeof(n) ? (uint8_t)(n >> 8 * i) : 0);
	return sip_end(&s);
}

unsigned
ports_pair(unsigned i, unsigned j, unsigned n)
{
	unsigned	 low = i < j ? i : j, high = i < j ? j : i;

	return low * n - low * (low + 1) / 2 + (high - low);
}

unsigned
ports_base_max(unsigned n)
{
	return 65535 - ((n - 1) * PORTS_STEP + n * (n - 1) / 2 +
	    PORTS_RESERVED + n);
}

unsigned
ports_base(const char *run, unsigned n)
{
	unsigned	 bases = ports_base_max(n) - PORTS_BASE_MIN + 1;

	return PORTS_BASE_MIN + (unsigned)(ports_hash(run, n) % bases);
}

unsigned
ports_party(unsigned base, unsigned i)
{
	return base + PORTS_STEP * i;
}

unsigned
ports_listen(unsigned base, unsigned i, unsigned j, unsigned n)
{
	return ports_party(base, i) + ports_pair(i, j, n);
}
