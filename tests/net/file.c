#include "support/test.h"

#include <sys/stat.h>

#include <errno.h>
#include <unistd.h>

#include "net/file.h"
#include "support/oom.h"

static char	 dir[] = "/tmp/hotlink-file-XXXXXX";

static const char *
in(const char *name)
{
	static char	 buf[4][256];
	static unsigned	 i;
	char		*p = buf[i++ % 4];

	snprintf(p, sizeof(buf[0]), "%s/%s", dir, name);
	return p;
}

static void
what_is_written_is_read_back(void **state)
{
	size_t	 n;
	char	*p;

	(void)state;
	EQ(file_write(in("a"), "one\0two", 7, 0644), 0);
	p = file_read(in("a"), 7, &n);
	CHECK(p != NULL);
	EQ(n, 7);
	MEMEQ(p, "one\0two", 8);
	free(p);
	EQ(file_write(in("a"), "", 0, 0644), 0);
	p = file_read(in("a"), 7, &n);
	EQ(n, 0);
	STREQ(p, "");
	free(p);
	EQ(access(in("a.tmp"), F_OK), -1);
}

static void
a_file_that_is_too_large_is_refused(void **state)
{
	(void)state;
	EQ(file_write(in("b"), "12345678", 8, 0600), 0);
	CHECK(file_read(in("b"), 7, NULL) == NULL);
	EQ(errno, EFBIG);
}

static void
what_is_no_regular_file_is_refused(void **state)
{
	(void)state;
	CHECK(file_read(dir, 100, NULL) == NULL);
	EQ(errno, EISDIR);
	EQ(mkfifo(in("fifo"), 0600), 0);
	CHECK(file_read(in("fifo"), 100, NULL) == NULL);
	CHECK(file_read(in("missing"), 100, NULL) == NULL);
	EQ(errno, ENOENT);
}

static void
the_mode_is_as_given_whatever_the_umask(void **state)
{
	struct stat	 st;
	mode_t		 old = umask(077);

	(void)state;
	EQ(file_write(in("m"), "x", 1, 0644), 0);
	EQ(stat(in("m"), &st), 0);
	EQ(st.st_mode & 0777, 0644);
	umask(0);
	EQ(file_write(in("m"), "x", 1, 0600), 0);
	EQ(stat(in("m"), &st), 0);
	EQ(st.st_mode & 0777, 0600);
	umask(old);
}

static void
a_link_at_the_temporary_name_is_not_followed(void **state)
{
	char	*p;

	(void)state;
	EQ(file_write(in("victim"), "safe", 4, 0600), 0);
	EQ(symlink(in("victim"), in("c.tmp")), 0);
	EQ(file_write(in("c"), "new", 3, 0600), 0);
	p = file_read(in("victim"), 10, NULL);
	STREQ(p, "safe");
	free(p);
}

static void
a_file_is_replaced_behind_its_links_and_keeps_its_mode(void **state)
{
	struct stat	 st;
	char		*p;

	(void)state;
	EQ(file_write(in("r"), "old", 3, 0640), 0);
	EQ(symlink(in("r"), in("link")), 0);
	EQ(file_replace(in("link"), "new", 3), 0);
	p = file_read(in("r"), 3, NULL);
	STREQ(p, "new");
	free(p);
	EQ(lstat(in("link"), &st), 0);
	CHECK(S_ISLNK(st.st_mode));
	EQ(stat(in("r"), &st), 0);
	EQ(st.st_mode & 0777, 0640);
}

static void
only_a_file_that_is_there_is_replaced(void **state)
{
	(void)state;
	EQ(file_replace(in("nothing"), "x", 1), -1);
	EQ(errno, ENOENT);
	EQ(access(in("nothing"), F_OK), -1);
	EQ(file_replace(dir, "x", 1), -1);
}

static void
whether_a_file_can_be_written_is_told_before(void **state)
{
	char	*got;

	(void)state;
	EQ(file_write(in("w"), "abc", 3, 0644), 0);
	EQ(file_check_writable(in("w")), 0);
	got = file_read(in("w"), 10, NULL);
	STREQ(got, "abc");
	free(got);
	EQ(file_check_writable(in("w2")), 0);
	EQ(access(in("w2"), F_OK), -1);
	EQ(access(in("w2.tmp"), F_OK), -1);
	EQ(file_check_writable(in("no/such")), -1);
	EQ(errno, ENOENT);
	EQ(file_check_writable(dir), -1);
	EQ(errno, EISDIR);
}

static void
parents_are_made_once(void **state)
{
	struct stat	 st;

	(void)state;
	EQ(file_make_parents(in("x/y/z/file")), 0);
	EQ(file_make_parents(in("x/y/z/file")), 0);
	EQ(stat(in("x/y/z"), &st), 0);
	EQ(st.st_mode & 0777, 0700);
	EQ(access(in("x/y/z/file"), F_OK), -1);
	EQ(file_write(in("x/plain"), "", 0, 0600), 0);
	EQ(file_make_parents(in("x/plain/w/file")), -1);
	EQ(file_write(in("no/such"), "", 0, 0600), -1);
	EQ(errno, ENOENT);
}

static void
a_directory_is_made_or_there_or_an_error(void **state)
{
	(void)state;
	EQ(file_make_directory(in("d/e")), 0);
	EQ(file_make_directory(in("d/e")), 0);
	EQ(file_write(in("d/plain"), "", 0, 0600), 0);
	EQ(file_check_directory(in("d/none")), -1);
	EQ(errno, ENOENT);
	EQ(file_check_directory(in("d/e")), 0);
	EQ(file_make_directory(in("d/plain")), -1);
	EQ(errno, ENOTDIR);
	EQ(file_make_directory(in("d/plain/e")), -1);
	EQ(errno, ENOTDIR);
}

static void
running_out_of_memory_reads_nothing(void **state)
{
	(void)state;
	EQ(file_write(in("o"), "x", 1, 0600), 0);
	oom_after(1);
	CHECK(file_read(in("o"), 10, NULL) == NULL);
	oom_after(0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(a_file_that_is_too_large_is_refused),
		cmocka_unit_test(what_is_no_regular_file_is_refused),
		cmocka_unit_test(the_mode_is_as_given_whatever_the_umask),
		cmocka_unit_test(a_link_at_the_temporary_name_is_not_followed),
		cmocka_unit_test(
		    a_file_is_replaced_behind_its_links_and_keeps_its_mode),
		cmocka_unit_test(only_a_file_that_is_there_is_replaced),
		cmocka_unit_test(whether_a_file_can_be_written_is_told_before),
		cmocka_unit_test(parents_are_made_once),
		cmocka_unit_test(a_directory_is_made_or_there_or_an_error),
		cmocka_unit_test(running_out_of_memory_reads_nothing),
	};
	char	 cmd[64];
	int	 failed;

	if (mkdtemp(dir) == NULL)
		return 1;
	failed = RUN(tests);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd) != 0 || failed;
}
