#ifndef SCTP_POOL_H
#define SCTP_POOL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The memory of our build of usrsctp, which takes and gives back several
 * blocks per packet: freed blocks are kept by size, up to a bound. A library
 * that was not built for it never calls this.
 */
void	*hotlink_sctp_malloc(size_t);
void	*hotlink_sctp_calloc(size_t, size_t);
void	*hotlink_sctp_realloc(void *, size_t);
void	 hotlink_sctp_free(void *);

/*
 * usrsctp believes in memory: where it asks for some while it sends, it does
 * not look at what it gets. So there is a reserve, for what a call or two may
 * take, and once it was needed the caller is to end what it did, by name.
 *
 * pool_begin, before a call: is there most of the reserve? -1: not, so do not
 * begin what can wait. pool_failed: was it needed since?
 */
int	 pool_begin(void);
bool	 pool_failed(void);

/* Give what is kept back to the system, and the reserve. */
void	 pool_trim(void);

/* Blocks in use; bytes kept. */
size_t	 pool_used(void);
size_t	 pool_kept(void);

#endif
