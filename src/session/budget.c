#include <assert.h>

#include "session/budget.h"

void
budget_init(struct budget *b, size_t most)
{
	b->most = most;
	b->held = 0;
}

/* More than all is held if there are too many links for the least of each. */
static size_t
left(const struct budget *b)
{
	return b->most > b->held ? b->most - b->held : 0;
}

void
lease_init(struct lease *l, struct budget *b, size_t most)
{
	assert(most >= LEASE_LEAST);
	l->budget = b;
	l->size = 0;
	l->most = most;
	lease_set(l, LEASE_LEAST);
}

void
lease_fini(struct lease *l)
{
	lease_set(l, 0);
}

static size_t
beyond_least(size_t size)
{
	return size > LEASE_LEAST ? size - LEASE_LEAST : 0;
}

bool
lease_grow(struct lease *l)
{
	size_t	 size = l->size < l->most / 2 ? 2 * l->size : l->most;
	size_t	 more = size - l->size;

	if (more == 0)
		return false;
	if (l->budget != NULL && (left(l->budget) < more ||
	    left(l->budget) - more < beyond_least(size)))
		return false;
	lease_set(l, size);
	return true;
}

/* The largest step below. */
static size_t
half(size_t size)
{
	size_t	 n = LEASE_LEAST;

	while (2 * n < size)
		n *= 2;
	return n;
}

/* With as much again in between, or leases would shrink and grow in turn. */
size_t
lease_due(const struct lease *l)
{
	if (l->budget == NULL ||
	    beyond_least(l->size) / 2 <= left(l->budget))
		return l->size;
	return half(l->size);
}

void
lease_set(struct lease *l, size_t size)
{
	if (l->budget != NULL)
		l->budget->held = l->budget->held - l->size + size;
	l->size = size;
}
