#ifndef NET_LISTENING_H
#define NET_LISTENING_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Does a TCP socket of this machine (or network namespace) listen on a port,
 * at any address? This is looked up in /proc/net, not tried: who listens would
 * see a connection, and a bind might take the port away from him. False where
 * it cannot be looked up.
 */
bool	 listening_on(uint16_t port);

#endif
