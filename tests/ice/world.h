#ifndef TESTS_ICE_WORLD_H
#define TESTS_ICE_WORLD_H

#include "support/test.h"

#include "base/time.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "ice/cand.h"
#include "ice/ice.h"
#include "ice/stun.h"
#include "support/oom.h"
#include "support/simnat.h"
#include "support/simnet.h"

/*
 * Two agents on a simulated network in virtual time. Every address ending in
 * an odd number is A's, in an even one B's; 203.0.113.53 is a STUN server.
 */
enum { SIDES = 2, A = 0, B = 1, HOSTS = 16, RELAYS = 2 };

struct side {
	struct ice	*ice;
	struct addr	 host[HOSTS + RELAYS];
	size_t		 nhosts;
	struct ice_nat	 known;		/* told before the agent is made */
	size_t		 nknown;
	unsigned	 paths, losses, failures, ticks, candidates, names;
	unsigned	 silent;
	/* the last */
	char		 name[ICE_CANDIDATE_TEXT], server[ICE_CANDIDATE_TEXT];
	char		 text[ICE_LOCALS][ICE_CANDIDATE_TEXT];
};

struct world {
	struct simnet	*net;
	struct rng	*rng;
	struct batch	 tx;
	struct side	 s[SIDES];
	struct simnat	*nat;
	struct addr	 dead[4];	/* nothing gets to or from here */
	size_t		 ndead;
	uint64_t	 now, foreign;
	bool		 down, hold;	/* hold: candidates are not passed on */
};

static inline struct addr
at(const char *s)
{
	struct addr	 a = { .port = 0 };

	EQ(addr_parse(&a, s), 0);
	return a;
}

static inline void
setup(struct world *w, const struct simnet_conf *conf)
{
	memset(w, 0, sizeof(*w));
	w->net = simnet_new(conf);
	w->rng = rng_seeded(&conf->seed, sizeof(conf->seed));
	EQ(batch_init(&w->tx, 1 << 20), 0);
	w->now = 1000 * SEC;
}

static inline void
add(struct world *w, int i, const char *text)
{
	struct side	*s = &w->s[i];
	struct addr	 a = at(text);

	s->host[s->nhosts++] = a;
	EQ(ice_add_host(s->ice, w->now, &a), 0);
}

static inline void
agent(struct world *w, int i, bool controlling, bool lite, const char *host)
{
	struct ice_conf	 conf = { .rng = w->rng, .controlling = controlling,
		.lite = lite, .nat = &w->s[i].known, .nnat = w->s[i].nknown };

	w->s[i].ice = ice_new(&conf, w->now);
	assert_non_null(w->s[i].ice);
	if (host != NULL)
		add(w, i, host);
}

static inline void
teardown(struct world *w)
{
	for (int i = 0; i < SIDES; i++)
		ice_free(w->s[i].ice);
	simnet_free(w->net);
	rng_free(w->rng);
	batch_fini(&w->tx);
}

static inline void
credentials(struct world *w, int to)
{
	const struct ice	*from = w->s[!to].ice;

	EQ(ice_set_remote(w->s[to].ice, w->now, ice_ufrag(from), ice_pwd(from),
	    ice_is_lite(from)), 0);
}

static inline void
pass(struct world *w, int from)
{
	struct side	*s = &w->s[from];

	while (s->candidates > 0)
		EQ(ice_add_remote(w->s[!from].ice, w->now,
		    s->text[--s->candidates]), 0);
}

static inline void
events(struct world *w, int i)
{
	struct side		*s = &w->s[i];
	struct ice_event	 ev;

	while (ice_event(s->ice, &ev))
		switch (ev.type) {
		case ICE_EV_CANDIDATE:
			strcpy(s->text[s->candidates++], ev.text);
			break;
		case ICE_EV_PATH:
			s->paths++;
			break;
		case ICE_EV_LOST:
			s->losses++;
			break;
		case ICE_EV_FAILED:
			s->failures++;
			break;
		case ICE_EV_NAME:
			s->names++;
			strcpy(s->name, ev.text);
			break;
		case ICE_EV_SERVER:
			s->silent++;
			strcpy(s->server, ev.text);
			break;
		}
	if (!w->hold)
		pass(w, i);
}

/* Put what was sent onto the network, unless it is down or an end is dead. */
static inline void
flush(struct world *w)
{
	size_t	 kept = 0;
	bool	 ok;

	for (size_t i = 0; i < w->tx.n; i++) {
		struct dgram	 d = w->tx.d[i];

		ok = !w->down;
		for (size_t k = 0; k < w->ndead; k++)
			if (addr_same_ip(&d.to.local, &w->dead[k]) ||
			    addr_same_ip(&d.to.remote, &w->dead[k]))
				ok = false;
		if (ok && w->nat != NULL)
			simnat_out(w->nat, &d.to);
		if (ok)
			w->tx.d[kept++] = d;
	}
	w->tx.n = kept;
	simnet_send(w->net, w->now, &w->tx);
}

static inline void
stun_server(struct world *w, const struct dgram *d)
{
	struct stun	 m, r = { .method = STUN_BINDING,
		.class = STUN_SUCCESS };
	uint8_t		 buf[STUN_MAX];
	size_t		 n;

	if (stun_decode(&m, d->p, d->n) == -1 || m.class != STUN_REQUEST)
		return;
	memcpy(r.tid, m.tid, sizeof(r.tid));
	r.mapped = d->to.remote;
	n = stun_encode(&r, NULL, 0, false, buf, sizeof(buf));
	w->tx.to = d->to;
	batch_put(&w->tx, buf, n);
}

static inline void
deliver(struct world *w, struct dgram *d)
{
	struct addr	 server = at("203.0.113.53:3478");

	if (w->nat != NULL && !simnat_in(w->nat, &d->to))
		return;
	if (addr_equal(&d->to.local, &server)) {
		stun_server(w, d);
		return;
	}
	for (int i = 0; i < SIDES; i++)
		for (size_t k = 0; k < w->s[i].nhosts; k++)
			if (addr_equal(&w->s[i].host[k], &d->to.local) &&
			    !ice_input(w->s[i].ice, w->now, &d->to, d->p, d->n,
			    &w->tx))
				w->foreign++;
}

/* Let time pass until done says so or the time is over. */
static inline void
run(struct world *w, uint64_t time, bool (*done)(struct world *))
{
	uint64_t	 end = w->now + time, next;
	struct dgram	 d;
	unsigned	 spins = 0;

	for (;;) {
		for (int i = 0; i < SIDES; i++) {
			if (ice_deadline(w->s[i].ice) <= w->now) {
				ice_tick(w->s[i].ice, w->now, &w->tx);
				w->s[i].ticks++;
			}
			events(w, i);
		}
		flush(w);
		if (done != NULL && done(w))
			return;
		next = simnet_deadline(w->net);
		for (int i = 0; i < SIDES; i++)
			next = earlier(next, ice_deadline(w->s[i].ice));
		if (next >= end) {
			w->now = end;
			return;
		}
		spins = next > w->now ? 0 : spins + 1;
		CHECK(spins < 1000);	/* a deadline that is never met */
		if (next > w->now)
			w->now = next;
		while (simnet_recv(w->net, w->now, &d))
			deliver(w, &d);
	}
}

static inline bool
both_connected(struct world *w)
{
	return ice_state(w->s[A].ice) == ICE_CONNECTED &&
	    ice_state(w->s[B].ice) == ICE_CONNECTED;
}

/* Each sends where the other receives. */
static inline void
paths_meet(struct world *w)
{
	const struct path	*a = ice_path(w->s[A].ice);
	const struct path	*b = ice_path(w->s[B].ice);

	assert_non_null(a);
	assert_non_null(b);
	CHECK(addr_equal(&a->local, &b->remote));
	CHECK(addr_equal(&a->remote, &b->local));
}

static inline void
local_is(struct world *w, int i, const char *s)
{
	struct addr	 a = at(s);

	assert_non_null(ice_path(w->s[i].ice));
	CHECK(addr_equal(&ice_path(w->s[i].ice)->local, &a));
}

/* A path is there at both ends before the time is over. */
static inline void
connects(struct world *w, uint64_t time)
{
	run(w, time, both_connected);
	CHECK(both_connected(w));
}

/* Each is told of the other. */
static inline void
introduce(struct world *w)
{
	credentials(w, A);
	credentials(w, B);
}

static const struct simnet_conf	 plain = { .seed = 1, .delay = 500 };

/* Two that know nothing of each other, one of them controlling. */
static inline void
neighbours(struct world *w, bool controlling)
{
	setup(w, &plain);
	agent(w, A, controlling, false, "192.0.2.1:1000");
	agent(w, B, !controlling, false, "192.0.2.2:2000");
}

/* Each knows of the other that it follows a better path. */
static inline void
follow(struct world *w)
{
	ice_peer_follows(w->s[A].ice);
	ice_peer_follows(w->s[B].ice);
}

/* A second path, preferred to that of neighbours. */
static inline void
add_family(struct world *w)
{
	add(w, A, "[2001:db8::1]:1000");
	add(w, B, "[2001:db8::2]:2000");
}

static inline void
connect_pair(struct world *w, const char *a, const char *b)
{
	setup(w, &plain);
	agent(w, A, true, false, a);
	agent(w, B, false, false, b);
	introduce(w);
	connects(w, 10 * SEC);
	paths_meet(w);
}

/* The one question that i has now: where it goes, and what would answer it. */
static inline void
asked(struct world *w, int i, struct stun *answer, struct path *path)
{
	struct stun	 q;

	ice_tick(w->s[i].ice, w->now, &w->tx);
	EQ(w->tx.n, 1);
	*path = w->tx.d[0].to;
	EQ(stun_decode(&q, w->tx.d[0].p, w->tx.d[0].n), 0);
	*answer = (struct stun){ .method = STUN_BINDING,
		.class = STUN_SUCCESS, .mapped = path->local };
	memcpy(answer->tid, q.tid, sizeof(answer->tid));
	batch_reset(&w->tx);
}

/* Neighbours; A has checked B's address, and has no answer yet. */
static inline void
first_check(struct world *w, struct stun *answer, struct path *path)
{
	neighbours(w, true);
	credentials(w, A);
	EQ(ice_add_remote(w->s[A].ice, w->now,
	    "candidate:1 1 UDP 2130706431 192.0.2.2 2000 typ host"), 0);
	asked(w, A, answer, path);
}

#endif
