#ifndef ICE_TURN_H
#define ICE_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"

struct rng;
struct turn;

/*
 * A TURN client (RFC 8656): one allocation, made from one address of ours at
 * one server, with long-term credentials (RFC 8489 9.2). It asks for
 * the relayed address, keeps it, its permissions and its channels alive, and
 * puts datagrams to peers into what the server relays and takes them out.
 */
enum turn_state {
	TURN_ASKING,		/* Allocate is under way */
	TURN_UP,		/* there is a relayed address */
	TURN_CLOSING,		/* the server is told that it is over */
	TURN_OVER,		/* it knows, or does not answer any more */
	TURN_FAILED,		/* see turn_why */
};

enum {
	TURN_CRED_MAX = 256,	/* of a user name, and of a password */
	TURN_PEERS = 128,	/* addresses that one allocation talks with */
	TURN_DOMAIN_MAX = 255,	/* of another server's name */
};

struct turn_conf {
	struct rng	*rng;		/* borrowed for the life */
	const char	*user, *pass;	/* copied; the copies are wiped */
	struct path	 path;		/* our address and the server's */
	bool		 stream;	/* nothing gets lost on the way */
	/* of the relayed address: 4 or 6; the other, if the server lacks it */
	uint8_t		 family;
};

/* What a peer sent: its address and its bytes; n 0: nothing. */
struct turn_data {
	struct addr	 peer;
	struct span	 bytes;
};

/* NULL: out of memory, or credentials that are too long. */
struct turn	*turn_new(const struct turn_conf *, uint64_t now);
void		 turn_free(struct turn *);

/*
 * Talk with this peer, as long as the allocation is. 0, or -1: the table is
 * full. Until the server has permitted it nothing can be sent there.
 */
int		 turn_permit(struct turn *, uint64_t now, const struct addr *);

/*
 * A datagram. False: it is not from the server, or answers nothing that was
 * asked here. What does not authenticate changes nothing. The peer's bytes
 * lie within those given.
 */
bool		 turn_input(struct turn *, uint64_t now, const struct path *,
		     uint8_t *, size_t, struct turn_data *, struct batch *tx);
void		 turn_tick(struct turn *, uint64_t now, struct batch *tx);
uint64_t	 turn_deadline(const struct turn *);

/*
 * Turn a datagram to a peer (to.remote) into one to the server, where it
 * lies. False: that peer is not permitted now; the datagram is as it was.
 */
bool		 turn_wrap(struct turn *, uint64_t now, struct dgram *);

/* Give the allocation back; go on with tick and input until it is over. */
void		 turn_close(struct turn *, uint64_t now, struct batch *tx);

enum turn_state	 turn_state(const struct turn *);
const char	*turn_why(const struct turn *);	/* once failed: the reason */

/*
 * Failed, as the server sends us to another one (RFC 8489 10): which, and its
 * name, for TLS; "": none is told. False: it does not.
 */
bool		 turn_alternate(const struct turn *, struct addr *,
		     const char **name);

/* Why this peer is not permitted, in words; NULL: no reason is known. */
const char	*turn_refused(const struct turn *, const struct addr *);

/* Once up: the address that peers see, and ours as the server sees it. */
const struct addr *turn_relayed(const struct turn *);
const struct addr *turn_mapped(const struct turn *);

#endif
