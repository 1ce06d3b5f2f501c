#include <string.h>

#include "ice/agent.h"

/*
 * The check list (RFC 8445 6.1.2) of one component: every host address with
 * every remote candidate it can reach. Freezing by foundation orders checks
 * among many components; with one it would only delay, so pairs wait from the
 * start and are taken by priority. A new pair takes the place of the lowest one
 * that has never worked.
 *
 * By priority alone, the addresses of a host's bridges, which all have a pair
 * with each of the peer's, would leave no room for what works where they do
 * not: so who makes room is of the kind of which there are most.
 */
enum kind { DIRECT, REFLEXIVE, RELAYED, KINDS };

uint64_t
pairs_priority(const struct ice *ice, const struct pair *p)
{
	uint64_t	 g = ice->controlling ? p->lprio : p->rprio;
	uint64_t	 d = ice->controlling ? p->rprio : p->lprio;
	uint64_t	 min = g < d ? g : d, max = g < d ? d : g;

	return (min << 32) + 2 * max + (g > d);		/* 6.1.2.3 */
}

/*
 * A scope means something with a link-local address only, and then both ends
 * are on the link of ours. Every path is put into this form first.
 */
struct path
pairs_path(const struct path *p)
{
	struct path	 q = *p;

	if (q.local.family != 6 || !addr_is_linklocal(&q.local))
		q.local.scope = 0;
	q.remote.scope = 0;
	if (q.remote.family == 6 && addr_is_linklocal(&q.remote))
		q.remote.scope = q.local.scope;
	return q;
}

static bool
can_reach(const struct addr *host, const struct addr *remote)
{
	if (host->family != remote->family ||
	    addr_is_loopback(host) != addr_is_loopback(remote))
		return false;
	return host->family != 6 ||
	    addr_is_linklocal(host) == addr_is_linklocal(remote);
}

struct pair *
pairs_by_path(struct ice *ice, const struct path *path)
{
	for (size_t i = 0; i < ice->npair; i++)
		if (ice->pair[i].id != 0 &&
		    path_equal(&ice->pair[i].path, path))
			return &ice->pair[i];
	return NULL;
}

struct pair *
pairs_by_id(struct ice *ice, uint32_t id)
{
	for (size_t i = 0; i < ice->npair && id != 0; i++)
		if (ice->pair[i].id == id)
			return &ice->pair[i];
	return NULL;
}

static bool
goes_before(const struct ice *ice, const struct pair *a, const struct pair *b)
{
	if (a->triggered != b->triggered)
		return a->triggered;
	return pairs_priority(ice, a) > pairs_priority(ice, b);
}

struct pair *
pairs_best(struct ice *ice, enum pair_state state)
{
	struct pair	*best = NULL, *p;

	for (p = ice->pair; p < ice->pair + ice->npair; p++)
		if (p->id != 0 && p->state == state &&
		    (best == NULL || goes_before(ice, p, best)))
			best = p;
	return best;
}

size_t
pairs_count(const struct ice *ice, enum pair_state state)
{
	size_t	 n = 0;

	for (size_t i = 0; i < ice->npair; i++)
		n += ice->pair[i].id != 0 && ice->pair[i].state == state;
	return n;
}

bool
pairs_any(const struct ice *ice, enum pair_state state)
{
	return pairs_count(ice, state) > 0;
}

/* The one place where a pair's state changes. */
void
pairs_set_state(struct ice *ice, struct pair *p, enum pair_state state)
{
	if (p->state == state)
		return;
	p->state = state;
	report_state(ice, p);
}

static enum kind
kind_of(const struct pair *p)
{
	if (p->local == ICE_RELAY || p->remote == ICE_RELAY)
		return RELAYED;
	return p->local == ICE_HOST && p->remote == ICE_HOST ? DIRECT :
	    REFLEXIVE;
}

/* Of which kind most are; p's, if there are as many of it. */
static enum kind
commonest(const struct ice *ice, const struct pair *p)
{
	size_t		 n[KINDS] = { 0 };
	enum kind	 most = kind_of(p);

	for (size_t i = 0; i < ICE_PAIRS; i++)
		n[kind_of(&ice->pair[i])]++;
	for (enum kind k = DIRECT; k < KINDS; k++)
		if (n[k] > n[most])
			most = k;
	return most;
}

/* The lowest of a kind that has never worked, or NULL. */
static struct pair *
lowest_of(struct ice *ice, enum kind kind)
{
	struct pair	*lowest = NULL, *p;

	for (p = ice->pair; p < ice->pair + ICE_PAIRS; p++)
		if (!p->known && kind_of(p) == kind && (lowest == NULL ||
		    pairs_priority(ice, p) < pairs_priority(ice, lowest)))
			lowest = p;
	return lowest;
}

/* What is known to work needs no priority. */
static struct pair *
slot_for(struct ice *ice, const struct pair *pair)
{
	enum kind	 kind;
	struct pair	*p;

	for (p = ice->pair; p < ice->pair + ICE_PAIRS; p++)
		if (p->id == 0) {
			if (p >= ice->pair + ice->npair)
				ice->npair = (size_t)(p - ice->pair) + 1;
			return p;
		}
	kind = commonest(ice, pair);
	p = lowest_of(ice, kind);
	if (p == NULL || (kind == kind_of(pair) && !pair->known &&
	    pairs_priority(ice, p) >= pairs_priority(ice, pair)))
		return NULL;
	txn_cancel(ice, p->id);
	return p;
}

/*
 * Of the others the base is a host address, from which pairs are formed. The
 * address itself is only what the peer is told.
 */
static bool
is_base(const struct cand *c)
{
	return c->type == ICE_HOST || c->type == ICE_RELAY;
}

static void
form(struct ice *ice, size_t l, size_t r, bool known)
{
	const struct cand	*local = &ice->local[l], *remote =
	    &ice->remote[r];
	struct pair		 p = {
		.state = PAIR_WAITING,
		.path = { ice->base[l], remote->addr },
		.local = local->type,
		.remote = remote->type,
		.lprio = local->priority,
		.rprio = remote->priority,
		.known = known,
	};
	struct pair		*slot;

	p.path = pairs_path(&p.path);
	if (!is_base(local) || pairs_by_path(ice, &p.path) != NULL)
		return;
	slot = slot_for(ice, &p);
	if (slot == NULL)
		return;
	if (ice->state == ICE_CONNECTED &&
	    ice->sel.generation == ice->gen.number &&
	    pairs_priority(ice, &p) < ice->sel.priority)
		p.state = PAIR_FROZEN;
	p.id = ++ice->ids;
	*slot = p;
	report_state(ice, slot);
}

static size_t
count_of(const struct ice *ice, enum ice_type type)
{
	size_t	 n = 0;

	for (size_t i = 0; i < ice->nlocal; i++)
		n += ice->local[i].type == type;
	return n;
}

/* False: there are enough of its type, or it is redundant (5.1.3). */
bool
pairs_add_local(struct ice *ice, const struct cand *c, const struct addr *base)
{
	static const size_t	 most[] = {
		[ICE_HOST] = ICE_HOSTS, [ICE_SRFLX] = ICE_REFLEXIVE,
		[ICE_PRFLX] = 0, [ICE_RELAY] = ICE_RELAYED,
	};
	size_t			 n = ice->nlocal;

	for (size_t i = 0; i < n; i++)
		if (addr_equal(&ice->local[i].addr, &c->addr) &&
		    addr_equal(&ice->base[i], base))
			return false;
	if (count_of(ice, c->type) >= most[c->type])
		return false;
	ice->local[n] = *c;
	ice->base[n] = *base;
	ice->nlocal++;
	for (size_t r = 0; r < ice->nremote; r++)
		if (can_reach(base, &ice->remote[r].addr))
			form(ice, n, r, false);
	return true;
}

/* The nth place is closed up, with whatever counts or points by place. */
void
pairs_drop_local(struct ice *ice, size_t nth)
{
	size_t		 after = --ice->nlocal - nth;
	uint64_t	 below = (UINT64_C(1) << nth) - 1;
	struct server	*s;

	memmove(&ice->local[nth], &ice->local[nth + 1],
	    after * sizeof(ice->local[0]));
	memmove(&ice->base[nth], &ice->base[nth + 1],
	    after * sizeof(ice->base[0]));
	ice->announced -= ice->announced > nth;
	for (s = ice->server; s < ice->server + ice->nserver; s++) {
		s->asked = (s->asked & below) | (s->asked >> 1 & ~below);
		s->answered = (s->answered & below) |
		    (s->answered >> 1 & ~below);
	}
}

/* An address of ours is no more, nor is what was learnt or formed with it. */
void
pairs_drop_base(struct ice *ice, const struct addr *base)
{
	struct pair	*p;

	for (size_t i = ice->nlocal; i-- > 0;)
		if (addr_equal(&ice->base[i], base))
			pairs_drop_local(ice, i);
	for (p = ice->pair; p < ice->pair + ice->npair; p++)
		if (p->id != 0 && addr_equal(&p->path.local, base))
			memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < ice->ntxn; i++)
		if (addr_equal(&ice->txn[i].path.local, base))
			ice->txn[i].kind = TXN_FREE;
}

static bool
goes_to(const struct path *p, const struct cand *c)
{
	struct addr	 a = p->remote;

	a.scope = 0;
	return addr_equal(&a, &c->addr);
}

/* Signalling knows better what a peer-reflexive candidate is (7.3.1.3). */
static void
update(struct ice *ice, struct cand *old, const struct cand *c)
{
	struct pair	*p;

	if (old->type != ICE_PRFLX || c->type == ICE_PRFLX)
		return;
	*old = *c;
	for (p = ice->pair; p < ice->pair + ice->npair; p++)
		if (p->id != 0 && goes_to(&p->path, c)) {
			p->remote = c->type;
			p->rprio = c->priority;
			if (ice->sel.on && path_equal(&p->path,
			    &ice->sel.info.path)) {
				ice->sel.info.remote = c->type;
				ice->sel.priority = pairs_priority(ice, p);
			}
		}
}

static void
forget(struct ice *ice, const struct cand *c)
{
	struct pair	*p;

	for (p = ice->pair; p < ice->pair + ice->npair; p++) {
		if (p->id == 0 || !goes_to(&p->path, c))
			continue;
		txn_cancel(ice, p->id);
		memset(p, 0, sizeof(*p));
	}
}

/*
 * A peer behind a NAT that forgets its mappings comes from ever new ports:
 * what was learnt longest ago and is not in use makes room. The table is in
 * the order of arrival.
 */
static bool
forget_oldest_prflx(struct ice *ice)
{
	struct cand	*c = ice->remote, *end = c + ice->nremote;

	while (c < end && (c->type != ICE_PRFLX ||
	    (ice->sel.on && goes_to(&ice->sel.info.path, c))))
		c++;
	if (c == end)
		return false;
	forget(ice, c);
	memmove(c, c + 1, (size_t)(end - c - 1) * sizeof(*c));
	ice->nremote--;
	return true;
}

int
pairs_add_remote(struct ice *ice, const struct cand *c)
{
	size_t	 n = ice->nremote;

	for (size_t i = 0; i < n; i++) {
		if (!addr_equal(&ice->remote[i].addr, &c->addr))
			continue;
		update(ice, &ice->remote[i], c);
		return 0;
	}
	if (n == ICE_REMOTES && !forget_oldest_prflx(ice))
		return -1;
	n = ice->nremote++;
	ice->remote[n] = *c;
	for (size_t l = 0; l < ice->nlocal; l++)
		if (can_reach(&ice->base[l], &c->addr))
			form(ice, l, n, false);
	return 0;
}

/*
 * The pair of a path that a check has come by, whatever we thought it could
 * reach; its remote candidate is known. NULL: the table is full.
 */
struct pair *
pairs_of_check(struct ice *ice, const struct path *path)
{
	for (size_t l = 0; l < ice->nlocal; l++)
		for (size_t r = 0; r < ice->nremote; r++)
			if (addr_equal(&ice->base[l], &path->local) &&
			    goes_to(path, &ice->remote[r]))
				form(ice, l, r, true);
	return pairs_by_path(ice, path);
}

/* Once a pair is selected, only better ones are worth a check (8.1.2). */
void
pairs_freeze_below(struct ice *ice, uint64_t priority)
{
	struct pair	*p;

	for (p = ice->pair; p < ice->pair + ice->npair; p++) {
		if (p->id == 0 || pairs_priority(ice, p) >= priority ||
		    (p->state != PAIR_WAITING && p->state != PAIR_CHECKING))
			continue;
		txn_cancel(ice, p->id);
		pairs_set_state(ice, p, PAIR_FROZEN);
	}
}

/*
 * Everything is to be tried again: nothing is known to work now. A nomination
 * stands: a peer that did not notice the loss will not repeat it.
 */
void
pairs_thaw(struct ice *ice)
{
	struct pair	*p;

	for (p = ice->pair; p < ice->pair + ice->npair; p++) {
		if (p->id == 0)
			continue;
		txn_cancel(ice, p->id);
		pairs_set_state(ice, p, PAIR_WAITING);
		p->triggered = p->retriggered = false;
	}
}

/* What failed and would be better than what works is tried again. */
void
pairs_retry_above(struct ice *ice, uint64_t priority)
{
	struct pair	*p;

	for (p = ice->pair; p < ice->pair + ice->npair; p++)
		if (p->id != 0 && p->state == PAIR_FAILED &&
		    pairs_priority(ice, p) > priority) {
			p->state = PAIR_WAITING;
			p->retried = true;
		}
}

/*
 * The host or relayed candidate whose base is this address, whatever scope it
 * came with.
 */
const struct cand *
pairs_base(const struct ice *ice, const struct addr *a)
{
	for (size_t i = 0; i < ice->nlocal; i++)
		if (is_base(&ice->local[i]) && addr_equal(&ice->base[i], a))
			return &ice->local[i];
	return NULL;
}

void
pairs_reset(struct ice *ice)
{
	memset(ice->pair, 0, sizeof(ice->pair));
	memset(ice->remote, 0, sizeof(ice->remote));
	ice->nremote = 0;
	ice->nnamed = ice->nasked = 0;
}
