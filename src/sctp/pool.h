#ifndef SCTP_POOL_H
#define SCTP_POOL_H

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

/* Give what is kept back to the system. */
void	 pool_trim(void);

/* Blocks in use; bytes kept. */
size_t	 pool_used(void);
size_t	 pool_kept(void);

#endif
