#ifndef MPC_STAGES_H
#define MPC_STAGES_H

#include <stdint.h>
#include <stdio.h>

/*
 * How long each stage of a computation took, what it moved, and how long it
 * waited for whom (flow-and-messages.md 5.6).
 */
enum stage {
	STAGE_CONNECT, STAGE_KEY_SETUP, STAGE_SHARE_GENERATION,
	STAGE_EXCHANGE, STAGE_AGGREGATE, STAGE_REVEAL, STAGE_WRITE,
	STAGE_TOTAL, STAGES,
};

enum { STAGE_PARTIES = 3 };

/* Up to a moment: microseconds, bytes, messages. */
struct amounts {
	uint64_t	 at;		/* monotonic */
	uint64_t	 tx, rx, tx_msgs, rx_msgs;
	uint64_t	 waited[STAGE_PARTIES];	/* for whom */
};

struct stages {
	struct amounts	 v[STAGES];		/* at: how long */
	uint64_t	 from[STAGES], to[STAGES];	/* 0: not yet */
};

/* Who a record is of. run and step need no escapes in JSON. */
struct stage_owner {
	unsigned	 party;
	const char	*run, *step;
};

const char	*stage_name(enum stage);

/* One stage began before and ended after; there may be more such times. */
void		 stages_add(struct stages *, enum stage,
		     const struct amounts *before,
		     const struct amounts *after);

/* A record, as one line of JSON; nothing for a stage that did not come. */
void		 stages_record(FILE *, const struct stages *, enum stage,
		     const struct stage_owner *);

/* All of them for people, and the lines others search for. */
void		 stages_table(FILE *, const struct stages *);

#endif
