#include <stdlib.h>

#include "agent/datagrams.h"
#include "base/log.h"
#include "net/dgram.h"
#include "net/loop.h"
#include "session/party.h"

enum {
	RETRY_BIND = 1 * SEC,
	READS = 128,		/* per turn; the kernel keeps, or drops, more */
};

struct datagrams {
	struct datagrams_conf	 conf;
	struct io		 io;
	struct alarm		 alarm;		/* bind again */
	bool			 said_busy;
	struct addr		 to, to_rtcp;	/* family 0: nobody yet */
	struct datagrams_stats	 st;
	uint8_t			 bytes[DGRAM_LONGEST];
};

/* RFC 5761 4: the packet types that no payload type may look like. */
static bool
is_rtcp(const uint8_t *p, size_t n)
{
	return n > 1 && p[1] >= 192 && p[1] <= 223;
}

static void
on_ready(void *arg, unsigned got, uint64_t now)
{
	struct datagrams	*d = arg;
	struct addr		 from;
	uint32_t		 lost = (uint32_t)d->st.lost;
	ssize_t			 n;

	(void)got;
	for (int i = 0; i < READS; i++) {
		n = dgram_recv(d->io.fd, d->bytes, sizeof(d->bytes), &from,
		    &lost);
		if (n == DGRAM_AGAIN)
			break;
		if (n == DGRAM_ERROR)
			continue;	/* of an earlier send: it is gone */
		d->st.received++;
		if (d->conf.rtp && is_rtcp(d->bytes, (size_t)n))
			d->to_rtcp = from;
		else if (d->conf.deliver == 0)
			d->to = from;
		link_datagram(d->conf.link, now, d->bytes, (size_t)n);
	}
	/* The kernel's count is of 32 bits, and wraps. */
	d->st.lost += (uint32_t)(lost - (uint32_t)d->st.lost);
	d->conf.touched(d->conf.arg);
}

static void
start_listening(struct datagrams *d, uint64_t now)
{
	char	 text[ADDR_TEXT];

	d->io.fd = dgram_open(&d->conf.listen);
	d->io.want = IO_IN;
	if (d->io.fd != -1 && loop_add(d->conf.loop, &d->io) == 0) {
		if (d->said_busy)
			log_info("port %u: listening now",
			    d->conf.listen.port);
		return;
	}
	if (!d->said_busy)
		log_warn("port %u: cannot listen on %s, trying again",
		    d->conf.listen.port, addr_text(&d->conf.listen, text));
	d->said_busy = true;
	if (d->io.fd != -1)
		dgram_close(d->io.fd);
	d->io.fd = -1;
	alarm_set(d->conf.loop, &d->alarm, now + RETRY_BIND);
}

static void
on_alarm(void *arg, uint64_t now)
{
	start_listening(arg, now);
}

struct datagrams *
datagrams_new(const struct datagrams_conf *conf, uint64_t now)
{
	struct datagrams	*d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->conf = *conf;
	d->io = (struct io){ .fd = -1, .ready = on_ready, .arg = d };
	d->alarm = (struct alarm){ .fire = on_alarm, .arg = d };
	if (conf->deliver != 0) {
		d->to = conf->listen;
		d->to.port = conf->deliver;
	}
	start_listening(d, now);
	return d;
}

void
datagrams_free(struct datagrams *d)
{
	if (d == NULL)
		return;
	alarm_clear(d->conf.loop, &d->alarm);
	if (d->io.fd != -1) {
		loop_del(d->conf.loop, &d->io);
		dgram_close(d->io.fd);
	}
	free(d);
}

bool
datagrams_listening(const struct datagrams *d)
{
	return d->io.fd != -1;
}

bool
datagrams_connected(const struct datagrams *d)
{
	return d->io.fd != -1 && d->to.family != 0;
}

void
datagrams_write(struct datagrams *d, struct span s)
{
	const struct addr	*to = &d->to;

	if (d->conf.rtp && d->conf.deliver == 0 && d->to_rtcp.family != 0 &&
	    (is_rtcp(s.p, s.n) || to->family == 0))
		to = &d->to_rtcp;
	if (d->io.fd == -1 || to->family == 0)
		d->st.unheard++;
	else if (dgram_send(d->io.fd, to, s.p, s.n) == -1)
		d->st.refused++;
	else
		d->st.delivered++;
}

void
datagrams_stats(const struct datagrams *d, struct datagrams_stats *st)
{
	*st = d->st;
}
