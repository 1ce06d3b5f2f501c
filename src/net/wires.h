#ifndef NET_WIRES_H
#define NET_WIRES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * A few connections of a program that has nothing else to do than to wait for
 * them: calls return when all bytes have moved. While one waits, the others
 * are watched: who is gone is noticed whoever is waited for.
 *
 * All return 0, or -1; from then on everything fails, and wires_why says why.
 */
enum { WIRES = 8, WIRES_WHY = 160 };

struct wires;

struct wire_stats {
	uint64_t	 tx, rx;	/* bytes */
	uint64_t	 waited;	/* microseconds, in receiving */
};

/* No wait is longer than patience, in microseconds. NULL: out of memory. */
struct wires	*wires_new(uint64_t patience);
void		 wires_free(struct wires *);	/* closes all */

/* Try again until somebody listens. name is borrowed, for wires_why. */
int		 wires_connect(struct wires *, size_t, const char *name,
		     const struct addr *);

/* Listen until the first comes. */
int		 wires_accept(struct wires *, size_t, const char *name,
		     const struct addr *);

/* Leave Nagle's algorithm on, as a socket has it that nobody asked for. */
void		 wires_delay(struct wires *, size_t);

int		 wires_send(struct wires *, size_t, const void *, size_t);
int		 wires_recv(struct wires *, size_t, void *, size_t);

/* From now on another may be done and go. */
void		 wires_expect_end(struct wires *);

/* Say that there is no more, and wait until nobody says more. */
void		 wires_end(struct wires *);

void		 wires_stats(const struct wires *, size_t,
		     struct wire_stats *);
const char	*wires_why(const struct wires *);

#endif
