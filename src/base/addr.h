#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A transport address as a value. family is 0 (none), 4 or 6; an IPv4 address
 * is in the first four bytes of ip. struct sockaddr exists only in net/.
 */
struct addr {
	uint8_t		 ip[16];
	uint32_t	 scope;		/* IPv6 link-local: interface index */
	uint16_t	 port;		/* host order */
	uint8_t		 family;
};

/* The two ends of a datagram's way: told apart by both, as RFC 8445 does. */
struct path {
	struct addr	 local;
	struct addr	 remote;
};

enum { ADDR_TEXT = 64 };		/* "[ipv6%scope]:port" and its NUL */

/* True if family, address, scope and port (or all but the port) agree. */
bool	 addr_equal(const struct addr *, const struct addr *);
bool	 addr_same_ip(const struct addr *, const struct addr *);
bool	 addr_ip_among(const struct addr *, const struct addr *list, size_t n);
bool	 path_equal(const struct path *, const struct path *);

bool	 addr_is_loopback(const struct addr *);
bool	 addr_is_linklocal(const struct addr *);
bool	 addr_is_any(const struct addr *);
bool	 addr_is_group(const struct addr *);	/* multicast or broadcast */

/*
 * Numeric text to an address: addr_parse_ip takes "192.0.2.1", "2001:db8::1",
 * "fe80::1%2"; addr_parse takes an IP with port, "192.0.2.1:80", "[::1]:80".
 * They return 0, or -1 and leave the result alone. Names are not resolved.
 */
int	 addr_parse_ip(struct addr *, const char *);
int	 addr_parse(struct addr *, const char *);

/* Write as text into buf (ADDR_TEXT bytes) and return buf. */
const char *addr_ip_text(const struct addr *, char *);
const char *addr_text(const struct addr *, char *);

#endif
