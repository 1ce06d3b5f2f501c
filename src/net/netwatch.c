#include <sys/socket.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/loop.h"
#include "net/netwatch.h"

enum {
	SOON = 50 * MS,		/* one change is several messages */
	ROOM = 8192,
};

struct netwatch {
	struct loop	*loop;
	struct io	 io;
	struct alarm	 alarm;
	void		(*fn)(void *, uint64_t);
	void		*arg;
};

/* What got lost, as too much came at once, was a change, too. */
static void
on_ready(void *arg, unsigned got, uint64_t now)
{
	struct netwatch	*n = arg;
	char		 buf[ROOM];

	(void)got;
	while (recv(n->io.fd, buf, sizeof(buf), 0) > 0 || errno == ENOBUFS ||
	    errno == EINTR)
		errno = 0;
	if (n->alarm.at == NEVER)
		alarm_set(n->loop, &n->alarm, now + SOON);
}

static void
on_alarm(void *arg, uint64_t now)
{
	struct netwatch	*n = arg;

	n->fn(n->arg, now);
}

static int
open_socket(void)
{
	struct sockaddr_nl	 sa = { .nl_family = AF_NETLINK,
				     .nl_groups = RTMGRP_LINK |
				     RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };
	int			 fd = socket(AF_NETLINK, SOCK_RAW |
				     SOCK_NONBLOCK | SOCK_CLOEXEC,
				     NETLINK_ROUTE);

	if (fd != -1 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

struct netwatch *
netwatch_new(struct loop *loop, void (*fn)(void *, uint64_t), void *arg)
{
	struct netwatch	*n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->loop = loop;
	n->fn = fn;
	n->arg = arg;
	n->io = (struct io){ .fd = open_socket(), .want = IO_IN,
	    .ready = on_ready, .arg = n };
	n->alarm = (struct alarm){ .at = NEVER, .fire = on_alarm, .arg = n };
	if (n->io.fd != -1 && loop_add(loop, &n->io) == 0)
		return n;
	if (n->io.fd != -1)
		close(n->io.fd);
	free(n);
	return NULL;
}

void
netwatch_free(struct netwatch *n)
{
	if (n == NULL)
		return;
	loop_del(n->loop, &n->io);
	alarm_clear(n->loop, &n->alarm);
	close(n->io.fd);
	free(n);
}
