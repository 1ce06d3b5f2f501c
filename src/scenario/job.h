#ifndef SCENARIO_JOB_H
#define SCENARIO_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/process.h"
#include "scenario/scenario.h"
#include "scenario/show.h"

/*
 * A command of a step while it runs: its output goes to the screen line by
 * line, and what the step asks for of it is kept.
 */
enum job_state { JOB_RUNNING, JOB_PASSED, JOB_FAILED };

enum {
	JOB_TAIL = 40,			/* last lines that are kept */
	JOB_TAIL_LINE = 500,		/* bytes of each */
	JOB_LINE = 64 << 10,		/* longer lines are cut in two */
	JOB_KEEP = 16 << 20,		/* output for capture and expect */
	JOB_WHY = 256,
};

struct job_line {
	char	*text;
	size_t	 n, cap;
};

struct job {
	const struct step	*step;
	enum job_state		 state;
	uint64_t		 since, took, until;
	char			 why[JOB_WHY];	/* once failed */
	char			*expect;	/* its variables replaced */

	struct show		*show;
	struct process		 process;
	struct job_line		 line[PROCESS_FDS];
	struct job_line		 kept;		/* standard output */
	bool			 keep;
	bool			 awaited;	/* by a step: the run's own */
	char			*tail[JOB_TAIL];	/* a ring */
	size_t			 ntail;		/* lines that ever were */
};

/*
 * Start a command of the shell; env and cwd as process_start. expect is taken
 * over. NULL after a message in why (JOB_WHY bytes).
 */
struct job	*job_start(const struct step *, const char *command,
		     char *expect, char *const *env, const char *cwd,
		     struct loop *, struct show *, char *why);

/* Kills what is left of it. */
void		 job_free(struct job *);

/* It failed, if it runs: why. Its processes are the caller's to end. */
void		 job_fail(struct job *, const char *why);

/* Its standard output without blanks around it. */
const char	*job_captured(struct job *);

/* The ith of its last lines, oldest first; NULL after the last. */
const char	*job_tail(const struct job *, size_t i);

#endif
