#ifndef SESSION_REORDER_H
#define SESSION_REORDER_H

#include "session/legacy.h"

/*
 * Numbered frames of one upstream session, put in order again. What is ahead
 * is copied and held, LEGACY_HELD numbers and cap bytes at most.
 */
struct reorder {
	uint64_t	 next;		/* the number expected, from 1 */
	uint64_t	 seen;		/* the highest so far */
	uint64_t	 since;		/* next is missing; NEVER: not */
	size_t		 bytes;
	struct span	 held[LEGACY_HELD];	/* by number */
};

void		 reorder_init(struct reorder *);
void		 reorder_restart(struct reorder *);	/* at 1 */
void		 reorder_skip(struct reorder *);	/* all up to seen */

bool		 reorder_has(const struct reorder *, uint64_t seq);
bool		 reorder_hold(struct reorder *, uint64_t now, uint64_t seq,
		     const uint8_t *, size_t, size_t cap);

/* The frame expected, if held; and on to the next one. */
struct span	 reorder_first(const struct reorder *);
void		 reorder_pass(struct reorder *, uint64_t now, uint64_t seq);

#endif
