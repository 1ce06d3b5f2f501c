#ifndef AGENT_BEARER_H
#define AGENT_BEARER_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct resolver;
struct rng;
struct bearer;
struct url;
struct tls_client_conf;

/*
 * The bearer token of this party (hotlink-protocol.md 1.4): given, or fetched
 * and rotated with a refresh token, which is then kept in the config file.
 */
struct bearer_conf {
	struct loop		*loop;
	struct resolver		*resolver;
	struct rng		*rng;
	const struct url	*url;
	const struct tls_client_conf *tls;
	const char		*email;
	const char		*access;	/* NULL or "": none yet */
	const char		*refresh;	/* NULL or "": never asked */
	const char		*config;	/* it is kept there; or NULL */
};

struct bearer	*bearer_new(const struct bearer_conf *);
void		 bearer_free(struct bearer *);

/* The token to send now, or NULL: none, a connection without one is tried. */
const char	*bearer_access(const struct bearer *);

/* False while a refresh is under way: ask again a little later. */
bool		 bearer_ready(struct bearer *, uint64_t now);

/* The server said 401 or 403 to it. */
void		 bearer_refused(struct bearer *);

#endif
