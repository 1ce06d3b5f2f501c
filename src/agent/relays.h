#ifndef AGENT_RELAYS_H
#define AGENT_RELAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"

struct loop;
struct relays;
struct resolver;
struct rng;
struct servers_found;
struct tls_trust;

/*
 * The agent's TURN allocations: one per server, for a server knows one by the
 * addresses of both ends, which all parties share. To parties a relayed
 * address is one more local address: what they send from there is wrapped
 * behind their back, what comes there is unwrapped before they see it.
 */
struct relays_conf {
	struct loop		*loop;		/* for streams */
	struct resolver		*resolver;
	const struct tls_trust	*trust;
	struct rng		*rng;		/* borrowed for the life */
	const struct addr	*hosts;		/* likewise: with their ports */
	size_t			 nhosts;
	/* what came over a stream: a datagram like others */
	void			(*datagram)(void *, uint64_t now,
				    const struct path *, uint8_t *, size_t);
	/* a relayed address is there, once per allocation */
	void			(*up)(void *, uint64_t now,
				    const struct addr *);
	/* it is no more */
	void			(*down)(void *, uint64_t now,
				    const struct addr *);
	void			*arg;
};

/* NULL: out of memory. */
struct relays	*relays_new(const struct relays_conf *);
void		 relays_free(struct relays *);

/*
 * There are so many of conf.hosts now, and others: what was allocated from one
 * that is gone is over, and who did not answer is asked at once.
 */
void		 relays_network(struct relays *, uint64_t now, size_t nhosts);

/* For the servers added from now on; copied. -1: too long. */
int		 relays_login(struct relays *, const char *user,
		     const char *pass);

/* Ask for an address at a TURN server. */
void		 relays_add(struct relays *, uint64_t now,
		     const struct servers_found *);

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

/* Streams are written, after all else in a turn. */
void		 relays_pump(struct relays *, uint64_t now);

/* The addresses that are there. Count, at most cap. */
size_t		 relays_up(const struct relays *, struct addr *, size_t cap);

/*
 * Give them back: go on with tick, input and pump until they are closed, which
 * the servers say, or who waits is tired of it.
 */
void		 relays_close(struct relays *, uint64_t now,
		     struct batch *tx);
bool		 relays_closed(const struct relays *);

#endif
