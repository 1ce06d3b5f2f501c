#include "support/test.h"

#include "syft/glob.h"
#include "syft/msg.h"

static bool
matches(const char *p, const char *t)
{
	CHECK(glob_valid(span_of(p)));
	return glob_match(span_of(p), span_of(t));
}

static void
a_star_stays_within_its_part(void **state)
{
	(void)state;
	CHECK(matches("*", "a"));
	CHECK(!matches("*", "a/b"));
	CHECK(matches("a*c", "abbc"));
	CHECK(matches("a*b*c", "aXbYbc"));
	CHECK(!matches("a*b*c", "aXbYb"));
	CHECK(matches("*.csv", ".csv"));
	CHECK(matches("a/*/c", "a/b/c"));
	CHECK(!matches("a/*/c", "a/b/b/c"));
}

static void
two_stars_take_any_number_of_parts(void **state)
{
	(void)state;
	CHECK(matches("**", "a"));
	CHECK(matches("**", "a/b/c"));
	CHECK(matches("a/**", "a/b/c"));
	CHECK(matches("a/**", "a"));
	CHECK(!matches("a/**", "ab"));
	CHECK(matches("**/c", "c"));
	CHECK(matches("**/c", "a/b/c"));
	CHECK(!matches("**/c", "a/b/cc"));
	CHECK(matches("a/**/b/**/c", "a/b/x/b/y/c"));
	CHECK(!matches("a/**/b/**/c", "a/x/y/c"));
	CHECK(matches("**/b/*.csv", "a/b/b/x.csv"));
}

static void
single_characters_and_classes_take_one(void **state)
{
	(void)state;
	CHECK(matches("a?c", "abc"));
	CHECK(matches("a?c", "a\xc3\xa9" "c"));
	CHECK(!matches("a?c", "ac"));
	CHECK(!matches("a?c", "a/c"));
	CHECK(matches("[a-c]x", "bx"));
	CHECK(!matches("[a-c]x", "dx"));
	CHECK(matches("[!a-c]x", "dx"));
	CHECK(!matches("[^a-c]x", "ax"));
	CHECK(matches("[]]x", "]x"));
	CHECK(matches("[a-]x", "-x"));
}

static void
what_would_be_misread_is_not_valid(void **state)
{
	(void)state;
	CHECK(!glob_valid(span_of("")));
	CHECK(!glob_valid(span_of("*.{a,b}")));
	CHECK(!glob_valid(span_of("{{.UserEmail}}/**")));
	CHECK(!glob_valid(span_of("a\\*")));
	CHECK(!glob_valid(span_of("[a")));
	CHECK(!glob_valid(span_of("[a/b]")));
}

static void
a_hostile_pattern_takes_no_exponential_time(void **state)
{
	char		 p[401], t[4001];

	(void)state;
	for (size_t i = 0; i < 400; i += 2)
		memcpy(p + i, "*a", 2);
	p[400] = '\0';
	p[399] = 'b';
	memset(t, 'a', 4000);
	t[4000] = '\0';
	CHECK(!matches(p, t));
	for (size_t i = 0; i + 5 <= 400; i += 5)
		memcpy(p + i, "**/a/", 5);
	p[399] = 'b';
	for (size_t i = 0; i < 4000; i += 2)
		memcpy(t + i, "a/", 2);
	CHECK(!matches(p, t));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_star_stays_within_its_part),
		cmocka_unit_test(two_stars_take_any_number_of_parts),
		cmocka_unit_test(single_characters_and_classes_take_one),
		cmocka_unit_test(what_would_be_misread_is_not_valid),
		cmocka_unit_test(a_hostile_pattern_takes_no_exponential_time),
	};

	return RUN(tests);
}
