#ifndef RELAY_HUB_H
#define RELAY_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "syft/msg.h"

/*
 * The rendezvous: sessions between connections, hotlink-protocol.md 2.2, with
 * nothing reordered, nothing lost in silence and nobody's session taken over.
 * An engine: a message goes in, what must be sent comes out.
 *
 * Backpressure: the owner says how much output waits per connection. A message
 * whose receiver has too much of it is not taken. Its sender is then not read
 * until hub_ready names it, and offers the same message again.
 */
struct access;
struct hub;

enum {
	HUB_CONNS = 1024,
	HUB_USER_CONNS = 64,		/* of one user: each may hold 20 MiB */
	HUB_SESSIONS = 16384,
	HUB_USER_SESSIONS = 1024,	/* opened by one user */
	HUB_ACCEPTED = 16,		/* connections; of a TCP path one */
	HUB_OUTPUT_SOFT = 1 << 20,	/* above it no more Data */
	/* Nor anything else; below WS_OUTPUT_MAX with its frames. */
	HUB_OUTPUT_MAX = (10 << 20) - (64 << 10),
};

struct hub	*hub_new(struct access *);	/* borrowed */
void		 hub_free(struct hub *);

/*
 * A connection of an authenticated user that wants this encoding; its first
 * message is output at once. -1: the hub is full, or of this user.
 */
int		 hub_join(struct hub *, const char *user, enum msg_encoding);
void		 hub_leave(struct hub *, int conn);

/* False: not taken, see above. Take the output before the next call. */
bool		 hub_input(struct hub *, int conn, const struct msg *);

/* The next message to send, and to whom; spans live until the next call. */
bool		 hub_output(struct hub *, int *conn, struct msg *);

/* What waits to be written to conn, its present message included. */
void		 hub_queued(struct hub *, int conn, size_t);

/* The next connection that should offer its message again, or -1. */
int		 hub_ready(struct hub *);

enum msg_encoding hub_encoding(const struct hub *, int conn);
const char	*hub_user(const struct hub *, int conn);

struct hub_stats {
	uint64_t	 sessions;	/* now */
	uint64_t	 routed, refused, undeliverable, ignored, held;
};
void		 hub_stats(const struct hub *, struct hub_stats *);

#endif
