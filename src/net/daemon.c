#define _GNU_SOURCE	/* pipe2 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net/daemon.h"

enum { ENVIRONMENT = 256 << 10 };	/* of it as much is looked at */

/* Does not return. errno of a failure goes to the parent. */
static void
become(char *const *argv, const char *stack, const char *role,
    const char *log, int report)
{
	int		 null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int		 out = open(log, O_WRONLY | O_CREAT | O_APPEND |
			    O_CLOEXEC | O_NOFOLLOW, 0600);
	sigset_t	 none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null != -1 && out != -1 && setsid() != -1 &&
	    dup2(null, STDIN_FILENO) != -1 &&
	    dup2(out, STDOUT_FILENO) != -1 &&
	    dup2(out, STDERR_FILENO) != -1 &&
	    setenv(DAEMON_STACK, stack, 1) == 0 &&
	    setenv(DAEMON_ROLE_OF, role, 1) == 0)
		execv(argv[0], argv);
	if (write(report, &errno, sizeof(errno)) == -1)
		_exit(126);
	_exit(127);
}

pid_t
daemon_start(char *const *argv, const char *stack, const char *role,
    const char *log)
{
	int	 ends[2], err = 0;
	pid_t	 pid;
	ssize_t	 n;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	pid = fork();
	if (pid == 0)
		become(argv, stack, role, log, ends[1]);
	close(ends[1]);
	do
		n = pid == -1 ? 0 : read(ends[0], &err, sizeof(err));
	while (n == -1 && errno == EINTR);
	close(ends[0]);
	if (n <= 0)
		return pid;
	waitpid(pid, NULL, 0);
	errno = err;
	return -1;
}

/* The value of a variable in what /proc/PID/environ has; NULL: none. */
static const char *
value_in(const char *text, size_t n, const char *name)
{
	size_t	 len = strlen(name);

	for (const char *s = text; s < text + n; s += strlen(s) + 1)
		if (strncmp(s, name, len) == 0 && s[len] == '=')
			return s + len + 1;
	return NULL;
}

/* It ends with a NUL, whatever it is. 0: nothing, or not for us. */
static size_t
read_environment(pid_t pid, char *text)
{
	char	 path[64];
	size_t	 n = 0;
	ssize_t	 m;
	int	 fd;

	snprintf(path, sizeof(path), "/proc/%ld/environ", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	while (n < ENVIRONMENT - 1 &&
	    (m = read(fd, text + n, ENVIRONMENT - 1 - n)) > 0)
		n += (size_t)m;
	close(fd);
	text[n] = '\0';
	return n;
}

static bool
belongs(pid_t pid, const char *stack, char *text, char *role)
{
	size_t		 n = read_environment(pid, text);
	const char	*s = value_in(text, n, DAEMON_STACK);
	const char	*r = value_in(text, n, DAEMON_ROLE_OF);

	if (s == NULL || strcmp(s, stack) != 0 || r == NULL)
		return false;
	snprintf(role, DAEMON_ROLE, "%s", r);
	return true;
}

static int
by_pid(const void *a, const void *b)
{
	const struct daemon	*x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

ssize_t
daemon_find(const char *stack, struct daemon *v, size_t cap)
{
	char		*text = malloc(ENVIRONMENT);
	DIR		*d = opendir("/proc");
	struct dirent	*e;
	size_t		 n = 0;

	while (text != NULL && d != NULL && n < cap &&
	    (e = readdir(d)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		v[n].pid = (pid_t)strtol(e->d_name, NULL, 10);
		if (v[n].pid != getpid() &&
		    belongs(v[n].pid, stack, text, v[n].role))
			n++;
	}
	free(text);
	if (d == NULL)
		return -1;
	closedir(d);
	if (n > 1)
		qsort(v, n, sizeof(*v), by_pid);
	return text != NULL ? (ssize_t)n : -1;
}

bool
daemon_runs(pid_t pid, const char *stack)
{
	char	 role[DAEMON_ROLE], *text;
	bool	 runs;

	waitpid(pid, NULL, WNOHANG);
	text = malloc(ENVIRONMENT);
	runs = text != NULL && belongs(pid, stack, text, role);
	free(text);
	return runs;
}

void
daemon_signal(pid_t pid, int sig)
{
	if (pid > 1)
		kill(pid, sig);
}

void
daemon_sleep(unsigned us)
{
	struct timespec	 ts = { us / 1000000, us % 1000000 * 1000L };

	while (nanosleep(&ts, &ts) == -1 && errno == EINTR)
		;
}
