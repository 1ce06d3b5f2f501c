#ifndef RPC_SPOOL_H
#define RPC_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpc/message.h"

/*
 * Messages as files, one per message, in one directory per state. Every change
 * is one rename of a synced file: first of new contents over the old, which
 * commits it, then of the file into the directory of its new state. Whoever
 * finds a file in another directory than its contents say finishes that move.
 */
struct spool;

/* Opened, and made if it is not there (mode 0700). NULL and errno. */
struct spool	*spool_open(const char *path);
void		 spool_close(struct spool *);

/*
 * One at a time may change it; the kernel lets go when a process dies. 0, or
 * -1 with errno, which is EWOULDBLOCK if not to wait and another has it.
 */
int		 spool_lock(struct spool *, bool wait);
void		 spool_unlock(struct spool *);

/* Remove what a killed writer left half written; with the lock. */
void		 spool_sweep(struct spool *);

/* Write a message into a directory, there or not. -1 with errno. */
int		 spool_put(struct spool *, enum message_state, const char *name,
		     const struct message *);
int		 spool_put_text(struct spool *, enum message_state,
		     const char *name, const char *text);
int		 spool_move(struct spool *, enum message_state from,
		     enum message_state to, const char *name);
int		 spool_remove(struct spool *, enum message_state,
		     const char *name);

/* put and move: contents first. */
int		 spool_change(struct spool *, enum message_state from,
		     const char *name, const struct message *);

/* Where the file of that name is; STATES: nowhere. */
enum message_state spool_find(const struct spool *, const char *name);

/* 0; or -1 and why: it is not there, foreign, unreadable, ... */
int		 spool_get(const struct spool *, enum message_state,
		     const char *name, struct message *, const char **why);

/*
 * Every message of a state, in no order; foreign files are counted. fn may
 * change the message it is called for; not 0 ends the walk. The result is
 * that of fn, 0, or -1 with errno.
 */
typedef int	 spool_fn(void *, const char *name, struct message *);
int		 spool_each(struct spool *, enum message_state, spool_fn *,
		     void *arg);
uint64_t	 spool_foreign(const struct spool *);

#endif
