#include <string.h>

#include "base/dgq.h"
#include "crypto/hash.h"
#include "dtls/dtls.h"
#include "peer/tracks.h"

void
tracks_fini(struct tracks *t)
{
	guard_free(t->guard);
	dgq_free(t->arrived);
}

bool
tracks_key(struct tracks *t, const struct dtls *dtls, bool client)
{
	uint8_t	 keys[GUARD_KEYS];

	if (t->guard != NULL)
		return true;
	if (dtls == NULL || dtls_state(dtls) != DTLS_UP ||
	    dtls_export_srtp(dtls, keys, sizeof(keys)) == -1)
		return false;
	t->guard = guard_new(client, keys);
	wipe(keys, sizeof(keys));
	if (t->arrived == NULL)
		t->arrived = dgq_new();
	if (t->guard != NULL && t->arrived != NULL)
		return true;
	guard_free(t->guard);
	t->guard = NULL;
	return false;
}

void
tracks_input(struct tracks *t, uint64_t now, uint8_t *bytes, size_t n)
{
	struct rtp	 h;

	if (t->guard == NULL)
		tracks_refuse(t, GUARD_UNKEYED);
	else if (guard_open(t->guard, bytes, &n, &h) == GUARD_OK)
		dgq_put(t->arrived, now, bytes, n);
}

bool
tracks_next(struct tracks *t, struct span *s, struct rtp *h)
{
	uint64_t	 at;

	if (t->lent)
		dgq_drop(t->arrived);
	t->lent = t->arrived != NULL && dgq_first(t->arrived, s, &at);
	if (t->lent)
		rtp_parse(h, s->p, s->n);
	return t->lent;
}

void
tracks_renumber(uint8_t *packet, const struct tracks_pt *pt)
{
	if ((packet[1] & 0x7f) == pt->from)
		packet[1] = (uint8_t)((packet[1] & 0x80) | pt->to);
}

enum guard_result
tracks_refuse(struct tracks *t, enum guard_result r)
{
	t->unguarded[r]++;
	return r;
}

enum guard_result
tracks_send(struct tracks *t, const void *owner, const struct span *s,
    const struct tracks_pt *pt, struct rtp *h, struct batch *tx)
{
	size_t			 mark = tx->n;
	struct dgram		*d = batch_add(tx, s->n);
	enum guard_result	 r;

	if (d == NULL)
		return tracks_refuse(t, GUARD_FAILED);
	memcpy(d->p, s->p, s->n);
	if (rtp_parse(h, d->p, s->n) == NULL && !h->rtcp)
		tracks_renumber(d->p, pt);
	r = guard_seal(t->guard, owner, d->p, &d->n, h);
	if (r != GUARD_OK)
		tx->n = mark;
	return r;
}

void
tracks_stats(const struct tracks *t, uint64_t count[GUARD_RESULTS])
{
	memset(count, 0, GUARD_RESULTS * sizeof(count[0]));
	if (t->guard != NULL)
		guard_stats(t->guard, count);
	for (int r = 0; r < GUARD_RESULTS; r++)
		count[r] += t->unguarded[r];
}
