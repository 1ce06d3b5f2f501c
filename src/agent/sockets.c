#include <stdlib.h>
#include <string.h>

#include "agent/sockets.h"
#include "net/loop.h"
#include "net/udp.h"

enum { AGAIN = MS };		/* later, where the kernel has no buffers */

struct sock {
	struct sockets	*all;
	struct udp	*udp;
	struct io	 io4, io6;
	struct alarm	 again;
	const void	*owner;
};

struct sockets {
	struct loop	*loop;
	struct sock	*sock[SOCKETS_MAX];	/* gaps where one was dropped */
	size_t		 n;
	sockets_fn	*fn;
	sockets_refused_fn *refused;
	void		*arg;
	uint64_t	 now;		/* of the datagrams being read */
	/* descriptions only: one port's share */
	struct batch	 part;
};

static void
on_datagram(void *arg, const struct path *path, uint8_t *p, size_t n)
{
	struct sockets	*ss = arg;

	ss->fn(ss->arg, ss->now, path, p, n);
}

/* Once per turn, so that the sender hears of it soon. */
static void
read_once(struct sock *s, int family, uint64_t now)
{
	s->all->now = now;
	udp_recv(s->udp, family, on_datagram, s->all);
}

/* What waits for the kernel, if anything, has to be tried again. */
static void
expect(struct sock *s, uint64_t now)
{
	enum udp_wait	 w4 = udp_waits(s->udp, 4), w6 = udp_waits(s->udp, 6);

	s->io4.want = w4 == UDP_WRITABLE ? IO_IN | IO_OUT : IO_IN;
	s->io6.want = w6 == UDP_WRITABLE ? IO_IN | IO_OUT : IO_IN;
	if ((w4 == UDP_A_WHILE || w6 == UDP_A_WHILE) && s->again.slot == 0)
		alarm_set(s->all->loop, &s->again, now + AGAIN);
}

static void
try_again(struct sock *s, uint64_t now)
{
	udp_retry(s->udp);
	expect(s, now);
}

static void
on_again(void *arg, uint64_t now)
{
	try_again(arg, now);
}

static void
on_ready(struct sock *s, int family, unsigned got, uint64_t now)
{
	if (got & IO_OUT)
		try_again(s, now);
	if (got & (IO_IN | IO_HUP))
		read_once(s, family, now);
}

static void
on_ready4(void *arg, unsigned got, uint64_t now)
{
	on_ready(arg, 4, got, now);
}

static void
on_ready6(void *arg, unsigned got, uint64_t now)
{
	on_ready(arg, 6, got, now);
}

static void
close_sock(struct sock *s)
{
	if (s == NULL)
		return;
	loop_del(s->all->loop, &s->io4);
	loop_del(s->all->loop, &s->io6);
	alarm_clear(s->all->loop, &s->again);
	udp_close(s->udp);
	free(s);
}

static struct sock *
open_sock(struct sockets *ss, uint16_t port)
{
	struct sock	*s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->all = ss;
	s->udp = udp_open(port);
	if (s->udp == NULL) {
		free(s);
		return NULL;
	}
	s->io4 = (struct io){ .fd = udp_fd(s->udp, 4), .want = IO_IN,
	    .ready = on_ready4, .arg = s };
	s->io6 = (struct io){ .fd = udp_fd(s->udp, 6), .want = IO_IN,
	    .ready = on_ready6, .arg = s };
	s->again = (struct alarm){ .fire = on_again, .arg = s };
	if ((s->io4.fd != -1 && loop_add(ss->loop, &s->io4) == -1) ||
	    (s->io6.fd != -1 && loop_add(ss->loop, &s->io6) == -1)) {
		close_sock(s);
		return NULL;
	}
	return s;
}

struct sockets *
sockets_new(struct loop *loop, uint16_t port, sockets_fn *fn,
    sockets_refused_fn *refused, void *arg)
{
	struct sockets	*ss = calloc(1, sizeof(*ss));

	if (ss == NULL)
		return NULL;
	ss->loop = loop;
	ss->fn = fn;
	ss->refused = refused;
	ss->arg = arg;
	ss->sock[0] = open_sock(ss, port);
	if (ss->sock[0] == NULL) {
		free(ss);
		return NULL;
	}
	ss->n = 1;
	return ss;
}

void
sockets_free(struct sockets *ss)
{
	if (ss == NULL)
		return;
	for (size_t i = 0; i < ss->n; i++)
		close_sock(ss->sock[i]);
	free(ss);
}

int
sockets_add(struct sockets *ss, const void *owner)
{
	size_t	 i;

	for (i = 1; i < ss->n && ss->sock[i] != NULL; i++)
		;
	if (i == SOCKETS_MAX)
		return -1;
	ss->sock[i] = open_sock(ss, 0);
	if (ss->sock[i] == NULL)
		return -1;
	ss->sock[i]->owner = owner;
	if (i == ss->n)
		ss->n++;
	return (int)i;
}

void
sockets_drop(struct sockets *ss, const void *owner)
{
	for (size_t i = 1; i < ss->n; i++) {
		if (ss->sock[i] == NULL || ss->sock[i]->owner != owner)
			continue;
		close_sock(ss->sock[i]);
		ss->sock[i] = NULL;
	}
}

uint16_t
sockets_port(const struct sockets *ss, int nth, int family)
{
	return udp_port(ss->sock[nth]->udp, family);
}

/* Take the share of one port out of the batch. */
static void
split(struct sockets *ss, const struct sock *s, struct batch *b)
{
	size_t	 kept = 0;

	ss->part.n = 0;
	for (size_t i = 0; i < b->n; i++) {
		if (b->d[i].to.local.port ==
		    udp_port(s->udp, b->d[i].to.local.family))
			ss->part.d[ss->part.n++] = b->d[i];
		else
			b->d[kept++] = b->d[i];
	}
	b->n = kept;
}

static void
send_from(struct sock *s, uint64_t now, struct batch *b)
{
	struct path	 path;
	const char	*why;

	udp_send(s->udp, b);
	while (udp_refusal(s->udp, &path, &why))
		s->all->refused(s->all->arg, &path, why);
	expect(s, now);
}

void
sockets_send(struct sockets *ss, uint64_t now, struct batch *b)
{
	for (size_t i = 1; i < ss->n && b->n > 0; i++) {
		if (ss->sock[i] == NULL)
			continue;
		split(ss, ss->sock[i], b);
		if (ss->part.n > 0)
			send_from(ss->sock[i], now, &ss->part);
	}
	send_from(ss->sock[0], now, b);
}
