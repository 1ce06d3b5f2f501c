#ifndef AGENT_SERVERS_H
#define AGENT_SERVERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct resolver;
struct servers;

/*
 * The ICE servers: "stun:host[:port]", or a bare host:port, which upstream's
 * older clients write, or "turn:host[:port][?transport=udp]", which is asked
 * for both; names are resolved, what cannot be used is named once and skipped
 * (hotlink-protocol.md 5.7).
 */
typedef void	 servers_fn(void *, uint64_t now, const struct addr *,
		     const char *turn);	/* NULL, or its text */

/* fn is called for each address when it is known. NULL: out of memory. */
struct servers	*servers_new(struct resolver *, servers_fn *, void *);
void		 servers_free(struct servers *);

/* A comma list; entries that are known already are ignored. */
void		 servers_add(struct servers *, uint64_t now, const char *list);

/* There are a user and a password for TURN from now on. */
void		 servers_login(struct servers *);

/* Those known by now. */
const struct addr *servers_stun(const struct servers *, size_t *n);

#endif
