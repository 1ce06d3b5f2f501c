#define _GNU_SOURCE	/* SOCK_NONBLOCK, SO_RXQ_OVFL */
#include <netinet/in.h>
#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "net/dgram.h"
#include "net/sockaddr.h"

enum { BUFFER = 1 << 20 };	/* asked of the kernel: a burst's worth */

static void
set(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

int
dgram_open(const struct addr *a)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = sockaddr_from(&ss, a);
	int			 err, fd;

	fd = socket(a->family == 6 ? AF_INET6 : AF_INET,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (a->family == 6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	set(fd, SOL_SOCKET, SO_RCVBUF, BUFFER);
	set(fd, SOL_SOCKET, SO_SNDBUF, BUFFER);
	set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	if (bind(fd, (struct sockaddr *)&ss, len) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

void
dgram_close(int fd)
{
	close(fd);
}

static void
read_lost(struct msghdr *h, uint32_t *lost)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	    c = CMSG_NXTHDR(h, c))
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SO_RXQ_OVFL)
			memcpy(lost, CMSG_DATA(c), sizeof(*lost));
}

ssize_t
dgram_recv(int fd, void *p, size_t cap, struct addr *from, uint32_t *lost)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(*lost))];
	struct sockaddr_storage	 ss;
	struct iovec		 iov = { p, cap };
	struct msghdr		 h = {
		.msg_name = &ss, .msg_namelen = sizeof(ss),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t			 n;

	do
		n = recvmsg(fd, &h, 0);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return errno == EAGAIN || errno == EWOULDBLOCK ?
		    DGRAM_AGAIN : DGRAM_ERROR;
	sockaddr_to(from, (struct sockaddr *)&ss);
	read_lost(&h, lost);
	return n;
}

int
dgram_send(int fd, const struct addr *to, const void *p, size_t n)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = sockaddr_from(&ss, to);
	ssize_t			 sent;

	do
		sent = sendto(fd, p, n, 0, (struct sockaddr *)&ss, len);
	while (sent == -1 && errno == EINTR);
	return sent == (ssize_t)n ? 0 : -1;
}
