#include <stdlib.h>

#include "base/batch.h"

int
batch_init(struct batch *b, size_t cap)
{
	memset(b, 0, sizeof(*b));
	b->mem = malloc(cap);
	if (b->mem == NULL)
		return -1;
	b->cap = cap;
	return 0;
}

void
batch_fini(struct batch *b)
{
	free(b->mem);
	memset(b, 0, sizeof(*b));
}

bool
batch_room(const struct batch *b, size_t n, size_t len)
{
	size_t	 each = BATCH_HEAD + len + BATCH_TAIL;

	return n <= BATCH_DGRAMS - b->n && each * n <= b->cap - b->used;
}

struct dgram *
batch_add(struct batch *b, size_t len)
{
	struct dgram	*d;

	if (!batch_room(b, 1, len)) {
		b->dropped++;
		return NULL;
	}
	d = &b->d[b->n++];
	d->p = b->mem + b->used + BATCH_HEAD;
	d->n = len;
	d->to = b->to;
	b->used += BATCH_HEAD + len + BATCH_TAIL;
	return d;
}

void
batch_put(struct batch *b, const void *p, size_t len)
{
	struct dgram	*d = batch_add(b, len);

	if (d != NULL)
		memcpy(d->p, p, len);
}

void
batch_reset(struct batch *b)
{
	b->n = 0;
	b->used = 0;
}
