#ifndef NET_MULTICAST_H
#define NET_MULTICAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"

/*
 * Questions to a group of the link, such as multicast DNS has (RFC 6762): they
 * leave from a port of ours on every link, and what comes back to that port,
 * and what is said to the group, is read. The group's port is shared with
 * whoever else listens there, and nothing is taken from them: only what is
 * sent to the group comes to us, and everybody gets that.
 */
struct multicast;

enum { MULTICAST_FDS = 34 };	/* two of each link of IPv6, two of IPv4 */

/*
 * The groups of both families and their port; the hosts' addresses say which
 * links. What this host lacks is left out. NULL: nothing is left.
 */
struct multicast *multicast_open(const struct addr *group4,
		     const struct addr *group6, const struct addr *hosts,
		     size_t nhosts);
void		 multicast_close(struct multicast *);

/* What to wait for. Count, at most MULTICAST_FDS. */
size_t		 multicast_fds(const struct multicast *,
		     int fd[MULTICAST_FDS]);

/* Each datagram on every link of its family; resets the batch. */
void		 multicast_send(struct multicast *, struct batch *);

/* Read what is there, bounded per call. */
void		 multicast_recv(struct multicast *, int fd,
		     void (*fn)(void *, const uint8_t *, size_t), void *arg);

#endif
