#ifndef AGENT_NAMES_H
#define AGENT_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct loop;
struct names;
struct rng;

/*
 * The names that candidates of browsers have instead of addresses, looked up
 * by multicast DNS on the links of our own candidates (ice/mdns.h). There are
 * sockets only while an answer is waited for.
 */
struct names_conf {
	struct loop		*loop;
	struct rng		*rng;		/* borrowed for the life */
	const struct addr	*hosts;		/* likewise */
	const size_t		*nhosts;
	/* a name's address; of family 0 if nobody knows it */
	void			(*found)(void *, uint64_t now,
				    const char *name, const struct addr *);
	void			*arg;
};

struct names_stats {
	uint64_t	 asked, resolved;
};

/* NULL: out of memory. */
struct names	*names_new(const struct names_conf *);
void		 names_free(struct names *);

/* What is not of the form, or one too many, is ignored. */
void		 names_ask(struct names *, uint64_t now, const char *name);

/* At the end of a turn; when next. */
uint64_t	 names_turn(struct names *, uint64_t now);

void		 names_stats(const struct names *, struct names_stats *);

#endif
