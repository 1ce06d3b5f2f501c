#ifndef AGENT_TELL_H
#define AGENT_TELL_H

#include "agent/state.h"

/*
 * What the log says of parties and links, as far as a party may be the cause
 * of lines (chatter.h).
 */

/* One thing, of the link if there is one, else of the party. */
void		 tell(struct node *, const struct channel *, uint64_t now,
		     const char *what, const char *text);

/* What carries it, if that is another than was said last. */
void		 tell_carrier(struct channel *, uint64_t now);

#endif
