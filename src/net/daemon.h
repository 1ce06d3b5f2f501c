#ifndef NET_DAEMON_H
#define NET_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Programs that go on without whoever started them, and are found again by
 * what they have in their environment: a number that was given to another
 * process since, or a file with numbers that is lost, misleads nobody.
 */
enum { DAEMON_ROLE = 256 };

#define DAEMON_STACK	"HOTLINK_DEVSTACK"		/* which of them */
#define DAEMON_ROLE_OF	"HOTLINK_DEVSTACK_ROLE"

struct daemon {
	pid_t		 pid;
	char		 role[DAEMON_ROLE];
};

/*
 * argv[0] is a path. It gets a session of its own, no input, and what it
 * writes goes to the end of the log, which is made with mode 0600. The pid, or
 * -1 with errno: it could not even be started.
 */
pid_t	 daemon_start(char *const *argv, const char *stack, const char *role,
	     const char *log);

/*
 * Those of the stack that run, as far as this user may see; at most cap, by
 * number. How many, or -1: processes cannot be looked at.
 */
ssize_t	 daemon_find(const char *stack, struct daemon *, size_t cap);

/* Whether it still does; of a child, ended ones do not. */
bool	 daemon_runs(pid_t, const char *stack);

void	 daemon_signal(pid_t, int sig);

/* Microseconds. */
void	 daemon_sleep(unsigned);

#endif
