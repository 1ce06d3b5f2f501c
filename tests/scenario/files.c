#define _XOPEN_SOURCE 700	/* mkdtemp, symlink */
#include "support/test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "scenario/files.h"

static char	 box[] = "/tmp/hotlink-files.XXXXXX";

static const char	*const made[] = {
	"/a/1.x", "/a/2.x", "/a/.3.x", "/a/y", "/b/1.x", "/b/deep/4.x",
};

static void
path_of(char *to, const char *name)
{
	snprintf(to, 200, "%s%s", box, name);
}

static void
make(const char *name, const char *text)
{
	char	 path[200];
	FILE	*f;

	path_of(path, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int
set_up(void **state)
{
	static const char *const	 dirs[] = { "/a", "/b", "/b/deep" };
	char				 path[200];

	(void)state;
	if (mkdtemp(box) == NULL)
		return -1;
	for (size_t i = 0; i < 3; i++) {
		path_of(path, dirs[i]);
		mkdir(path, 0700);
	}
	for (size_t i = 0; i < 6; i++)
		make(made[i], "text");
	path_of(path, "/b/loop");
	return symlink(box, path);
}

static int
tear_down(void **state)
{
	char	 command[200];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", box);
	return system(command);
}

/* What is found of a pattern below the box, without it, joined by blanks. */
static const char *
found(int (*find)(struct paths *, const char *), const char *pattern)
{
	static char	 text[1000];
	char		 path[200];
	struct paths	 l;

	path_of(path, pattern);
	EQ(find(&l, path), 0);
	text[0] = '\0';
	for (size_t i = 0; i < l.n; i++) {
		strcat(text, l.v[i] + strlen(box));
		strcat(text, i + 1 < l.n ? " " : "");
	}
	paths_free(&l);
	return text;
}

static void
a_star_matches_within_one_name_and_not_a_leading_dot(void **state)
{
	(void)state;
	STREQ(found(files_find, "/a/*.x"), "/a/1.x /a/2.x");
	STREQ(found(files_find, "/*/1.x"), "/a/1.x /b/1.x");
	STREQ(found(files_find, "/*/[14].x"), "/a/1.x /b/1.x");
	STREQ(found(files_find, "/*.x"), "");
	STREQ(found(files_find, "/*/deep/*"), "/b/deep/4.x");
	STREQ(found(files_find, "/nowhere/*"), "");
}

static void
without_a_star_a_path_is_literal(void **state)
{
	(void)state;
	STREQ(found(files_find, "/a/1.x"), "/a/1.x");
	STREQ(found(files_find, "/a"), "/a");
	STREQ(found(files_find, "/a/[1].x"), "");
	STREQ(found(files_find, "/a/none"), "");
}

static void
below_a_directory_is_every_file_and_no_link_is_followed(void **state)
{
	(void)state;
	STREQ(found(files_below, "/a"), "/a/.3.x /a/1.x /a/2.x /a/y");
	STREQ(found(files_below, "/b"), "/b/1.x /b/deep/4.x /b/loop");
	STREQ(found(files_below, "/b/*p"), "/b/deep/4.x /b/loop");
	STREQ(found(files_below, "/none"), "");
}

static void
an_envelope_is_known_by_each_of_its_magics(void **state)
{
	static const struct {
		const char	*text;
		int		 is;
	} sample[] = {
		{ "SYC1", 1 }, { "SBC1 and more", 1 }, { "SYC2{}", 1 },
		{ "SYC3", 0 }, { "SYC", 0 }, { "", 0 }, { "xSYC1", 0 },
	};
	char			 path[200];

	(void)state;
	path_of(path, "/e");
	for (size_t i = 0; i < 7; i++) {
		make("/e", sample[i].text);
		EQ(files_encrypted(path), sample[i].is);
	}
	unlink(path);
	EQ(files_encrypted(path), -1);
	path_of(path, "/a");
	EQ(files_encrypted(path), -1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    a_star_matches_within_one_name_and_not_a_leading_dot),
		cmocka_unit_test(without_a_star_a_path_is_literal),
		cmocka_unit_test(
		    below_a_directory_is_every_file_and_no_link_is_followed),
		cmocka_unit_test(an_envelope_is_known_by_each_of_its_magics),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
