#include "ice/world.h"

/* What changes under a connection: addresses, NATs, what gets through. */

static void
hosts_are(struct world *w, int i, const char *a, const char *b)
{
	struct side	*s = &w->s[i];

	s->nhosts = 0;
	if (a != NULL)
		s->host[s->nhosts++] = at(a);
	if (b != NULL)
		s->host[s->nhosts++] = at(b);
	ice_set_hosts(s->ice, w->now, s->host, s->nhosts);
}

static void
an_address_that_goes_takes_its_path_at_once(void **state)
{
	struct world	 w;
	char		 text[ICE_CANDIDATE_TEXT];

	(void)state;
	connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
	hosts_are(&w, A, NULL, NULL);
	run(&w, 0, NULL);
	EQ(w.s[A].losses, 1);
	assert_null(ice_path(w.s[A].ice));
	assert_null(ice_candidate(w.s[A].ice, 0, text));
	EQ(w.s[B].losses, 0);
	teardown(&w);
}

static void
the_same_addresses_again_change_nothing(void **state)
{
	struct world	 w;

	(void)state;
	connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
	hosts_are(&w, A, "192.0.2.1:1000", NULL);
	run(&w, SEC, NULL);
	EQ(w.s[A].paths, 1);
	EQ(w.s[A].losses, 0);
	EQ(w.s[A].candidates, 0);
	teardown(&w);
}

/* Of a 1:1 NAT: what is told instead of the host, or beside it. */
static void
an_external_address_comes_and_goes_with_its_host(void **state)
{
	struct world	 w;
	char		 text[ICE_CANDIDATE_TEXT];

	(void)state;
	for (int lite = 0; lite < 2; lite++) {
		setup(&w, &plain);
		w.s[A].known.inside = at("10.0.0.1:7");
		w.s[A].known.outside = at("198.51.100.1:9");
		w.s[A].nknown = 1;
		agent(&w, A, true, lite, "10.0.0.1:1000");
		agent(&w, B, false, false, "192.0.2.2:2000");
		run(&w, 0, NULL);
		w.s[A].candidates = 0;
		hosts_are(&w, A, "10.0.0.1:1000", NULL);
		run(&w, 0, NULL);
		EQ(w.s[A].candidates, 0);	/* the same again is nothing */
		hosts_are(&w, A, "192.0.2.1:1000", NULL);
		assert_non_null(ice_candidate(w.s[A].ice, 0, text));
		assert_non_null(strstr(text, " 192.0.2.1 1000 typ host"));
		assert_null(ice_candidate(w.s[A].ice, 1, text));
		hosts_are(&w, A, "192.0.2.1:1000", "10.0.0.1:1000");
		assert_non_null(ice_candidate(w.s[A].ice, lite ? 1 : 2, text));
		assert_non_null(strstr(text, lite ?
		    " 198.51.100.1 1000 typ host" :
		    " 198.51.100.1 1000 typ srflx raddr 10.0.0.1 rport 1000"));
		teardown(&w);
	}
}

/* Without a word from above: the new candidate is told of, and checks. */
static void
a_path_moves_to_the_address_that_comes(void **state)
{
	struct world	 w;

	(void)state;
	for (int role = 0; role < 2; role++) {
		neighbours(&w, role);
		follow(&w);
		introduce(&w);
		run(&w, 10 * SEC, both_connected);
		hosts_are(&w, A, NULL, NULL);
		run(&w, 2 * SEC, NULL);
		hosts_are(&w, A, "198.51.100.1:1000", NULL);
		run(&w, 9 * SEC, NULL);
		CHECK(both_connected(&w));
		local_is(&w, A, "198.51.100.1:1000");
		paths_meet(&w);
		EQ(w.s[B].losses, 0);
		EQ(w.s[A].failures + w.s[B].failures, 0);
		teardown(&w);
	}
}

static void
after_a_restart_the_new_address_takes_a_few_round_trips(void **state)
{
	struct world	 w;

	(void)state;
	connect_pair(&w, "192.0.2.1:1000", "192.0.2.2:2000");
	hosts_are(&w, A, "198.51.100.1:1000", NULL);
	ice_restart(w.s[A].ice, w.now);
	credentials(&w, B);
	credentials(&w, A);
	connects(&w, 300 * MS);
	local_is(&w, A, "198.51.100.1:1000");
	run(&w, SEC, NULL);
	paths_meet(&w);
	teardown(&w);
}

/* Which server was asked from where is known by the candidates' places. */
static void
what_was_asked_from_other_addresses_is_not_asked_again(void **state)
{
	struct simnat	 nat = { .outside = at("198.51.100.1:40000"),
		.inside = at("10.0.0.3:1000") };
	struct addr	 server = at("203.0.113.53:3478");
	struct world	 w;
	char		 text[ICE_CANDIDATE_TEXT];

	(void)state;
	setup(&w, &plain);
	w.nat = &nat;
	w.hold = true;
	agent(&w, A, true, false, "192.0.2.1:1000");
	add(&w, A, "10.0.0.3:1000");
	agent(&w, B, false, false, "192.0.2.2:2000");
	EQ(ice_add_stun(w.s[A].ice, w.now, &server), 0);
	run(&w, SEC, NULL);
	CHECK(ice_gathered(w.s[A].ice));
	EQ(w.s[A].candidates, 3);
	hosts_are(&w, A, "10.0.0.3:1000", NULL);
	CHECK(ice_gathered(w.s[A].ice));
	CHECK(strstr(ice_candidate(w.s[A].ice, 0, text), "10.0.0.3") != NULL);
	CHECK(strstr(ice_candidate(w.s[A].ice, 1, text), "srflx") != NULL);
	assert_null(ice_candidate(w.s[A].ice, 2, text));
	hosts_are(&w, A, "10.0.0.3:1000", "192.0.2.1:1000");
	CHECK(!ice_gathered(w.s[A].ice));
	run(&w, SEC, NULL);
	CHECK(ice_gathered(w.s[A].ice));
	EQ(w.s[A].candidates, 4);
	teardown(&w);
}

static void
behind_nat(struct world *w, struct simnat *nat, int role)
{
	struct addr	 server = at("203.0.113.53:3478");

	memset(nat, 0, sizeof(*nat));
	nat->outside = at("198.51.100.1:40000");
	nat->inside = at("10.0.0.1:1000");
	setup(w, &plain);
	w->nat = nat;
	agent(w, A, role, false, "10.0.0.1:1000");
	agent(w, B, !role, false, "192.0.2.2:2000");
	follow(w);
	EQ(ice_add_stun(w->s[A].ice, w->now, &server), 0);
	introduce(w);
	connects(w, 10 * SEC);
}

/* Whose NAT it is hears nothing of it: the answers come back. */
static void
a_nat_that_gives_another_port_costs_no_more_than_a_few_seconds(void **state)
{
	struct world	 w;
	struct simnat	 nat;
	struct ice_info	 info;

	(void)state;
	for (int role = 0; role < 2; role++)
		for (int again = 0; again < 3; again++) {
			behind_nat(&w, &nat, role);
			run(&w, (uint64_t)again * SEC, NULL);
			for (int k = 1; k <= again + 1; k++) {
				nat.n = 0;
				nat.outside.port =
				    (uint16_t)(40000 + 1000 * k);
				run(&w, 10 * SEC, NULL);
				CHECK(both_connected(&w));
				CHECK(ice_info(w.s[B].ice, &info));
				EQ(info.path.remote.port, nat.outside.port);
			}
			EQ(w.s[A].losses + w.s[B].losses, 0);
			teardown(&w);
		}
}

/* Who has data that nobody acknowledges need not wait for the next check. */
static void
a_doubt_asks_at_once(void **state)
{
	struct world	 w;
	struct simnat	 nat;
	struct ice_info	 info;

	(void)state;
	behind_nat(&w, &nat, 0);
	run(&w, 100 * MS, NULL);
	nat.n = 0;
	nat.outside.port = 41000;
	ice_doubt(w.s[A].ice, w.now);
	ice_doubt(w.s[B].ice, w.now);
	run(&w, 2500 * MS, NULL);
	CHECK(ice_info(w.s[B].ice, &info));
	EQ(info.path.remote.port, nat.outside.port);
	teardown(&w);
}

static void
two_paths(struct world *w, int role)
{
	neighbours(w, role);
	add_family(w);
	follow(w);
	introduce(w);
	run(w, 10 * SEC, NULL);
}

static void
between_peers_that_follow_a_silent_path_is_left_early(void **state)
{
	struct world	 w;

	(void)state;
	for (int role = 0; role < 2; role++) {
		two_paths(&w, role);
		local_is(&w, A, "[2001:db8::1]:1000");
		w.dead[w.ndead++] = w.s[B].host[1];
		run(&w, 9 * SEC, NULL);
		local_is(&w, A, "192.0.2.1:1000");
		paths_meet(&w);
		EQ(w.s[A].losses + w.s[B].losses, 0);
		/* And back, when it works again. */
		w.ndead = 0;
		run(&w, 9 * SEC, NULL);
		local_is(&w, A, "[2001:db8::1]:1000");
		paths_meet(&w);
		teardown(&w);
	}
}

/* Nobody goes on checking what is worse than a path that works again. */
static void
after_a_short_silence_all_is_as_before(void **state)
{
	struct world		 w;
	struct ice_stats	 before, after;

	(void)state;
	two_paths(&w, 1);
	w.down = true;
	run(&w, 9 * SEC, NULL);
	w.down = false;
	w.dead[w.ndead++] = w.s[B].host[0];	/* the other path */
	run(&w, 3 * SEC, NULL);
	ice_stats(w.s[A].ice, &before);
	run(&w, 30 * SEC, NULL);
	ice_stats(w.s[A].ice, &after);
	CHECK(after.checks_sent - before.checks_sent < 10);
	local_is(&w, A, "[2001:db8::1]:1000");
	EQ(w.s[A].losses + w.s[B].losses, 0);
	teardown(&w);
}

static void
start_relayed(struct world *w, int role)
{
	struct addr	 relayed = at("198.51.100.9:50000");

	neighbours(w, role);
	w->s[A].host[w->s[A].nhosts++] = relayed;
	EQ(ice_add_relay(w->s[A].ice, w->now, &relayed), 0);
	follow(w);
	w->dead[w->ndead++] = w->s[A].host[0];
	introduce(w);
	run(w, 10 * SEC, both_connected);
	local_is(w, A, "198.51.100.9:50000");
}

static void
a_relayed_path_is_left_when_a_direct_one_opens(void **state)
{
	static const int	 wait[] = { 1, 30, 45, 70, 600 };
	struct world		 w;

	(void)state;
	for (int role = 0; role < 2; role++)
		for (size_t i = 0; i < sizeof(wait) / sizeof(wait[0]); i++) {
			start_relayed(&w, role);
			run(&w, (uint64_t)wait[i] * SEC, NULL);
			local_is(&w, A, "198.51.100.9:50000");
			w.ndead = 0;
			run(&w, 17 * SEC, NULL);
			local_is(&w, A, "192.0.2.1:1000");
			paths_meet(&w);
			EQ(w.s[A].losses + w.s[B].losses, 0);
			teardown(&w);
		}
}

static void
while_relayed_servers_are_asked_until_they_answer(void **state)
{
	struct addr	 server = at("203.0.113.53:3478");
	struct simnat	 nat = { .outside = at("198.51.100.1:40000"),
		.inside = at("192.0.2.1:1000") };
	struct world	 w;
	unsigned	 n;

	(void)state;
	start_relayed(&w, 1);
	w.nat = &nat;
	EQ(ice_add_stun(w.s[A].ice, w.now, &server), 0);
	w.hold = true;
	run(&w, 60 * SEC, NULL);
	n = w.s[A].candidates;
	w.ndead = 0;
	w.dead[w.ndead++] = w.s[B].host[0];	/* only the server answers */
	run(&w, 14 * SEC, NULL);
	EQ(w.s[A].candidates, n + 1);
	CHECK(strstr(w.s[A].text[n], "198.51.100.1 40000 typ srflx") != NULL);
	teardown(&w);
}

/* A new network has new reflexive addresses; the old ones meet nobody. */
static void
a_restart_learns_reflexive_addresses_anew(void **state)
{
	struct world	 w;
	struct simnat	 nat;
	char		 text[ICE_CANDIDATE_TEXT];

	(void)state;
	behind_nat(&w, &nat, 0);
	run(&w, SEC, NULL);
	CHECK(strstr(ice_candidate(w.s[A].ice, 1, text), " 40000 ") != NULL);
	nat.n = 0;
	nat.outside = at("198.51.100.77:43000");
	ice_restart(w.s[A].ice, w.now);
	run(&w, SEC, NULL);
	CHECK(strstr(ice_candidate(w.s[A].ice, 1, text),
	    "198.51.100.77 43000 typ srflx") != NULL);
	assert_null(ice_candidate(w.s[A].ice, 2, text));
	teardown(&w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(an_address_that_goes_takes_its_path_at_once),
		cmocka_unit_test(the_same_addresses_again_change_nothing),
		cmocka_unit_test(
		    an_external_address_comes_and_goes_with_its_host),
		cmocka_unit_test(a_path_moves_to_the_address_that_comes),
		cmocka_unit_test(
		    after_a_restart_the_new_address_takes_a_few_round_trips),
		cmocka_unit_test(
		    what_was_asked_from_other_addresses_is_not_asked_again),
		cmocka_unit_test(
		    a_nat_that_gives_another_port_costs_no_more_than_a_few_seconds),
		cmocka_unit_test(a_doubt_asks_at_once),
		cmocka_unit_test(
		    between_peers_that_follow_a_silent_path_is_left_early),
		cmocka_unit_test(after_a_short_silence_all_is_as_before),
		cmocka_unit_test(
		    a_relayed_path_is_left_when_a_direct_one_opens),
		cmocka_unit_test(
		    while_relayed_servers_are_asked_until_they_answer),
		cmocka_unit_test(a_restart_learns_reflexive_addresses_anew),
	};

	return RUN(tests);
}
