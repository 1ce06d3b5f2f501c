#include "support/test.h"

#include "scenario/plan.h"
#include "scenario/vars.h"

static struct scenario		 sc;
static struct plan		 plan;
static char			 why[PLAN_WHY];

static void
use(const char *text)
{
	struct scenario_error	 error;

	plan_free(&plan);
	scenario_free(&sc);
	EQ(scenario_parse(&sc, text, strlen(text), &error), 0);
}

#define STEPS	"steps:\n" \
	"  - {name: a, run: x}\n" \
	"  - {name: b, run: x}\n" \
	"  - {name: c, run: x}\n"
#define SETUP	"setup:\n" \
	"  clients: [q]\n" \
	"  server: [p, p]\n"

static int
make(const char *only, const char *from)
{
	plan_free(&plan);
	return plan_make(&plan, &sc, only, from, why);
}

static void
a_plan_is_the_setup_of_the_server_and_the_clients_and_the_steps(void **state)
{
	(void)state;
	use(SETUP STEPS);
	EQ(make(NULL, NULL), 0);
	EQ(plan.n, 6);
	EQ(plan.setup, 3);
	STREQ(plan.v[0]->name, "setup server 1");
	STREQ(plan.v[2]->name, "setup clients 1");
	STREQ(plan.v[5]->name, "c");
}

static void
only_and_from_choose_by_name_or_number_and_leave_out_the_setup(void **state)
{
	(void)state;
	use(SETUP STEPS);
	EQ(make("b", NULL), 0);
	EQ(plan.n, 1);
	STREQ(plan.v[0]->name, "b");
	EQ(make("3", NULL), 0);
	STREQ(plan.v[0]->name, "c");
	EQ(make(NULL, "b"), 0);
	EQ(plan.n, 2);
	EQ(plan.setup, 0);
	EQ(make(NULL, "1"), 0);
	EQ(plan.n, 3);
}

static void
a_step_that_is_not_there_is_named(void **state)
{
	static const char *const	 bad[] = {
		"d", "0", "4", "-1", "", "1x",
	};

	(void)state;
	use(STEPS);
	for (size_t i = 0; i < 6; i++) {
		EQ(make(NULL, bad[i]), -1);
		assert_non_null(strstr(why, bad[i]));
	}
}

/* flow-and-messages.md 4.2. */
static void
run_ids_are_as_the_vectors_say(void **state)
{
	char	 id[RUN_ID];

	(void)state;
	use("setup:\n  server:\n"
	    "    - \"A=1 ./devstack.sh --reset --clients client2@sandbox.local,"
	    "aggregator@sandbox.local,client1@sandbox.local --more\"\n"
	    "steps:\n  - {run: x, datasite: other@sandbox.local}\n");
	EQ(plan_run_id(id, &sc, "hotlink-tcp-burst-3party", 1770681600), 0);
	STREQ(id, "29511360-abfba2889fb3");
	EQ(plan_run_id(id, &sc, "hotlink-tcp-burst-3party", 1770681659), 0);
	STREQ(id, "29511360-abfba2889fb3");
	EQ(plan_run_id(id, &sc, "syqure-distributed", 1770681600), 0);
	STREQ(id, "29511360-04f1a1ce6ebd");
}

static void
without_clients_the_datasites_of_the_steps_count_once_each(void **state)
{
	char	 id[RUN_ID], *sites;

	(void)state;
	use("steps:\n  - {run: x, datasite: client2@sandbox.local}\n"
	    "  - {run: x, datasite: client1@sandbox.local}\n"
	    "  - parallel:\n"
	    "    - {run: x, datasite: aggregator@sandbox.local}\n"
	    "    - {run: x, datasite: client2@sandbox.local}\n");
	sites = plan_datasites(&sc);
	STREQ(sites, "aggregator@sandbox.local,client1@sandbox.local,"
	    "client2@sandbox.local");
	free(sites);
	EQ(plan_run_id(id, &sc, "syqure-distributed", 1770681600), 0);
	STREQ(id, "29511360-04f1a1ce6ebd");
	use("steps: []\n");
	sites = plan_datasites(&sc);
	STREQ(sites, "");
	free(sites);
}

static void
expands(const struct vars *v, const char *from, const char *to)
{
	char	*s = vars_expand(v, from);

	STREQ(s, to);
	free(s);
}

static void
what_is_set_is_replaced_once_and_the_rest_stays(void **state)
{
	struct vars	 v = { NULL, 0 };

	(void)state;
	EQ(vars_set(&v, "a", "1"), 0);
	EQ(vars_set(&v, "long name", "{{a}}"), 0);
	expands(&v, "", "");
	expands(&v, "{{a}}", "1");
	expands(&v, "x{{a}}{{a}}y", "x11y");
	expands(&v, "{{long name}}", "{{a}}");
	expands(&v, "{{b}} {{ a }} {{a} {a}} {{}} {{", "{{b}} {{ a }} {{a} "
	    "{a}} {{}} {{");
	expands(&v, "{{b {{a}}", "{{b 1");
	expands(&v, "{{{a}}}", "{1}");
	EQ(vars_set(&v, "a", ""), 0);
	expands(&v, "<{{a}}>", "<>");
	STREQ(vars_get(&v, "a"), "");
	assert_null(vars_get(&v, "b"));
	vars_free(&v);
}

static int
release(void **state)
{
	(void)state;
	plan_free(&plan);
	scenario_free(&sc);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    a_plan_is_the_setup_of_the_server_and_the_clients_and_the_steps),
		cmocka_unit_test(
		    only_and_from_choose_by_name_or_number_and_leave_out_the_setup),
		cmocka_unit_test(a_step_that_is_not_there_is_named),
		cmocka_unit_test(run_ids_are_as_the_vectors_say),
		cmocka_unit_test(
		    without_clients_the_datasites_of_the_steps_count_once_each),
		cmocka_unit_test(
		    what_is_set_is_replaced_once_and_the_rest_stays),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
