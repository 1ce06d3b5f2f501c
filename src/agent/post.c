#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/dial.h"
#include "agent/post.h"
#include "agent/url.h"
#include "crypto/hash.h"
#include "net/loop.h"
#include "ws/http.h"

enum {
	CONNECT_TIMEOUT = 10 * SEC,
	ANSWER_TIMEOUT = 20 * SEC,	/* for all of it */
};

struct post {
	struct post_conf	 conf;
	struct dial		*dial;
	struct alarm		 alarm;
	char			*out;
	size_t			 nout, sent;
	uint8_t			 in[POST_ANSWER_MAX];
	size_t			 nin;
	bool			 done;
};

/* A length that is no number, or more than we keep, is SIZE_MAX. */
static size_t
content_length(const char *s)
{
	size_t	 v = 0;

	if (*s == '\0')
		return SIZE_MAX;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9' || v > POST_ANSWER_MAX)
			return SIZE_MAX;
		v = v * 10 + (size_t)(*s - '0');
	}
	return v;
}

/* Where the body ends (RFC 9112 6.3); n: the bytes of it that are there. */
static int
measure(const struct http *h, struct span *body, bool ended)
{
	const char	*length = http_header(h, "Content-Length");
	size_t		 want;
	int		 all;

	if (http_has_token(h, "Transfer-Encoding", "chunked")) {
		all = http_dechunk(body->p, &body->n);
		return all == 0 && ended ? -1 : all;
	}
	if (length == NULL)
		return ended;
	want = content_length(length);
	if (want == SIZE_MAX || http_count(h, "Content-Length") != 1)
		return -1;
	if (body->n < want)
		return ended ? -1 : 0;
	body->n = want;
	return 1;
}

int
post_parse(uint8_t *p, size_t n, bool ended, int *status, struct span *body)
{
	struct http	 h;
	size_t		 head = http_head_end(p, 0, n);
	int		 all = -1;

	if (head == 0)
		return ended ? -1 : 0;
	if (http_response(&h, p, head) == 0) {
		*status = h.status;
		*body = (struct span){ p + head, n - head };
		all = measure(&h, body, ended);
	}
	http_fini(&h);
	return all;
}

static void
finish(struct post *p, uint64_t now, int status, struct span body,
    const char *why)
{
	if (p->done)
		return;
	p->done = true;
	alarm_clear(p->conf.loop, &p->alarm);
	p->conf.done(p->conf.arg, now, status, (const char *)body.p, body.n,
	    why);
}

static void
fail(struct post *p, uint64_t now, const char *why)
{
	finish(p, now, 0, (struct span){ NULL, 0 }, why);
}

static void
look(struct post *p, uint64_t now, bool ended)
{
	struct span	 body;
	int		 status, all;

	all = post_parse(p->in, p->nin, ended, &status, &body);
	if (all == 1)
		finish(p, now, status, body, NULL);
	else if (all == -1)
		fail(p, now, ended ? "the answer was cut off" :
		    "not an HTTP answer");
}

static void
on_up(void *arg, uint64_t now)
{
	(void)arg;
	(void)now;
}

static void
on_input(void *arg, uint64_t now, const uint8_t *bytes, size_t n)
{
	struct post	*p = arg;

	if (p->done)
		return;
	if (n > sizeof(p->in) - p->nin) {
		fail(p, now, "the answer is too long");
		return;
	}
	memcpy(p->in + p->nin, bytes, n);
	p->nin += n;
	look(p, now, false);
}

static bool
wants_input(void *arg)
{
	return !((struct post *)arg)->done;
}

static struct span
output(void *arg)
{
	struct post	*p = arg;
	struct span	 s = { (uint8_t *)p->out + p->sent, p->nout - p->sent };

	return s;
}

static void
sent(void *arg, size_t n)
{
	((struct post *)arg)->sent += n;
}

static void
on_closed(void *arg, uint64_t now, const char *why)
{
	struct post	*p = arg;

	if (p->nin > 0 && !p->done)
		look(p, now, true);
	fail(p, now, why);
}

static void
on_alarm(void *arg, uint64_t now)
{
	fail(arg, now, "no answer in time");
}

static const struct dial_user	 dial_user = {
	.up = on_up, .input = on_input, .wants_input = wants_input,
	.output = output, .sent = sent, .closed = on_closed,
};

static char *
request(const struct post_conf *c, size_t *n)
{
	size_t	 cap = strlen(c->url->path) + strlen(c->path) +
	    strlen(c->url->authority) + strlen(c->body) + 256;
	char	*text = malloc(cap);

	if (text == NULL)
		return NULL;
	*n = (size_t)snprintf(text, cap, "POST %s%s HTTP/1.1\r\nHost: %s\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n%s", c->url->path, c->path,
	    c->url->authority, strlen(c->body), c->body);
	return text;
}

struct post *
post_new(const struct post_conf *conf, uint64_t now)
{
	struct post		*p = calloc(1, sizeof(*p));
	struct dial_conf	 dial = {
		.loop = conf->loop, .resolver = conf->resolver,
		.rng = conf->rng, .host = conf->url->host,
		.port = conf->url->port,
		.tls = conf->url->tls ? conf->tls : NULL,
		.timeout = CONNECT_TIMEOUT, .user = &dial_user, .arg = p,
	};

	if (p == NULL)
		return NULL;
	p->conf = *conf;
	p->out = request(conf, &p->nout);
	p->alarm = (struct alarm){ .fire = on_alarm, .arg = p };
	p->dial = p->out != NULL ? dial_new(&dial, now) : NULL;
	if (p->dial == NULL ||
	    alarm_set(conf->loop, &p->alarm, now + ANSWER_TIMEOUT) == -1) {
		post_free(p);
		return NULL;
	}
	return p;
}

void
post_free(struct post *p)
{
	if (p == NULL)
		return;
	dial_free(p->dial);
	alarm_clear(p->conf.loop, &p->alarm);
	if (p->out != NULL)
		wipe(p->out, p->nout);
	free(p->out);
	wipe(p->in, p->nin);
	free(p);
}
