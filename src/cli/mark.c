/* hotlink mark: one party's end of a link, as agents look for it. */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "flow/ports.h"
#include "net/file.h"
#include "syft/key.h"
#include "syft/marker.h"

enum { PARTIES = 40 };

struct mark {
	const struct command	*command;
	const char		*channel, *me, *peer, *dir, *path, *ports;
	uint64_t		 base, parties;
	bool			 based;
	unsigned		 from, to;	/* I_to_J */
	unsigned		 own, other, pair;
};

/* Digits, then the text after; NULL: it is something else. */
static const char *
number(const char *s, unsigned max, const char *after, unsigned *to)
{
	size_t	 n = strspn(s, "0123456789");

	if (n == 0 || n > 5 || strncmp(s + n, after, strlen(after)) != 0)
		return NULL;
	*to = (unsigned)strtoul(s, NULL, 10);
	return *to <= max ? s + n + strlen(after) : NULL;
}

static int
read_channel(struct mark *m)
{
	const char	*s = number(m->channel, 9999, "_to_", &m->from);

	if (s != NULL)
		s = number(s, 9999, "", &m->to);
	if (s == NULL || *s != '\0' || m->from == m->to)
		return options_misuse(m->command, "option --channel: not two "
		    "numbers as 0_to_1: %s", m->channel);
	return 0;
}

static int
read_ports(struct mark *m)
{
	const char	*s = number(m->ports, 65535, ":", &m->own);

	if (s != NULL)
		s = number(s, 65535, "", &m->other);
	if (s == NULL || *s != '\0' || m->own == 0 || m->other == 0)
		return options_misuse(m->command,
		    "option --ports: not OWN:PEER: %s", m->ports);
	m->pair = m->own;
	return 0;
}

static int
plan_ports(struct mark *m)
{
	unsigned	 n = (unsigned)m->parties, base = (unsigned)m->base,
			 last = m->from > m->to ? m->from : m->to;

	if (last >= n)
		return options_misuse(m->command, "party %u is not one of %u",
		    last, n);
	m->pair = base + ports_pair(m->from, m->to, n);
	m->own = ports_listen(base, m->from, m->to, n);
	m->other = ports_listen(base, m->to, m->from, n);
	if (m->own > 65535 || m->other > 65535)
		return options_misuse(m->command, "option --base: %u leaves "
		    "no ports for %u parties", base, n);
	return 0;
}

/* What needs no quotes in YAML, and is no path. */
static bool
plain(const char *email)
{
	static const char	 may[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.@_+-";

	return email_valid(email) && strspn(email, may) == strlen(email) &&
	    strchr(".@_+-", email[0]) == NULL;
}

static int
check(struct mark *m)
{
	int	 status = read_channel(m);

	if (status != 0)
		return status;
	if ((m->ports != NULL) == m->based)
		return options_misuse(m->command,
		    "one of --ports and --base is needed");
	if (m->path[0] == '/' || strstr(m->path, "..") != NULL)
		return options_misuse(m->command, "option --path: not below "
		    "the datasite: %s", m->path);
	if (!plain(m->me))
		return options_misuse(m->command, "option --user: not an "
		    "email: %s", m->me);
	if (!plain(m->peer))
		return options_misuse(m->command, "option --peer: not an "
		    "email: %s", m->peer);
	return m->based ? plan_ports(m) : read_ports(m);
}

static int
put(const struct mark *m, const char *name, const char *text)
{
	char	 path[PATH_MAX];
	int	 n;

	n = snprintf(path, sizeof(path), "%s/datasites/%s/%s/%s/%s", m->dir,
	    m->me, m->path, m->channel, name);
	errno = ENAMETOOLONG;
	if (n > 0 && n < PATH_MAX && file_make_parents(path) == 0 &&
	    file_write(path, text, strlen(text), 0644) == 0)
		return STATUS_OK;
	fprintf(stderr, "hotlink mark: %s: %s\n", path, strerror(errno));
	return STATUS_FAILED;
}

static int
put_acl(const struct mark *m)
{
	char	 text[1024];

	snprintf(text, sizeof(text), "rules:\n- pattern: '**'\n  access:\n"
	    "    admin: [%s]\n    read: [%s, %s]\n    write: [%s, %s]\n",
	    m->me, m->me, m->peer, m->me, m->peer);
	return put(m, "syft.pub.yaml", text);
}

static char *
marker_text(const struct mark *m)
{
	json_t	*j;
	char	*text;

	j = json_pack("{s:s, s:s, s:i, s:{s:i, s:i}}", "from", m->me, "to",
	    m->peer, "port", (int)m->pair, "ports", m->me, (int)m->own,
	    m->peer, (int)m->other);
	text = j != NULL ? json_dumps(j, JSON_COMPACT) : NULL;
	json_decref(j);
	return text;
}

/* An agent would read it: what is written is what it accepts. */
static int
check_marker(const struct mark *m, const char *text)
{
	struct marker	 parsed;
	const char	*why = "out of memory";
	char		 rel[PATH_MAX], me[EMAIL_MAX + 1];
	size_t		 n = strlen(m->me);

	for (size_t i = 0; i <= n; i++)
		me[i] = (char)(m->me[i] >= 'A' && m->me[i] <= 'Z' ?
		    m->me[i] + 32 : m->me[i]);
	snprintf(rel, sizeof(rel), "%s/%s/%s/stream.tcp", m->me, m->path,
	    m->channel);
	if (text != NULL && marker_parse(&parsed, me, rel, text, strlen(text),
	    &why) == 0)
		return 0;
	return options_misuse(m->command, "no agent would take it: %s", why);
}

/* The marker last: when an agent sees it, the rest is there. */
static int
write_files(const struct mark *m)
{
	char	*text = marker_text(m);
	int	 status = check_marker(m, text);

	if (status == 0)
		status = put_acl(m);
	if (status == 0)
		status = put(m, "stream.accept", "1");
	if (status == 0)
		status = put(m, "stream.tcp", text);
	if (status == 0)
		printf("%s/datasites/%s/%s/%s: %s port %u, %s port %u\n",
		    m->dir, m->me, m->path, m->channel, m->me, m->own,
		    m->peer, m->other);
	free(text);
	return status;
}

int
cmd_mark(int argc, char **argv)
{
	struct mark		 m = { .path = "shared", .parties = 3 };
	const struct option	 options[] = {
		{ 'c', "channel", "I_to_J", "party I's end of the link to J",
		    OPT_TEXT, true, &m.channel, 0, 0, NULL, NULL },
		{ 'u', "user", "EMAIL", "party I",
		    OPT_TEXT, true, &m.me, 0, 0, NULL, NULL },
		{ 'p', "peer", "EMAIL", "party J",
		    OPT_TEXT, true, &m.peer, 0, 0, NULL, NULL },
		{ 'd', "data-dir", "DATADIR", "where I's datasites are",
		    OPT_TEXT, true, &m.dir, 0, 0, NULL, NULL },
		{ 0, "ports", "OWN:PEER", "the local port of each",
		    OPT_TEXT, false, &m.ports, 0, 0, NULL, NULL },
		{ 0, "base", "PORT", "or the base of a plan",
		    OPT_NUMBER, false, &m.base, 1, 65535, NULL, &m.based },
		{ 'n', "parties", "N", "parties of the plan (3)",
		    OPT_NUMBER, false, &m.parties, 2, PARTIES, NULL, NULL },
		{ 0, "path", "DIR", "where in the datasite (shared)",
		    OPT_TEXT, false, &m.path, 0, 0, NULL, NULL },
	};
	const struct command	 command = { "mark", NULL,
	    "Write one party's marker of a link, and who may use it.", options,
	    sizeof(options) / sizeof(options[0]) };
	int			 status;

	status = options_parse(&command, &argc, argv);
	if (status != OPTIONS_RUN)
		return status;
	m.command = &command;
	status = check(&m);
	return status == 0 ? write_files(&m) : status;
}
