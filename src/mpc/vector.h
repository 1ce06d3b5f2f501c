#ifndef MPC_VECTOR_H
#define MPC_VECTOR_H

#include "mpc/cp.h"

/*
 * Vectors of elements, in messages of at most VECTOR_CHUNK: the number of
 * bytes, the elements, the number of elements.
 */
enum { VECTOR_CHUNK = 65536 };

int	 vector_send(struct cp *, unsigned to, const struct fe *, size_t);
int	 vector_recv(struct cp *, unsigned from, struct fe *, size_t);

/*
 * What 1 and 2 have shares of becomes known to both, chunk by chunk: 2 sends
 * its share to 1, who adds and sends the sum back. open may be share.
 */
int	 vector_reveal(struct cp *, const struct fe *share,
	     struct fe *open, size_t);

/*
 * This party's share of what party owner, 1 or 2, holds in v (only it looks
 * there): a random vector both know, and what is missing to it. No message.
 */
void	 vector_share(struct cp *, unsigned owner, const int64_t *v,
	     struct fe *share, size_t);

#endif
