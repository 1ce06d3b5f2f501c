#ifndef TESTS_NET_PAIR_H
#define TESTS_NET_PAIR_H

/*
 * Two of udp.h on loopback: what a sends in batches b receives and checks. A
 * datagram's first byte is its number, the rest follows from it.
 */
#include <poll.h>

#include "net/udp.h"
#include "support/test.h"

enum { WAIT_MS = 2000 };

struct got {
	struct udp	*a, *b;
	struct batch	 tx;
	struct path	 from;
	uint8_t		 p[65536];
	size_t		 n, count, bytes;
	size_t		 base;		/* the number of a batch's first */
	size_t		 size[BATCH_DGRAMS];
	bool		 wrong;
};

static struct got	 g;

static inline void
take(void *arg, const struct path *from, uint8_t *p, size_t n)
{
	struct got	*s = arg;

	s->from = *from;
	s->n = n;
	memcpy(s->p, p, n);
	if (s->count < BATCH_DGRAMS)
		s->size[s->count] = n;
	for (size_t i = 0; i < n; i++)
		if (p[i] != (uint8_t)(s->count + i))
			s->wrong = true;
	s->count++;
	s->bytes += n;
}

static inline struct addr
loopback(int family, uint16_t port)
{
	struct addr	 a;

	EQ(addr_parse_ip(&a, family == 6 ? "::1" : "127.0.0.1"), 0);
	a.port = port;
	return a;
}

static inline void
setup(int family)
{
	memset(&g, 0, sizeof(g));
	g.a = udp_open(0);
	g.b = udp_open(0);
	CHECK(g.a != NULL && g.b != NULL);
	EQ(batch_init(&g.tx, 4 << 20), 0);
	g.tx.to.local = loopback(family, udp_port(g.a, family));
	g.tx.to.remote = loopback(family, udp_port(g.b, family));
}

static inline void
teardown(void)
{
	udp_close(g.a);
	udp_close(g.b);
	batch_fini(&g.tx);
}

static inline void
add(size_t n)
{
	struct dgram	*d = batch_add(&g.tx, n);

	CHECK(d != NULL);
	for (size_t i = 0; i < n; i++)
		d->p[i] = (uint8_t)(g.base + g.tx.n - 1 + i);
}

static inline void
receive(int family, size_t count)
{
	struct pollfd	 p = { udp_fd(g.b, family), POLLIN, 0 };

	while (g.count < count && poll(&p, 1, WAIT_MS) == 1)
		udp_recv(g.b, family, take, &g);
}

/* Runs of every kind: equal, a shorter last, a longer next, a single one. */
static const struct {
	size_t	 n, size;
} runs[] = {
	{ 64, 1200 }, { 10, 1200 }, { 1, 700 }, { 3, 1200 }, { 1, 1 },
	{ 70, 1000 }, { 60, 1300 }, { 5, 9000 }, { 8, 16400 }, { 2, 64 },
};

static inline size_t
send_runs(void)
{
	size_t	 count = 0;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		for (size_t k = 0; k < runs[i].n; k++, count++)
			add(runs[i].size);
	udp_send(g.a, &g.tx);
	return count;
}

static inline void
check_runs(void)
{
	struct udp_stats	 sa, sb;
	size_t			 count = send_runs(), at = 0;

	receive(4, count);
	EQ(g.count, count);
	CHECK(!g.wrong);
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		for (size_t k = 0; k < runs[i].n; k++)
			EQ(g.size[at++], runs[i].size);
	udp_stats(g.a, &sa);
	udp_stats(g.b, &sb);
	EQ(sa.sent, count);
	EQ(sb.received, count);
	EQ(sa.bytes_sent, g.bytes);
	EQ(sb.bytes_received, g.bytes);
	EQ(sa.lost + sb.lost, 0);
}

#endif
