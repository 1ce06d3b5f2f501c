#define _GNU_SOURCE	/* sendmmsg */
/*
 * What a kernel may answer, put between udp.c and the real one by the linker
 * (--wrap): the rest goes to loopback as ever.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "net/pair.h"
#include "support/oom.h"

enum { NEVER_MET = -1, WAITING = 1 << 20 };

static struct kernel {
	unsigned	 cap;		/* messages a call takes; 0: all */
	long		 left;		/* messages until err; NEVER_MET */
	int		 err;
	bool		 once;
	int		 family;	/* whose messages; 0: all */
	bool		 no_segments;	/* the device answers EIO */
	size_t		 mtu;		/* larger is EMSGSIZE; 0: nothing is */
	bool		 old;		/* knows neither offload */
	size_t		 segmented;	/* messages that asked for it */
} k = { .left = NEVER_MET };

int	 __real_sendmmsg(int, struct mmsghdr *, unsigned, int);
ssize_t	 __real_sendmsg(int, const struct msghdr *, int);
int	 __real_setsockopt(int, int, int, const void *, socklen_t);
int	 __real_getsockopt(int, int, int, void *, socklen_t *);
int	 __wrap_sendmmsg(int, struct mmsghdr *, unsigned, int);
ssize_t	 __wrap_sendmsg(int, const struct msghdr *, int);
int	 __wrap_setsockopt(int, int, int, const void *, socklen_t);
int	 __wrap_getsockopt(int, int, int, void *, socklen_t *);

static size_t
segment_of(const struct msghdr *h)
{
	uint16_t	 n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	    c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)h, c))
		if (c->cmsg_level == IPPROTO_UDP &&
		    c->cmsg_type == UDP_SEGMENT)
			memcpy(&n, CMSG_DATA(c), sizeof(n));
	return n;
}

/* 0: it would be taken. */
static int
refusal(const struct msghdr *h)
{
	const struct sockaddr	*to = h->msg_name;
	size_t			 segment = segment_of(h);

	if (k.family != 0 && to->sa_family != k.family)
		return 0;
	if (k.left == 0) {
		k.left = k.once ? NEVER_MET : 0;
		return k.err;
	}
	if (k.left > 0)
		k.left--;
	k.segmented += segment > 0;
	if (k.no_segments && segment > 0)
		return EIO;
	if (k.mtu != 0 && h->msg_iov->iov_len > k.mtu)
		return EMSGSIZE;
	return 0;
}

int
__wrap_sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
	unsigned	 i;
	int		 err = 0;

	for (i = 0; i < n && (k.cap == 0 || i < k.cap); i++)
		if ((err = refusal(&m[i].msg_hdr)) != 0)
			break;
	if (i > 0)
		return __real_sendmmsg(fd, m, i, flags);
	errno = err;
	return -1;
}

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *h, int flags)
{
	int	 err = refusal(h);

	if (err == 0)
		return __real_sendmsg(fd, h, flags);
	errno = err;
	return -1;
}

int
__wrap_setsockopt(int fd, int level, int name, const void *p, socklen_t n)
{
	if (!k.old || level != IPPROTO_UDP)
		return __real_setsockopt(fd, level, name, p, n);
	errno = ENOPROTOOPT;
	return -1;
}

int
__wrap_getsockopt(int fd, int level, int name, void *p, socklen_t *n)
{
	if (!k.old || level != IPPROTO_UDP)
		return __real_getsockopt(fd, level, name, p, n);
	errno = ENOPROTOOPT;
	return -1;
}

static int
healthy(void **state)
{
	(void)state;
	k = (struct kernel){ .left = NEVER_MET };
	return 0;
}

/* n datagrams, the next ones in number. */
static void
send_more(size_t n, size_t size)
{
	for (size_t i = 0; i < n; i++)
		add(size);
	udp_send(g.a, &g.tx);
	EQ(g.tx.n, 0);
	g.base += n;
}

static void
all_come(size_t count)
{
	struct udp_stats	 st;

	receive(4, count);
	EQ(g.count, count);
	CHECK(!g.wrong);
	udp_stats(g.a, &st);
	EQ(st.sent, count);
	EQ(st.lost, 0);
	EQ(udp_waits(g.a, 4), UDP_NOTHING);
}

static void
a_device_that_refuses_to_segment_is_given_single_ones(void **state)
{
	(void)state;
	setup(4);
	if (!udp_has_gso(g.a))
		skip();
	send_more(100, 1200);
	CHECK(k.segmented > 0);
	/* From the third message of this batch on. */
	for (size_t i = 0; i < 200; i++)
		add(i < 128 ? 1200 : 1300);
	k.no_segments = true;
	udp_send(g.a, &g.tx);
	g.base += 200;
	k.segmented = 0;
	send_more(100, 1200);
	EQ(k.segmented, 0);		/* it is not asked again */
	all_come(400);
	teardown();
}

static void
a_kernel_without_offloads_is_noticed(void **state)
{
	(void)state;
	k.old = true;
	setup(4);
	CHECK(!udp_has_gso(g.a) && !udp_has_gro(g.a));
	check_runs();
	EQ(k.segmented, 0);
	teardown();
}

static void
a_kernel_that_takes_one_message_a_call_gets_all(void **state)
{
	(void)state;
	k.cap = 1;
	setup(4);
	check_runs();
	teardown();
}

static void
an_interrupted_call_is_made_again(void **state)
{
	(void)state;
	setup(4);
	k.left = 2;
	k.err = EINTR;
	k.once = true;
	check_runs();
	teardown();
}

/* The kernel takes some messages and then has no room, or no memory. */
static void
nothing_is_lost_for(int err, enum udp_wait wait)
{
	setup(4);
	udp_no_offload(g.a);
	send_more(10, 1200);
	k.left = 3;
	k.err = err;
	send_more(100, 1200);
	EQ(udp_waits(g.a, 4), wait);
	EQ(udp_waits(g.a, 6), UDP_NOTHING);
	send_more(10, 700);		/* behind what waits */
	udp_retry(g.a);
	EQ(udp_waits(g.a, 4), wait);
	k.left = 50;
	udp_retry(g.a);
	EQ(udp_waits(g.a, 4), wait);
	k.left = NEVER_MET;
	send_more(5, 1200);		/* is a try, too */
	all_come(125);
	teardown();
}

static void
what_a_full_socket_does_not_take_goes_when_it_is_writable(void **state)
{
	(void)state;
	nothing_is_lost_for(EAGAIN, UDP_WRITABLE);
}

static void
what_finds_no_buffers_goes_a_while_later(void **state)
{
	(void)state;
	nothing_is_lost_for(ENOBUFS, UDP_A_WHILE);
}

static void
what_waits_is_bounded_and_the_rest_counted(void **state)
{
	struct udp_stats	 st;
	size_t			 kept;

	(void)state;
	setup(4);
	k.left = 0;
	k.err = EAGAIN;
	for (size_t i = 0; i < 20; i++) {
		send_more(100, 1200);
		udp_retry(g.a);
	}
	udp_stats(g.a, &st);
	EQ(st.sent, 0);
	kept = 2000 - st.lost;
	CHECK(kept > 100 && kept * 1200 < WAITING);
	healthy(NULL);
	udp_retry(g.a);
	receive(4, kept);
	EQ(g.count, kept);
	CHECK(!g.wrong);		/* the oldest, in order */
	EQ(udp_waits(g.a, 4), UDP_NOTHING);
	teardown();
}

static void
without_memory_to_wait_in_they_are_lost_and_counted(void **state)
{
	struct udp_stats	 st;

	(void)state;
	setup(4);
	k.left = 0;
	k.err = EAGAIN;
	for (size_t n = 1; n <= 2; n++) {
		oom_after(n);
		send_more(10, 1200);
		CHECK(oom_hit());
		oom_after(0);
		udp_stats(g.a, &st);
		EQ(st.lost, 10 * n);
		EQ(udp_waits(g.a, 4), UDP_NOTHING);
	}
	teardown();
}

static void
a_full_socket_does_not_stop_the_other_family(void **state)
{
	(void)state;
	setup(6);
	if (udp_fd(g.a, 6) == -1)
		skip();
	k.left = 0;
	k.err = EAGAIN;
	k.family = AF_INET6;
	batch_put(&g.tx, "\1\2", 2);
	g.tx.to.local = loopback(4, udp_port(g.a, 4));
	g.tx.to.remote = loopback(4, udp_port(g.b, 4));
	batch_put(&g.tx, "\0\1\2", 3);
	udp_send(g.a, &g.tx);
	EQ(udp_waits(g.a, 6), UDP_WRITABLE);
	receive(4, 1);
	EQ(g.n, 3);
	healthy(NULL);
	udp_retry(g.a);
	receive(6, 2);
	EQ(g.n, 2);
	CHECK(!g.wrong);
	teardown();
}

static void
a_path_that_shrinks_loses_only_what_is_too_large(void **state)
{
	struct udp_stats	 st;

	(void)state;
	setup(4);
	send_more(50, 1400);
	k.mtu = 1300;
	for (size_t i = 0; i < 60; i++)
		add(1400);
	udp_send(g.a, &g.tx);
	udp_stats(g.a, &st);
	EQ(st.lost, 60);
	EQ(st.too_long, 60);
	k.segmented = 0;
	send_more(40, 1300);
	if (udp_has_gso(g.a))
		EQ(k.segmented, 1);	/* it was not to blame */
	receive(4, 90);
	EQ(g.count, 90);
	CHECK(!g.wrong);
	teardown();
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
#define TEST(name)	cmocka_unit_test_setup(name, healthy)
		TEST(a_device_that_refuses_to_segment_is_given_single_ones),
		TEST(a_kernel_without_offloads_is_noticed),
		TEST(a_kernel_that_takes_one_message_a_call_gets_all),
		TEST(an_interrupted_call_is_made_again),
		TEST(what_a_full_socket_does_not_take_goes_when_it_is_writable),
		TEST(what_finds_no_buffers_goes_a_while_later),
		TEST(what_waits_is_bounded_and_the_rest_counted),
		TEST(without_memory_to_wait_in_they_are_lost_and_counted),
		TEST(a_full_socket_does_not_stop_the_other_family),
		TEST(a_path_that_shrinks_loses_only_what_is_too_large),
	};

	return RUN(tests);
}
