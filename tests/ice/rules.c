#include "ice/unknown.h"
#include "ice/world.h"

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
	neighbours(&w, true);
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
	struct stun	 m;
	struct path	 path, other;
	uint8_t		 buf[STUN_MAX];
	size_t		 n;

	(void)state;
	first_check(&w, &m, &path);
	n = stun_encode(&m, ice_pwd(w.s[B].ice), ICE_PWD, false, buf,
	    sizeof(buf));
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
	neighbours(&w, true);
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
	neighbours(&w, true);
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
	neighbours(&w, true);
	credentials(&w, B);
	make_check(&w, B, &m, buf, user);
	n = encode_unknown(m, ice_pwd(w.s[B].ice), ICE_PWD, buf, sizeof(buf));
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
	uint64_t	 tiebreaker;
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
	tiebreaker = q.tiebreaker;
	memcpy(m.tid, q.tid, sizeof(m.tid));
	n = stun_encode(&m, ice_pwd(w.s[B].ice), ICE_PWD, true, buf,
	    sizeof(buf));
	batch_reset(&w.tx);
	CHECK(ice_input(w.s[A].ice, w.now, &path, buf, n, &w.tx));
	EQ(w.tx.n, 1);
	EQ(stun_decode(&q, w.tx.d[0].p, w.tx.d[0].n), 0);
	EQ(q.role, STUN_CONTROLLED);
	CHECK(!q.use_candidate);
	CHECK(q.tiebreaker != tiebreaker);	/* or both switch for ever */
	batch_reset(&w.tx);
	teardown(&w);
}

/* What a check says of its candidate if it is a peer-reflexive one (7.1.1). */
static void
a_check_has_the_local_preference_of_where_it_comes_from(void **state)
{
	static const char *const other[] = {
		"1 1 udp 2130706431 192.0.2.2 2000 typ host",
		"1 1 udp 2130706431 2001:db8::2 2000 typ host",
	};
	struct world	 w;
	struct stun	 q;
	struct cand	 c;
	char		 text[ICE_CANDIDATE_TEXT];

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "192.0.2.1:1000");
	add(&w, A, "[2001:db8::1]:1000");
	agent(&w, B, false, false, NULL);
	credentials(&w, A);
	for (size_t i = 0; i < 2; i++) {
		EQ(ice_add_remote(w.s[A].ice, w.now, other[i]), 0);
		w.now += 50 * MS;
		ice_tick(w.s[A].ice, w.now, &w.tx);
		EQ(w.tx.n, 1);
		EQ(stun_decode(&q, w.tx.d[0].p, w.tx.d[0].n), 0);
		EQ(cand_parse(&c, ice_candidate(w.s[A].ice, i, text)), 1);
		EQ(q.priority & 0xffffff, c.priority & 0xffffff);
		EQ(q.priority >> 24, 110);
		batch_reset(&w.tx);
	}
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
	neighbours(&w, true);
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
	introduce(&w);
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
	neighbours(&w, true);
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
	neighbours(&w, true);
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

static uint16_t
best_remote_port(struct world *w, int i)
{
	struct ice_check	 c;

	EQ(ice_checks(w->s[i].ice, &c, 1), 1);
	return c.path.remote.port;
}

/* It was learnt with the priority that the check said, 1. */
static void
a_signalled_candidate_brings_its_priority(void **state)
{
	struct world	 w;

	(void)state;
	neighbours(&w, true);
	credentials(&w, B);
	EQ(ice_add_remote(w.s[B].ice, w.now,
	    "1 1 udp 100000 192.0.2.5 5000 typ host"), 0);
	check_from(&w, "192.0.2.9:3000", false);
	batch_reset(&w.tx);
	EQ(best_remote_port(&w, B), 5000);
	EQ(ice_add_remote(w.s[B].ice, w.now,
	    "1 1 udp 2130706431 192.0.2.9 3000 typ host"), 0);
	EQ(best_remote_port(&w, B), 3000);
	teardown(&w);
}

/* RFC 8489 6.2.1, with a limit: a path that opens late is found. */
static void
a_check_is_repeated_ever_more_seldom(void **state)
{
	static const unsigned	 at_ms[] = { 1, 500, 1500, 3500, 5500, 7500 };
	struct world		 w;
	struct ice_stats	 st;
	uint64_t		 began;

	(void)state;
	neighbours(&w, true);
	w.down = true;
	introduce(&w);
	began = w.now;
	for (size_t i = 0; i < sizeof(at_ms) / sizeof(at_ms[0]); i++) {
		run(&w, began + at_ms[i] * MS - 1 - w.now, NULL);
		ice_stats(w.s[A].ice, &st);
		EQ(st.checks_sent, i == 0 ? 1 : i);
		run(&w, 2 * MS, NULL);
		ice_stats(w.s[A].ice, &st);
		EQ(st.checks_sent, i + 1);
	}
	teardown(&w);
}

/* It would have to be on that very link, and then nothing is in between. */
static void
a_link_local_address_asks_no_server(void **state)
{
	struct world	 w;
	struct addr	 a = at("[2001:db8::53]:3478");

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "[fe80::1%1]:1000");
	agent(&w, B, true, false, NULL);
	EQ(ice_add_stun(w.s[A].ice, w.now, &a), 0);
	CHECK(ice_gathered(w.s[A].ice));
	add(&w, A, "[2001:db8::1]:1000");
	CHECK(!ice_gathered(w.s[A].ice));
	teardown(&w);
}

static void
a_worse_nomination_is_followed_only_if_the_path_is_silent(void **state)
{
	struct world	 w;

	(void)state;
	for (int silent = 0; silent < 2; silent++) {
		neighbours(&w, true);
		add(&w, A, "192.0.2.3:1000");
		introduce(&w);
		connects(&w, 2 * SEC);
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
	introduce(&w);
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
	introduce(&w);
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
	introduce(&w);
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
	connects(&w, 20 * SEC);
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
	introduce(&w);
	run(&w, 5 * SEC, NULL);
	{
		struct ice_stats	 st;

		ice_stats(w.s[A].ice, &st);
		EQ(st.checks_sent, 0);
	}
	add(&w, B, "[fe80::2%3]:2000");
	connects(&w, 5 * SEC);
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
		    "typ host", 2 },
		{ "1 1 udp 5 printer.local 5 typ host", 0 },
		{ "1 1 udp 5 printer.example.com 5 typ host", -1 },
		{ "1 1 udp 5 0.0.0.0 5 typ host", 0 },
		{ "1 1 udp 5 224.0.0.251 5353 typ host", 0 },
		{ "1 1 udp 5 255.255.255.255 5 typ host", 0 },
		{ "1 1 udp 5 ff02::fb 5353 typ host", 0 },
		{ "1 1 udp 5 192.0.2.7 0 typ host", 0 },
		{ "1 1 udp 5 192.0.2.7 5 typ", -1 },
		{ "1 1 udp 5 192.0.2.7 5 typ what", -1 },
		{ "1 1 udp 5 fe80::1%2 5 typ host", 1 },
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
		    a_check_has_the_local_preference_of_where_it_comes_from),
		cmocka_unit_test(
		    a_nomination_counts_once_our_own_check_has_succeeded),
		cmocka_unit_test(
		    worse_pairs_are_left_alone_once_one_is_selected),
		cmocka_unit_test(
		    a_check_under_way_is_repeated_once_when_the_peer_checks),
		cmocka_unit_test(new_ports_of_a_peer_never_fill_the_table),
		cmocka_unit_test(
		    a_signalled_candidate_replaces_the_one_learnt_from_a_check),
		cmocka_unit_test(a_signalled_candidate_brings_its_priority),
		cmocka_unit_test(a_check_is_repeated_ever_more_seldom),
		cmocka_unit_test(a_link_local_address_asks_no_server),
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
