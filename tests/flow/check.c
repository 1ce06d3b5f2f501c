#include "support/test.h"

#include "flow/check.h"
#include "support/oom.h"

static struct spec		 flow;
static struct map		 map;
static struct findings		 found;

static void
check(const char *text, const struct participant *p, size_t n,
    const char *me)
{
	struct tree_error	 e;

	findings_free(&found);
	spec_free(&flow);
	EQ(spec_parse(&flow, text, strlen(text), &e), 0);
	CHECK(map_make(&map, &flow, p, n));
	check_flow(&found, &map, me);
}

/* The finding that has all of these in this order; NULL ends them. */
static bool
says(const char *const *part)
{
	const char	*s;
	size_t		 k;

	for (size_t i = 0; i < found.n; i++) {
		s = found.v[i].text;
		for (k = 0; part[k] != NULL; k++) {
			s = strstr(s, part[k]);
			if (s == NULL)
				break;
			s += strlen(part[k]);
		}
		if (part[k] == NULL)
			return true;
	}
	return false;
}

#define SAYS(...)	CHECK(says((const char *const[]){ __VA_ARGS__, NULL }))

static const char	 three[] =
    "metadata: {name: f}\n"
    "spec:\n"
    "  inputs: {datasites: {default: [client2@sandbox.local,\n"
    "    aggregator@sandbox.local, client1@sandbox.local]}}\n"
    "  modules: {mpc: {}, gen: {}}\n"
    "  steps:\n"
    "    - {id: gen, uses: gen, run: {targets: clients}}\n"
    "    - {id: wait, barrier: {wait_for: gen, targets: clients}}\n"
    "    - id: secure_aggregate\n"
    "      uses: mpc\n"
    "      run: {targets: [aggregator@sandbox.local,\n"
    "        client1@sandbox.local, client2@sandbox.local]}\n"
    "      with: {a: {value: step.gen.outputs.x}}\n"
    "      depends_on: [wait]\n";

static const struct participant	 good[] = {
	{ "alice@x", "client1" }, { "bob@x", "client2" },
	{ "agg@x", "aggregator" },
};

static void
a_flow_with_its_parties_has_no_findings(void **state)
{
	(void)state;
	check(three, good, 3, "BOB@x");
	EQ(found.n, 0);
	EQ(check_targets(&map, &flow.step[0]), 3);
	EQ(check_targets(&map, &flow.step[2]), 7);
}

static void
two_parties_in_one_are_refused_in_the_known_words(void **state)
{
	static const struct participant	 p[] = {
		{ "me@x", "client1" }, { "agg@x", "aggregator" },
		{ "ME@x", "client2" },
	};

	(void)state;
	check(three, p, 3, "me@x");
	SAYS("Invalid multiparty participant mapping for step "
	    "'secure_aggregate'", "placeholder targets collapsed to "
	    "duplicate participants", "targets=[client1@sandbox.local, "
	    "aggregator@sandbox.local, client2@sandbox.local]",
	    "unique_resolved=2 of 3", "participants=[me@x(client1), "
	    "agg@x(aggregator), ME@x(client2)]",
	    "default_datasites=[client2@sandbox.local, "
	    "aggregator@sandbox.local, client1@sandbox.local]",
	    "default_to_actual={ aggregator@sandbox.local -> agg@x, "
	    "client1@sandbox.local -> me@x, client2@sandbox.local -> ME@x }",
	    "\n  me@x would be client1@sandbox.local, client2@sandbox.local",
	    "\n  give each party an email of its own");
	SAYS("for step 'gen'", "unique_resolved=1 of 2");
	SAYS("participant ME@x is there twice, as client1 and as client2");
}

static void
everyone_is_checked_too(void **state)
{
	static const struct participant	 p[] = {
		{ "me@x", "client1" }, { "me@x", "client2" },
		{ "agg@x", "aggregator" },
	};

	(void)state;
	check("steps: [{id: s, runs_on: all}]", p, 3, NULL);
	SAYS("for step 's'", "unique_resolved=2 of 3",
	    "default_datasites=<none>");
	check("datasites: {groups: {g: {include: [client1, client2]}}}\n"
	    "steps: [{id: s, runs_on: [g, aggregator]}]", p, 3, NULL);
	SAYS("for step 's'", "unique_resolved=2 of 3");
	SAYS("group 'g' of 2 has only 1");
}

static void
all_that_is_wrong_is_said_at_once(void **state)
{
	static const struct participant	 p[] = {
		{ "", "client1" }, { "b@x", "" }, { "c@x", "aggregator" },
		{ "idle@x", "judge" },
	};

	(void)state;
	check("modules: {known: {}}\n"
	    "datasites: {groups: {g: [client9@x.io, '{datasites[4]}']}}\n"
	    "steps:\n"
	    "- {id: a, uses: lost, depends_on: b, runs_on: client1}\n"
	    "- {id: b, depends_on: [a], runs_on: g}\n"
	    "- {id: c, depends_on: c, runs_on: lab@x.io}\n"
	    "- {id: d, with: {x: [step.nowhere.outputs.y]},\n"
	    "   share: {s: {url: 'syft://a@x/shared/../private'}}}\n"
	    "- {id: d, runs_on: [one@x.io, two@x.io, six@x.io]}\n", p, 4,
	    "z@x");
	SAYS("participant 1 has no email");
	SAYS("participant b@x has no role");
	SAYS("z@x is not one of the participants");
	SAYS("step 'a' uses 'lost', which is not one of the modules (known)");
	SAYS("steps that wait for each other never run: a, b, c");
	SAYS("step 'd' needs step 'nowhere', which is not in the flow");
	SAYS("step 'd' shares 'syft://a@x/shared/../private'");
	SAYS("step 'd' is there twice");
	SAYS("group 'g': nobody is mapped to '{datasites[4]}'");
	SAYS("step 'd': nobody is mapped to 'six@x.io'; participants=[");
	check("steps: []", NULL, 0, NULL);
	SAYS("there are no participants");
}

static void
a_party_without_a_step_is_a_warning(void **state)
{
	(void)state;
	check("steps: [{id: s, runs_on: clients}]", good, 3, NULL);
	EQ(found.n, 1);
	EQ(found.problems, 0);
	CHECK(found.v[0].warning);
	STREQ(found.v[0].text,
	    "participant agg@x (aggregator) takes part in no step");
}

static void
dots_are_no_way_out_only_as_a_whole_component(void **state)
{
	static const struct {
		const char	*path;
		size_t		 n;
	} v[] = {
		{ "..", 1 }, { "a/..", 1 }, { "../a", 1 }, { "a//../b", 1 },
		{ "..a/b..", 0 }, { "a...b/...", 0 }, { "a/.", 0 },
	};
	char				 text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		snprintf(text, sizeof(text), "steps: [{id: s, runs_on: all, "
		    "share: {x: {source: '%s'}}}]", v[i].path);
		check(text, good, 3, NULL);
		EQ(found.problems, v[i].n);
	}
}

static void
what_is_no_flow_is_refused(void **state)
{
	static const struct {
		const char	*text, *why;
		size_t		 line, column;
	} v[] = {
		{ "spec: {}", "Invalid flow spec: missing steps", 0, 0 },
		{ "steps: {a: b}", "Invalid flow spec: missing steps", 0, 0 },
		{ "[a]", "a map expected", 0, 0 },
		{ "", "the document is empty", 1, 1 },
		{ "steps: [a]", "a step that is no map", 0, 0 },
		{ "a: 1\nb: 2\na: 3\n", "a key that is there already", 3, 1 },
		{ "steps: [{id: x, runs_on: {a: b}}]",
		    "x: a name or a list of names expected", 0, 0 },
		{ "steps: [{id: x, runs_on: [[]]}]", "x: a name expected",
		    0, 0 },
	};
	struct tree_error	 e;

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		spec_free(&flow);
		EQ(spec_parse(&flow, v[i].text, strlen(v[i].text), &e), -1);
		STREQ(e.why, v[i].why);
		EQ(e.line, v[i].line);
		EQ(e.column, v[i].column);
	}
}

/* A flow cut anywhere is one, or says where it ends. */
static void
a_flow_is_cut_at_every_length(void **state)
{
	struct tree_error	 e;

	(void)state;
	for (size_t n = 0; n < sizeof(three); n++) {
		spec_free(&flow);
		if (spec_parse(&flow, three, n, &e) == -1) {
			CHECK(e.why[0] != '\0');
			continue;
		}
		CHECK(map_make(&map, &flow, good, 3));
		check_flow(&found, &map, NULL);
		findings_free(&found);
	}
}

/* Fewer findings than there are would let a flow start. */
static void
want_of_memory_is_no_good_flow(void **state)
{
	struct tree_error	 e;
	bool			 done = false;

	(void)state;
	for (size_t n = 1; !done; n++) {
		spec_free(&flow);
		oom_after(n);
		if (spec_parse(&flow, three, strlen(three), &e) == 0 &&
		    map_make(&map, &flow, good, 2)) {
			check_flow(&found, &map, "nobody@x");
			CHECK(found.problems > 0);
			CHECK(found.lost || found.n > 0);
			findings_free(&found);
			done = !oom_hit();
		}
		oom_after(0);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_flow_with_its_parties_has_no_findings),
		cmocka_unit_test(
		    two_parties_in_one_are_refused_in_the_known_words),
		cmocka_unit_test(everyone_is_checked_too),
		cmocka_unit_test(all_that_is_wrong_is_said_at_once),
		cmocka_unit_test(a_party_without_a_step_is_a_warning),
		cmocka_unit_test(dots_are_no_way_out_only_as_a_whole_component),
		cmocka_unit_test(what_is_no_flow_is_refused),
		cmocka_unit_test(a_flow_is_cut_at_every_length),
		cmocka_unit_test(want_of_memory_is_no_good_flow),
	};
	int			 rc = RUN(tests);

	findings_free(&found);
	spec_free(&flow);
	return rc;
}
