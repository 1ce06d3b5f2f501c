/*
 * Offset o lies at mem[o % size]; size is a power of two, so the difference of
 * two offsets and their places stay right for the whole of a stream.
 * start <= end <= top <= start + size, and size <= cap.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "session/ring.h"

static size_t
place(size_t size, uint64_t offset)
{
	return (size_t)(offset & (size - 1));
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
power_of_two(size_t n)
{
	size_t	 p = 1;

	while (p < n)
		p *= 2;
	return p;
}

/*
 * To twice the size or half of it. What lies in [start, top) is at most the
 * smaller size, so of what has the bit of that size in its offset, which is
 * in one piece, the place is so much higher in the larger one.
 */
static void
move(struct ring *r, uint8_t *to, const uint8_t *from, size_t bit)
{
	uint64_t	 o = r->start, end = r->top;
	uint64_t	 next = (o | (bit - 1)) + 1;

	if ((o & bit) == 0)
		o = next;
	else if (end > next)
		end = next;
	if (o < end)
		memmove(to + place(bit, o), from + place(bit, o),
		    (size_t)(end - o));
}

static bool
twice(struct ring *r)
{
	uint8_t	*mem = realloc(r->mem, 2 * r->size);

	if (mem == NULL)
		return false;
	move(r, mem + r->size, mem, r->size);
	r->mem = mem;
	r->size *= 2;
	return true;
}

static void
half(struct ring *r)
{
	uint8_t	*mem;

	r->size /= 2;
	move(r, r->mem, r->mem + r->size, r->size);
	mem = realloc(r->mem, r->size);
	if (mem != NULL)
		r->mem = mem;
}

/* Memory for [start, start + n). */
static bool
hold(struct ring *r, size_t n)
{
	if (n > r->cap)
		return false;
	if (r->mem == NULL) {
		r->mem = malloc(least(RING_LEAST, r->cap));
		if (r->mem == NULL)
			return false;
		r->size = least(RING_LEAST, r->cap);
	}
	while (r->size < n)
		if (!twice(r))
			return false;
	return true;
}

void
ring_init(struct ring *r, size_t cap)
{
	memset(r, 0, sizeof(*r));
	r->cap = power_of_two(cap);
}

void
ring_fini(struct ring *r)
{
	free(r->mem);
	r->mem = NULL;
	r->size = 0;
}

void
ring_reset(struct ring *r, uint64_t at)
{
	ring_fini(r);
	r->start = r->end = r->top = at;
}

void
ring_limit(struct ring *r, size_t cap)
{
	r->cap = power_of_two(cap);
	assert(r->top <= r->start + r->cap);
	while (r->size > r->cap)
		half(r);
}

bool
ring_idle(const struct ring *r)
{
	return r->mem != NULL && r->top == r->start;
}

void
ring_trim(struct ring *r)
{
	if (ring_idle(r))
		ring_fini(r);
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
	size_t		 used = ring_used(r), at;

	if (!hold(r, used + 1))
		return s;
	at = place(r->size, r->end);
	s.p = r->mem + at;
	s.n = least(r->size - used, r->size - at);
	return s;
}

void
ring_filled(struct ring *r, size_t n)
{
	assert(n <= ring_room(r));
	r->end += n;
	if (r->top < r->end)
		r->top = r->end;
}

struct span
ring_at(const struct ring *r, uint64_t offset)
{
	struct span	 s = { NULL, 0 };
	size_t		 at;

	assert(offset >= r->start && offset <= r->end);
	if (offset == r->end)
		return s;
	at = place(r->size, offset);
	s.p = r->mem + at;
	s.n = least((size_t)(r->end - offset), r->size - at);
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
	size_t	 to, first;

	assert(at >= r->end && at + n <= r->start + r->cap);
	if (!hold(r, (size_t)(at + n - r->start)))
		return false;
	to = place(r->size, at);
	first = least(n, r->size - to);
	memcpy(r->mem + to, p, first);
	memcpy(r->mem, (const uint8_t *)p + first, n - first);
	if (r->top < at + n)
		r->top = at + n;
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
	assert(r->top == r->start);
	r->start = r->end = r->top += n;
}
