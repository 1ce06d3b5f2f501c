/*
 * usage: pipe [-m MTU] [-r MS] client|server PORT FINGERPRINT
 *        pipe cert
 *
 * A DTLS end over UDP on 127.0.0.1, to try the engine against other stacks:
 * see HELP below. Its own key is fixed.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/time.h"
#include "crypto/cert.h"
#include "crypto/rng.h"
#include "dtls/dtls.h"
#include "net/clock.h"

static const char	 HELP[] =
"usage: pipe [-m MTU] [-r MS] client|server PORT FINGERPRINT\n"
"       pipe cert\n"
"\n"
"PORT is where the server is, or with 0 one that is free. FINGERPRINT is the\n"
"SHA-256 of the peer's certificate, in hexadecimal digits. Once up, each line\n"
"that is read goes out as one record; the end of what is read closes. cert\n"
"writes its own certificate, DER, to try the other direction.\n"
"\n"
"Says \"port N\" (server), \"up SUITE\", \"keys HEX\" (60 bytes, for SRTP),\n"
"then what it receives; at the end \"closed\" by the peer or \"failed: WHY\",\n"
"and \"stats NAME=N...\". Exits 0 if it was up and did not fail.\n"
"\n"
"  -m MTU      of what UDP carries, bytes; 1200\n"
"  -r MS       before it first says something again, 100\n";

enum { PATIENCE = 60 * SEC, LINE = 2048, SRTP_KEYS = 60 };

struct end {
	struct dtls	*d;
	struct batch	 tx;
	int		 s;
	bool		 connected;	/* a server: to who spoke first */
	bool		 told;
	bool		 ended;		/* nothing more to read */
	char		 line[LINE];
	size_t		 n;
};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
flush(struct end *e)
{
	for (size_t i = 0; i < e->tx.n; i++)
		if (send(e->s, e->tx.d[i].p, e->tx.d[i].n, 0) == -1)
			perror("send");
	batch_reset(&e->tx);
}

static void
open_socket(struct end *e, uint16_t port)
{
	struct sockaddr_in	 a = { .sin_family = AF_INET };
	struct sockaddr		*sa = (struct sockaddr *)&a;
	socklen_t		 len = sizeof(a);

	e->s = socket(AF_INET, SOCK_DGRAM, 0);
	a.sin_port = htons(port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (e->connected) {
		if (connect(e->s, sa, len) == -1)
			die("connect");
		return;
	}
	if (bind(e->s, sa, len) == -1 || getsockname(e->s, sa, &len) == -1)
		die("bind");
	printf("port %u\n", ntohs(a.sin_port));
	fflush(stdout);
}

static size_t
receive(struct end *e, uint8_t *buf, size_t cap)
{
	struct sockaddr_in	 a;
	struct sockaddr		*sa = (struct sockaddr *)&a;
	socklen_t		 len = sizeof(a);
	ssize_t			 n = recvfrom(e->s, buf, cap, 0, sa, &len);

	if (n <= 0)
		return 0;
	if (!e->connected && connect(e->s, sa, len) == 0)
		e->connected = true;
	return (size_t)n;
}

static void
hear(struct end *e, uint64_t now)
{
	static uint8_t	 buf[65536];
	struct span	 in = { buf, receive(e, buf, sizeof(buf)) }, app;

	while (dtls_input(e->d, now, &in, &app, &e->tx))
		if (app.n > 0)
			fwrite(app.p, 1, app.n, stdout);
	fflush(stdout);
}

static void
report_up(struct end *e)
{
	uint8_t	 key[SRTP_KEYS];
	char	 hex[2 * SRTP_KEYS + 1];

	e->told = true;
	dtls_export_srtp(e->d, key, sizeof(key));
	hex_encode(hex, key, sizeof(key));
	printf("up %s\nkeys %s\n", dtls_suite(e->d), hex);
	fflush(stdout);
}

static void
send_line(struct end *e, size_t n)
{
	struct dgram	*g = batch_add(&e->tx, n);

	memcpy(g->p, e->line, n);
	dtls_seal(e->d, g);
	flush(e);
	memmove(e->line, e->line + n, e->n - n);
	e->n -= n;
}

/* A line that is too long goes out in parts. */
static void
speak(struct end *e)
{
	ssize_t	 n = read(0, e->line + e->n, LINE - e->n);
	char	*newline;

	if (n <= 0) {
		e->ended = true;
		return;
	}
	e->n += (size_t)n;
	while ((newline = memchr(e->line, '\n', e->n)) != NULL)
		send_line(e, (size_t)(newline - e->line) + 1);
	if (e->n == LINE)
		send_line(e, LINE);
}

static void
run(struct end *e)
{
	struct pollfd	 p[2] = { { .fd = e->s, .events = POLLIN },
			    { .fd = -1, .events = POLLIN } };
	uint64_t	 now = clock_now(), until = now + PATIENCE, at;

	for (; !e->ended && now < until; now = clock_now()) {
		dtls_tick(e->d, now, &e->tx);
		flush(e);
		if (dtls_state(e->d) > DTLS_UP)
			return;
		at = earlier(until, dtls_deadline(e->d));
		if (poll(p, 2, at > now ? (int)((at - now) / MS) + 1 : 0) < 0)
			die("poll");
		if (p[0].revents != 0)
			hear(e, clock_now());
		if (p[1].revents != 0)
			speak(e);
		flush(e);
		if (!e->told && dtls_state(e->d) == DTLS_UP) {
			report_up(e);
			p[1].fd = 0;
		}
	}
}

static int
finish(struct end *e)
{
	enum dtls_state		 state = dtls_state(e->d);
	struct dtls_stats	 st;

	if (state == DTLS_FAILED)
		printf("failed: %s\n", dtls_why(e->d));
	if (state == DTLS_CLOSED)
		printf("closed\n");
	dtls_stats(e->d, &st);
#define N(name)	(unsigned long long)st.name
	printf("stats retransmits=%llu bad_records=%llu replays=%llu "
	    "alerts=%llu early=%llu\n", N(retransmits), N(bad_records),
	    N(replays), N(alerts), N(early));
#undef N
	dtls_close(e->d, clock_now(), &e->tx);
	flush(e);
	return e->told && state != DTLS_FAILED ? 0 : 1;
}

static int
usage(void)
{
	fputs(HELP, stderr);
	return 2;
}

static int
connection(struct dtls_conf *conf, char **argv)
{
	static struct end	 e;
	int			 status;

	if (hex_decode(conf->fingerprint, 32, argv[2], strlen(argv[2])) == -1)
		return usage();
	conf->client = strcmp(argv[0], "client") == 0;
	e.connected = conf->client;
	open_socket(&e, (uint16_t)atoi(argv[1]));
	e.d = dtls_new(conf, clock_now());
	if (e.d == NULL || batch_init(&e.tx, 100000) == -1)
		die("memory");
	run(&e);
	status = finish(&e);
	dtls_free(e.d);
	batch_fini(&e.tx);
	close(e.s);
	return status;
}

int
main(int argc, char **argv)
{
	static const uint8_t	 scalar[32] = { 1, 2, 3 };
	struct cert		*cert = cert_from_scalar(scalar);
	struct dtls_conf	 conf = { .cert = cert };
	int			 c, status = 0;

	while ((c = getopt(argc, argv, "m:r:")) != -1)
		switch (c) {
		case 'm':	conf.mtu = (size_t)atoi(optarg); break;
		case 'r':	conf.rto = (uint64_t)atoi(optarg) * MS; break;
		default:	return usage();
		}
	argc -= optind;
	argv += optind;
	conf.rng = rng_new();
	if (argc == 1 && strcmp(argv[0], "cert") == 0)
		fwrite(cert_der(cert).p, 1, cert_der(cert).n, stdout);
	else if (argc == 3)
		status = connection(&conf, argv);
	else
		status = usage();
	rng_free(conf.rng);
	cert_free(cert);
	return status;
}
