#include "crypto/rng.h"
#include "ice/agent.h"

/*
 * Connectivity checks (RFC 8445 7.2) and nomination (8.1.1). The controlling
 * agent nominates the best pair that works as soon as none better can still
 * come, or after NOMINATE_AFTER; should a better one come later, it is
 * nominated in turn if the peer is one of us. The controlled agent follows.
 */

void
check_start(struct ice *ice, uint64_t now, struct pair *p, struct batch *tx)
{
	struct txn	*t;

	txn_cancel(ice, p->id);
	t = txn_start(ice, now, TXN_CHECK, &p->path, p->id, p->retried ?
	    (uint64_t)RETRY_PATIENCE : (uint64_t)PATIENCE);
	if (t == NULL)
		return;		/* it waits until a transaction has ended */
	pairs_set_state(ice, p, PAIR_CHECKING);
	p->triggered = false;
	txn_send(ice, now, t, tx);
}

/* Both sides recompute, as pair priorities depend on the role. */
void
check_switch_role(struct ice *ice)
{
	ice->controlling = !ice->controlling;
	txn_end_kind(ice, TXN_NOMINATE);
}

static void
on_conflict(struct ice *ice, const struct txn *t)
{
	struct pair	*p = pairs_by_id(ice, t->pair);
	bool		 was = t->role == STUN_CONTROLLING;

	/* 7.2.5.1: again, in the new role, with another tie-breaker. */
	if (was == ice->controlling && !ice->conf.lite) {
		check_switch_role(ice);
		ice->tiebreaker = rng_u64(ice->conf.rng);
	}
	if (p != NULL) {
		pairs_set_state(ice, p, PAIR_WAITING);
		p->triggered = true;
	}
}

/*
 * A mapped address that is none of ours says that a NAT is in between: the
 * valid pair's local candidate is that address (7.2.5.3.1). Our base, which
 * is what we send from, stays.
 */
static enum ice_type
local_type(const struct ice *ice, const struct txn *t, const struct stun *m)
{
	const struct cand	*base = pairs_base(ice, &t->path.local);
	struct addr		 a = m->mapped;

	a.scope = t->path.local.scope;
	if (base != NULL && addr_equal(&a, &t->path.local))
		return base->type;
	for (size_t i = 0; i < ice->nlocal; i++)
		if (addr_equal(&ice->local[i].addr, &m->mapped) &&
		    addr_equal(&ice->base[i], &t->path.local))
			return ice->local[i].type;
	return ICE_PRFLX;
}

/*
 * Follow a nomination if it is the first, a better pair, or if the path in
 * use is no longer answered: the peer has then left it before us.
 */
bool
check_follows(const struct ice *ice, uint64_t now, const struct pair *p)
{
	if (!ice->sel.on || ice->sel.generation != ice->gen.number)
		return true;
	return pairs_priority(ice, p) > ice->sel.priority ||
	    consent_silent(ice, now);
}

static void
on_success(struct ice *ice, uint64_t now, const struct txn *t,
    const struct stun *m)
{
	struct pair	*p = pairs_by_id(ice, t->pair);

	if (p == NULL || m->mapped.family == 0)
		return;
	p->known = true;
	p->retriggered = p->retried = false;
	p->local = local_type(ice, t, m);
	if (t->sent == 1)	/* Karn: which one was answered is known */
		p->rtt = now - t->sent_at;
	p->answered++;
	p->why = NULL;
	pairs_set_state(ice, p, PAIR_SUCCEEDED);
	txn_cancel(ice, p->id);
	if (ice->valid_at == 0)
		ice->valid_at = now;
	if (t->kind == TXN_NOMINATE || (p->nominated && !ice->controlling &&
	    check_follows(ice, now, p)))
		ice_select(ice, now, p);
	else if (ice->sel.on && path_equal(&p->path, &ice->sel.info.path))
		consent_answer(ice, now, &p->path);
}

/* What the system said when it did not send says more than silence. */
static void
fail(struct ice *ice, const struct txn *t, const char *why)
{
	struct pair	*p = pairs_by_id(ice, t->pair);

	if (p == NULL || t->cancelled)
		return;
	if (p->why == NULL)
		p->why = why;
	pairs_set_state(ice, p, PAIR_FAILED);
}

/* An authenticated answer on the path of its question. */
void
check_answer(struct ice *ice, uint64_t now, const struct txn *t,
    const struct stun *m)
{
	if (t->generation != ice->gen.number)
		return;
	if (stun_succeeds(m))
		on_success(ice, now, t, m);
	else if (m->nunknown > 0)
		fail(ice, t, "answered with an unknown attribute");
	else if (m->error == 487)
		on_conflict(ice, t);
	else
		fail(ice, t, "answered with an error");
}

void
check_silence(struct ice *ice, const struct txn *t)
{
	if (t->kind == TXN_CHECK || t->kind == TXN_NOMINATE)
		fail(ice, t, "no answer");
	else if (t->kind == TXN_PROBE)
		probe_silence(ice, t);
	else if (t->kind == TXN_GATHER)
		gather_silence(ice, t);
}

/* Not from before the selected path fell silent, for then all are asked. */
static bool
is_better(const struct ice *ice, const struct pair *p)
{
	if (!ice->sel.on || ice->sel.generation != ice->gen.number)
		return true;
	return ice->follows && (ice->sel.thawed ||
	    pairs_priority(ice, p) > ice->sel.priority);
}

/* The pair to nominate: the best that works, if better than what we have. */
static const struct pair *
nominee(const struct ice *ice)
{
	const struct pair	*best = NULL, *p;

	if (!ice->controlling || ice->conf.lite || ice->state == ICE_FAILED ||
	    txn_any(ice, TXN_NOMINATE))
		return NULL;
	for (p = ice->pair; p < ice->pair + ice->npair; p++)
		if (p->id != 0 && p->state == PAIR_SUCCEEDED && (best == NULL ||
		    pairs_priority(ice, p) > pairs_priority(ice, best)))
			best = p;
	return best != NULL && is_better(ice, best) ? best : NULL;
}

static bool
better_may_come(const struct ice *ice, const struct pair *best)
{
	const struct pair	*p;

	for (p = ice->pair; p < ice->pair + ice->npair; p++)
		if (p->id != 0 &&
		    (p->state == PAIR_WAITING || p->state == PAIR_CHECKING) &&
		    pairs_priority(ice, p) > pairs_priority(ice, best))
			return true;
	return false;
}

/* When the next nomination is due: 0: now. */
uint64_t
check_nominate_at(const struct ice *ice)
{
	const struct pair	*p = nominee(ice);

	if (p == NULL)
		return NEVER;
	return better_may_come(ice, p) ? ice->valid_at + NOMINATE_AFTER : 0;
}

void
check_nominate(struct ice *ice, uint64_t now, struct batch *tx)
{
	const struct pair	*p = nominee(ice);
	struct txn		*t;

	if (p == NULL || now < check_nominate_at(ice))
		return;
	t = txn_start(ice, now, TXN_NOMINATE, &p->path, p->id, PATIENCE);
	if (t != NULL)
		txn_send(ice, now, t, tx);
}
