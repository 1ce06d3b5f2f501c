#ifndef NET_DGRAM_H
#define NET_DGRAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"

/*
 * A local application's datagrams: one bound socket, non-blocking and
 * close-on-exec. net/udp.h has those between agents.
 */
enum { DGRAM_LONGEST = 65535, DGRAM_AGAIN = -2, DGRAM_ERROR = -1 };

/* -1 and errno. */
int	 dgram_open(const struct addr *);
void	 dgram_close(int);

/*
 * The next one's length, or DGRAM_AGAIN, or DGRAM_ERROR. lost: how many the
 * kernel has dropped on this socket since it was opened, where it says so.
 */
ssize_t	 dgram_recv(int, void *, size_t, struct addr *from, uint32_t *lost);

/* 0, or -1: it was not taken; it is lost. */
int	 dgram_send(int, const struct addr *to, const void *, size_t);

#endif
