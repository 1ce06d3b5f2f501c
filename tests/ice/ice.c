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
enum { SIDES = 2, A = 0, B = 1, HOSTS = 16 };

struct side {
	struct ice	*ice;
	struct addr	 host[HOSTS];
	size_t		 nhosts;
	unsigned	 paths, losses, failures, ticks, candidates;
	char		 text[HOSTS * 2][ICE_CANDIDATE_TEXT];
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

static struct addr
at(const char *s)
{
	struct addr	 a = { .port = 0 };

	EQ(addr_parse(&a, s), 0);
	return a;
}

static void
setup(struct world *w, const struct simnet_conf *conf)
{
	memset(w, 0, sizeof(*w));
	w->net = simnet_new(conf);
	w->rng = rng_seeded(&conf->seed, sizeof(conf->seed));
	EQ(batch_init(&w->tx, 1 << 20), 0);
	w->now = 1000 * SEC;
}

static void
add(struct world *w, int i, const char *text)
{
	struct side	*s = &w->s[i];
	struct addr	 a = at(text);

	s->host[s->nhosts++] = a;
	EQ(ice_add_host(s->ice, w->now, &a), 0);
}

static void
agent(struct world *w, int i, bool controlling, bool lite, const char *host)
{
	struct ice_conf	 conf = { .rng = w->rng, .controlling = controlling,
		.lite = lite };

	w->s[i].ice = ice_new(&conf, w->now);
	assert_non_null(w->s[i].ice);
	if (host != NULL)
		add(w, i, host);
}

static void
teardown(struct world *w)
{
	for (int i = 0; i < SIDES; i++)
		ice_free(w->s[i].ice);
	simnet_free(w->net);
	rng_free(w->rng);
	batch_fini(&w->tx);
}

static void
credentials(struct world *w, int to)
{
	const struct ice	*from = w->s[!to].ice;

	EQ(ice_set_remote(w->s[to].ice, w->now, ice_ufrag(from), ice_pwd(from),
	    ice_is_lite(from)), 0);
}

static void
pass(struct world *w, int from)
{
	struct side	*s = &w->s[from];

	while (s->candidates > 0)
		EQ(ice_add_remote(w->s[!from].ice, w->now,
		    s->text[--s->candidates]), 0);
}

static void
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
		}
	if (!w->hold)
		pass(w, i);
}

/* Put what was sent onto the network, unless it is down or an end is dead. */
static void
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

static void
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

static void
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
static void
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

static bool
both_connected(struct world *w)
{
	return ice_state(w->s[A].ice) == ICE_CONNECTED &&
	    ice_state(w->s[B].ice) == ICE_CONNECTED;
}

static bool
both_failed(struct world *w)
{
	return ice_state(w->s[A].ice) == ICE_FAILED &&
	    ice_state(w->s[B].ice) == ICE_FAILED;
}

/* Each sends where the other receives. */
static void
paths_meet(struct world *w)
{
	const struct path	*a = ice_path(w->s[A].ice);
	const struct path	*b = ice_path(w->s[B].ice);

	assert_non_null(a);
	assert_non_null(b);
	CHECK(addr_equal(&a->local, &b->remote));
	CHECK(addr_equal(&a->remote, &b->local));
}

static void
local_is(struct world *w, int i, const char *s)
{
	struct addr	 a = at(s);

	assert_non_null(ice_path(w->s[i].ice));
	CHECK(addr_equal(&ice_path(w->s[i].ice)->local, &a));
}

static const struct simnet_conf	 plain = { .seed = 1, .delay = 500 };

static void
connect_pair(struct world *w, const char *a, const char *b)
{
	setup(w, &plain);
	agent(w, A, true, false, a);
	agent(w, B, false, false, b);
	credentials(w, A);
	credentials(w, B);
	run(w, 10 * SEC, both_connected);
	CHECK(both_connected(w));
	paths_meet(w);
}

static void
two_agents_connect_in_a_few_round_trips(void **state)
{
	struct world	 w;

	(void)state;
	connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
	CHECK(w.now - 1000 * SEC <= 4 * MS);
	EQ(w.s[A].paths, 1);
	EQ(w.s[B].paths, 1);
	teardown(&w);
	connect_pair(&w, "[2001:db8::1]:1000", "[2001:db8::2]:2000");
	CHECK(w.now - 1000 * SEC <= 4 * MS);
	teardown(&w);
	connect_pair(&w, "127.0.0.1:1000", "127.0.0.1:2000");
	teardown(&w);
}

static void
agents_that_cannot_meet_fail_after_patience(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	credentials(&w, A);
	credentials(&w, B);
	w.down = true;
	run(&w, 39 * SEC, both_failed);
	CHECK(ice_state(w.s[A].ice) == ICE_CHECKING);
	run(&w, 3 * SEC, both_failed);
	CHECK(both_failed(&w));
	EQ(w.s[A].failures, 1);
	STREQ(ice_why(w.s[A].ice), "no candidate pair answers");
	CHECK(ice_deadline(w.s[A].ice) == NEVER);
	teardown(&w);
}

static void
the_preferred_address_is_chosen_of_two_families(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	add(&w, A, "[2001:db8::1]:1000");
	add(&w, B, "[2001:db8::2]:2000");
	credentials(&w, A);
	credentials(&w, B);
	run(&w, 10 * SEC, both_connected);
	paths_meet(&w);
	local_is(&w, A, "[2001:db8::1]:1000");
	teardown(&w);
}

/* Loss, reordering, duplication; the connection comes up all the same. */
static void
they_connect_over_a_bad_network(void **state)
{
	struct simnet_conf	 conf = { .delay = 20 * MS, .jitter = 60 * MS,
		.loss = 200, .dup = 100 };
	struct world		 w;

	(void)state;
	for (conf.seed = 1; conf.seed <= 30; conf.seed++) {
		setup(&w, &conf);
		agent(&w, A, true, false, "192.0.2.1:1000");
		agent(&w, B, false, false, "192.0.2.2:2000");
		add(&w, A, "[2001:db8::1]:1000");
		add(&w, B, "[2001:db8::2]:2000");
		credentials(&w, A);
		credentials(&w, B);
		run(&w, 20 * SEC, both_connected);
		if (!both_connected(&w))
			print_error("seed %u\n", (unsigned)conf.seed);
		CHECK(both_connected(&w));
		run(&w, 60 * SEC, NULL);
		CHECK(both_connected(&w));
		paths_meet(&w);
		teardown(&w);
	}
}

static void
descriptions_and_candidates_may_come_in_any_order(void **state)
{
	struct world	 w;

	(void)state;
	for (unsigned order = 0; order < 24; order++) {
		setup(&w, &plain);
		w.hold = true;
		agent(&w, A, true, false, "192.0.2.1:1000");
		agent(&w, B, false, false, "192.0.2.2:2000");
		run(&w, MS, NULL);
		for (unsigned i = 0, left = 0xf, o = order; i < 4; i++) {
			unsigned	 nth = o % (4 - i), k;

			o /= 4 - i;
			for (k = 0; !(left >> k & 1) || nth-- > 0; k++)
				;
			left &= ~(1u << k);
			if (k < 2)
				credentials(&w, (int)k);
			else
				pass(&w, (int)k - 2);
			run(&w, 2 * SEC, NULL);
		}
		run(&w, 5 * SEC, both_connected);
		CHECK(both_connected(&w));
		paths_meet(&w);
		teardown(&w);
	}
}

static void
a_check_before_the_description_is_answered_and_followed(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	w.hold = true;
	run(&w, MS, NULL);
	pass(&w, B);
	credentials(&w, A);
	run(&w, 100 * MS, NULL);	/* B knows nothing of A, and answers */
	CHECK(ice_state(w.s[A].ice) == ICE_CONNECTED);
	CHECK(ice_state(w.s[B].ice) == ICE_NEW);
	credentials(&w, B);
	run(&w, 3 * MS, both_connected);
	CHECK(both_connected(&w));
	paths_meet(&w);
	teardown(&w);
}

static void
a_late_candidate_is_waited_for_and_then_used(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, NULL);
	agent(&w, B, false, false, NULL);
	credentials(&w, A);
	credentials(&w, B);
	run(&w, 30 * SEC, NULL);
	CHECK(ice_state(w.s[A].ice) == ICE_CHECKING);
	add(&w, A, "192.0.2.1:1000");
	add(&w, B, "192.0.2.2:2000");
	run(&w, 5 * SEC, both_connected);
	CHECK(both_connected(&w));
	teardown(&w);
}

static void
without_any_candidate_the_reason_says_so(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	w.hold = true;
	credentials(&w, A);
	credentials(&w, B);
	run(&w, 45 * SEC, both_failed);
	CHECK(both_failed(&w));
	STREQ(ice_why(w.s[A].ice), "the peer has no candidates");
	teardown(&w);
}

static void
two_agents_of_the_same_role_agree_on_one(void **state)
{
	struct world	 w;

	(void)state;
	for (int role = 0; role < 2; role++)
		for (uint64_t seed = 1; seed < 6; seed++) {
			struct simnet_conf	 conf = plain;

			conf.seed = seed;
			setup(&w, &conf);
			agent(&w, A, role, false, "192.0.2.1:1000");
			agent(&w, B, role, false, "192.0.2.2:2000");
			credentials(&w, A);
			credentials(&w, B);
			run(&w, 5 * SEC, both_connected);
			CHECK(both_connected(&w));
			paths_meet(&w);
			teardown(&w);
		}
}

static void
a_lite_agent_is_reached_and_never_asks(void **state)
{
	struct world		 w;
	struct ice_stats	 st;

	(void)state;
	for (int offerer = 0; offerer < 2; offerer++) {
		setup(&w, &plain);
		agent(&w, A, offerer, false, "192.0.2.1:1000");
		agent(&w, B, !offerer, true, "192.0.2.2:2000");
		credentials(&w, A);
		credentials(&w, B);
		run(&w, 5 * SEC, both_connected);
		CHECK(both_connected(&w));
		paths_meet(&w);
		run(&w, 120 * SEC, NULL);
		CHECK(both_connected(&w));
		EQ(w.s[B].losses, 0);
		ice_stats(w.s[B].ice, &st);
		EQ(st.checks_sent, 0);
		CHECK(st.checks_received > 20);
		teardown(&w);
	}
}

static void
a_lite_agent_notices_30_seconds_of_silence_and_comes_back(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, true, "192.0.2.2:2000");
	credentials(&w, A);
	credentials(&w, B);
	run(&w, 5 * SEC, both_connected);
	w.down = true;
	run(&w, 24 * SEC, NULL);
	EQ(w.s[B].losses, 0);
	run(&w, 12 * SEC, NULL);
	EQ(w.s[B].losses, 1);
	assert_null(ice_path(w.s[B].ice));
	w.down = false;
	run(&w, 5 * SEC, both_connected);
	CHECK(both_connected(&w));
	teardown(&w);
}

static void
two_lite_agents_fail_with_a_reason_that_names_both(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, true, "192.0.2.1:1000");
	agent(&w, B, false, true, "192.0.2.2:2000");
	credentials(&w, A);
	credentials(&w, B);
	run(&w, SEC, NULL);
	CHECK(both_failed(&w));
	assert_non_null(strstr(ice_why(w.s[A].ice), "both agents"));
	teardown(&w);
}

static void
an_address_behind_a_nat_is_learnt_from_its_check(void **state)
{
	struct simnat	 nat = { .outside = at("198.51.100.1:40000"),
		.inside = at("10.0.0.1:1000") };
	struct world	 w;
	struct ice_info	 info;

	(void)state;
	for (int role = 0; role < 2; role++) {
		nat.n = 0;
		nat.symmetric = role;
		setup(&w, &plain);
		w.nat = &nat;
		agent(&w, A, role, false, "10.0.0.1:1000");
		agent(&w, B, !role, false, "192.0.2.2:2000");
		credentials(&w, A);
		credentials(&w, B);
		run(&w, 5 * SEC, both_connected);
		CHECK(both_connected(&w));
		CHECK(ice_info(w.s[B].ice, &info));
		EQ(info.remote, ICE_PRFLX);
		CHECK(addr_same_ip(&info.path.remote, &nat.outside));
		CHECK(ice_info(w.s[A].ice, &info));
		EQ(info.local, ICE_PRFLX);
		run(&w, 60 * SEC, NULL);
		CHECK(both_connected(&w));
		teardown(&w);
	}
}

static bool
gathered(struct world *w)
{
	return ice_gathered(w->s[A].ice);
}

/* B is behind a firewall that lets in only what answers: A must be known. */
static void
a_reflexive_address_comes_from_a_server_and_is_used(void **state)
{
	struct simnat	 nat = { .outside = at("198.51.100.1:40000"),
		.inside = at("10.0.0.1:1000") };
	struct addr	 server = at("203.0.113.53:3478");
	struct world	 w;
	struct ice_info	 info;
	char		 text[ICE_CANDIDATE_TEXT];

	(void)state;
	setup(&w, &plain);
	w.nat = &nat;
	agent(&w, A, false, false, "10.0.0.1:1000");
	agent(&w, B, true, false, "192.0.2.2:2000");
	EQ(ice_add_stun(w.s[A].ice, w.now, &server), 0);
	CHECK(!ice_gathered(w.s[A].ice));
	run(&w, 5 * SEC, gathered);
	CHECK(ice_gathered(w.s[A].ice));
	assert_non_null(ice_candidate(w.s[A].ice, 1, text));
	assert_null(ice_candidate(w.s[A].ice, 2, text));
	assert_non_null(strstr(text, " 198.51.100.1 40000 typ srflx"
	    " raddr 10.0.0.1 rport 1000"));
	credentials(&w, A);
	credentials(&w, B);
	/* B's first check is lost at the NAT; A's opens it, B repeats. */
	run(&w, 400 * MS, both_connected);
	CHECK(both_connected(&w));
	CHECK(ice_info(w.s[B].ice, &info));
	EQ(info.remote, ICE_SRFLX);
	CHECK(ice_info(w.s[A].ice, &info));
	EQ(info.local, ICE_SRFLX);
	teardown(&w);
}

static void
a_server_that_is_not_there_harms_nothing(void **state)
{
	struct addr	 nowhere = at("203.0.113.54:3478");
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	EQ(ice_add_stun(w.s[A].ice, w.now, &nowhere), 0);
	credentials(&w, A);
	credentials(&w, B);
	run(&w, SEC, both_connected);
	CHECK(both_connected(&w));
	CHECK(!ice_gathered(w.s[A].ice));
	run(&w, 10 * SEC, gathered);
	CHECK(ice_gathered(w.s[A].ice));
	teardown(&w);
}

static void
a_dead_path_is_noticed_and_recovers_when_the_network_does(void **state)
{
	struct world	 w;

	(void)state;
	connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
	run(&w, 30 * SEC, NULL);
	w.down = true;
	run(&w, 8 * SEC, NULL);
	EQ(w.s[A].losses, 0);
	run(&w, 8 * SEC, NULL);
	EQ(w.s[A].losses, 1);
	EQ(w.s[B].losses, 1);
	assert_null(ice_path(w.s[A].ice));
	CHECK(ice_state(w.s[A].ice) == ICE_CHECKING);
	run(&w, 15 * SEC, NULL);
	w.down = false;
	run(&w, 3 * SEC, both_connected);
	CHECK(both_connected(&w));
	paths_meet(&w);
	EQ(w.s[A].paths, 2);
	w.down = true;
	run(&w, 60 * SEC, both_failed);
	CHECK(both_failed(&w));
	teardown(&w);
}

static void
another_path_is_taken_when_the_better_one_dies(void **state)
{
	struct world	 w;

	(void)state;
	for (int role = 0; role < 2; role++) {
		setup(&w, &plain);
		agent(&w, A, role, false, "192.0.2.1:1000");
		agent(&w, B, !role, false, "192.0.2.2:2000");
		add(&w, A, "[2001:db8::1]:1000");
		add(&w, B, "[2001:db8::2]:2000");
		credentials(&w, A);
		credentials(&w, B);
		run(&w, 10 * SEC, NULL);
		local_is(&w, A, "[2001:db8::1]:1000");
		w.dead[w.ndead++] = w.s[B].host[1];
		run(&w, 20 * SEC, NULL);
		CHECK(both_connected(&w));
		local_is(&w, A, "192.0.2.1:1000");
		paths_meet(&w);
		EQ(w.s[A].failures + w.s[B].failures, 0);
		teardown(&w);
	}
}

/* RFC 8445 8.1.1; peers that keep to it never send on the second path. */
static void
a_better_path_that_comes_later_is_left_to_peers_that_follow(void **state)
{
	struct world	 w;

	(void)state;
	connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
	add(&w, A, "[2001:db8::1]:1000");
	add(&w, B, "[2001:db8::2]:2000");
	run(&w, 2 * SEC, NULL);
	local_is(&w, A, "192.0.2.1:1000");
	EQ(w.s[A].paths, 1);
	teardown(&w);
}

static void
a_better_path_that_comes_later_is_taken(void **state)
{
	struct world	 w;

	(void)state;
	connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
	ice_peer_follows(w.s[A].ice);
	ice_peer_follows(w.s[B].ice);
	add(&w, A, "[2001:db8::1]:1000");
	add(&w, B, "[2001:db8::2]:2000");
	run(&w, 2 * SEC, NULL);
	local_is(&w, A, "[2001:db8::1]:1000");
	paths_meet(&w);
	EQ(w.s[A].paths, 2);
	EQ(w.s[A].losses, 0);
	teardown(&w);
}

static void
a_restart_keeps_the_path_until_the_new_one_is_there(void **state)
{
	struct world	 w;
	char		 ufrag[ICE_UFRAG + 1];

	(void)state;
	for (int who = 0; who < 2; who++) {
		connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
		run(&w, 10 * SEC, NULL);
		strcpy(ufrag, ice_ufrag(w.s[who].ice));
		ice_restart(w.s[who].ice, w.now);
		CHECK(strcmp(ufrag, ice_ufrag(w.s[who].ice)) != 0);
		run(&w, 40 * SEC, NULL);	/* the offer is on its way */
		CHECK(both_connected(&w));
		EQ(w.s[A].losses + w.s[B].losses, 0);
		strcpy(ufrag, ice_ufrag(w.s[!who].ice));
		credentials(&w, !who);
		CHECK(strcmp(ufrag, ice_ufrag(w.s[!who].ice)) != 0);
		EQ(ice_add_remote(w.s[!who].ice, w.now, who == A ?
		    "candidate:1 1 udp 2130706431 192.0.2.1 1000 typ host" :
		    "1 1 udp 2130706431 192.0.2.2 2000 typ host"), 0);
		credentials(&w, who);
		run(&w, 60 * SEC, NULL);
		CHECK(both_connected(&w));
		paths_meet(&w);
		EQ(w.s[A].losses + w.s[B].losses, 0);
		EQ(w.s[A].paths, 1);
		teardown(&w);
	}
}

static void
a_restart_revives_an_agent_that_failed(void **state)
{
	struct world	 w;

	(void)state;
	connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
	w.down = true;
	run(&w, 70 * SEC, both_failed);
	CHECK(both_failed(&w));
	w.down = false;
	ice_restart(w.s[A].ice, w.now);
	ice_restart(w.s[B].ice, w.now);
	credentials(&w, A);
	credentials(&w, B);
	EQ(ice_add_remote(w.s[A].ice, w.now,
	    "candidate:1 1 udp 2130706431 192.0.2.2 2000 typ host"), 0);
	run(&w, 5 * SEC, both_connected);
	CHECK(both_connected(&w));
	assert_null(ice_why(w.s[A].ice));
	teardown(&w);
}

static void
a_repeated_description_changes_nothing(void **state)
{
	struct world	 w;

	(void)state;
	connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
	credentials(&w, A);
	credentials(&w, B);
	run(&w, 10 * SEC, NULL);
	CHECK(both_connected(&w));
	EQ(w.s[A].paths, 1);
	EQ(ice_set_remote(w.s[A].ice, w.now, "abc", "0123456789012345678901",
	    false), -1);
	EQ(ice_set_remote(w.s[A].ice, w.now, "abcd", "012345678901234567890",
	    false), -1);
	teardown(&w);
}

/* A check as the peer of s would send it, without fingerprint. */
static size_t
make_check(struct world *w, int to, struct stun *m, uint8_t *buf, char *user)
{
	struct ice	*ice = w->s[to].ice;

	memset(m, 0, sizeof(*m));
	m->method = STUN_BINDING;
	m->tid[0] = 9;
	m->username.n = (size_t)sprintf(user, "%s:%s", ice_ufrag(ice),
	    ice_ufrag(w->s[!to].ice));
	m->username.p = (const uint8_t *)user;
	m->role = to == A ? STUN_CONTROLLED : STUN_CONTROLLING;
	m->has_priority = m->use_candidate = true;
	m->priority = 1;
	return stun_encode(m, ice_pwd(ice), ICE_PWD, false, buf, STUN_MAX);
}

static void
a_forged_check_changes_nothing(void **state)
{
	struct world		 w;
	struct stun		 m;
	struct ice_stats	 st;
	struct path		 path = { at("192.0.2.2:2000"),
		at("192.0.2.9:9") };
	uint8_t			 buf[STUN_MAX];
	char			 user[64];
	size_t			 n;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	credentials(&w, B);
	n = make_check(&w, B, &m, buf, user);
	for (size_t i = 0; i < n * 8; i++) {
		buf[i / 8] ^= (uint8_t)(1 << i % 8);
		ice_input(w.s[B].ice, w.now, &path, buf, n, &w.tx);
		EQ(w.tx.n, 0);
		CHECK(!ice_knows(w.s[B].ice, &path));
		buf[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ice_stats(w.s[B].ice, &st);
	CHECK(st.bad_messages > n * 4);
	CHECK(ice_input(w.s[B].ice, w.now, &path, buf, n, &w.tx));
	EQ(w.tx.n, 2);			/* the answer and a triggered check */
	CHECK(ice_valid(w.s[B].ice, &path));
	batch_reset(&w.tx);
	teardown(&w);
}

static void
an_answer_is_believed_only_whole_and_from_where_asked(void **state)
{
	struct world	 w;
	struct stun	 q, m = { .method = STUN_BINDING,
		.class = STUN_SUCCESS };
	struct path	 path, other;
	uint8_t		 buf[STUN_MAX];
	size_t		 n;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	credentials(&w, A);
	EQ(ice_add_remote(w.s[A].ice, w.now,
	    "candidate:1 1 UDP 2130706431 192.0.2.2 2000 typ host"), 0);
	ice_tick(w.s[A].ice, w.now, &w.tx);
	EQ(w.tx.n, 1);
	path = w.tx.d[0].to;
	EQ(stun_decode(&q, w.tx.d[0].p, w.tx.d[0].n), 0);
	memcpy(m.tid, q.tid, sizeof(m.tid));
	m.mapped = path.local;
	n = stun_encode(&m, ice_pwd(w.s[B].ice), ICE_PWD, false, buf,
	    sizeof(buf));
	batch_reset(&w.tx);
	for (size_t i = 0; i < n * 8; i++) {
		buf[i / 8] ^= (uint8_t)(1 << i % 8);
		ice_input(w.s[A].ice, w.now, &path, buf, n, &w.tx);
		EQ(w.tx.n, 0);
		CHECK(!ice_valid(w.s[A].ice, &path));
		buf[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	other = path;
	other.remote.port++;
	CHECK(ice_input(w.s[A].ice, w.now, &other, buf, n, &w.tx));
	other = path;
	other.local.port++;
	CHECK(ice_input(w.s[A].ice, w.now, &other, buf, n, &w.tx));
	EQ(w.tx.n, 0);
	CHECK(!ice_valid(w.s[A].ice, &path));
	CHECK(ice_input(w.s[A].ice, w.now, &path, buf, n, &w.tx));
	CHECK(ice_valid(w.s[A].ice, &path));
	EQ(w.tx.n, 1);			/* the nomination */
	CHECK(!ice_input(w.s[A].ice, w.now, &path, buf, n, &w.tx));
	batch_reset(&w.tx);
	teardown(&w);
}

static void
what_names_another_ufrag_is_not_consumed(void **state)
{
	struct world	 w;
	struct stun	 m;
	struct path	 path = { at("192.0.2.2:2000"), at("192.0.2.1:1000") };
	uint8_t		 buf[STUN_MAX];
	char		 user[64];
	size_t		 n;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	credentials(&w, B);
	make_check(&w, B, &m, buf, user);
	user[0] ^= 1;
	n = stun_encode(&m, ice_pwd(w.s[B].ice), ICE_PWD, true, buf,
	    sizeof(buf));
	CHECK(!ice_input(w.s[B].ice, w.now, &path, buf, n, &w.tx));
	user[0] ^= 1;
	user[ICE_UFRAG + 1] ^= 1;	/* ours, but of another peer */
	n = stun_encode(&m, ice_pwd(w.s[B].ice), ICE_PWD, true, buf,
	    sizeof(buf));
	CHECK(ice_input(w.s[B].ice, w.now, &path, buf, n, &w.tx));
	EQ(w.tx.n, 0);
	EQ(ice_input(w.s[B].ice, w.now, &path, buf, 0, &w.tx), false);
	teardown(&w);
}

static void
a_check_to_an_address_that_is_no_candidate_is_dropped(void **state)
{
	struct world	 w;
	struct stun	 m;
	struct path	 path = { at("10.9.9.2:2000"), at("192.0.2.1:1000") };
	uint8_t		 buf[STUN_MAX];
	char		 user[64];
	size_t		 n;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	credentials(&w, B);
	n = make_check(&w, B, &m, buf, user);
	CHECK(ice_input(w.s[B].ice, w.now, &path, buf, n, &w.tx));
	EQ(w.tx.n, 0);
	teardown(&w);
}

static void
an_unknown_attribute_is_answered_with_420(void **state)
{
	struct world	 w;
	struct stun	 m, r;
	struct path	 path = { at("192.0.2.2:2000"), at("192.0.2.1:1000") };
	uint8_t		 buf[STUN_MAX];
	char		 user[64];
	size_t		 n;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	credentials(&w, B);
	make_check(&w, B, &m, buf, user);
	/* PRIORITY of 0x24 becomes the unknown 0x34; then signed anew. */
	n = stun_encode(&m, NULL, 0, false, buf, sizeof(buf));
	EQ(buf[STUN_HEADER + 1], 0x24);
	buf[STUN_HEADER + 1] = 0x34;
	{
		uint8_t	 mac[20];

		buf[3] = (uint8_t)(n + 24 - STUN_HEADER);
		hmac_sha1(mac, ice_pwd(w.s[B].ice), ICE_PWD, buf, n);
		memcpy(buf + n, "\0\10\0\24", 4);
		memcpy(buf + n + 4, mac, 20);
		n += 24;
	}
	CHECK(ice_input(w.s[B].ice, w.now, &path, buf, n, &w.tx));
	EQ(w.tx.n, 1);
	EQ(stun_decode(&r, w.tx.d[0].p, w.tx.d[0].n), 0);
	EQ(r.class, STUN_ERROR);
	EQ(r.error, 420);
	CHECK(stun_verify(&r, ice_pwd(w.s[B].ice), ICE_PWD));
	CHECK(!ice_knows(w.s[B].ice, &path));
	batch_reset(&w.tx);
	teardown(&w);
}

static bool
is_controlling(struct ice *ice, struct world *w)
{
	struct stun	 m;
	bool		 r;

	/* What it sends says so: give it something to check. */
	EQ(ice_add_remote(ice, w->now, "9 1 udp 9 198.18.0.1 7 typ host"), 0);
	w->now += SEC;
	batch_reset(&w->tx);
	ice_tick(ice, w->now, &w->tx);
	CHECK(w->tx.n > 0);
	EQ(stun_decode(&m, w->tx.d[w->tx.n - 1].p, w->tx.d[w->tx.n - 1].n), 0);
	r = m.role == STUN_CONTROLLING;
	batch_reset(&w->tx);
	return r;
}

/* RFC 8445 7.3.1.1: the larger tie-breaker controls. */
static void
a_role_conflict_is_won_by_the_larger_tie_breaker(void **state)
{
	static const struct {
		bool		 controlling;	/* we, and so the peer says */
		uint64_t	 theirs;
		uint16_t	 error;
		bool		 then;
	}			 t[] = {
		{ true, 0, 487, true },
		{ true, UINT64_MAX, 0, false },
		{ false, 0, 0, true },
		{ false, UINT64_MAX, 487, false },
	};
	struct path	 path = { at("192.0.2.2:2000"), at("192.0.2.1:1000") };
	struct world	 w;
	struct stun	 m, r;
	uint8_t		 buf[STUN_MAX];
	char		 user[64];
	size_t		 n;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		setup(&w, &plain);
		agent(&w, A, true, false, "192.0.2.1:1000");
		agent(&w, B, t[i].controlling, false, "192.0.2.2:2000");
		credentials(&w, B);
		make_check(&w, B, &m, buf, user);
		m.role = t[i].controlling ? STUN_CONTROLLING : STUN_CONTROLLED;
		m.use_candidate = false;
		m.tiebreaker = t[i].theirs;
		n = stun_encode(&m, ice_pwd(w.s[B].ice), ICE_PWD, true, buf,
		    sizeof(buf));
		CHECK(ice_input(w.s[B].ice, w.now, &path, buf, n, &w.tx));
		CHECK(w.tx.n >= 1);
		EQ(stun_decode(&r, w.tx.d[0].p, w.tx.d[0].n), 0);
		EQ(r.error, t[i].error);
		CHECK(is_controlling(w.s[B].ice, &w) == t[i].then);
		teardown(&w);
	}
}

static void
told_487_an_agent_checks_again_in_the_other_role(void **state)
{
	struct world	 w;
	struct stun	 q, m = { .method = STUN_BINDING,
		.class = STUN_ERROR, .error = 487 };
	struct path	 path;
	uint8_t		 buf[STUN_MAX];
	size_t		 n;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, true, false, "192.0.2.2:2000");
	credentials(&w, A);
	EQ(ice_add_remote(w.s[A].ice, w.now,
	    "candidate:1 1 udp 2130706431 192.0.2.2 2000 typ host"), 0);
	ice_tick(w.s[A].ice, w.now, &w.tx);
	EQ(w.tx.n, 1);
	path = w.tx.d[0].to;
	EQ(stun_decode(&q, w.tx.d[0].p, w.tx.d[0].n), 0);
	EQ(q.role, STUN_CONTROLLING);
	memcpy(m.tid, q.tid, sizeof(m.tid));
	n = stun_encode(&m, ice_pwd(w.s[B].ice), ICE_PWD, true, buf,
	    sizeof(buf));
	batch_reset(&w.tx);
	CHECK(ice_input(w.s[A].ice, w.now, &path, buf, n, &w.tx));
	EQ(w.tx.n, 1);
	EQ(stun_decode(&q, w.tx.d[0].p, w.tx.d[0].n), 0);
	EQ(q.role, STUN_CONTROLLED);
	CHECK(!q.use_candidate);
	batch_reset(&w.tx);
	teardown(&w);
}

/*
 * A peer that nominates aggressively says so in each check: the pair is
 * selected when our own check of it has succeeded, and not before.
 */
static void
a_nomination_counts_once_our_own_check_has_succeeded(void **state)
{
	struct world	 w;
	struct stun	 m, q, r = { .method = STUN_BINDING,
		.class = STUN_SUCCESS };
	struct path	 path = { at("192.0.2.2:2000"), at("192.0.2.1:1000") };
	uint8_t		 buf[STUN_MAX];
	char		 user[64];
	size_t		 n;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	credentials(&w, B);
	n = make_check(&w, B, &m, buf, user);
	CHECK(ice_input(w.s[B].ice, w.now, &path, buf, n, &w.tx));
	EQ(w.tx.n, 2);
	assert_null(ice_path(w.s[B].ice));
	CHECK(ice_valid(w.s[B].ice, &path));
	EQ(stun_decode(&q, w.tx.d[1].p, w.tx.d[1].n), 0);
	memcpy(r.tid, q.tid, sizeof(r.tid));
	r.mapped = path.local;
	n = stun_encode(&r, ice_pwd(w.s[A].ice), ICE_PWD, true, buf,
	    sizeof(buf));
	CHECK(ice_input(w.s[B].ice, w.now, &path, buf, n, &w.tx));
	CHECK(path_equal(ice_path(w.s[B].ice), &path));
	batch_reset(&w.tx);
	teardown(&w);
}

static void
worse_pairs_are_left_alone_once_one_is_selected(void **state)
{
	struct world		 w;
	struct ice_stats	 st;
	char			 text[32];

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, NULL);
	agent(&w, B, false, false, NULL);
	for (int i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "10.0.%d.1:1000", i);
		add(&w, A, text);
		snprintf(text, sizeof(text), "10.0.%d.2:2000", i);
		add(&w, B, text);
	}
	credentials(&w, A);
	credentials(&w, B);
	run(&w, 3 * SEC, NULL);
	CHECK(both_connected(&w));
	local_is(&w, A, "10.0.0.1:1000");
	ice_stats(w.s[A].ice, &st);
	CHECK(st.checks_sent < 6);
	teardown(&w);
}

/* B is controlled and has a selected path; then A's checks from elsewhere. */
static void
check_from(struct world *w, const char *from, bool nominate)
{
	struct path	 path = { at("192.0.2.2:2000"), at(from) };
	struct stun	 m;
	uint8_t		 buf[STUN_MAX];
	char		 user[64];
	size_t		 n;

	make_check(w, B, &m, buf, user);
	m.use_candidate = nominate;
	n = stun_encode(&m, ice_pwd(w->s[B].ice), ICE_PWD, true, buf,
	    sizeof(buf));
	CHECK(ice_input(w->s[B].ice, w->now, &path, buf, n, &w->tx));
}

static void
a_check_under_way_is_repeated_once_when_the_peer_checks(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	credentials(&w, B);
	EQ(ice_add_remote(w.s[B].ice, w.now,
	    "1 1 udp 5 192.0.2.1 1000 typ host"), 0);
	ice_tick(w.s[B].ice, w.now, &w.tx);
	EQ(w.tx.n, 1);
	check_from(&w, "192.0.2.1:1000", false);
	EQ(w.tx.n, 3);		/* the answer and the check again */
	check_from(&w, "192.0.2.1:1000", false);
	EQ(w.tx.n, 4);		/* only the answer */
	batch_reset(&w.tx);
	teardown(&w);
}

static void
new_ports_of_a_peer_never_fill_the_table(void **state)
{
	struct world	 w;
	struct path	 path = { at("192.0.2.2:2000"), at("192.0.2.9:1") };
	char		 from[32];

	(void)state;
	connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
	for (int i = 0; i < 3 * ICE_REMOTES; i++) {
		snprintf(from, sizeof(from), "192.0.2.9:%d", 3000 + i);
		check_from(&w, from, false);
		batch_reset(&w.tx);
		path.remote = at(from);
		CHECK(ice_valid(w.s[B].ice, &path));
	}
	path.remote = at("192.0.2.9:3000");
	CHECK(!ice_knows(w.s[B].ice, &path));
	run(&w, 10 * SEC, NULL);
	CHECK(both_connected(&w));
	paths_meet(&w);
	teardown(&w);
}

static void
a_signalled_candidate_replaces_the_one_learnt_from_a_check(void **state)
{
	struct world	 w;
	struct ice_info	 info;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	w.hold = true;
	run(&w, MS, NULL);
	pass(&w, B);
	credentials(&w, A);
	run(&w, 10 * MS, NULL);
	pass(&w, A);		/* after A's check was there */
	credentials(&w, B);
	run(&w, SEC, both_connected);
	CHECK(ice_info(w.s[B].ice, &info));
	EQ(info.remote, ICE_HOST);
	teardown(&w);
}

static void
a_worse_nomination_is_followed_only_if_the_path_is_silent(void **state)
{
	struct world	 w;

	(void)state;
	for (int silent = 0; silent < 2; silent++) {
		setup(&w, &plain);
		agent(&w, A, true, false, "192.0.2.1:1000");
		agent(&w, B, false, false, "192.0.2.2:2000");
		add(&w, A, "192.0.2.3:1000");
		credentials(&w, A);
		credentials(&w, B);
		run(&w, 2 * SEC, both_connected);
		CHECK(both_connected(&w));
		local_is(&w, A, "192.0.2.1:1000");
		if (silent)
			w.dead[w.ndead++] = w.s[A].host[0];
		run(&w, 9 * SEC, NULL);
		check_from(&w, "192.0.2.3:1000", true);
		run(&w, SEC / 2, NULL);
		CHECK(addr_equal(&ice_path(w.s[B].ice)->remote,
		    &w.s[A].host[silent]));
		EQ(w.s[B].losses, 0);
		teardown(&w);
	}
}

static void
a_peer_that_never_nominates_is_given_up(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, false, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	credentials(&w, B);
	check_from(&w, "192.0.2.1:1000", false);
	{
		struct stun	 q, r = { .method = STUN_BINDING,
			.class = STUN_SUCCESS };
		struct path	 path = w.tx.d[1].to;
		uint8_t		 buf[STUN_MAX];
		size_t		 n;

		EQ(stun_decode(&q, w.tx.d[1].p, w.tx.d[1].n), 0);
		memcpy(r.tid, q.tid, sizeof(r.tid));
		r.mapped = path.local;
		n = stun_encode(&r, ice_pwd(w.s[A].ice), ICE_PWD, true, buf,
		    sizeof(buf));
		CHECK(ice_input(w.s[B].ice, w.now, &path, buf, n, &w.tx));
		CHECK(ice_valid(w.s[B].ice, &path));
	}
	batch_reset(&w.tx);
	run(&w, 42 * SEC, NULL);
	CHECK(ice_state(w.s[B].ice) == ICE_FAILED);
	STREQ(ice_why(w.s[B].ice), "the peer nominates no pair");
	teardown(&w);
}

static void
requests_on_another_path_do_not_keep_a_lite_agents_path(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, true, "192.0.2.2:2000");
	credentials(&w, A);
	credentials(&w, B);
	run(&w, SEC, both_connected);
	w.down = true;
	for (int i = 0; i < 35; i++) {
		run(&w, SEC, NULL);
		check_from(&w, "192.0.2.9:9", false);
		batch_reset(&w.tx);
	}
	EQ(w.s[B].losses, 1);
	teardown(&w);
}

static void
a_loopback_address_meets_only_its_like(void **state)
{
	struct world		 w;
	struct ice_stats	 st;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, "127.0.0.1:2000");
	credentials(&w, A);
	credentials(&w, B);
	run(&w, 5 * SEC, NULL);
	ice_stats(w.s[A].ice, &st);
	EQ(st.checks_sent, 0);
	teardown(&w);
}

/* Some peers on our machine reach all of its addresses from its loopback. */
static void
a_loopback_address_that_checks_us_is_a_path(void **state)
{
	struct world	 w;
	struct path	 path = { at("192.0.2.2:2000"), at("127.0.0.1:1000") };

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "127.0.0.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	credentials(&w, B);
	EQ(ice_add_remote(w.s[B].ice, w.now,
	    "1 1 udp 5 127.0.0.1 1000 typ host"), 0);
	ice_tick(w.s[B].ice, w.now, &w.tx);
	EQ(w.tx.n, 0);
	check_from(&w, "127.0.0.1:1000", false);
	EQ(w.tx.n, 2);		/* the answer and a check back */
	CHECK(path_equal(&w.tx.d[1].to, &path));
	CHECK(ice_valid(w.s[B].ice, &path));
	batch_reset(&w.tx);
	teardown(&w);
}

static void
an_answer_to_the_offer_before_a_restart_is_ignored(void **state)
{
	struct world	 w;
	char		 ufrag[ICE_UFRAG + 1];

	(void)state;
	connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
	ice_restart(w.s[A].ice, w.now);
	strcpy(ufrag, ice_ufrag(w.s[A].ice));
	credentials(&w, A);		/* B's, which has not restarted */
	STREQ(ufrag, ice_ufrag(w.s[A].ice));
	credentials(&w, B);
	credentials(&w, A);
	STREQ(ufrag, ice_ufrag(w.s[A].ice));
	EQ(ice_add_remote(w.s[A].ice, w.now,
	    "1 1 udp 2130706431 192.0.2.2 2000 typ host"), 0);
	run(&w, 20 * SEC, NULL);
	CHECK(both_connected(&w));
	EQ(w.s[A].losses + w.s[B].losses, 0);
	teardown(&w);
}

static void
full_tables_refuse_and_the_agents_connect_nevertheless(void **state)
{
	struct world	 w;
	char		 text[ICE_CANDIDATE_TEXT];
	struct addr	 a;

	(void)state;
	setup(&w, &plain);
	w.hold = true;
	agent(&w, A, true, false, NULL);
	agent(&w, B, false, false, NULL);
	for (int i = 0; i < HOSTS; i++) {
		snprintf(text, sizeof(text), "10.0.%d.1:1000", i);
		add(&w, A, text);
		snprintf(text, sizeof(text), "10.0.%d.2:2000", i);
		add(&w, B, text);
	}
	a = at("10.1.0.1:1000");
	EQ(ice_add_host(w.s[A].ice, w.now, &a), -1);
	for (int i = 0; i < ICE_SERVERS; i++)
		EQ(ice_add_stun(w.s[A].ice, w.now, &a), 0);
	EQ(ice_add_stun(w.s[A].ice, w.now, &a), -1);
	run(&w, 8 * SEC, NULL);		/* all servers are being asked */
	credentials(&w, A);
	credentials(&w, B);
	for (int i = 0; i < ICE_REMOTES - HOSTS; i++) {
		snprintf(text, sizeof(text),
		    "1 1 udp %d 10.7.0.%d 9 typ host", 100 + i, i + 1);
		EQ(ice_add_remote(w.s[A].ice, w.now, text), 0);
	}
	run(&w, MS, NULL);
	pass(&w, A);
	pass(&w, B);
	EQ(ice_add_remote(w.s[A].ice, w.now,
	    "1 1 udp 1 10.8.0.1 9 typ host"), -1);
	run(&w, 20 * SEC, both_connected);
	CHECK(both_connected(&w));
	paths_meet(&w);
	teardown(&w);
}

static void
without_memory_there_is_no_agent(void **state)
{
	struct rng	*rng = rng_seeded("x", 1);
	struct ice_conf	 conf = { .rng = rng };
	struct ice	*ice;

	(void)state;
	oom_after(1);
	ice = ice_new(&conf, 0);
	CHECK(oom_hit());
	oom_after(0);
	assert_null(ice);
	ice_free(NULL);
	rng_free(rng);
}

static void
an_idle_connection_wakes_up_seldom(void **state)
{
	struct world	 w;

	(void)state;
	connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
	run(&w, SEC, NULL);
	w.s[A].ticks = w.s[B].ticks = 0;
	run(&w, 60 * SEC, NULL);
	CHECK(both_connected(&w));
	CHECK(w.s[A].ticks >= 10 && w.s[A].ticks <= 15);
	CHECK(w.s[B].ticks >= 10 && w.s[B].ticks <= 15);
	teardown(&w);
}

static void
link_local_addresses_meet_only_their_like(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "[fe80::1%3]:1000");
	agent(&w, B, false, false, "[2001:db8::2]:2000");
	add(&w, B, "127.0.0.1:2000");
	credentials(&w, A);
	credentials(&w, B);
	run(&w, 5 * SEC, NULL);
	{
		struct ice_stats	 st;

		ice_stats(w.s[A].ice, &st);
		EQ(st.checks_sent, 0);
	}
	add(&w, B, "[fe80::2%3]:2000");
	run(&w, 5 * SEC, both_connected);
	CHECK(both_connected(&w));
	EQ(ice_path(w.s[A].ice)->remote.scope, 3);
	teardown(&w);
}

static void
candidates_are_read_as_all_peers_write_them(void **state)
{
	static const struct {
		const char	*text;
		int		 want;
	}			 t[] = {
		{ "candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host", 1 },
		{ "a=candidate:1 1 UDP 2130706431 192.0.2.7 5 typ host", 1 },
		{ "1 1 udp 5 2001:db8::1 5 typ relay raddr :: rport 0 "
		    "generation 0 ufrag abcd network-cost 999", 1 },
		{ "1 1 udp 5 203.0.113.5 61000 typ srflx raddr 0.0.0.0 rport "
		    "61000", 1 },
		{ "", 0 },
		{ "candidate:", 0 },
		{ "1 2 udp 5 192.0.2.7 5 typ host", 0 },
		{ "1 1 tcp 5 192.0.2.7 9 typ host tcptype active", 0 },
		{ "1 1 udp 5 c0ffee00-1111-2222-3333-444455556666.local 5 "
		    "typ host", 0 },
		{ "1 1 udp 5 192.0.2.7 5 typ", -1 },
		{ "1 1 udp 5 192.0.2.7 5 typ what", -1 },
		{ "1 1 udp x 192.0.2.7 5 typ host", -1 },
		{ "1 1 udp 4294967296 192.0.2.7 5 typ host", -1 },
		{ "1 1 udp 5 192.0.2.7 65536 typ host", -1 },
		{ "1 1 udp 5 192.0.2.777 5 typ host", -1 },
		{ "1 1 udp 5 192.0.2.7 5 type host", -1 },
		{ "1234567890123456789012345678901234 1 udp 5 192.0.2.7 5 "
		    "typ host", -1 },
	};
	struct cand		 c, d;
	char			 text[ICE_CANDIDATE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		EQ(cand_parse(&c, t[i].text), t[i].want);
		if (t[i].want != 1)
			continue;
		EQ(cand_parse(&d, cand_text(&c, text)), 1);
		CHECK(addr_equal(&c.addr, &d.addr));
		EQ(c.type, d.type);
		EQ(c.priority, d.priority);
		STREQ(c.foundation, d.foundation);
	}
	EQ(cand_priority(ICE_HOST, 65535), 2130706431);
	EQ(cand_priority(ICE_SRFLX, 65535), 1694498815);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(two_agents_connect_in_a_few_round_trips),
		cmocka_unit_test(agents_that_cannot_meet_fail_after_patience),
		cmocka_unit_test(
		    the_preferred_address_is_chosen_of_two_families),
		cmocka_unit_test(they_connect_over_a_bad_network),
		cmocka_unit_test(
		    descriptions_and_candidates_may_come_in_any_order),
		cmocka_unit_test(
		    a_check_before_the_description_is_answered_and_followed),
		cmocka_unit_test(a_late_candidate_is_waited_for_and_then_used),
		cmocka_unit_test(without_any_candidate_the_reason_says_so),
		cmocka_unit_test(two_agents_of_the_same_role_agree_on_one),
		cmocka_unit_test(a_lite_agent_is_reached_and_never_asks),
		cmocka_unit_test(
		    a_lite_agent_notices_30_seconds_of_silence_and_comes_back),
		cmocka_unit_test(
		    two_lite_agents_fail_with_a_reason_that_names_both),
		cmocka_unit_test(
		    an_address_behind_a_nat_is_learnt_from_its_check),
		cmocka_unit_test(
		    a_reflexive_address_comes_from_a_server_and_is_used),
		cmocka_unit_test(a_server_that_is_not_there_harms_nothing),
		cmocka_unit_test(
		    a_dead_path_is_noticed_and_recovers_when_the_network_does),
		cmocka_unit_test(
		    another_path_is_taken_when_the_better_one_dies),
		cmocka_unit_test(a_better_path_that_comes_later_is_taken),
		cmocka_unit_test(
		    a_better_path_that_comes_later_is_left_to_peers_that_follow),
		cmocka_unit_test(
		    a_restart_keeps_the_path_until_the_new_one_is_there),
		cmocka_unit_test(a_restart_revives_an_agent_that_failed),
		cmocka_unit_test(a_repeated_description_changes_nothing),
		cmocka_unit_test(a_forged_check_changes_nothing),
		cmocka_unit_test(
		    an_answer_is_believed_only_whole_and_from_where_asked),
		cmocka_unit_test(what_names_another_ufrag_is_not_consumed),
		cmocka_unit_test(
		    a_check_to_an_address_that_is_no_candidate_is_dropped),
		cmocka_unit_test(an_unknown_attribute_is_answered_with_420),
		cmocka_unit_test(
		    a_role_conflict_is_won_by_the_larger_tie_breaker),
		cmocka_unit_test(
		    told_487_an_agent_checks_again_in_the_other_role),
		cmocka_unit_test(
		    a_nomination_counts_once_our_own_check_has_succeeded),
		cmocka_unit_test(
		    worse_pairs_are_left_alone_once_one_is_selected),
		cmocka_unit_test(
		    a_check_under_way_is_repeated_once_when_the_peer_checks),
		cmocka_unit_test(new_ports_of_a_peer_never_fill_the_table),
		cmocka_unit_test(
		    a_signalled_candidate_replaces_the_one_learnt_from_a_check),
		cmocka_unit_test(
		    a_worse_nomination_is_followed_only_if_the_path_is_silent),
		cmocka_unit_test(a_peer_that_never_nominates_is_given_up),
		cmocka_unit_test(
		    requests_on_another_path_do_not_keep_a_lite_agents_path),
		cmocka_unit_test(a_loopback_address_meets_only_its_like),
		cmocka_unit_test(a_loopback_address_that_checks_us_is_a_path),
		cmocka_unit_test(
		    an_answer_to_the_offer_before_a_restart_is_ignored),
		cmocka_unit_test(
		    full_tables_refuse_and_the_agents_connect_nevertheless),
		cmocka_unit_test(without_memory_there_is_no_agent),
		cmocka_unit_test(an_idle_connection_wakes_up_seldom),
		cmocka_unit_test(link_local_addresses_meet_only_their_like),
		cmocka_unit_test(candidates_are_read_as_all_peers_write_them),
	};

	return RUN(tests);
}
