#ifndef MPC_MODES_H
#define MPC_MODES_H

#include "mpc/cp.h"

/*
 * What parties compute together. in has p->n elements at parties 1 and 2;
 * out has as many at all, zeros at first. 0, or -1 with cp_why.
 */

/* The sum of what 1 and 2 have, revealed to both. */
int	 sum_run(struct cp *, const int64_t *in, struct fe *out);

/*
 * a times b, k times, of what 1 and 2 have, with triples the dealer makes
 * (Beaver, "Efficient Multiparty Protocols Using Circuit Randomization").
 */
int	 multiply_run(struct cp *, const int64_t *in, struct fe *out,
	     unsigned long k);

/*
 * The traffic of setting up homomorphic encryption, or of a computation with
 * it: party 2 sends a batch of polynomials to 1, who adds its own and sends
 * the sums back (flow-and-messages.md 6.5, 6.8). They are random words; each
 * carries a checksum that is a sum, too, when they are added.
 */
struct polys;

/* What this party will send, made before any time is taken. NULL: failed. */
struct polys	*polys_new(unsigned party, struct rng *);
void		 polys_free(struct polys *);

int	 keys_run(struct cp *, struct polys *);
int	 ciphertexts_run(struct cp *, struct polys *);

#endif
