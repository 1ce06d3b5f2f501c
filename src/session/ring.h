#ifndef SESSION_RING_H
#define SESSION_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * A stretch of a byte stream, addressed by offsets from the stream's start:
 * [start, end), at most cap long. The memory is taken with the first byte,
 * doubled when what is held needs it, and given back by ring_reset and
 * ring_trim: an idle link costs nothing, one that keeps up costs little.
 */
enum { RING_LEAST = 64 << 10 };

struct ring {
	uint8_t		*mem;
	size_t		 size;		/* of mem; 0 or a power of two */
	size_t		 cap;		/* power of two */
	uint64_t	 start, end;
	uint64_t	 top;		/* what was poked lies below */
};

void		 ring_init(struct ring *, size_t cap);
void		 ring_fini(struct ring *);
void		 ring_reset(struct ring *, uint64_t at);

/* cap from now on; nothing may lie beyond it. */
void		 ring_limit(struct ring *, size_t cap);

/* Give the memory back, if nothing is in it. */
bool		 ring_idle(const struct ring *);	/* it could be */
void		 ring_trim(struct ring *);

size_t		 ring_used(const struct ring *);
size_t		 ring_room(const struct ring *);

/* Contiguous free space to fill; empty if full or out of memory. */
struct span	 ring_space(struct ring *);
void		 ring_filled(struct ring *, size_t);

/* Contiguous bytes from offset on; bytes below an offset are given up. */
struct span	 ring_at(const struct ring *, uint64_t offset);
void		 ring_drop(struct ring *, uint64_t offset);

/* Append a copy: all of it or nothing. */
bool		 ring_put(struct ring *, const void *, size_t);

/*
 * Copy bytes to where they belong beyond the end, below start + cap, without
 * moving the end (ring_filled does, once what lies between has come); false
 * if out of memory. An empty ring moves on over bytes it never held.
 */
bool		 ring_poke(struct ring *, uint64_t at, const void *, size_t);
void		 ring_skip(struct ring *, size_t);

#endif
