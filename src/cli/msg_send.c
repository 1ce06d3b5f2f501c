/* hotlink msg send and retry. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/log.h"
#include "base/utf8.h"
#include "cli/cmd.h"
#include "cli/msg.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "net/clock.h"
#include "net/file.h"
#include "rpc/post.h"
#include "rpc/when.h"
#include "syft/key.h"

static struct rng *
random_numbers(void)
{
	struct rng	*rng = rng_new();

	if (rng == NULL)
		fatalx("msg: no random bytes");
	return rng;
}

static char *
read_stdin(size_t *n)
{
	char	*p = malloc(MESSAGE_BODY + 2);

	if (p == NULL)
		fatalx("msg: out of memory");
	*n = fread(p, 1, MESSAGE_BODY + 1, stdin);
	if (ferror(stdin))
		fatal("standard input");
	p[*n] = '\0';
	return p;
}

static char *
read_body(void)
{
	size_t	 n;
	char	*p;

	if (strcmp(msg.body, "-") == 0)
		p = read_stdin(&n);
	else if (msg.body[0] == '@') {
		p = file_read(msg.body + 1, MESSAGE_BODY, &n);
		if (p == NULL)
			fatal("%s", msg.body + 1);
	} else {
		p = strdup(msg.body);
		if (p == NULL)
			fatalx("msg: out of memory");
		n = strlen(p);
	}
	if (n > MESSAGE_BODY)
		fatalx("msg: the body is larger than 512 KiB");
	if (strlen(p) != n || !utf8_valid(p, n))
		fatalx("msg: the body is not text in UTF-8");
	return p;
}

static bool
is_short_text(const char *s)
{
	return s == NULL || (strlen(s) <= MESSAGE_TEXT &&
	    utf8_valid(s, strlen(s)));
}

static bool
is_json_object(const char *s)
{
	json_t	*v = json_loads(s, JSON_REJECT_DUPLICATES, NULL);
	bool	 is = json_is_object(v);

	json_decref(v);
	return is && strlen(s) <= MESSAGE_BODY / 4;
}

static void
trim(const char *s, char buf[EMAIL_MAX + 1])
{
	size_t	 n;

	s += strspn(s, " \t\r\n");
	n = strlen(s);
	while (n > 0 && strchr(" \t\r\n", s[n - 1]) != NULL)
		n--;
	n = n <= EMAIL_MAX ? n : 0;
	memcpy(buf, s, n);
	buf[n] = '\0';
}

static int
check_send(const struct command *c, char *from, char *to)
{
	if (msg.from == NULL)
		msg.from = msg.box.me;
	if (msg.from == NULL)
		return options_misuse(c, "give --from or --email");
	if (msg.box.me == NULL)
		msg.box.me = msg.from;
	trim(msg.from, from);
	trim(msg.to, to);
	if (!email_valid(from))
		return options_misuse(c, "option --from: not an email");
	if (!email_valid(to))
		return options_misuse(c, "option --to: not an email");
	if (!post_is_self(msg.from, msg.box.me))
		return options_misuse(c, "options --from and --email name two "
		    "parties");
	if (!is_short_text(msg.subject) || !is_short_text(msg.thread) ||
	    !is_short_text(msg.type))
		return options_misuse(c, "a subject, thread or type is longer "
		    "than 1 KiB or not UTF-8");
	if (msg.meta != NULL && !is_json_object(msg.meta))
		return options_misuse(c, "option --meta: not a JSON object");
	msg.box.me = msg.from = from;
	msg.to = to;
	return OPTIONS_RUN;
}

static void
fill(struct message *m, const char *id, const char *body)
{
	char	 now[WHEN_TEXT];
	int	 rc;

	when_text(clock_unix_ms(), "+00:00", now);
	rc = message_init(m);
	if (rc == 0)
		rc = message_set(m, M_ID, id) |
		    message_set(m, M_FROM, msg.from) |
		    message_set(m, M_TO, msg.to) |
		    message_set(m, M_SUBJECT, msg.subject) |
		    message_set(m, M_BODY, body) |
		    message_set(m, M_THREAD, msg.thread) |
		    message_set(m, M_TYPE, msg.type) |
		    message_set(m, M_METADATA, msg.meta) |
		    message_set(m, M_STATUS, "draft") |
		    message_set(m, M_SYNC, "local") |
		    message_set(m, M_CREATED, now);
	if (rc != 0)
		fatalx("msg: out of memory");
}

/*
 * A blocked message has an id made of what it says, so that the same one sent
 * again is known, whoever sends it.
 */
static void
blocked_id(const char *body, char id[POST_UUID])
{
	static const size_t	 groups[] = { 4, 2, 2, 2, 6 };
	const char		*part[] = { msg.from, msg.subject, body,
				     msg.thread, msg.type, msg.meta };
	enum { PARTS = sizeof(part) / sizeof(part[0]) };
	uint8_t			 sum[PARTS][32], all[32];
	size_t			 at = 0;

	for (size_t i = 0; i < PARTS; i++)
		sha256(sum[i], part[i] != NULL ? part[i] : "\1",
		    part[i] != NULL ? strlen(part[i]) : 1);
	sha256(all, sum, sizeof(sum));
	all[6] = (uint8_t)((all[6] & 0x0f) | 0x80);	/* version 8 */
	all[8] = (uint8_t)((all[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < 5; i++) {
		hex_encode(id, all + at, groups[i]);
		id += 2 * groups[i];
		at += groups[i];
		*id++ = '-';
	}
	id[-1] = '\0';
}

static void
say_blocked(const struct message *m)
{
	fprintf(stderr, "Blocked self-send replay for message %s (from/to = "
	    "%s)\n", msg_text(m, M_ID), msg_text(m, M_FROM));
}

/* A message to oneself would come back for ever: it fails here, told once. */
static int
block(struct spool *s, const char *body)
{
	struct message	 m;
	char		 id[POST_UUID];

	blocked_id(body, id);
	if (spool_find(s, id) != STATES)
		return STATUS_FAILED;
	fill(&m, id, body);
	if (message_set(&m, M_SYNC, "failed") != 0 ||
	    spool_put(s, STATE_FAILED, id, &m) == -1)
		msg_complain(msg.spool, strerror(errno));
	say_blocked(&m);
	message_fini(&m);
	return STATUS_FAILED;
}

static int
send_new(struct spool *s, const char *body)
{
	struct rng	*rng = random_numbers();
	const char	*why;
	struct message	 m;
	char		 id[POST_UUID];
	int		 rc;

	post_uuid(rng, id);
	fill(&m, id, body);
	rc = post_send(&msg.box, s, rng, STATES, &m, &why);
	if (rc == 0)
		printf("%s\n", id);
	else
		msg_complain(id, why);
	message_fini(&m);
	rng_free(rng);
	return rc == 0 ? STATUS_OK : STATUS_FAILED;
}

int
msg_send(const struct command *c, int argc, char **argv)
{
	static char	 from[EMAIL_MAX + 1], to[EMAIL_MAX + 1];
	struct spool	*s;
	const char	*why;
	char		*body;
	int		 status = check_send(c, from, to);

	(void)argc;
	(void)argv;
	if (status != OPTIONS_RUN)
		return status;
	if (!box_valid(&msg.box, &why))
		return options_misuse(c, "%s", why);
	body = read_body();
	s = msg_spool_locked();
	status = post_is_self(from, to) ? block(s, body) : send_new(s, body);
	spool_close(s);
	free(body);
	return status;
}

static int
retry(struct spool *s, enum message_state at, struct message *m)
{
	struct rng	*rng;
	const char	*why;
	int		 rc;

	if (message_is_failure(m) || message_get(m, M_RECEIVED) != NULL ||
	    (at != STATE_DRAFT && at != STATE_FAILED)) {
		msg_complain(msg_text(m, M_ID), "only what is a draft or "
		    "failed can be sent");
		return STATUS_FAILED;
	}
	if (!post_is_self(msg_text(m, M_FROM), msg.box.me)) {
		msg_complain(msg_text(m, M_ID), "it is from another party");
		return STATUS_FAILED;
	}
	if (post_is_self(msg_text(m, M_FROM), msg_text(m, M_TO))) {
		if (strcmp(msg_text(m, M_SYNC), "failed") != 0) {
			post_fail(s, at, m);
			say_blocked(m);
		}
		return STATUS_FAILED;
	}
	rng = random_numbers();
	rc = post_send(&msg.box, s, rng, at, m, &why);
	if (rc == -1)
		msg_complain(msg_text(m, M_ID), why);
	rng_free(rng);
	return rc == 0 ? STATUS_OK : STATUS_FAILED;
}

int
msg_retry(const struct command *c, int argc, char **argv)
{
	struct spool		*s;
	struct msg_search		 found;
	struct message		 m;
	enum message_state	 at;
	int			 status = msg_need_email(c);

	if (status != OPTIONS_RUN)
		return status;
	if (argc != 1)
		return options_misuse(c, "give one id");
	s = msg_spool_locked();
	status = STATUS_FAILED;
	at = msg_fetch(s, argv[0], &found, &m);
	if (at != STATES) {
		status = retry(s, at, &m);
		message_fini(&m);
	}
	spool_close(s);
	return status;
}
