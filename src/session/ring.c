/*
 * Offset o lies at mem[o % cap]; cap is a power of two, so the difference of
 * two offsets and their places stay right for the whole of a stream.
 * start <= end <= start + cap.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "session/ring.h"

static size_t
place(const struct ring *r, uint64_t offset)
{
	return (size_t)(offset & (r->cap - 1));
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool
take_memory(struct ring *r)
{
	if (r->mem == NULL)
		r->mem = malloc(r->cap);
	return r->mem != NULL;
}

void
ring_init(struct ring *r, size_t cap)
{
	memset(r, 0, sizeof(*r));
	for (r->cap = 1; r->cap < cap; r->cap *= 2)
		;
}

void
ring_fini(struct ring *r)
{
	free(r->mem);
	r->mem = NULL;
}

void
ring_reset(struct ring *r, uint64_t at)
{
	ring_fini(r);
	r->start = r->end = at;
}

size_t
ring_used(const struct ring *r)
{
	return (size_t)(r->end - r->start);
}

size_t
ring_room(const struct ring *r)
{
	return r->cap - ring_used(r);
}

struct span
ring_space(struct ring *r)
{
	struct span	 s = { NULL, 0 };
	size_t		 at = place(r, r->end);

	if (ring_room(r) == 0 || !take_memory(r))
		return s;
	s.p = r->mem + at;
	s.n = least(ring_room(r), r->cap - at);
	return s;
}

void
ring_filled(struct ring *r, size_t n)
{
	assert(n <= ring_room(r));
	r->end += n;
}

struct span
ring_at(const struct ring *r, uint64_t offset)
{
	struct span	 s = { NULL, 0 };
	size_t		 at = place(r, offset);

	assert(offset >= r->start && offset <= r->end);
	if (offset == r->end)
		return s;
	s.p = r->mem + at;
	s.n = least((size_t)(r->end - offset), r->cap - at);
	return s;
}

void
ring_drop(struct ring *r, uint64_t offset)
{
	assert(offset >= r->start && offset <= r->end);
	r->start = offset;
}

bool
ring_poke(struct ring *r, uint64_t at, const void *p, size_t n)
{
	size_t	 first = least(n, r->cap - place(r, at));

	assert(at >= r->end && at + n <= r->start + r->cap);
	if (!take_memory(r))
		return false;
	memcpy(r->mem + place(r, at), p, first);
	memcpy(r->mem, (const uint8_t *)p + first, n - first);
	return true;
}

bool
ring_put(struct ring *r, const void *p, size_t n)
{
	if (n == 0)
		return true;
	if (n > ring_room(r) || !ring_poke(r, r->end, p, n))
		return false;
	ring_filled(r, n);
	return true;
}

void
ring_skip(struct ring *r, size_t n)
{
	assert(ring_used(r) == 0);
	r->start = r->end += n;
}
