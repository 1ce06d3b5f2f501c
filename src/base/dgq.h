#ifndef BASE_DGQ_H
#define BASE_DGQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * Datagrams that wait, whole ones, in the order they came. There is always
 * room for another: the oldest make it, and are counted.
 */
enum {
	DGQ_BYTES = 256 << 10,
	DGQ_COUNT = 2048,
	DGQ_LONGEST = 65535,	/* of one */
};

struct dgq;

struct dgq	*dgq_new(void);		/* NULL: out of memory */
void		 dgq_free(struct dgq *);

/* Copied; n <= DGQ_LONGEST. */
void		 dgq_put(struct dgq *, uint64_t now, const void *, size_t n);

/* The oldest and when it came, left there until it is dropped. */
bool		 dgq_first(const struct dgq *, struct span *, uint64_t *at);
void		 dgq_drop(struct dgq *);

uint64_t	 dgq_overflows(const struct dgq *);	/* made room, ever */
size_t		 dgq_waiting(const struct dgq *);	/* datagrams */

#endif
