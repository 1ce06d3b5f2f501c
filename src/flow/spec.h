#ifndef FLOW_SPEC_H
#define FLOW_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "flow/tree.h"

/*
 * A flow: steps that several parties take together, and the placeholders it
 * names them by (flow-and-messages.md 5.1). Both shapes are read: that of
 * files, and the converted one where "datasites" is a list and a step has
 * "runs_on". What does not concern who does what is left alone.
 */
enum {
	SPEC_FILE_MAX = 1 << 20,	/* bytes; those in use have 10 KiB */
	SPEC_STEPS = 256,
};

/* Texts borrowed from the flow's tree. */
struct names {
	const char	**v;
	size_t		  n;
};

struct spec_group {
	const char	*name;
	struct names	 include, exclude;
};

struct spec_step {
	const char	*id;
	const char	*uses;		/* a module, or NULL */
	bool		 barrier;
	struct names	 targets;	/* as they are written */
	struct names	 needs;		/* ids: said, waited for, or bound */
	struct names	 paths;		/* of what it shares */
	const json_t	*json;		/* all of it, in the tree */
};

struct spec {
	json_t			*tree;
	const json_t		*spec;		/* in it: what is not read */
	const char		*name;		/* "" if it has none */
	struct names		 defaults;	/* placeholders, in order */
	struct names		 modules;
	struct spec_group	*group;
	size_t			 ngroups;
	struct spec_step	*step;
	size_t			 nsteps;
};

/* 0; or -1 and the error. Either way spec_free afterwards. */
int	 spec_parse(struct spec *, const char *, size_t, struct tree_error *);
void	 spec_free(struct spec *);

/* False: out of memory. */
bool	 names_add(struct names *, const char *);
bool	 names_have(const struct names *, const char *);

#endif
