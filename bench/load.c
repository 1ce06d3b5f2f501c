/*
 * usage: load [-s SIZE] [-t SECONDS] bulk|ping LINK...
 *
 * The load that every contestant of bench/tunnels carries: see HELP. Two
 * processes, one at either end of all links, so that neither waits for the
 * other's work; what arrives is compared byte for byte (cli/frames.h).
 */
#define _GNU_SOURCE	/* accept4 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/frames.h"
#include "net/clock.h"

static const char	 HELP[] =
"usage: load [-s SIZE] [-t SECONDS] bulk|ping LINK...\n"
"\n"
"LINK is NEAR=FAR, NEAR=FAR:back or NEAR=FAR:both: ports of 127.0.0.1 that one\n"
"process connects to (NEAR) and another (FAR); @FAR listens there instead.\n"
"  bulk  frames of SIZE bytes (1677722) through all links at once, as fast as\n"
"        they go and no longer than SECONDS (2), and every byte verified\n"
"  ping  SIZE bytes (64) there and back through one link, again and again\n"
"The result is one line of JSON; \"going\" on a line says that all are connected.\n";

enum {
	LINKS = 64,
	PIECE = 256 << 10,	/* moved by one call */
	PIECES = 4,		/* calls per socket and turn */
	MOST_PINGS = 1 << 20,
	END = 0xff,		/* four of them in place of a length */
	GRACE = 20,		/* seconds for what is under way at the end */
	WARM = 200 * MS,	/* of a ping; hotlink waits 100 for probes */
};

enum way { FORWARD = 1, BACK = 2, BOTH = 3 };

struct end {
	unsigned	 near, far;
	bool		 listens;
	enum way	 way;
	int		 listener, fd;
	struct frames	 make, check;
	bool		 sends, gets;		/* has still to */
	uint8_t		*buf;			/* made and not yet written */
	size_t		 off, len;
	uint64_t	 bytes;			/* of whole frames, arrived */
};

/* What the far process tells the near one. */
struct told {
	uint64_t	 at;			/* of the last byte; 0: none */
	uint64_t	 bytes[LINKS];
};

static struct end	 link_[LINKS];
static size_t		 nlinks;
static uint64_t		 size, seconds_us = 2 * SEC;

static void
die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
diex(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	exit(1);
}

/* Sockets */

static struct sockaddr_in
address(unsigned port)
{
	struct sockaddr_in	 a = { .sin_family = AF_INET };

	a.sin_port = htons((uint16_t)port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static int
listen_at(unsigned port)
{
	struct sockaddr_in	 a = address(port);
	int			 s = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (s == -1 ||
	    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(s, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(s, 8) == -1)
		die("cannot listen");
	return s;
}

static void
prepare_socket(int s, bool block)
{
	int	 on = 1;

	if (setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1 ||
	    (!block && fcntl(s, F_SETFL, O_NONBLOCK) == -1))
		die("cannot prepare a socket");
}

/* Somebody may need a moment to listen again after the last connection. */
static int
connect_to(unsigned port)
{
	struct sockaddr_in	 a = address(port);
	struct timespec		 pause = { 0, 20000000 };

	for (int tries = 0; tries < 250; tries++) {
		int	 s = socket(AF_INET, SOCK_STREAM, 0);

		if (s == -1)
			die("socket");
		if (connect(s, (struct sockaddr *)&a, sizeof(a)) == 0)
			return s;
		close(s);
		nanosleep(&pause, NULL);
	}
	die("cannot connect");
	return -1;
}

static void
open_near(bool block)
{
	for (size_t i = 0; i < nlinks; i++) {
		link_[i].fd = connect_to(link_[i].near);
		prepare_socket(link_[i].fd, block);
	}
}

static void
open_far(bool block)
{
	for (size_t i = 0; i < nlinks; i++) {
		struct end	*e = &link_[i];

		e->fd = e->listens ? accept(e->listener, NULL, NULL) :
		    connect_to(e->far);
		if (e->fd == -1)
			die("accept");
		prepare_socket(e->fd, block);
	}
}

/* Bulk */

/* What goes out next: frames while there is time, then the end. */
static void
make(struct end *e, bool over)
{
	struct frames	*f = &e->make;
	size_t		 n = PIECE;

	e->off = e->len = 0;
	if (over) {
		n = f->at > 0 ? 4 + (size_t)f->size - f->at : 0;
		n = n < PIECE ? n : PIECE;
	}
	if (n > 0)
		e->len = frames_make(f, e->buf, n);
	if (over && f->at == 0) {
		memset(e->buf + e->len, END, 4);
		e->len += 4;
		e->sends = false;
	}
}

static void
send_some(struct end *e, uint64_t until)
{
	for (int i = 0; i < PIECES; i++) {
		ssize_t	 n;

		if (e->off == e->len) {
			if (!e->sends)
				return;
			make(e, clock_now() >= until);
		}
		n = send(e->fd, e->buf + e->off, e->len - e->off,
		    MSG_NOSIGNAL);
		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1)
			die("cannot send");
		e->off += (size_t)n;
	}
}

static void
take(struct end *e, const uint8_t *p, size_t n)
{
	struct frames	*f = &e->check;
	char		 why[FRAMES_WHY];

	while (n > 0) {
		size_t	 k = 4 + (size_t)f->size - f->at;

		if (f->at == 0 && *p == END) {
			e->gets = false;	/* the rest of it may follow */
			e->bytes = f->frame * f->size;
			return;
		}
		k = k < n ? k : n;
		if (frames_check(f, p, k, why) == -1)
			diex(why);
		p += k;
		n -= k;
	}
}

static void
receive_some(struct end *e, uint8_t *in)
{
	for (int i = 0; i < PIECES && e->gets; i++) {
		ssize_t	 n = recv(e->fd, in, PIECE, 0);

		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1)
			die("cannot receive");
		if (n == 0)
			diex("a link has ended early");
		take(e, in, (size_t)n);
	}
}

static bool
wanted(struct pollfd *p)
{
	bool	 any = false;

	for (size_t i = 0; i < nlinks; i++) {
		struct end	*e = &link_[i];

		p[i].fd = e->fd;
		p[i].events = (short)((e->sends || e->off < e->len ?
		    POLLOUT : 0) | (e->gets ? POLLIN : 0));
		p[i].revents = 0;
		if (p[i].events == 0)
			p[i].fd = -1;
		any |= p[i].events != 0;
	}
	return any;
}

/* All there is to do at this end; when the last byte was there. */
static uint64_t
carry(uint64_t until)
{
	static struct pollfd	 p[LINKS];
	uint8_t			*in = malloc(PIECE);
	uint64_t		 last = 0;

	if (in == NULL)
		die("memory");
	while (wanted(p)) {
		if (poll(p, nlinks, -1) == -1)
			die("poll");
		for (size_t i = 0; i < nlinks; i++) {
			if (p[i].revents & (POLLIN | POLLHUP | POLLERR) &&
			    link_[i].gets) {
				receive_some(&link_[i], in);
				if (!link_[i].gets)
					last = clock_now();
			}
			if (p[i].revents & POLLOUT)
				send_some(&link_[i], until);
		}
	}
	free(in);
	return last;
}

static void
prepare_bulk(uint64_t key, enum way sends)
{
	for (size_t i = 0; i < nlinks; i++) {
		struct end	*e = &link_[i];
		uint64_t	 to = key + 2 * i, back = to + 1;

		frames_init(&e->make, sends == FORWARD ? to : back,
		    UINT64_MAX, (uint32_t)size);
		frames_init(&e->check, sends == FORWARD ? back : to,
		    UINT64_MAX, (uint32_t)size);
		e->sends = (e->way & sends) != 0;
		e->gets = (e->way & (BOTH - sends)) != 0;
		e->buf = malloc(PIECE + 4);
		if (e->buf == NULL)
			die("memory");
	}
}

static void
far_bulk(int wire, uint64_t key)
{
	struct told	 t = { 0 };
	uint64_t	 began;

	open_far(false);
	prepare_bulk(key, BACK);
	if (write(wire, "", 1) != 1 ||
	    read(wire, &began, sizeof(began)) != sizeof(began))
		die("the near end is gone");
	t.at = carry(began + seconds_us);
	for (size_t i = 0; i < nlinks; i++)
		t.bytes[i] = link_[i].bytes;
	if (write(wire, &t, sizeof(t)) != sizeof(t) ||
	    read(wire, &began, 1) == -1)	/* nobody closes before all is in */
		die("the near end is gone");
}

static void
await_far(int wire)
{
	char	 byte;

	if (read(wire, &byte, 1) != 1)
		diex("the far end is not connected");
	puts("going");
	fflush(stdout);
}

static void
near_bulk(int wire, uint64_t key)
{
	struct told	 t;
	uint64_t	 began, at, sum = 0, n;

	open_near(false);
	prepare_bulk(key, FORWARD);
	await_far(wire);
	began = clock_now();
	if (write(wire, &began, sizeof(began)) != sizeof(began))
		die("the far end is gone");
	at = carry(began + seconds_us);
	if (read(wire, &t, sizeof(t)) != sizeof(t))
		diex("the far end has failed");
	at = at > t.at ? at : t.at;
	printf("{\"bytes\":[");
	for (size_t i = 0; i < nlinks; i++) {
		n = link_[i].bytes + t.bytes[i];
		printf("%s%" PRIu64, i > 0 ? "," : "", n);
		sum += n;
	}
	printf("],\"seconds\":%.6f,\"mib_s\":%.2f}\n",
	    (double)(at - began) / SEC,
	    (double)sum / (1 << 20) * SEC / (double)(at - began));
}

/* Ping */

static bool
move_all(int fd, uint8_t *p, size_t n, bool out)
{
	while (n > 0) {
		ssize_t	 k = out ? send(fd, p, n, MSG_NOSIGNAL) :
			     recv(fd, p, n, 0);

		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static void
far_ping(int wire, uint64_t key)
{
	uint8_t	*buf = malloc(size);

	(void)key;
	if (buf == NULL)
		die("memory");
	open_far(true);
	if (write(wire, "", 1) != 1)
		die("the near end is gone");
	while (move_all(link_[0].fd, buf, size, false) &&
	    move_all(link_[0].fd, buf, size, true))
		;
}

static int
by_value(const void *a, const void *b)
{
	const uint32_t	 x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint64_t
now_ns(void)
{
	struct timespec	 t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static double
quantile(const uint32_t *took, size_t n, double q)
{
	size_t	 i = (size_t)((double)n * q);

	return (double)took[i < n ? i : n - 1] / 1000;
}

/* What begins within WARM is not counted. */
static size_t
ping(uint32_t *took, uint8_t *out, uint8_t *back)
{
	uint64_t	 began = now_ns(), t = began, n;
	uint64_t	 until = began + (WARM + seconds_us) * 1000;
	size_t		 k = 0;

	for (uint64_t i = 0; t < until && k < MOST_PINGS; i++) {
		memcpy(out, &i, size < sizeof(i) ? size : sizeof(i));
		if (!move_all(link_[0].fd, out, size, true) ||
		    !move_all(link_[0].fd, back, size, false))
			diex("the link has ended early");
		n = now_ns();
		if (memcmp(out, back, size) != 0)
			diex("something else came back");
		if (t - began >= WARM * 1000)
			took[k++] = (uint32_t)(n - t < UINT32_MAX ? n - t :
			    UINT32_MAX);
		t = now_ns();
	}
	return k;
}

static void
near_ping(int wire, uint64_t key)
{
	uint32_t	*took = malloc(MOST_PINGS * sizeof(*took));
	uint8_t		*out = malloc(size), *back = malloc(size);
	size_t		 n;

	if (took == NULL || out == NULL || back == NULL)
		die("memory");
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)(key >> i % 8 * 8 ^ i);
	open_near(true);
	await_far(wire);
	n = ping(took, out, back);
	if (n == 0)
		diex("no answer in time");
	qsort(took, n, sizeof(*took), by_value);
	printf("{\"rounds\":%zu,\"p50_us\":%.2f,\"p99_us\":%.2f,"
	    "\"p999_us\":%.2f,\"max_us\":%.2f}\n", n, quantile(took, n, 0.5),
	    quantile(took, n, 0.99), quantile(took, n, 0.999),
	    quantile(took, n, 1));
}

/* The command line */

static int
usage(void)
{
	fputs(HELP, stderr);
	return 2;
}

static int
parse_link(struct end *e, const char *text)
{
	char	 at, rest[8] = "";
	int	 used = 0;

	e->listener = e->fd = -1;
	e->way = FORWARD;
	e->listens = strstr(text, "=@") != NULL;
	if (e->listens ?
	    sscanf(text, "%5u=%c%5u%n", &e->near, &at, &e->far, &used) != 3 :
	    sscanf(text, "%5u=%5u%n", &e->near, &e->far, &used) != 2)
		return -1;
	snprintf(rest, sizeof(rest), "%s", text + used);
	if (strcmp(rest, ":back") == 0)
		e->way = BACK;
	else if (strcmp(rest, ":both") == 0)
		e->way = BOTH;
	else if (rest[0] != '\0')
		return -1;
	return 0;
}

static void
run(bool bulk)
{
	uint64_t	 key = clock_unix_ms() << 20 ^ clock_now();
	int		 wire[2], status;
	pid_t		 child;

	for (size_t i = 0; i < nlinks; i++)
		if (link_[i].listens)
			link_[i].listener = listen_at(link_[i].far);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, wire) == -1 ||
	    (child = fork()) == -1)
		die("cannot start");
	alarm((unsigned)(seconds_us / SEC) + GRACE);
	close(wire[child != 0 ? 1 : 0]);
	if (child == 0) {
		(bulk ? far_bulk : far_ping)(wire[1], key);
		_exit(0);
	}
	(bulk ? near_bulk : near_ping)(wire[0], key);
	fflush(stdout);
	for (size_t i = 0; i < nlinks; i++)
		close(link_[i].fd);
	close(wire[0]);
	kill(child, SIGTERM);
	waitpid(child, &status, 0);
}

int
main(int argc, char **argv)
{
	bool	 bulk;
	int	 c;

	while ((c = getopt(argc, argv, "s:t:")) != -1) {
		double	 v = c == '?' ? -1 : atof(optarg);

		if (v <= 0 || v > 1e9)
			return usage();
		if (c == 's')
			size = (uint64_t)v;
		else
			seconds_us = (uint64_t)(v * SEC);
	}
	argc -= optind;
	argv += optind;
	if (argc < 2 || argc > LINKS + 1)
		return usage();
	bulk = strcmp(argv[0], "bulk") == 0;
	if (!bulk && (strcmp(argv[0], "ping") != 0 || argc != 2))
		return usage();
	for (nlinks = 0; nlinks < (size_t)argc - 1; nlinks++)
		if (parse_link(&link_[nlinks], argv[nlinks + 1]) == -1)
			return usage();
	if (size == 0)
		size = bulk ? 1677722 : 64;
	run(bulk);
	return 0;
}
