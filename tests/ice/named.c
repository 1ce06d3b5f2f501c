#include "ice/world.h"

/*
 * Candidates whose address is a name of mDNS, as browsers give them. The
 * agents do not look names up: they say which, and are told.
 */
#define UUID	"c0ffee00-1111-2222-3333-44445555666"
#define NAMED(n) "candidate:1 1 udp 2130706431 " UUID n ".local 2000 typ host"

/* A with B's only candidate hidden, B with A's not there. */
static void
hidden(struct world *w, bool lite)
{
	setup(w, &plain);
	w->hold = true;
	agent(w, A, true, lite, "192.0.2.1:1000");
	agent(w, B, false, false, "192.0.2.2:2000");
	introduce(w);
	EQ(ice_add_remote(w->s[A].ice, w->now, NAMED("6")), 0);
	events(w, A);
}

static void
a_named_candidate_is_asked_for_and_used_when_found(void **state)
{
	struct addr	 found = at("192.0.2.2:9");
	struct world	 w;
	struct ice_info	 info;

	(void)state;
	hidden(&w, false);
	EQ(w.s[A].names, 1);
	STREQ(w.s[A].name, UUID "6.local");
	EQ(ice_add_remote(w.s[A].ice, w.now, NAMED("6")), 0);
	run(&w, SEC, NULL);
	EQ(w.s[A].names, 1);			/* once */
	ice_resolved(w.s[A].ice, w.now, UUID "7.local", &found);
	run(&w, SEC, NULL);
	CHECK(!both_connected(&w));
	ice_resolved(w.s[A].ice, w.now, UUID "6.local", &found);
	connects(&w, 5 * SEC);
	paths_meet(&w);
	CHECK(ice_info(w.s[A].ice, &info));
	EQ(info.remote, ICE_HOST);
	EQ(info.path.remote.port, 2000);
	ice_resolved(w.s[A].ice, w.now, UUID "6.local", &found);
	EQ(w.s[A].failures, 0);
	EQ(ice_add_remote(w.s[A].ice, w.now,
	    "1 1 UDP 5 C0FFEE00-1111-2222-3333-444455556669.LOCAL 5 TYP HOST"),
	    0);
	events(&w, A);
	STREQ(w.s[A].name, UUID "9.local");
	teardown(&w);
}

static void
the_peers_own_check_takes_over_from_a_name_nobody_knows(void **state)
{
	static const struct addr	 nobody;
	struct addr			 late = at("192.0.2.2:9");
	struct world			 w;
	struct ice_info			 info;

	(void)state;
	for (int lite = 0; lite < 2; lite++) {
		hidden(&w, lite);
		EQ(w.s[A].names, !lite);	/* who checks none asks none */
		ice_resolved(w.s[A].ice, w.now, UUID "6.local", &nobody);
		run(&w, SEC, NULL);
		CHECK(!both_connected(&w));
		pass(&w, A);
		connects(&w, 5 * SEC);
		CHECK(ice_info(w.s[A].ice, &info));
		EQ(info.remote, ICE_PRFLX);
		/* Then the name says nothing new, and harms nothing. */
		ice_resolved(w.s[A].ice, w.now, UUID "6.local", &late);
		run(&w, 60 * SEC, NULL);
		CHECK(both_connected(&w));
		teardown(&w);
	}
}

static void
a_few_names_are_asked_for_and_others_never(void **state)
{
	static const char *const	 never[] = {
		"1 1 udp 5 printer.local 5 typ host",
		"1 1 udp 5 a." UUID "6.local 5 typ host",
		"1 1 udp 5 " UUID "6.local.example.com 5 typ host",
		"1 1 udp 5 " UUID "6.local 0 typ host",
		"1 1 tcp 5 " UUID "6.local 9 typ host tcptype active",
	};
	struct world	 w;
	char		 text[] = NAMED("0");
	char		*digit = strstr(text, ".local") - 1;

	(void)state;
	neighbours(&w, true);
	credentials(&w, A);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		ice_add_remote(w.s[A].ice, w.now, never[i]);
	events(&w, A);
	EQ(w.s[A].names, 0);
	for (const char *d = "0123456789abcdef"; *d != '\0'; d++) {
		*digit = *d;
		EQ(ice_add_remote(w.s[A].ice, w.now, text), 0);
	}
	events(&w, A);
	EQ(w.s[A].names, ICE_NAMES);
	ice_restart(w.s[A].ice, w.now);
	credentials(&w, A);
	*digit = '0';
	EQ(ice_add_remote(w.s[A].ice, w.now, text), 0);
	events(&w, A);
	EQ(w.s[A].names, ICE_NAMES + 1);
	teardown(&w);
}

/* An answer in the middle of others that are waited for. */
static void
answers_may_come_in_any_order(void **state)
{
	static const char *const	 names[] = { UUID "2.local",
		UUID "0.local", UUID "1.local" };
	struct addr	 found = at("192.0.2.2:9");
	struct world	 w;
	struct ice_check c[ICE_PAIRS];
	char		 text[] = NAMED("0");
	char		*digit = strstr(text, ".local") - 1;

	(void)state;
	neighbours(&w, true);
	credentials(&w, A);
	for (char d = '0'; d < '3'; d++) {
		*digit = d;
		EQ(ice_add_remote(w.s[A].ice, w.now, text), 0);
	}
	events(&w, A);
	EQ(w.s[A].names, 3);
	for (size_t i = 0; i < 3; i++) {
		found.ip[3] = (uint8_t)(2 + 2 * i);
		ice_resolved(w.s[A].ice, w.now, names[i], &found);
		EQ(ice_checks(w.s[A].ice, c, ICE_PAIRS), i + 1);
	}
	events(&w, A);
	EQ(w.s[A].names, 3);
	teardown(&w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    a_named_candidate_is_asked_for_and_used_when_found),
		cmocka_unit_test(
		    the_peers_own_check_takes_over_from_a_name_nobody_knows),
		cmocka_unit_test(a_few_names_are_asked_for_and_others_never),
		cmocka_unit_test(answers_may_come_in_any_order),
	};

	return RUN(tests);
}
