#ifndef SCENARIO_RUN_H
#define SCENARIO_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "scenario/plan.h"
#include "scenario/vars.h"

/*
 * One run of a plan, step after step, until one fails. When it is over, none
 * of the process groups it started is left.
 */
struct run_conf {
	const char		*workspace, *sandbox;	/* absolute */
	const char *const	*env;	/* "NAME=value" for all, up to NULL */
	uint64_t		 together;	/* limit of parallel, NEVER */
	struct vars		*vars;	/* captures are added */
	json_t			*steps;	/* an array, to append to */
};

/* 0, or -1 and every message was written. */
int	 scenario_run(const struct run_conf *, const struct plan *);

#endif
