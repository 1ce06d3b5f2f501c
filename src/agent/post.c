#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/dial.h"
#include "agent/post.h"
#include "agent/url.h"
#include "base/time.h"

enum { CONNECT_TIMEOUT = 10 * SEC };

struct post {
	struct post_conf	 conf;
	struct dial		*dial;
	char			*out;
	size_t			 nout, sent;
	char			 in[POST_ANSWER_MAX + 1];
	size_t			 nin;
	bool			 done;
};

static void
finish(struct post *p, uint64_t now, int status, const char *body, size_t n,
    const char *why)
{
	if (p->done)
		return;
	p->done = true;
	p->conf.done(p->conf.arg, now, status, body, n, why);
}

/* A header's value in the answer's head; NULL: absent. */
static const char *
header(const char *head, const char *name)
{
	const char	*line = strstr(head, "\r\n");
	size_t		 n = strlen(name);

	for (; line != NULL; line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':')
			return line + 2 + n + 1 + strspn(line + 3 + n, " \t");
	return NULL;
}

/* Is the whole answer there? We asked for HTTP/1.0: no chunks, then the end. */
static void
look(struct post *p, uint64_t now, bool ended)
{
	const char	*length;
	char		*body;
	size_t		 n;
	int		 status;

	p->in[p->nin] = '\0';
	body = strstr(p->in, "\r\n\r\n");
	if (body == NULL) {
		if (ended)
			finish(p, now, 0, NULL, 0, "no answer");
		return;
	}
	body[2] = '\0';
	body += 4;
	n = p->nin - (size_t)(body - p->in);
	length = header(p->in, "Content-Length");
	if (!ended && (length == NULL || n < strtoul(length, NULL, 10))) {
		body[-2] = '\r';
		return;
	}
	if (sscanf(p->in, "HTTP/1.%*1[01] %3d", &status) != 1)
		finish(p, now, 0, NULL, 0, "not an HTTP answer");
	else
		finish(p, now, status, body, n, NULL);
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
	if (n > POST_ANSWER_MAX - p->nin) {
		finish(p, now, 0, NULL, 0, "the answer is too long");
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

	if (p->nin > 0)
		look(p, now, true);
	finish(p, now, 0, NULL, 0, why);
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
	*n = (size_t)snprintf(text, cap, "POST %s%s HTTP/1.0\r\nHost: %s\r\n"
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
	p->dial = p->out != NULL ? dial_new(&dial, now) : NULL;
	if (p->dial == NULL) {
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
	free(p->out);
	free(p);
}
