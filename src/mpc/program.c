#include <stdlib.h>
#include <string.h>

#include "mpc/program.h"

static const struct {
	const char	*name;
	enum mode	 mode;
	bool		 vectors;
} modes[] = {
	[MODE_SUM] = { "smpc", MODE_SUM, true },
	[MODE_KEYS] = { "mhe", MODE_KEYS, false },
	[MODE_CIPHERTEXTS] = { "he", MODE_CIPHERTEXTS, false },
	[MODE_MULTIPLY] = { "mul:", MODE_MULTIPLY, true },
};

enum { NMODES = sizeof(modes) / sizeof(modes[0]) };

/* Digits and nothing else, up to the end of the mode. */
static int
parse_times(unsigned long *k, const char *s, size_t n)
{
	*k = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		*k = *k * 10 + (unsigned long)(s[i] - '0');
		if (*k > PROGRAM_TIMES)
			return -1;
	}
	return n > 0 && *k > 0 ? 0 : -1;
}

static int
parse_mode(struct program *g, const char *s, size_t n)
{
	size_t	 len;

	if (g->n == PROGRAM_MODES)
		return -1;
	for (size_t i = 0; i < NMODES; i++) {
		len = strlen(modes[i].name);
		if (n < len || memcmp(s, modes[i].name, len) != 0)
			continue;
		g->v[g->n].mode = modes[i].mode;
		if (i == MODE_MULTIPLY ? parse_times(&g->v[g->n].k, s + len,
		    n - len) : n != len)
			continue;
		g->n++;
		return 0;
	}
	return -1;
}

int
program_parse(struct program *g, const char *s)
{
	size_t	 n;

	g->n = 0;
	if (strlen(s) >= MPC_MODES)
		return -1;
	for (;; s += n + 1) {
		n = strcspn(s, ",");
		if (parse_mode(g, s, n))
			return -1;
		if (s[n] == '\0')
			return 0;
	}
}

bool
program_has_vectors(const struct program *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (modes[g->v[i].mode].vectors)
			return true;
	return false;
}

bool
program_has_polys(const struct program *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (!modes[g->v[i].mode].vectors)
			return true;
	return false;
}

int
program_run(const struct program *g, struct cp *p, struct polys *polys,
    const int64_t *in, struct fe *out)
{
	int	 rc;

	cp_stage(p, STAGE_EXCHANGE);
	rc = cp_sync(p);
	for (size_t i = 0; rc == 0 && i < g->n; i++) {
		switch (g->v[i].mode) {
		case MODE_SUM:
			rc = sum_run(p, in, out);
			break;
		case MODE_KEYS:
			rc = keys_run(p, polys);
			break;
		case MODE_CIPHERTEXTS:
			rc = ciphertexts_run(p, polys);
			break;
		case MODE_MULTIPLY:
			rc = multiply_run(p, in, out, g->v[i].k);
			break;
		}
	}
	if (rc)
		return -1;
	cp_stage(p, STAGE_EXCHANGE);
	return cp_finish(p);
}
