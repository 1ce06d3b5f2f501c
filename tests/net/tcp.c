#include "support/test.h"

#include <errno.h>
#include <poll.h>

#include "net/tcp.h"

enum { WAIT_MS = 2000 };

struct pair {
	int		 listener, near, far;
	struct addr	 at;
};

static void
await(int fd, short events)
{
	struct pollfd	 p = { fd, events, 0 };

	EQ(poll(&p, 1, WAIT_MS), 1);
}

static struct pair
joined(const char *where)
{
	struct pair	 p;
	struct addr	 a, from;

	EQ(addr_parse(&a, where), 0);
	p.listener = tcp_listen(&a, &p.at);
	CHECK(p.listener >= 0);
	CHECK(p.at.port != 0);
	EQ(tcp_accept(p.listener, NULL), TCP_AGAIN);
	p.near = tcp_connect(&p.at);
	CHECK(p.near >= 0);
	await(p.near, POLLOUT);
	EQ(tcp_connected(p.near), 0);
	await(p.listener, POLLIN);
	p.far = tcp_accept(p.listener, &from);
	CHECK(p.far >= 0);
	CHECK(addr_is_loopback(&from));
	return p;
}

/* A daemon that listens on [::] is found by either kind of client. */
static void
the_ipv6_wildcard_takes_ipv4_too(void **state)
{
	struct addr	 any, at, to, from;
	int		 listener, near, far;

	(void)state;
	EQ(addr_parse(&any, "[::]:0"), 0);
	listener = tcp_listen(&any, &at);
	if (listener == -1 && errno == EAFNOSUPPORT) {
		skip();
		return;
	}
	CHECK(listener >= 0);
	EQ(addr_parse(&to, "127.0.0.1:1"), 0);
	to.port = at.port;
	near = tcp_connect(&to);
	await(near, POLLOUT);
	EQ(tcp_connected(near), 0);
	await(listener, POLLIN);
	far = tcp_accept(listener, &from);
	CHECK(far >= 0);
	EQ(from.family, 4);
	CHECK(addr_is_loopback(&from));
	tcp_close(near);
	tcp_close(far);
	tcp_close(listener);
}

static void
bytes_go_both_ways_and_end(void **state)
{
	struct pair	 p = joined("127.0.0.1:0");
	char		 buf[16];

	(void)state;
	EQ(tcp_read(p.far, buf, sizeof(buf)), TCP_AGAIN);
	EQ(tcp_write(p.near, "ping", 4), 4);
	await(p.far, POLLIN);
	EQ(tcp_read(p.far, buf, sizeof(buf)), 4);
	MEMEQ(buf, "ping", 4);
	tcp_shutdown(p.near);
	await(p.far, POLLIN);
	EQ(tcp_read(p.far, buf, sizeof(buf)), 0);
	EQ(tcp_write(p.far, "pong!", 5), 5);
	await(p.near, POLLIN);
	EQ(tcp_read(p.near, buf, sizeof(buf)), 5);
	tcp_close(p.near);
	tcp_close(p.far);
	tcp_close(p.listener);
}

static void
a_peek_leaves_the_bytes_there(void **state)
{
	struct pair	 p = joined("127.0.0.1:0");
	char		 buf[8];

	(void)state;
	EQ(tcp_peek(p.far, buf, 1), TCP_AGAIN);
	EQ(tcp_write(p.near, "ab", 2), 2);
	await(p.far, POLLIN);
	EQ(tcp_peek(p.far, buf, 1), 1);
	EQ(tcp_peek(p.far, buf, 1), 1);
	EQ(tcp_read(p.far, buf, sizeof(buf)), 2);
	MEMEQ(buf, "ab", 2);
	tcp_shutdown(p.near);
	await(p.far, POLLIN);
	EQ(tcp_peek(p.far, buf, 1), 0);
	tcp_close(p.near);
	tcp_close(p.far);
	tcp_close(p.listener);
}

static void
a_full_socket_says_again(void **state)
{
	struct pair	 p = joined("127.0.0.1:0");
	static char	 zero[1 << 16];
	ssize_t		 n;
	size_t		 total = 0;

	(void)state;
	while ((n = tcp_write(p.near, zero, sizeof(zero))) > 0)
		total += (size_t)n;
	EQ(n, TCP_AGAIN);
	CHECK(total > 0);
	tcp_close(p.near);
	tcp_close(p.far);
	tcp_close(p.listener);
}

static void
a_reset_is_an_error_at_the_other_end(void **state)
{
	struct pair	 p = joined("127.0.0.1:0");
	char		 c;

	(void)state;
	tcp_reset(p.near);
	await(p.far, POLLIN);
	EQ(tcp_read(p.far, &c, 1), TCP_ERROR);
	EQ(errno, ECONNRESET);
	EQ(tcp_write(p.far, "x", 1), TCP_ERROR);
	tcp_close(p.far);
	tcp_close(p.listener);
}

static void
a_refused_connection_says_why(void **state)
{
	struct addr	 a;
	int		 fd;

	(void)state;
	EQ(addr_parse(&a, "127.0.0.1:0"), 0);
	fd = tcp_listen(&a, &a);
	CHECK(fd >= 0);
	tcp_close(fd);
	fd = tcp_connect(&a);
	if (fd >= 0) {
		await(fd, POLLOUT);
		EQ(tcp_connected(fd), -1);
		EQ(errno, ECONNREFUSED);
		tcp_close(fd);
	} else
		EQ(errno, ECONNREFUSED);
}

static void
a_port_in_use_is_an_error_and_free_again_at_once(void **state)
{
	struct pair	 p = joined("127.0.0.1:0");
	int		 fd;

	(void)state;
	EQ(tcp_listen(&p.at, NULL), -1);
	EQ(errno, EADDRINUSE);
	tcp_close(p.far);
	tcp_close(p.near);
	tcp_close(p.listener);
	fd = tcp_listen(&p.at, NULL);
	CHECK(fd >= 0);
	tcp_close(fd);
}

static void
ipv6_works_the_same(void **state)
{
	struct addr	 a;
	struct pair	 p;
	int		 fd;

	(void)state;
	EQ(addr_parse(&a, "[::1]:0"), 0);
	fd = tcp_listen(&a, NULL);
	if (fd == -1)
		skip();
	tcp_close(fd);
	p = joined("[::1]:0");
	EQ(p.at.family, 6);
	tcp_close(p.near);
	tcp_close(p.far);
	tcp_close(p.listener);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_ipv6_wildcard_takes_ipv4_too),
		cmocka_unit_test(bytes_go_both_ways_and_end),
		cmocka_unit_test(a_peek_leaves_the_bytes_there),
		cmocka_unit_test(a_full_socket_says_again),
		cmocka_unit_test(a_reset_is_an_error_at_the_other_end),
		cmocka_unit_test(a_refused_connection_says_why),
		cmocka_unit_test(
		    a_port_in_use_is_an_error_and_free_again_at_once),
		cmocka_unit_test(ipv6_works_the_same),
	};

	return RUN(tests);
}
