#ifndef FLOW_AUDIT_H
#define FLOW_AUDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "flow/check.h"

/*
 * Do a party's markers and the ports that are taken agree with the plan of
 * its run? Each finding begins with a code, E_PORT_..., that programs know
 * (flow-and-messages.md 5.4).
 */
struct audit {
	const char	*email[MAP_PEOPLE];	/* by party number */
	unsigned	 n, me, base;
};

/* The marker of one link of mine, and who listens on the port of the plan. */
struct audit_link {
	unsigned	 peer;
	const char	*marker;	/* its text; NULL: none */
	size_t		 size;
	const char	*theirs;	/* the peer's, if it can be seen */
	size_t		 their_size;
	bool		 listening;
};

/* started: the agent is to listen by now. */
void	 audit_link(struct findings *, const struct audit *,
	     const struct audit_link *, bool started);

/*
 * A marker of mine that belongs to another run: one that takes a port of this
 * one is a problem, any other a warning. what names it.
 */
void	 audit_other(struct findings *, const struct audit *,
	     const char *what, const char *marker, size_t);

#endif
