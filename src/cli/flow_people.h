#ifndef CLI_FLOW_PEOPLE_H
#define CLI_FLOW_PEOPLE_H

#include <jansson.h>
#include <stddef.h>

#include "cli/options.h"
#include "flow/map.h"
#include "flow/spec.h"

/* Who takes part, from options or from a file. */
struct flow_people {
	struct participant	 v[MAP_PEOPLE];
	size_t			 n;
	char			*email[MAP_PEOPLE];	/* of options */
	json_t			*tree;			/* of the file */
};

/*
 * Of EMAIL=ROLE texts and, if file is not NULL, a file. 0, or the exit status
 * after a message. Free it either way.
 */
int	 flow_people_read(struct flow_people *, const struct command *,
	     const struct option_list *, const char *file);
void	 flow_people_free(struct flow_people *);

/* A flow's file, likewise: 0, or the exit status after a message. */
int	 flow_read(struct spec *, const struct command *, const char *file);

/* What is wrong with a file; returns the exit status. */
int	 flow_complain(const struct command *, const char *file,
	     const char *what);
int	 flow_complain_at(const struct command *, const char *file,
	     const struct tree_error *);

#endif
