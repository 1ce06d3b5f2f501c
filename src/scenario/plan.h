#ifndef SCENARIO_PLAN_H
#define SCENARIO_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "scenario/scenario.h"

/* The steps of one run, in their order; borrowed from the scenario. */
struct plan {
	const struct step	**v;
	size_t			  n, setup;	/* the first setup are setup */
};

/*
 * All of a scenario, or without its setup: the step only, or those that begin
 * with the step from. Both are a name or a number from 1, or NULL. 0, or -1
 * and why, which may name the step.
 */
enum { PLAN_WHY = 160 };
int		 plan_make(struct plan *, const struct scenario *,
		     const char *only, const char *from, char *why);
void		 plan_free(struct plan *);

/*
 * "minute-digest" of a run that starts at unix seconds: the digest is of the
 * file's stem, the datasites and the minute. -1: out of memory.
 */
enum { RUN_ID = 48 };
int		 plan_run_id(char id[RUN_ID], const struct scenario *,
		     const char *stem, uint64_t unix_time);

/* The datasites of a scenario, sorted and joined by commas; malloc'd. */
char		*plan_datasites(const struct scenario *);

#endif
