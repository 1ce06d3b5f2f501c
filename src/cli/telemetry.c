/*
 * hotlink telemetry: the counters that agents leave in their data directories,
 * as a table, as JSON, or held against what strict mode promises.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "net/clock.h"
#include "net/file.h"

#define FILE_NAME	".syftbox/hotlink_telemetry.json"

enum {
	FILE_MAX = 4 << 20,	/* bytes; an agent with 1,000 links has 300 K */
	AGENTS = 1024,		/* of one call */
};

struct agent {
	char	*email;
	char	*path;
	json_t	*json;
};

struct telemetry {
	bool		 json, checks;
	bool		 strict;
	struct agent	 agent[AGENTS];
	size_t		 n;
	bool		 failed;
};

/* What a transfer that never used the relay looks like. */
static const struct promise {
	const char	*field;
	bool		 zero;		/* else: more than zero */
} strict[] = {
	{ "ws_fallbacks", true },
	{ "tx_ws_packets", true },
	{ "strict_violations", true },
	{ "tx_p2p_packets", false },
	{ "webrtc_connected", false },
};

static void
complain(struct telemetry *t, const char *subject, const char *what)
{
	fprintf(stderr, "hotlink telemetry: %s: %s\n", subject, what);
	t->failed = true;
}

/* The file at path if there is one. True: there is, readable or not. */
static bool
load(struct telemetry *t, const char *email, const char *path)
{
	json_error_t	 error;
	size_t		 n;
	char		*text = file_read(path, FILE_MAX, &n);
	struct agent	*a = &t->agent[t->n];

	if (text == NULL) {
		if (errno == ENOENT || errno == ENOTDIR)
			return false;
		complain(t, path, strerror(errno));
		return true;
	}
	a->json = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (!json_is_object(a->json)) {
		json_decref(a->json);
		complain(t, path, "not a JSON object");
		return true;
	}
	a->email = strdup(email);
	a->path = strdup(path);
	if (a->email == NULL || a->path == NULL)
		fatal("telemetry");
	t->n++;
	return true;
}

/* The places where agents and their users have put it, best first. */
static int
place(char *buf, unsigned which, const char *dir, const char *email)
{
	int	 n = -1;

	switch (which) {
	case 0:
		n = snprintf(buf, PATH_MAX, "%s/datasites/%s/" FILE_NAME, dir,
		    email);
		break;
	case 1:
		n = snprintf(buf, PATH_MAX, "%s/datasites/%s/datasites/%s/"
		    FILE_NAME, dir, email, email);
		break;
	case 2:
		n = snprintf(buf, PATH_MAX, "%s/%s/" FILE_NAME, dir, email);
		break;
	}
	return n > 0 && n < PATH_MAX ? 0 : -1;
}

static bool
known(const struct telemetry *t, size_t from, const char *email)
{
	for (; from < t->n; from++)
		if (strcmp(t->agent[from].email, email) == 0)
			return true;
	return false;
}

static bool
load_agent(struct telemetry *t, const char *dir, const char *email)
{
	char	 path[PATH_MAX];

	if (t->n == AGENTS) {
		complain(t, dir, "too many agents");
		return true;
	}
	for (unsigned i = 0; i < 3; i++)
		if (place(path, i, dir, email) == 0 && load(t, email, path))
			return true;
	return false;
}

static int
is_email(const struct dirent *e)
{
	return e->d_name[0] != '.' && strchr(e->d_name, '@') != NULL;
}

/* The agents of those emails that directories below root are named after. */
static size_t
scan(struct telemetry *t, const char *dir, const char *root, size_t from)
{
	struct dirent	**e;
	size_t		  found = 0;
	int		  n = scandir(root, &e, is_email, alphasort);

	for (int i = 0; i < n; i++) {
		if (!known(t, from, e[i]->d_name))
			found += load_agent(t, dir, e[i]->d_name);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	return found;
}

static void
load_dir(struct telemetry *t, const char *dir)
{
	char	 root[PATH_MAX];
	size_t	 from = t->n, found;

	snprintf(root, sizeof(root), "%s/datasites", dir);
	found = scan(t, dir, root, from);
	found += scan(t, dir, dir, from);
	if (found == 0)
		complain(t, dir, "no " FILE_NAME " of an agent in it");
}

static json_int_t
number(const struct agent *a, const char *field)
{
	return json_integer_value(json_object_get(a->json, field));
}

static const char *
text(const struct agent *a, const char *field)
{
	const char	*s = json_string_value(json_object_get(a->json, field));

	return s != NULL ? s : "?";
}

/* Escaped: an agent's file is somebody else's text. least: shown as it is. */
static void
print_escaped(const char *s, char least, int width)
{
	int	 n = 0;

	for (; *s != '\0'; s++)
		if (*s >= least && *s < 0x7f)
			n += printf("%c", *s);
		else
			n += printf("\\x%02x", (unsigned char)*s);
	printf("%*s", n < width ? width - n : 1, "");
}

static int
escaped_width(const char *s, char least)
{
	int	 n = 0;

	for (; *s != '\0'; s++)
		n += *s >= least && *s < 0x7f ? 1 : (int)sizeof("\\xff") - 1;
	return n;
}

static void
print_text(const char *s, int width)
{
	print_escaped(s, '!', width);
}

static void
print_table(const struct telemetry *t)
{
	const struct agent	*a;
	json_int_t		 age;

	if (t->n == 0)
		return;
	printf("%-28s%-20s%10s%9s%10s%10s%6s%6s%6s%8s\n", "agent", "mode",
	    "p2p", "ws", "tx_MiB", "rx_MiB", "falls", "viol", "peers", "age_s");
	for (size_t i = 0; i < t->n; i++) {
		a = &t->agent[i];
		age = number(a, "updated_ms") == 0 ? 0 :
		    (json_int_t)clock_unix_ms() - number(a, "updated_ms");
		print_text(a->email, 28);
		print_text(text(a, "mode"), 20);
		printf("%10lld%9lld%10.1f%10.1f%6lld%6lld%6lld%8.1f\n",
		    (long long)number(a, "tx_p2p_packets"),
		    (long long)number(a, "tx_ws_packets"),
		    (double)number(a, "tx_bytes") / (1 << 20),
		    (double)number(a, "rx_bytes") / (1 << 20),
		    (long long)number(a, "ws_fallbacks"),
		    (long long)number(a, "strict_violations"),
		    (long long)number(a, "webrtc_connected"),
		    (double)age / 1000);
	}
}

/* A number that is not there is told apart from zero. */
static void
print_ms(const json_t *v)
{
	if (json_is_number(v))
		printf("%9.1f  ", json_number_value(v));
	else
		printf("%9s  ", "-");
}

/* The texts of a check: addresses of IPv6 are long, and most are not. */
enum { CHECK_AGENT = 0, CHECK_TEXTS = 7 };

static const struct {
	const char	*field, *head;
} check_text[CHECK_TEXTS] = {
	[CHECK_AGENT] = { NULL, "agent" }, { "peer", "peer" },
	{ "local_type", "local" }, { "local", "" },
	{ "remote_type", "remote" }, { "remote", "" }, { "state", "state" },
};

static const char *
text_of(const struct agent *a, const json_t *c, size_t i)
{
	const char	*s;

	if (i == CHECK_AGENT)
		return a->email;
	s = json_string_value(json_object_get(c, check_text[i].field));
	return s != NULL ? s : "?";
}

static void
widen(int width[CHECK_TEXTS], const struct agent *a, const json_t *c)
{
	for (size_t i = 0; i < CHECK_TEXTS; i++) {
		int	 n = escaped_width(text_of(a, c, i), '!') + 2;

		if (n > width[i])
			width[i] = n;
	}
}

static void
print_check(const int width[CHECK_TEXTS], const struct agent *a,
    const json_t *c)
{
	static const char *const	 numbers[] = {
		"sent", "answered", "heard",
	};
	const char			*s;

	for (size_t i = 0; i < CHECK_TEXTS; i++)
		print_text(text_of(a, c, i), width[i]);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		printf("%6lld", (long long)json_integer_value(
		    json_object_get(c, numbers[i])));
	print_ms(json_object_get(c, "rtt_ms"));
	s = json_string_value(json_object_get(c, "why"));
	print_escaped(s != NULL ? s : "-", ' ', 0);
	printf("\n");
}

static const json_t *
checks_of(const struct agent *a)
{
	return json_object_get(json_object_get(a->json, "live"), "checks");
}

/* Why two agents do not meet: what came of each pair of candidates. */
static void
print_checks(const struct telemetry *t)
{
	const json_t	*c;
	int		 width[CHECK_TEXTS];
	size_t		 i;

	for (i = 0; i < CHECK_TEXTS; i++)
		width[i] = (int)strlen(check_text[i].head) + 2;
	for (size_t n = 0; n < t->n; n++)
		json_array_foreach(checks_of(&t->agent[n]), i, c)
			widen(width, &t->agent[n], c);
	for (i = 0; i < CHECK_TEXTS; i++)
		printf("%-*s", width[i], check_text[i].head);
	printf("%6s%6s%6s%9s  %s\n", "sent", "answd", "heard", "rtt_ms",
	    "why");
	for (size_t n = 0; n < t->n; n++)
		json_array_foreach(checks_of(&t->agent[n]), i, c)
			print_check(width, &t->agent[n], c);
}

static void
print_json(struct telemetry *t)
{
	json_t	*all = json_array();

	for (size_t i = 0; i < t->n; i++)
		json_array_append_new(all, json_pack("{s:s, s:s, s:O}",
		    "agent", t->agent[i].email, "file", t->agent[i].path,
		    "telemetry", t->agent[i].json));
	if (json_dumpf(all, stdout, JSON_INDENT(2)) == 0)
		printf("\n");
	else
		t->failed = true;
	json_decref(all);
}

static void
hold_against(struct telemetry *t, const struct agent *a,
    const struct promise *p)
{
	const json_t	*v = json_object_get(a->json, p->field);
	char		 what[128];

	if (json_is_integer(v) &&
	    (p->zero ? json_integer_value(v) == 0 : json_integer_value(v) > 0))
		return;
	if (json_is_integer(v))
		snprintf(what, sizeof(what), "%s is %" JSON_INTEGER_FORMAT
		    ", not %s", p->field, json_integer_value(v),
		    p->zero ? "0" : "more than 0");
	else
		snprintf(what, sizeof(what), "%s is missing", p->field);
	complain(t, a->email, what);
}

static void
assert_strict(struct telemetry *t)
{
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < sizeof(strict) / sizeof(strict[0]); k++)
			hold_against(t, &t->agent[i], &strict[k]);
}

static void
release(struct telemetry *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->agent[i].email);
		free(t->agent[i].path);
		json_decref(t->agent[i].json);
	}
}

int
cmd_telemetry(int argc, char **argv)
{
	static const char *const	 asserts[] = { "strict", NULL };
	static struct telemetry		 t;
	unsigned			 which = 0;
	const struct option		 options[] = {
		{ 0, "json", NULL, "print all of it as JSON", OPT_FLAG, false,
		    &t.json, 0, 0, NULL, NULL },
		{ .name = "checks", .kind = OPT_FLAG, .to = &t.checks,
		    .help = "what became of each pair of candidates" },
		{ 0, "assert", "strict", "fail unless strict mode was kept",
		    OPT_CHOICE, false, &which, 0, 0, asserts, &t.strict },
	};
	const struct command		 command = { "telemetry", "DATADIR...",
	    "Show what the agents of data directories counted.", options,
	    sizeof(options) / sizeof(options[0]) };
	int				 status;

	status = options_parse(&command, &argc, argv);
	if (status != OPTIONS_RUN)
		return status;
	if (argc == 0)
		return options_misuse(&command, "no DATADIR is given");
	for (int i = 0; i < argc; i++)
		load_dir(&t, argv[i]);
	if (t.json)
		print_json(&t);
	else if (t.checks)
		print_checks(&t);
	else
		print_table(&t);
	if (t.strict)
		assert_strict(&t);
	release(&t);
	return t.failed ? STATUS_FAILED : STATUS_OK;
}
