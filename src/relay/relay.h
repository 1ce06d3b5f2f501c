#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "base/addr.h"
#include "relay/door.h"

/* Sockets and the loop around the hub. Everything in conf is borrowed. */
struct access;
struct loop;
struct relay;
struct rng;
struct tls_identity;

struct relay_conf {
	struct addr	 listen;
	struct access	*access;
	struct door	 door;
	const struct tls_identity *identity;	/* NULL: no TLS */
	struct rng	*rng;			/* with TLS */
};

/* NULL: errno says why. bound is where it really listens. */
struct relay	*relay_new(struct loop *, const struct relay_conf *,
		     struct addr *bound);
void		 relay_free(struct relay *);

#endif
