#define _GNU_SOURCE	/* sendmmsg, recvmmsg, struct in6_pktinfo */
/*
 * Batches to the kernel and back. Packets are what costs, so a run of equal
 * datagrams on one path goes out as one UDP_SEGMENT message, and what the
 * kernel joined (UDP_GRO) is taken apart by the size it names. Where it has
 * neither, the same code passes single datagrams.
 */
#include <sys/uio.h>

#include <netinet/in.h>
#include <netinet/udp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/sockaddr.h"
#include "net/udp.h"

enum {
	BUFFER = 4 << 20,	/* asked of the kernel for either direction */
	RUN_SEGMENTS = 64,	/* UDP_MAX_SEGMENTS of the kernels we know */
	RUN_BYTES = 65000,	/* below 65,535 with every header */
	WAITING = 1 << 20,	/* bytes the kernel has no room for */
	MESSAGES = 64,		/* of one sendmmsg */
	JOINED = 65536,		/* largest joined datagram */
	SINGLE = 18432,		/* a whole DTLS record and its headers */
	RECV_MEM = 9 * JOINED,
	RECV_SLOTS = RECV_MEM / SINGLE,
	RECV_JOINED = RECV_MEM / JOINED,
	REFUSALS = 16,		/* kept of one udp_send */
};

/* Of the paths that are not there, or not for us; not of a full buffer. */
static const struct {
	int		 err;
	const char	*why;
} reasons[] = {
	{ EPERM,		"not permitted" },
	{ EACCES,		"prohibited" },
	{ ENETUNREACH,		"network unreachable" },
	{ EHOSTUNREACH,		"host unreachable" },
	{ ENETDOWN,		"network down" },
	{ EADDRNOTAVAIL,	"local address gone" },
	{ EINVAL,		"invalid for the system" },
};

struct refusal {
	struct path	 path;
	const char	*why;
};

/* The address and the segment size with their headers, aligned as they want. */
struct control {
	_Alignas(struct cmsghdr) uint8_t
			 b[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
			     CMSG_SPACE(sizeof(int))];
};

struct sock {
	int		 fd;
	int		 family;	/* 4 or 6 */
	uint16_t	 port;
	bool		 gso, gro;
	/* its own, with the first datagram that has to wait */
	struct batch	*waiting, *spare;
	enum udp_wait	 wait;
};

struct udp {
	struct sock		 sock[2];
	struct udp_stats	 stats;

	/* messages being put together; count: datagrams in each */
	struct mmsghdr		 out[MESSAGES];
	size_t			 count[MESSAGES];
	struct sockaddr_storage	 out_name[MESSAGES];
	struct control		 out_control[MESSAGES];
	struct iovec		 out_iov[BATCH_DGRAMS];
	const struct path	*out_path[MESSAGES];	/* into the batch */

	struct refusal		 refusal[REFUSALS];
	size_t			 nrefusals;

	struct mmsghdr		 in[RECV_SLOTS];
	struct sockaddr_storage	 in_name[RECV_SLOTS];
	struct control		 in_control[RECV_SLOTS];
	struct iovec		 in_iov[RECV_SLOTS];
	uint8_t			*mem;
};

static struct sock *
sock_of(struct udp *u, int family)
{
	return &u->sock[family == 6];
}

static const struct sock *
const_sock_of(const struct udp *u, int family)
{
	return &u->sock[family == 6];
}

static bool
set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

static void
configure(struct sock *s)
{
	int		 value = 0;
	socklen_t	 len = sizeof(value);

	if (s->family == 6) {
		set(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		set(s->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	} else
		set(s->fd, IPPROTO_IP, IP_PKTINFO, 1);
	/*
	 * Never in fragments, and whatever ICMP says: the size a path carries
	 * is found out above (RFC 8899 4.1).
	 */
	if (s->family == 6)
		set(s->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
		    IPV6_PMTUDISC_PROBE);
	else
		set(s->fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
	set(s->fd, SOL_SOCKET, SO_RCVBUF, BUFFER);
	set(s->fd, SOL_SOCKET, SO_SNDBUF, BUFFER);
	s->gso = getsockopt(s->fd, IPPROTO_UDP, UDP_SEGMENT, &value,
	    &len) == 0;
	s->gro = set(s->fd, IPPROTO_UDP, UDP_GRO, 1);
}

static int
bind_to(struct sock *s, uint16_t port)
{
	struct addr		 a = { .family = (uint8_t)s->family,
				     .port = port };
	struct sockaddr_storage	 ss;
	socklen_t		 len = sockaddr_from(&ss, &a);

	if (bind(s->fd, (struct sockaddr *)&ss, len) == -1)
		return -1;
	len = sizeof(ss);
	if (getsockname(s->fd, (struct sockaddr *)&ss, &len) == -1)
		return -1;
	sockaddr_to(&a, (struct sockaddr *)&ss);
	s->port = a.port;
	return 0;
}

/* The port if it is given; else the wish, and any if that is taken. */
static int
open_sock(struct sock *s, int family, uint16_t port, uint16_t wish)
{
	int	 err;

	s->family = family;
	s->fd = socket(family == 6 ? AF_INET6 : AF_INET,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd == -1)
		return -1;
	configure(s);
	if (bind_to(s, port != 0 ? port : wish) == 0)
		return 0;
	if (port == 0 && wish != 0 && bind_to(s, 0) == 0)
		return 0;
	err = errno;
	close(s->fd);
	s->fd = -1;
	errno = err;
	return -1;
}

/* Errors that say this host lacks the family, not that a port is taken. */
static bool
is_missing(int err)
{
	return err == EAFNOSUPPORT || err == EADDRNOTAVAIL ||
	    err == EPROTONOSUPPORT;
}

static int
open_both(struct udp *u, uint16_t port)
{
	struct sock	*s4 = &u->sock[0], *s6 = &u->sock[1];
	int		 err = 0;

	if (open_sock(s4, 4, port, 0) == -1) {
		err = errno;
		if (!is_missing(err))
			return -1;
	}
	if (open_sock(s6, 6, port, s4->port) == -1) {
		if (!is_missing(errno) || s4->fd == -1)
			return -1;
	}
	return 0;
}

struct udp *
udp_open(uint16_t port)
{
	struct udp	*u = calloc(1, sizeof(*u));
	int		 err;

	if (u == NULL)
		return NULL;
	u->sock[0].fd = u->sock[1].fd = -1;
	u->mem = malloc(RECV_MEM);
	if (u->mem != NULL && open_both(u, port) == 0)
		return u;
	err = errno;
	udp_close(u);
	errno = err;
	return NULL;
}

static void
free_waiting(struct batch **b)
{
	if (*b != NULL)
		batch_fini(*b);
	free(*b);
	*b = NULL;
}

void
udp_close(struct udp *u)
{
	if (u == NULL)
		return;
	for (size_t i = 0; i < 2; i++) {
		if (u->sock[i].fd != -1)
			close(u->sock[i].fd);
		free_waiting(&u->sock[i].waiting);
		free_waiting(&u->sock[i].spare);
	}
	free(u->mem);
	free(u);
}

uint16_t
udp_port(const struct udp *u, int family)
{
	return const_sock_of(u, family)->port;
}

int
udp_fd(const struct udp *u, int family)
{
	return const_sock_of(u, family)->fd;
}

bool
udp_has_gso(const struct udp *u)
{
	return u->sock[0].gso || u->sock[1].gso;
}

bool
udp_has_gro(const struct udp *u)
{
	return u->sock[0].gro || u->sock[1].gro;
}

void
udp_no_offload(struct udp *u)
{
	for (size_t i = 0; i < 2; i++) {
		u->sock[i].gso = false;
		if (u->sock[i].fd != -1 && u->sock[i].gro)
			set(u->sock[i].fd, IPPROTO_UDP, UDP_GRO, 0);
		u->sock[i].gro = false;
	}
}

void
udp_stats(const struct udp *u, struct udp_stats *st)
{
	*st = u->stats;
}

/* Append one control message; there is room for both kinds. */
static void
put_control(struct msghdr *m, int level, int type, const void *p, size_t n)
{
	struct cmsghdr	*c = (struct cmsghdr *)
			     ((uint8_t *)m->msg_control + m->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), p, n);
	m->msg_controllen += CMSG_SPACE(n);
}

static void
put_source(struct msghdr *m, const struct addr *local)
{
	struct in_pktinfo	 i4 = { 0 };
	struct in6_pktinfo	 i6 = { 0 };

	if (addr_is_any(local))
		return;
	if (local->family == 4) {
		memcpy(&i4.ipi_spec_dst, local->ip, 4);
		put_control(m, IPPROTO_IP, IP_PKTINFO, &i4, sizeof(i4));
	} else if (local->family == 6) {
		memcpy(&i6.ipi6_addr, local->ip, 16);
		i6.ipi6_ifindex = local->scope;
		put_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &i6, sizeof(i6));
	}
}

/*
 * How many datagrams from the ith go as one message: equal in size, but for a
 * shorter last one, and on one path.
 */
static size_t
run_length(const struct batch *b, size_t i, bool gso)
{
	const struct dgram	*first = &b->d[i], *d;
	size_t			 total = first->n, n = 1;

	if (!gso || first->n == 0)
		return 1;
	for (; n < RUN_SEGMENTS && i + n < b->n; n++) {
		d = &b->d[i + n];
		if (d->n > first->n || d->n == 0 || d->n + total > RUN_BYTES ||
		    !path_equal(&d->to, &first->to))
			break;
		total += d->n;
		if (d->n < first->n)
			return n + 1;
	}
	return n;
}

/* The mth message: n datagrams from the ith on, gathered where they lie. */
static void
compose(struct udp *u, size_t m, const struct batch *b, size_t i, size_t n)
{
	const struct dgram	*d = &b->d[i];
	struct msghdr		*h = &u->out[m].msg_hdr;
	uint16_t		 segment = (uint16_t)d->n;

	u->out_path[m] = &d->to;
	memset(h, 0, sizeof(*h));
	h->msg_name = &u->out_name[m];
	h->msg_namelen = sockaddr_from(&u->out_name[m], &d->to.remote);
	h->msg_control = &u->out_control[m];
	if (d->to.local.family == d->to.remote.family)
		put_source(h, &d->to.local);
	if (n > 1)
		put_control(h, IPPROTO_UDP, UDP_SEGMENT, &segment,
		    sizeof(segment));
	h->msg_iov = &u->out_iov[i];
	h->msg_iovlen = n;
	u->count[m] = n;
	for (size_t k = 0; k < n; k++) {
		u->out_iov[i + k].iov_base = d[k].p;
		u->out_iov[i + k].iov_len = d[k].n;
	}
}

static void
count_sent(struct udp *u, const struct iovec *iov, size_t n)
{
	u->stats.sent += n;
	for (size_t i = 0; i < n; i++)
		u->stats.bytes_sent += iov[i].iov_len;
}

/* Too large for the path, or a device that cannot segment. */
static bool
is_of_segments(int err)
{
	return err == EMSGSIZE || err == EIO || err == EINVAL;
}

static void
refuse(struct udp *u, const struct path *path, int err)
{
	struct refusal	*r = u->refusal;
	size_t		 i = 0, n = sizeof(reasons) / sizeof(reasons[0]);

	while (i < n && reasons[i].err != err)
		i++;
	while (r < u->refusal + u->nrefusals && !path_equal(&r->path, path))
		r++;
	if (i == n || r == u->refusal + REFUSALS)
		return;
	*r = (struct refusal){ *path, reasons[i].why };
	if (r == u->refusal + u->nrefusals)
		u->nrefusals++;
}

static void
lose(struct udp *u, size_t n, int err)
{
	u->stats.lost += n;
	if (err == EMSGSIZE)
		u->stats.too_long += n;
}

/* n datagrams of the mth message. */
static void
lose_refused(struct udp *u, size_t m, size_t n, int err)
{
	lose(u, n, err);
	refuse(u, u->out_path[m], err);
}

bool
udp_refusal(struct udp *u, struct path *path, const char **why)
{
	if (u->nrefusals == 0)
		return false;
	u->nrefusals--;
	*path = u->refusal[u->nrefusals].path;
	*why = u->refusal[u->nrefusals].why;
	return true;
}

/*
 * The datagrams of a message one by one, without the segment size. If that
 * was what the device or the socket cannot do, it is not asked again.
 */
static void
send_single(struct udp *u, struct sock *s, size_t m, int refused)
{
	struct msghdr	 h = u->out[m].msg_hdr;
	bool		 sent = false;

	h.msg_controllen -= CMSG_SPACE(sizeof(uint16_t));
	h.msg_iovlen = 1;
	for (size_t i = 0; i < u->count[m]; i++) {
		u->stats.calls_sent++;
		if (sendmsg(s->fd, &h, 0) == -1)
			lose_refused(u, m, 1, errno);
		else {
			count_sent(u, h.msg_iov, 1);
			sent = true;
		}
		h.msg_iov++;
	}
	if (sent && refused != EMSGSIZE)
		s->gso = false;
}

static struct batch *
new_waiting(void)
{
	struct batch	*b = calloc(1, sizeof(*b));

	if (b != NULL && batch_init(b, WAITING) == -1)
		free_waiting(&b);
	return b;
}

/* Datagrams that have to wait; beyond what may they are lost. */
static void
hold(struct udp *u, struct sock *s, const struct dgram *d, size_t n)
{
	struct batch	*b = s->waiting;

	if (b == NULL)
		b = s->waiting = new_waiting();
	for (size_t i = 0; i < n; i++) {
		if (b == NULL || !batch_room(b, 1, d[i].n)) {
			lose(u, n - i, ENOBUFS);
			return;
		}
		b->to = d[i].to;
		batch_put(b, d[i].p, d[i].n);
	}
}

static bool
is_waiting(const struct sock *s)
{
	return s->waiting != NULL && s->waiting->n > 0;
}

/* Those of the messages from the mth on. */
static void
hold_messages(struct udp *u, struct sock *s, const struct batch *b, size_t m,
    size_t n)
{
	for (; m < n; m++)
		hold(u, s, &b->d[u->out[m].msg_hdr.msg_iov - u->out_iov],
		    u->count[m]);
}

/*
 * One family's messages of a batch. An error belongs to the first message not
 * sent: EPERM from a firewall, ENETUNREACH, an ICMP error of an earlier one.
 * Only a lack of room concerns the rest, which waits for it.
 */
static void
flush(struct udp *u, struct sock *s, const struct batch *b, size_t n)
{
	size_t	 m = 0;
	int	 sent;

	while (m < n) {
		sent = sendmmsg(s->fd, u->out + m, (unsigned)(n - m), 0);
		u->stats.calls_sent++;
		for (; sent > 0; sent--, m++)
			count_sent(u, u->out[m].msg_hdr.msg_iov, u->count[m]);
		if (sent == 0 || errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS) {
			s->wait = errno == EAGAIN ? UDP_WRITABLE : UDP_A_WHILE;
			hold_messages(u, s, b, m, n);
			return;
		}
		if (u->count[m] > 1 && is_of_segments(errno))
			send_single(u, s, m, errno);
		else
			lose_refused(u, m, u->count[m], errno);
		m++;
	}
}

/* All of the batch; what belongs behind datagrams that wait waits, too. */
static void
send_all(struct udp *u, const struct batch *b)
{
	struct sock	*s = NULL, *next;
	size_t		 m = 0, n;

	u->nrefusals = 0;
	for (size_t i = 0; i < b->n; i += n) {
		next = sock_of(u, b->d[i].to.remote.family);
		n = run_length(b, i, next->gso);
		if (m == MESSAGES || (m > 0 && next != s)) {
			flush(u, s, b, m);
			m = 0;
		}
		s = next;
		if (s->fd == -1 || b->d[i].to.remote.family == 0)
			u->stats.lost += n;
		else if (is_waiting(s))
			hold(u, s, &b->d[i], n);
		else
			compose(u, m++, b, i, n);
	}
	if (m > 0)
		flush(u, s, b, m);
}

/* What still does not go is copied into the other of the two. */
static void
retry(struct udp *u, struct sock *s)
{
	struct batch	*b = s->waiting;

	if (!is_waiting(s))
		return;
	s->waiting = s->spare;
	s->spare = b;
	send_all(u, b);
	batch_reset(b);
}

void
udp_retry(struct udp *u)
{
	retry(u, &u->sock[0]);
	retry(u, &u->sock[1]);
}

void
udp_send(struct udp *u, struct batch *b)
{
	udp_retry(u);
	send_all(u, b);
	batch_reset(b);
}

enum udp_wait
udp_waits(const struct udp *u, int family)
{
	const struct sock	*s = const_sock_of(u, family);

	return is_waiting(s) ? s->wait : UDP_NOTHING;
}

static void
expect(struct udp *u, size_t slots, size_t size)
{
	struct msghdr	*h;

	for (size_t i = 0; i < slots; i++) {
		h = &u->in[i].msg_hdr;
		memset(h, 0, sizeof(*h));
		u->in_iov[i].iov_base = u->mem + i * size;
		u->in_iov[i].iov_len = size;
		h->msg_iov = &u->in_iov[i];
		h->msg_iovlen = 1;
		h->msg_name = &u->in_name[i];
		h->msg_namelen = sizeof(u->in_name[i]);
		h->msg_control = &u->in_control[i];
		h->msg_controllen = sizeof(u->in_control[i]);
	}
}

static void
local_from(struct addr *local, const struct cmsghdr *c)
{
	struct in_pktinfo	 i4;
	struct in6_pktinfo	 i6;

	if (local->family == 4) {
		memcpy(&i4, CMSG_DATA(c), sizeof(i4));
		memcpy(local->ip, &i4.ipi_addr, 4);
		return;
	}
	memcpy(&i6, CMSG_DATA(c), sizeof(i6));
	memcpy(local->ip, &i6.ipi6_addr, 16);
	if (addr_is_linklocal(local))
		local->scope = i6.ipi6_ifindex;
}

/* Where it arrived, and the size of what was joined; 0: nothing was. */
static size_t
read_control(struct msghdr *h, struct addr *local)
{
	int	 segment = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	    c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&segment, CMSG_DATA(c), sizeof(segment));
		else if ((c->cmsg_level == IPPROTO_IP &&
		    c->cmsg_type == IP_PKTINFO) ||
		    (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_PKTINFO))
			local_from(local, c);
	}
	return segment > 0 ? (size_t)segment : 0;
}

static void
deliver(struct udp *u, const struct sock *s, struct mmsghdr *m,
    void (*fn)(void *, const struct path *, uint8_t *, size_t), void *arg)
{
	struct path	 from = { .local = { .family = (uint8_t)s->family,
			     .port = s->port } };
	uint8_t		*p = m->msg_hdr.msg_iov->iov_base;
	size_t		 left = m->msg_len, segment, n;

	if (m->msg_hdr.msg_flags & MSG_TRUNC) {
		u->stats.lost++;
		return;
	}
	sockaddr_to(&from.remote, m->msg_hdr.msg_name);
	segment = read_control(&m->msg_hdr, &from.local);
	for (; left > 0; left -= n, p += n) {
		n = segment > 0 && segment < left ? segment : left;
		u->stats.received++;
		u->stats.bytes_received += n;
		fn(arg, &from, p, n);
	}
}

bool
udp_recv(struct udp *u, int family,
    void (*fn)(void *, const struct path *, uint8_t *, size_t), void *arg)
{
	struct sock	*s = sock_of(u, family);
	size_t		 slots = s->gro ? RECV_JOINED : RECV_SLOTS;
	int		 n;

	if (s->fd == -1)
		return false;
	expect(u, slots, s->gro ? JOINED : SINGLE);
	n = recvmmsg(s->fd, u->in, (unsigned)slots, 0, NULL);
	u->stats.calls_received++;
	for (int i = 0; i < n; i++)
		deliver(u, s, &u->in[i], fn, arg);
	return n == (int)slots;
}
