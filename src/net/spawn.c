#define _GNU_SOURCE	/* pipe2, pidfd_open */
/*
 * A filter program and its two pipes. The end of the program is seen through
 * a pidfd, in the same loop as its pipes; whatever it left behind is in its
 * process group.
 */
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/loop.h"
#include "net/spawn.h"

enum { PIPE_READ, PIPE_WRITE };

extern char	**environ;

struct run {
	struct spawn	*s;
	struct loop	*loop;
	struct io	 in, out, pid;
	struct alarm	 alarm;
	pid_t		 child;
	size_t		 put;
};

static void
close_io(struct run *r, struct io *io)
{
	if (io->fd == -1)
		return;
	loop_del(r->loop, io);
	close(io->fd);
	io->fd = -1;
}

static void
fail(struct run *r, const char *why)
{
	if (r->s->why == NULL)
		r->s->why = why;
	loop_stop(r->loop);
}

static void
check_done(struct run *r)
{
	if (r->out.fd == -1 && r->pid.fd == -1)
		loop_stop(r->loop);
}

/* A program that does not read all of its input may still succeed. */
static void
on_in(void *arg, unsigned got, uint64_t now)
{
	struct run	*r = arg;
	const uint8_t	*p = r->s->in;
	ssize_t		 n;

	(void)got;
	(void)now;
	n = write(r->in.fd, p + r->put, r->s->nin - r->put);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		r->put += (size_t)n;
	if (n == -1 || r->put == r->s->nin)
		close_io(r, &r->in);
}

static void
on_out(void *arg, unsigned got, uint64_t now)
{
	struct run	*r = arg;
	struct spawn	*s = r->s;
	uint8_t		 more;
	bool		 full = s->nout == s->cap;
	ssize_t		 n;

	(void)got;
	(void)now;
	n = full ? read(r->out.fd, &more, 1) :
	    read(r->out.fd, s->out + s->nout, s->cap - s->nout);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && full) {
		fail(r, "it wrote too much");
		return;
	}
	if (n > 0) {
		s->nout += (size_t)n;
		return;
	}
	close_io(r, &r->out);
	check_done(r);
}

static void
on_exit_of_child(void *arg, unsigned got, uint64_t now)
{
	struct run	*r = arg;
	int		 status;

	(void)got;
	(void)now;
	if (waitpid(r->child, &status, WNOHANG) != r->child)
		return;
	/* What it started and left would keep our pipe open. */
	kill(-r->child, SIGKILL);
	r->child = -1;
	close_io(r, &r->pid);
	if (WIFSIGNALED(status))
		fail(r, "it was killed");
	else if (WEXITSTATUS(status) == 127)
		fail(r, "it could not be run");
	else if (WEXITSTATUS(status) != 0)
		fail(r, "it failed");
	check_done(r);
}

static void
on_timeout(void *arg, uint64_t now)
{
	(void)now;
	fail(arg, "it took too long");
}

/* Words, cut in buf. */
static int
cut(char *buf, char **argv)
{
	char	*save = NULL, *w;
	size_t	 n = 0;

	for (w = strtok_r(buf, " \t\n", &save); w != NULL;
	    w = strtok_r(NULL, " \t\n", &save)) {
		if (n == SPAWN_WORDS)
			return -1;
		argv[n++] = w;
	}
	argv[n] = NULL;
	return n > 0 ? 0 : -1;
}

/* The environment with env in front: the first of a name counts. */
static char **
environment(const char *const *env)
{
	size_t	  n = 0, m = 0, k = 0;
	char	**all;

	while (env != NULL && env[n] != NULL)
		n++;
	while (environ[m] != NULL)
		m++;
	all = calloc(n + m + 1, sizeof(*all));
	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		all[k++] = (char *)(uintptr_t)env[i];
	for (size_t i = 0; i < m; i++)
		all[k++] = environ[i];
	return all;
}

/* Signals as a fresh program expects them, and a group of its own. */
static int
set_attributes(posix_spawnattr_t *a)
{
	sigset_t	 none, dfl;

	sigemptyset(&none);
	sigemptyset(&dfl);
	sigaddset(&dfl, SIGPIPE);
	return posix_spawnattr_setsigmask(a, &none) != 0 ||
	    posix_spawnattr_setsigdefault(a, &dfl) != 0 ||
	    posix_spawnattr_setpgroup(a, 0) != 0 ||
	    posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP) != 0 ? -1 : 0;
}

static int
start_child(struct run *r, char **argv, char **env, int in, int out)
{
	posix_spawn_file_actions_t	 fa;
	posix_spawnattr_t		 attr;
	int				 rc = -1;

	if (posix_spawn_file_actions_init(&fa) != 0)
		return -1;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&fa);
		return -1;
	}
	if (set_attributes(&attr) == 0 &&
	    posix_spawn_file_actions_adddup2(&fa, in, STDIN_FILENO) == 0 &&
	    posix_spawn_file_actions_adddup2(&fa, out, STDOUT_FILENO) == 0)
		rc = posix_spawnp(&r->child, argv[0], &fa, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	return rc == 0 ? 0 : -1;
}

static int
add(struct run *r, struct io *io, int fd, unsigned want,
    void (*ready)(void *, unsigned, uint64_t))
{
	io->fd = fd;
	io->want = want;
	io->ready = ready;
	io->arg = r;
	return loop_add(r->loop, io);
}

/* Takes over our ends of the pipes. */
static int
watch_child(struct run *r, int to, int from)
{
	int	 pidfd = (int)syscall(SYS_pidfd_open, r->child, 0);
	int	 rc = 0;

	fcntl(to, F_SETFL, O_NONBLOCK);
	fcntl(from, F_SETFL, O_NONBLOCK);
	rc |= add(r, &r->in, to, IO_OUT, on_in);
	rc |= add(r, &r->out, from, IO_IN, on_out);
	if (pidfd == -1)
		return -1;
	fcntl(pidfd, F_SETFD, FD_CLOEXEC);
	rc |= add(r, &r->pid, pidfd, IO_IN, on_exit_of_child);
	r->alarm.fire = on_timeout;
	r->alarm.arg = r;
	rc |= alarm_set(r->loop, &r->alarm, clock_now() + r->s->timeout);
	return rc;
}

static int
launch(struct run *r)
{
	char	 text[SPAWN_TEXT], *argv[SPAWN_WORDS + 1], **env;
	int	 in[2], out[2], rc;

	if (strlen(r->s->command) >= sizeof(text))
		return -1;
	memcpy(text, r->s->command, strlen(r->s->command) + 1);
	if (cut(text, argv) == -1 || pipe2(in, O_CLOEXEC) == -1)
		return -1;
	if (pipe2(out, O_CLOEXEC) == -1) {
		close(in[PIPE_READ]);
		close(in[PIPE_WRITE]);
		return -1;
	}
	env = environment(r->s->env);
	rc = env != NULL ? start_child(r, argv, env, in[PIPE_READ],
	    out[PIPE_WRITE]) : -1;
	free(env);
	close(in[PIPE_READ]);
	close(out[PIPE_WRITE]);
	if (rc == -1) {
		close(in[PIPE_WRITE]);
		close(out[PIPE_READ]);
		return -1;
	}
	return watch_child(r, in[PIPE_WRITE], out[PIPE_READ]);
}

static void
finish(struct run *r)
{
	alarm_clear(r->loop, &r->alarm);
	close_io(r, &r->in);
	close_io(r, &r->out);
	close_io(r, &r->pid);
	if (r->child <= 0)
		return;
	kill(-r->child, SIGKILL);
	kill(r->child, SIGKILL);
	while (waitpid(r->child, NULL, 0) == -1 && errno == EINTR)
		;
}

int
spawn_run(struct spawn *s)
{
	struct run	 r = { .s = s, .in = { .fd = -1 }, .out = { .fd = -1 },
			     .pid = { .fd = -1 }, .child = -1 };

	s->why = NULL;
	s->nout = 0;
	s->signal = 0;
	r.alarm.at = NEVER;
	r.loop = loop_new();
	if (r.loop == NULL) {
		s->why = "out of memory";
		return -1;
	}
	if (launch(&r) == -1)
		s->why = "it could not be run";
	else
		s->signal = loop_run(r.loop);
	if (s->signal != 0)
		s->why = "interrupted";
	finish(&r);
	loop_free(r.loop);
	return s->why == NULL ? 0 : -1;
}
