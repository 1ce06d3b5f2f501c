#include <string.h>

#include "crypto/hash.h"
#include "ice/agent.h"

/*
 * The peer's checks (RFC 8445 7.3). One is ours if its USERNAME starts with
 * our ufrag, of this generation or the one before, which a peer uses until it
 * has learnt of a restart. It can be answered before the remote description
 * is here; the check it triggers waits for that. What lacks a right integrity
 * gets no answer at all.
 */

static bool
is_ours(const struct stun *m, const struct generation *g)
{
	size_t	 n = strlen(g->local.ufrag);

	return n > 0 && m->username.n > n &&
	    memcmp(m->username.p, g->local.ufrag, n) == 0 &&
	    m->username.p[n] == ':';
}

/* The other half must be the peer's ufrag, once that is known. */
static bool
is_theirs(const struct stun *m, const struct generation *g)
{
	size_t	 n = strlen(g->local.ufrag) + 1, r = strlen(g->remote.ufrag);

	return r == 0 || (m->username.n == n + r &&
	    memcmp(m->username.p + n, g->remote.ufrag, r) == 0);
}

static void
answer(struct ice *ice, const struct generation *g, const struct path *path,
    const struct stun *m, uint16_t error, struct batch *tx)
{
	struct stun	 r = {
		.method = STUN_BINDING,
		.class = error != 0 ? STUN_ERROR : STUN_SUCCESS,
		.error = error,
	};
	uint8_t		 buf[STUN_MAX];
	size_t		 n;

	memcpy(r.tid, m->tid, sizeof(r.tid));
	if (error == 0)
		r.mapped = path->remote;
	if (error == 420) {
		r.nunknown = m->nunknown;
		memcpy(r.unknown, m->unknown, sizeof(r.unknown));
	}
	n = stun_encode(&r, g->local.pwd, strlen(g->local.pwd), true, buf,
	    sizeof(buf));
	tx->to = *path;
	batch_put(tx, buf, n);
	ice->stats.responses += error == 0;
}

/* RFC 8445 7.3.1.1. True: the peer must change its role. */
static bool
conflict(struct ice *ice, const struct stun *m)
{
	bool	 same = ice->controlling ? m->role == STUN_CONTROLLING :
	    m->role == STUN_CONTROLLED;
	bool	 ours = ice->tiebreaker >= m->tiebreaker;

	if (!same || ice->conf.lite)
		return false;
	if (ice->controlling == ours)
		return true;
	check_switch_role(ice);
	return false;
}

/* The pair of a request from where nothing was known to be (7.3.1.3). */
static struct pair *
learn(struct ice *ice, const struct path *path, const struct stun *m)
{
	struct cand	 c = { .type = ICE_PRFLX };

	c.addr = path->remote;
	c.addr.scope = 0;
	c.priority = m->has_priority ? m->priority :
	    cand_priority(ICE_PRFLX, 0);
	cand_foundation(&c, &path->remote, &path->local);
	if (pairs_add_remote(ice, &c) == -1)
		return NULL;
	return pairs_of_check(ice, path);
}

/* 7.3.1.4: check back what checks us. */
static void
trigger(struct ice *ice, struct pair *p)
{
	switch (p->state) {
	case PAIR_SUCCEEDED:
		return;
	case PAIR_CHECKING:
		/*
		 * The check under way may have been lost at the peer's NAT,
		 * which is open now. Once: two agents would else trigger each
		 * other until the first answer.
		 */
		if (p->retriggered)
			return;
		p->retriggered = true;
		break;
	case PAIR_FROZEN:
	case PAIR_WAITING:
	case PAIR_FAILED:
		break;
	}
	pairs_set_state(ice, p, PAIR_WAITING);
	p->triggered = true;
}

static void
nominate(struct ice *ice, uint64_t now, struct pair *p)
{
	if (ice->controlling)
		return;
	if (ice->conf.lite)
		pairs_set_state(ice, p, PAIR_SUCCEEDED);
	p->nominated = true;
	if (p->state == PAIR_SUCCEEDED && check_follows(ice, now, p))
		ice_select(ice, now, p);
}

static void
take(struct ice *ice, uint64_t now, const struct path *path,
    const struct stun *m)
{
	struct pair	*p = pairs_by_path(ice, path);

	if (p == NULL)
		p = learn(ice, path, m);
	if (p == NULL || ice->state == ICE_FAILED)
		return;
	p->known = true;
	p->heard++;
	if (ice->conf.lite)
		consent_answer(ice, now, path);
	else
		trigger(ice, p);
	/* Few peers nominate again what they never saw fail. */
	if (m->use_candidate ||
	    (ice->conf.lite && p->nominated && !ice->sel.on))
		nominate(ice, now, p);
}

bool
serve(struct ice *ice, uint64_t now, const struct path *path,
    const struct stun *m, struct batch *tx)
{
	const struct generation	*g = is_ours(m, &ice->gen) ? &ice->gen :
	    is_ours(m, &ice->old) ? &ice->old : NULL;

	if (g == NULL)
		return false;
	ice->stats.checks_received++;
	if (pairs_base(ice, &path->local) == NULL || !is_theirs(m, g) ||
	    !stun_verify(m, g->local.pwd, strlen(g->local.pwd))) {
		ice->stats.bad_messages++;
		return true;
	}
	if (m->nunknown > 0) {
		answer(ice, g, path, m, 420, tx);
		return true;
	}
	if (g == &ice->gen && conflict(ice, m)) {
		answer(ice, g, path, m, 487, tx);
		return true;
	}
	answer(ice, g, path, m, 0, tx);
	if (g == &ice->gen)
		take(ice, now, path, m);
	return true;
}
