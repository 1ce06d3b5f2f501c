#include "ice/world.h"

static bool
both_failed(struct world *w)
{
	return ice_state(w->s[A].ice) == ICE_FAILED &&
	    ice_state(w->s[B].ice) == ICE_FAILED;
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
	neighbours(&w, true);
	introduce(&w);
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
	neighbours(&w, true);
	add_family(&w);
	introduce(&w);
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
		add_family(&w);
		introduce(&w);
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
		connects(&w, 5 * SEC);
		paths_meet(&w);
		teardown(&w);
	}
}

static void
a_check_before_the_description_is_answered_and_followed(void **state)
{
	struct world	 w;

	(void)state;
	neighbours(&w, true);
	w.hold = true;
	run(&w, MS, NULL);
	pass(&w, B);
	credentials(&w, A);
	run(&w, 100 * MS, NULL);	/* B knows nothing of A, and answers */
	CHECK(ice_state(w.s[A].ice) == ICE_CONNECTED);
	CHECK(ice_state(w.s[B].ice) == ICE_NEW);
	credentials(&w, B);
	connects(&w, 3 * MS);
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
	introduce(&w);
	run(&w, 30 * SEC, NULL);
	CHECK(ice_state(w.s[A].ice) == ICE_CHECKING);
	add(&w, A, "192.0.2.1:1000");
	add(&w, B, "192.0.2.2:2000");
	connects(&w, 5 * SEC);
	teardown(&w);
}

static void
without_any_candidate_the_reason_says_so(void **state)
{
	struct world	 w;

	(void)state;
	neighbours(&w, true);
	w.hold = true;
	introduce(&w);
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
			introduce(&w);
			connects(&w, 5 * SEC);
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
		introduce(&w);
		connects(&w, 5 * SEC);
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
	introduce(&w);
	run(&w, 5 * SEC, both_connected);
	w.down = true;
	run(&w, 24 * SEC, NULL);
	EQ(w.s[B].losses, 0);
	run(&w, 12 * SEC, NULL);
	EQ(w.s[B].losses, 1);
	assert_null(ice_path(w.s[B].ice));
	w.down = false;
	connects(&w, 5 * SEC);
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
	introduce(&w);
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
		introduce(&w);
		connects(&w, 5 * SEC);
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

/*
 * A is behind a 1:1 NAT and says so: as a reflexive address, for whoever is
 * inside goes to the host; or if lite, in the host's place. B never hears from
 * A first.
 */
static void
an_external_address_is_announced_and_reached(void **state)
{
	struct simnat	 nat = { .outside = at("198.51.100.1:1"),
		.inside = at("10.0.0.1:1"), .one_to_one = true };
	struct world	 w;
	struct ice_info	 info;
	char		 text[ICE_CANDIDATE_TEXT];

	(void)state;
	for (int lite = 0; lite < 2; lite++) {
		setup(&w, &plain);
		w.nat = &nat;
		w.s[A].known.inside = at("10.0.0.1:7");
		w.s[A].known.outside = at("198.51.100.1:9");
		w.s[A].nknown = 1;
		agent(&w, A, false, lite, "10.0.0.1:1000");
		agent(&w, B, true, false, "192.0.2.2:2000");
		assert_non_null(ice_candidate(w.s[A].ice, !lite, text));
		assert_null(ice_candidate(w.s[A].ice, 1 + !lite, text));
		assert_non_null(strstr(text, lite ?
		    " 198.51.100.1 1000 typ host" :
		    " 198.51.100.1 1000 typ srflx raddr 10.0.0.1 rport 1000"));
		credentials(&w, B);
		run(&w, 200 * MS, NULL);
		credentials(&w, A);
		connects(&w, 5 * SEC);
		local_is(&w, A, "10.0.0.1:1000");
		CHECK(ice_info(w.s[B].ice, &info));
		EQ(info.remote, lite ? ICE_HOST : ICE_SRFLX);
		CHECK(addr_same_ip(&info.path.remote, &nat.outside));
		CHECK(ice_info(w.s[A].ice, &info));
		EQ(info.local, lite ? ICE_HOST : ICE_SRFLX);
		teardown(&w);
	}
}

/* Told twice, by us and by the server, it is one candidate. */
static void
a_server_that_says_the_external_address_adds_nothing(void **state)
{
	struct simnat	 nat = { .outside = at("198.51.100.1:1"),
		.inside = at("10.0.0.1:1"), .one_to_one = true };
	struct addr	 server = at("203.0.113.53:3478");
	struct world	 w;
	struct ice_stats st;
	char		 text[ICE_CANDIDATE_TEXT];

	(void)state;
	setup(&w, &plain);
	w.nat = &nat;
	w.s[A].known.inside = at("10.0.0.1:7");
	w.s[A].known.outside = at("198.51.100.1:9");
	w.s[A].nknown = 1;
	agent(&w, A, false, false, "10.0.0.1:1000");
	agent(&w, B, true, false, "192.0.2.2:2000");
	EQ(ice_add_stun(w.s[A].ice, w.now, &server), 0);
	run(&w, 5 * SEC, gathered);
	ice_stats(w.s[A].ice, &st);
	EQ(st.bad_messages, 0);
	assert_non_null(ice_candidate(w.s[A].ice, 1, text));
	assert_null(ice_candidate(w.s[A].ice, 2, text));
	teardown(&w);
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
	introduce(&w);
	/* B's first check is lost at the NAT; A's opens it, B repeats. */
	connects(&w, 400 * MS);
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
	neighbours(&w, true);
	EQ(ice_add_stun(w.s[A].ice, w.now, &nowhere), 0);
	introduce(&w);
	connects(&w, SEC);
	CHECK(!ice_gathered(w.s[A].ice));
	run(&w, 10 * SEC, gathered);
	CHECK(ice_gathered(w.s[A].ice));
	teardown(&w);
}

/* Not with every try, nor if it answers another address of ours. */
static void
a_server_that_answers_no_address_is_told_of_once(void **state)
{
	struct addr	 server = at("203.0.113.53:3478");
	struct addr	 nowhere = at("203.0.113.54:3478");
	struct world	 w;

	(void)state;
	neighbours(&w, true);
	add(&w, A, "192.0.2.3:1000");
	w.dead[w.ndead++] = w.s[A].host[1];
	EQ(ice_add_stun(w.s[A].ice, w.now, &server), 0);
	EQ(ice_add_stun(w.s[A].ice, w.now, &nowhere), 0);
	introduce(&w);
	run(&w, 9 * SEC, NULL);
	EQ(w.s[A].silent, 0);
	run(&w, SEC, NULL);
	CHECK(ice_gathered(w.s[A].ice));
	EQ(w.s[A].silent, 1);
	STREQ(w.s[A].server, "203.0.113.54:3478");
	ice_restart(w.s[A].ice, w.now);
	introduce(&w);
	run(&w, 11 * SEC, NULL);
	CHECK(ice_gathered(w.s[A].ice));
	EQ(w.s[A].silent, 1);
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
	connects(&w, 3 * SEC);
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
		neighbours(&w, role);
		add_family(&w);
		introduce(&w);
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
	add_family(&w);
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
	follow(&w);
	add_family(&w);
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
		EQ(w.s[A].paths, 2);	/* the same, but the restart is over */
		teardown(&w);
	}
}

/* One that another overtakes before it has found a path. */
static void
a_second_restart_keeps_the_path_as_well(void **state)
{
	struct world	 w;

	(void)state;
	connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
	run(&w, 10 * SEC, NULL);
	w.hold = true;			/* of candidates nobody hears */
	for (int i = 0; i < 3; i++) {
		ice_restart(w.s[A].ice, w.now);
		credentials(&w, A);	/* of before, once more */
		credentials(&w, B);
		credentials(&w, A);
		run(&w, SEC, NULL);
	}
	run(&w, 60 * SEC, NULL);
	CHECK(both_connected(&w));
	EQ(w.s[A].losses + w.s[B].losses, 0);
	teardown(&w);
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
	introduce(&w);
	EQ(ice_add_remote(w.s[A].ice, w.now,
	    "candidate:1 1 udp 2130706431 192.0.2.2 2000 typ host"), 0);
	connects(&w, 5 * SEC);
	assert_null(ice_why(w.s[A].ice));
	teardown(&w);
}

static void
a_repeated_description_changes_nothing(void **state)
{
	struct world	 w;

	(void)state;
	connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
	introduce(&w);
	run(&w, 10 * SEC, NULL);
	CHECK(both_connected(&w));
	EQ(w.s[A].paths, 1);
	EQ(ice_set_remote(w.s[A].ice, w.now, "abc", "0123456789012345678901",
	    false), -1);
	EQ(ice_set_remote(w.s[A].ice, w.now, "abcd", "012345678901234567890",
	    false), -1);
	teardown(&w);
}

/* A has no address of B's family but one at a server. */
static void
a_relayed_address_is_one_of_ours(void **state)
{
	struct addr	 relayed = at("198.51.100.9:50000");
	struct ice_info	 info;
	struct world	 w;
	char		 text[ICE_CANDIDATE_TEXT];

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, "[2001:db8::1]:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	w.s[A].host[w.s[A].nhosts++] = relayed;
	EQ(ice_add_relay(w.s[A].ice, w.now, &relayed), 0);
	EQ(ice_add_relay(w.s[A].ice, w.now, &relayed), 0);
	CHECK(strstr(ice_candidate(w.s[A].ice, 1, text), " typ relay") !=
	    NULL);
	CHECK(ice_candidate(w.s[A].ice, 2, text) == NULL);
	introduce(&w);
	run(&w, 10 * SEC, both_connected);
	paths_meet(&w);
	local_is(&w, A, "198.51.100.9:50000");
	CHECK(ice_info(w.s[A].ice, &info));
	EQ(info.local, ICE_RELAY);
	EQ(info.remote, ICE_HOST);
	CHECK(ice_info(w.s[B].ice, &info));
	EQ(info.local, ICE_HOST);
	EQ(info.remote, ICE_RELAY);
	teardown(&w);
}

/* It costs somebody else's line: any other that works is taken. */
static void
a_relayed_address_is_the_last_resort(void **state)
{
	struct addr	 relayed = at("198.51.100.9:50000");
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	agent(&w, A, true, false, NULL);
	w.s[A].host[w.s[A].nhosts++] = relayed;
	EQ(ice_add_relay(w.s[A].ice, w.now, &relayed), 0);
	add(&w, A, "192.0.2.1:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	introduce(&w);
	run(&w, 10 * SEC, both_connected);
	run(&w, 10 * SEC, NULL);
	local_is(&w, A, "192.0.2.1:1000");
	teardown(&w);
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
		cmocka_unit_test(an_external_address_is_announced_and_reached),
		cmocka_unit_test(
		    a_server_that_says_the_external_address_adds_nothing),
		cmocka_unit_test(a_server_that_is_not_there_harms_nothing),
		cmocka_unit_test(
		    a_server_that_answers_no_address_is_told_of_once),
		cmocka_unit_test(
		    a_dead_path_is_noticed_and_recovers_when_the_network_does),
		cmocka_unit_test(
		    another_path_is_taken_when_the_better_one_dies),
		cmocka_unit_test(a_better_path_that_comes_later_is_taken),
		cmocka_unit_test(
		    a_better_path_that_comes_later_is_left_to_peers_that_follow),
		cmocka_unit_test(
		    a_restart_keeps_the_path_until_the_new_one_is_there),
		cmocka_unit_test(a_second_restart_keeps_the_path_as_well),
		cmocka_unit_test(a_restart_revives_an_agent_that_failed),
		cmocka_unit_test(a_repeated_description_changes_nothing),
		cmocka_unit_test(a_relayed_address_is_one_of_ours),
		cmocka_unit_test(a_relayed_address_is_the_last_resort),
	};

	return RUN(tests);
}
