#ifndef FLOW_RUN_H
#define FLOW_RUN_H

#include <stdint.h>

#include "flow/peers.h"
#include "flow/task.h"

/*
 * One party's share of a run: its steps in their order, each when what it
 * waits for is there, until all are done, one fails, another party fails or
 * is gone, or the time is up. Then none of the processes it started is left.
 */
enum { RUN_WHY = PEERS_WHY + 256 };

struct flow_run {
	const struct place	*place;
	struct task		*task;		/* of all steps of the flow */
	unsigned		 base;		/* of the port plan */
	uint64_t		 timeout, silence, gate;
};

/* 0, or -1: every message was written. */
int	 flow_run(const struct flow_run *);

#endif
