/*
 * Free lists by classes of 64 bytes, and of 2 KiB for what is large. A block
 * carries its size in front, so that it finds its list again; what is larger
 * than the largest class goes straight to malloc. The memory is a global as
 * usrsctp's use of it is.
 *
 * The reserve is one piece, of which blocks are cut one behind the other. It is
 * whole again when none of them is in use any more.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sctp/pool.h"

enum {
	STEP = 64,
	SMALL = 40,			/* classes: a cluster and its header */
	STRIDE = 2048,
	LARGE = 33,			/* classes: a message of a link */
	CLASSES = SMALL + LARGE,
	KEEP = 4 << 20,			/* bytes kept at most: a full window */
	/* A message of the largest and its ABORT; not touched, not resident. */
	RESERVE = 1 << 20,
};

union block {
	struct {
		size_t		 size;	/* of the caller's part */
		union block	*next;	/* while it is free */
	}		 h;
	_Alignas(16) char	 align[16];
};

static union block	*list[CLASSES];
static size_t		 kept, used;
static char		*reserve;
static size_t		 cut, lent;	/* bytes of it; blocks in use */
static bool		 failed;

static size_t
class_of(size_t n)
{
	size_t	 c = (n + STEP - 1) / STEP;

	return c < SMALL ? c : SMALL - 1 + (n + STRIDE - 1) / STRIDE;
}

static size_t
size_of(size_t class)
{
	return class < SMALL ? class * STEP : (class - SMALL + 1) * STRIDE;
}

static bool
is_reserve(const union block *b)
{
	const char	*p = (const char *)b;

	return reserve != NULL && p >= reserve && p < reserve + RESERVE;
}

static union block *
from_reserve(size_t n)
{
	union block	*b;

	failed = true;
	if (reserve == NULL || n > RESERVE - cut)
		return NULL;
	b = (union block *)(void *)(reserve + cut);
	cut += n;
	lent++;
	return b;
}

int
pool_begin(void)
{
	failed = false;
	if (reserve == NULL)
		reserve = malloc(RESERVE);
	return reserve != NULL && cut <= RESERVE / 2 ? 0 : -1;
}

bool
pool_failed(void)
{
	return failed;
}

void *
hotlink_sctp_malloc(size_t n)
{
	size_t		 c, size;
	union block	*b;

	if (n > SIZE_MAX - STRIDE - sizeof(*b))
		return NULL;
	c = class_of(n);
	size = size_of(c);
	if (c < CLASSES && list[c] != NULL) {
		b = list[c];
		list[c] = b->h.next;
		kept -= size;
	} else {
		b = malloc(sizeof(*b) + size);
		if (b == NULL)
			b = from_reserve(sizeof(*b) + size);
		if (b == NULL)
			return NULL;
	}
	used++;
	b->h.size = size;
	return b + 1;
}

void
hotlink_sctp_free(void *p)
{
	union block	*b = p;
	size_t		 c;

	if (b == NULL)
		return;
	b--;
	used--;
	if (is_reserve(b)) {
		cut = --lent == 0 ? 0 : cut;
		return;
	}
	c = class_of(b->h.size);
	if (c >= CLASSES || kept + b->h.size > KEEP) {
		free(b);
		return;
	}
	b->h.next = list[c];
	list[c] = b;
	kept += b->h.size;
}

void *
hotlink_sctp_calloc(size_t n, size_t size)
{
	void	*p;

	if (size > 0 && n > SIZE_MAX / size)
		return NULL;
	p = hotlink_sctp_malloc(n * size);
	return p == NULL ? NULL : memset(p, 0, n * size);
}

void *
hotlink_sctp_realloc(void *p, size_t n)
{
	size_t	 had = p == NULL ? 0 : ((union block *)p - 1)->h.size;
	void	*q = hotlink_sctp_malloc(n);

	if (q == NULL)
		return NULL;
	if (p != NULL)
		memcpy(q, p, had < n ? had : n);
	hotlink_sctp_free(p);
	return q;
}

void
pool_trim(void)
{
	union block	*b;

	for (size_t c = 0; c < CLASSES; c++)
		while ((b = list[c]) != NULL) {
			list[c] = b->h.next;
			free(b);
		}
	kept = 0;
	if (lent > 0)
		return;
	free(reserve);
	reserve = NULL;
}

size_t
pool_used(void)
{
	return used;
}

size_t
pool_kept(void)
{
	return kept;
}
