#define _GNU_SOURCE	/* struct in6_pktinfo, IP_MULTICAST_ALL */
/*
 * A link is an address of ours for IPv4, an interface for IPv6: so each system
 * interface wants to know it. A socket that hears a group is bound to it and
 * not to a port alone: what others are told in person is not ours.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/multicast.h"
#include "net/sockaddr.h"

enum {
	LINKS = 16,
	HOPS = 255,		/* RFC 6762 11 */
	READS = 16,		/* datagrams per call */
	LONGEST = 9000,		/* of a message (RFC 6762 17) */
};

struct multicast {
	int		 ask4, hear4, ask6;	/* -1: none */
	struct addr	 link4[LINKS];
	size_t		 n4;
	struct {
		unsigned	 index;
		int		 hear;
	}		 link6[LINKS];
	size_t		 n6;
};

static bool
set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/* Bound to the address if there is one. -1: it cannot be had. */
static int
open_at(int family, const struct addr *at)
{
	struct sockaddr_storage	 ss;
	int			 fd;

	fd = socket(family == 6 ? AF_INET6 : AF_INET,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (family == 6) {
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, HOPS);
	} else {
		set(fd, IPPROTO_IP, IP_MULTICAST_TTL, HOPS);
		set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	}
	if (at == NULL)
		return fd;
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (bind(fd, (struct sockaddr *)&ss, sockaddr_from(&ss, at)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
shut(int fd)
{
	if (fd != -1)
		close(fd);
}

static void
add_link4(struct multicast *m, const struct addr *group,
    const struct addr *host)
{
	struct ip_mreq	 req;

	if (m->n4 == LINKS)
		return;
	memcpy(&req.imr_multiaddr, group->ip, 4);
	memcpy(&req.imr_interface, host->ip, 4);
	if (m->hear4 != -1)
		setsockopt(m->hear4, IPPROTO_IP, IP_ADD_MEMBERSHIP, &req,
		    sizeof(req));
	m->link4[m->n4++] = *host;
}

static void
add_link6(struct multicast *m, const struct addr *group, unsigned index)
{
	struct addr		 at = *group;
	struct ipv6_mreq	 req;
	int			 fd;

	for (size_t i = 0; i < m->n6; i++)
		if (m->link6[i].index == index)
			return;
	if (m->n6 == LINKS || index == 0)
		return;
	at.scope = index;
	fd = open_at(6, &at);
	memcpy(&req.ipv6mr_multiaddr, group->ip, 16);
	req.ipv6mr_interface = index;
	if (fd != -1)
		setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &req,
		    sizeof(req));
	m->link6[m->n6].index = index;
	m->link6[m->n6++].hear = fd;
}

/* The interface that has this address; 0: none. */
static unsigned
index_of(const struct ifaddrs *list, const struct addr *host)
{
	struct addr	 a;

	if (host->scope != 0)
		return host->scope;
	for (; list != NULL; list = list->ifa_next) {
		if (list->ifa_addr == NULL)
			continue;
		sockaddr_to(&a, list->ifa_addr);
		if (a.family == 6 && addr_same_ip(&a, host))
			return if_nametoindex(list->ifa_name);
	}
	return 0;
}

static void
add_links(struct multicast *m, const struct addr *group4,
    const struct addr *group6, const struct addr *hosts, size_t n)
{
	struct ifaddrs	*list = NULL;

	if (getifaddrs(&list) == -1)
		list = NULL;
	for (size_t i = 0; i < n; i++)
		if (hosts[i].family == 4 && m->ask4 != -1)
			add_link4(m, group4, &hosts[i]);
		else if (hosts[i].family == 6 && m->ask6 != -1)
			add_link6(m, group6, index_of(list, &hosts[i]));
	if (list != NULL)
		freeifaddrs(list);
}

struct multicast *
multicast_open(const struct addr *group4, const struct addr *group6,
    const struct addr *hosts, size_t nhosts)
{
	struct multicast	*m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->ask4 = open_at(4, NULL);
	m->hear4 = open_at(4, group4);
	m->ask6 = open_at(6, NULL);
	add_links(m, group4, group6, hosts, nhosts);
	if (m->n4 + m->n6 > 0)
		return m;
	multicast_close(m);
	return NULL;
}

void
multicast_close(struct multicast *m)
{
	if (m == NULL)
		return;
	shut(m->ask4);
	shut(m->hear4);
	shut(m->ask6);
	for (size_t i = 0; i < m->n6; i++)
		shut(m->link6[i].hear);
	free(m);
}

size_t
multicast_fds(const struct multicast *m, int fd[MULTICAST_FDS])
{
	size_t	 n = 0;

	if (m->ask4 != -1)
		fd[n++] = m->ask4;
	if (m->hear4 != -1)
		fd[n++] = m->hear4;
	if (m->ask6 != -1)
		fd[n++] = m->ask6;
	for (size_t i = 0; i < m->n6; i++)
		if (m->link6[i].hear != -1)
			fd[n++] = m->link6[i].hear;
	return n;
}

/* What cannot be sent is lost: it is asked again. */
static void
send_on(int fd, const struct dgram *d, int level, int type, const void *info,
    size_t n)
{
	_Alignas(struct cmsghdr) uint8_t
				 control[CMSG_SPACE(
				     sizeof(struct in6_pktinfo))] = { 0 };
	struct sockaddr_storage	 ss;
	struct iovec		 iov = { d->p, d->n };
	struct msghdr		 h = {
		.msg_name = &ss, .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = CMSG_SPACE(n),
	};
	struct cmsghdr		*c = CMSG_FIRSTHDR(&h);

	h.msg_namelen = sockaddr_from(&ss, &d->to.remote);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), info, n);
	(void)sendmsg(fd, &h, 0);
}

void
multicast_send(struct multicast *m, struct batch *b)
{
	struct in_pktinfo	 i4 = { 0 };
	struct in6_pktinfo	 i6 = { .ipi6_ifindex = 0 };

	for (size_t i = 0; i < b->n; i++) {
		for (size_t k = 0; b->d[i].to.remote.family == 4 &&
		    k < m->n4; k++) {
			memcpy(&i4.ipi_spec_dst, m->link4[k].ip, 4);
			send_on(m->ask4, &b->d[i], IPPROTO_IP, IP_PKTINFO, &i4,
			    sizeof(i4));
		}
		for (size_t k = 0; b->d[i].to.remote.family == 6 &&
		    k < m->n6; k++) {
			i6.ipi6_ifindex = m->link6[k].index;
			send_on(m->ask6, &b->d[i], IPPROTO_IPV6, IPV6_PKTINFO,
			    &i6, sizeof(i6));
		}
	}
	batch_reset(b);
}

void
multicast_recv(struct multicast *m, int fd,
    void (*fn)(void *, const uint8_t *, size_t), void *arg)
{
	uint8_t	 buf[LONGEST];
	ssize_t	 n;

	(void)m;
	for (int i = 0; i < READS; i++) {
		n = recv(fd, buf, sizeof(buf), 0);
		if (n == -1)
			break;
		fn(arg, buf, (size_t)n);
	}
}
