#include <stdlib.h>

#include "agent/names.h"
#include "base/log.h"
#include "base/time.h"
#include "ice/mdns.h"
#include "net/loop.h"
#include "net/multicast.h"

enum { ROOM = 64 << 10 };	/* of every question there can be */

struct ear {
	struct names	*names;
	struct io	 io;
};

struct names {
	struct names_conf	 conf;
	struct mdns		*mdns;
	struct batch		 tx;
	struct multicast	*mc;		/* NULL: nothing is asked */
	struct ear		 ear[MULTICAST_FDS];
	size_t			 nears;
	uint64_t		 now;		/* of what is being read */
	struct names_stats	 stats;
};

struct names *
names_new(const struct names_conf *conf)
{
	struct names	*n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->conf = *conf;
	n->mdns = mdns_new(conf->rng);
	if (n->mdns != NULL && batch_init(&n->tx, ROOM) == 0)
		return n;
	mdns_free(n->mdns);
	free(n);
	return NULL;
}

static void
close_sockets(struct names *n)
{
	for (size_t i = 0; i < n->nears; i++)
		loop_del(n->conf.loop, &n->ear[i].io);
	n->nears = 0;
	multicast_close(n->mc);
	n->mc = NULL;
}

void
names_free(struct names *n)
{
	if (n == NULL)
		return;
	close_sockets(n);
	mdns_free(n->mdns);
	batch_fini(&n->tx);
	free(n);
}

static void
on_message(void *arg, const uint8_t *p, size_t len)
{
	struct names	*n = arg;

	mdns_input(n->mdns, n->now, p, len);
}

static void
on_ready(void *arg, unsigned got, uint64_t now)
{
	struct ear	*e = arg;

	(void)got;
	e->names->now = now;
	multicast_recv(e->names->mc, e->io.fd, on_message, e->names);
}

/* On which links may have changed since the last name. */
static void
open_sockets(struct names *n)
{
	struct addr	 group4 = mdns_group(4), group6 = mdns_group(6);
	int		 fd[MULTICAST_FDS];
	size_t		 nfds;

	n->mc = multicast_open(&group4, &group6, n->conf.hosts,
	    *n->conf.nhosts);
	nfds = n->mc != NULL ? multicast_fds(n->mc, fd) : 0;
	for (size_t i = 0; i < nfds; i++) {
		n->ear[i].names = n;
		n->ear[i].io = (struct io){ .fd = fd[i], .want = IO_IN,
		    .ready = on_ready, .arg = &n->ear[i] };
		if (loop_add(n->conf.loop, &n->ear[i].io) == -1)
			break;
		n->nears++;
	}
}

void
names_ask(struct names *n, uint64_t now, const char *name)
{
	if (mdns_ask(n->mdns, now, name) == -1) {
		log_debug("mdns: a candidate's name is not looked up");
		return;
	}
	n->stats.asked++;
	if (n->mc == NULL)
		open_sockets(n);
}

static void
tell(struct names *n, uint64_t now, const struct mdns_event *ev)
{
	char	 text[ADDR_TEXT];

	n->stats.resolved += ev->addr.family != 0;
	log_debug("mdns: %s: %s", ev->name, ev->addr.family != 0 ?
	    addr_ip_text(&ev->addr, text) : "nobody knows it");
	n->conf.found(n->conf.arg, now, ev->name, &ev->addr);
}

uint64_t
names_turn(struct names *n, uint64_t now)
{
	struct mdns_event	 ev;

	mdns_tick(n->mdns, now, &n->tx);
	if (n->mc != NULL)
		multicast_send(n->mc, &n->tx);
	batch_reset(&n->tx);
	while (mdns_event(n->mdns, &ev))
		tell(n, now, &ev);
	if (n->mc != NULL && !mdns_waits(n->mdns))
		close_sockets(n);
	return mdns_deadline(n->mdns);
}

void
names_stats(const struct names *n, struct names_stats *st)
{
	*st = n->stats;
}
