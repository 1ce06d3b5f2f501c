#ifndef AGENT_CHATTER_H
#define AGENT_CHATTER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How many lines of the log a party can be the cause of: a burst, as when
 * many links come up, and then one now and then. What is left out is counted,
 * and said with the next line that may be.
 */
enum { CHATTER_BURST = 500, CHATTER_PAUSE_S = 2 };

struct chatter {
	uint64_t	 spent;		/* whole again at that time */
	uint64_t	 left_out;
};

/* May another be said. If so, left_out: how many were not, since the last. */
bool	 chatter_may(struct chatter *, uint64_t now, uint64_t *left_out);

#endif
