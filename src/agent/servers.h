#ifndef AGENT_SERVERS_H
#define AGENT_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct resolver;
struct servers;

/*
 * The ICE servers (syft/server.h); one of TURN over UDP is asked for both.
 * Names are resolved, what cannot be used is named once and skipped.
 */
struct servers_found {
	const struct addr	*addr;	/* NULL: over a stream */
	const char		*turn;	/* its text; NULL: STUN alone */
	const char		*host;	/* of a stream, with TLS or without */
	uint16_t		 port;
	bool			 tls;
};

typedef void	 servers_fn(void *, uint64_t now, const struct servers_found *);

/* fn is called for each address when it is known. NULL: out of memory. */
struct servers	*servers_new(struct resolver *, servers_fn *, void *);
void		 servers_free(struct servers *);

/* A comma list, or NULL; entries that are known already are ignored. */
void		 servers_add(struct servers *, uint64_t now, const char *list);

/* There are a user and a password for TURN from now on. */
void		 servers_login(struct servers *);

/* The relay has said what it tells: without a login now, there is none. */
void		 servers_told(struct servers *);

/* A STUN server's address, as text, has not answered: said once. */
void		 servers_silent(struct servers *, const char *addr);

/* Those known by now. */
const struct addr *servers_stun(const struct servers *, size_t *n);

#endif
