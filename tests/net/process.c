#include "support/test.h"

#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "net/process.h"

extern char	**environ;

static struct loop	*loop;
static struct process	 p;
static char		 got[PROCESS_FDS][1 << 20];
static size_t		 ngot[PROCESS_FDS];
static int		 result;
static bool		 stop_on_output;

static void
on_output(void *arg, int which, const char *text, size_t n)
{
	(void)arg;
	CHECK(ngot[which] + n < sizeof(got[0]));
	memcpy(got[which] + ngot[which], text, n);
	ngot[which] += n;
	if (stop_on_output)
		loop_stop(loop);
}

static void
on_end(void *arg, int status)
{
	(void)arg;
	result = status;
	loop_stop(loop);
}

static void
start(const char *text)
{
	char	*argv[] = { "sh", "-c", (char *)(uintptr_t)text, NULL };

	memset(&p, 0, sizeof(p));
	memset(got, 0, sizeof(got));
	memset(ngot, 0, sizeof(ngot));
	p.output = on_output;
	p.ended = on_end;
	result = -1;
	EQ(process_start(&p, loop, argv, environ, "/"), 0);
}

static void
wait_a_moment(void)
{
	poll(NULL, 0, 10);
}

/* Poll until nothing of the group is left, ten seconds at most. */
static bool
goes_away(void)
{
	for (int i = 0; i < 1000 && process_left(&p); i++)
		wait_a_moment();
	return !process_left(&p);
}

static void
both_outputs_and_the_status_come_before_the_end(void **state)
{
	(void)state;
	start("pwd; echo oops >&2; cat; exit 7");
	loop_run(loop);
	STREQ(got[PROCESS_OUT], "/\n");
	STREQ(got[PROCESS_ERR], "oops\n");
	CHECK(WIFEXITED(result) && WEXITSTATUS(result) == 7);
	process_close(&p);
}

static void
what_it_wrote_last_is_not_lost(void **state)
{
	(void)state;
	start("head -c 300000 /dev/zero");
	loop_run(loop);
	EQ(ngot[PROCESS_OUT], 300000);
	process_close(&p);
}

static void
a_signal_is_told_from_a_status(void **state)
{
	(void)state;
	start("kill -TERM $$");
	loop_run(loop);
	CHECK(WIFSIGNALED(result) && WTERMSIG(result) == SIGTERM);
	process_close(&p);
}

static void
the_end_of_the_leader_is_not_the_end_of_its_group(void **state)
{
	(void)state;
	start("sleep 100 & exit 0");
	loop_run(loop);
	EQ(result, 0);
	CHECK(process_left(&p));
	process_signal(&p, SIGTERM);
	CHECK(goes_away());
	process_close(&p);
}

static void
close_kills_a_group_that_ignores_other_signals(void **state)
{
	pid_t	 group;

	(void)state;
	stop_on_output = true;
	start("trap '' TERM; echo up; sleep 100 & sleep 100");
	loop_run(loop);		/* until it has said so */
	stop_on_output = false;
	group = p.group;
	process_signal(&p, SIGTERM);
	process_close(&p);
	for (int i = 0; i < 1000 && kill(-group, 0) == 0; i++)
		if (waitpid(-group, NULL, WNOHANG) <= 0)
			wait_a_moment();
	CHECK(kill(-group, 0) == -1 && errno == ESRCH);
}

static void
a_program_that_is_not_there_is_an_error(void **state)
{
	char	*argv[] = { "no-such-program-here", NULL };

	(void)state;
	memset(&p, 0, sizeof(p));
	EQ(process_start(&p, loop, argv, environ, "/"), -1);
	EQ(errno, ENOENT);
	argv[0] = "sh";
	EQ(process_start(&p, loop, argv, environ, "/no/such/place"), -1);
}

static int
set_up(void **state)
{
	(void)state;
	process_adopt();
	loop = loop_new();
	return loop != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    both_outputs_and_the_status_come_before_the_end),
		cmocka_unit_test(what_it_wrote_last_is_not_lost),
		cmocka_unit_test(a_signal_is_told_from_a_status),
		cmocka_unit_test(
		    the_end_of_the_leader_is_not_the_end_of_its_group),
		cmocka_unit_test(
		    close_kills_a_group_that_ignores_other_signals),
		cmocka_unit_test(a_program_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
