#include "support/test.h"

#include "support/mangle.h"
#include "support/oom.h"
#include "syft/acl.h"
#include "syft/msg.h"

#define ALICE	"alice@example.com"
#define BOB	"bob@example.com"
#define EVE	"eve@other.org"

static const char	*why;

static struct acl *
rules(const char *text)
{
	struct acl	*a = acl_parse(text, strlen(text), &why);

	assert_non_null(a);
	return a;
}

static bool
check(const char *text, const char *rel, const char *user, enum acl_level l)
{
	struct acl	*a = rules(text);
	bool		 yes = acl_check(a, span_of(rel), user, l);

	acl_free(a);
	return yes;
}

static void
the_rules_of_a_flow_let_its_parties_in_and_nobody_else(void **state)
{
	static const char	 text[] =
	    "rules:\n"
	    "- pattern: '**'\n"
	    "  access:\n"
	    "    admin: [" ALICE "]\n"
	    "    read:  [" ALICE ", " BOB "]\n"
	    "    write: [" ALICE ", " BOB "]\n";
	static const char	 rel[] = "0_to_1/stream.tcp.request";

	(void)state;
	CHECK(check(text, rel, BOB, ACL_READ));
	CHECK(check(text, rel, BOB, ACL_WRITE));
	CHECK(!check(text, rel, BOB, ACL_ADMIN));
	CHECK(check(text, rel, ALICE, ACL_ADMIN));
	CHECK(!check(text, rel, EVE, ACL_READ));
}

static void
admin_may_write_and_write_may_read(void **state)
{
	static const char	 text[] = "rules: [{pattern: '**', access: "
	    "{admin: [" ALICE "], write: [" BOB "], read: [" EVE "]}}]";

	(void)state;
	CHECK(check(text, "x", ALICE, ACL_READ));
	CHECK(check(text, "x", ALICE, ACL_WRITE));
	CHECK(check(text, "x", BOB, ACL_READ));
	CHECK(!check(text, "x", EVE, ACL_WRITE));
}

static void
the_most_specific_pattern_decides_alone(void **state)
{
	static const char	 text[] =
	    "rules:\n"
	    "- {pattern: '**', access: {read: ['*']}}\n"
	    "- {pattern: 'private/**', access: {read: [" BOB "]}}\n"
	    "- {pattern: 'private/*.txt', access: {}}\n"
	    "- {pattern: 'private/open.txt', access: {read: ['*']}}\n";

	(void)state;
	CHECK(check(text, "a", EVE, ACL_READ));
	CHECK(!check(text, "private/a", EVE, ACL_READ));
	CHECK(check(text, "private/a", BOB, ACL_READ));
	CHECK(!check(text, "private/a.txt", BOB, ACL_READ));
	CHECK(check(text, "private/open.txt", EVE, ACL_READ));
}

static void
everyone_the_asking_user_and_globs_are_names(void **state)
{
	(void)state;
	CHECK(check("rules: [{pattern: a, access: {read: ['*']}}]", "a", EVE,
	    ACL_READ));
	CHECK(check("rules: [{pattern: a, access: {read: [USER]}}]", "a", EVE,
	    ACL_READ));
	CHECK(check("rules: [{pattern: a, access: {read: '*@other.org'}}]", "a",
	    EVE, ACL_READ));
	CHECK(!check("rules: [{pattern: a, access: {read: '*@other.org'}}]",
	    "a", BOB, ACL_READ));
	CHECK(!check("rules: [{pattern: a, access: {read: [user]}}]", "a", EVE,
	    ACL_READ));
}

static void
a_user_who_is_a_pattern_gets_nothing(void **state)
{
	(void)state;
	CHECK(!check("rules: [{pattern: a, access: {read: ['*']}}]", "a",
	    "*@*.*", ACL_READ));
}

static void
what_no_rule_names_is_private(void **state)
{
	(void)state;
	CHECK(!check("", "a", BOB, ACL_READ));
	CHECK(!check("rules:\n", "a", BOB, ACL_READ));
	CHECK(!check("rules: []", "a", BOB, ACL_READ));
	CHECK(!check("terminal: true", "a", BOB, ACL_READ));
	CHECK(!check("rules: [{pattern: b, access: {read: ['*']}}]", "a", BOB,
	    ACL_READ));
	CHECK(!check("rules: [{pattern: a}]", "a", BOB, ACL_READ));
	CHECK(!check("rules: [{pattern: a, access: {read: }}]", "a", BOB,
	    ACL_READ));
}

static void
unknown_keys_are_skipped(void **state)
{
	(void)state;
	CHECK(check("version: [1, {2: 3}]\nrules:\n- limits: {maxFiles: 1}\n"
	    "  pattern: a\n  access: {create: [x], read: ['*']}\n", "a", EVE,
	    ACL_READ));
}

static void
a_file_that_is_not_rules_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char	*text, *why;
	} bad[] = {
		{ "- a", "not a map" },
		{ "x", "not a map" },
		{ "rules: {", "rules are not a list" },
		{ "rules: x", "rules are not a list" },
		{ "rules: [x]", "rules are not a list of maps" },
		{ "rules: [{}]", "a pattern is missing or not supported" },
		{ "rules: [{pattern: '{a,b}'}]",
		  "a pattern is missing or not supported" },
		{ "rules: [{pattern: a, access: [x]}]", "access is not a map" },
		{ "rules: [{pattern: a, access: {read: {x: y}}}]",
		  "users are not a list" },
		{ "rules: [{pattern: a, access: {read: [[x]]}}]",
		  "users are not a list of names" },
		{ "terminal: maybe", "terminal is neither true nor false" },
		{ "rules: &x []\n", "rules are not a list" },
		{ "a: b\n---\nc: d\n", "not YAML" },
		{ "a: [", "not YAML" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(acl_parse(bad[i].text, strlen(bad[i].text), &why));
		if (i != 2)
			STREQ(why, bad[i].why);
	}
}

static void
too_much_of_anything_is_refused(void **state)
{
	char		*p = malloc(ACL_BYTES + 2);
	size_t		 n = 0;

	(void)state;
	memset(p, '#', ACL_BYTES + 1);
	assert_null(acl_parse(p, ACL_BYTES + 1, &why));
	STREQ(why, "larger than 64 KiB");

	n = (size_t)sprintf(p, "rules:\n");
	for (int i = 0; i <= ACL_RULES; i++)
		n += (size_t)sprintf(p + n, "- pattern: a\n");
	assert_null(acl_parse(p, n, &why));
	STREQ(why, "too many rules");

	n = (size_t)sprintf(p, "rules: [{pattern: a, access: {read: [");
	for (int i = 0; i <= ACL_USERS; i++)
		n += (size_t)sprintf(p + n, "a, ");
	n += (size_t)sprintf(p + n, "]}}]");
	assert_null(acl_parse(p, n, &why));
	STREQ(why, "too many users");
	free(p);
}

/* A tree of files in memory. */
static struct file {
	const char	*path, *text;
	uint64_t	 mtime;
	bool		 broken;
} files[4];
static unsigned		 loads;

static struct file *
file_at(const char *path)
{
	for (size_t i = 0; i < 4; i++)
		if (files[i].path != NULL && strcmp(files[i].path, path) == 0)
			return &files[i];
	return NULL;
}

static int
stamp_of(void *arg, const char *path, struct acl_stamp *s)
{
	struct file	*f = file_at(path);

	(void)arg;
	if (f == NULL)
		return 0;
	s->mtime_ns = f->mtime;
	s->size = strlen(f->text);
	s->inode = 1;
	return f->broken ? -1 : 1;
}

static long
load(void *arg, const char *path, char *buf, size_t cap)
{
	struct file	*f = file_at(path);
	size_t		 n = strlen(f->text);

	(void)arg;
	CHECK(n <= cap);
	memcpy(buf, f->text, n);
	loads++;
	return (long)n;
}

static const struct acl_source	 source = { NULL, stamp_of, load };

#define EVERYONE	"rules: [{pattern: '**', access: {read: ['*']}}]"
#define NOBODY		"rules: [{pattern: '**', access: {}}]"

static struct acl_tree *
tree(const char *top, const char *sub)
{
	memset(files, 0, sizeof(files));
	loads = 0;
	if (top != NULL)
		files[0] = (struct file){ ALICE "/syft.pub.yaml", top, 1,
		    false };
	if (sub != NULL)
		files[1] = (struct file){ ALICE "/a/b/syft.pub.yaml", sub, 1,
		    false };
	return acl_tree_new(&source);
}

static bool
reads(struct acl_tree *t, const char *path, const char *user)
{
	return acl_tree_allows(t, span_of(path), user, ACL_READ);
}

static void
the_nearest_file_decides_alone(void **state)
{
	struct acl_tree	*t = tree(EVERYONE, NOBODY);

	(void)state;
	CHECK(reads(t, ALICE "/x", BOB));
	CHECK(reads(t, ALICE "/a/x", BOB));
	CHECK(!reads(t, ALICE "/a/b/x", BOB));
	CHECK(!reads(t, ALICE "/a/b/c/x", BOB));
	acl_tree_free(t);
	t = tree(NOBODY, EVERYONE);
	CHECK(!reads(t, ALICE "/a/x", BOB));
	CHECK(reads(t, ALICE "/a/b/c/x", BOB));
	acl_tree_free(t);
}

static void
a_terminal_file_stops_the_descent(void **state)
{
	struct acl_tree	*t = tree("terminal: true\n" NOBODY, EVERYONE);

	(void)state;
	CHECK(!reads(t, ALICE "/a/b/c/x", BOB));
	acl_tree_free(t);
}

static void
the_owner_passes_and_one_with_a_like_name_does_not(void **state)
{
	struct acl_tree	*t = tree(NOBODY, NULL);

	(void)state;
	CHECK(acl_tree_allows(t, span_of(ALICE "/x"), ALICE, ACL_ADMIN));
	CHECK(!reads(t, ALICE "/x", "alice@example.co"));
	CHECK(!reads(t, ALICE "/x", "Alice@example.com"));
	CHECK(acl_owns(span_of(ALICE "/x"), ALICE));
	CHECK(!acl_owns(span_of(ALICE "/x"), "alice@example.co"));
	CHECK(!acl_owns(span_of(ALICE "/x"), ""));
	acl_tree_free(t);
}

static void
without_a_file_everything_is_private(void **state)
{
	struct acl_tree	*t = tree(NULL, NULL);

	(void)state;
	CHECK(!reads(t, ALICE "/a/x", BOB));
	acl_tree_free(t);
}

static void
a_broken_file_allows_nothing_below_it(void **state)
{
	struct acl_tree	*t = tree(EVERYONE, "rules: x");

	(void)state;
	CHECK(!reads(t, ALICE "/a/b/x", BOB));
	CHECK(reads(t, ALICE "/a/x", BOB));
	files[0].broken = true;
	CHECK(!reads(t, ALICE "/a/x", BOB));
	acl_tree_free(t);
}

static void
a_file_is_parsed_again_only_when_it_changed(void **state)
{
	struct acl_tree	*t = tree(EVERYONE, NULL);

	(void)state;
	CHECK(reads(t, ALICE "/x", BOB));
	CHECK(reads(t, ALICE "/y", BOB));
	EQ(loads, 1);
	files[0].text = NOBODY;
	files[0].mtime = 2;
	CHECK(!reads(t, ALICE "/x", BOB));
	EQ(loads, 2);
	files[0].path = NULL;
	CHECK(!reads(t, ALICE "/x", BOB));
	acl_tree_free(t);
}

static void
writing_an_acl_file_takes_admin(void **state)
{
	struct acl_tree	*t = tree("rules: [{pattern: '**', access: {write: ["
	    BOB "]}}]", NULL);

	(void)state;
	CHECK(acl_tree_allows(t, span_of(ALICE "/x"), BOB, ACL_WRITE));
	CHECK(!acl_tree_allows(t, span_of(ALICE "/syft.pub.yaml"), BOB,
	    ACL_WRITE));
	CHECK(acl_tree_allows(t, span_of(ALICE "/syft.pub.yaml"), BOB,
	    ACL_READ));
	acl_tree_free(t);
}

static void
hostile_paths_are_refused_before_any_file_is_looked_at(void **state)
{
	struct acl_tree	*t = tree(EVERYONE, NULL);
	char		 deep[400] = ALICE;

	(void)state;
	CHECK(!reads(t, ALICE "/../" ALICE "/x", BOB));
	CHECK(!reads(t, "/" ALICE "/x", BOB));
	CHECK(!reads(t, "", BOB));
	CHECK(!reads(t, ALICE "/x", "*@*.*"));
	for (size_t i = 0; i < ACL_DEPTH; i++)
		strcat(deep, "/d");
	CHECK(reads(t, deep, BOB));
	strcat(deep, "/d");
	CHECK(!reads(t, deep, BOB));
	acl_tree_free(t);
}

static void
survives(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct acl	*a = acl_parse((const char *)p, n, &why);

	(void)arg;
	(void)which;
	if (a != NULL)
		acl_check(a, span_of("a/b"), BOB, ACL_READ);
	acl_free(a);
}

static void
no_spoiled_file_does_harm(void **state)
{
	static const char	 text[] = "terminal: true\nrules:\n- pattern: "
	    "'a/[b]'"
	    "\n  access: {read: [\"\\L\\L\", x]}\n";

	(void)state;
	mangle_cut((const uint8_t *)text, sizeof(text) - 1, survives, NULL);
	mangle_flip((const uint8_t *)text, sizeof(text) - 1, survives, NULL);
}

static void
without_memory_nothing_is_allowed(void **state)
{
	struct acl_tree	*t;
	bool		 yes = false;

	(void)state;
	for (size_t i = 1; !yes; i++) {
		CHECK(i < 1000);
		oom_after(i);
		t = tree(EVERYONE, NULL);
		if (t != NULL)
			yes = reads(t, ALICE "/x", BOB);
		oom_after(0);
		if (t != NULL)
			CHECK(reads(t, ALICE "/x", BOB));
		acl_tree_free(t);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_rules_of_a_flow_let_its_parties_in_and_nobody_else),
		cmocka_unit_test(admin_may_write_and_write_may_read),
		cmocka_unit_test(the_most_specific_pattern_decides_alone),
		cmocka_unit_test(everyone_the_asking_user_and_globs_are_names),
		cmocka_unit_test(a_user_who_is_a_pattern_gets_nothing),
		cmocka_unit_test(what_no_rule_names_is_private),
		cmocka_unit_test(unknown_keys_are_skipped),
		cmocka_unit_test(a_file_that_is_not_rules_is_refused_with_a_reason),
		cmocka_unit_test(too_much_of_anything_is_refused),
		cmocka_unit_test(the_nearest_file_decides_alone),
		cmocka_unit_test(a_terminal_file_stops_the_descent),
		cmocka_unit_test(the_owner_passes_and_one_with_a_like_name_does_not),
		cmocka_unit_test(without_a_file_everything_is_private),
		cmocka_unit_test(a_broken_file_allows_nothing_below_it),
		cmocka_unit_test(a_file_is_parsed_again_only_when_it_changed),
		cmocka_unit_test(writing_an_acl_file_takes_admin),
		cmocka_unit_test(hostile_paths_are_refused_before_any_file_is_looked_at),
		cmocka_unit_test(no_spoiled_file_does_harm),
		cmocka_unit_test(without_memory_nothing_is_allowed),
	};

	return RUN(tests);
}
