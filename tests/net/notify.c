#include "support/test.h"

#include <sys/stat.h>

#include <unistd.h>

#include "net/clock.h"
#include "net/file.h"
#include "net/loop.h"
#include "net/notify.h"

static char		 dir[64], path[256];
static struct loop	*loop;
static int		 calls;

static const char *
in(const char *rel)
{
	snprintf(path, sizeof(path), "%s/%s", dir, rel);
	return path;
}

static void
called(void *arg, uint64_t now)
{
	(void)arg;
	(void)now;
	calls++;
	loop_stop(loop);
}

static int
make_dir(void **state)
{
	(void)state;
	calls = 0;
	loop = loop_new();
	snprintf(dir, sizeof(dir), "/tmp/hotlink-notify.XXXXXX");
	return loop == NULL || mkdtemp(dir) == NULL;
}

static int
remove_dir(void **state)
{
	char	 cmd[128];

	(void)state;
	loop_free(loop);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static struct notify *
watching(const char *rel, uint64_t every)
{
	struct notify	*n = notify_new(loop, MS, every, called, NULL,
			     clock_now());

	CHECK(n != NULL);
	if (rel != NULL)
		notify_add(n, in(rel));
	return n;
}

static void
a_file_that_comes_is_noticed_once_with_its_like(void **state)
{
	struct notify	*n = watching("", 600ull * SEC);

	(void)state;
	EQ(file_write(in("a"), "x", 1, 0600), 0);
	EQ(file_write(in("b"), "x", 1, 0600), 0);
	EQ(loop_run(loop), 0);
	EQ(calls, 1);
	notify_free(n);
}

static void
a_directory_that_comes_later_is_noticed(void **state)
{
	struct notify	*n = watching("later/still", 600ull * SEC);

	(void)state;
	EQ(mkdir(in("later"), 0700), 0);
	EQ(loop_run(loop), 0);
	EQ(calls, 1);
	notify_free(n);
}

static void
it_is_called_from_time_to_time_anyway(void **state)
{
	struct notify	*n = watching(NULL, MS);

	(void)state;
	EQ(loop_run(loop), 0);
	EQ(loop_run(loop), 0);
	EQ(calls, 2);
	notify_free(n);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(a_file_that_comes_is_noticed_once_with_its_like),
		TEST(a_directory_that_comes_later_is_noticed),
		TEST(it_is_called_from_time_to_time_anyway),
	};

	return RUN(tests);
}
