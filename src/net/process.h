#ifndef NET_PROCESS_H
#define NET_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/loop.h"

/*
 * A program in a session and a process group of its own, in the turns of a
 * loop: its output as it comes, its end, and the end of all it started. Its
 * standard input is empty.
 */
enum { PROCESS_OUT, PROCESS_ERR, PROCESS_FDS };

struct process;

struct process_fd {
	struct io	 io;
	struct process	*of;
};

struct process {
	/* Set these before process_start; all may be called in any turn. */
	void		(*output)(void *arg, int which, const char *, size_t);
	void		(*ended)(void *arg, int status);	/* of wait(2) */
	void		*arg;

	/* process.c's own */
	struct loop	*loop;
	pid_t		 group;		/* 0: none, or it is gone */
	bool		 running;	/* its leader */
	bool		 zombie;	/* its leader waits to be reaped */
	struct io	 exit;
	struct process_fd fd[PROCESS_FDS];
};

/*
 * argv[0] is looked up in PATH; env is all of its environment; cwd is where it
 * starts. 0, or -1 with errno.
 */
int		 process_start(struct process *, struct loop *,
		     char *const *argv, char *const *env, const char *cwd);

/* A signal for the group; nothing if it is gone. */
void		 process_signal(const struct process *, int sig);

/*
 * Whether anything of the group is left. An ended leader keeps the group's
 * number from being given to others until this is called.
 */
bool		 process_left(struct process *);

/* From now on what loses its parent is ours, so that it can be buried. */
void		 process_adopt(void);

/* Kill what is left of the group, and release everything. */
void		 process_close(struct process *);

#endif
