#ifndef PEER_MTU_H
#define PEER_MTU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"

struct ice;

/*
 * How large the datagrams of a connection are (RFC 8899): asked of the path
 * while DTLS shakes hands, doubted when nothing is acknowledged any more, and
 * asked again every ten minutes and after a change of paths. A size that
 * changes takes a fresh association of SCTP, so only much more is worth it.
 */
enum mtu_phase {
	MTU_FIXED,		/* given, or what foreign peers take */
	MTU_SOUGHT,		/* before SCTP starts */
	MTU_HELD,
	MTU_LOWERING,		/* it got lost: what does the path carry */
	MTU_RAISING,		/* does it carry more */
	MTU_SETTLING,		/* it does: the peer finds out as well */
};

struct mtu {
	enum mtu_phase	 phase;
	size_t		 size;		/* of a UDP payload, in use */
	size_t		 next;		/* SETTLING: what is used then */
	size_t		 most;		/* that may be looked for */
	size_t		 lost;		/* it was this, until it got lost */
	/* HELD: when to look for more. SETTLING: when that is over */
	uint64_t	 at;
	uint64_t	 since;		/* of the size; of LOWERING */
	uint64_t	 looked;	/* at whether it still holds */
};

/* given 0: find out, up to most. */
void		 mtu_init(struct mtu *, size_t given, size_t most);

/* DTLS has begun: ask, or, as the peer is a foreign one, do not. */
void		 mtu_seek(struct mtu *, struct ice *, uint64_t, bool foreign,
		     struct batch *tx);

/* False: it is not known yet. */
bool		 mtu_known(struct mtu *, struct ice *, uint64_t now);

/*
 * While SCTP is up. stalled: since when nothing of what is under way was
 * acknowledged; NEVER: nothing is. grows: more is of use. What is returned has
 * happened to the size.
 */
enum mtu_change { MTU_SAME, MTU_SMALLER, MTU_LARGER };
enum mtu_change	 mtu_tick(struct mtu *, struct ice *, uint64_t now,
		     uint64_t stalled, bool grows, struct batch *tx);
uint64_t	 mtu_deadline(const struct mtu *);

/* Another path is in use. */
void		 mtu_moved(struct mtu *, uint64_t now);

/* The peer has a fresh association made: with the best size known. */
void		 mtu_renew(struct mtu *, struct ice *, uint64_t now);

#endif
