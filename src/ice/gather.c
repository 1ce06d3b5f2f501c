#include <string.h>

#include "ice/agent.h"

/*
 * Server-reflexive candidates (RFC 8445 5.1.1.2): every host address asks
 * every server of its family, one question per Ta. Answers carry no
 * integrity; the transaction id and the path are what tells them from forged
 * ones, and a wrong address costs a candidate that does not work.
 */

static bool
can_ask(const struct cand *c, const struct addr *server)
{
	return c->type == ICE_HOST && c->addr.family == server->family &&
	    addr_is_loopback(&c->addr) == addr_is_loopback(server) &&
	    !addr_is_linklocal(&c->addr);
}

/* The host that asks this server next; -1: none is left. */
static int
asks_next(const struct ice *ice, const struct server *s)
{
	for (size_t l = 0; l < ice->nlocal; l++)
		if (!(s->asked >> l & 1) && can_ask(&ice->local[l], &s->addr))
			return (int)l;
	return -1;
}

/* The next question: its server, and which host; -1: none is left. */
static int
find(const struct ice *ice, size_t *server)
{
	int	 l = -1;

	for (size_t s = 0; s < ice->nserver && l == -1; s++) {
		l = asks_next(ice, &ice->server[s]);
		*server = s;
	}
	return l;
}

/* Is it still asked, or will be. */
static bool
may_answer(const struct ice *ice, size_t s)
{
	if (asks_next(ice, &ice->server[s]) != -1)
		return true;
	for (size_t i = 0; i < ice->ntxn; i++)
		if (ice->txn[i].kind == TXN_GATHER && ice->txn[i].pair == s)
			return true;
	return false;
}

bool
gather_pending(const struct ice *ice)
{
	size_t	 s;

	return find(ice, &s) != -1;
}

void
gather_next(struct ice *ice, uint64_t now, struct batch *tx)
{
	struct path	 path;
	struct txn	*t;
	size_t		 s;
	int		 l = find(ice, &s);

	if (l == -1 || txn_count(ice, TXN_GATHER) >= GATHERING)
		return;
	path.local = ice->local[l].addr;
	path.remote = ice->server[s].addr;
	t = txn_start(ice, now, TXN_GATHER, &path, (uint32_t)s,
	    GATHER_PATIENCE);
	if (t == NULL)
		return;		/* asked when a transaction has ended */
	ice->server[s].asked |= UINT64_C(1) << l;
	txn_send(ice, now, t, tx);
}

void
gather_again(struct ice *ice, bool all)
{
	for (struct server *s = ice->server; s < ice->server + ice->nserver;
	    s++) {
		if (all)
			s->answered = 0;
		s->asked = s->answered;
	}
}

/* What the same server told of the same base before; it is no more. */
static void
forget_former(struct ice *ice, const struct cand *c, const struct addr *base)
{
	for (size_t i = 0; i < ice->nlocal; i++)
		if (ice->local[i].type == ICE_SRFLX &&
		    addr_equal(&ice->base[i], base) &&
		    strcmp(ice->local[i].foundation, c->foundation) == 0 &&
		    !addr_equal(&ice->local[i].addr, &c->addr)) {
			pairs_drop_local(ice, i);
			return;
		}
}

static void
mark_answered(struct ice *ice, const struct txn *t)
{
	struct server	*s = &ice->server[t->pair];

	s->state = SERVER_HEARD;
	for (size_t i = 0; i < ice->nlocal; i++)
		if (addr_equal(&ice->local[i].addr, &t->path.local))
			s->answered |= UINT64_C(1) << i;
}

void
gather_answer(struct ice *ice, const struct txn *t, const struct stun *m)
{
	struct cand	 c = { .type = ICE_SRFLX };

	mark_answered(ice, t);
	if (!stun_succeeds(m) || m->mapped.family == 0 ||
	    m->mapped.port == 0 || addr_is_any(&m->mapped) ||
	    addr_equal(&m->mapped, &t->path.local))
		return;
	c.addr = m->mapped;
	c.related = t->path.local;
	c.priority = cand_priority(ICE_SRFLX,
	    65535 - (unsigned)ice->nlocal);
	cand_foundation(&c, &t->path.local, &t->path.remote);
	forget_former(ice, &c, &t->path.local);
	pairs_add_local(ice, &c, &t->path.local);
}

/* Many addresses of ours reach a server each its way: one answer is enough. */
void
gather_silence(struct ice *ice, const struct txn *t)
{
	struct server	*s = &ice->server[t->pair];

	if (s->state == SERVER_UNKNOWN && !may_answer(ice, t->pair))
		s->state = SERVER_SILENT;
}

const struct addr *
gather_silent(struct ice *ice)
{
	for (struct server *s = ice->server; s < ice->server + ice->nserver;
	    s++)
		if (s->state == SERVER_SILENT) {
			s->state = SERVER_TOLD;
			return &s->addr;
		}
	return NULL;
}
