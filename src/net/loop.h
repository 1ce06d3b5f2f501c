#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

/*
 * One thread, one ppoll. A turn: sleep until the earliest deadline or a ready
 * descriptor, read the clock once, call what is ready, then what is due, then
 * the turn's end function, which pumps whatever was touched and frees what
 * was closed: nothing else may free a struct io or alarm inside a turn.
 */
struct loop;

enum { IO_IN = 1, IO_OUT = 2, IO_HUP = 4 };

struct io {
	int		 fd;
	unsigned	 want;		/* IO_IN | IO_OUT; 0: not polled */
	void		(*ready)(void *arg, unsigned got, uint64_t now);
	void		*arg;
	/* loop's own */
	size_t		 slot;
	unsigned	 quiet, resting;
};

struct alarm {
	uint64_t	 at;		/* alarm_set's; NEVER once it fired */
	void		(*fire)(void *arg, uint64_t now);
	void		*arg;
	size_t		 slot;		/* loop's own: heap index + 1 */
};

struct loop	*loop_new(void);
void		 loop_free(struct loop *);

/* The struct is embedded in its owner and must outlive its registration. */
int		 loop_add(struct loop *, struct io *);	/* -1: out of memory */
void		 loop_del(struct loop *, struct io *);
int		 alarm_set(struct loop *, struct alarm *, uint64_t at);
void		 alarm_clear(struct loop *, struct alarm *);

/* Called at the end of every turn; its result is a deadline, or NEVER. */
void		 loop_on_turn(struct loop *, uint64_t (*)(void *, uint64_t now),
		     void *);

/*
 * Somebody waits for what comes until then: where it comes soon each time, look
 * for it a moment before going to sleep.
 */
void		 loop_linger(struct loop *, uint64_t until);

/*
 * Turn until loop_stop; SIGTERM, SIGINT and, if it was not ignored, SIGHUP
 * stop too, and are then reported.
 */
int		 loop_run(struct loop *);	/* 0, or the signal */
void		 loop_stop(struct loop *);

/* Turn wake-ups so far, for the idle measurement. */
uint64_t	 loop_turns(const struct loop *);

#endif
