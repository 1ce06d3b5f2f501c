#ifndef MPC_PROGRAM_H
#define MPC_PROGRAM_H

#include <stdbool.h>

#include "mpc/modes.h"

/*
 * What is run, in this order, between one synchronisation and another: its
 * text is "smpc", "mhe", "he", "mul:K" or several with commas between.
 */
enum { PROGRAM_MODES = 8, PROGRAM_TIMES = 1000000 };

enum mode { MODE_SUM, MODE_KEYS, MODE_CIPHERTEXTS, MODE_MULTIPLY };

struct program {
	struct {
		enum mode	 mode;
		unsigned long	 k;
	} v[PROGRAM_MODES];
	size_t	 n;
};

/* 0, or -1: this is none. */
int	 program_parse(struct program *, const char *);

/* Some mode computes with the parties' input. */
bool	 program_has_vectors(const struct program *);

/* Some mode needs polys. */
bool	 program_has_polys(const struct program *);

/*
 * At a party that is open. out, p->n elements, all zeros, gets what the last
 * mode with vectors gives. 0, or -1 with cp_why.
 */
int	 program_run(const struct program *, struct cp *,
	     struct polys *, const int64_t *in, struct fe *out);

#endif
