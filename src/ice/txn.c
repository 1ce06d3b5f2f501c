#include <string.h>

#include "crypto/rng.h"
#include "ice/agent.h"

/*
 * STUN transactions (RFC 8489 6.2.1). A request is built anew each time it
 * is sent, from what the transaction says: the bytes are the same. The first
 * repetition comes after RTO, or later if many checks share the pace (RFC
 * 8445 14.3), then after twice that, up to RTO_MAX.
 */

static struct txn *
free_slot(struct ice *ice)
{
	struct txn	*oldest = NULL, *t;

	for (t = ice->txn; t < ice->txn + ICE_TXNS; t++) {
		if (t->kind == TXN_FREE) {
			if (t >= ice->txn + ice->ntxn)
				ice->ntxn = (size_t)(t - ice->txn) + 1;
			return t;
		}
		if (t->cancelled &&
		    (oldest == NULL || t->sent_at < oldest->sent_at))
			oldest = t;
	}
	return oldest;
}

struct txn *
txn_start(struct ice *ice, uint64_t now, enum txn_kind kind,
    const struct path *path, uint32_t pair, uint64_t patience)
{
	struct txn	*t = free_slot(ice);
	uint64_t	 busy = pairs_count(ice, PAIR_CHECKING) * TA;

	if (t == NULL)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->kind = kind;
	rng_bytes(ice->conf.rng, t->tid, sizeof(t->tid));
	t->path = *path;
	t->pair = pair;
	t->generation = ice->gen.number;
	t->role = ice->controlling ? STUN_CONTROLLING : STUN_CONTROLLED;
	t->tiebreaker = ice->tiebreaker;
	t->rto = busy > RTO ? busy : RTO;
	t->again_at = now;
	t->until = now + patience;
	return t;
}

static const struct generation *
generation(const struct ice *ice, uint32_t number)
{
	if (number == ice->gen.number)
		return &ice->gen;
	return number == ice->old.number ? &ice->old : NULL;
}

const struct creds *
txn_remote(const struct ice *ice, const struct txn *t)
{
	const struct generation	*g = generation(ice, t->generation);

	return g != NULL ? &g->remote : NULL;
}

/* "theirs:ours" into buf. */
static struct stun_text
username(const struct generation *g, char *buf)
{
	size_t			 r = strlen(g->remote.ufrag);
	size_t			 l = strlen(g->local.ufrag);
	struct stun_text	 t = { (uint8_t *)buf, r + 1 + l };

	memcpy(buf, g->remote.ufrag, r);
	buf[r] = ':';
	memcpy(buf + r + 1, g->local.ufrag, l);
	return t;
}

/* What a prflx candidate made of this base would have (RFC 8445 7.1.1). */
static uint32_t
reflexive_priority(const struct ice *ice, const struct addr *base)
{
	const struct cand	*c = pairs_base(ice, base);

	return cand_priority(ICE_PRFLX, c != NULL ? c->priority >> 8 : 65535);
}

static size_t
encode(struct ice *ice, const struct txn *t, uint8_t *buf, size_t cap)
{
	const struct generation	*g = generation(ice, t->generation);
	char			 user[2 * ICE_CRED_MAX + 2];
	struct stun		 m = { .method = STUN_BINDING };

	memcpy(m.tid, t->tid, sizeof(m.tid));
	if (t->kind == TXN_GATHER)
		return stun_encode(&m, NULL, 0, true, buf, cap);
	if (g == NULL)
		return 0;
	m.username = username(g, user);
	m.has_priority = true;
	m.priority = reflexive_priority(ice, &t->path.local);
	m.role = t->role;
	m.tiebreaker = t->tiebreaker;
	m.use_candidate = t->kind == TXN_NOMINATE ||
	    (t->kind == TXN_CONSENT && t->role == STUN_CONTROLLING);
	m.filled = t->size;
	return stun_encode(&m, g->remote.pwd, strlen(g->remote.pwd), true, buf,
	    cap);
}

static void
count_for_pair(struct ice *ice, const struct txn *t)
{
	struct pair	*p = t->kind == TXN_CHECK || t->kind == TXN_NOMINATE ?
			    pairs_by_id(ice, t->pair) : NULL;

	if (p != NULL)
		p->sent++;
}

void
txn_send(struct ice *ice, uint64_t now, struct txn *t, struct batch *tx)
{
	size_t		 room = t->size > STUN_MAX ? t->size : STUN_MAX;
	struct dgram	*d;

	tx->to = t->path;
	d = batch_add(tx, room);
	if (d != NULL) {
		d->n = encode(ice, t, d->p, room);
		tx->n -= d->n == 0;
	}
	ice->stats.checks_sent += t->kind != TXN_GATHER;
	count_for_pair(ice, t);
	t->sent++;
	t->sent_at = now;
	t->again_at = now + t->rto;
	t->rto = earlier(2 * t->rto, RTO_MAX > t->rto ? RTO_MAX : t->rto);
	if (t->kind == TXN_CONSENT)	/* never repeated: RFC 7675 5.1 */
		t->again_at = t->until;
}

struct txn *
txn_find(struct ice *ice, const uint8_t *tid)
{
	for (size_t i = 0; i < ice->ntxn; i++)
		if (ice->txn[i].kind != TXN_FREE &&
		    memcmp(ice->txn[i].tid, tid, STUN_TID) == 0)
			return &ice->txn[i];
	return NULL;
}

/* RFC 8445 7.3.1.4: an answer still counts, silence no longer does. */
void
txn_cancel(struct ice *ice, uint32_t pair)
{
	for (size_t i = 0; i < ice->ntxn; i++)
		if ((ice->txn[i].kind == TXN_CHECK ||
		    ice->txn[i].kind == TXN_NOMINATE) &&
		    ice->txn[i].pair == pair)
			ice->txn[i].cancelled = true;
}

void
txn_end_kind(struct ice *ice, enum txn_kind kind)
{
	for (size_t i = 0; i < ice->ntxn; i++)
		if (ice->txn[i].kind == kind)
			ice->txn[i].kind = TXN_FREE;
}

size_t
txn_count(const struct ice *ice, enum txn_kind kind)
{
	size_t	 n = 0;

	for (size_t i = 0; i < ice->ntxn; i++)
		n += ice->txn[i].kind == kind && !ice->txn[i].cancelled;
	return n;
}

bool
txn_any(const struct ice *ice, enum txn_kind kind)
{
	return txn_count(ice, kind) > 0;
}

void
txn_tick(struct ice *ice, uint64_t now, struct batch *tx,
    void (*on_silence)(struct ice *, const struct txn *))
{
	struct txn	*t, gone;

	for (t = ice->txn; t < ice->txn + ice->ntxn; t++) {
		if (t->kind == TXN_FREE)
			continue;
		if (now >= t->until) {
			gone = *t;
			t->kind = TXN_FREE;
			if (!gone.cancelled)
				on_silence(ice, &gone);
		} else if (!t->cancelled && now >= t->again_at)
			txn_send(ice, now, t, tx);
	}
	while (ice->ntxn > 0 && ice->txn[ice->ntxn - 1].kind == TXN_FREE)
		ice->ntxn--;
}

uint64_t
txn_deadline(const struct ice *ice)
{
	const struct txn	*t;
	uint64_t		 at = NEVER;

	for (t = ice->txn; t < ice->txn + ice->ntxn; t++) {
		if (t->kind == TXN_FREE || t->kind == TXN_CONSENT ||
		    t->cancelled)
			continue;	/* nothing depends on when they end */
		at = earlier(at, earlier(t->again_at, t->until));
	}
	return at;
}
