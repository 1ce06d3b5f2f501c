#ifndef AGENT_DIAL_H
#define AGENT_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct loop;
struct resolver;
struct dial;
struct rng;
struct tls_client_conf;

/*
 * An outgoing byte stream to host:port: name, TCP, TLS if asked for. It knows
 * nothing of what is said on it; its user gives the bytes out and takes the
 * bytes in. After closed was called the dial is dead and wants dial_free.
 */
struct dial_user {
	void		(*up)(void *, uint64_t now);
	void		(*input)(void *, uint64_t now, const uint8_t *, size_t);
	bool		(*wants_input)(void *);
	struct span	(*output)(void *);
	void		(*sent)(void *, size_t);
	void		(*closed)(void *, uint64_t now, const char *why);
};

struct dial_conf {
	struct loop		*loop;
	struct resolver		*resolver;
	const char		*host;
	uint16_t		 port;
	/* NULL: plain; its time is set here, and its name if it has none */
	const struct tls_client_conf *tls;
	struct rng		*rng;		/* for TLS */
	uint64_t		 timeout;	/* until it is up */
	const struct dial_user	*user;
	void			*arg;
};

/* NULL: out of memory. Nothing is called before this returned. */
struct dial	*dial_new(const struct dial_conf *, uint64_t now);
void		 dial_free(struct dial *);

/* Its address is gone from this host; only who uses it may end it. */
bool		 dial_is_orphan(const struct dial *);

/* The user has more to say, or takes input again: once per turn. */
void		 dial_pump(struct dial *, uint64_t now);

#endif
