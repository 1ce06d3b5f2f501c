#ifndef AGENT_MESSAGES_H
#define AGENT_MESSAGES_H

#include <jansson.h>
#include <stdint.h>

struct box;
struct loop;
struct messages;

/*
 * "hotlink msg sync --watch" inside the agent's loop. box and spool are
 * borrowed. NULL after a message.
 */
struct messages	*messages_new(struct loop *, const struct box *,
		     const char *spool, uint64_t now);
void		 messages_free(struct messages *);

/* Its counters, a new object. */
json_t		*messages_stats(const struct messages *);

#endif
