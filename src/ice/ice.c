#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "ice/agent.h"

/*
 * The agent as others see it; agent.h says which file does what. All work
 * that needs no message is done by ice_tick, which ice_input ends with, so
 * that what one datagram makes possible happens at once.
 */

static const char *const states[] = {
	[ICE_NEW]	= "new",
	[ICE_CHECKING]	= "checking",
	[ICE_CONNECTED]	= "connected",
	[ICE_FAILED]	= "failed",
};

void
ice_set_state(struct ice *ice, enum ice_state state)
{
	if (ice->state == state)
		return;
	log_debug("ice %s: %s -> %s", ice->gen.local.ufrag, states[ice->state],
	    states[state]);
	ice->state = state;
}

static void
fail(struct ice *ice, const char *why)
{
	if (ice->state == ICE_FAILED)
		return;
	ice->why = why;
	ice->ev_failed = true;
	ice->sel.on = false;
	for (size_t i = 0; i < ice->ntxn; i++)
		ice->txn[i].kind = TXN_FREE;
	ice_set_state(ice, ICE_FAILED);
}

/* This pair is what is used from now on. */
void
ice_select(struct ice *ice, uint64_t now, const struct pair *p)
{
	struct selected	 s = {
		.on = true,
		.generation = ice->gen.number,
		.priority = pairs_priority(ice, p),
		.info = { p->local, p->remote, p->path, p->rtt },
	};

	if (!ice->sel.on || !path_equal(&ice->sel.info.path, &p->path) ||
	    ice->sel.generation != s.generation)
		ice->ev_path = true;
	ice->sel = s;
	txn_end_kind(ice, TXN_CONSENT);
	consent_begin(ice, now);
	pairs_freeze_below(ice, s.priority);
	ice_set_state(ice, ICE_CONNECTED);
}

static void
new_credentials(struct ice *ice)
{
	memset(&ice->gen.remote, 0, sizeof(ice->gen.remote));
	rng_text(ice->conf.rng, ice->gen.local.ufrag, ICE_UFRAG);
	rng_text(ice->conf.rng, ice->gen.local.pwd, ICE_PWD);
	ice->gen.number++;
}

struct ice *
ice_new(const struct ice_conf *conf, uint64_t now)
{
	struct ice	*ice = calloc(1, sizeof(*ice));

	if (ice == NULL)
		return NULL;
	ice->conf = *conf;
	ice->controlling = conf->controlling && !conf->lite;
	ice->tiebreaker = rng_u64(conf->rng);
	ice->next_at = now;
	ice->retry_at = NEVER;
	new_credentials(ice);
	return ice;
}

void
ice_free(struct ice *ice)
{
	if (ice == NULL)
		return;
	wipe(ice, sizeof(*ice));
	free(ice);
}

const char *
ice_ufrag(const struct ice *ice)
{
	return ice->gen.local.ufrag;
}

const char *
ice_pwd(const struct ice *ice)
{
	return ice->gen.local.pwd;
}

bool
ice_is_lite(const struct ice *ice)
{
	return ice->conf.lite;
}

/*
 * Hosts are preferred in the order they come, IPv6 before IPv4 (RFC 8421),
 * link-local ones last.
 */
static unsigned
preference(const struct ice *ice, const struct addr *a)
{
	unsigned	 p = 65535 - (unsigned)ice->nlocal;

	if (a->family == 4)
		p -= ICE_LOCALS;
	if (addr_is_linklocal(a))
		p -= 4 * ICE_LOCALS;
	return p;
}

/* What is outside of the NAT that this host is behind; NULL: nothing is. */
static const struct addr *
outside(const struct ice *ice, const struct addr *host)
{
	for (size_t i = 0; i < ice->conf.nnat; i++)
		if (addr_same_ip(&ice->conf.nat[i].inside, host))
			return &ice->conf.nat[i].outside;
	return NULL;
}

static void
add_outside(struct ice *ice, const struct addr *ip, const struct addr *host)
{
	struct cand	 c = { .type = ICE_SRFLX, .addr = *ip,
		.related = *host };

	c.addr.port = host->port;
	c.priority = cand_priority(ICE_SRFLX, preference(ice, ip));
	cand_foundation(&c, host, ip);
	pairs_add_local(ice, &c, host);
}

int
ice_add_host(struct ice *ice, uint64_t now, const struct addr *a)
{
	struct addr		 host = pairs_path(
	    &(struct path){ .local = *a }).local;
	struct cand		 c = { .type = ICE_HOST, .addr = host };
	const struct addr	*ip = outside(ice, &host);

	(void)now;
	if (pairs_base(ice, &host) != NULL)
		return 0;
	if (ip != NULL && ice->conf.lite) {
		c.addr = *ip;
		c.addr.port = host.port;
	}
	c.priority = cand_priority(ICE_HOST, preference(ice, a));
	cand_foundation(&c, &host, NULL);
	if (!pairs_add_local(ice, &c, &host))
		return -1;
	if (ip != NULL && !ice->conf.lite)
		add_outside(ice, ip, &host);
	return 0;
}

int
ice_add_relay(struct ice *ice, uint64_t now, const struct addr *a)
{
	struct path	 p = pairs_path(&(struct path){ .local = *a });
	struct cand	 c = { .type = ICE_RELAY, .addr = p.local };

	(void)now;
	if (ice->conf.lite || pairs_base(ice, &c.addr) != NULL)
		return 0;
	c.priority = cand_priority(ICE_RELAY, preference(ice, a));
	c.related = p.local;
	cand_foundation(&c, &c.addr, NULL);
	return pairs_add_local(ice, &c, &c.addr) ? 0 : -1;
}

int
ice_add_stun(struct ice *ice, uint64_t now, const struct addr *a)
{
	struct server	*s = &ice->server[ice->nserver];

	(void)now;
	if (ice->conf.lite)
		return 0;	/* RFC 8445 5.2: host candidates only */
	if (ice->nserver == ICE_SERVERS)
		return -1;
	s->addr = *a;
	s->asked = 0;
	ice->nserver++;
	return 0;
}

const char *
ice_candidate(const struct ice *ice, size_t n, char *text)
{
	return n < ice->nlocal ? cand_text(&ice->local[n], text) : NULL;
}

bool
ice_gathered(const struct ice *ice)
{
	return !gather_pending(ice) && !txn_any(ice, TXN_GATHER);
}

static bool
has_remote(const struct ice *ice)
{
	return ice->gen.remote.ufrag[0] != '\0';
}

void
ice_restart(struct ice *ice, uint64_t now)
{
	if (has_remote(ice)) {
		ice->former = ice->gen.remote;
		/* A path of the one before needs its credentials still. */
		if (!ice->sel.on || ice->sel.generation != ice->old.number)
			ice->old = ice->gen;
	}
	new_credentials(ice);
	pairs_reset(ice);
	gather_again(ice, true);
	txn_end_kind(ice, TXN_CHECK);
	txn_end_kind(ice, TXN_NOMINATE);
	ice->valid_at = ice->fail_at = 0;
	ice->next_at = now;
	ice->why = NULL;
	ice->ev_failed = false;
	if (!ice->sel.on)
		ice_set_state(ice, ICE_NEW);
}

static bool
same_creds(const struct creds *c, const char *ufrag, const char *pwd)
{
	size_t	 n = strlen(pwd);

	return strcmp(c->ufrag, ufrag) == 0 && strlen(c->pwd) == n &&
	    same_bytes(c->pwd, pwd, n);
}

int
ice_set_remote(struct ice *ice, uint64_t now, const char *ufrag,
    const char *pwd, bool lite)
{
	size_t	 u = strlen(ufrag), p = strlen(pwd);

	if (u < 4 || p < 22 || u > ICE_CRED_MAX || p > ICE_CRED_MAX)
		return -1;	/* RFC 8839 5.4 */
	if (same_creds(&ice->gen.remote, ufrag, pwd))
		return 0;
	if (!has_remote(ice) && same_creds(&ice->former, ufrag, pwd))
		return 0;	/* an answer to what was before our restart */
	if (has_remote(ice))
		ice_restart(ice, now);
	memcpy(ice->gen.remote.ufrag, ufrag, u + 1);
	memcpy(ice->gen.remote.pwd, pwd, p + 1);
	ice->remote_lite = lite;
	ice->fail_at = now + PATIENCE;
	ice->next_at = now;
	if (!ice->sel.on)
		ice_set_state(ice, ICE_CHECKING);
	if (lite && ice->conf.lite)
		fail(ice, "both agents are ice-lite, this one and the peer: "
		    "one must be full");
	else if (lite && !ice->controlling)
		check_switch_role(ice);		/* RFC 8445 6.1.1 */
	return 0;
}

void
ice_peer_follows(struct ice *ice)
{
	ice->follows = true;
}

/*
 * Bounded: one name too many is ignored, as all are by a lite agent. The
 * peer's own checks will show the address.
 */
static void
keep_named(struct ice *ice, const struct cand *c)
{
	for (size_t i = 0; i < ice->nnamed; i++)
		if (strcmp(ice->named[i].name, c->name) == 0 &&
		    ice->named[i].addr.port == c->addr.port)
			return;
	if (ice->nnamed < ICE_NAMES && !ice->conf.lite)
		ice->named[ice->nnamed++] = *c;
}

int
ice_add_remote(struct ice *ice, uint64_t now, const char *text)
{
	struct cand	 c;
	int		 r = cand_parse(&c, text);

	(void)now;
	if (r == 2)
		keep_named(ice, &c);
	return r == 1 ? pairs_add_remote(ice, &c) : r == -1 ? -1 : 0;
}

void
ice_resolved(struct ice *ice, uint64_t now, const char *name,
    const struct addr *a)
{
	struct cand	*c;
	size_t		 kept = 0, asked = 0;

	(void)now;
	for (size_t i = 0; i < ice->nnamed; i++) {
		c = &ice->named[i];
		if (i >= ice->nasked || strcmp(c->name, name) != 0) {
			asked += i < ice->nasked;
			ice->named[kept++] = *c;
			continue;
		}
		memcpy(c->addr.ip, a->ip, sizeof(c->addr.ip));
		c->addr.family = a->family;
		if (a->family != 0)
			pairs_add_remote(ice, c);
	}
	ice->nnamed = kept;
	ice->nasked = asked;
}

/* Who answered is known by transaction, path and integrity: all three. */
static bool
on_answer(struct ice *ice, uint64_t now, const struct path *path,
    const struct stun *m)
{
	struct txn		*t = txn_find(ice, m->tid), done;
	const struct creds	*c;

	if (t == NULL)
		return false;
	c = txn_remote(ice, t);
	if (!path_equal(&t->path, path) || (t->kind != TXN_GATHER &&
	    (c == NULL || !stun_verify(m, c->pwd, strlen(c->pwd))))) {
		ice->stats.bad_messages++;
		return true;
	}
	done = *t;
	t->kind = TXN_FREE;
	switch (done.kind) {
	case TXN_GATHER:
		gather_answer(ice, &done, m);
		break;
	case TXN_CHECK:
	case TXN_NOMINATE:
		check_answer(ice, now, &done, m);
		break;
	case TXN_CONSENT:
		if (stun_succeeds(m)) {
			ice->sel.info.rtt = now - done.sent_at;
			consent_answer(ice, now, path);
		}
		break;
	case TXN_PROBE:
		if (stun_succeeds(m))
			probe_answer(ice, &done);
		break;
	case TXN_FREE:
		break;
	}
	return true;
}

static bool
dispatch(struct ice *ice, uint64_t now, const struct path *path,
    const struct stun *m, struct batch *tx)
{
	switch (m->class) {
	case STUN_REQUEST:
		return serve(ice, now, path, m, tx);
	case STUN_SUCCESS:
	case STUN_ERROR:
		return on_answer(ice, now, path, m);
	case STUN_INDICATION:		/* a keepalive: RFC 8445 11 */
		break;
	}
	return ice_valid(ice, path);
}

bool
ice_input(struct ice *ice, uint64_t now, const struct path *from,
    const uint8_t *buf, size_t len, struct batch *tx)
{
	struct path	 path = pairs_path(from);
	struct stun	 m;

	if (stun_decode(&m, buf, len) == -1 || m.method != STUN_BINDING) {
		ice->stats.bad_messages++;
		return false;
	}
	if (!dispatch(ice, now, &path, &m, tx))
		return false;
	ice_tick(ice, now, tx);
	return true;
}

static bool
may_check(const struct ice *ice)
{
	return has_remote(ice) && !ice->conf.lite && ice->state != ICE_FAILED;
}

/* Triggered checks go at once: the peer's pace is theirs. */
static void
triggered(struct ice *ice, uint64_t now, struct batch *tx)
{
	struct pair	*p;

	while ((p = pairs_best(ice, PAIR_WAITING)) != NULL && p->triggered) {
		check_start(ice, now, p, tx);
		if (p->state == PAIR_WAITING)
			return;
	}
}

static bool
paced_work(const struct ice *ice)
{
	return ice->state != ICE_FAILED && (gather_pending(ice) ||
	    (may_check(ice) && pairs_any(ice, PAIR_WAITING)));
}

/* Checks and questions to servers take turns, as far as there are both. */
static void
paced(struct ice *ice, uint64_t now, struct batch *tx)
{
	struct pair	*p = NULL;

	if (now < ice->next_at || !paced_work(ice))
		return;
	ice->next_at = now + TA;
	if (may_check(ice) && !(ice->checked && gather_pending(ice)))
		p = pairs_best(ice, PAIR_WAITING);
	ice->checked = p != NULL;
	if (p != NULL)
		check_start(ice, now, p, tx);
	else
		gather_next(ice, now, tx);
}

/* A pair that works is of no use if the peer never nominates one. */
static bool
may_be_nominated(const struct ice *ice, uint64_t now)
{
	return pairs_any(ice, PAIR_SUCCEEDED) &&
	    (ice->controlling || now < ice->valid_at + PATIENCE);
}

/* RFC 8863: silence of all pairs is failure only after the patience. */
static bool
hopeless(const struct ice *ice, uint64_t now)
{
	return ice_gathered(ice) && !txn_any(ice, TXN_CHECK) &&
	    !txn_any(ice, TXN_NOMINATE) &&
	    (ice->conf.lite || (!pairs_any(ice, PAIR_WAITING) &&
	    !may_be_nominated(ice, now)));
}

void
ice_tick(struct ice *ice, uint64_t now, struct batch *tx)
{
	if (ice->state == ICE_FAILED)
		return;
	txn_tick(ice, now, tx, check_silence);
	probe_tick(ice, now);
	consent_tick(ice, now, tx);
	retry_tick(ice, now);
	if (may_check(ice)) {
		triggered(ice, now, tx);
		check_nominate(ice, now, tx);
	}
	paced(ice, now, tx);
	if (ice->fail_at == 0 || now < ice->fail_at || ice->sel.on)
		return;
	if (hopeless(ice, now))
		fail(ice, ice->nremote == 0 ? "the peer has no candidates" :
		    ice->valid_at != 0 ? "the peer nominates no pair" :
		    "no candidate pair answers");
	else
		ice->fail_at = now + SEC;	/* ask again then */
}

uint64_t
ice_deadline(const struct ice *ice)
{
	uint64_t	 at = earlier(txn_deadline(ice), consent_deadline(ice));

	if (ice->state == ICE_FAILED)
		return NEVER;
	at = earlier(at, retry_deadline(ice));
	if (may_check(ice))
		at = earlier(at, check_nominate_at(ice));
	if (paced_work(ice))
		at = earlier(at, ice->next_at);
	if (ice->fail_at != 0 && !ice->sel.on)
		at = earlier(at, ice->fail_at);
	return at;
}

bool
ice_event(struct ice *ice, struct ice_event *ev)
{
	const struct addr	*silent;

	memset(ev, 0, sizeof(*ev));
	if (ice->announced < ice->nlocal) {
		ev->type = ICE_EV_CANDIDATE;
		cand_text(&ice->local[ice->announced++], ev->text);
	} else if (ice->ev_lost) {
		ev->type = ICE_EV_LOST;
		ice->ev_lost = false;
	} else if (ice->ev_path) {
		ev->type = ICE_EV_PATH;
		ice->ev_path = false;
	} else if (ice->ev_failed) {
		ev->type = ICE_EV_FAILED;
		ice->ev_failed = false;
	} else if (ice->nasked < ice->nnamed) {
		ev->type = ICE_EV_NAME;
		strcpy(ev->text, ice->named[ice->nasked++].name);
	} else if ((silent = gather_silent(ice)) != NULL) {
		ev->type = ICE_EV_SERVER;
		addr_text(silent, ev->text);
	} else
		return false;
	return true;
}

enum ice_state
ice_state(const struct ice *ice)
{
	return ice->state;
}

const char *
ice_why(const struct ice *ice)
{
	return ice->why;
}

void
ice_stats(const struct ice *ice, struct ice_stats *st)
{
	*st = ice->stats;
}

const struct path *
ice_path(const struct ice *ice)
{
	return ice->sel.on ? &ice->sel.info.path : NULL;
}

bool
ice_info(const struct ice *ice, struct ice_info *info)
{
	if (ice->sel.on)
		*info = ice->sel.info;
	return ice->sel.on;
}

static const struct pair *
pair_of(const struct ice *ice, const struct path *path)
{
	for (size_t i = 0; i < ice->npair; i++)
		if (ice->pair[i].id != 0 &&
		    path_equal(&ice->pair[i].path, path))
			return &ice->pair[i];
	return NULL;
}

static bool
is_selected(const struct ice *ice, const struct path *path)
{
	return ice->sel.on && path_equal(&ice->sel.info.path, path);
}

bool
ice_valid(const struct ice *ice, const struct path *from)
{
	struct path		 path = pairs_path(from);
	const struct pair	*p;

	if (is_selected(ice, &path))
		return true;
	p = pair_of(ice, &path);
	return p != NULL && p->known;
}

bool
ice_knows(const struct ice *ice, const struct path *from)
{
	struct path	 path = pairs_path(from);

	return is_selected(ice, &path) || pair_of(ice, &path) != NULL;
}

bool
ice_looks_like_stun(const uint8_t *p, size_t n)
{
	return n > 0 && p[0] < 4;
}
