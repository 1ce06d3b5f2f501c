#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/dial.h"
#include "base/addr.h"
#include "crypto/tls.h"
#include "net/clock.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "net/tcp.h"

enum {
	ADDRESSES = 8,		/* of a name that are tried, in order */
	READ_MAX = 32 << 10,
	READS = 8,		/* per turn, so that others get theirs */
	WHY_MAX = 160,
};

enum dial_state { RESOLVING, CONNECTING, SECURING, UP, DEAD };

struct dial {
	struct dial_conf	 conf;
	char			 host[256];
	enum dial_state		 state;
	struct io		 io;
	/* the start, then the timeout */
	struct alarm		 alarm;
	bool			 started;
	struct addr		 addr[ADDRESSES];
	size_t			 naddr, next;
	char			 why[WHY_MAX];
	struct tls		*tls;		/* NULL: plain */
	uint8_t			 in[READ_MAX];	/* read and not yet taken */
	size_t			 nin, taken;
};

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
go_up(struct dial *d, uint64_t now)
{
	d->state = UP;
	alarm_clear(d->conf.loop, &d->alarm);
	d->conf.user->up(d->conf.arg, now);
}

/* What TLS came to with the last bytes. */
static void
check_tls(struct dial *d, uint64_t now)
{
	switch (tls_state(d->tls)) {
	case TLS_OPENING:
	case TLS_CLOSING:
		break;
	case TLS_OPEN:
		if (d->state == SECURING)
			go_up(d, now);
		break;
	case TLS_CLOSED:
		die(d, now, "connection closed by the server");
		break;
	case TLS_FAILED:
		die(d, now, tls_why(d->tls));
		break;
	}
}

/* Plaintext to the user; true if there was some. */
static bool
take_plain(struct dial *d, uint64_t now)
{
	struct span	 plain;

	if (d->state != UP || !d->conf.user->wants_input(d->conf.arg))
		return false;
	plain = tls_read(d->tls);
	if (plain.n == 0)
		return false;
	d->conf.user->input(d->conf.arg, now, plain.p, plain.n);
	if (d->state != DEAD)
		tls_taken(d->tls, plain.n);
	return true;
}

/* Pass on what was read: true if any of it went. */
static bool
pass_on(struct dial *d, uint64_t now)
{
	size_t	 n = d->nin - d->taken;
	bool	 moved = false;

	if (d->tls == NULL) {
		if (n == 0 || d->state != UP ||
		    !d->conf.user->wants_input(d->conf.arg))
			return false;
		d->taken = d->nin;
		d->conf.user->input(d->conf.arg, now, d->in + d->nin - n, n);
		return true;
	}
	if (n > 0) {
		n = tls_input(d->tls, d->in + d->taken, n);
		d->taken += n;
		moved = n > 0;
		check_tls(d, now);
	}
	return take_plain(d, now) || moved;
}

/* One read from the socket; false: nothing there, or the end of it. */
static bool
read_once(struct dial *d, uint64_t now)
{
	ssize_t	 n = tcp_read(d->io.fd, d->in, sizeof(d->in));

	if (n == TCP_AGAIN)
		return false;
	if (n == TCP_ERROR) {
		die(d, now, strerror(errno));
		return false;
	}
	if (n == 0) {
		if (d->tls != NULL) {
			tls_input(d->tls, d->in, 0);
			check_tls(d, now);
		}
		die(d, now, "connection closed by the server");
		return false;
	}
	d->taken = 0;
	d->nin = (size_t)n;
	return true;
}

static void
read_some(struct dial *d, uint64_t now)
{
	for (int i = 0; i < READS && d->state >= SECURING;) {
		if (pass_on(d, now))
			continue;
		if (d->state == DEAD || d->taken < d->nin)
			return;		/* the user, or TLS, is full */
		if (d->state == UP && !d->conf.user->wants_input(d->conf.arg))
			return;
		if (!read_once(d, now))
			return;
		i++;
	}
}

/* The user's bytes, or TLS's records of them: what the socket gets next. */
static struct span
outgoing(struct dial *d)
{
	struct span	 plain;
	size_t		 n;

	if (d->tls == NULL)
		return d->conf.user->output(d->conf.arg);
	while (d->state == UP && tls_output(d->tls).n == 0) {
		plain = d->conf.user->output(d->conf.arg);
		n = plain.n > 0 ? tls_write(d->tls, plain.p, plain.n) : 0;
		if (n == 0)
			break;
		d->conf.user->sent(d->conf.arg, n);
	}
	return tls_output(d->tls);
}

static void
write_some(struct dial *d, uint64_t now)
{
	struct span	 out;
	ssize_t		 n;

	while (d->state == UP || d->state == SECURING) {
		out = outgoing(d);
		if (out.n == 0)
			return;
		n = tcp_write(d->io.fd, out.p, out.n);
		if (n == TCP_AGAIN)
			return;
		if (n == TCP_ERROR) {
			die(d, now, strerror(errno));
			return;
		}
		if (d->tls != NULL)
			tls_sent(d->tls, (size_t)n);
		else
			d->conf.user->sent(d->conf.arg, (size_t)n);
	}
}

/* More may be read: the last read is passed on, and somebody wants it. */
static bool
wants_read(const struct dial *d)
{
	if (d->taken < d->nin)
		return false;
	return d->state == SECURING || d->conf.user->wants_input(d->conf.arg);
}

void
dial_pump(struct dial *d, uint64_t now)
{
	if (d->state != UP && d->state != SECURING)
		return;
	if (d->taken < d->nin || d->tls != NULL)
		while (d->state != DEAD && pass_on(d, now))
			;
	write_some(d, now);
	if (d->state == DEAD)
		return;
	d->io.want = wants_read(d) ? IO_IN : 0;
	if (outgoing(d).n > 0)
		d->io.want |= IO_OUT;
}

/* TCP is there: begin TLS, or be up. */
static void
secure(struct dial *d, uint64_t now)
{
	struct tls_client_conf	 conf;

	d->state = SECURING;
	if (d->conf.tls == NULL) {
		go_up(d, now);
		return;
	}
	conf = *d->conf.tls;
	if (conf.name == NULL)
		conf.name = d->host;
	conf.unix_time = clock_unix_ms() / 1000;
	d->tls = tls_client(&conf, d->conf.rng);
	if (d->tls == NULL)
		die(d, now, "out of memory");
	else
		check_tls(d, now);
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
	secure(d, now);
	if (d->state != DEAD)
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
	if ((got & (IO_IN | IO_HUP)) != 0)
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

bool
dial_is_orphan(const struct dial *d)
{
	return d->io.fd != -1 && tcp_is_orphan(d->io.fd);
}

void
dial_free(struct dial *d)
{
	if (d == NULL)
		return;
	resolve_cancel(d->conf.resolver, d);
	alarm_clear(d->conf.loop, &d->alarm);
	drop_socket(d);
	tls_free(d->tls);
	free(d);
}
