#include "support/test.h"

#include "support/oom.h"
#include "syft/msg.h"
#include "syft/yaml.h"

static enum yml_item
read_all(const char *text)
{
	struct yml	*y = yml_new(text, strlen(text));
	enum yml_item	 item = YML_BAD;
	struct span	 s;

	if (y != NULL) {
		do {
			item = yml_next(y, &s);
		} while (item != YML_DONE && item != YML_BAD);
		if (item == YML_BAD) {
			CHECK(yml_why(y) != NULL);
			EQ(yml_next(y, &s), YML_BAD);
		}
	}
	yml_free(y);
	return item;
}

static void
a_document_is_a_sequence_of_items(void **state)
{
	static const char	 text[] = "# c\na: [x, 'y']\nb: {c: d}\n";
	static const enum yml_item	 want[] = {
		YML_MAP, YML_SCALAR, YML_LIST, YML_SCALAR, YML_SCALAR,
		YML_END, YML_SCALAR, YML_MAP, YML_SCALAR, YML_SCALAR,
		YML_END, YML_END, YML_DONE, YML_BAD,
	};
	struct yml	*y = yml_new(text, sizeof(text) - 1);
	struct span	 s;

	(void)state;
	for (size_t i = 0; i < 13; i++) {
		EQ(yml_next(y, &s), want[i]);
		if (i == 4)
			CHECK(span_is(s, "y"));
		if (i == 6)
			EQ(yml_line(y), 3);
	}
	yml_free(y);
}

static void
an_item_is_skipped_with_all_it_holds(void **state)
{
	static const char	 text[] = "a: [x, {y: [z]}]\nb: c\n";
	struct yml	*y = yml_new(text, sizeof(text) - 1);
	struct span	 s;

	(void)state;
	EQ(yml_next(y, &s), YML_MAP);
	EQ(yml_next(y, &s), YML_SCALAR);
	yml_skip(y, yml_next(y, &s));
	EQ(yml_next(y, &s), YML_SCALAR);
	CHECK(span_is(s, "b"));
	yml_skip(y, yml_next(y, &s));
	EQ(yml_next(y, &s), YML_END);
	yml_free(y);
}

static void
an_empty_text_is_no_document(void **state)
{
	(void)state;
	EQ(read_all(""), YML_DONE);
	EQ(read_all("# nothing\n"), YML_DONE);
}

static void
what_could_grow_or_confuse_is_refused(void **state)
{
	char		 deep[200];

	(void)state;
	EQ(read_all("a: &x [1]\nb: *x\n"), YML_BAD);
	EQ(read_all("a: &x 1\n"), YML_BAD);
	EQ(read_all("a: 1\n---\nb: 2\n"), YML_BAD);
	EQ(read_all("a: [1\n"), YML_BAD);
	EQ(read_all("a: \xff\n"), YML_BAD);
	EQ(read_all("\t- a"), YML_BAD);
	memset(deep, '[', 32);
	memset(deep + 32, ']', 32);
	deep[64] = '\0';
	EQ(read_all(deep), YML_DONE);
	memset(deep, '[', 33);
	memset(deep + 33, ']', 33);
	deep[66] = '\0';
	EQ(read_all(deep), YML_BAD);
}

static void
what_is_bad_has_a_line_and_a_column(void **state)
{
	static const char	 text[] = "a: 1\nb:\n  - x\n y: z\n";
	struct yml		*y = yml_new(text, sizeof(text) - 1);
	enum yml_item		 item;
	struct span		 s;

	(void)state;
	do {
		item = yml_next(y, &s);
		CHECK(item != YML_DONE);
	} while (item != YML_BAD);
	EQ(yml_line(y), 4);
	EQ(yml_column(y), 2);
	yml_free(y);
}

static void
without_memory_it_is_bad_and_nothing_leaks(void **state)
{
	enum yml_item	 item = YML_BAD;

	(void)state;
	for (size_t i = 1; item != YML_DONE; i++) {
		CHECK(i < 1000);
		oom_after(i);
		item = read_all("a: [b, c]\n");
		oom_after(0);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_document_is_a_sequence_of_items),
		cmocka_unit_test(an_item_is_skipped_with_all_it_holds),
		cmocka_unit_test(an_empty_text_is_no_document),
		cmocka_unit_test(what_could_grow_or_confuse_is_refused),
		cmocka_unit_test(what_is_bad_has_a_line_and_a_column),
		cmocka_unit_test(without_memory_it_is_bad_and_nothing_leaks),
	};

	return RUN(tests);
}
