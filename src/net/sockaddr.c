#include <netinet/in.h>

#include <string.h>

#include "net/sockaddr.h"

socklen_t
sockaddr_from(struct sockaddr_storage *ss, const struct addr *a)
{
	struct sockaddr_in	*in = (struct sockaddr_in *)ss;
	struct sockaddr_in6	*in6 = (struct sockaddr_in6 *)ss;

	switch (a->family) {
	case 4:
		memset(in, 0, sizeof(*in));
		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		memcpy(&in->sin_addr, a->ip, 4);
		return sizeof(*in);
	case 6:
		memset(in6, 0, sizeof(*in6));
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(a->port);
		in6->sin6_scope_id = a->scope;
		memcpy(&in6->sin6_addr, a->ip, 16);
		return sizeof(*in6);
	}
	memset(ss, 0, sizeof(*ss));
	return 0;
}

void
sockaddr_to(struct addr *a, const struct sockaddr *sa)
{
	struct sockaddr_in	 in;
	struct sockaddr_in6	 in6;

	memset(a, 0, sizeof(*a));
	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		a->family = 4;
		a->port = ntohs(in.sin_port);
		memcpy(a->ip, &in.sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		a->family = 6;
		a->port = ntohs(in6.sin6_port);
		if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
			a->family = 4;
			memcpy(a->ip, in6.sin6_addr.s6_addr + 12, 4);
			return;
		}
		memcpy(a->ip, &in6.sin6_addr, 16);
		if (addr_is_linklocal(a))
			a->scope = in6.sin6_scope_id;
	}
}
