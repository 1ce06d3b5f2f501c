#include "ice/world.h"

/*
 * What a peer's STUN may be and do: the rest of it is in rules.c and ice.c. In
 * all of these B is the agent and A's address where the messages come from.
 */
static const char	*const from_a = "192.0.2.1:1000";

static void
two(struct world *w, bool lite)
{
	setup(w, &plain);
	agent(w, A, true, false, from_a);
	agent(w, B, false, lite, "192.0.2.2:2000");
	credentials(w, B);
}

/* A check of A's, with this attribute besides; signed or not. */
static size_t
check_with(struct world *w, const char *attribute, size_t n, bool sign,
    uint8_t buf[STUN_MAX])
{
	struct stun	 m = { .method = STUN_BINDING,
		.role = STUN_CONTROLLING, .has_priority = true,
		.use_candidate = true, .priority = 1, .tid = { 9 } };
	const char	*pwd = ice_pwd(w->s[B].ice);
	uint8_t		 mac[20];
	char		 user[64];
	size_t		 len;

	m.username.n = (size_t)sprintf(user, "%s:%s", ice_ufrag(w->s[B].ice),
	    ice_ufrag(w->s[A].ice));
	m.username.p = (const uint8_t *)user;
	len = stun_encode(&m, NULL, 0, false, buf, STUN_MAX);
	memcpy(buf + len, attribute, n);
	len += n;
	buf[2] = (uint8_t)((len + (sign ? 24 : 0) - STUN_HEADER) >> 8);
	buf[3] = (uint8_t)(len + (sign ? 24 : 0) - STUN_HEADER);
	if (!sign)
		return len;
	hmac_sha1(mac, pwd, strlen(pwd), buf, len);
	memcpy(buf + len, "\0\10\0\24", 4);
	memcpy(buf + len + 4, mac, 20);
	return len + 24;
}

/* What B answers to it, or nothing: false. */
static bool
answer_to(struct world *w, const uint8_t *buf, size_t n, struct stun *r)
{
	struct path	 path = { w->s[B].host[0], at(from_a) };
	static uint8_t	 copy[STUN_MAX];

	CHECK(ice_input(w->s[B].ice, w->now, &path, buf, n, &w->tx));
	if (w->tx.n == 0)
		return false;
	memcpy(copy, w->tx.d[0].p, w->tx.d[0].n);
	EQ(stun_decode(r, copy, w->tx.d[0].n), 0);
	batch_reset(&w->tx);
	return true;
}

/* What B said last has so many of them, 0x7000, 0x7001 ..., in its bytes. */
static void
names(const struct world *w, size_t n)
{
	const uint8_t	*p = w->tx.d[0].p + STUN_HEADER;
	size_t		 len;

	while (p[0] != 0 || p[1] != 0x0a) {	/* UNKNOWN-ATTRIBUTES */
		CHECK(p[1] != 0x08);	/* the integrity ends them */
		p += 4 + (size_t)((p[2] << 8 | p[3]) + 3) / 4 * 4;
	}
	len = (size_t)(p[2] << 8 | p[3]);
	EQ(len, 2 * n);
	for (size_t i = 0; i < n; i++) {
		EQ(p[4 + 2 * i], 0x70);
		EQ(p[5 + 2 * i], i);
	}
}

static void
a_request_without_integrity_is_not_answered(void **state)
{
	struct world		 w;
	struct ice_stats	 st;
	struct stun		 r;
	uint8_t			 buf[STUN_MAX];
	size_t			 n;

	(void)state;
	two(&w, false);
	n = check_with(&w, "", 0, false, buf);
	CHECK(!answer_to(&w, buf, n, &r));
	ice_stats(w.s[B].ice, &st);
	EQ(st.bad_messages, 1);
	assert_null(ice_path(w.s[B].ice));
	teardown(&w);
}

/* Chromium's GOOG-NETWORK-INFO, and one that nobody has thought of yet. */
static void
an_attribute_that_may_be_ignored_is(void **state)
{
	static const char	 optional[] = "\xc0\x57\0\4\0\0\3\347"
		"\xff\xff\0\5hello\0\0\0\x80\x2a\0\0";
	struct world		 w;
	struct stun		 r;
	uint8_t			 buf[STUN_MAX];
	size_t			 n;

	(void)state;
	two(&w, false);
	n = check_with(&w, optional, sizeof(optional) - 5, true, buf);
	CHECK(answer_to(&w, buf, n, &r));
	EQ(r.class, STUN_SUCCESS);
	EQ(r.error, 0);
	teardown(&w);
}

/* RFC 8489 6.3.1.1: in an attribute, as many as there is room for. */
static void
attributes_that_must_be_understood_are_named(void **state)
{
	char		 required[4 * 12], *p = required;
	struct world	 w;
	struct stun	 r;
	uint8_t		 buf[STUN_MAX];
	size_t		 n;

	(void)state;
	for (int i = 0; i < 12; i++, p += 4)
		memcpy(p, (char[]){ 0x70, (char)i, 0, 0 }, 4);
	two(&w, false);
	n = check_with(&w, required, 8, true, buf);
	CHECK(answer_to(&w, buf, n, &r));
	EQ(r.class, STUN_ERROR);
	EQ(r.error, 420);
	names(&w, 2);
	n = check_with(&w, required, sizeof(required), true, buf);
	CHECK(answer_to(&w, buf, n, &r));
	EQ(r.error, 420);
	names(&w, STUN_UNKNOWN);
	assert_null(ice_path(w.s[B].ice));
	teardown(&w);
}

/* RFC 8445 7.3, RFC 8489 9.1.3: it would tell a listener more than needed. */
static void
an_answer_has_integrity_and_no_user_name(void **state)
{
	struct world	 w;
	struct stun	 r;
	uint8_t		 buf[STUN_MAX];
	size_t		 n;

	(void)state;
	two(&w, false);
	n = check_with(&w, "", 0, true, buf);
	CHECK(answer_to(&w, buf, n, &r));
	assert_null(r.username.p);
	assert_null(r.realm.p);
	EQ(r.role, STUN_NO_ROLE);
	CHECK(!r.has_priority && !r.use_candidate);
	CHECK(stun_verify(&r, ice_pwd(w.s[B].ice), ICE_PWD));
	CHECK(r.fingerprint);
	teardown(&w);
}

/* Each check names the one it is for: of another's nothing comes. */
static void
a_peer_that_names_another_user_is_not_met_and_the_reason_told(void **state)
{
	struct world		 w;
	struct ice_stats	 st;
	char			 ufrag[ICE_UFRAG + 1];

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, from_a);
	agent(&w, B, false, false, "192.0.2.2:2000");
	strcpy(ufrag, ice_ufrag(w.s[B].ice));
	ufrag[0] = ufrag[0] == 'a' ? 'b' : 'a';
	EQ(ice_set_remote(w.s[A].ice, w.now, ufrag, ice_pwd(w.s[B].ice),
	    false), 0);
	credentials(&w, B);
	run(&w, 60 * SEC, NULL);
	for (int i = 0; i < SIDES; i++) {
		ice_stats(w.s[i].ice, &st);
		CHECK(st.checks_sent > 0);
		assert_null(ice_path(w.s[i].ice));
		EQ(ice_state(w.s[i].ice), ICE_FAILED);
		STREQ(ice_why(w.s[i].ice), "no candidate pair answers");
	}
	teardown(&w);
}

/* RFC 8445 7.3.2: it asks nothing, so there is nothing to wait for. */
static void
a_lite_agent_takes_the_first_request_that_nominates(void **state)
{
	struct path		 path = { at("192.0.2.2:2000"), at(from_a) };
	struct world		 w;
	struct ice_stats	 st;
	struct stun		 r;
	uint8_t			 buf[STUN_MAX];
	size_t			 n;

	(void)state;
	two(&w, true);
	n = check_with(&w, "", 0, true, buf);
	CHECK(answer_to(&w, buf, n, &r));
	EQ(r.class, STUN_SUCCESS);
	EQ(ice_state(w.s[B].ice), ICE_CONNECTED);
	CHECK(path_equal(ice_path(w.s[B].ice), &path));
	ice_stats(w.s[B].ice, &st);
	EQ(st.checks_sent, 0);
	teardown(&w);
}

/* A peer that answers with errors has a path that is good for nothing. */
static void
an_error_ends_the_pair_and_its_reason_is_told(void **state)
{
	static const uint16_t	 errors[] = { 300, 400, 401, 420, 438, 500 };
	struct world		 w;
	struct ice_check	 c;
	struct stun		 q, m = { .method = STUN_BINDING,
		.class = STUN_ERROR };
	struct path		 path;
	uint8_t			 buf[STUN_MAX];
	size_t			 n;

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		two(&w, false);
		EQ(ice_add_remote(w.s[B].ice, w.now,
		    "1 1 udp 2130706431 192.0.2.1 1000 typ host"), 0);
		ice_tick(w.s[B].ice, w.now, &w.tx);
		EQ(w.tx.n, 1);
		path = w.tx.d[0].to;
		EQ(stun_decode(&q, w.tx.d[0].p, w.tx.d[0].n), 0);
		memcpy(m.tid, q.tid, sizeof(m.tid));
		m.error = errors[i];
		n = stun_encode(&m, ice_pwd(w.s[A].ice), ICE_PWD, true, buf,
		    sizeof(buf));
		batch_reset(&w.tx);
		CHECK(ice_input(w.s[B].ice, w.now, &path, buf, n, &w.tx));
		EQ(w.tx.n, 0);
		EQ(ice_checks(w.s[B].ice, &c, 1), 1);
		STREQ(c.state, "failed");
		STREQ(c.why, "answered with an error");
		run(&w, 60 * SEC, NULL);
		EQ(ice_state(w.s[B].ice), ICE_FAILED);
		STREQ(ice_why(w.s[B].ice), "no candidate pair answers");
		teardown(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_request_without_integrity_is_not_answered),
		cmocka_unit_test(an_attribute_that_may_be_ignored_is),
		cmocka_unit_test(attributes_that_must_be_understood_are_named),
		cmocka_unit_test(an_answer_has_integrity_and_no_user_name),
		cmocka_unit_test(
	       a_peer_that_names_another_user_is_not_met_and_the_reason_told),
		cmocka_unit_test(
		    a_lite_agent_takes_the_first_request_that_nominates),
		cmocka_unit_test(
		    an_error_ends_the_pair_and_its_reason_is_told),
	};

	return RUN(tests);
}
