#define _XOPEN_SOURCE 700	/* mkdtemp, nftw */
#include "support/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/files.h"
#include "net/file.h"
#include "syft/acl.h"
#include "syft/marker.h"

static const struct participant	 who[] = {
	{ "agg@x.io", "aggregator" }, { "bob@x.io", "client1" },
	{ "eve@x.io", "client2" },
};

static const char	 text[] = "metadata: {name: f}\n"
    "datasites: [aggregator, client1, client2]\n"
    "steps:\n"
    "  - id: a\n"
    "    runs_on: client1\n"
    "    run: {command: x}\n"
    "    outputs: {o: o}\n"
    "    share:\n"
    "      s: {source: self.outputs.o, permissions: {read: client2}}\n"
    "      t: {source: self.outputs.o, permissions: {read: '*',\n"
    "          write: aggregator}}\n";

static char		 dir[64];
static struct spec	 flow;
static struct map	 map;
static struct place	 place;
static struct findings	 found;
static struct task	 task;

static int
start(void **s)
{
	struct tree_error	 e;

	(void)s;
	strcpy(dir, "/tmp/hotlink-files.XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	EQ(spec_parse(&flow, text, strlen(text), &e), 0);
	CHECK(map_make(&map, &flow, who, 3));
	place = (struct place){ &map, 1, "r1", dir, NULL, dir, NULL };
	task_make(&task, &place, &flow.step[0], "", 26833, &found);
	EQ(found.n, 0);
	return 0;
}

static int
drop(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static int
stop(void **s)
{
	(void)s;
	task_free(&task);
	findings_free(&found);
	spec_free(&flow);
	return nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS);
}

/* A file of bob's part of the run. */
static char *
get(const char *below, size_t *n)
{
	char	 path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/datasites/bob@x.io/shared/flows/f/r1/"
	    "%s", dir, below);
	return file_read(path, 1 << 20, n);
}

static bool
may(const char *sub, const char *rel, const char *user, enum acl_level level)
{
	char		 name[64], *rules;
	const char	*why = NULL;
	size_t		 n;
	struct acl	*acl;
	bool		 allowed;

	snprintf(name, sizeof(name), "%s/" ACL_FILE, sub);
	rules = get(name, &n);
	CHECK(rules != NULL);
	acl = acl_parse(rules, n, &why);
	CHECK(acl != NULL);
	allowed = acl_check(acl, (struct span){ (uint8_t *)(uintptr_t)rel,
	    strlen(rel) }, user, level);
	acl_free(acl);
	free(rules);
	return allowed;
}

static void
everyone_reads_progress_and_nobody_else_writes_it(void **s)
{
	char	 path[PATH_MAX];

	(void)s;
	EQ(files_progress(&place, path), 0);
	CHECK(may("_progress", "state.json", "eve@x.io", ACL_READ));
	CHECK(!may("_progress", "state.json", "eve@x.io", ACL_WRITE));
	CHECK(may("_progress", "state.json", "bob@x.io", ACL_WRITE));
}

static void
an_agent_takes_the_markers(void **s)
{
	static const struct {
		const char	*dir, *peer;
		unsigned	 port;
	} v[] = { { "1_to_0", "agg@x.io", 27834 },
	    { "1_to_2", "eve@x.io", 27836 } };
	struct marker	 m;
	const char	*why;
	char		 path[PATH_MAX], name[64], rel[128], *marker;
	size_t		 n;

	(void)s;
	EQ(files_markers(&place, 26833, path), 0);
	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "_mpc/%s/stream.tcp", v[i].dir);
		snprintf(rel, sizeof(rel), "bob@x.io/shared/flows/f/r1/%s",
		    name);
		marker = get(name, &n);
		CHECK(marker != NULL);
		EQ(marker_parse(&m, "bob@x.io", rel, marker, n, &why), 0);
		EQ(m.port, v[i].port);
		CHECK(strcmp(m.peer, v[i].peer) == 0);
		free(marker);
		snprintf(name, sizeof(name), "_mpc/%s", v[i].dir);
		CHECK(may(name, "stream.tcp", v[i].peer, ACL_WRITE));
		CHECK(!may(name, "stream.tcp", v[1 - i].peer, ACL_READ));
	}
}

static void
a_share_is_for_those_who_may_read_it(void **s)
{
	char	 path[PATH_MAX], *copy;
	size_t	 n;

	(void)s;
	EQ(files_share(&place, &task, 1, &task, path), -1);
	CHECK(strstr(path, "/results/flows/f/a/bob_x_io/o") != NULL);
	EQ(file_make_parents(task.share[0].from), 0);
	EQ(file_write(task.share[0].from, "abc", 3, 0600), 0);
	EQ(files_share(&place, &task, 1, &task, path), 0);
	copy = get("a/s", &n);
	CHECK(copy != NULL && n == 3 && memcmp(copy, "abc", 3) == 0);
	free(copy);
	CHECK(may("a", "s", "eve@x.io", ACL_READ));
	CHECK(!may("a", "s", "agg@x.io", ACL_READ));
	CHECK(!may("a", "s", "eve@x.io", ACL_WRITE));
	CHECK(may("a", "t", "anybody@x.io", ACL_READ));
	CHECK(may("a", "t", "agg@x.io", ACL_WRITE));
	CHECK(!may("a", "t", "eve@x.io", ACL_WRITE));
	CHECK(!may("a", "other", "eve@x.io", ACL_READ));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup_teardown(
		    everyone_reads_progress_and_nobody_else_writes_it, start,
		    stop),
		cmocka_unit_test_setup_teardown(an_agent_takes_the_markers,
		    start, stop),
		cmocka_unit_test_setup_teardown(
		    a_share_is_for_those_who_may_read_it, start, stop),
	};

	return RUN(tests);
}
