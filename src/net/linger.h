#ifndef NET_LINGER_H
#define NET_LINGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

/*
 * Is it worth to look again a few times before going to sleep? To be woken
 * takes longer than a small frame does from end to end, where a processor has
 * fallen idle meanwhile. So while what is waited for came soon, again and
 * again, one looks for as long, and lets others run in between; it stops where
 * these are not soon over: who sleeps is before them when woken, who looks is
 * behind.
 */
struct linger {
	unsigned	 sure;
	uint64_t	 pause, resume;
};

enum {
	LINGER_TIME = 50,		/* at most, before one sleeps */
	LINGER_OTHERS = 200,		/* others may have the processor */
	LINGER_PAUSE = 50 * MS,		/* else, doubled each time */
	LINGER_PAUSE_MAX = 1 * SEC,
};

bool	 linger_is_worth(const struct linger *, uint64_t now);

/* That long it took until something came, or anything was due. */
void	 linger_waited(struct linger *, uint64_t took);

/* That long others ran. */
void	 linger_yielded(struct linger *, uint64_t now, uint64_t took);

#endif
