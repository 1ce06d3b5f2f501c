#ifndef FLOW_CHECK_H
#define FLOW_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "flow/map.h"

/*
 * What keeps a flow from being started by these participants, all of it: a
 * party that is missing would be found out by the others waiting for it.
 */
enum { FINDINGS = 256 };

struct finding {
	bool	 warning;	/* no reason not to start */
	char	*text;		/* lines, without the last one's end */
};

struct findings {
	struct finding	 v[FINDINGS];
	size_t		 n;
	size_t		 problems;	/* those that are no warnings */
	bool		 lost;		/* there were more, or no memory */
};

/*
 * All of a flow, or its participants alone. me is an email, or NULL for
 * nobody's view. Free the findings.
 */
void	 check_flow(struct findings *, const struct map *, const char *me);
void	 check_people(struct findings *, const struct map *, const char *me);
void	 findings_free(struct findings *);

/* Copies the text. */
void	 findings_add(struct findings *, bool warning, const char *text);

/* Everyone a step runs on, as far as they are known. */
people	 check_targets(const struct map *, const struct spec_step *);

#endif
