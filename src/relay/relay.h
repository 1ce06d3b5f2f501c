#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "base/addr.h"
#include "relay/door.h"

/* Sockets and the loop around the hub. Everything in conf is borrowed. */
struct access;
struct loop;
struct relay;

struct relay_conf {
	struct addr	 listen;
	struct access	*access;
	struct door	 door;
};

/* NULL: errno says why. bound is where it really listens. */
struct relay	*relay_new(struct loop *, const struct relay_conf *,
		     struct addr *bound);
void		 relay_free(struct relay *);

#endif
