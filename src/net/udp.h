#ifndef NET_UDP_H
#define NET_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"

/*
 * The wildcard UDP sockets of an agent: one per address family, every
 * datagram with its local address (IP_PKTINFO, IPV6_PKTINFO). Segmentation
 * and receive offload are used where the kernel has them.
 */
struct udp;

/*
 * port 0: any, the same for both if it can be. Either family may be missing
 * on this host; NULL: both are, or a given port is taken; errno says why.
 */
struct udp	*udp_open(uint16_t port);
void		 udp_close(struct udp *);

/* Of family 4 or 6; 0 and -1: it has none. */
uint16_t	 udp_port(const struct udp *, int family);
int		 udp_fd(const struct udp *, int family);

bool		 udp_has_gso(const struct udp *);
bool		 udp_has_gro(const struct udp *);

/* Do without either from now on: what an older kernel gives. */
void		 udp_no_offload(struct udp *);

/*
 * Read what is there from one family's socket, bounded per call, and hand
 * every datagram to fn; the bytes may be changed in place until it returns.
 * True: there may be more.
 */
bool		 udp_recv(struct udp *, int family,
		     void (*fn)(void *, const struct path *, uint8_t *, size_t),
		     void *arg);

/*
 * Send the batch and reset it, never in fragments of IP. What the kernel has
 * no room for waits, bounded, and goes before what is sent later; what it
 * refuses is lost and counted: above us is a transport that repeats.
 */
void		 udp_send(struct udp *, struct batch *);

/*
 * Does something of that family wait, and for what: that the socket is
 * writable, or a while, as the kernel is short of buffers. Then udp_retry.
 */
enum udp_wait { UDP_NOTHING, UDP_WRITABLE, UDP_A_WHILE };
enum udp_wait	 udp_waits(const struct udp *, int family);
void		 udp_retry(struct udp *);

/*
 * The next path on which the last udp_send was not allowed to send or had no
 * way to, and why, a constant text; false: there are no more. Each is told
 * once, and few of many.
 */
bool		 udp_refusal(struct udp *, struct path *, const char **why);

struct udp_stats {
	uint64_t	 sent, received, bytes_sent, bytes_received, calls_sent,
			 calls_received, lost;
	uint64_t	 too_long;	/* of lost: for the device */
};
void		 udp_stats(const struct udp *, struct udp_stats *);

/*
 * Addresses of this host's interfaces that are up, port 0; count, at most cap.
 * Of those named only, if any are, and of none of those named never; a name
 * may be a pattern of the shell. NULL: of all.
 */
struct net_filter {
	const char *const	*only, *const *never;
	size_t			 nonly, nnever;
};

size_t		 net_addresses(const struct net_filter *, struct addr *,
		     size_t cap);

/*
 * Of these the ones to start new paths from, the best first (net/source.h).
 * What is in use stays as long as it works.
 */
size_t		 net_sources(const struct net_filter *,
		     const struct addr *in_use, size_t nin_use, struct addr *,
		     size_t cap);

/* Is there an interface of that name, or one that the pattern matches. */
bool		 net_has_interface(const char *name);

#endif
