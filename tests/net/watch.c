#include "support/test.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <unistd.h>

#include "net/clock.h"
#include "net/file.h"
#include "net/loop.h"
#include "net/watch.h"
#include "support/oom.h"

enum { WAIT = 3 * SEC };	/* a bound for a wait that ends when it is so */

struct seen {
	struct loop	*loop;
	struct watch	*w;
	struct alarm	 limit;
	char		 rel[8][256];
	int		 exists[8];
	size_t		 n, want;
};

static const char *const names[] = { "stream.tcp", "stream.udp", NULL };
static char		 root[64];
static struct seen	 s;

static void
changed(void *arg, const char *rel, int exists, uint64_t now)
{
	(void)arg;
	(void)now;
	if (s.n < 8) {
		snprintf(s.rel[s.n], sizeof(s.rel[0]), "%s", rel);
		s.exists[s.n] = exists;
	}
	if (++s.n == s.want)
		loop_stop(s.loop);
}

static void
give_up(void *arg, uint64_t now)
{
	(void)arg;
	(void)now;
	loop_stop(s.loop);
}

static void
run_script(const char *cmd)
{
	char	 line[512];

	snprintf(line, sizeof(line), "cd %s && %s", root, cmd);
	EQ(system(line), 0);
}

static void
start(const char *prepare)
{
	memset(&s, 0, sizeof(s));
	snprintf(root, sizeof(root), "/tmp/hotlink-watch-XXXXXX");
	CHECK(mkdtemp(root) != NULL);
	run_script(prepare);
	s.loop = loop_new();
	CHECK(s.loop != NULL);
	s.limit.fire = give_up;
	s.w = watch_new(s.loop, root, names, changed, NULL, clock_now());
	CHECK(s.w != NULL);
}

/* Run until there were n changes more, or for a while if there are none. */
static void
expect(size_t n)
{
	s.want = n;
	EQ(alarm_set(s.loop, &s.limit, clock_now() + WAIT), 0);
	if (s.n < n)
		loop_run(s.loop);
	EQ(s.n, n);
}

static void
forget(void)
{
	s.n = 0;
}

/* Let everything that is on its way arrive, then look whether it was n. */
static void
expect_only(size_t n)
{
	s.want = SIZE_MAX;
	EQ(alarm_set(s.loop, &s.limit, clock_now() + 700 * MS), 0);
	loop_run(s.loop);
	EQ(s.n, n);
}

static void
finish(void)
{
	watch_free(s.w);
	loop_free(s.loop);
	run_script("rm -rf \"$PWD\"");
}

static void
files_that_are_there_are_reported_at_start(void **state)
{
	(void)state;
	start("mkdir -p a/b && : >a/b/stream.tcp && : >a/other");
	EQ(s.n, 1);
	STREQ(s.rel[0], "a/b/stream.tcp");
	EQ(s.exists[0], 1);
	finish();
}

static void
a_file_in_directories_created_in_one_go_is_found(void **state)
{
	(void)state;
	start(":");
	run_script("mkdir -p a/b/c/d/e && echo x >a/b/c/d/e/stream.tcp");
	expect(1);
	STREQ(s.rel[0], "a/b/c/d/e/stream.tcp");
	finish();
}

static void
a_new_content_is_reported_even_of_the_same_size(void **state)
{
	(void)state;
	start("mkdir a && echo x >a/stream.tcp");
	forget();
	run_script("echo y >a/stream.tcp");
	expect(1);
	EQ(s.exists[0], 1);
	forget();
	run_script("echo z >a/new && mv a/new a/stream.tcp");
	expect(1);
	EQ(s.exists[0], 1);
	finish();
}

static void
a_deleted_file_is_reported(void **state)
{
	(void)state;
	start("mkdir a && echo x >a/stream.tcp");
	forget();
	run_script("rm a/stream.tcp");
	expect(1);
	STREQ(s.rel[0], "a/stream.tcp");
	EQ(s.exists[0], 0);
	finish();
}

static void
a_deleted_tree_takes_its_files_along(void **state)
{
	(void)state;
	start("mkdir -p a/b && echo x >a/b/stream.tcp");
	forget();
	run_script("rm -rf a");
	expect(1);
	EQ(s.exists[0], 0);
	expect_only(1);
	finish();
}

static void
a_renamed_directory_moves_its_files(void **state)
{
	(void)state;
	start("mkdir -p a/b && echo x >a/b/stream.tcp");
	forget();
	run_script("mv a c");
	expect(2);
	forget();
	run_script("echo y >c/b/stream.tcp");
	expect(1);
	STREQ(s.rel[0], "c/b/stream.tcp");
	finish();
}

static void
a_tree_moved_in_is_found(void **state)
{
	(void)state;
	start("mkdir -p ../hotlink-in-$$ && rmdir ../hotlink-in-$$");
	run_script("d=$(mktemp -d) && mkdir $d/t && echo x >$d/t/stream.tcp &&"
	    " mv $d/t . && rmdir $d");
	expect(1);
	STREQ(s.rel[0], "t/stream.tcp");
	finish();
}

static void
links_are_not_followed(void **state)
{
	(void)state;
	start("mkdir a && echo x >a/f && ln -s f a/stream.tcp &&"
	    " ln -s .. a/up");
	EQ(s.n, 0);
	run_script("ln a/f a/hard && mkdir b && ln a/f b/stream.tcp");
	expect(1);
	STREQ(s.rel[0], "b/stream.tcp");
	finish();
}

static void
everything_is_seen_without_inotify_too(void **state)
{
	(void)state;
	start("mkdir a");
	watch_no_inotify(s.w, clock_now());
	run_script("mkdir -p a/b && echo x >a/b/stream.tcp");
	expect(1);
	EQ(s.exists[0], 1);
	forget();
	run_script("echo longer >a/b/stream.tcp");
	expect(1);
	EQ(s.exists[0], 1);
	forget();
	run_script("rm -r a/b");
	expect(1);
	EQ(s.exists[0], 0);
	finish();
}

static void
a_root_that_comes_later_is_watched(void **state)
{
	(void)state;
	start("rmdir \"$PWD\"");
	EQ(mkdir(root, 0700), 0);
	run_script("mkdir a && echo x >a/stream.tcp");
	expect(1);
	forget();
	run_script("rm -r \"$PWD\"");
	expect(1);
	EQ(s.exists[0], 0);
	EQ(mkdir(root, 0700), 0);
	finish();
}

static void
a_look_finds_what_was_not_told(void **state)
{
	(void)state;
	start("mkdir -p a/b && : >a/stream.tcp && touch -d yesterday . a a/b");
	EQ(s.n, 1);
	watch_look(s.w, clock_now());
	EQ(s.n, 1);
	/* No turn of the loop comes between, so no event is read. */
	run_script("echo x >a/stream.tcp");
	watch_look(s.w, clock_now());
	EQ(s.n, 2);
	run_script("mkdir a/b/c && : >a/b/c/stream.tcp");
	watch_look(s.w, clock_now());
	EQ(s.n, 3);
	STREQ(s.rel[2], "a/b/c/stream.tcp");
	run_script("touch -d yesterday . a a/b a/b/c");
	watch_look(s.w, clock_now());
	run_script("rm -r a/b");
	watch_look(s.w, clock_now());
	EQ(s.n, 4);
	EQ(s.exists[3], 0);
	finish();
}

static void
a_directory_watched_at_once_reports_each_file_once(void **state)
{
	(void)state;
	start("for i in 1 2 3 4 5 6; do mkdir -p a/$i/x; "
	    ": >a/$i/x/stream.tcp; done");
	EQ(s.n, 6);
	expect_only(6);
	finish();
}

static void
running_out_of_memory_loses_a_change_at_most(void **state)
{
	struct watch	*w;
	bool		 hit;

	(void)state;
	start("mkdir -p a/b && : >a/b/stream.tcp && : >a/stream.tcp");
	for (size_t n = 1; n < 100; n++) {
		oom_after(n);
		w = watch_new(s.loop, root, names, changed, NULL, 0);
		hit = oom_hit();
		oom_after(0);
		watch_free(w);
		if (!hit)
			break;
	}
	finish();
}

static void
a_look_without_descriptors_forgets_nothing(void **state)
{
	struct rlimit	 old, none;

	(void)state;
	start("mkdir -p a/b && : >a/b/stream.tcp");
	watch_no_inotify(s.w, clock_now());
	forget();
	EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	watch_look(s.w, clock_now());
	EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
	EQ(s.n, 0);
	run_script("rm a/b/stream.tcp");
	watch_look(s.w, clock_now());
	EQ(s.n, 1);
	EQ(s.exists[0], 0);
	finish();
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(files_that_are_there_are_reported_at_start),
		cmocka_unit_test(
		    a_file_in_directories_created_in_one_go_is_found),
		cmocka_unit_test(
		    a_new_content_is_reported_even_of_the_same_size),
		cmocka_unit_test(a_deleted_file_is_reported),
		cmocka_unit_test(a_deleted_tree_takes_its_files_along),
		cmocka_unit_test(a_renamed_directory_moves_its_files),
		cmocka_unit_test(a_tree_moved_in_is_found),
		cmocka_unit_test(links_are_not_followed),
		cmocka_unit_test(everything_is_seen_without_inotify_too),
		cmocka_unit_test(a_root_that_comes_later_is_watched),
		cmocka_unit_test(a_look_finds_what_was_not_told),
		cmocka_unit_test(
		    a_directory_watched_at_once_reports_each_file_once),
		cmocka_unit_test(
		    running_out_of_memory_loses_a_change_at_most),
		cmocka_unit_test(a_look_without_descriptors_forgets_nothing),
	};

	return RUN(tests);
}
