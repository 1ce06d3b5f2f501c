#ifndef MPC_REPORT_H
#define MPC_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "mpc/stages.h"

/*
 * The stage records of all parties of a step (flow-and-messages.md 5.6), put
 * together: who waited for whom, and what most of the time went to.
 */
enum {
	REPORT_LABEL = 128,		/* a run or step, with its NUL */
	REPORT_STEPS = 256,		/* of which records are kept */
	REPORT_WHY = 256,
};

struct report_step {
	char		 run[REPORT_LABEL], step[REPORT_LABEL];
	struct stages	 party[STAGE_PARTIES];
	bool		 there[STAGE_PARTIES];
	/* Begin of its clock, if the parties have not the same. */
	uint64_t	 zero[STAGE_PARTIES];
	bool		 apart;
};

struct report {
	struct report_step	*v;	/* owned, in order of their begin */
	size_t			 n;
};

/*
 * A record, one line of JSON; of two of one stage the later counts. 0, or -1
 * with the reason: it is none, there are too many steps, no memory.
 */
int	 report_add(struct report *, const char *, size_t n,
	     char why[REPORT_WHY]);

/* After the last one. */
void	 report_done(struct report *);
void	 report_free(struct report *);

/* All parties beside each other, and the sentence. */
void	 report_table(FILE *, const struct report_step *);

/*
 * What most of the time of the slowest party went to: transport, waiting for
 * a party that computed or had not come, or computing.
 */
void	 report_sentence(FILE *, const struct report_step *);

/* A picture of when each party was in which stage, and waited. */
void	 report_svg(FILE *, const struct report_step *);

/* One object, on one line. */
void	 report_json(FILE *, const struct report_step *);

#endif
