#ifndef AGENT_RELAYS_H
#define AGENT_RELAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"

struct relays;
struct rng;

/*
 * The agent's TURN allocations: one per server, for a server knows one by the
 * addresses of both ends, which all parties share. To parties a relayed
 * address is one more local address: what they send from there is wrapped
 * behind their back, what comes there is unwrapped before they see it.
 */
struct relays_conf {
	struct rng		*rng;		/* borrowed for the life */
	const struct addr	*hosts;		/* likewise: with their ports */
	size_t			 nhosts;
	/* a relayed address is there, once per allocation */
	void			(*up)(void *, uint64_t now,
				    const struct addr *);
	void			*arg;
};

/* NULL: out of memory. */
struct relays	*relays_new(const struct relays_conf *);
void		 relays_free(struct relays *);

/* For the servers added from now on; copied. -1: too long. */
int		 relays_login(struct relays *, const char *user,
		     const char *pass);

/* Ask for an address there; text names it in messages, and is copied. */
void		 relays_add(struct relays *, uint64_t now,
		     const struct addr *server, const char *text);

/*
 * A datagram. RELAYS_DATA: it is for a party, path and bytes say from whom;
 * RELAYS_DONE: it was for us; RELAYS_OTHER: it is none of a server's.
 */
enum relays_input { RELAYS_OTHER, RELAYS_DONE, RELAYS_DATA };
enum relays_input relays_input(struct relays *, uint64_t now, struct path *,
		     struct span *, struct batch *tx);

/* Wrap what leaves from a relayed address; what cannot go yet is kept. */
void		 relays_wrap(struct relays *, uint64_t now, struct batch *);
void		 relays_tick(struct relays *, uint64_t now, struct batch *tx);
uint64_t	 relays_deadline(const struct relays *);

/* The addresses that are there. Count, at most cap. */
size_t		 relays_up(const struct relays *, struct addr *, size_t cap);

/* Give them back, in one datagram each. */
void		 relays_close(struct relays *, uint64_t now,
		     struct batch *tx);

#endif
