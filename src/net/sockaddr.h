#ifndef NET_SOCKADDR_H
#define NET_SOCKADDR_H

#include <sys/socket.h>

#include "base/addr.h"

/*
 * Our address values and the system's, inside net/ only. An address that is
 * neither IPv4 nor IPv6 has length 0, and becomes one of family 0. An IPv4
 * address in the clothes of IPv6 is taken out of them.
 */
socklen_t	 sockaddr_from(struct sockaddr_storage *, const struct addr *);
void		 sockaddr_to(struct addr *, const struct sockaddr *);

#endif
