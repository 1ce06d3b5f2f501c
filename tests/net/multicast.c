#define _GNU_SOURCE	/* struct in_pktinfo and its kin */
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/test.h"

#include "net/multicast.h"
#include "net/sockaddr.h"
#include "support/oom.h"

static struct {
	struct multicast	*a, *b;
	struct addr		 group4, group6, host4, host6;
	struct batch		 tx;
	size_t			 count, n;
	uint8_t			 last[64];
} g;

/* Groups of the link that nobody listens to, at a port of this process. */
static int
setup(void **state)
{
	(void)state;
	memset(&g, 0, sizeof(g));
	EQ(addr_parse(&g.group4, "224.0.0.250:1"), 0);
	EQ(addr_parse(&g.group6, "[ff02::fa]:1"), 0);
	g.group4.port = g.group6.port = (uint16_t)(20000 + getpid() % 10000);
	EQ(addr_parse(&g.host4, "127.0.0.1:7"), 0);
	EQ(addr_parse(&g.host6, "[::1]:7"), 0);
	EQ(batch_init(&g.tx, 1 << 16), 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	multicast_close(g.a);
	multicast_close(g.b);
	batch_fini(&g.tx);
	return 0;
}

static void
on_message(void *arg, const uint8_t *p, size_t n)
{
	(void)arg;
	g.count++;
	g.n = n;
	memcpy(g.last, p, n < sizeof(g.last) ? n : sizeof(g.last));
}

/* Until something has come, or 2 s. */
static void
receive(struct multicast *m)
{
	struct pollfd	 p[MULTICAST_FDS];
	int		 fd[MULTICAST_FDS];
	size_t		 n = multicast_fds(m, fd);

	for (size_t i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
	g.count = 0;
	if (poll(p, n, 2000) > 0)
		for (size_t i = 0; i < n; i++)
			if (p[i].revents != 0)
				multicast_recv(m, fd[i], on_message, NULL);
}

static void
send_to(struct multicast *m, const struct addr *group, const char *text)
{
	g.tx.to = (struct path){ .remote = *group };
	batch_put(&g.tx, text, strlen(text));
	multicast_send(m, &g.tx);
	EQ(g.tx.n, 0);
}

static void
a_question_reaches_everybody_who_hears_the_group(void **state)
{
	struct addr	 hosts[2] = { g.host4, g.host6 };

	(void)state;
	g.a = multicast_open(&g.group4, &g.group6, hosts, 2);
	g.b = multicast_open(&g.group4, &g.group6, hosts, 2);
	assert_non_null(g.a);
	assert_non_null(g.b);
	send_to(g.a, &g.group4, "of four");
	receive(g.b);
	EQ(g.count, 1);
	EQ(g.n, 7);
	assert_memory_equal(g.last, "of four", 7);
	receive(g.a);			/* the asker hears the group, too */
	EQ(g.count, 1);
	send_to(g.a, &g.group6, "of six");
	receive(g.b);
	if (g.count == 0) {
		print_message("no IPv6 here\n");
		return;
	}
	EQ(g.n, 6);
	assert_memory_equal(g.last, "of six", 6);
}

/* RFC 6762 6.7: to the port that the question came from. */
static void
an_answer_to_the_asker_alone_comes_back(void **state)
{
	struct sockaddr_storage	 from;
	socklen_t		 len = sizeof(from);
	struct ip_mreq		 req;
	struct sockaddr_storage	 ss;
	char			 buf[16];
	int			 fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1;

	(void)state;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	EQ(bind(fd, (struct sockaddr *)&ss, sockaddr_from(&ss, &g.group4)), 0);
	memcpy(&req.imr_multiaddr, g.group4.ip, 4);
	memcpy(&req.imr_interface, g.host4.ip, 4);
	EQ(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &req, sizeof(req)),
	    0);
	g.a = multicast_open(&g.group4, &g.group6, &g.host4, 1);
	assert_non_null(g.a);
	send_to(g.a, &g.group4, "who?");
	EQ(recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len),
	    4);
	receive(g.a);			/* its own question */
	EQ(g.count, 1);
	EQ(sendto(fd, "me", 2, 0, (struct sockaddr *)&from, len), 2);
	receive(g.a);
	EQ(g.count, 1);
	EQ(g.n, 2);
	assert_memory_equal(g.last, "me", 2);
	close(fd);
}

static void
without_a_link_there_is_nothing(void **state)
{
	struct addr	 nobody;

	(void)state;
	EQ(addr_parse(&nobody, "[2001:db8::1]:1"), 0);
	assert_null(multicast_open(&g.group4, &g.group6, NULL, 0));
	assert_null(multicast_open(&g.group4, &g.group6, &nobody, 1));
	oom_after(1);
	assert_null(multicast_open(&g.group4, &g.group6, &g.host4, 1));
	oom_after(0);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(a_question_reaches_everybody_who_hears_the_group),
		TEST(an_answer_to_the_asker_alone_comes_back),
		TEST(without_a_link_there_is_nothing),
	};

	return RUN(tests);
}
