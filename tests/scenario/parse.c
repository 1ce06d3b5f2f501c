#include "support/test.h"

#include "scenario/scenario.h"
#include "support/oom.h"

static struct scenario		 sc;
static struct scenario_error	 error;

static int
parse(const char *text)
{
	int	 rc;

	scenario_free(&sc);
	rc = scenario_parse(&sc, text, strlen(text), &error);
	CHECK(rc == 0 || (error.why[0] != '\0'));
	return rc;
}

static const char	 sample[] =
    "# comment\n"
    "setup:\n"
    "  server:\n"
    "    - \"./devstack --clients b@x.io,a@x.io\"\n"
    "  clients: []\n"
    "steps:\n"
    "  - name: first   # not a name\n"
    "    datasite: a@x.io\n"
    "    run: |\n"
    "      python3 - <<'PY'\n"
    "      print(\"# kept\")\n"
    "      PY\n"
    "    capture: v\n"
    "    expect: 'kept'\n"
    "    timeout: 1.5\n"
    "  - parallel:\n"
    "      - name: one\n"
    "        run: a\n"
    "      - datasite: b@x.io\n"
    "        run: >\n"
    "          b\n"
    "          c\n"
    "    timeout: 900\n"
    "  - wait_for: \"x/*.y\"\n"
    "    wait_for_new: true\n"
    "  - {run: z, background: yes, shell: bash, errexit: false}\n"
    "  - wait_background: true\n"
    "  - assert_no_encrypted: p\n"
    "  - assert_encrypted: q\n"
    "    timeout: 0\n";

static void
every_key_of_the_grammar_is_read(void **state)
{
	const struct step	*s;

	(void)state;
	EQ(parse(sample), 0);
	EQ(sc.server.n, 1);
	STREQ(sc.server.v[0].name, "setup server 1");
	EQ(sc.clients.n, 0);
	EQ(sc.steps.n, 7);
	s = &sc.steps.v[0];
	EQ(s->kind, STEP_RUN);
	STREQ(s->name, "first");
	STREQ(s->datasite, "a@x.io");
	STREQ(s->text, "python3 - <<'PY'\nprint(\"# kept\")\nPY\n");
	STREQ(s->capture, "v");
	STREQ(s->expect, "kept");
	EQ(s->timeout, 1500 * MS);
	EQ(s->line, 7);
	CHECK(s->errexit && !s->background);
	s = &sc.steps.v[2];
	EQ(s->kind, STEP_WAIT_FOR);
	CHECK(s->fresh);
	EQ(s->timeout, (uint64_t)TIMEOUT_WAIT_FOR * SEC);
	s = &sc.steps.v[3];
	CHECK(s->background && !s->errexit);
	EQ(s->timeout, NEVER);
	EQ(sc.steps.v[4].kind, STEP_WAIT_BACKGROUND);
	EQ(sc.steps.v[5].kind, STEP_NOT_ENCRYPTED);
	EQ(sc.steps.v[6].kind, STEP_ENCRYPTED);
	EQ(sc.steps.v[6].timeout, NEVER);
}

static void
children_of_a_parallel_step_have_its_limit_and_numbered_names(void **state)
{
	const struct step	*s;

	(void)state;
	EQ(parse(sample), 0);
	s = &sc.steps.v[1];
	EQ(s->kind, STEP_PARALLEL);
	STREQ(s->name, "step 2");
	EQ(s->timeout, 900ull * SEC);
	EQ(s->child.n, 2);
	STREQ(s->child.v[1].name, "step 2.2");
	STREQ(s->child.v[1].text, "b c\n");
	EQ(s->child.v[1].timeout, NEVER);
}

static void
json_is_a_scenario_too(void **state)
{
	(void)state;
	EQ(parse("{\"setup\": {\"server\": [\"a\"]},\n"
	    " \"steps\": [{\"name\": \"n\", \"run\": \"x\\ny\"}]}"), 0);
	STREQ(sc.steps.v[0].text, "x\ny");
}

static void
what_is_left_empty_is_not_there(void **state)
{
	(void)state;
	EQ(parse("setup:\nsteps: []\n"), 0);
	EQ(parse("setup:\n  server:\n  clients:\nsteps: []\n"), 0);
	EQ(parse("steps: []\n"), 0);
	EQ(sc.steps.n, 0);
}

static void
what_makes_no_sense_is_an_error_with_its_place(void **state)
{
	static const struct {
		const char	*text;
		size_t		 line, column;
		const char	*why;
	} bad[] = {
		{ "", 1, 1, "a map of setup" },
		{ "- a\n", 1, 1, "a map of setup" },
		{ "name: x\n", 1, 1, "unknown key name" },
		{ "steps: []\nsteps: []\n", 2, 1, "repeated key steps" },
		{ "setup:\n  sever: []\n", 2, 3, "unknown key sever" },
		{ "setup: []\n", 1, 8, "server and clients expected" },
		{ "setup:\n  server: x\n", 2, 11, "a list of commands" },
		{ "setup:\n  server: [{a: b}]\n", 2, 12, "a command" },
		{ "steps: x\n", 1, 8, "a list of steps expected" },
		{ "steps: [x]\n", 1, 9, "a step expected" },
		{ "steps:\n  - run: a\n    tiemout: 1\n", 3, 5,
		    "unknown key tiemout" },
		{ "steps:\n  - run: a\n    run: b\n", 3, 5, "given twice" },
		{ "steps:\n  - run: a\n    wait_for: b\n", 3, 5,
		    "either run or wait_for" },
		{ "steps:\n  - name: a\n", 2, 1, "a step needs one of" },
		{ "steps:\n  - wait_background: false\n", 2, 1,
		    "a step needs one of" },
		{ "steps:\n  - run: ''\n", 2, 10, "not empty" },
		{ "steps:\n  - run: [a]\n", 2, 10, "a text expected" },
		{ "steps:\n  - run: \"a\\0b\"\n", 2, 10, "NUL" },
		{ "steps:\n  - run: a\n    timeout: soon\n", 3, 14,
		    "a number of seconds" },
		{ "steps:\n  - run: a\n    timeout: nan\n", 3, 14,
		    "a number of seconds" },
		{ "steps:\n  - run: a\n    timeout: 1e9\n", 3, 14,
		    "a number of seconds" },
		{ "steps:\n  - run: a\n    background: perhaps\n", 3, 17,
		    "true or false" },
		{ "steps:\n  - run: a\n    background: true\n"
		    "    capture: x\n", 2, 1, "background is for run" },
		{ "steps:\n  - wait_for: a\n    capture: x\n", 2, 1,
		    "expect and capture are for run" },
		{ "steps:\n  - run: a\n    wait_for_new: true\n", 2, 1,
		    "wait_for_new is for" },
		{ "steps:\n  - run: a\n    capture: '{x}'\n", 2, 1,
		    "not a name" },
		{ "steps:\n  - parallel: []\n", 2, 1, "no steps" },
		{ "steps:\n  - parallel:\n    - wait_for: a\n", 3, 7,
		    "wait_for is not for a step inside parallel" },
		{ "steps:\n  - parallel:\n    - parallel: []\n", 3, 7,
		    "parallel is not for a step inside" },
		{ "steps:\n  - run: a\n run: b\n", 3, 2,
		    "did not find expected" },
		{ "steps: []\n---\nsteps: []\n", 2, 1, "more than one" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EQ(parse(bad[i].text), -1);
		if (strstr(error.why, bad[i].why) == NULL ||
		    error.line != bad[i].line || error.column !=
		    bad[i].column)
			fail_msg("%s\n%zu:%zu: %s", bad[i].text, error.line,
			    error.column, error.why);
	}
}

static void
a_file_cut_anywhere_is_read_or_refused(void **state)
{
	char	 part[sizeof(sample)];

	(void)state;
	for (size_t n = 0; n < sizeof(sample); n++) {
		memcpy(part, sample, n);
		part[n] = '\0';
		parse(part);
	}
}

static void
without_memory_it_is_refused_and_nothing_leaks(void **state)
{
	int	 rc = -1;

	(void)state;
	for (size_t i = 1; rc == -1; i++) {
		CHECK(i < 10000);
		scenario_free(&sc);
		oom_after(i);
		rc = scenario_parse(&sc, sample, sizeof(sample) - 1, &error);
		oom_after(0);
	}
	EQ(sc.steps.n, 7);
	scenario_free(&sc);
}

static int
release(void **state)
{
	(void)state;
	scenario_free(&sc);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(every_key_of_the_grammar_is_read),
		cmocka_unit_test(
		    children_of_a_parallel_step_have_its_limit_and_numbered_names),
		cmocka_unit_test(json_is_a_scenario_too),
		cmocka_unit_test(what_is_left_empty_is_not_there),
		cmocka_unit_test(
		    what_makes_no_sense_is_an_error_with_its_place),
		cmocka_unit_test(a_file_cut_anywhere_is_read_or_refused),
		cmocka_unit_test(
		    without_memory_it_is_refused_and_nothing_leaks),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
