#ifndef TESTS_SUPPORT_ICMP_H
#define TESTS_SUPPORT_ICMP_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a router answers when a packet does not fit the next link: ICMP
 * "fragmentation needed" with its mtu (RFC 1191 section 4), or ICMPv6 "packet
 * too big" (RFC 4443 section 3.2). It speaks from the packet's destination.
 */
enum { ICMP_TOO_BIG_MAX = 1280 };

/*
 * The answer to an IPv4 or IPv6 packet, its length; 0 if there is to be none:
 * it is none of the two, cut short, allows fragments, or is itself ICMP.
 */
size_t	 icmp_too_big(const uint8_t *packet, size_t n, size_t mtu,
	     uint8_t reply[ICMP_TOO_BIG_MAX]);

#endif
