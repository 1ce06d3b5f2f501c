/*
 * Free lists by classes of 64 bytes. A block carries its class in front, so
 * that it finds its list again; what is larger than the largest class goes
 * straight to malloc. The memory is a global as usrsctp's use of it is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sctp/pool.h"

enum {
	STEP = 64,
	CLASSES = 40,			/* the last: a cluster and its header */
	KEEP = 4 << 20,			/* bytes kept at most: a full window */
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

static size_t
class_of(size_t n)
{
	return (n + STEP - 1) / STEP;
}

void *
hotlink_sctp_malloc(size_t n)
{
	size_t		 c = class_of(n);
	union block	*b;

	if (n > SIZE_MAX - STEP - sizeof(*b))
		return NULL;
	if (c < CLASSES && list[c] != NULL) {
		b = list[c];
		list[c] = b->h.next;
		kept -= c * STEP;
	} else {
		b = malloc(sizeof(*b) + c * STEP);
		if (b == NULL)
			return NULL;
	}
	used++;
	b->h.size = c * STEP;
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
	c = class_of(b->h.size);
	if (c >= CLASSES || kept + c * STEP > KEEP) {
		free(b);
		return;
	}
	b->h.next = list[c];
	list[c] = b;
	kept += c * STEP;
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
