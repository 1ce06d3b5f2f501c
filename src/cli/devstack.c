#define _DEFAULT_SOURCE	/* realpath */
/*
 * hotlink devstack: a relay and an agent for each of some parties on this
 * machine, in a sandbox that programs of other systems know their way in.
 */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/actions.h"
#include "cli/cmd.h"
#include "net/clock.h"
#include "net/daemon.h"
#include "net/file.h"
#include "syft/key.h"

enum {
	CLIENTS = 32,
	RUNNING = 256,			/* processes of one sandbox */
	PAUSE = 10 * MS,		/* between two looks */
	START = 20 * SEC,		/* time to come up */
	GRACE = 5 * SEC,		/* time to end */
	LOG_MAX = 64 << 20,
	STATE_MAX = 1 << 20,
	URL = 128,
};

#define RELAY	"relay"

static struct {
	const char	*clients, *sandbox;
	uint64_t	 lines;
	bool		 strict, p2p_only, json;
} args = { .lines = 20 };

struct client {
	char		 email[EMAIL_MAX + 1];
	char		 dir[PATH_MAX];
	pid_t		 pid;
};

struct stack {
	const struct command	*command;
	const char		*sandbox;	/* its path without links */
	char			 self[PATH_MAX];
	struct client		 client[CLIENTS];
	size_t			 nclients;
	pid_t			 relay;
	char			 url[URL];
	struct daemon		 running[RUNNING];
	size_t			 nrunning;
};

#define SANDBOX	\
	{ .name = "sandbox", .arg = "DIR", .kind = OPT_TEXT, \
	    .help = "where it is ($BIOVAULT_SANDBOX_ROOT, or ./sandbox)", \
	    .to = &args.sandbox }
#define JSON	\
	{ .name = "json", .kind = OPT_FLAG, .help = "one object", \
	    .to = &args.json }

static const struct option	 up_options[] = {
	{ .letter = 'c', .name = "clients", .arg = "EMAIL[,...]",
	    .kind = OPT_TEXT, .required = true, .help = "an agent for each",
	    .to = &args.clients },
	SANDBOX, JSON,
	{ .name = "strict", .kind = OPT_FLAG,
	    .help = "agents reset a link rather than use the relay",
	    .to = &args.strict },
	{ .name = "p2p-only", .kind = OPT_FLAG,
	    .help = "agents never fall back to the relay",
	    .to = &args.p2p_only },
};

static const struct option	 down_options[] = { SANDBOX };
static const struct option	 status_options[] = { SANDBOX, JSON };
static const struct option	 logs_options[] = {
	SANDBOX,
	{ .letter = 'n', .name = "lines", .arg = "N", .kind = OPT_NUMBER,
	    .help = "the last of each (20)", .min = 1, .max = 1000000,
	    .to = &args.lines },
};

__attribute__((__format__(__printf__, 1, 2))) static int
complain(const char *fmt, ...)
{
	va_list	 ap;

	fputs("hotlink devstack: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return STATUS_FAILED;
}

static int
join(char to[PATH_MAX], const char *dir, const char *name)
{
	int	 n = snprintf(to, PATH_MAX, "%s/%s", dir, name);

	return n > 0 && n < PATH_MAX ? 0 : -1;
}

/* The sandbox, made if it is to be; without links: others compare it. */
static int
find_sandbox(struct stack *s, bool make)
{
	const char	*dir = args.sandbox != NULL ? args.sandbox :
			    getenv("BIOVAULT_SANDBOX_ROOT");
	static char	 real[PATH_MAX];
	char		 below[PATH_MAX];

	if (dir == NULL || *dir == '\0')
		dir = "sandbox";
	if (make && (join(below, dir, RELAY "/x") == -1 ||
	    file_make_parents(below) == -1))
		return complain("%s: %s", dir, strerror(errno));
	s->sandbox = real;
	if (realpath(dir, real) == NULL)
		return complain("%s: %s", dir, strerror(errno));
	return STATUS_OK;
}

static int
find_running(struct stack *s)
{
	ssize_t	 n = daemon_find(s->sandbox, s->running, RUNNING);

	if (n == -1)
		return complain("/proc: %s", strerror(errno));
	s->nrunning = (size_t)n;
	return STATUS_OK;
}

static pid_t
running_as(const struct stack *s, const char *role)
{
	for (size_t i = 0; i < s->nrunning; i++)
		if (strcmp(s->running[i].role, role) == 0)
			return s->running[i].pid;
	return 0;
}

/* Ending */

static bool
any_runs(const struct stack *s)
{
	for (size_t i = 0; i < s->nrunning; i++)
		if (daemon_runs(s->running[i].pid, s->sandbox))
			return true;
	return false;
}

static void
signal_all(const struct stack *s, int sig)
{
	for (size_t i = 0; i < s->nrunning; i++)
		if (daemon_runs(s->running[i].pid, s->sandbox))
			daemon_signal(s->running[i].pid, sig);
}

static bool
all_end(const struct stack *s, uint64_t time)
{
	uint64_t	 until = clock_now() + time;

	while (any_runs(s)) {
		if (clock_now() >= until)
			return false;
		daemon_sleep(PAUSE);
	}
	return true;
}

/* Those that were found. */
static int
end_all(const struct stack *s)
{
	signal_all(s, SIGTERM);
	if (all_end(s, GRACE))
		return STATUS_OK;
	signal_all(s, SIGKILL);
	return all_end(s, GRACE) ? STATUS_OK :
	    complain("a process does not end by SIGKILL");
}

/* The state file, for others: what runs where */

static int
state_path(const struct stack *s, char path[PATH_MAX])
{
	return join(path, s->sandbox, RELAY "/state.json");
}

static int
log_path(const struct stack *s, const char *role, char path[PATH_MAX])
{
	char	 name[EMAIL_MAX + 32];

	snprintf(name, sizeof(name), strcmp(role, RELAY) == 0 ?
	    "%s/relay.log" : "%s/.syftbox/hotlink.log", role);
	return join(path, s->sandbox, name);
}

static json_t *
client_json(const struct stack *s, const struct client *c)
{
	char	 config[PATH_MAX], log[PATH_MAX];

	if (join(config, c->dir, ".syftbox/config.json") == -1 ||
	    log_path(s, c->email, log) == -1)
		return NULL;
	return json_pack("{s:s,s:i,s:s,s:s,s:s}", "email", c->email, "pid",
	    (int)c->pid, "data_dir", c->dir, "config", config, "log", log);
}

/* NULL: out of memory. */
static json_t *
state_json(const struct stack *s)
{
	char	 log[PATH_MAX];
	json_t	*clients = json_array();

	for (size_t i = 0; i < s->nclients; i++)
		json_array_append_new(clients,
		    client_json(s, &s->client[i]));
	if (log_path(s, RELAY, log) == -1 ||
	    json_array_size(clients) != s->nclients) {
		json_decref(clients);
		return NULL;
	}
	return json_pack("{s:s,s:b,s:b,s:{s:i,s:s,s:s},s:o}", "sandbox",
	    s->sandbox, "strict", args.strict, "p2p_only", args.p2p_only,
	    "relay", "pid", (int)s->relay, "url", s->url, "log", log,
	    "clients", clients);
}

static int
write_state(const struct stack *s)
{
	char	 path[PATH_MAX], *text = NULL;
	json_t	*o = state_json(s);
	int	 rc = -1;

	if (o != NULL)
		text = json_dumps(o, JSON_INDENT(1));
	if (text != NULL && state_path(s, path) == 0)
		rc = file_write(path, text, strlen(text), 0600);
	json_decref(o);
	free(text);
	return rc == 0 ? STATUS_OK : complain("%s/relay/state.json: %s",
	    s->sandbox, strerror(errno));
}

/* NULL: there is none that can be read. */
static json_t *
read_state(const struct stack *s)
{
	char	 path[PATH_MAX], *text;
	json_t	*o;
	size_t	 n;

	if (state_path(s, path) == -1)
		return NULL;
	text = file_read(path, STATE_MAX, &n);
	if (text == NULL)
		return NULL;
	o = json_loadb(text, n, 0, NULL);
	free(text);
	return o;
}

static const char *
text_in(const json_t *o, const char *key)
{
	const char	*s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

/* Starting */

/* In lower case, and fit for the name of a directory. */
static int
read_email(const struct stack *s, char email[EMAIL_MAX + 1], const char *from,
    size_t n)
{
	snprintf(email, EMAIL_MAX + 1, "%.*s", n > EMAIL_MAX ? 0 : (int)n,
	    from);
	email_lower(email);
	if (!email_valid(email) || strchr(email, '/') != NULL ||
	    email[0] == '.')
		return options_misuse(s->command, "option --clients: '%.*s' "
		    "is no email", (int)n, from);
	for (size_t i = 0; i < s->nclients; i++)
		if (strcmp(s->client[i].email, email) == 0)
			return options_misuse(s->command, "option --clients: "
			    "%s is there twice", email);
	return STATUS_OK;
}

static int
add_client(struct stack *s, const char *from, size_t n)
{
	struct client	*c = &s->client[s->nclients];
	char		 email[EMAIL_MAX + 1];
	int		 status;

	if (s->nclients == CLIENTS)
		return options_misuse(s->command, "option --clients: more "
		    "than %d", (int)CLIENTS);
	status = read_email(s, email, from, n);
	if (status != STATUS_OK)
		return status;
	if (join(c->dir, s->sandbox, email) == -1)
		return complain("%s: the path is too long", s->sandbox);
	memcpy(c->email, email, sizeof(email));
	s->nclients++;
	return STATUS_OK;
}

static int
read_clients(struct stack *s)
{
	int	 status = STATUS_OK;

	for (const char *p = args.clients; status == STATUS_OK; p++) {
		size_t	 n = strcspn(p, ",");

		status = add_client(s, p, n);
		p += n;
		if (*p == '\0')
			break;
	}
	return status;
}

/* What it wrote, NUL-terminated; owned by the caller. */
static char *
read_log(const struct stack *s, const char *role)
{
	char	 path[PATH_MAX];
	size_t	 n;

	return log_path(s, role, path) == -1 ? NULL :
	    file_read(path, LOG_MAX, &n);
}

/* Where the last n lines of it begin. */
static const char *
last_lines(const char *text, uint64_t n)
{
	const char	*p = text + strlen(text);

	if (p > text && p[-1] == '\n')
		p--;
	while (p > text && (p[-1] != '\n' || --n > 0))
		p--;
	return p;
}

static void
print_lines(FILE *f, const char *before, const char *text)
{
	for (size_t n; *text != '\0'; text += n) {
		n = strcspn(text, "\n");
		fprintf(f, "%s%.*s\n", before, (int)n, text);
		n += text[n] == '\n';
	}
}

static int
failed_to_come(const struct stack *s, const char *role, const char *what)
{
	char	*log = read_log(s, role);

	complain("%s %s; its last lines:", role, what);
	if (log != NULL)
		print_lines(stderr, "  | ", last_lines(log, 10));
	free(log);
	return STATUS_FAILED;
}

/* Until its log has a line with text; url, if not NULL, gets what follows. */
static int
await_line(const struct stack *s, pid_t pid, const char *role,
    const char *text, char *url)
{
	uint64_t	 until = clock_now() + START;
	const char	*at;
	char		*log;
	bool		 runs = true, found = false;

	while (!found && runs && clock_now() < until) {
		runs = daemon_runs(pid, s->sandbox);
		log = read_log(s, role);
		at = log != NULL ? strstr(log, text) : NULL;
		found = at != NULL && strchr(at, '\n') != NULL;
		if (found && url != NULL)
			snprintf(url, URL, "http://%.*s",
			    (int)strcspn(at + strlen(text), "\n"),
			    at + strlen(text));
		free(log);
		if (!found)
			daemon_sleep(PAUSE);
	}
	if (found)
		return STATUS_OK;
	return failed_to_come(s, role, runs ? "does not come up" : "ended");
}

static pid_t
start(struct stack *s, const char *role, char *const *argv)
{
	char	 log[PATH_MAX];
	pid_t	 pid = -1;

	if (log_path(s, role, log) == 0 && (unlink(log) == 0 ||
	    errno == ENOENT))
		pid = daemon_start(argv, s->sandbox, role, log);
	if (pid == -1)
		complain("%s cannot be started: %s", role, strerror(errno));
	else if (s->nrunning < RUNNING) {
		s->running[s->nrunning].pid = pid;
		snprintf(s->running[s->nrunning].role, DAEMON_ROLE, "%s",
		    role);
		s->nrunning++;
	}
	return pid;
}

/* execv does not write to its arguments. */
static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static int
start_relay(struct stack *s)
{
	char	*argv[] = { s->self, text("relay"), text("-l"),
		    text("127.0.0.1:0"), text("--open"), NULL };

	s->relay = start(s, RELAY, argv);
	if (s->relay == -1)
		return STATUS_FAILED;
	return await_line(s, s->relay, RELAY, "listening on ", s->url);
}

/* config.json as other programs expect it, for this relay. */
static int
write_config(const struct stack *s, const struct client *c,
    char path[PATH_MAX])
{
	char	*text = NULL;
	json_t	*o = json_pack("{s:s,s:s,s:s}", "email", c->email, "data_dir",
		    c->dir, "server_url", s->url);
	int	 rc = -1;

	if (o != NULL)
		text = json_dumps(o, JSON_INDENT(1));
	if (text != NULL && join(path, c->dir, ".syftbox/config.json") == 0 &&
	    file_make_parents(path) == 0)
		rc = file_write(path, text, strlen(text), 0600);
	json_decref(o);
	free(text);
	return rc == 0 ? STATUS_OK : complain("%s: %s", c->dir,
	    strerror(errno));
}

static int
make_datasite(const struct client *c)
{
	char	 dir[PATH_MAX];

	if (snprintf(dir, sizeof(dir), "%s/datasites/%s/x", c->dir,
	    c->email) >= PATH_MAX || file_make_parents(dir) == -1)
		return complain("%s: %s", c->dir, strerror(errno));
	return STATUS_OK;
}

static int
start_agent(struct stack *s, struct client *c)
{
	char	 config[PATH_MAX];
	char	*argv[12] = { s->self, text("agent"), text("-c"), config,
		    text("--bind"), text("127.0.0.1") };
	size_t	 n = 6;

	if (args.strict)
		argv[n++] = text("--strict");
	if (args.p2p_only)
		argv[n++] = text("--p2p-only");
	if (write_config(s, c, config) || make_datasite(c))
		return STATUS_FAILED;
	c->pid = start(s, c->email, argv);
	return c->pid == -1 ? STATUS_FAILED : STATUS_OK;
}

/* All at once; then each has to meet the relay. */
static int
start_agents(struct stack *s)
{
	int	 status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < s->nclients; i++)
		status = start_agent(s, &s->client[i]);
	for (size_t i = 0; status == STATUS_OK && i < s->nclients; i++)
		status = await_line(s, s->client[i].pid, s->client[i].email,
		    ": connected", NULL);
	return status;
}

static bool
same_clients(const struct stack *s, const json_t *state)
{
	const json_t	*list = json_object_get(state, "clients");

	if (json_array_size(list) != s->nclients ||
	    s->nrunning != s->nclients + 1)
		return false;
	for (size_t i = 0; i < s->nclients; i++)
		if (running_as(s, s->client[i].email) == 0 || strcmp(
		    text_in(json_array_get(list, i), "email"),
		    s->client[i].email) != 0)
			return false;
	return true;
}

/* What is asked for runs already. */
static bool
is_up(struct stack *s, const json_t *state)
{
	if (state == NULL || !same_clients(s, state) ||
	    json_is_true(json_object_get(state, "strict")) != args.strict ||
	    json_is_true(json_object_get(state, "p2p_only")) != args.p2p_only)
		return false;
	s->relay = running_as(s, RELAY);
	snprintf(s->url, sizeof(s->url), "%s",
	    text_in(json_object_get(state, "relay"), "url"));
	for (size_t i = 0; i < s->nclients; i++)
		s->client[i].pid = running_as(s, s->client[i].email);
	return s->relay != 0;
}

/* An earlier start left them, as they are or without the others. */
static int
clear_earlier(struct stack *s, const json_t *state)
{
	const json_t	*list = json_object_get(state, "clients"), *c;
	int		 status;

	for (size_t i = 0; i < s->nrunning; i++)
		complain("%s of an earlier start still runs (process %ld): "
		    "ended", s->running[i].role, (long)s->running[i].pid);
	for (size_t i = 0; i < json_array_size(list); i++) {
		c = json_array_get(list, i);
		if (running_as(s, text_in(c, "email")) == 0)
			complain("%s of an earlier start is gone (process "
			    "%lld)", text_in(c, "email"), (long long)
			    json_integer_value(json_object_get(c, "pid")));
	}
	status = end_all(s);
	s->nrunning = 0;
	return status;
}

static int
print_state(const json_t *o)
{
	int	 rc = o == NULL ? -1 : json_dumpf(o, stdout, JSON_COMPACT);

	if (rc == 0 && putchar('\n') != EOF)
		return STATUS_OK;
	return complain("the state cannot be written");
}

static void
print_table(const struct stack *s)
{
	printf("%-32s %8ld  %s\n", RELAY, (long)s->relay, s->url);
	for (size_t i = 0; i < s->nclients; i++)
		printf("%-32s %8ld  %s\n", s->client[i].email,
		    (long)s->client[i].pid, s->client[i].dir);
}

static int
show_up(const struct stack *s)
{
	json_t	*o;
	int	 status;

	if (!args.json) {
		print_table(s);
		return STATUS_OK;
	}
	o = state_json(s);
	status = print_state(o);
	json_decref(o);
	return status;
}

static int
bring_up(struct stack *s)
{
	int	 status = start_relay(s);

	if (status == STATUS_OK)
		status = start_agents(s);
	if (status == STATUS_OK)
		status = write_state(s);
	if (status != STATUS_OK)
		end_all(s);
	return status;
}

static void
find_self(struct stack *s)
{
	ssize_t	 n = readlink("/proc/self/exe", s->self, PATH_MAX - 1);

	s->self[n > 0 ? n : 0] = '\0';
}

static int
up(const struct command *c, int argc, char **argv)
{
	static struct stack	 s;
	json_t			*state;
	int			 status;

	(void)argc;
	(void)argv;
	s.command = c;
	find_self(&s);
	status = find_sandbox(&s, true);
	if (status == STATUS_OK)
		status = read_clients(&s);
	if (status == STATUS_OK)
		status = find_running(&s);
	if (status != STATUS_OK)
		return status;
	state = read_state(&s);
	if (!is_up(&s, state)) {
		status = s.nrunning > 0 || state != NULL ?
		    clear_earlier(&s, state) : STATUS_OK;
		if (status == STATUS_OK)
			status = bring_up(&s);
	}
	json_decref(state);
	return status == STATUS_OK ? show_up(&s) : status;
}

/* What is the relay's alone; the parties' data stay. */
static void
remove_state(const struct stack *s)
{
	static const char *const	 names[] = {
		RELAY "/state.json", RELAY "/relay.log",
	};
	char				 path[PATH_MAX];

	for (size_t i = 0; i < 2; i++)
		if (join(path, s->sandbox, names[i]) == 0)
			unlink(path);
	if (join(path, s->sandbox, RELAY) == 0)
		rmdir(path);
}

static int
down(const struct command *c, int argc, char **argv)
{
	static struct stack	 s;
	int			 status;

	(void)argc;
	(void)argv;
	s.command = c;
	status = find_sandbox(&s, false);
	if (status == STATUS_OK)
		status = find_running(&s);
	if (status == STATUS_OK)
		status = end_all(&s);
	if (status == STATUS_OK)
		remove_state(&s);
	return status;
}

/* One of what the state says; whether it runs. */
static bool
show_one(const struct stack *s, const char *role, const char *where)
{
	pid_t	 pid = running_as(s, role);

	if (!args.json && pid != 0)
		printf("%-32s %8ld  %s\n", role, (long)pid, where);
	else if (!args.json)
		printf("%-32s %8s  %s\n", role, "gone", where);
	return pid != 0;
}

/* Of this sandbox, but nothing that the state tells of. */
static bool
show_others(const struct stack *s, const json_t *state)
{
	const json_t	*list = json_object_get(state, "clients");
	bool		 known, others = false;

	for (size_t i = 0; i < s->nrunning; i++) {
		known = strcmp(s->running[i].role, RELAY) == 0 &&
		    state != NULL;
		for (size_t k = 0; k < json_array_size(list); k++)
			known |= strcmp(text_in(json_array_get(list, k),
			    "email"), s->running[i].role) == 0;
		if (!known)
			complain("%s of an earlier start still runs (process "
			    "%ld)", s->running[i].role,
			    (long)s->running[i].pid);
		others |= !known;
	}
	return others;
}

static int
show_state(const struct stack *s, const json_t *state)
{
	const json_t	*list = json_object_get(state, "clients"), *c;
	bool		 all;

	all = show_one(s, RELAY, text_in(json_object_get(state, "relay"),
	    "url"));
	for (size_t i = 0; i < json_array_size(list); i++) {
		c = json_array_get(list, i);
		all &= show_one(s, text_in(c, "email"),
		    text_in(c, "data_dir"));
	}
	if (args.json && print_state(state) != STATUS_OK)
		return STATUS_FAILED;
	return all ? STATUS_OK : STATUS_FAILED;
}

static int
show_status(const struct command *c, int argc, char **argv)
{
	static struct stack	 s;
	json_t			*state;
	int			 status;

	(void)argc;
	(void)argv;
	s.command = c;
	status = find_sandbox(&s, false);
	if (status == STATUS_OK)
		status = find_running(&s);
	if (status != STATUS_OK)
		return status;
	state = read_state(&s);
	if (state != NULL)
		status = show_state(&s, state);
	else
		status = complain("%s: nothing is up", s.sandbox);
	if (show_others(&s, state))
		status = STATUS_FAILED;
	json_decref(state);
	return status;
}

static int
show_log(const struct stack *s, const char *role)
{
	char	 before[EMAIL_MAX + 8];
	char	*log = read_log(s, role);

	if (log == NULL)
		return complain("%s: no log: %s", role, strerror(errno));
	snprintf(before, sizeof(before), "[%s] ", role);
	print_lines(stdout, before, last_lines(log, args.lines));
	free(log);
	return STATUS_OK;
}

/* Whether one of the names, or there are none. */
static bool
wanted(const char *role, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], role) == 0)
			return true;
	return argc == 0;
}

static int
logs(const struct command *c, int argc, char **argv)
{
	static struct stack	 s;
	const json_t		*list, *o;
	json_t			*state;
	int			 status, shown = 0;

	s.command = c;
	status = find_sandbox(&s, false);
	if (status != STATUS_OK)
		return status;
	state = read_state(&s);
	if (state == NULL)
		return complain("%s: nothing is up", s.sandbox);
	list = json_object_get(state, "clients");
	if (wanted(RELAY, argc, argv) && ++shown)
		status |= show_log(&s, RELAY);
	for (size_t i = 0; i < json_array_size(list); i++) {
		o = json_array_get(list, i);
		if (email_valid(text_in(o, "email")) &&
		    wanted(text_in(o, "email"), argc, argv) && ++shown)
			status |= show_log(&s, text_in(o, "email"));
	}
	json_decref(state);
	return shown >= argc ? status : complain("%s has no such party: %s",
	    s.sandbox, argv[0]);
}

#define OPTIONS(o)	o, sizeof(o) / sizeof((o)[0])

static const struct action	 actions[] = {
	{ { "devstack down", NULL, "End all of it.",
	    OPTIONS(down_options) }, down },
	{ { "devstack logs", "[relay|EMAIL...]", "Show what they log.",
	    OPTIONS(logs_options) }, logs },
	{ { "devstack status", NULL, "Show what runs.",
	    OPTIONS(status_options) }, show_status },
	{ { "devstack up", NULL, "Start a relay, and an agent for each.",
	    OPTIONS(up_options) }, up },
};

static const struct command	 overview = {
	.name = "devstack", .operands = "up|down|status|logs",
	.help = "A relay and agents on this machine; each has its own -h.",
};

int
cmd_devstack(int argc, char **argv)
{
	return actions_run(&overview, actions,
	    sizeof(actions) / sizeof(actions[0]), argc, argv);
}
