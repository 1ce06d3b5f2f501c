/*
 * renew.c decides; here are the request, the config file and what the operator
 * reads. A refresh that failed does not keep us from connecting without a
 * token: a server without authentication wants none.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/bearer.h"
#include "agent/post.h"
#include "agent/renew.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "net/clock.h"
#include "net/file.h"

struct bearer {
	struct bearer_conf	 conf;
	struct renew		 renew;
	struct post		*post;
	bool			 over;		/* it may be freed */
	char			 said[RENEW_WHY];	/* once per change */
};

struct bearer *
bearer_new(const struct bearer_conf *conf)
{
	struct bearer	*b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->conf = *conf;
	renew_init(&b->renew, conf->email, conf->access, conf->refresh);
	return b;
}

void
bearer_free(struct bearer *b)
{
	if (b == NULL)
		return;
	post_free(b->post);
	wipe(&b->renew, sizeof(b->renew));
	free(b);
}

const char *
bearer_access(const struct bearer *b)
{
	return renew_access(&b->renew);
}

static uint64_t
unix_time(void)
{
	return clock_unix_ms() / 1000;
}

static void
say(struct bearer *b)
{
	const char	*why = b->renew.why;

	if (strcmp(why, b->said) == 0)
		return;
	if (why[0] != '\0')
		log_warnx("token: %s", why);
	else
		log_info("token: %s", b->post != NULL ? "refreshed" :
		    "valid after all, by the clock");
	memcpy(b->said, why, sizeof(b->said));
}

/* What else is in the file stays, and so does its mode. */
static void
keep(const struct bearer *b)
{
	const char	*file = b->conf.config;
	char		*old, *new = NULL;
	size_t		 n;

	if (file == NULL)
		return;
	errno = 0;
	old = file_read(file, CONFIG_MAX, &n);
	if (old != NULL)
		new = config_rotated(old, n, b->renew.refresh);
	if (new == NULL || file_replace(file, new, strlen(new)) == -1)
		log_warn("config file %s: the new refresh token is not kept",
		    file);
	if (new != NULL)
		wipe(new, strlen(new));
	if (old != NULL)
		wipe(old, n);
	free(new);
	free(old);
}

static void
on_answer(void *arg, uint64_t now, int status, const char *body, size_t n,
    const char *why)
{
	struct bearer	*b = arg;

	(void)now;
	b->over = true;
	if (renew_answer(&b->renew, unix_time(), status, body, n, why))
		keep(b);
	say(b);
}

static void
ask(struct bearer *b, uint64_t now)
{
	uint8_t			 body[TOKEN_MAX + 64];
	struct wr		 w = wr_of(body, sizeof(body));
	struct post_conf	 conf = {
		.loop = b->conf.loop, .resolver = b->conf.resolver,
		.rng = b->conf.rng, .url = b->conf.url, .tls = b->conf.tls,
		.path = "/auth/refresh", .body = (const char *)body,
		.done = on_answer, .arg = b,
	};

	token_refresh_request(&w, b->renew.refresh);
	wr_u8(&w, '\0');
	log_debug("token: asking for another");
	b->over = false;
	b->post = post_new(&conf, now);
	wipe(body, sizeof(body));
}

bool
bearer_ready(struct bearer *b, uint64_t now)
{
	if (b->post != NULL && !b->over)
		return false;
	post_free(b->post);
	b->post = NULL;
	if (renew_due(&b->renew, now, unix_time()))
		ask(b, now);
	else
		say(b);
	return b->post == NULL;
}

void
bearer_refused(struct bearer *b)
{
	renew_refused(&b->renew);
}
