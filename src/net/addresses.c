/* This machine's addresses, of the interfaces that are asked for. */
#define _GNU_SOURCE	/* IFF_UP */
#include <net/if.h>

#include <fnmatch.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>

#include "net/sockaddr.h"
#include "net/source.h"
#include "net/udp.h"

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

size_t
net_addresses(const struct net_filter *f, struct addr *a, size_t cap)
{
	struct ifaddrs	*list;
	struct addr	 x;
	size_t		 n = 0;

	if (getifaddrs(&list) == -1)
		return 0;
	for (struct ifaddrs *i = list; i != NULL && n < cap; i = i->ifa_next) {
		if (i->ifa_addr == NULL || !(i->ifa_flags & IFF_UP) ||
		    !passes(f, i->ifa_name))
			continue;
		sockaddr_to(&x, i->ifa_addr);
		if (x.family != 0 && !addr_ip_among(&x, a, n))
			a[n++] = x;
	}
	freeifaddrs(list);
	return n;
}

/*
 * getifaddrs(3) does not tell the flags of addresses. Where there is no /proc,
 * or nothing to read there, all are as good as each other.
 */
static void
find_flags(struct source *s, size_t n)
{
	FILE		*in = fopen("/proc/net/if_inet6", "re");
	char		 line[128];
	struct source	 told;

	if (in == NULL)
		return;
	for (size_t k = 0; k < SOURCES && fgets(line, sizeof(line), in) != NULL;
	    k++) {
		if (source_parse(&told, line, strlen(line)) == -1)
			continue;
		for (size_t i = 0; i < n; i++)
			if (addr_same_ip(&s[i].addr, &told.addr))
				s[i] = told;
	}
	fclose(in);
}

size_t
net_sources(const struct net_filter *f, const struct addr *in_use,
    size_t nin_use, struct addr *a, size_t cap)
{
	struct addr	 all[SOURCES];
	struct source	 s[SOURCES] = { 0 };
	size_t		 n = net_addresses(f, all, SOURCES);

	for (size_t i = 0; i < n; i++)
		s[i].addr = all[i];
	find_flags(s, n);
	n = source_choose(s, n, in_use, nin_use);
	n = n < cap ? n : cap;
	for (size_t i = 0; i < n; i++)
		a[i] = s[i].addr;
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
