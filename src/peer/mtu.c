#include "base/time.h"
#include "ice/ice.h"
#include "peer/mtu.h"
#include "peer/peer.h"

enum {
	STALL = 1 * SEC,	/* before its size is doubted */
	LOOK_AGAIN = 3 * SEC,
	RAISE = 600,		/* seconds: RFC 8899 5.1.1 */
	/* Both ends look at the same time, and the later knows by then. */
	SETTLE = 1 * SEC,
	MOVED = 5 * SEC,	/* a new path is in use so long, then look */
	MOVED_GAP = 60 * SEC,	/* but not more often */
	WORTH = 8,		/* an eighth more is much more */
};

static void
hold(struct mtu *m, uint64_t now)
{
	m->phase = MTU_HELD;
	m->at = m->size < PEER_MTU_MOST ? now + RAISE * (uint64_t)SEC : NEVER;
}

static void
change(struct mtu *m, uint64_t now, size_t size)
{
	m->size = size;
	m->since = now;
	hold(m, now);
}

void
mtu_init(struct mtu *m, size_t given, size_t most)
{
	*m = (struct mtu){
		.phase = given != 0 ? MTU_FIXED : MTU_SOUGHT,
		.size = given != 0 ? given : PEER_MTU, .most = most,
		.at = NEVER,
	};
	if (most == 0 || most > PEER_MTU_MOST)
		m->most = PEER_MTU_MOST;
}

/* What takes foreign peers by surprise is known, so they are not asked. */
void
mtu_seek(struct mtu *m, struct ice *ice, uint64_t now, bool foreign,
    struct batch *tx)
{
	if (foreign) {
		m->phase = MTU_FIXED;
		if (m->size > PEER_MTU_FOREIGN)
			m->size = PEER_MTU_FOREIGN;
	}
	if (m->phase == MTU_SOUGHT)
		ice_search_mtu(ice, now, m->most, tx);
}

bool
mtu_known(struct mtu *m, struct ice *ice, uint64_t now)
{
	if (m->phase != MTU_SOUGHT)
		return true;
	if (ice_searches_mtu(ice))
		return false;
	change(m, now, ice_mtu(ice) != 0 ? ice_mtu(ice) : m->size);
	return true;
}

/*
 * A path that has shrunk swallows what is too large for it without a word
 * (RFC 8899 4.3). If the look says so, ask what it carries instead.
 */
static void
doubt(struct mtu *m, struct ice *ice, uint64_t now, struct batch *tx)
{
	if (ice_mtu_lost(ice)) {
		m->phase = MTU_LOWERING;
		m->since = now;
		ice_search_mtu(ice, now, m->size - 1, tx);
	} else if (now >= m->looked + LOOK_AGAIN) {
		m->looked = now;
		ice_look_at_mtu(ice, now, m->size, tx);
	}
}

static enum mtu_change
lower(struct mtu *m, struct ice *ice, uint64_t now, uint64_t stalled)
{
	size_t	 found = ice_mtu(ice);

	if (stalled == NEVER || stalled > m->since) {
		hold(m, now);		/* it was not that */
		return MTU_SAME;
	}
	if (ice_searches_mtu(ice))
		return MTU_SAME;
	m->lost = m->size;
	m->most = m->lost - 1;
	if (found == 0 || found >= m->lost)
		found = ICE_MTU_LEAST;		/* the path went meanwhile */
	change(m, now, found);
	return MTU_SMALLER;
}

static void
look_for_more(struct mtu *m, struct ice *ice, uint64_t now, bool grows,
    struct batch *tx)
{
	hold(m, now);
	if (!grows)
		return;
	m->phase = MTU_RAISING;
	m->most = PEER_MTU_MOST;
	ice_search_mtu(ice, now, m->most, tx);
}

static void
raise(struct mtu *m, struct ice *ice, uint64_t now)
{
	size_t	 found = ice_mtu(ice);

	if (ice_searches_mtu(ice))
		return;
	hold(m, now);
	if (found < m->size + m->size / WORTH)
		return;
	m->phase = MTU_SETTLING;
	m->next = found;
	m->at = now + SETTLE;
}

enum mtu_change
mtu_tick(struct mtu *m, struct ice *ice, uint64_t now, uint64_t stalled,
    bool grows, struct batch *tx)
{
	bool	 doubtful = stalled != NEVER && now >= stalled + STALL;

	switch (m->phase) {
	case MTU_FIXED:
	case MTU_SOUGHT:
		break;
	case MTU_HELD:
		if (now >= m->at)
			look_for_more(m, ice, now, grows && !doubtful, tx);
		else if (doubtful && m->size > ICE_MTU_LEAST)
			doubt(m, ice, now, tx);
		break;
	case MTU_LOWERING:
		return lower(m, ice, now, stalled);
	case MTU_RAISING:
		raise(m, ice, now);
		break;
	case MTU_SETTLING:
		if (now < m->at)
			break;
		m->lost = 0;
		change(m, now, m->next);
		return MTU_LARGER;
	}
	return MTU_SAME;
}

uint64_t
mtu_deadline(const struct mtu *m)
{
	return m->phase == MTU_HELD || m->phase == MTU_SETTLING ?
	    m->at : NEVER;
}

void
mtu_moved(struct mtu *m, uint64_t now)
{
	uint64_t	 soon = now + MOVED, may = m->since + MOVED_GAP;

	if (m->phase == MTU_HELD && m->at != NEVER)
		m->at = earlier(m->at, soon > may ? soon : may);
}

void
mtu_renew(struct mtu *m, struct ice *ice, uint64_t now)
{
	if (m->phase == MTU_SETTLING)
		change(m, now, m->next);
	else if (m->phase == MTU_LOWERING && ice_mtu(ice) != 0)
		change(m, now, ice_mtu(ice));
}
