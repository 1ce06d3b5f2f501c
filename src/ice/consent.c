#include "crypto/rng.h"
#include "ice/agent.h"

/*
 * Consent (RFC 7675): the selected path is checked every 5 s, times 0.8 to
 * 1.2 at random, each time with a new transaction that is not repeated; as
 * long as the last one is unanswered the next one comes sooner. What counts
 * is the time since the last valid answer; some time before that other pairs
 * are tried, as the peer's NAT may have given it another address. The
 * controlling agent's checks
 * carry USE-CANDIDATE: some lite servers heed no others. A lite agent asks
 * nothing; it counts from the peer's last authenticated request.
 */

static uint64_t
interval(struct ice *ice)
{
	return CONSENT_EVERY * (800 + rng_u64(ice->conf.rng) % 401) / 1000;
}

void
consent_begin(struct ice *ice, uint64_t now)
{
	ice->sel.heard = now;
	ice->sel.asked_at = 0;
	ice->sel.thawed = false;
	ice->sel.check_at = ice->conf.lite ? NEVER : now + interval(ice);
}

/* The peer answered on this path, or as we are lite, asked. */
void
consent_answer(struct ice *ice, uint64_t now, const struct path *path)
{
	if (!ice->sel.on || !path_equal(path, &ice->sel.info.path))
		return;
	if (ice->sel.thawed)
		pairs_freeze_below(ice, ice->sel.priority);
	consent_begin(ice, now);
}

static uint64_t
expiry(const struct ice *ice)
{
	return ice->sel.heard + (ice->conf.lite ? LITE_SILENCE :
	    ice->conf.consent > 0 ? ice->conf.consent : CONSENT);
}

uint64_t
consent_deadline(const struct ice *ice)
{
	if (!ice->sel.on)
		return NEVER;
	return earlier(expiry(ice), ice->sel.check_at);
}

/* A lite agent asks nothing: it can only have heard nothing. */
bool
consent_silent(const struct ice *ice, uint64_t now)
{
	const struct selected	*s = &ice->sel;

	if (s->asked_at != 0 && now >= s->asked_at + SILENT)
		return true;
	return now - s->heard > 3 * (uint64_t)CONSENT_EVERY / 2;
}

void
consent_lose(struct ice *ice, uint64_t now)
{
	ice->sel.on = false;
	ice->ev_path = false;
	ice->ev_lost = true;
	ice->valid_at = 0;
	ice->fail_at = now + PATIENCE;
	txn_end_kind(ice, TXN_CONSENT);
	pairs_thaw(ice);
	ice_set_state(ice, ICE_CHECKING);
}

static void
ask(struct ice *ice, uint64_t now, struct batch *tx)
{
	struct txn	*t;

	ice->sel.check_at = now + CONSENT_AGAIN;
	if (ice->sel.asked_at == 0)
		ice->sel.asked_at = now;
	t = txn_start(ice, now, TXN_CONSENT, &ice->sel.info.path, 0,
	    CONSENT_EVERY);
	if (t == NULL)
		return;
	t->generation = ice->sel.generation;
	txn_send(ice, now, t, tx);
}

void
consent_tick(struct ice *ice, uint64_t now, struct batch *tx)
{
	if (!ice->sel.on)
		return;
	if (now >= expiry(ice)) {
		consent_lose(ice, now);
		return;
	}
	if (now >= ice->sel.check_at)
		ask(ice, now, tx);
	if (!ice->conf.lite && ice->follows && !ice->sel.thawed &&
	    consent_silent(ice, now)) {
		ice->sel.thawed = true;
		pairs_thaw(ice);
	}
}

void
ice_doubt(struct ice *ice, uint64_t now)
{
	if (ice->sel.on && !ice->conf.lite && ice->sel.asked_at == 0)
		ice->sel.check_at = now;
}
