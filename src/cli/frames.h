#ifndef CLI_FRAMES_H
#define CLI_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of a burst: frames of a 32-bit big-endian length and a payload
 * that differs per key, frame and offset, made and checked in pieces of any
 * size. Fast enough not to be what is measured.
 */
struct frames {
	uint64_t	 key;
	uint32_t	 size;		/* of a payload */
	uint64_t	 count;		/* frames in all */
	uint64_t	 frame;		/* those that are complete */
	/* offset in the next, length included */
	uint64_t	 at;
};

void	 frames_init(struct frames *, uint64_t key, uint64_t count,
	     uint32_t size);
bool	 frames_done(const struct frames *);

/* Make the next bytes, at most cap. How many; 0: all were made. */
size_t	 frames_make(struct frames *, uint8_t *, size_t cap);

/*
 * Check the next bytes. 0, or -1 with a reason in why (FRAMES_WHY bytes) that
 * says where; frame then counts the whole frames before the wrong one.
 */
enum { FRAMES_WHY = 96 };
int	 frames_check(struct frames *, const uint8_t *, size_t n, char *why);

#endif
