#ifndef ICE_MDNS_H
#define ICE_MDNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"

struct rng;

/*
 * One-shot multicast DNS (RFC 6762 5.1) for the names that browsers give their
 * addresses instead of telling them: a random UUID below ".local". It is the
 * peer who chooses the name, so nothing else is ever asked for: whoever could
 * have any name looked up here would learn who is on our link.
 *
 * An engine: questions go into the batch, to be sent on every link, and what
 * comes back to the port they left from or to the group is its input.
 */
enum {
	MDNS_NAME = 44,		/* a UUID, ".local" and NUL, and room */
	MDNS_NAMES = 8,		/* asked for at the same time */
	MDNS_PORT = 5353,
};

struct mdns;

/* NULL: out of memory. The rng is borrowed for the life. */
struct mdns	*mdns_new(struct rng *);
void		 mdns_free(struct mdns *);

/* Is it of the form that is asked for. */
bool		 mdns_is_name(const char *);

/* The group of a family, 4 or 6, with its port. */
struct addr	 mdns_group(int family);

/*
 * Ask for a name's address; at once for all who want it. -1: it has not the
 * form, or too many are asked for.
 */
int		 mdns_ask(struct mdns *, uint64_t now, const char *name);

void		 mdns_input(struct mdns *, uint64_t now, const uint8_t *,
		     size_t);
void		 mdns_tick(struct mdns *, uint64_t now, struct batch *);
uint64_t	 mdns_deadline(const struct mdns *);

/* A name's address, or that nobody knows it: then its family is 0. */
struct mdns_event {
	char		 name[MDNS_NAME];
	struct addr	 addr;		/* without a port */
};
bool		 mdns_event(struct mdns *, struct mdns_event *);

/* Is any answer still waited for. */
bool		 mdns_waits(const struct mdns *);

#endif
