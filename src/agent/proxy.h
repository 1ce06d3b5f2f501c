#ifndef AGENT_PROXY_H
#define AGENT_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"

struct link;
struct loop;
struct proxy;

/*
 * The local end of a link: its listening socket, and the one connection that
 * owns the link at a time (hotlink-protocol.md 4.5, hotlink-dialect.md 4).
 * Port probes own nothing; one more connection waits; others are reset.
 */
struct proxy_conf {
	struct loop	*loop;
	struct addr	 listen;
	struct link	*link;
	/* The link was given something: have its party pumped this turn. */
	void		(*touched)(void *);
	void		*arg;
};

struct proxy	*proxy_new(const struct proxy_conf *, uint64_t now);

/* Closes the listener, resets what is connected. */
void		 proxy_free(struct proxy *);

bool		 proxy_listening(const struct proxy *);
bool		 proxy_connected(const struct proxy *);

/* What the link's events ask for. */
void		 proxy_write(struct proxy *, uint64_t now, struct span);
void		 proxy_shut(struct proxy *);
void		 proxy_reset(struct proxy *, uint64_t now);
void		 proxy_end(struct proxy *, uint64_t now);

/* Once per turn when touched: attach who waits, poll for what is wanted. */
void		 proxy_update(struct proxy *, uint64_t now);

#endif
