/*
 * held[s % LEGACY_HELD] is number s for next <= s < next + LEGACY_HELD, so a
 * place never means two numbers. bytes is the sum of what is held.
 */
#include <stdlib.h>
#include <string.h>

#include "session/reorder.h"

static struct span *
place(struct reorder *r, uint64_t seq)
{
	return &r->held[seq % LEGACY_HELD];
}

static void
drop(struct reorder *r, struct span *s)
{
	r->bytes -= s->n;
	free(s->p);
	s->p = NULL;
	s->n = 0;
}

void
reorder_init(struct reorder *r)
{
	memset(r, 0, sizeof(*r));
	r->next = 1;
	r->since = NEVER;
}

void
reorder_skip(struct reorder *r)
{
	for (size_t i = 0; i < LEGACY_HELD; i++)
		drop(r, &r->held[i]);
	if (r->seen >= r->next)
		r->next = r->seen + 1;
	r->since = NEVER;
}

void
reorder_restart(struct reorder *r)
{
	reorder_skip(r);
	r->next = 1;
	r->seen = 0;
}

bool
reorder_has(const struct reorder *r, uint64_t seq)
{
	return seq < r->next || (seq - r->next < LEGACY_HELD &&
	    r->held[seq % LEGACY_HELD].p != NULL);
}

/* next is missing as long as something beyond it waits. */
static void
note_gap(struct reorder *r, uint64_t now)
{
	if (r->bytes == 0 || place(r, r->next)->p != NULL)
		r->since = NEVER;
	else if (r->since == NEVER)
		r->since = now;
}

bool
reorder_hold(struct reorder *r, uint64_t now, uint64_t seq, const uint8_t *p,
    size_t n, size_t cap)
{
	struct span	 s = { NULL, n };

	if (seq > r->seen)
		r->seen = seq;
	if (seq - r->next >= LEGACY_HELD || n > cap || r->bytes > cap - n ||
	    (s.p = malloc(n)) == NULL)
		return false;
	memcpy(s.p, p, n);
	*place(r, seq) = s;
	r->bytes += n;
	note_gap(r, now);
	return true;
}

struct span
reorder_first(const struct reorder *r)
{
	return r->held[r->next % LEGACY_HELD];
}

void
reorder_pass(struct reorder *r, uint64_t now, uint64_t seq)
{
	drop(r, place(r, seq));
	r->next = seq + 1;
	if (seq > r->seen)
		r->seen = seq;
	r->since = NEVER;
	note_gap(r, now);
}
