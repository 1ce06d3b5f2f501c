#include "support/test.h"

#include <unistd.h>

#include "base/time.h"
#include "net/spawn.h"

static uint8_t	 out[1 << 20];

static int
run(struct spawn *s, const char *command, const void *in, size_t n)
{
	s->command = command;
	s->in = in;
	s->nin = n;
	s->out = out;
	if (s->cap == 0)
		s->cap = sizeof(out);
	if (s->timeout == 0)
		s->timeout = 60ull * SEC;
	return spawn_run(s);
}

static void
a_filter_gives_back_what_it_was_given(void **state)
{
	struct spawn	 s = { 0 };
	char		*big = malloc(sizeof(out));

	(void)state;
	memset(big, 'x', sizeof(out));
	EQ(run(&s, " cat  -", big, sizeof(out)), 0);
	EQ(s.nout, sizeof(out));
	MEMEQ(out, big, sizeof(out));
	free(big);
}

static void
nothing_in_is_nothing_out(void **state)
{
	struct spawn	 s = { 0 };

	(void)state;
	EQ(run(&s, "cat", "", 0), 0);
	EQ(s.nout, 0);
}

static void
no_shell_looks_at_the_words(void **state)
{
	struct spawn	 s = { 0 };

	(void)state;
	EQ(run(&s, "echo $HOME;`id` 'a'", "", 0), 0);
	EQ(s.nout, 15);
	MEMEQ(out, "$HOME;`id` 'a'\n", 15);
}

static void
the_environment_is_added_to(void **state)
{
	static const char *const	 env[] = { "HOTLINK_ME=a b", NULL };
	struct spawn			 s = { .env = env };

	(void)state;
	EQ(run(&s, "printenv HOTLINK_ME", "", 0), 0);
	MEMEQ(out, "a b\n", 4);
}

static void
a_program_that_fails_is_told_with_its_reason(void **state)
{
	struct spawn	 s = { 0 };

	(void)state;
	EQ(run(&s, "false", "", 0), -1);
	STREQ(s.why, "it failed");
	EQ(run(&s, "/nonexistent/program", "", 0), -1);
	STREQ(s.why, "it could not be run");
	EQ(run(&s, "  ", "", 0), -1);
	STREQ(s.why, "it could not be run");
	s.cap = 3;
	EQ(run(&s, "cat", "four", 4), -1);
	STREQ(s.why, "it wrote too much");
}

static void
a_program_that_takes_too_long_is_killed(void **state)
{
	struct spawn	 s = { .timeout = 20 * MS };

	(void)state;
	EQ(run(&s, "sleep 600", "", 0), -1);
	STREQ(s.why, "it took too long");
}

static void
a_program_need_not_read_its_input(void **state)
{
	struct spawn	 s = { 0 };
	char		*big = calloc(1, sizeof(out));

	(void)state;
	EQ(run(&s, "true", big, sizeof(out)), 0);
	free(big);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_filter_gives_back_what_it_was_given),
		cmocka_unit_test(nothing_in_is_nothing_out),
		cmocka_unit_test(no_shell_looks_at_the_words),
		cmocka_unit_test(the_environment_is_added_to),
		cmocka_unit_test(a_program_that_fails_is_told_with_its_reason),
		cmocka_unit_test(a_program_that_takes_too_long_is_killed),
		cmocka_unit_test(a_program_need_not_read_its_input),
	};

	return RUN(tests);
}
