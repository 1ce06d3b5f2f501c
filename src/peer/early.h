#ifndef PEER_EARLY_H
#define PEER_EARLY_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * Datagrams that overtook our own ICE check: a ClientHello that is lost costs
 * its sender a second. A few; what is more or larger is lost, as on a network.
 */
enum { EARLY = 4, EARLY_LEN = 1500 };

struct early {
	size_t	 n;
	struct early_dgram {
		size_t		 n;
		struct path	 from;
		uint8_t		 bytes[EARLY_LEN];
	}	 kept[EARLY];
};

/* Allocates what it needs at *early, which is NULL at first; free(3) it. */
void	 early_keep(struct early **, const struct path *from,
	    const uint8_t *, size_t);

#endif
