#ifndef TESTS_SUPPORT_SIMNET_H
#define TESTS_SUPPORT_SIMNET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/batch.h"

/*
 * A network in virtual time: what engines put into a batch arrives later,
 * lost, doubled or out of order, as a printed seed decides. Rates are per
 * thousand datagrams, times in microseconds.
 */
struct simnet_conf {
	uint64_t	 seed;
	uint64_t	 delay;		/* one way */
	/* added, uniform: reorders when > spacing */
	uint64_t	 jitter;
	unsigned	 loss, dup;
	/* held back for that long: what follows overtakes */
	unsigned	 reorder;
	uint64_t	 hold;
	/* larger datagrams vanish; 0: no limit */
	size_t		 mtu;
	/*
	 * A bottleneck for each of two ends, told apart by whether the last
	 * byte of the IPv4 address and the port add up to something odd: bytes
	 * a second (0: none), and what waits there before it is lost.
	 */
	uint64_t	 rate;
	size_t		 queue;
	bool		 no_dtls;	/* it vanishes (RFC 7983) */
};

struct simnet;

struct simnet	*simnet_new(const struct simnet_conf *);
void		 simnet_free(struct simnet *);

/* Change the rules from now on. */
void		 simnet_set(struct simnet *, const struct simnet_conf *);

/* Take what is in the batch, which is reset. */
void		 simnet_send(struct simnet *, uint64_t now, struct batch *);

/* When the next datagram arrives; UINT64_MAX if none is under way. */
uint64_t	 simnet_deadline(const struct simnet *);

/*
 * The next datagram that has arrived by now, as its receiver sees it: to.local
 * is where it arrived, to.remote whence it came. Valid until the next call.
 */
bool		 simnet_recv(struct simnet *, uint64_t now, struct dgram *);

/* A number from the seed, below n. */
uint64_t	 simnet_random(struct simnet *, uint64_t n);

#endif
