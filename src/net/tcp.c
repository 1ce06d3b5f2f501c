#define _GNU_SOURCE	/* accept4, SOCK_NONBLOCK */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <unistd.h>

#include "net/sockaddr.h"
#include "net/tcp.h"
#include "net/udp.h"

enum {
	BACKLOG = 128,		/* the usual limit of the system */
	ADDRESSES = 256,	/* of a host; with more it is not told */
};

static void
set(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

static int
close_keep_errno(int fd)
{
	int	 err = errno;

	close(fd);
	errno = err;
	return -1;
}

static int
open_for(const struct addr *a)
{
	return socket(a->family == 6 ? AF_INET6 : AF_INET,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int
tcp_listen(const struct addr *a, struct addr *bound)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = sockaddr_from(&ss, a);
	int			 fd = open_for(a);

	if (fd == -1)
		return -1;
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (a->family == 6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !addr_is_any(a));
	if (bind(fd, (struct sockaddr *)&ss, len) == -1 ||
	    listen(fd, BACKLOG) == -1)
		return close_keep_errno(fd);
	len = sizeof(ss);
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		return close_keep_errno(fd);
	if (bound != NULL)
		sockaddr_to(bound, (struct sockaddr *)&ss);
	return fd;
}

/* Errors of a connection that was lost before we took it, not of ours. */
static bool
is_theirs(int err)
{
	return err == EINTR || err == ECONNABORTED || err == EPROTO ||
	    err == ENETDOWN || err == EHOSTUNREACH || err == ENETUNREACH;
}

/*
 * Between processes of one host there is no path to find out about; the
 * pacing of some systems' default (BBR) only costs timers there.
 */
static void
no_pacing(int fd)
{
	static const char	 plain[] = "reno";

	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, plain, sizeof(plain) - 1);
}

int
tcp_accept(int listener, struct addr *from)
{
	struct sockaddr_storage	 ss;
	struct addr		 peer;
	socklen_t		 len;
	int			 fd;

	do {
		len = sizeof(ss);
		fd = accept4(listener, (struct sockaddr *)&ss, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
	} while (fd == -1 && is_theirs(errno));
	if (fd == -1)
		return errno == EAGAIN ? TCP_AGAIN : TCP_ERROR;
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	sockaddr_to(&peer, (struct sockaddr *)&ss);
	if (addr_is_loopback(&peer))
		no_pacing(fd);
	if (from != NULL)
		*from = peer;
	return fd;
}

int
tcp_connect(const struct addr *a)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = sockaddr_from(&ss, a);
	int			 fd = open_for(a);

	if (fd == -1)
		return -1;
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (connect(fd, (struct sockaddr *)&ss, len) == -1 &&
	    errno != EINPROGRESS && errno != EINTR)
		return close_keep_errno(fd);
	return fd;
}

int
tcp_connected(int fd)
{
	int		 err = 0;
	socklen_t	 len = sizeof(err);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1)
		return -1;
	errno = err;
	return err == 0 ? 0 : -1;
}

bool
tcp_is_orphan(int fd)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = sizeof(ss);
	struct addr		 own, have[ADDRESSES];
	size_t			 n = net_addresses(NULL, have, ADDRESSES);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		return false;
	sockaddr_to(&own, (struct sockaddr *)&ss);
	if (n == ADDRESSES || own.family == 0 || addr_is_any(&own))
		return false;
	return !addr_ip_among(&own, have, n);
}

static ssize_t
result(ssize_t n)
{
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EWOULDBLOCK ? TCP_AGAIN : TCP_ERROR;
}

/*
 * The applications we carry write a length and a body in two calls, with
 * Nagle's algorithm on: unless every segment is acknowledged at once, each
 * turnaround waits 40 ms for our delayed ACK. The kernel forgets the option.
 */
void
tcp_acknowledge(int fd)
{
	set(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
}

ssize_t
tcp_take(int fd, void *p, size_t len)
{
	ssize_t	 n;

	do
		n = recv(fd, p, len, 0);
	while (n == -1 && errno == EINTR);
	return result(n);
}

ssize_t
tcp_read(int fd, void *p, size_t len)
{
	ssize_t	 n = tcp_take(fd, p, len);

	if (n > 0)
		tcp_acknowledge(fd);
	return n;
}

/* Whoever is only looked at must not wait for an ACK either. */
ssize_t
tcp_peek(int fd, void *p, size_t len)
{
	ssize_t	 n;

	do
		n = recv(fd, p, len, MSG_PEEK);
	while (n == -1 && errno == EINTR);
	if (n > 0)
		tcp_acknowledge(fd);
	return result(n);
}

ssize_t
tcp_write(int fd, const void *p, size_t len)
{
	ssize_t	 n;

	do
		n = send(fd, p, len, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return result(n);
}

void
tcp_shutdown(int fd)
{
	shutdown(fd, SHUT_WR);
}

void
tcp_close(int fd)
{
	close(fd);
}

void
tcp_reset(int fd)
{
	struct linger	 now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}
