#ifndef FLOW_TASK_H
#define FLOW_TASK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "flow/check.h"
#include "flow/place.h"

/*
 * A step of a flow as one party takes it (hotlink-flow(5)): what is run, what
 * goes in and comes out, what is waited for before it, and what others may
 * read after it.
 */
enum runtime { RUNTIME_NONE, RUNTIME_SHELL, RUNTIME_SYQURE, RUNTIME_MPC };

enum { TASK_WAITS = 64, TASK_SHARES = 32 };

struct task_wait {
	const char	*step;
	people		 who;		/* without me: mine are over */
};

struct task_share {
	char	*from, *to;
	people	 read, write;
	bool	 everybody;		/* may read */
};

struct task {
	const struct spec_step	*step;
	bool			 mine;		/* it is to be done here */
	bool			 linked;	/* it computes over links */
	enum runtime		 runtime;
	char			*command;	/* for the shell */
	json_t			*module;	/* NULL, or as it was read */
	json_t			*in, *out;	/* names to texts, paths */
	json_t			*lists;		/* paths to their contents */
	json_t			*files;		/* paths that are awaited */
	struct task_wait	 wait[TASK_WAITS];
	size_t			 nwaits;
	struct task_share	 share[TASK_SHARES];
	size_t			 nshares;
	uint64_t		 timeout;	/* NEVER: none of its own */
};

/*
 * What is wrong is added to the findings. Free it either way. self is the path
 * of this program, base that of the plan.
 */
void	 task_make(struct task *, const struct place *,
	     const struct spec_step *, const char *self, unsigned base,
	     struct findings *);
void	 task_free(struct task *);

#endif
