#include "support/test.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/loop.h"
#include "support/oom.h"

struct seen {
	struct loop	*loop;
	struct io	 io[2];
	struct alarm	 alarm[64];
	uint64_t	 fired[64];
	size_t		 nfired;
	unsigned	 got, calls;
	int		 turns;
};

static void
setup(struct seen *s)
{
	memset(s, 0, sizeof(*s));
	s->loop = loop_new();
	CHECK(s->loop != NULL);
}

static void
fire(void *arg, uint64_t now)
{
	struct seen	*s = arg;

	(void)now;
	s->fired[s->nfired++] = now;
}

static void
stop(void *arg, uint64_t now)
{
	(void)now;
	loop_stop(((struct seen *)arg)->loop);
}

static void
ready(void *arg, unsigned got, uint64_t now)
{
	struct seen	*s = arg;

	(void)now;
	s->got |= got;
	s->calls++;
	loop_stop(s->loop);
}

static void
watch_fd(struct seen *s, size_t i, int fd, unsigned want)
{
	s->io[i] = (struct io){ .fd = fd, .want = want, .ready = ready,
	    .arg = s };
	EQ(loop_add(s->loop, &s->io[i]), 0);
}

/* A pipe, and what is wanted of its end to read. */
static void
setup_pipe(struct seen *s, int p[2], unsigned want)
{
	setup(s);
	EQ(pipe(p), 0);
	watch_fd(s, 0, p[0], want);
}

static void
close_pipe(struct seen *s, int p[2])
{
	close(p[0]);
	close(p[1]);
	loop_free(s->loop);
}

static void
arm(struct seen *s, size_t i, void (*fn)(void *, uint64_t), uint64_t at)
{
	s->alarm[i].fire = fn;
	s->alarm[i].arg = s;
	EQ(alarm_set(s->loop, &s->alarm[i], at), 0);
}

struct order {
	struct seen	*s;
	size_t		 number;
};

static size_t	 order[64], norder;

static void
note(void *arg, uint64_t now)
{
	(void)now;
	order[norder++] = ((struct order *)arg)->number;
}

static void
alarms_fire_in_the_order_of_their_times(void **state)
{
	struct seen	 s;
	struct order	 o[50];

	(void)state;
	setup(&s);
	norder = 0;
	for (size_t i = 0; i < 50; i++) {
		o[i] = (struct order){ &s, i * 37 % 50 };
		s.alarm[i].fire = note;
		s.alarm[i].arg = &o[i];
		EQ(alarm_set(s.loop, &s.alarm[i], 1 + o[i].number), 0);
	}
	for (size_t i = 0; i < 50; i++)
		if (o[i].number % 3 == 0)
			alarm_clear(s.loop, &s.alarm[i]);
	arm(&s, 60, stop, 1000);
	EQ(loop_run(s.loop), 0);
	EQ(norder, 33);
	for (size_t i = 1; i < norder; i++)
		CHECK(order[i - 1] < order[i]);
	loop_free(s.loop);
}

static void
an_alarm_that_fired_is_not_set(void **state)
{
	struct seen	 s;

	(void)state;
	setup(&s);
	arm(&s, 0, fire, 1);
	arm(&s, 1, stop, clock_now() + 2 * MS);
	loop_run(s.loop);
	EQ(s.nfired, 1);
	CHECK(s.alarm[0].at == NEVER);
	loop_free(s.loop);
}

static void
set_again(void *arg, uint64_t now)
{
	struct seen	*s = arg;

	s->nfired++;
	arm(s, 0, set_again, now);
}

static uint64_t
third_turn_stops(void *arg, uint64_t now)
{
	struct seen	*s = arg;

	(void)now;
	if (++s->turns == 3)
		loop_stop(s->loop);
	return NEVER;
}

static void
an_alarm_set_again_for_now_waits_a_turn(void **state)
{
	struct seen	 s;

	(void)state;
	setup(&s);
	arm(&s, 0, set_again, 1);
	loop_on_turn(s.loop, third_turn_stops, &s);
	loop_run(s.loop);
	EQ(s.nfired, 3);
	EQ(loop_turns(s.loop), 3);
	loop_free(s.loop);
}

static void
a_ready_descriptor_is_reported(void **state)
{
	struct seen	 s;
	int		 p[2];

	(void)state;
	setup_pipe(&s, p, IO_IN);
	EQ(write(p[1], "x", 1), 1);
	loop_run(s.loop);
	EQ(s.got, IO_IN);
	loop_del(s.loop, &s.io[0]);
	watch_fd(&s, 1, p[1], IO_OUT);
	s.got = 0;
	loop_run(s.loop);
	EQ(s.got, IO_OUT);
	close_pipe(&s, p);
}

/* While the loop lets others run, one of them writes. */
static struct {
	int		 fd;		/* -1: nobody does */
	int		 yields;
	uint64_t	 clock;		/* stands there; 0: runs */
} other = { .fd = -1 };

int		 __wrap_sched_yield(void);
uint64_t	 __real_clock_now(void);
uint64_t	 __wrap_clock_now(void);

uint64_t
__wrap_clock_now(void)
{
	return other.clock != 0 ? other.clock : __real_clock_now();
}

int
__wrap_sched_yield(void)
{
	other.yields++;
	if (other.fd != -1)
		EQ(write(other.fd, "x", 1), 1);
	return 0;
}

static uint64_t
at_once(void *arg, uint64_t now)
{
	struct seen	*s = arg;

	if (++s->turns == 50)
		loop_stop(s->loop);
	loop_linger(s->loop, NEVER);
	return now;
}

static void
who_waits_in_haste_lets_others_run_first(void **state)
{
	struct seen	 s;
	int		 p[2];

	(void)state;
	setup(&s);
	EQ(pipe(p), 0);
	other.clock = clock_now();	/* all comes soon */
	loop_on_turn(s.loop, at_once, &s);
	loop_run(s.loop);
	EQ(other.yields, 0);
	loop_on_turn(s.loop, NULL, NULL);
	watch_fd(&s, 0, p[0], IO_IN);
	other.fd = p[1];
	alarm(10);		/* nothing else wakes one that sleeps */
	loop_run(s.loop);
	alarm(0);
	EQ(s.got, IO_IN);
	EQ(other.yields, 1);
	other.fd = -1;
	other.clock = 0;
	close_pipe(&s, p);
}

static void
a_hang_up_is_reported_as_what_was_wanted(void **state)
{
	struct seen	 s;
	int		 p[2];

	(void)state;
	setup_pipe(&s, p, IO_IN);
	close(p[1]);
	loop_run(s.loop);
	CHECK(s.got & IO_IN);
	CHECK(s.got & IO_HUP);
	close(p[0]);
	loop_free(s.loop);
}

static void
a_descriptor_nobody_wants_does_not_spin(void **state)
{
	struct seen	 s;
	int		 p[2];

	(void)state;
	setup_pipe(&s, p, 0);
	close(p[1]);			/* POLLHUP from now on */
	arm(&s, 0, stop, clock_now() + 20 * MS);
	loop_run(s.loop);
	EQ(s.calls, 0);
	CHECK(loop_turns(s.loop) <= 3);
	close(p[0]);
	loop_free(s.loop);
}

static void
delete_the_other(void *arg, unsigned got, uint64_t now)
{
	struct seen	*s = arg;

	(void)got;
	(void)now;
	s->calls++;
	for (size_t i = 0; i < 2; i++)
		loop_del(s->loop, &s->io[i]);
	loop_stop(s->loop);
}

static void
what_is_deleted_in_a_turn_is_not_called_in_it(void **state)
{
	struct seen	 s;
	int		 p[2];

	(void)state;
	setup_pipe(&s, p, IO_IN);
	EQ(write(p[1], "x", 1), 1);
	watch_fd(&s, 1, p[1], IO_OUT);
	s.io[0].ready = s.io[1].ready = delete_the_other;
	loop_run(s.loop);
	EQ(s.calls, 1);
	close_pipe(&s, p);
}

static uint64_t
turns_at_once(void *arg, uint64_t now)
{
	struct seen	*s = arg;

	if (++s->turns == 100)
		loop_stop(s->loop);
	return now;
}

/* Quiet for so long that poll is not asked about them any more. */
static void
make_quiet(struct seen *s)
{
	s->turns = 0;
	loop_on_turn(s->loop, turns_at_once, s);
	loop_run(s->loop);
	EQ(s->calls, 0);
	loop_on_turn(s->loop, NULL, NULL);
}

static void
one_that_was_quiet_for_long_is_reported(void **state)
{
	struct seen	 s;
	int		 p[2];

	(void)state;
	setup_pipe(&s, p, IO_IN);
	for (int i = 0; i < 3; i++) {
		make_quiet(&s);
		EQ(write(p[1], "x", 1), 1);
		loop_run(s.loop);
		EQ(s.got, IO_IN);
		EQ(s.calls, 1);
		EQ(read(p[0], &(char){ 0 }, 1), 1);
		s.calls = s.got = 0;
	}
	make_quiet(&s);
	raise(SIGTERM);
	EQ(loop_run(s.loop), SIGTERM);
	close(p[1]);
	loop_run(s.loop);
	CHECK(s.got & IO_HUP);
	loop_del(s.loop, &s.io[0]);
	close(p[0]);
	loop_free(s.loop);
}

static void
one_that_was_quiet_may_want_another_thing(void **state)
{
	struct seen	 s;
	int		 p[2];

	(void)state;
	setup(&s);
	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
	watch_fd(&s, 0, p[0], IO_IN);
	make_quiet(&s);
	s.io[0].want = IO_OUT;
	loop_run(s.loop);
	EQ(s.got, IO_OUT);
	s.calls = 0;
	s.io[0].want = IO_IN;
	make_quiet(&s);
	s.io[0].want = 0;
	close(p[1]);			/* which nobody wants to know */
	make_quiet(&s);
	loop_del(s.loop, &s.io[0]);
	close(p[0]);
	loop_free(s.loop);
}

static void
of_those_that_were_quiet_a_deleted_one_is_not_called(void **state)
{
	struct seen	 s;
	int		 p[2], q[2];

	(void)state;
	setup_pipe(&s, p, IO_IN);
	EQ(pipe(q), 0);
	watch_fd(&s, 1, q[0], IO_IN);
	make_quiet(&s);
	s.io[0].ready = s.io[1].ready = delete_the_other;
	EQ(write(p[1], "x", 1), 1);
	EQ(write(q[1], "x", 1), 1);
	loop_run(s.loop);
	EQ(s.calls, 1);
	s.calls = 0;
	make_quiet(&s);			/* nor later */
	close(q[0]);
	close(q[1]);
	close_pipe(&s, p);
}

static void
a_file_is_always_ready(void **state)
{
	struct seen	 s;
	FILE		*f = tmpfile();

	(void)state;
	setup(&s);
	CHECK(f != NULL);
	watch_fd(&s, 0, fileno(f), 0);
	make_quiet(&s);
	s.io[0].want = IO_IN;
	for (int i = 0; i < 100; i++)
		loop_run(s.loop);
	EQ(s.calls, 100);
	loop_del(s.loop, &s.io[0]);
	fclose(f);
	loop_free(s.loop);
}

static uint64_t
deadline_then_stop(void *arg, uint64_t now)
{
	struct seen	*s = arg;

	if (++s->turns == 2)
		loop_stop(s->loop);
	return now + MS;
}

static void
the_end_of_a_turn_sets_the_next_deadline(void **state)
{
	struct seen	 s;

	(void)state;
	setup(&s);
	loop_on_turn(s.loop, deadline_then_stop, &s);
	EQ(loop_run(s.loop), 0);
	EQ(s.turns, 2);
	loop_free(s.loop);
}

static void
signals_stop_the_loop_and_are_reported(void **state)
{
	struct seen	 s;

	(void)state;
	setup(&s);
	raise(SIGTERM);
	EQ(loop_run(s.loop), SIGTERM);
	raise(SIGINT);
	EQ(loop_run(s.loop), SIGINT);
	raise(SIGHUP);
	EQ(loop_run(s.loop), SIGHUP);
	loop_free(s.loop);
}

static void
a_hang_up_that_was_ignored_stays_so(void **state)
{
	struct sigaction	 ignore = { .sa_handler = SIG_IGN }, old;
	struct seen		 s;

	(void)state;
	sigaction(SIGHUP, &ignore, &old);
	setup(&s);
	raise(SIGHUP);
	raise(SIGTERM);
	EQ(loop_run(s.loop), SIGTERM);
	loop_free(s.loop);
	sigaction(SIGHUP, &old, NULL);
}

static void
never_stop(void *arg, unsigned got, uint64_t now)
{
	(void)got;
	(void)now;
	if (++((struct seen *)arg)->calls == 5)
		raise(SIGTERM);
	assert_in_range(((struct seen *)arg)->calls, 1, 50);
}

static void
a_signal_is_seen_while_descriptors_are_always_ready(void **state)
{
	struct seen	 s;
	int		 p[2];

	(void)state;
	setup(&s);
	EQ(pipe(p), 0);
	watch_fd(&s, 0, p[1], IO_OUT);
	s.io[0].ready = never_stop;
	EQ(loop_run(s.loop), SIGTERM);
	close_pipe(&s, p);
}

static void
a_broken_pipe_is_no_signal(void **state)
{
	struct seen	 s;
	int		 p[2];

	(void)state;
	setup(&s);
	EQ(pipe(p), 0);
	close(p[0]);
	EQ(write(p[1], "x", 1), -1);
	close(p[1]);
	loop_free(s.loop);
}

static void
running_out_of_memory_is_an_error_and_no_more(void **state)
{
	struct loop	*l;
	struct alarm	 a[40];
	struct io	 io[40];
	bool		 hit;

	(void)state;
	for (size_t n = 1;; n++) {
		memset(a, 0, sizeof(a));
		memset(io, 0, sizeof(io));
		oom_after(n);
		l = loop_new();
		for (size_t i = 0; l != NULL && i < 40; i++) {
			(void)alarm_set(l, &a[i], 40 - i);
			io[i].fd = -1;
			(void)loop_add(l, &io[i]);
		}
		for (size_t i = 0; l != NULL && i < 40; i++) {
			alarm_clear(l, &a[i]);
			loop_del(l, &io[i]);
		}
		hit = oom_hit();
		oom_after(0);
		loop_free(l);
		if (!hit)
			break;
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(alarms_fire_in_the_order_of_their_times),
		cmocka_unit_test(an_alarm_that_fired_is_not_set),
		cmocka_unit_test(an_alarm_set_again_for_now_waits_a_turn),
		cmocka_unit_test(a_ready_descriptor_is_reported),
		cmocka_unit_test(who_waits_in_haste_lets_others_run_first),
		cmocka_unit_test(a_hang_up_is_reported_as_what_was_wanted),
		cmocka_unit_test(a_descriptor_nobody_wants_does_not_spin),
		cmocka_unit_test(what_is_deleted_in_a_turn_is_not_called_in_it),
		cmocka_unit_test(one_that_was_quiet_for_long_is_reported),
		cmocka_unit_test(one_that_was_quiet_may_want_another_thing),
		cmocka_unit_test(
		    of_those_that_were_quiet_a_deleted_one_is_not_called),
		cmocka_unit_test(a_file_is_always_ready),
		cmocka_unit_test(the_end_of_a_turn_sets_the_next_deadline),
		cmocka_unit_test(signals_stop_the_loop_and_are_reported),
		cmocka_unit_test(a_hang_up_that_was_ignored_stays_so),
		cmocka_unit_test(
		    a_signal_is_seen_while_descriptors_are_always_ready),
		cmocka_unit_test(a_broken_pipe_is_no_signal),
		cmocka_unit_test(running_out_of_memory_is_an_error_and_no_more),
	};

	return RUN(tests);
}
