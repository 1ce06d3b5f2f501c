#ifndef SESSION_PORTS_H
#define SESSION_PORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "ice/ice.h"

/*
 * Who uses which of our ports. A datagram of DTLS says nothing but where it
 * came from and went to, so two connections between the same two ports cannot
 * be told apart. Two hotlink agents have one connection; towards an upstream
 * peer, or in its dialect, there are two per link, and each but the first
 * needs a port of its own, as upstream's have.
 */
enum { PORTS_MAX = 128 };

struct port {
	struct addr	 hosts[ICE_HOSTS];
	size_t		 nhosts;
	uint16_t	 number[2];	/* IPv4's and IPv6's; 0: not known */
	const void	*user;		/* NULL: free */
};

struct ports {
	struct port	*port[PORTS_MAX];	/* the first: the agent's own */
	size_t		 n;
};

/* 0, or -1: out of memory, the table is full. The hosts are copied. */
int	 ports_add(struct ports *, const struct addr *, size_t);
void	 ports_fini(struct ports *);

/*
 * The first one's are these now, the others' the same with ports of their own;
 * those know them by family, from what they were added with.
 */
void	 ports_set_hosts(struct ports *, const struct addr *, size_t);

/* The one of a user; NULL: none. */
const struct port *ports_of(const struct ports *, const void *user);

/* A free one, NULL: none; to be claimed by whoever uses its hosts. */
struct port *ports_free(const struct ports *);
void	 ports_release(struct ports *, const void *user);

#endif
