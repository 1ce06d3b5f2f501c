/*
 * usage: pipe client|server PORT FINGERPRINT [MTU]
 *
 * A DTLS end over UDP on 127.0.0.1, to try the engine against other stacks.
 * Sends a line once up, prints what it receives, the suite and the keying
 * material, and exits 0 when it has received a line. Its own key is fixed.
 */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "crypto/cert.h"
#include "crypto/rng.h"
#include "dtls/dtls.h"

enum { PATIENCE = 10 * SEC };

static uint64_t
clock_now(void)
{
	struct timespec	 t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SEC + (uint64_t)t.tv_nsec / 1000;
}

static void
flush(int s, struct batch *tx)
{
	for (size_t i = 0; i < tx->n; i++)
		if (send(s, tx->d[i].p, tx->d[i].n, 0) == -1)
			perror("send");
	batch_reset(tx);
}

static int
open_socket(int client, uint16_t port)
{
	struct sockaddr_in	 a = { .sin_family = AF_INET };
	struct sockaddr		*sa = (struct sockaddr *)&a;
	int			 s = socket(AF_INET, SOCK_DGRAM, 0), r;

	a.sin_port = htons(port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (client)
		r = connect(s, sa, sizeof(a));
	else
		r = bind(s, sa, sizeof(a));
	if (r == -1) {
		perror(client ? "connect" : "bind");
		exit(1);
	}
	return s;
}

/* A server is connected to whoever speaks first. */
static size_t
receive(int s, uint8_t *buf, size_t cap, int *connected)
{
	struct sockaddr_in	 a;
	struct sockaddr		*sa = (struct sockaddr *)&a;
	socklen_t		 len = sizeof(a);
	ssize_t			 n = recvfrom(s, buf, cap, 0, sa, &len);

	if (n <= 0)
		return 0;
	if (!*connected && connect(s, sa, len) == 0)
		*connected = 1;
	return (size_t)n;
}

static void
report(const struct dtls *d)
{
	uint8_t	 key[60];

	printf("up %s\nkeys ", dtls_suite(d));
	dtls_export_srtp(d, key, sizeof(key));
	for (size_t i = 0; i < sizeof(key); i++)
		printf("%02X", key[i]);
	printf("\n");
	fflush(stdout);
}

static void
say_hello(struct dtls *d, struct batch *tx)
{
	static const char	 text[] = "hello from hotlink\n";
	struct dgram		*g = batch_add(tx, sizeof(text) - 1);

	memcpy(g->p, text, sizeof(text) - 1);
	dtls_seal(d, g);
}

static int
run(struct dtls *d, int s, int connected, struct batch *tx)
{
	uint64_t	 now = clock_now(), until = now + PATIENCE;
	uint8_t		 buf[65536];
	struct span	 in, app;
	struct pollfd	 p = { .fd = s, .events = POLLIN };
	size_t		 got = 0;
	int		 told = 0;

	for (; got == 0 && now < until; now = clock_now()) {
		dtls_tick(d, now, tx);
		flush(s, tx);
		if (poll(&p, 1, 10) == 1) {
			in.p = buf;
			in.n = receive(s, buf, sizeof(buf), &connected);
			while (dtls_input(d, now, &in, &app, tx)) {
				got += app.n;
				fwrite(app.p, 1, app.n, stdout);
			}
		}
		if (!told && dtls_state(d) == DTLS_UP) {
			told = 1;
			report(d);
			say_hello(d, tx);
		}
		flush(s, tx);
		if (dtls_state(d) > DTLS_UP)
			break;
	}
	if (dtls_state(d) == DTLS_FAILED)
		printf("failed: %s\n", dtls_why(d));
	dtls_close(d, now, tx);
	flush(s, tx);
	return got > 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	static struct batch	 tx;
	static const uint8_t	 scalar[32] = { 1, 2, 3 };
	struct dtls_conf	 conf = { .rng = rng_new() };
	struct dtls		*d;
	unsigned		 b;
	int			 s, status;

	if (argc < 4 || strlen(argv[3]) != 64)
		return 2;
	for (int i = 0; i < 32 && sscanf(argv[3] + 2 * i, "%2x", &b) == 1; i++)
		conf.fingerprint[i] = (uint8_t)b;
	conf.client = strcmp(argv[1], "client") == 0;
	if (argc > 4)
		conf.mtu = (size_t)atoi(argv[4]);
	conf.cert = cert_from_scalar(scalar);
	s = open_socket(conf.client, (uint16_t)atoi(argv[2]));
	batch_init(&tx, 100000);
	d = dtls_new(&conf, clock_now());
	status = run(d, s, conf.client, &tx);
	dtls_free(d);
	close(s);
	return status;
}
