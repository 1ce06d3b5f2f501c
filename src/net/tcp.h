#ifndef NET_TCP_H
#define NET_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"

/*
 * Stream sockets, non-blocking, close-on-exec, TCP_NODELAY. EINTR is handled
 * here; TCP_AGAIN means come back when poll says so.
 */
enum { TCP_AGAIN = -2, TCP_ERROR = -1 };

/*
 * With SO_REUSEADDR; bound, if not NULL, gets the real port. The wildcard of
 * IPv6 takes connections of IPv4, too.
 */
int	 tcp_listen(const struct addr *, struct addr *bound);
int	 tcp_accept(int, struct addr *from);
int	 tcp_connect(const struct addr *);	/* under way; poll for IO_OUT */
int	 tcp_connected(int);			/* 0, or -1 with errno */

/* Its local address is none of this host's any more: nothing will come. */
bool	 tcp_is_orphan(int);

/* Bytes moved, 0 at end of stream (read only), TCP_AGAIN or TCP_ERROR. */
ssize_t	 tcp_read(int, void *, size_t);	/* re-arms TCP_QUICKACK */
ssize_t	 tcp_take(int, void *, size_t);	/* leaves that for later */
ssize_t	 tcp_peek(int, void *, size_t);	/* read, and leave it there */
ssize_t	 tcp_write(int, const void *, size_t);
void	 tcp_acknowledge(int);			/* now what was taken */
void	 tcp_shutdown(int);			/* our sending side */
void	 tcp_close(int);
void	 tcp_reset(int);			/* RST, then closed */

#endif
