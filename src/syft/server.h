#ifndef SYFT_SERVER_H
#define SYFT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A STUN or TURN server as people write it, RFC 7064 and 7065:
 * "stun:host[:port]", or a bare host:port, which upstream's older clients
 * write, "turn:host[:port][?transport=udp|tcp]" and "turns:host[:port]"
 * (hotlink-protocol.md 5.7).
 */
enum { SERVER_MAX = 300 };	/* bytes of its text and a NUL */

#define SERVER_FORMS	"stun:HOST[:PORT], " \
	"turn:HOST[:PORT][?transport=udp|tcp] or turns:HOST[:PORT]"

struct server {
	char		 host[SERVER_MAX];	/* of IPv6 without brackets */
	uint16_t	 port;		/* the usual one if it has none */
	bool		 turn, tls;
	bool		 stream;	/* over TCP or TLS */
};

/* 0, or -1: it is no server that could be asked. */
int	 server_parse(struct server *, const char *text, size_t len);

/*
 * The next entry of a comma list that is not blank, without blanks around it,
 * and its length; the list is then what is behind it. NULL: there is none.
 */
const char *server_next(const char **list, size_t *len);

#endif
