#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "flow/map.h"

static struct spec		 flow;
static struct map		 map;

static void
parse(const char *text)
{
	struct tree_error	 e;

	spec_free(&flow);
	EQ(spec_parse(&flow, text, strlen(text), &e), 0);
}

/* Whose email a placeholder gets; "-": nobody's. */
static const char *
who(const char *name)
{
	int	 i = map_find(&map, name);

	return i == MAP_NOBODY ? "-" : map.people[i].email;
}

static const char	 three[] =
    "spec:\n"
    "  inputs: {datasites: {default: [aggregator@sandbox.local,\n"
    "    client1@sandbox.local, client2@sandbox.local]}}\n"
    "  datasites:\n"
    "    all: inputs.datasites\n"
    "    groups:\n"
    "      clients: {include: ['{datasites[1]}', client2@sandbox.local]}\n"
    "  steps:\n"
    "    - {id: all, run: {targets: all}}\n";

static void
the_known_cases_are_mapped(void **state)
{
	static const struct {
		struct participant	 p[3];
		const char		*agg, *c1, *c2;
	} v[] = {
		{ { { "madhava", "clients" }, { "me", "clients" },
		    { "test", "aggregator" } }, "test", "madhava", "me" },
		{ { { "bob", "client2" }, { "alice", "client1" },
		    { "agg", "aggregator" } }, "agg", "alice", "bob" },
		{ { { "a", "hospital" }, { "b", "lab" },
		    { "c", "aggregator" } }, "c", "b", "a" },
		{ { { "x", "Contributor2" }, { "y", "CONTRIBUTORS1" },
		    { "z", "Aggregators" } }, "z", "y", "x" },
		{ { { "CLIENT2@sandbox.local", "client1" },
		    { "y", "client2" }, { "z", "aggregator" } },
		    "z", "y", "CLIENT2@sandbox.local" },
	};

	(void)state;
	parse(three);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		CHECK(map_make(&map, &flow, v[i].p, 3));
		STREQ(who("aggregator@sandbox.local"), v[i].agg);
		STREQ(who("client1@sandbox.local"), v[i].c1);
		STREQ(who("client2@sandbox.local"), v[i].c2);
	}
}

static void
aliases_are_looked_up_and_change_nothing(void **state)
{
	static const char *const	 alias[] = {
		"client1", "client1@openmined.org", "contributor1",
		"Contributor1@sandbox.local", "CLIENT1@SANDBOX.LOCAL",
	};
	static const struct participant	 p[] = {
		{ "bob", "client2" }, { "alice", "client1" },
		{ "agg", "aggregator" },
	};

	(void)state;
	parse(three);
	CHECK(map_make(&map, &flow, p, 3));
	for (size_t i = 0; i < sizeof(alias) / sizeof(alias[0]); i++)
		STREQ(who(alias[i]), "alice");
	STREQ(who("client1@example.org"), "-");
	STREQ(who("client3"), "-");
	EQ(map.nslots, 3);
}

static void
both_shapes_of_a_flow_are_one(void **state)
{
	static const struct participant	 p[] = {
		{ "m", "clients" }, { "n", "clients" }, { "o", "aggregator" },
	};
	people				 set = 0;

	(void)state;
	parse("{\"datasites\": [\"aggregator@sandbox.local\", "
	    "\"client1@sandbox.local\"], \"steps\": [{\"id\": \"a\", "
	    "\"runs_on\": [\"client2@sandbox.local\", \"client1\"]}]}");
	CHECK(map_make(&map, &flow, p, 3));
	STREQ(who("client1"), "m");
	STREQ(who("client2"), "n");
	EQ(map.ndefaults, 2);
	CHECK(map_expand(&map, flow.step[0].targets.v[0], &set));
	EQ(set, 2);
}

static void
targets_stand_for_people(void **state)
{
	static const struct participant	 p[] = {
		{ "m", "clients" }, { "n", "clients" }, { "o", "aggregator" },
	};
	static const struct {
		const char	*text;
		people		 set;
	} v[] = {
		{ "all", 7 }, { "ALL", 7 }, { "{datasites[*]}", 7 },
		{ "{datasites[0]}", 4 }, { "{datasites[1:3]}", 3 },
		{ "{datasites[:1]}", 4 }, { "{datasites[1:]}", 3 },
		{ "clients", 3 }, { "contributors", 3 },
		{ "aggregator", 4 }, { "aggregators", 4 }, { "client2", 2 },
		{ "n", 2 },
	};
	static const char *const	 unknown[] = {
		"{datasites[3]}", "{datasites[2:1]}", "{datasites[]}",
		"{datasites[-1]}", "{datasites[0:4]}", "{datasites[1",
		"{datasites[99999999999999999999]}", "{datasites[x]}",
		"hospital", "", "q@x.io",
	};
	people				 set;

	(void)state;
	parse(three);
	CHECK(map_make(&map, &flow, p, 3));
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		set = 0;
		CHECK(map_expand(&map, v[i].text, &set));
		EQ(set, v[i].set);
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		set = 0;
		CHECK(!map_expand(&map, unknown[i], &set));
		EQ(set, 0);
	}
}

static void
the_aggregator_is_the_first_party(void **state)
{
	static const struct participant	 p[] = {
		{ "m", "client" }, { "n", "client" }, { "o", "Aggregator" },
	};
	size_t				 cp[MAP_PEOPLE];

	(void)state;
	parse(three);
	CHECK(map_make(&map, &flow, p, 3));
	map_order(&map, cp);
	EQ(cp[0], 2);
	EQ(cp[1], 0);
	EQ(cp[2], 1);
}

static const char *const	 roles[] = {
	"aggregator", "client", "clients", "client1", "client2",
	"contributor1", "hospital", "Clients2", "lab3", "s", "7", "client02",
};
enum { ROLES = sizeof(roles) / sizeof(roles[0]) };

/* As many people as slots: all slots are filled, by as many people. */
static void
nobody_takes_two_slots(void **state)
{
	static const struct participant	 all[4] = { { "a@x", "" },
	    { "b@x", "" }, { "client2@sandbox.local", "" }, { "d@x", "" } };
	struct participant		 p[4];
	people				 seen;

	(void)state;
	parse(three);
	srand(20261124);
	for (unsigned round = 0; round < 20000; round++) {
		memcpy(p, all, sizeof(p));
		for (size_t i = 0; i < 4; i++)
			p[i].role = roles[rand() % ROLES];
		CHECK(map_make(&map, &flow, p, 3 + round % 2));
		seen = 0;
		for (size_t i = 0; i < map.nslots; i++) {
			CHECK(map.slot[i].who != MAP_NOBODY);
			CHECK((seen >> map.slot[i].who & 1) == 0);
			seen |= (people)1 << map.slot[i].who;
		}
		STREQ(who("client2@sandbox.local"), "client2@sandbox.local");
	}
}

/* With roles that say which, the order of the list says nothing. */
static void
the_order_of_the_list_is_nothing_to_roles_that_differ(void **state)
{
	static const int		 order[6][3] = { { 0, 1, 2 },
	    { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	static const struct participant	 all[] = {
		{ "x", "client1" }, { "y", "contributor2" },
		{ "z", "aggregator" },
	};
	struct participant		 p[3];

	(void)state;
	parse(three);
	for (size_t i = 0; i < 6; i++) {
		for (size_t k = 0; k < 3; k++)
			p[k] = all[order[i][k]];
		CHECK(map_make(&map, &flow, p, 3));
		STREQ(who("client1"), "x");
		STREQ(who("client2"), "y");
		STREQ(who("aggregator"), "z");
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_known_cases_are_mapped),
		cmocka_unit_test(aliases_are_looked_up_and_change_nothing),
		cmocka_unit_test(both_shapes_of_a_flow_are_one),
		cmocka_unit_test(targets_stand_for_people),
		cmocka_unit_test(the_aggregator_is_the_first_party),
		cmocka_unit_test(nobody_takes_two_slots),
		cmocka_unit_test(
		    the_order_of_the_list_is_nothing_to_roles_that_differ),
	};
	int			 rc = RUN(tests);

	spec_free(&flow);
	return rc;
}
