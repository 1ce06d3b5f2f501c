#ifndef RPC_POST_H
#define RPC_POST_H

#include "rpc/box.h"
#include "rpc/message.h"
#include "rpc/spool.h"

/*
 * Sending: a message goes through "draft" with its request id and everything
 * it says once it is sent; then its request is put in place; then it moves to
 * "sent". Whoever finds it in between does the rest again, to the same effect.
 * The spool is locked by the caller.
 */
enum { POST_UUID = 37 };

struct rng;

void	 post_uuid(struct rng *, char buf[POST_UUID]);

/* Both after trimming, without regard to case. */
bool	 post_is_self(const char *from, const char *to);

/* A message that is in state from, or in none (STATES). 0, or -1 and why. */
int	 post_send(struct box *, struct spool *, struct rng *,
	     enum message_state from, struct message *, const char **why);

/* The rest of it, for a message found in "draft" that is sent. */
int	 post_finish(struct box *, struct spool *, const struct message *,
	     const char **why);

/* Put a request or response in place. */
int	 post_put(struct box *, const char *owner, const char *other,
	     const char *id, const char *suffix, const char *text,
	     const char **why);

/* Mark it failed, for why it was. */
int	 post_fail(struct spool *, enum message_state from, struct message *);

#endif
