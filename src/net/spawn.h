#ifndef NET_SPAWN_H
#define NET_SPAWN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Run a program as a filter: bytes to its standard input, at most cap bytes
 * from its standard output, its standard error ours. No shell: the command is
 * cut into words at blanks, and the first is looked up in PATH. env are
 * "NAME=value" texts to add, up to NULL. Its process group is killed when the
 * time is up and when it is done. Turns a loop of its own.
 */
struct spawn {
	const char		*command;
	const char *const	*env;
	const void		*in;
	size_t			 nin;
	uint8_t			*out;		/* caller's */
	size_t			 cap, nout;
	uint64_t		 timeout;
	const char		*why;		/* after -1 */
	int			 signal;	/* that came for us meanwhile */
};

enum { SPAWN_WORDS = 64, SPAWN_TEXT = 4096 };

/* 0: it exited with 0 and everything it wrote fitted; or -1 and why. */
int	 spawn_run(struct spawn *);

#endif
