#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/dial.h"
#include "agent/framed.h"
#include "base/bytes.h"
#include "base/time.h"
#include "crypto/tls.h"

enum {
	HEADER = 20,			/* of STUN */
	CHANNEL_HEADER = 4,
	LONGEST = 65536 + HEADER,
	OUT = 256 << 10,		/* not yet written */
	/* and of requests: more than all of one allocation at a time */
	REQUESTS = 64 << 10,
	TIMEOUT = 10 * SEC,
};

struct framed {
	struct framed_conf	 conf;
	struct tls_client_conf	 tls;
	char			 host[256], name[256];
	struct dial		*dial;
	bool			 dead;
	uint8_t			 in[LONGEST], out[OUT + REQUESTS];
	size_t			 nin, nout;
};

size_t
framed_length(const uint8_t *p, size_t n)
{
	size_t	 len;

	if (n < 4)
		return n > 0 && p[0] > 0x7f ? SIZE_MAX : 0;
	len = (size_t)p[2] << 8 | p[3];
	if (p[0] < 0x40)
		return len % 4 == 0 ? HEADER + len : SIZE_MAX;
	if (p[0] > 0x7f)
		return SIZE_MAX;
	return CHANNEL_HEADER + (len + 3) / 4 * 4;
}

static void
on_up(void *arg, uint64_t now)
{
	struct framed	*f = arg;

	f->conf.up(f->conf.arg, now);
}

static void
on_closed(void *arg, uint64_t now, const char *why)
{
	struct framed	*f = arg;

	if (f->dead)
		return;
	f->dead = true;
	f->conf.closed(f->conf.arg, now, why);
}

/* The whole messages at the start of what is there. */
static void
take_messages(struct framed *f, uint64_t now)
{
	size_t	 at = 0, n;

	while (!f->dead) {
		n = framed_length(f->in + at, f->nin - at);
		if (n == SIZE_MAX) {
			on_closed(f, now, "no TURN message begins so");
			return;
		}
		if (n == 0 || n > f->nin - at)
			break;
		f->conf.message(f->conf.arg, now, f->in + at, n);
		at += n;
	}
	memmove(f->in, f->in + at, f->nin - at);
	f->nin -= at;
}

static void
on_input(void *arg, uint64_t now, const uint8_t *p, size_t n)
{
	struct framed	*f = arg;
	size_t		 m;

	for (; n > 0 && !f->dead; p += m, n -= m) {
		m = n < LONGEST - f->nin ? n : LONGEST - f->nin;
		memcpy(f->in + f->nin, p, m);
		f->nin += m;
		take_messages(f, now);
	}
}

static bool
wants_input(void *arg)
{
	const struct framed	*f = arg;

	return !f->dead;
}

static struct span
output(void *arg)
{
	struct framed	*f = arg;

	return (struct span){ f->out, f->nout };
}

static void
on_sent(void *arg, size_t n)
{
	struct framed	*f = arg;

	memmove(f->out, f->out + n, f->nout - n);
	f->nout -= n;
}

static const struct dial_user	 user = {
	.up = on_up, .input = on_input, .wants_input = wants_input,
	.output = output, .sent = on_sent, .closed = on_closed,
};

struct framed *
framed_new(const struct framed_conf *conf, uint64_t now)
{
	struct framed		*f = malloc(sizeof(*f));
	struct dial_conf	 dial = {
		.loop = conf->loop, .resolver = conf->resolver,
		.port = conf->port, .rng = conf->rng, .timeout = TIMEOUT,
		.user = &user, .arg = f,
	};

	if (f == NULL)
		return NULL;
	memset(f, 0, offsetof(struct framed, in));
	f->nin = f->nout = 0;
	f->conf = *conf;
	snprintf(f->host, sizeof(f->host), "%s", conf->host);
	snprintf(f->name, sizeof(f->name), "%s", conf->name != NULL ?
	    conf->name : conf->host);
	f->tls.name = f->name;
	f->tls.trust = conf->trust;
	dial.host = f->host;
	dial.tls = conf->tls ? &f->tls : NULL;
	f->dial = dial_new(&dial, now);
	if (f->dial != NULL)
		return f;
	free(f);
	return NULL;
}

void
framed_free(struct framed *f)
{
	if (f == NULL)
		return;
	dial_free(f->dial);
	free(f);
}

bool
framed_is_orphan(const struct framed *f)
{
	return !f->dead && dial_is_orphan(f->dial);
}

/* RFC 8489 5: neither a channel's, nor an indication or an answer. */
static bool
is_request(const uint8_t *p, size_t n)
{
	return n >= 2 && p[0] < 0x40 && (p[0] & 1) == 0 && (p[1] & 0x10) == 0;
}

bool
framed_put(struct framed *f, uint64_t now, const void *bytes, size_t n)
{
	bool	 request = is_request(bytes, n);
	size_t	 whole = (n + 3) / 4 * 4, room = request ? OUT + REQUESTS : OUT;

	if (f->dead)
		return false;
	if (f->nout + whole > room) {
		if (request)
			on_closed(f, now, "the server takes nothing any more");
		return false;
	}
	memcpy(f->out + f->nout, bytes, n);
	memset(f->out + f->nout + n, 0, whole - n);
	f->nout += whole;
	return true;
}

void
framed_pump(struct framed *f, uint64_t now)
{
	if (!f->dead)
		dial_pump(f->dial, now);
}
