#define _GNU_SOURCE	/* pipe2, pidfd_open, POSIX_SPAWN_SETSID, chdir */
/*
 * The leader's end is seen through a pidfd and asked for without reaping it:
 * as a zombie it keeps the number of its group ours, so that a later kill
 * cannot hit a stranger.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "net/process.h"

enum { READ_MAX = 16 << 10 };

static void
close_io(struct process *p, struct io *io)
{
	if (io->fd == -1)
		return;
	loop_del(p->loop, io);
	close(io->fd);
	io->fd = -1;
}

/* One read, what is there. False: nothing is, or it is over. */
static bool
read_some(struct process_fd *f)
{
	struct process	*p = f->of;
	char		 buf[READ_MAX];
	ssize_t		 n;

	if (f->io.fd == -1)
		return false;
	n = read(f->io.fd, buf, sizeof(buf));
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		close_io(p, &f->io);
		return false;
	}
	p->output(p->arg, (int)(f - p->fd), buf, (size_t)n);
	return true;
}

static void
on_output(void *arg, unsigned got, uint64_t now)
{
	(void)got;
	(void)now;
	read_some(arg);
}

/* What it wrote before its end is reported before its end. */
static void
drain(struct process *p)
{
	enum { PIPE = 1 << 20 };

	for (int i = 0; i < PROCESS_FDS; i++)
		for (int k = 0; k < PIPE / READ_MAX &&
		    read_some(&p->fd[i]); k++)
			;
}

static void
on_exit_of_leader(void *arg, unsigned got, uint64_t now)
{
	struct process	*p = arg;
	siginfo_t	 si;
	int		 status;

	(void)got;
	(void)now;
	memset(&si, 0, sizeof(si));
	if (waitid(P_PID, (id_t)p->group, &si, WEXITED | WNOHANG | WNOWAIT) ==
	    -1 || si.si_pid == 0)
		return;
	close_io(p, &p->exit);
	p->running = false;
	p->zombie = true;
	drain(p);
	status = si.si_code == CLD_EXITED ? si.si_status << 8 : si.si_status;
	p->ended(p->arg, status);
}

static int
set_attributes(posix_spawnattr_t *a)
{
	sigset_t	 none, dfl;

	sigemptyset(&none);
	sigemptyset(&dfl);
	sigaddset(&dfl, SIGPIPE);
	return posix_spawnattr_setsigmask(a, &none) != 0 ||
	    posix_spawnattr_setsigdefault(a, &dfl) != 0 ||
	    posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID) != 0 ? -1 : 0;
}

static int
set_files(posix_spawn_file_actions_t *fa, const int *to, const char *cwd)
{
	return posix_spawn_file_actions_addopen(fa, STDIN_FILENO, "/dev/null",
	    O_RDONLY, 0) != 0 ||
	    posix_spawn_file_actions_adddup2(fa, to[PROCESS_OUT],
	    STDOUT_FILENO) != 0 ||
	    posix_spawn_file_actions_adddup2(fa, to[PROCESS_ERR],
	    STDERR_FILENO) != 0 ||
	    posix_spawn_file_actions_addchdir_np(fa, cwd) != 0 ? -1 : 0;
}

/* 0 or an errno. */
static int
spawn_it(struct process *p, char *const *argv, char *const *env,
    const char *cwd, const int *to)
{
	posix_spawn_file_actions_t	 fa;
	posix_spawnattr_t		 attr;
	int				 rc = ENOMEM;

	if (posix_spawn_file_actions_init(&fa) != 0)
		return rc;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&fa);
		return rc;
	}
	if (set_attributes(&attr) == 0 && set_files(&fa, to, cwd) == 0)
		rc = posix_spawnp(&p->group, argv[0], &fa, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	return rc;
}

static int
add(struct process *p, struct io *io, void *arg,
    void (*ready)(void *, unsigned, uint64_t))
{
	io->want = IO_IN;
	io->ready = ready;
	io->arg = arg;
	return loop_add(p->loop, io);
}

static int
watch(struct process *p)
{
	p->exit.fd = (int)syscall(SYS_pidfd_open, p->group, 0);
	if (p->exit.fd == -1)
		return -1;
	fcntl(p->exit.fd, F_SETFD, FD_CLOEXEC);
	for (int i = 0; i < PROCESS_FDS; i++)
		if (add(p, &p->fd[i].io, &p->fd[i], on_output) == -1)
			return -1;
	return add(p, &p->exit, p, on_exit_of_leader);
}

/* Our end of each pipe into fd, the other into to. */
static int
open_pipes(struct process *p, int *to)
{
	int	 ends[2];

	for (int i = 0; i < PROCESS_FDS; i++) {
		if (pipe2(ends, O_CLOEXEC) == -1)
			return -1;
		p->fd[i].io.fd = ends[0];
		to[i] = ends[1];
		fcntl(ends[0], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

int
process_start(struct process *p, struct loop *loop, char *const *argv,
    char *const *env, const char *cwd)
{
	int	 to[PROCESS_FDS] = { -1, -1 }, err = 0;

	p->loop = loop;
	p->group = 0;
	p->running = p->zombie = false;
	p->exit.fd = -1;
	for (int i = 0; i < PROCESS_FDS; i++) {
		p->fd[i].io.fd = -1;
		p->fd[i].of = p;
	}
	if (open_pipes(p, to) == -1)
		err = errno;
	else if ((err = spawn_it(p, argv, env, cwd, to)) != 0)
		p->group = 0;
	else {
		p->running = true;
		err = watch(p) == -1 ? errno : 0;
	}
	for (int i = 0; i < PROCESS_FDS; i++)
		if (to[i] != -1)
			close(to[i]);
	if (err == 0)
		return 0;
	process_close(p);
	errno = err;
	return -1;
}

void
process_signal(const struct process *p, int sig)
{
	if (p->group > 0)
		kill(-p->group, sig);
}

static void
reap(struct process *p)
{
	while (waitpid(p->group, NULL, 0) == -1 && errno == EINTR)
		;
	p->zombie = p->running = false;
}

void
process_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* The dead of the group that were adopted count as members until buried. */
bool
process_left(struct process *p)
{
	if (p->zombie)
		reap(p);
	while (!p->running && p->group > 0 &&
	    waitpid(-p->group, NULL, WNOHANG) > 0)
		;
	if (p->group > 0 && kill(-p->group, 0) == -1 && errno == ESRCH)
		p->group = 0;
	return p->group > 0;
}

void
process_close(struct process *p)
{
	process_signal(p, SIGKILL);
	close_io(p, &p->exit);
	for (int i = 0; i < PROCESS_FDS; i++)
		close_io(p, &p->fd[i].io);
	if (p->running || p->zombie)
		reap(p);
	p->group = 0;
}
