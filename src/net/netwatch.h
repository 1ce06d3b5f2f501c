#ifndef NET_NETWATCH_H
#define NET_NETWATCH_H

#include <stdint.h>

struct loop;
struct netwatch;

/*
 * The addresses of this host's interfaces may have changed: rtnetlink(7), its
 * messages taken together for a moment. What changed is for the caller to find
 * out, by net_addresses. NULL: this system does not tell.
 */
struct netwatch	*netwatch_new(struct loop *, void (*fn)(void *, uint64_t now),
		     void *arg);
void		 netwatch_free(struct netwatch *);

#endif
