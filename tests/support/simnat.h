#ifndef TESTS_SUPPORT_SIMNAT_H
#define TESTS_SUPPORT_SIMNAT_H

#include <stdbool.h>

#include "base/addr.h"

/*
 * A NAT with address- and port-dependent filtering: what comes in from where
 * nothing was sent to is dropped. Its mapping is one per inside address, or,
 * if symmetric, one per inside and outside address.
 */
enum { SIMNAT_MAPPINGS = 64 };

struct simnat {
	struct addr	 outside;	/* its own; ports are from here up */
	struct addr	 inside;	/* any port of it is behind */
	bool		 symmetric;
	bool		 one_to_one;	/* all comes in, ports stay */
	struct {
		struct path	 path;	/* inside and the far end */
		uint16_t	 port;
	}		 map[SIMNAT_MAPPINGS];
	unsigned	 n;
};

/* Rewrite what leaves (local is inside) or has arrived. False: dropped. */
void	 simnat_out(struct simnat *, struct path *);
bool	 simnat_in(struct simnat *, struct path *);

#endif
