#ifndef PEER_TRACKS_H
#define PEER_TRACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"
#include "srtp/guard.h"

struct dgq;
struct dtls;

/*
 * The RTP and RTCP of a connection, as SRTP beside its channels. The keys are
 * its DTLS's, so they exist once the handshake is over; nothing is allocated
 * before the first packet. All zero is a new one.
 */
struct tracks {
	struct guard	*guard;		/* NULL: there was no packet yet */
	struct dgq	*arrived;	/* opened, not pulled yet */
	bool		 lent;		/* its first is with the owner */
	uint64_t	 unguarded[GUARD_RESULTS];	/* not by the guard */
};

void		 tracks_fini(struct tracks *);

/* Before either way is used. False: no keys yet, or no memory. */
bool		 tracks_key(struct tracks *, const struct dtls *, bool client);

/* A packet of the peer's, opened where it lies, or counted. */
void		 tracks_input(struct tracks *, uint64_t now, uint8_t *, size_t);

/* The next one that was opened, lent until the next call. */
bool		 tracks_next(struct tracks *, struct span *, struct rtp *);

/* Payload type from is to be to; others, and RTCP, stay as they are. */
struct tracks_pt {
	uint8_t	 from, to;
};
void		 tracks_renumber(uint8_t *packet, const struct tracks_pt *);

/* A packet of owner's (guard.h), sealed into the batch, or counted. */
enum guard_result tracks_send(struct tracks *, const void *owner,
		     const struct span *, const struct tracks_pt *,
		     struct rtp *, struct batch *);

/* One that cannot be sealed, counted as such: there are no keys, say. */
enum guard_result tracks_refuse(struct tracks *, enum guard_result);

void		 tracks_stats(const struct tracks *, uint64_t[GUARD_RESULTS]);

#endif
