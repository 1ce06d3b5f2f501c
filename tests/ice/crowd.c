#include "ice/world.h"

/*
 * Hosts with many addresses of which few lead anywhere, as those are that run
 * containers: every bridge has one, and every cable to a container.
 */

/* At first the peer is on none of these links, and hears nothing from them. */
static void
add_bridges(struct world *w, int i, size_t n)
{
	struct addr	 a;
	char		 text[32];

	for (size_t k = 0; k < n; k++) {
		snprintf(text, sizeof(text), "10.%d.%d.%d:1000", i, (int)k,
		    i + 1);
		a = at(text);
		EQ(ice_add_host(w->s[i].ice, w->now, &a), 0);
	}
}

static void
add_relay(struct world *w, int i, const char *text)
{
	struct side	*s = &w->s[i];
	struct addr	 a = at(text);

	s->host[s->nhosts++] = a;
	EQ(ice_add_relay(s->ice, w->now, &a), 0);
}

static bool
has_candidate(struct world *w, int i, const char *type)
{
	char	 text[ICE_CANDIDATE_TEXT];

	for (size_t n = 0; ice_candidate(w->s[i].ice, n, text) != NULL; n++)
		if (strstr(text, type) != NULL)
			return true;
	return false;
}

static void
many_addresses_leave_room_for_a_reflexive_one(void **state)
{
	struct simnat	 nat = { .outside = at("198.51.100.7:40000"),
		.inside = at("192.0.2.1:1000") };
	struct addr	 server = at("203.0.113.53:3478");
	struct world	 w;

	(void)state;
	setup(&w, &plain);
	w.nat = &nat;
	agent(&w, A, true, false, NULL);
	agent(&w, B, false, false, "192.0.2.2:2000");
	add_bridges(&w, A, ICE_HOSTS - 1);
	add(&w, A, "192.0.2.1:1000");
	EQ(ice_add_stun(w.s[A].ice, w.now, &server), 0);
	run(&w, 5 * SEC, NULL);
	CHECK(has_candidate(&w, A, "198.51.100.7 40000 typ srflx"));
	teardown(&w);
}

/* The other side needs the answer as much as we need its checks. */
static void
servers_are_asked_while_checks_are_waiting(void **state)
{
	struct simnat	 nat = { .outside = at("198.51.100.7:40000"),
		.inside = at("192.0.2.1:1000") };
	struct addr	 server = at("203.0.113.53:3478");
	struct world	 w;
	char		 text[64];

	(void)state;
	setup(&w, &plain);
	w.nat = &nat;
	agent(&w, A, true, false, "192.0.2.1:1000");
	agent(&w, B, false, false, NULL);
	credentials(&w, A);
	for (int i = 1; i <= 40; i++) {
		snprintf(text, sizeof(text), "1 1 udp %d 10.7.0.%d 9 typ host",
		    1000 + i, i);
		EQ(ice_add_remote(w.s[A].ice, w.now, text), 0);
	}
	EQ(ice_add_stun(w.s[A].ice, w.now, &server), 0);
	run(&w, 200 * MS, NULL);
	CHECK(has_candidate(&w, A, "198.51.100.7 40000 typ srflx"));
	teardown(&w);
}

static void
many_addresses_leave_room_for_relayed_ones(void **state)
{
	struct world	 w;

	(void)state;
	neighbours(&w, true);
	add_bridges(&w, A, ICE_HOSTS - 1);
	add_relay(&w, A, "198.51.100.1:50000");
	add_relay(&w, A, "198.51.100.3:50000");
	CHECK(has_candidate(&w, A, "typ relay"));
	teardown(&w);
}

/* B has one address that leads anywhere, A none. */
static void
crowd(struct world *w)
{
	setup(w, &plain);
	agent(w, A, true, false, NULL);
	agent(w, B, false, false, NULL);
	add_bridges(w, A, ICE_HOSTS);
	add_bridges(w, B, ICE_HOSTS - 1);
	add(w, B, "192.0.2.2:2000");
}

/* There are more pairs of what leads nowhere than the table has room for. */
static void
pairs_that_lead_nowhere_do_not_keep_out_the_one_that_works(void **state)
{
	struct world	 w;

	(void)state;
	crowd(&w);
	add_relay(&w, A, "198.51.100.1:50000");
	introduce(&w);
	connects(&w, 20 * SEC);
	paths_meet(&w);
	local_is(&w, A, "198.51.100.1:50000");
	teardown(&w);
}

/* Who is asked from where nobody thought of has a path, full table or not. */
static void
a_check_that_comes_has_a_pair_though_the_table_is_full(void **state)
{
	struct world	 w;

	(void)state;
	crowd(&w);
	w.hold = true;
	credentials(&w, B);
	run(&w, MS, NULL);
	pass(&w, A);			/* B's table is full of A's */
	add_relay(&w, A, "198.51.100.1:50000");
	credentials(&w, A);
	EQ(ice_add_remote(w.s[A].ice, w.now,
	    "1 1 udp 1 192.0.2.2 2000 typ host"), 0);
	connects(&w, 10 * SEC);
	paths_meet(&w);
	teardown(&w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(many_addresses_leave_room_for_a_reflexive_one),
		cmocka_unit_test(servers_are_asked_while_checks_are_waiting),
		cmocka_unit_test(many_addresses_leave_room_for_relayed_ones),
		cmocka_unit_test(
		    pairs_that_lead_nowhere_do_not_keep_out_the_one_that_works),
		cmocka_unit_test(
		    a_check_that_comes_has_a_pair_though_the_table_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
