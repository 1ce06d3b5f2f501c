/*
 * From our socket to the peer. With acked = ring.start and read = ring.end:
 *
 *	acked <= sent <= sent_max <= read, sent_max <= limit
 *
 * up_rewind sets sent back to acked; an ack may then arrive for bytes sent
 * before, up to sent_max, and moves sent forward with it. Nothing above
 * sent_max can honestly be acknowledged. The end takes the offset read, so
 * read + 1 acknowledges it, once eof was told and all bytes were sent.
 */
#include <assert.h>
#include <string.h>

#include "session/half.h"

void
up_init(struct up *u, size_t cap)
{
	memset(u, 0, sizeof(*u));
	ring_init(&u->ring, cap);
	up_reset(u);
}

void
up_reset(struct up *u)
{
	ring_reset(&u->ring, 0);
	u->sent = u->sent_max = 0;
	u->limit = FLOW_INITIAL;
	u->waiting = NEVER;
	u->state = UP_OPEN;
	u->fin_due = u->fin_told = false;
}

struct span
up_space(struct up *u, size_t most)
{
	struct span	 s = { NULL, 0 };
	size_t		 used = ring_used(&u->ring);

	if (u->state != UP_OPEN || used >= most)
		return s;
	s = ring_space(&u->ring);
	if (s.n > most - used)
		s.n = most - used;
	return s;
}

void
up_filled(struct up *u, uint64_t now, size_t n)
{
	assert(u->state == UP_OPEN);
	ring_filled(&u->ring, n);
	if (n > 0 && u->waiting == NEVER)
		u->waiting = now;
}

void
up_end(struct up *u, uint64_t now)
{
	if (u->state != UP_OPEN)
		return;
	u->state = UP_ENDED;
	u->fin_due = true;
	if (u->waiting == NEVER)
		u->waiting = now;
}

bool
up_begun(const struct up *u)
{
	return u->sent_max > 0 || u->fin_told;
}

bool
up_next(const struct up *u, size_t max, struct hlnk2 *h)
{
	struct span	 s = ring_at(&u->ring, u->sent);
	uint64_t	 room = u->limit > u->sent ? u->limit - u->sent : 0;

	if (s.n > max)
		s.n = max;
	if (s.n > room)
		s.n = (size_t)room;
	if (s.n == 0)
		return false;
	h->type = HLNK_DATA;
	h->offset = u->sent;
	h->payload = s;
	return true;
}

void
up_sent(struct up *u, const struct hlnk2 *h, struct flow_stats *st)
{
	uint64_t	 end = h->offset + h->payload.n;
	uint64_t	 fresh;

	if (h->offset > u->sent_max || end > u->ring.end)
		return;
	fresh = end > u->sent_max ? end - u->sent_max : 0;
	st->tx_bytes += fresh;
	st->resent_bytes += h->payload.n - fresh;
	u->sent_max += fresh;
	if (h->offset == u->sent)
		u->sent = end;
}

void
up_rewind(struct up *u)
{
	u->sent = u->ring.start;
	u->fin_due = u->state == UP_ENDED;
}

const char *
up_ack(struct up *u, uint64_t now, const struct hlnk2 *h)
{
	bool		 fin = u->fin_told && u->sent_max == u->ring.end &&
			    h->offset == u->ring.end + 1;
	uint64_t	 to = fin ? u->ring.end : h->offset;

	if (to > u->sent_max)
		return "the peer acknowledged what was not sent";
	if (h->limit > u->limit)
		u->limit = h->limit;
	if (to > u->ring.start || (fin && u->state == UP_ENDED))
		u->waiting = now;
	if (to > u->ring.start)
		ring_drop(&u->ring, to);
	if (u->sent < u->ring.start)
		u->sent = u->ring.start;
	if (fin) {
		u->state = UP_DONE;
		u->fin_due = false;
	}
	if (ring_used(&u->ring) == 0 && u->state != UP_ENDED)
		u->waiting = NEVER;
	return NULL;
}
