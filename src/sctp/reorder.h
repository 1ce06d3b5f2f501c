#ifndef SCTP_REORDER_H
#define SCTP_REORDER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How far packets overtake one another on a path, so that what is only late is
 * not taken for lost: the reordering window of RACK (RFC 8985), but as wide as
 * what was seen and no fixed part of the round trip. Times are of sending:
 * one packet overtook another by what lies between them. Pure.
 */
struct reorder {
	uint64_t	 latest;	/* of what arrived, sent once */
	uint64_t	 latest_at;	/* when that was known */
	uint64_t	 seen[2];	/* most of this period and the last */
	uint64_t	 period;	/* when this one began */
	uint64_t	 widened;
};

/*
 * What was sent then arrived. once: no other copy was sent. If it was sent
 * again and is acknowledged within less than the least round trip, the first
 * one arrived, and was late by more than we wait for: true, once in a round
 * trip. rtt is the usual one: never longer than that is waited.
 */
bool		 reorder_acked(struct reorder *, uint64_t now,
		     uint64_t sent_at, bool once, uint64_t rtt,
		     uint64_t rtt_min);

/* How long what is sent is given to arrive after what was sent later. */
uint64_t	 reorder_window(const struct reorder *);

/*
 * Until when what was sent then may still be on its way, though others have
 * overtaken it. 0: it may not.
 */
uint64_t	 reorder_until(const struct reorder *, uint64_t sent_at);

/* The path is another one. */
void		 reorder_forget(struct reorder *);

#endif
