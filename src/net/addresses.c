#define _GNU_SOURCE	/* IFF_UP */
#include <net/if.h>

#include <ifaddrs.h>

#include "net/sockaddr.h"
#include "net/udp.h"

static bool
has(const struct addr *a, size_t n, const struct addr *x)
{
	for (size_t i = 0; i < n; i++)
		if (addr_same_ip(&a[i], x))
			return true;
	return false;
}

/* Add those of one kind. */
static size_t
collect(const struct ifaddrs *i, bool loopback, struct addr *a, size_t n,
    size_t cap)
{
	struct addr	 x;

	for (; i != NULL && n < cap; i = i->ifa_next) {
		if (i->ifa_addr == NULL || !(i->ifa_flags & IFF_UP))
			continue;
		sockaddr_to(&x, i->ifa_addr);
		if (x.family == 0 || addr_is_loopback(&x) != loopback ||
		    has(a, n, &x))
			continue;
		a[n++] = x;
	}
	return n;
}

size_t
net_addresses(struct addr *a, size_t cap)
{
	struct ifaddrs	*list;
	size_t		 n;

	if (getifaddrs(&list) == -1)
		return 0;
	n = collect(list, false, a, 0, cap);
	n = collect(list, true, a, n, cap);
	freeifaddrs(list);
	return n;
}
