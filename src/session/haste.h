#ifndef SESSION_HASTE_H
#define SESSION_HASTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

/*
 * Is somebody waiting for each of a link's frames? They are small then, and
 * few: both ends ask and answer. One large piece, either way, or one that is
 * not taken at once, and the link carries bulk for the next second: nobody
 * makes room for it.
 */
struct haste {
	uint64_t	 small_at, large_at;	/* 0: never */
};

enum {
	HASTE_SMALL = 4 << 10,		/* bytes, that anybody waits for */
	HASTE_LASTS = 100 * MS,
	HASTE_CALM = 1 * SEC,
};

/*
 * That much was read from the local side, or came from the peer. behind: it
 * has to wait for room, or for a slow reader, and so is waited for by nobody.
 */
void	 haste_saw(struct haste *, uint64_t now, size_t, bool behind);

bool	 haste_is_on(const struct haste *, uint64_t now);

#endif
