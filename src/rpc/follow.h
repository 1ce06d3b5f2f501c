#ifndef RPC_FOLLOW_H
#define RPC_FOLLOW_H

#include "rpc/sync.h"

struct loop;
struct follow;

/*
 * A pass whenever something may have come: in the own directory, in those of
 * the parties that owe an answer, in what is sent; and every 30 seconds. done
 * is told how each ended. sync, spool and loop are borrowed. The first pass is
 * in the next turn of the loop. A signal that comes while a program runs stops
 * the loop. NULL: out of memory.
 */
typedef void	 follow_fn(void *, enum sync_result, const char *why);

struct follow	*follow_new(struct loop *, struct sync *, const char *spool,
		     follow_fn *done, void *arg, uint64_t now);
void		 follow_free(struct follow *);

#endif
