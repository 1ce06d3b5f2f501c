#include <stdlib.h>

#include "crypto/hash.h"
#include "mpc/modes.h"
#include "mpc/vector.h"

/* Our shares of both inputs, added. */
static void
share_both(struct cp *p, const int64_t *in, struct fe *sum,
    struct fe *other)
{
	cp_stage(p, STAGE_SHARE_GENERATION);
	vector_share(p, 1, in, sum, p->n);
	vector_share(p, 2, in, other, p->n);
	cp_stage(p, STAGE_AGGREGATE);
	for (size_t i = 0; i < p->n; i++)
		sum[i] = fe_add(sum[i], other[i]);
}

/*
 * Each knows one input and derives the other from the result: if their pairs
 * are the same, the sum is right, whoever would have made a mistake.
 */
static void
digest_inputs(struct cp *p, const int64_t *in, const struct fe *sum,
    struct fe *other)
{
	struct fe	 own, pair[2];

	cp_stage(p, STAGE_AGGREGATE);
	for (size_t i = 0; i < p->n; i++) {
		own = fe_of(in[i]);
		other[i] = fe_sub(sum[i], own);
		pair[p->setup.id - 1] = own;
		pair[2 - p->setup.id] = other[i];
		cp_digest(p, pair, 2);
	}
}

int
sum_run(struct cp *p, const int64_t *in, struct fe *out)
{
	struct fe	*work;
	int		 rc;

	if (p->setup.id == 0)
		return 0;
	work = malloc(2 * p->n * sizeof(*work));
	if (work == NULL)
		return cp_fail(p, "no memory for %zu elements", p->n);
	share_both(p, in, work, work + p->n);
	cp_stage(p, STAGE_REVEAL);
	rc = vector_reveal(p, work, out, p->n);
	if (rc == 0)
		digest_inputs(p, in, out, work);
	wipe(work, 2 * p->n * sizeof(*work));
	free(work);
	return rc;
}
