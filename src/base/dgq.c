/*
 * Each datagram lies in one piece in a ring of bytes, so that it can be lent;
 * what does not fit before the ring's end goes to its start. In use is
 * [first, end) or, wrapped, [first, the end of the ring) and [0, end). One
 * byte at least is taken, so that every datagram has its own place.
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/dgq.h"

struct entry {
	uint64_t	 at;
	uint32_t	 off, n;
};

struct dgq {
	struct entry	 e[DGQ_COUNT];
	size_t		 first, count;
	uint64_t	 overflows;
	uint8_t		 mem[DGQ_BYTES];
};

_Static_assert(DGQ_LONGEST <= DGQ_BYTES, "any datagram fits an empty queue");

struct dgq *
dgq_new(void)
{
	struct dgq	*q = malloc(sizeof(*q));

	if (q == NULL)
		return NULL;
	q->first = q->count = 0;
	q->overflows = 0;
	return q;
}

void
dgq_free(struct dgq *q)
{
	free(q);
}

/* Where n bytes can go. False: nowhere before the oldest has gone. */
static bool
place(const struct dgq *q, size_t n, uint32_t *off)
{
	const struct entry	*first, *last;
	size_t			 end;

	*off = 0;
	if (q->count == 0)
		return true;
	if (q->count == DGQ_COUNT)
		return false;
	first = &q->e[q->first];
	last = &q->e[(q->first + q->count - 1) % DGQ_COUNT];
	end = last->off + (last->n > 0 ? last->n : 1);
	*off = (uint32_t)end;
	if (last->off < first->off)
		return end + n <= first->off;
	if (end + n <= DGQ_BYTES)
		return true;
	*off = 0;
	return n <= first->off;
}

void
dgq_put(struct dgq *q, uint64_t now, const void *p, size_t n)
{
	struct entry	 e = { .at = now, .n = (uint32_t)n };

	assert(n <= DGQ_LONGEST);
	while (!place(q, n > 0 ? n : 1, &e.off)) {
		dgq_drop(q);
		q->overflows++;
	}
	if (n > 0)
		memcpy(q->mem + e.off, p, n);
	q->e[(q->first + q->count++) % DGQ_COUNT] = e;
}

bool
dgq_first(const struct dgq *q, struct span *s, uint64_t *at)
{
	const struct entry	*e = &q->e[q->first];

	if (q->count == 0)
		return false;
	s->p = (uint8_t *)(uintptr_t)q->mem + e->off;
	s->n = e->n;
	*at = e->at;
	return true;
}

void
dgq_drop(struct dgq *q)
{
	if (q->count == 0)
		return;
	q->first = (q->first + 1) % DGQ_COUNT;
	q->count--;
}

uint64_t
dgq_overflows(const struct dgq *q)
{
	return q->overflows;
}

size_t
dgq_waiting(const struct dgq *q)
{
	return q->count;
}
