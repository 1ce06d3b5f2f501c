#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "mpc/modes.h"
#include "mpc/vector.h"

/* Vectors of p->n elements each. */
enum { X, Y, R, S, C, E, F, VECTORS };

struct work {
	struct fe	*v[VECTORS];
	struct fe	*all;
};

static int
work_make(struct cp *p, struct work *w)
{
	w->all = malloc(VECTORS * p->n * sizeof(*w->all));
	if (w->all == NULL)
		return cp_fail(p, "no memory for %zu elements", p->n);
	for (int i = 0; i < VECTORS; i++)
		w->v[i] = w->all + (size_t)i * p->n;
	return 0;
}

static void
work_free(struct cp *p, struct work *w)
{
	wipe(w->all, VECTORS * p->n * sizeof(*w->all));
	free(w->all);
}

/* r, s and r s, of which 2 draws its shares and 1 is sent the last. */
static int
deal(struct cp *p, struct work *w)
{
	struct fe	 r, s;

	for (size_t i = 0; i < p->n; i++) {
		r = prg_element(p->with[1]);
		s = prg_element(p->with[1]);
		r = fe_add(r, prg_element(p->with[2]));
		s = fe_add(s, prg_element(p->with[2]));
		w->v[C][i] = fe_sub(fe_mul(r, s), prg_element(p->with[2]));
	}
	return vector_send(p, 1, w->v[C], p->n);
}

static int
take_triple(struct cp *p, struct work *w)
{
	for (size_t i = 0; i < p->n; i++) {
		w->v[R][i] = prg_element(p->with[0]);
		w->v[S][i] = prg_element(p->with[0]);
		if (p->setup.id == 2)
			w->v[C][i] = prg_element(p->with[0]);
	}
	return p->setup.id == 2 ? 0 : vector_recv(p, 0, w->v[C], p->n);
}

/* x - r and y - s say nothing about x and y, and are opened. */
static int
open_masked(struct cp *p, struct work *w)
{
	for (size_t i = 0; i < p->n; i++) {
		w->v[E][i] = fe_sub(w->v[X][i], w->v[R][i]);
		w->v[F][i] = fe_sub(w->v[Y][i], w->v[S][i]);
	}
	cp_stage(p, STAGE_REVEAL);
	if (vector_reveal(p, w->v[E], w->v[E], p->n))
		return -1;
	return vector_reveal(p, w->v[F], w->v[F], p->n);
}

/* x y = r s + (x - r) s + (y - s) r + (x - r) (y - s) */
static void
combine(struct cp *p, struct work *w)
{
	struct fe	 z, e, f;

	for (size_t i = 0; i < p->n; i++) {
		e = w->v[E][i];
		f = w->v[F][i];
		z = fe_add(w->v[C][i], fe_add(fe_mul(e, w->v[S][i]),
		    fe_mul(f, w->v[R][i])));
		if (p->setup.id == 1)
			z = fe_add(z, fe_mul(e, f));
		w->v[X][i] = z;
	}
}

static int
multiply(struct cp *p, struct work *w)
{
	cp_stage(p, STAGE_SHARE_GENERATION);
	if (p->setup.id == 0)
		return deal(p, w);
	if (take_triple(p, w) || open_masked(p, w))
		return -1;
	cp_stage(p, STAGE_AGGREGATE);
	combine(p, w);
	return 0;
}

int
multiply_run(struct cp *p, const int64_t *in, struct fe *out,
    unsigned long k)
{
	struct work	 w;
	int		 rc = 0;

	if (work_make(p, &w))
		return -1;
	cp_stage(p, STAGE_SHARE_GENERATION);
	if (p->setup.id != 0) {
		vector_share(p, 1, in, w.v[X], p->n);
		vector_share(p, 2, in, w.v[Y], p->n);
	}
	for (; rc == 0 && k > 0; k--)
		rc = multiply(p, &w);
	if (rc == 0 && p->setup.id != 0) {
		cp_stage(p, STAGE_REVEAL);
		rc = vector_reveal(p, w.v[X], out, p->n);
		cp_digest(p, out, p->n);
	}
	work_free(p, &w);
	return rc;
}
