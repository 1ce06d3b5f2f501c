#ifndef SCTP_OUT_H
#define SCTP_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/batch.h"

struct steer;

/*
 * Where an association's packets go. usrsctp knows it by a number, never by
 * a pointer, so a late call finds nothing. While the association is being
 * called its packets go into the caller's batch; at other times (usrsctp's
 * timers are global) into a small stash, until its own next call. With no
 * room in either DATA stays queued in usrsctp, and the outlet is blocked.
 */
struct out {
	uintptr_t	 id;		/* 0: none */
	struct batch	*tx;
	uint8_t		*stash;
	size_t		 used;
	bool		 blocked, woken;
	bool		 accepts;	/* to say that we need no checksums */
	bool		 bare;		/* the peer needs none */
	bool		 keeps;		/* the peer; see assoc.h */
	uint32_t	 tag;		/* the peer's, as last sent */
	bool		 sent;		/* tsn is the highest DATA sent */
	uint32_t	 tsn;
	uint64_t	 packets, retransmits, lost;
	uint64_t	 data;		/* bytes of packets with DATA */
	struct steer	*steer;		/* borrowed; NULL: usrsctp's own */
};

/* -1: out of memory, or too many. */
int		 out_init(struct out *);
void		 out_fini(struct out *);
struct out	*out_find(uintptr_t id);	/* NULL: gone */

/* Until out_end packets go to tx; those of the stash go now. */
void		 out_begin(struct out *, struct batch *tx);
void		 out_end(struct out *);

/* True if something of another call's waits for one of its own. */
bool		 out_waits(const struct out *);

/* usrsctp's output function; and the two that our build has instead. */
int		 out_packet(void *addr, void *, size_t, uint8_t tos,
		     uint8_t df);
void		*hotlink_sctp_slot(void *addr, unsigned long);
int		 hotlink_sctp_filled(void *addr, void *, unsigned long);
int		 hotlink_sctp_keeps(void *addr);

#endif
