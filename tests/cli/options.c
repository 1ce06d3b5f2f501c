#include "support/test.h"

#include "base/time.h"
#include "cli/options.h"

struct values {
	bool			 verbose;
	const char		*name;
	struct option_list	 list;
	uint64_t		 number, size, duration;
	unsigned		 choice;
	bool			 given;
};

static struct values	 v;

static int
parse(int *argc, char **argv)
{
	static const char *const	 choices[] = {
		"auto", "p2p", "ws", NULL
	};
	const struct option		 options[] = {
		{ 'v', "verbose", NULL, "say more", OPT_FLAG, false,
		    &v.verbose, 0, 0, NULL, NULL },
		{ 'n', "name", "NAME", "a name", OPT_TEXT, true, &v.name, 0, 0,
		    NULL, NULL },
		{ 0, "bind", "ADDR", "addresses", OPT_LIST, false, &v.list, 0,
		    0, NULL, NULL },
		{ 'c', "count", "N", "how many", OPT_NUMBER, false, &v.number,
		    1, 10, NULL, &v.given },
		{ 0, "size", "BYTES", "how large", OPT_SIZE, false, &v.size, 0,
		    UINT64_MAX, NULL, NULL },
		{ 't', "timeout", "S", "how long", OPT_DURATION, false,
		    &v.duration, 0, UINT64_MAX, NULL, NULL },
		{ 0, "transport", "auto|p2p|ws", "which way", OPT_CHOICE,
		    false, &v.choice, 0, 0, choices, NULL },
	};
	const struct command		 c = { "test", "FILE...",
	    "A test.", options, sizeof(options) / sizeof(options[0]) };

	memset(&v, 0, sizeof(v));
	return options_parse(&c, argc, argv);
}

/* The arguments as text, divided at blanks; the operands are left in args. */
static char	*args[128];
static int	 nargs;

static int
parse_text(const char *text)
{
	static char	 buf[1024];

	snprintf(buf, sizeof(buf), "test %s", text);
	nargs = 0;
	for (char *p = strtok(buf, " "); p != NULL; p = strtok(NULL, " "))
		args[nargs++] = p;
	args[nargs] = NULL;
	return parse(&nargs, args);
}

static void
every_spelling_of_an_option_is_read(void **state)
{
	static const char *const	 same[] = {
		"-n x -v", "-nx -v", "--name x --verbose", "--name=x -v",
		"-vn x", "-vnx",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		EQ(parse_text(same[i]), OPTIONS_RUN);
		STREQ(v.name, "x");
		CHECK(v.verbose);
		EQ(nargs, 0);
	}
}

static void
operands_may_stand_anywhere(void **state)
{
	(void)state;
	EQ(parse_text("a -n x b - --bind=1 --bind 2 -- -c --"), OPTIONS_RUN);
	EQ(nargs, 5);
	STREQ(args[0], "a");
	STREQ(args[1], "b");
	STREQ(args[2], "-");
	STREQ(args[3], "-c");
	STREQ(args[4], "--");
	EQ(v.list.n, 2);
	STREQ(v.list.v[0], "1");
	STREQ(v.list.v[1], "2");
}

static void
numbers_sizes_and_durations_have_units(void **state)
{
	(void)state;
	EQ(parse_text("-n x -c 10 --size 4k -t 1.5"), OPTIONS_RUN);
	EQ(v.number, 10);
	CHECK(v.given);
	EQ(v.size, 4096);
	EQ(v.duration, 1500 * MS);
	EQ(parse_text("-n x --size 1.5M -t 20ms"), OPTIONS_RUN);
	EQ(v.size, 3 << 19);
	EQ(v.duration, 20 * MS);
	CHECK(!v.given);
	EQ(parse_text("-n x --size 1677722 -t 2m"), OPTIONS_RUN);
	EQ(v.size, 1677722);
	EQ(v.duration, 120ull * SEC);
	EQ(parse_text("-n x --transport ws"), OPTIONS_RUN);
	EQ(v.choice, 2);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	static const char *const	 bad[] = {
		"", "-v", "-n", "--name", "-n x -q", "-n x --nam y",
		"-n x --verbose=1", "-n x -c 0", "-n x -c 11", "-n x -c -1",
		"-n x -c 1x", "-n x -c 1.5", "-n x -c 0x1",
		"-n x -c 18446744073709551617", "-n x --size 1T",
		"-n x --size .5", "-n x --size 1.", "-n x --size 1.5",
		"-n x --size 99999999999999G", "-n x -t 5x", "-n x -t -5",
		"-n x --transport quic", "-n x -vc", "-n x --=",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EQ(parse_text(bad[i]), 2);
}

static void
a_list_has_a_limit(void **state)
{
	char	 text[1024] = "-n x";

	(void)state;
	for (size_t i = 0; i < OPTION_LIST_MAX; i++)
		strcat(text, " --bind 1");
	EQ(parse_text(text), OPTIONS_RUN);
	EQ(v.list.n, OPTION_LIST_MAX);
	strcat(text, " --bind 1");
	EQ(parse_text(text), 2);
}

static void
asking_for_help_is_no_error(void **state)
{
	(void)state;
	EQ(parse_text("-h"), 0);
	EQ(parse_text("-v --help -q"), 0);
	EQ(parse_text("-n -h"), OPTIONS_RUN);	/* a value, not a question */
	STREQ(v.name, "-h");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(every_spelling_of_an_option_is_read),
		cmocka_unit_test(operands_may_stand_anywhere),
		cmocka_unit_test(numbers_sizes_and_durations_have_units),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(a_list_has_a_limit),
		cmocka_unit_test(asking_for_help_is_no_error),
	};

	return RUN(tests);
}
