#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/rng.h"
#include "net/clock.h"
#include "rpc/access.h"
#include "rpc/envelope.h"
#include "rpc/post.h"
#include "rpc/rpc.h"
#include "rpc/store.h"
#include "rpc/when.h"
#include "syft/key.h"

static int
refuse(const char **why, const char *reason)
{
	*why = reason;
	return -1;
}

/* Version 4, RFC 9562 section 5.4. */
void
post_uuid(struct rng *rng, char buf[POST_UUID])
{
	static const size_t	 groups[] = { 4, 2, 2, 2, 6 };
	uint8_t			 b[16];
	size_t			 at = 0;

	rng_bytes(rng, b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < 5; i++) {
		hex_encode(buf, b + at, groups[i]);
		buf += 2 * groups[i];
		at += groups[i];
		*buf++ = '-';
	}
	buf[-1] = '\0';
}

static const char *
trim(const char *s, char buf[EMAIL_MAX + 1])
{
	size_t	 n;

	s += strspn(s, " \t\r\n");
	n = strlen(s);
	while (n > 0 && strchr(" \t\r\n", s[n - 1]) != NULL)
		n--;
	if (n > EMAIL_MAX)
		n = EMAIL_MAX;
	memcpy(buf, s, n);
	buf[n] = '\0';
	return buf;
}

bool
post_is_self(const char *from, const char *to)
{
	char	 a[EMAIL_MAX + 1], b[EMAIL_MAX + 1];

	return same_party(trim(from, a), trim(to, b));
}

int
post_put(struct box *b, const char *owner, const char *other, const char *id,
    const char *suffix, const char *text, const char **why)
{
	const void	*p = text;
	uint8_t		*sealed = NULL;
	char		 path[PATH_MAX];
	size_t		 n = strlen(text);
	int		 rc;

	if (box_path(b, owner, false, id, suffix, path, sizeof(path)) == -1)
		return refuse(why, "the path is too long");
	if (b->encrypt != NULL) {
		p = sealed = box_encrypt(b, other, text, strlen(text), &n, why);
		if (sealed == NULL)
			return -1;
		if (envelope_classify(p, n, other) != ENVELOPE_MINE) {
			free(sealed);
			return refuse(why, "--encrypt-cmd wrote no envelope "
			    "for the recipient");
		}
	} else if (access_grant(b, owner, same_party(owner, b->me) ? other :
	    b->me, id, why) == -1)
		return -1;
	rc = store_path(path, p, n);
	if (rc == -1)
		*why = strerror(errno);
	free(sealed);
	return rc;
}

static char *
request_text(const struct box *b, const struct message *m)
{
	char		 url[PATH_MAX], *body = message_body(m), *text;
	struct rpc_new	 r = {
		.id = message_get(m, M_REQUEST), .sender = b->me, .url = url,
		.now_ms = clock_unix_ms(), .body = body,
	};

	if (body == NULL)
		return NULL;
	snprintf(url, sizeof(url), "syft://%s/app_data/%s/rpc/%s",
	    message_get(m, M_TO), b->app, b->endpoint);
	r.nbody = strlen(body);
	text = rpc_text(&r, RPC_REQUEST);
	free(body);
	return text;
}

static int
put_request(struct box *b, const struct message *m, const char **why)
{
	const char	*to = message_get(m, M_TO);
	char		*text = request_text(b, m);
	int		 rc;

	if (text == NULL)
		return refuse(why, "out of memory");
	if (strlen(text) > RPC_MAX)
		rc = refuse(why, "the request would be larger than 1 MiB");
	else
		rc = post_put(b, to, to, message_get(m, M_REQUEST),
		    ".request", text, why);
	free(text);
	return rc;
}

int
post_finish(struct box *b, struct spool *s, const struct message *m,
    const char **why)
{
	if (put_request(b, m, why) == -1)
		return -1;
	if (spool_move(s, STATE_DRAFT, STATE_SENT, message_name(m)) == 0)
		return 0;
	return refuse(why, strerror(errno));
}

int
post_fail(struct spool *s, enum message_state from, struct message *m)
{
	if (message_set(m, M_SYNC, "failed") != 0)
		return -1;
	return spool_change(s, from, message_name(m), m);
}

/* A request id once given stays: who gets it twice knows it by that. */
static int
mark_sent(struct message *m, struct rng *rng)
{
	char	 now[WHEN_TEXT], id[POST_UUID];
	int	 rc = 0;

	when_text(clock_unix_ms(), "+00:00", now);
	post_uuid(rng, id);
	if (message_get(m, M_REQUEST) == NULL)
		rc |= message_set(m, M_REQUEST, id);
	rc |= message_set(m, M_STATUS, "sent");
	rc |= message_set(m, M_SYNC, "syncing");
	rc |= message_set(m, M_SENT, now);
	if (message_note(m, MESSAGE_SEEN) != 0)
		rc |= message_set_note(m, MESSAGE_SEEN, 0);
	return rc;
}

int
post_send(struct box *b, struct spool *s, struct rng *rng,
    enum message_state from, struct message *m, const char **why)
{
	if (from != STATES && from != STATE_DRAFT &&
	    spool_move(s, from, STATE_DRAFT, message_name(m)) == -1)
		return refuse(why, strerror(errno));
	if (mark_sent(m, rng) != 0)
		return refuse(why, "out of memory");
	if (spool_put(s, STATE_DRAFT, message_name(m), m) == -1)
		return refuse(why, strerror(errno));
	if (post_finish(b, s, m, why) == 0)
		return 0;
	post_fail(s, STATE_DRAFT, m);
	return -1;
}
