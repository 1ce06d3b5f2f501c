/*
 * A connection is SILENT until it has sent a byte or, for PROBE_TIME, has not
 * gone away: launchers probe the port (connect, close), and nothing may be
 * handed to a probe. The first that is more than that is attached to the link.
 *
 * Reading stops when the link has no space, so that the local sender is held;
 * writing what the local reader does not take is the link's to keep.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/proxy.h"
#include "base/log.h"
#include "net/loop.h"
#include "net/tcp.h"
#include "session/party.h"

enum {
	PROBE_TIME = 100 * MS,
	RETRY_BIND = 1 * SEC,
	ACCEPT_PAUSE = 1 * SEC,	/* without descriptors, or memory */
	SILENTS = 16,		/* connections that may be looked at at once */
};

/*
 * A connection's life: SILENT (nothing known of it), HELD (it has something to
 * say and waits its turn), OWNER (the link is its), GONE (freed at the turn's
 * end). Only grows.
 */
enum conn_state { SILENT, HELD, OWNER, GONE };

struct conn {
	struct io	 io;
	struct proxy	*proxy;
	enum conn_state	 state;
	uint64_t	 since;
	bool		 eof;		/* it sends no more */
	bool		 unacked;	/* what was read goes on first */
	struct conn	*next;
};

struct proxy {
	struct proxy_conf	 conf;
	struct io		 listener;
	/* bind again; a probe's time is up */
	struct alarm		 alarm;
	struct alarm		 pause;		/* accept again */
	bool			 said_busy, said_full;
	struct conn		*conns;		/* oldest first */
	struct conn		*owner;
};

static void
set_state(struct conn *c, enum conn_state state)
{
	static const char *const	 name[] = {
		[SILENT] = "silent", [HELD] = "held", [OWNER] = "owner",
		[GONE] = "gone",
	};

	log_debug("port %u: connection %d: %s", c->proxy->conf.listen.port,
	    c->io.fd, name[state]);
	c->state = state;
}

/* Take it off the loop; its struct lives until proxy_update. */
static void
drop(struct conn *c, void (*closing)(int))
{
	struct proxy	*px = c->proxy;

	if (c->state == GONE)
		return;
	set_state(c, GONE);
	loop_del(px->conf.loop, &c->io);
	closing(c->io.fd);
	if (px->owner == c)
		px->owner = NULL;
	px->conf.touched(px->conf.arg);
}

static void
local_failed(struct conn *c, uint64_t now)
{
	const char	*why = strerror(errno);

	log_debug("port %u: local connection: %s", c->proxy->conf.listen.port,
	    why);
	link_reset(c->proxy->conf.link, now, why);
	drop(c, tcp_reset);
}

/* The owner's bytes into the link, as much as it has space for. */
static void
read_up(struct conn *c, uint64_t now)
{
	struct link	*link = c->proxy->conf.link;
	struct span	 space;
	size_t		 left = link_turn(link, now);
	ssize_t		 n;

	while (left > 0 && !c->eof) {
		space = link_space(link);
		if (space.n == 0)
			return;
		if (space.n > left)
			space.n = left;
		n = tcp_take(c->io.fd, space.p, space.n);
		if (n == TCP_AGAIN)
			return;
		if (n == TCP_ERROR) {
			local_failed(c, now);
			return;
		}
		if (n == 0) {
			c->eof = true;
			link_eof(link, now);
			return;
		}
		c->unacked = true;
		link_filled(link, now, (size_t)n);
		if ((size_t)n < space.n)
			return;
		left -= (size_t)n;
	}
}

/* What the link kept because the socket was full. */
static void
write_pending(struct conn *c, uint64_t now)
{
	struct link	*link = c->proxy->conf.link;
	struct span	 out;
	ssize_t		 n;

	while ((out = link_pending(link)).n > 0) {
		n = tcp_write(c->io.fd, out.p, out.n);
		if (n == TCP_AGAIN)
			return;
		if (n == TCP_ERROR) {
			local_failed(c, now);
			return;
		}
		link_wrote(link, now, (size_t)n);
	}
}

/* Has a connection that is not the owner said something, or gone? */
static void
look_at(struct conn *c)
{
	uint8_t	 byte;
	ssize_t	 n;

	n = tcp_peek(c->io.fd, &byte, 1);
	if (n > 0)
		set_state(c, HELD);
	else if (n == 0)
		drop(c, tcp_close);	/* a probe */
	else if (n == TCP_ERROR)
		drop(c, tcp_reset);
	c->io.want = c->state == SILENT ? IO_IN : 0;
	c->proxy->conf.touched(c->proxy->conf.arg);
}

static void
on_conn(void *arg, unsigned got, uint64_t now)
{
	struct conn	*c = arg;

	if (c->state != OWNER) {
		look_at(c);
		return;
	}
	if ((got & (IO_OUT | IO_HUP)) != 0)
		write_pending(c, now);
	if (c->state == OWNER && (got & (IO_IN | IO_HUP)) != 0)
		read_up(c, now);
	c->proxy->conf.touched(c->proxy->conf.arg);
}

static size_t
waiting(const struct proxy *px)
{
	size_t	 n = 0;

	for (const struct conn *c = px->conns; c != NULL; c = c->next)
		n += c->state == SILENT || c->state == HELD;
	return n;
}

static void
add_conn(struct proxy *px, int fd, uint64_t now)
{
	struct conn	*c = NULL, **p = &px->conns;

	/* While the link is owned one more may wait; else any may be probes. */
	if (waiting(px) < (px->owner != NULL ? 1 : SILENTS))
		c = calloc(1, sizeof(*c));
	if (c == NULL) {
		tcp_reset(fd);
		return;
	}
	c->proxy = px;
	c->since = now;
	c->io = (struct io){ .fd = fd, .want = IO_IN, .ready = on_conn,
	    .arg = c };
	if (loop_add(px->conf.loop, &c->io) == -1) {
		tcp_reset(fd);
		free(c);
		return;
	}
	while (*p != NULL)
		p = &(*p)->next;
	*p = c;
	look_at(c);
}

static void
on_listener(void *arg, unsigned got, uint64_t now)
{
	struct proxy	*px = arg;
	int		 fd;

	(void)got;
	while ((fd = tcp_accept(px->listener.fd, NULL)) >= 0) {
		px->said_full = false;
		add_conn(px, fd, now);
	}
	if (fd != TCP_ERROR)
		return;
	/* The connection stays in the queue, and would be ready for ever. */
	if (!px->said_full)
		log_warn("port %u: cannot accept, trying again",
		    px->conf.listen.port);
	px->said_full = true;
	px->listener.want = 0;
	alarm_set(px->conf.loop, &px->pause, now + ACCEPT_PAUSE);
}

static void
on_pause(void *arg, uint64_t now)
{
	struct proxy	*px = arg;

	(void)now;
	px->listener.want = IO_IN;
}

static void
start_listening(struct proxy *px, uint64_t now)
{
	char	 text[ADDR_TEXT];
	int	 fd = tcp_listen(&px->conf.listen, NULL);

	if (fd == -1) {
		if (!px->said_busy)
			log_warn("port %u: cannot listen on %s, trying again",
			    px->conf.listen.port,
			    addr_text(&px->conf.listen, text));
		px->said_busy = true;
		alarm_set(px->conf.loop, &px->alarm, now + RETRY_BIND);
		return;
	}
	px->listener.fd = fd;
	px->listener.want = IO_IN;
	if (loop_add(px->conf.loop, &px->listener) == -1) {
		tcp_close(fd);
		px->listener.fd = -1;
		alarm_set(px->conf.loop, &px->alarm, now + RETRY_BIND);
		return;
	}
	if (px->said_busy)
		log_info("port %u: listening now", px->conf.listen.port);
	px->said_busy = false;
}

static void
on_alarm(void *arg, uint64_t now)
{
	struct proxy	*px = arg;

	if (px->listener.fd == -1)
		start_listening(px, now);
	px->conf.touched(px->conf.arg);
}

struct proxy *
proxy_new(const struct proxy_conf *conf, uint64_t now)
{
	struct proxy	*px = calloc(1, sizeof(*px));

	if (px == NULL)
		return NULL;
	px->conf = *conf;
	px->listener = (struct io){ .fd = -1, .ready = on_listener,
	    .arg = px };
	px->alarm = (struct alarm){ .fire = on_alarm, .arg = px };
	px->pause = (struct alarm){ .fire = on_pause, .arg = px };
	start_listening(px, now);
	return px;
}

static void
free_gone(struct proxy *px)
{
	struct conn	**p = &px->conns, *c;

	while ((c = *p) != NULL) {
		if (c->state != GONE) {
			p = &c->next;
			continue;
		}
		*p = c->next;
		free(c);
	}
}

void
proxy_free(struct proxy *px)
{
	if (px == NULL)
		return;
	for (struct conn *c = px->conns; c != NULL; c = c->next)
		drop(c, tcp_reset);
	free_gone(px);
	alarm_clear(px->conf.loop, &px->alarm);
	alarm_clear(px->conf.loop, &px->pause);
	if (px->listener.fd != -1) {
		loop_del(px->conf.loop, &px->listener);
		tcp_close(px->listener.fd);
	}
	free(px);
}

bool
proxy_listening(const struct proxy *px)
{
	return px->listener.fd != -1;
}

bool
proxy_connected(const struct proxy *px)
{
	return px->owner != NULL;
}

void
proxy_write(struct proxy *px, uint64_t now, struct span data)
{
	ssize_t	 n;

	if (px->owner == NULL)
		return;
	n = tcp_write(px->owner->io.fd, data.p, data.n);
	if (n == TCP_ERROR)
		local_failed(px->owner, now);
	else
		link_wrote(px->conf.link, now, n > 0 ? (size_t)n : 0);
}

void
proxy_shut(struct proxy *px)
{
	if (px->owner != NULL)
		tcp_shutdown(px->owner->io.fd);
}

void
proxy_reset(struct proxy *px, uint64_t now)
{
	if (px->owner != NULL) {
		drop(px->owner, tcp_reset);
		return;
	}
	/* Nobody owns the link yet: whoever waits to must learn of it. */
	for (struct conn *c = px->conns; c != NULL; c = c->next)
		if (c->state == HELD) {
			drop(c, tcp_reset);
			break;
		}
	(void)now;
}

void
proxy_end(struct proxy *px, uint64_t now)
{
	(void)now;
	if (px->owner != NULL)
		drop(px->owner, tcp_close);
}

/* The one to attach: the first that spoke; else the first that has stayed. */
static struct conn *
candidate(struct proxy *px, uint64_t now)
{
	struct conn	*stayed = NULL;

	for (struct conn *c = px->conns; c != NULL; c = c->next) {
		if (c->state == HELD)
			return c;
		if (c->state != SILENT || stayed != NULL)
			continue;
		if (now >= c->since + PROBE_TIME)
			stayed = c;
		else if (px->listener.fd != -1)
			alarm_set(px->conf.loop, &px->alarm,
			    c->since + PROBE_TIME);
	}
	return stayed;
}

static void
attach_next(struct proxy *px, uint64_t now)
{
	struct conn	*c;

	if (px->owner != NULL || !link_attachable(px->conf.link))
		return;
	c = candidate(px, now);
	if (c == NULL)
		return;
	set_state(c, OWNER);
	px->owner = c;
	link_attach(px->conf.link, c->since);
	read_up(c, now);
	px->conf.touched(px->conf.arg);
}

void
proxy_update(struct proxy *px, uint64_t now)
{
	struct conn	*c;

	attach_next(px, now);
	free_gone(px);
	c = px->owner;
	if (c == NULL)
		return;
	c->io.want = 0;
	if (!c->eof && link_space(px->conf.link).n > 0)
		c->io.want |= IO_IN;
	if (link_pending(px->conf.link).n > 0)
		c->io.want |= IO_OUT;
	if (c->unacked)
		tcp_acknowledge(c->io.fd);
	c->unacked = false;
}
