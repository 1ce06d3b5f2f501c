#ifndef NET_SOURCE_H
#define NET_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * Which of this host's addresses new paths start from, and in what order: RFC
 * 8445 5.1.1.1, RFC 6724 rules 3 and 7. What is known of an address of IPv6 is
 * its flags, those of if_addr.h that fit a byte; 0 of IPv4.
 */
enum { SOURCES = 1024 };	/* of one host; what is more is left out */

struct source {
	struct addr	 addr;
	uint32_t	 device;	/* its interface's index; 0: unknown */
	uint8_t		 flags;
};

/* A line of /proc/net/if_inet6, len bytes. 0, or -1: it is none. */
int	 source_parse(struct source *, const char *line, size_t len);

/*
 * Put in order, and count of those to use, which come first. What reaches
 * farther comes before link-local and that before loopback; of IPv6 temporary
 * addresses come first. Left out is what the kernel does not send from yet or
 * ever, what RFC 4291 and 3879 abolished, deprecated addresses if others of
 * their family reach as far, and those that show the interface's hardware
 * address beside a temporary one of the same network. But what is in use, of
 * these n, stays if it still works: paths end with their addresses.
 */
size_t	 source_choose(struct source *, size_t n, const struct addr *in_use,
	     size_t nin_use);

#endif
