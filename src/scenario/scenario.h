#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

/*
 * A scenario file as it was read, hotlink-scenario(5): what to do, in which
 * order. Texts still have their {{variables}}.
 */
enum step_kind {
	STEP_NONE,
	STEP_RUN,		/* text: for the shell */
	STEP_PARALLEL,		/* children, all of them STEP_RUN */
	STEP_WAIT_FOR,		/* text: a path or pattern */
	STEP_WAIT_BACKGROUND,
	STEP_ENCRYPTED,		/* text: a path or pattern */
	STEP_NOT_ENCRYPTED,
};

struct step;

struct steps {
	struct step	*v;
	size_t		 n;
};

struct step {
	enum step_kind	 kind;
	char		*name;		/* never NULL after parsing */
	char		*datasite;	/* NULL: none */
	char		*text, *expect, *capture;
	uint64_t	 timeout;	/* NEVER: none */
	bool		 background;
	bool		 fresh;		/* wait_for: not what was there */
	bool		 errexit;	/* run: stop at the first failure */
	size_t		 line;
	struct steps	 child;
};

struct scenario {
	struct steps	 server, clients, steps;
};

struct scenario_error {
	size_t		 line, column;	/* from 1 */
	char		 why[256];
};

enum { SCENARIO_STEPS = 1000 };		/* in one list */

/* How long a step may take that does not say. */
enum {
	TIMEOUT_RUN = 600,		/* seconds */
	TIMEOUT_WAIT_FOR = 30,
	TIMEOUT_TOGETHER = 300,		/* parallel, wait_background */
};

/* 0, or -1 and the error. Freed in either case. */
int		 scenario_parse(struct scenario *, const char *, size_t,
		     struct scenario_error *);
void		 scenario_free(struct scenario *);

const char	*step_kind_name(enum step_kind);

#endif
