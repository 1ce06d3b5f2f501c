#ifndef AGENT_SOCKETS_H
#define AGENT_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"

struct loop;
struct sockets;

/*
 * The agent's UDP ports: the one that all direct paths share, and those that
 * connections to upstream peers have for themselves (session/ports.h).
 */
enum { SOCKETS_MAX = 256 };

typedef void	 sockets_fn(void *, uint64_t now, const struct path *,
		     uint8_t *, size_t);

/* A path that the system did not send on, and a constant reason. */
typedef void	 sockets_refused_fn(void *, const struct path *,
		     const char *why);

/*
 * port: of the first; 0: any. NULL: errno says why. What is refused is told
 * from inside sockets_send.
 */
struct sockets	*sockets_new(struct loop *, uint16_t port, sockets_fn *,
		     sockets_refused_fn *, void *);
void		 sockets_free(struct sockets *);

/* Another port, for owner; its number in the table, or -1. */
int		 sockets_add(struct sockets *, const void *owner);
void		 sockets_drop(struct sockets *, const void *owner);

/* The port of the nth for a family (4, 6); 0: it has none. */
uint16_t	 sockets_port(const struct sockets *, int nth, int family);

/* Send each datagram from its port, and reset the batch (net/udp.h). */
void		 sockets_send(struct sockets *, uint64_t now, struct batch *);

#endif
