/* net_addresses: this machine's, of the interfaces that are asked for. */
#define _GNU_SOURCE	/* IFF_UP */
#include <net/if.h>

#include <fnmatch.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>

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

/* An address of IPv4 may have a label, "eth0:1", instead of the name. */
static bool
matches(const char *pattern, const char *label)
{
	char	 name[IF_NAMESIZE];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(label, ":"), label);
	return fnmatch(pattern, name, 0) == 0;
}

static bool
any_matches(const char *const *patterns, size_t n, const char *label)
{
	for (size_t i = 0; i < n; i++)
		if (matches(patterns[i], label))
			return true;
	return false;
}

static bool
passes(const struct net_filter *f, const char *label)
{
	if (f == NULL)
		return true;
	return (f->nonly == 0 || any_matches(f->only, f->nonly, label)) &&
	    !any_matches(f->never, f->nnever, label);
}

/* The far-reaching first: a host of containers has a link for each. */
enum reach { ANYWHERE, LINK, HOST };

static enum reach
reach(const struct addr *a)
{
	return addr_is_loopback(a) ? HOST : addr_is_linklocal(a) ? LINK :
	    ANYWHERE;
}

/* Add those of one reach. */
static size_t
collect(const struct ifaddrs *i, const struct net_filter *f, enum reach which,
    struct addr *a, size_t n, size_t cap)
{
	struct addr	 x;

	for (; i != NULL && n < cap; i = i->ifa_next) {
		if (i->ifa_addr == NULL || !(i->ifa_flags & IFF_UP) ||
		    !passes(f, i->ifa_name))
			continue;
		sockaddr_to(&x, i->ifa_addr);
		if (x.family == 0 || reach(&x) != which ||
		    has(a, n, &x))
			continue;
		a[n++] = x;
	}
	return n;
}

size_t
net_addresses(const struct net_filter *f, struct addr *a, size_t cap)
{
	struct ifaddrs	*list;
	size_t		 n;

	if (getifaddrs(&list) == -1)
		return 0;
	n = collect(list, f, ANYWHERE, a, 0, cap);
	n = collect(list, f, LINK, a, n, cap);
	n = collect(list, f, HOST, a, n, cap);
	freeifaddrs(list);
	return n;
}

bool
net_has_interface(const char *name)
{
	struct if_nameindex	*list = if_nameindex();
	bool			 found = false;

	for (struct if_nameindex *i = list; i != NULL && i->if_index != 0; i++)
		found |= matches(name, i->if_name);
	if (list != NULL)
		if_freenameindex(list);
	return found;
}
