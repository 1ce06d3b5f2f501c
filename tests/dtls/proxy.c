/*
 * usage: proxy [-f N] [-F N] [-s SEED] [-t SECONDS] PORT RULES RULES
 *
 * A bad path in front of a DTLS server: see HELP below. The impairments are
 * support/impair.h; here are the sockets, the clock, and the little of DTLS
 * that tells a last flight from others.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/time.h"
#include "dtls/message.h"
#include "dtls/record.h"
#include "net/clock.h"
#include "support/impair.h"

static const char	 HELP[] =
"usage: proxy [-f N] [-F N] [-s SEED] [-t SECONDS] PORT RULES RULES\n"
"\n"
"Passes datagrams between a client and the server on 127.0.0.1:PORT. The\n"
"RULES, first for what the client sends, are those of tests/net/wire; their\n"
"mtu is of what UDP carries. Says \"port P\", where the client has to go.\n"
"SIGTERM ends it; at the end there is a JSON line for each way: counts, and\n"
"the random of the hello that went it, which exported keys depend on, and\n"
"the group of the ServerKeyExchange.\n"
"\n"
"  -f N        loses the client's first N datagrams that end its handshake,\n"
"              which are those with a handshake record that is encrypted\n"
"  -F N        likewise the server's\n"
"  -s SEED     of the random numbers, 1; the server's way has SEED + 1\n"
"  -t SECONDS  end by itself after that, 60\n";

enum { DATAGRAM = 65536 };

static struct way {
	const char		*name;
	struct impair_conf	 conf;
	struct impair		*path;
	int			 s;	/* where it comes from */
	unsigned long		 to_lose, final_lost;
	/* datagrams with handshake records, and alerts, that are encrypted */
	unsigned long		 finals, alerts;
	size_t			 largest;
	char			 random[2 * RANDOM + 1]; /* of its hello */
	unsigned		 group;	/* of its ServerKeyExchange */
} ways[2] = { { .name = "client" }, { .name = "server" } };

static struct sockaddr_in	 client;
static volatile sig_atomic_t	 ended;

static void
on_signal(int sig)
{
	(void)sig;
	ended = 1;
}

static void
die(const char *what)
{
	fprintf(stderr, "proxy: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
open_socket(const struct sockaddr_in *server)
{
	struct sockaddr_in	 a = { .sin_family = AF_INET };
	int			 s = socket(AF_INET, SOCK_DGRAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (s == -1 || bind(s, (struct sockaddr *)&a, sizeof(a)) == -1)
		die("bind");
	if (server != NULL && connect(s, (const struct sockaddr *)server,
	    sizeof(*server)) == -1)
		die("connect");
	return s;
}

/* A hello's random, if the record begins with one. */
static void
note_hello(struct way *w, const struct record *rec)
{
	struct rd	 r = rd_of(rec->body.p, rec->body.n);
	uint8_t		 type = rd_u8(&r);
	const uint8_t	*random;

	rd_span(&r, 5);				/* length, sequence */
	if ((type != CLIENT_HELLO && type != SERVER_HELLO) ||
	    rd_u24(&r) != 0)
		return;
	rd_span(&r, 3 + 2);			/* length, version */
	random = rd_span(&r, RANDOM);
	if (random != NULL)
		hex_encode(w->random, random, RANDOM);
}

/* The group of the key exchange, if the record begins with one. */
static void
note_exchange(struct way *w, const struct record *rec)
{
	struct rd	 r = rd_of(rec->body.p, rec->body.n);
	uint8_t		 type = rd_u8(&r);

	rd_span(&r, 5);				/* length, sequence */
	if (type != SERVER_KEY_EXCHANGE || rd_u24(&r) != 0)
		return;
	rd_span(&r, 3 + 1);			/* length, named_curve */
	w->group = rd_u16(&r);
}

/* Is it, or part of it, what ends a handshake? */
static bool
inspect(struct way *w, uint8_t *p, size_t n)
{
	struct span	 s = { p, n };
	struct record	 r;
	bool		 ends = false;

	while (s.n > 0 && record_next(&r, &s) == 0) {
		if (r.type == CONTENT_HANDSHAKE && r.epoch == 0) {
			note_hello(w, &r);
			note_exchange(w, &r);
		}
		ends |= r.type == CONTENT_HANDSHAKE && r.epoch > 0;
		w->alerts += r.type == CONTENT_ALERT && r.epoch > 0;
	}
	w->finals += ends;
	return ends;
}

/* False: nothing more for now. A refused datagram was an earlier one's. */
static bool
take(struct way *w)
{
	static uint8_t		 p[DATAGRAM];
	struct sockaddr_in	 from;
	socklen_t		 len = sizeof(from);
	ssize_t			 n;

	n = recvfrom(w->s, p, sizeof(p), MSG_DONTWAIT,
	    (struct sockaddr *)&from, &len);
	if (n == -1)
		return errno == ECONNREFUSED;
	if (w == &ways[0])
		client = from;
	if ((size_t)n > w->largest)
		w->largest = (size_t)n;
	if (inspect(w, p, (size_t)n) && w->final_lost < w->to_lose)
		w->final_lost++;
	else
		impair_put(w->path, clock_now(), p, (size_t)n);
	return true;
}

/* What cannot be sent is lost, as it would be on a path. */
static void
deliver(struct way *w)
{
	const uint8_t	*p;
	size_t		 n;
	ssize_t		 sent;

	while ((p = impair_get(w->path, clock_now(), &n)) != NULL) {
		if (w == &ways[0])
			sent = send(ways[1].s, p, n, 0);
		else
			sent = sendto(ways[0].s, p, n, 0,
			    (struct sockaddr *)&client, sizeof(client));
		(void)sent;
	}
}

static void
carry(uint64_t end)
{
	struct pollfd	 fds[2] = { { ways[0].s, POLLIN, 0 },
			    { ways[1].s, POLLIN, 0 } };
	uint64_t	 now, at;

	while (!ended && (now = clock_now()) < end) {
		at = earlier(end, earlier(impair_deadline(ways[0].path),
		    impair_deadline(ways[1].path)));
		if (poll(fds, 2, at > now ? (int)((at - now) / MS) + 1 : 0) ==
		    -1 && errno != EINTR)
			die("poll");
		for (int i = 0; i < 2; i++) {
			while (take(&ways[i]))
				;
			deliver(&ways[i]);
		}
	}
}

static void
report(const struct way *w)
{
	printf("{\"from\":\"%s\"", w->name);
	impair_print(w->path);
	printf(",\"finals\":%lu,\"final_lost\":%lu,\"alerts\":%lu,"
	    "\"largest\":%zu,\"random\":\"%s\",\"group\":%u}\n", w->finals,
	    w->final_lost, w->alerts, w->largest, w->random, w->group);
}

static void
wrong(const char *what, const char *why)
{
	fprintf(stderr, "proxy: %s: %s; proxy -h says more\n", what, why);
	exit(2);
}

static unsigned long
number(const char *text, unsigned long max, const char *what)
{
	char		*end;
	unsigned long	 v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || v > max)
		wrong(what, "not a number in range");
	return v;
}

static void
open_ways(char **argv, uint64_t seed)
{
	struct sockaddr_in	 a = { .sin_family = AF_INET };
	socklen_t		 len = sizeof(a);
	const char		*why;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)number(argv[0], 65535, "PORT"));
	ways[0].s = open_socket(NULL);
	ways[1].s = open_socket(&a);
	for (unsigned i = 0; i < 2; i++) {
		ways[i].conf.seed = seed + i;
		if (impair_parse(&ways[i].conf, argv[1 + i], &why) == -1)
			wrong(argv[1 + i], why);
		ways[i].path = impair_new(&ways[i].conf, clock_now());
		if (ways[i].path == NULL)
			die("memory");
	}
	if (getsockname(ways[0].s, (struct sockaddr *)&a, &len) == -1)
		die("getsockname");
	printf("port %u\n", ntohs(a.sin_port));
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct sigaction	 sa = { .sa_handler = on_signal };
	uint64_t		 seed = 1, seconds = 60;
	int			 c;

	while ((c = getopt(argc, argv, "f:F:hs:t:")) != -1) {
		switch (c) {
		case 'f':	ways[0].to_lose = number(optarg, 99, "-f");
				break;
		case 'F':	ways[1].to_lose = number(optarg, 99, "-F");
				break;
		case 'h':	fputs(HELP, stdout); return 0;
		case 's':	seed = number(optarg, UINT32_MAX, "-s"); break;
		case 't':	seconds = number(optarg, 3600, "-t"); break;
		default:	return 2;
		}
	}
	if (argc - optind != 3)
		wrong("arguments", "PORT RULES RULES");
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	open_ways(argv + optind, seed);
	carry(clock_now() + seconds * SEC);
	for (int i = 0; i < 2; i++) {
		report(&ways[i]);
		impair_free(ways[i].path);
	}
	return 0;
}
