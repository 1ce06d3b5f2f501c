#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "flow/task.h"
#include "net/file.h"

static const struct participant	 who[] = {
	{ "agg@x.io", "aggregator" }, { "bob@x.io", "client1" },
	{ "eve@x.io", "client2" },
};

static struct spec	 flow;
static struct map	 map;
static struct findings	 found;
static struct place	 place;
static struct task	 task[SPEC_STEPS];
static size_t		 ntasks;

static void
clear(void)
{
	for (size_t i = 0; i < ntasks; i++)
		task_free(&task[i]);
	ntasks = 0;
	findings_free(&found);
	spec_free(&flow);
}

/* The tasks of a flow for one of the three; -1: it is none. */
static int
make(const char *text, size_t n, size_t me)
{
	struct tree_error	 e;

	clear();
	if (spec_parse(&flow, text, n, &e) == -1 ||
	    !map_make(&map, &flow, who, 3))
		return -1;
	place = (struct place){ &map, me, "r1", "/d", NULL, "/f", NULL };
	for (; ntasks < flow.nsteps; ntasks++)
		task_make(&task[ntasks], &place, &flow.step[ntasks],
		    "/bin/hot link", 20000, &found);
	return 0;
}

static void
make_file(const char *file, size_t me)
{
	size_t	 n;
	char	*text = file_read(file, SPEC_FILE_MAX, &n);

	CHECK(text != NULL);
	EQ(make(text, n, me), 0);
	free(text);
}

static void
make_steps(const char *steps, size_t me)
{
	char	 text[2048];

	snprintf(text, sizeof(text), "metadata: {name: f}\ndatasites: "
	    "[aggregator, client1, client2]\nvars: {a: '{vars.b}', b: "
	    "'{run_id}', loop: '{vars.loop}{vars.loop}'}\nsteps:\n%s", steps);
	EQ(make(text, strlen(text), me), 0);
}

static bool
says(const char *part)
{
	for (size_t i = 0; i < found.n; i++)
		if (strstr(found.v[i].text, part) != NULL)
			return true;
	return false;
}

static bool
is(const json_t *o, const char *key, const char *value)
{
	const char	*s = json_string_value(json_object_get(o, key));

	return s != NULL && strcmp(s, value) == 0;
}

static void
the_shape_of_files_is_understood(void **s)
{
	static const char	 run[] = "shared/flows/multiparty/r1";
	char			 path[256];

	(void)s;
	make_file("tests/flow/multiparty.yaml", 1);
	EQ(found.n, 0);
	EQ(ntasks, 5);
	CHECK(task[0].mine && !task[1].mine && task[2].mine);
	CHECK(is(task[0].out, "variants", "/d/results/flows/multiparty/"
	    "gen_variants/bob_x_io/variants.txt"));
	EQ(task[0].nshares, 1);
	EQ(task[0].share[0].read, 1);
	EQ(task[0].share[0].write, 0);
	CHECK(!task[0].share[0].everybody);
	snprintf(path, sizeof(path), "/d/datasites/bob@x.io/%s/"
	    "1-gen_variants/variants.txt", run);
	CHECK(strcmp(task[0].share[0].to, path) == 0);
	snprintf(path, sizeof(path), "/d/datasites/agg@x.io/%s/"
	    "2-build_master/master.txt", run);
	CHECK(is(task[2].in, "master", path));
	CHECK(is(task[2].in, "scale", "1"));
	EQ(task[2].wait[0].who, 1);
	EQ(task[3].timeout, 60 * SEC);
	EQ(task[3].wait[0].who, 4);		/* without me */
	CHECK(task[4].linked && task[4].nwaits == 0);
	CHECK(json_object_get(task[4].in, "counts") != NULL);
	make_file("tests/flow/multiparty.yaml", 0);
	EQ(found.n, 0);
	EQ(json_array_size(task[1].files), 2);
	EQ(json_object_size(task[1].lists), 1);
	CHECK(json_object_get(task[4].in, "counts") == NULL);
}

static void
the_converted_shape_is_understood(void **s)
{
	(void)s;
	make_file("tests/flow/converted.json", 2);
	EQ(found.n, 0);
	EQ(ntasks, 3);
	EQ(task[0].share[0].read, 7);
	CHECK(strcmp(task[0].share[0].to, "/d/datasites/eve@x.io/shared/flows/"
	    "multiparty/r1/gen/n") == 0);
	EQ(task[1].timeout, 30 * SEC);
	EQ(task[2].runtime, RUNTIME_MPC);
	CHECK(strcmp(task[2].command, "exec '/bin/hot link' mpc --party '2' "
	    "--port-base '22000' --mode 'smpc' --in '/d/results/flows/"
	    "multiparty/gen/eve_x_io/n.txt' --out '/d/results/flows/"
	    "multiparty/add/eve_x_io/out' --stages '/d/results/flows/"
	    "multiparty/add/eve_x_io/stages.jsonl'") == 0);
	make_file("tests/flow/converted.json", 0);
	EQ(found.n, 0);
	CHECK(strstr(task[2].command, "--party '0' --port-base '20000' "
	    "--mode 'smpc' --in '/dev/null'") != NULL);
}

static void
another_program_gets_its_number(void **s)
{
	static const char	 text[] = "metadata: {name: f}\n"
	    "modules: {m: {runner: {runtime: syqure, entrypoint: \"it's."
	    "codon\", syqure: {binary: /b}}}}\n"
	    "steps: [{id: a, uses: m, runs_on: all}]";

	(void)s;
	EQ(make(text, strlen(text), 1), 0);
	EQ(found.n, 0);
	CHECK(strcmp(task[0].command,
	    "exec '/b' '/f/it'\\''s.codon' -- '1'") == 0);
}

static void
tokens_are_replaced_and_end(void **s)
{
	char	*text;

	(void)s;
	make_steps("- {id: a, runs_on: all, run: {command: x}}\n"
	    "- {id: b, runs_on: all, run: {command: x}}", 1);
	text = place_expand(&place, 2, &flow.step[1], "{vars.a} {step.number}"
	    "{step.id} {current_datasite} {datasite.index} {datasites} {x} {"
	    "{flow_name}{");
	CHECK(strcmp(text, "r1 2b eve@x.io 2 agg@x.io,bob@x.io,eve@x.io {x} "
	    "{f{") == 0);
	free(text);
	text = place_expand(&place, 1, NULL, "{vars.loop}{step.id}");
	CHECK(text != NULL && strstr(text, "{step.id}") != NULL);
	free(text);
}

static void
a_share_stays_in_its_place(void **s)
{
	static const char *const	 bad[] = {
		"syft://{datasite.current}/../x", "syft://client2/x",
		"syft://{datasite.current}", "syft://{datasite.current}/",
		"syft://nobody@x/x", "/etc/passwd", "syft://bob@x.io//x",
		"syft://{datasite.current}/shared/syft.pub.yaml",
		"syft://{datasite.current}/shared/x*",
	};
	char				 steps[512];

	(void)s;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(steps, sizeof(steps), "- {id: a, runs_on: client1, "
		    "run: {command: x}, share: {s: {url: '%s'}}}", bad[i]);
		make_steps(steps, 1);
		EQ(found.problems, 1);
		EQ(task[0].nshares, 0);
	}
}

static void
names_are_no_paths(void **s)
{
	(void)s;
	make_steps("- {id: ../a, runs_on: client1, run: {command: x}}", 1);
	CHECK(says("cannot be the name of a file"));
	make_steps("- {id: a, runs_on: client1, run: {command: x}, "
	    "outputs: {o: ../o, p: /p, q: .q}}", 1);
	EQ(found.problems, 3);
}

static void
what_cannot_be_run_is_said(void **s)
{
	(void)s;
	make_steps("- {id: a, runs_on: client1}", 1);
	CHECK(says("there is nothing to run"));
	make_steps("- {id: a, runs_on: client1, run: {runtime: r}}", 1);
	CHECK(says("runtime 'r' is not"));
	make_steps("- {id: a, runs_on: client1, run: {command: x, "
	    "links: true}}", 1);
	CHECK(says("its targets are not all of them"));
	make_steps("- {id: a, runs_on: client1, run: {command: x}, "
	    "timeout: soon}", 1);
	CHECK(says("timeout: not a number of seconds"));
	make_steps("- {id: a, runs_on: client1, run: {command: x}, "
	    "with: {i: inputs.none}}", 1);
	CHECK(says("--input none=VALUE"));
	make_steps("- {id: a, runs_on: [client1, client2], run: {command: x},"
	    " share: {s: {}}}\n- {id: b, runs_on: client1, run: {command: x},"
	    " with: {i: step.a.share.s, j: step.a.share.t.url_list}}", 1);
	CHECK(says("step.a.share.s.url_list has them all"));
	CHECK(says("step 'a' does not share 't'"));
	make_steps("- {id: a, runs_on: client1, run: {command: x}, "
	    "share: {s: {read: nobody}}}", 1);
	CHECK(says("permission for 'nobody'"));
}

static void
a_flow_is_cut_at_every_length(void **s)
{
	size_t	 n;
	char	*text, *cut;

	(void)s;
	text = file_read("tests/flow/multiparty.yaml", SPEC_FILE_MAX, &n);
	for (size_t i = 0; i < n; i += 3) {
		cut = malloc(i + 1);
		memcpy(cut + 1, text, i);
		make(cut + 1, i, 1);
		free(cut);
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_shape_of_files_is_understood),
		cmocka_unit_test(the_converted_shape_is_understood),
		cmocka_unit_test(another_program_gets_its_number),
		cmocka_unit_test(tokens_are_replaced_and_end),
		cmocka_unit_test(a_share_stays_in_its_place),
		cmocka_unit_test(names_are_no_paths),
		cmocka_unit_test(what_cannot_be_run_is_said),
		cmocka_unit_test(a_flow_is_cut_at_every_length),
	};
	int			 rc = RUN(tests);

	clear();
	return rc;
}
