/* hotlink msg list, show, import and export. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/cmd.h"
#include "cli/msg.h"
#include "net/clock.h"
#include "rpc/when.h"

/* Somebody else's text: no control character reaches the terminal. */
static void
print_text(const char *s, bool lines)
{
	const unsigned char	*p = (const unsigned char *)s;

	for (; *p != '\0'; p++)
		if (lines && (*p == '\n' || *p == '\t'))
			putchar(*p);
		else if (*p < ' ' || *p == 0x7f)
			printf("\\x%02x", *p);
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			printf("\\x%02x", *++p);
		else
			putchar(*p);
}

static int
print_line(void *arg, const char *name, struct message *m)
{
	const char	*state = state_name(*(const enum message_state *)arg);
	bool		 failure = message_is_failure(m);

	/* A move that was interrupted: the contents are right. */
	if (!failure && message_state(m) != STATES &&
	    *(const enum message_state *)arg != STATE_DRAFT)
		state = state_name(message_state(m));
	printf("%s\t%s\t%s\t", state, name, msg_text(m, M_CREATED));
	if (failure)
		printf("\t\t%s\n", message_failure(m));
	else {
		printf("%s\t%s\t", msg_text(m, M_FROM), msg_text(m, M_TO));
		print_text(msg_text(m, M_SUBJECT), false);
		putchar('\n');
	}
	return 0;
}

static int
print_row(void *arg, const char *name, struct message *m)
{
	(void)arg;
	(void)name;
	if (json_dumpf(m->json, stdout, JSON_COMPACT) == -1)
		return 1;
	putchar('\n');
	return 0;
}

int
msg_list(const struct command *c, int argc, char **argv)
{
	struct spool		*s = msg_spool();
	enum message_state	 i;
	int			 rc = 0;

	(void)c;
	(void)argc;
	(void)argv;
	for (i = 0; i < STATES && rc == 0; i++)
		if (!msg.has_state || msg.which == i)
			rc = spool_each(s, i, msg.json ? print_row :
			    print_line, &i);
	if (rc == 0 && spool_foreign(s) > 0)
		fprintf(stderr, "hotlink msg: %s: %llu files are no messages\n",
		    msg.spool, (unsigned long long)spool_foreign(s));
	spool_close(s);
	return rc == 0 ? STATUS_OK : STATUS_FAILED;
}

static int
has_id(void *arg, const char *name, struct message *m)
{
	struct msg_search	*s = arg;

	if (strcmp(msg_text(m, M_ID), s->id) != 0)
		return 0;
	snprintf(s->name, sizeof(s->name), "%s", name);
	return 1;
}

/* By the name of its file, which is quick, or by its message id. */
static enum message_state
find(struct spool *s, const char *id, struct msg_search *found)
{
	enum message_state	 at = spool_find(s, id);

	found->id = id;
	if (at != STATES) {
		snprintf(found->name, sizeof(found->name), "%s", id);
		return at;
	}
	for (at = 0; at < STATES; at++)
		if (spool_each(s, at, has_id, found) == 1)
			break;
	return at;
}

enum message_state
msg_fetch(struct spool *s, const char *id, struct msg_search *found,
    struct message *m)
{
	const char		*why = "there is no such message";
	enum message_state	 at = find(s, id, found);

	if (at != STATES && spool_get(s, at, found->name, m, &why) == 0)
		return at;
	msg_complain(id, why);
	return STATES;
}

static void
print_message(const struct message *m)
{
	static const struct {
		const char	*name;
		enum field	 field;
	} heads[] = {
		{ "Id", M_ID }, { "From", M_FROM }, { "To", M_TO },
		{ "Subject", M_SUBJECT }, { "Thread", M_THREAD },
		{ "Type", M_TYPE }, { "Metadata", M_METADATA },
		{ "Status", M_STATUS }, { "Sync", M_SYNC },
		{ "Created", M_CREATED }, { "Sent", M_SENT },
		{ "Received", M_RECEIVED }, { "Request", M_REQUEST },
	};

	if (message_is_failure(m)) {
		printf("Id: %s\nFailure: %s\n", msg_text(m, M_ID),
		    message_failure(m));
		return;
	}
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		if (message_get(m, heads[i].field) == NULL)
			continue;
		printf("%s: ", heads[i].name);
		print_text(msg_text(m, heads[i].field), false);
		putchar('\n');
	}
	if (message_ack(m) != -1)
		printf("Answer: %d\n", message_ack(m));
	putchar('\n');
	print_text(msg_text(m, M_BODY), true);
	putchar('\n');
}

static void
mark_read(struct spool *s, const char *name, struct message *m)
{
	char	 now[WHEN_TEXT];

	when_text(clock_unix_ms(), "+00:00", now);
	if (message_set(m, M_STATUS, "read") != 0 ||
	    message_set(m, M_READ, now) != 0 ||
	    spool_change(s, STATE_RECEIVED, name, m) == -1)
		msg_complain(name, strerror(errno));
}

int
msg_show(const struct command *c, int argc, char **argv)
{
	struct spool		*s;
	struct msg_search		 found;
	struct message		 m;
	enum message_state	 at;

	if (argc != 1)
		return options_misuse(c, "give one id");
	s = msg_spool_locked();
	at = msg_fetch(s, argv[0], &found, &m);
	if (at != STATES) {
		if (msg.json)
			print_row(NULL, NULL, &m);
		else
			print_message(&m);
		if (at == STATE_RECEIVED)
			mark_read(s, found.name, &m);
		message_fini(&m);
	}
	spool_close(s);
	return at != STATES ? STATUS_OK : STATUS_FAILED;
}

/* What sqlite3 -json puts around the objects of its array. */
static char *
bare(char *line, size_t *n)
{
	while (*n > 0 && strchr("\r\n,]", line[*n - 1]) != NULL)
		(*n)--;
	while (*n > 0 && (*line == '[' || *line == ' ')) {
		line++;
		(*n)--;
	}
	return line;
}

static int
import_line(struct spool *s, const char *p, size_t n, const char **why)
{
	enum message_state	 state;
	const char		*name;
	struct message		 m;
	int			 rc = 0;

	if (message_parse(&m, p, n, why) == -1)
		return -1;
	state = message_state(&m);
	name = message_is_failure(&m) ? NULL : message_name(&m);
	if (name == NULL || state == STATES)
		rc = 1;			/* deleted: nothing to keep */
	else if (spool_find(s, name) != STATES)
		rc = 1;
	else if (spool_put(s, state, name, &m) == -1) {
		*why = strerror(errno);
		rc = -1;
	}
	message_fini(&m);
	return rc;
}

static int
import_all(struct spool *s, FILE *f, const char *file)
{
	unsigned long long	 number = 0, kept = 0, known = 0, bad = 0;
	const char		*why;
	char			*line = NULL, *p;
	size_t			 cap = 0, len;
	ssize_t			 n;

	while ((n = getline(&line, &cap, f)) > 0) {
		number++;
		len = (size_t)n;
		p = bare(line, &len);
		if (len == 0)
			continue;
		switch (import_line(s, p, len, &why)) {
		case 0:
			kept++;
			break;
		case 1:
			known++;
			break;
		default:
			bad++;
			fprintf(stderr, "hotlink msg: %s: line %llu: %s\n",
			    file, number, why);
		}
	}
	free(line);
	printf("%llu imported, %llu already there or deleted, %llu refused\n",
	    kept, known, bad);
	return bad == 0 && !ferror(f) ? STATUS_OK : STATUS_FAILED;
}

int
msg_import(const struct command *c, int argc, char **argv)
{
	struct spool	*s;
	int		 status;
	FILE		*f;

	if (argc != 1)
		return options_misuse(c, "give one file, or - for the "
		    "standard input");
	f = strcmp(argv[0], "-") == 0 ? stdin : fopen(argv[0], "re");
	if (f == NULL)
		fatal("%s", argv[0]);
	s = msg_spool_locked();
	status = import_all(s, f, argv[0]);
	spool_close(s);
	if (f != stdin)
		fclose(f);
	return status;
}

static int
export_row(void *arg, const char *name, struct message *m)
{
	char	*text;

	(void)arg;
	(void)name;
	if (message_is_failure(m))
		return 0;
	text = message_text(m, true);
	if (text == NULL)
		return 1;
	fputs(text, stdout);
	free(text);
	return 0;
}

int
msg_export(const struct command *c, int argc, char **argv)
{
	struct spool	*s = msg_spool();
	int		 rc = 0;

	(void)c;
	(void)argc;
	(void)argv;
	for (unsigned i = 0; i < STATES && rc == 0; i++)
		rc = spool_each(s, i, export_row, NULL);
	spool_close(s);
	return rc == 0 ? STATUS_OK : STATUS_FAILED;
}
