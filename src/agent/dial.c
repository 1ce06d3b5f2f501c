#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/dial.h"
#include "base/addr.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "net/tcp.h"

enum {
	ADDRESSES = 8,		/* of a name that are tried, in order */
	READ_MAX = 64 << 10,
	READS = 8,		/* per turn, so that others get theirs */
	WHY_MAX = 160,
};

enum dial_state { RESOLVING, CONNECTING, UP, DEAD };

struct dial {
	struct dial_conf	 conf;
	char			 host[256];
	enum dial_state		 state;
	struct io		 io;
	struct alarm		 alarm;		/* the start, then the timeout */
	bool			 started;
	struct addr		 addr[ADDRESSES];
	size_t			 naddr, next;
	char			 why[WHY_MAX];
};

static uint8_t	 scratch[READ_MAX];

static void	 connect_next(struct dial *, uint64_t);

static void
drop_socket(struct dial *d)
{
	if (d->io.fd == -1)
		return;
	loop_del(d->conf.loop, &d->io);
	tcp_close(d->io.fd);
	d->io.fd = -1;
}

static void
die(struct dial *d, uint64_t now, const char *why)
{
	if (d->state == DEAD)
		return;
	d->state = DEAD;
	drop_socket(d);
	alarm_clear(d->conf.loop, &d->alarm);
	d->conf.user->closed(d->conf.arg, now, why);
}

static void
read_some(struct dial *d, uint64_t now)
{
	ssize_t	 n;

	for (int i = 0; i < READS && d->state == UP &&
	    d->conf.user->wants_input(d->conf.arg); i++) {
		n = tcp_read(d->io.fd, scratch, sizeof(scratch));
		if (n == TCP_AGAIN)
			return;
		if (n == TCP_ERROR) {
			die(d, now, strerror(errno));
			return;
		}
		if (n == 0) {
			die(d, now, "connection closed by the server");
			return;
		}
		d->conf.user->input(d->conf.arg, now, scratch, (size_t)n);
		if ((size_t)n < sizeof(scratch))
			return;
	}
}

static void
write_some(struct dial *d, uint64_t now)
{
	struct span	 out;
	ssize_t		 n;

	while (d->state == UP) {
		out = d->conf.user->output(d->conf.arg);
		if (out.n == 0)
			return;
		n = tcp_write(d->io.fd, out.p, out.n);
		if (n == TCP_AGAIN)
			return;
		if (n == TCP_ERROR) {
			die(d, now, strerror(errno));
			return;
		}
		d->conf.user->sent(d->conf.arg, (size_t)n);
	}
}

void
dial_pump(struct dial *d, uint64_t now)
{
	if (d->state != UP)
		return;
	write_some(d, now);
	if (d->state != UP)
		return;
	d->io.want = d->conf.user->wants_input(d->conf.arg) ? IO_IN : 0;
	if (d->conf.user->output(d->conf.arg).n > 0)
		d->io.want |= IO_OUT;
}

static void
finish_connect(struct dial *d, uint64_t now)
{
	if (tcp_connected(d->io.fd) == -1) {
		snprintf(d->why, sizeof(d->why), "%s", strerror(errno));
		drop_socket(d);
		connect_next(d, now);
		return;
	}
	d->state = UP;
	alarm_clear(d->conf.loop, &d->alarm);
	d->conf.user->up(d->conf.arg, now);
	dial_pump(d, now);
}

static void
on_ready(void *arg, unsigned got, uint64_t now)
{
	struct dial	*d = arg;

	if (d->state == CONNECTING) {
		finish_connect(d, now);
		return;
	}
	if (d->state == UP && (got & (IO_IN | IO_HUP)) != 0)
		read_some(d, now);
	dial_pump(d, now);
}

/* The next address of the name, until one takes the connection. */
static void
connect_next(struct dial *d, uint64_t now)
{
	while (d->next < d->naddr) {
		d->io.fd = tcp_connect(&d->addr[d->next++]);
		if (d->io.fd == -1) {
			snprintf(d->why, sizeof(d->why), "%s", strerror(errno));
			continue;
		}
		d->state = CONNECTING;
		d->io.want = IO_OUT;
		if (loop_add(d->conf.loop, &d->io) == -1) {
			tcp_close(d->io.fd);
			d->io.fd = -1;
			die(d, now, "out of memory");
		}
		return;
	}
	die(d, now, d->why);
}

static void
on_resolved(void *arg, const struct addr *a, size_t n, const char *why,
    uint64_t now)
{
	struct dial	*d = arg;

	if (n == 0) {
		die(d, now, why);
		return;
	}
	d->naddr = n < ADDRESSES ? n : ADDRESSES;
	memcpy(d->addr, a, d->naddr * sizeof(*a));
	connect_next(d, now);
}

static void
on_alarm(void *arg, uint64_t now)
{
	struct dial	*d = arg;

	if (d->started) {
		die(d, now, "no answer in time");
		return;
	}
	d->started = true;
	alarm_set(d->conf.loop, &d->alarm, now + d->conf.timeout);
	resolve(d->conf.resolver, d->host, d->conf.port, on_resolved, d, now);
}

struct dial *
dial_new(const struct dial_conf *conf, uint64_t now)
{
	struct dial	*d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->conf = *conf;
	snprintf(d->host, sizeof(d->host), "%s", conf->host);
	d->io = (struct io){ .fd = -1, .ready = on_ready, .arg = d };
	d->alarm = (struct alarm){ .fire = on_alarm, .arg = d };
	if (alarm_set(conf->loop, &d->alarm, now) == -1) {
		free(d);
		return NULL;
	}
	return d;
}

void
dial_free(struct dial *d)
{
	if (d == NULL)
		return;
	resolve_cancel(d->conf.resolver, d);
	alarm_clear(d->conf.loop, &d->alarm);
	drop_socket(d);
	free(d);
}
