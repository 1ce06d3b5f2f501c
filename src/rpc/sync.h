#ifndef RPC_SYNC_H
#define RPC_SYNC_H

#include "rpc/acks.h"
#include "rpc/box.h"
#include "rpc/spool.h"

struct rng;

/*
 * One pass over the messages of a party: the requests that came, then what was
 * left half sent, then the responses to what is sent.
 */
struct sync_stats {
	uint64_t	 passes, locked;
	uint64_t	 received, duplicate, self, unreadable, ack_failed;
	uint64_t	 resent, foreign_files;
	uint64_t	 errors;	/* what had to be left for later */
};

/* What happened to one message; what is a word, detail may be "". */
struct sync_news {
	const char	*what, *id, *message, *party, *detail;
};

struct sync {
	struct box		 box;
	struct spool		*spool;
	bool			 no_cleanup;
	void			(*tell)(void *, const struct sync_news *);
	void			*arg;
	struct acks		*acks;		/* of the last pass */
	struct acks		*late;		/* decided; to be cleaned up */
	struct sync_stats	 stats;		/* of all passes */
	uint64_t		 total[ACK_KINDS];
};

enum sync_result { SYNC_DONE, SYNC_LOCKED, SYNC_BROKEN };

/* SYNC_BROKEN: why says what; the next pass may do better. */
enum sync_result sync_pass(struct sync *, const char **why);
void	 sync_fini(struct sync *);

/*
 * The counters under their names, into a JSON object (json_t *): those of
 * acks.h of the last pass, the others of all passes. -1: out of memory.
 */
int	 acks_put_stats(const struct acks *, void *object);
int	 sync_put_stats(const struct sync *, void *object);

#endif
