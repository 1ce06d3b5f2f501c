#ifndef AGENT_NETWORK_H
#define AGENT_NETWORK_H

#include <stddef.h>
#include <stdint.h>

struct addr;
struct agent;

/* The addresses that direct paths start from; room for AGENT_HOSTS. Count. */
size_t	 network_hosts(const struct agent *, struct addr *);

/*
 * Interfaces came or went, an agent is told: connections from addresses that
 * are gone end now and not when nobody has answered for long, and everything
 * that could not be reached is tried from those that are there.
 */
void	 network_changed(void *agent, uint64_t now);

#endif
