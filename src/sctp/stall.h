#ifndef SCTP_STALL_H
#define SCTP_STALL_H

#include <stdbool.h>
#include <stdint.h>

#include "sctp/lib.h"

/*
 * Does an association get anywhere: a TSN acknowledged, nothing to
 * acknowledge, or any sign of a peer whose window is closed, as its
 * application may rest as long as it likes.
 */
struct stall {
	uint64_t	 at;		/* last */
	uint64_t	 acked, queued;	/* as they were */
};

/* After each call; heard: a packet came at this time. */
void		 stall_look(struct stall *, uint64_t now, size_t mtu,
		     bool heard, const uint64_t[LIB_NUMBERS]);

/* When there was none for too long to hope for any. */
uint64_t	 stall_end(const struct stall *,
		     const uint64_t[LIB_NUMBERS]);

#endif
