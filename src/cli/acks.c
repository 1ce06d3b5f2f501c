/*
 * hotlink acks: the filter of acknowledgements, as a Unix filter. Pending
 * requests come in, decisions go out; the user keeps what was decided.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "net/clock.h"
#include "rpc/acks.h"
#include "rpc/box.h"
#include "rpc/sync.h"
#include "rpc/when.h"

static struct args {
	struct box	 box;
	const char	*pending, *cleanup;
	bool		 no_cleanup, scan, json, sql;
} args = {
	.box = { .app = "biovault", .endpoint = "message",
	    .timeout = 30ull * SEC },
};

static const struct option	 options[] = {
	{ .letter = 'd', .name = "data-dir", .arg = "DIR", .kind = OPT_TEXT,
	    .help = "the directory that holds datasites", .required = true,
	    .to = &args.box.data_dir },
	{ .letter = 'u', .name = "email", .arg = "ME", .kind = OPT_TEXT,
	    .help = "the local party", .required = true, .to = &args.box.me },
	{ .name = "app", .arg = "NAME", .kind = OPT_TEXT,
	    .help = "the application (biovault)", .to = &args.box.app },
	{ .name = "endpoint", .arg = "PATH", .kind = OPT_TEXT,
	    .help = "and its endpoint (message)", .to = &args.box.endpoint },
	{ .letter = 'p', .name = "pending", .arg = "FILE", .kind = OPT_TEXT,
	    .help = "requests that wait; -: standard input",
	    .to = &args.pending },
	{ .name = "cleanup", .arg = "FILE", .kind = OPT_TEXT,
	    .help = "remove the responses of these instead; -: standard input",
	    .to = &args.cleanup },
	{ .name = "no-cleanup", .kind = OPT_FLAG,
	    .help = "leave the responses where they are",
	    .to = &args.no_cleanup },
	{ .name = "scan", .kind = OPT_FLAG,
	    .help = "look everywhere if the recipient is not given",
	    .to = &args.scan },
	{ .name = "decrypt-cmd", .arg = "CMD", .kind = OPT_TEXT,
	    .help = "reads an envelope, writes its plain text",
	    .to = &args.box.decrypt },
	{ .name = "cmd-timeout", .arg = "S", .kind = OPT_DURATION,
	    .help = "for each run of CMD (30)", .min = 10 * MS,
	    .max = 3600ull * SEC, .to = &args.box.timeout },
	{ .name = "json", .kind = OPT_FLAG,
	    .help = "an object per decision, then the counters",
	    .to = &args.json },
	{ .name = "sql", .kind = OPT_FLAG,
	    .help = "UPDATE statements for messages.db", .to = &args.sql },
};

static const struct command	 command = {
	.name = "acks", .help = "see which requests were answered",
	.options = options, .noptions = sizeof(options) / sizeof(options[0]),
};

static bool
complain(const char *file, size_t line, const char *why)
{
	fprintf(stderr, "hotlink acks: %s: line %zu: %s\n", file, line, why);
	return false;
}

/* False after a message if a line was refused; the others are taken. */
static bool
read_lines(FILE *f, const char *name, struct acks *a)
{
	const char	*why;
	char		*line = NULL;
	size_t		 cap = 0, number = 0;
	ssize_t		 n;
	bool		 good = true;

	while ((n = getline(&line, &cap, f)) > 0) {
		number++;
		if (line[n - 1] == '\n')
			n--;
		if (n > 0 && line[n - 1] == '\r')
			n--;
		if (n > 0 && acks_add_line(a, line, (size_t)n, &why) == -1)
			good = complain(name, number, why);
	}
	if (ferror(f))
		fatal("%s", name);
	free(line);
	return good;
}

static bool
read_pending(const char *file, struct acks *a)
{
	bool	 good;
	FILE	*f;

	if (strcmp(file, "-") == 0)
		return read_lines(stdin, "standard input", a);
	f = fopen(file, "re");
	if (f == NULL)
		fatal("%s", file);
	good = read_lines(f, file, a);
	fclose(f);
	return good;
}

static void
put_json(json_t *o)
{
	if (o == NULL || json_dumpf(o, stdout, JSON_COMPACT) == -1)
		fatalx("acks: out of memory");
	putchar('\n');
	json_decref(o);
}

static void
print_json(const struct pending *p, const char *what)
{
	put_json(json_pack("{s:s, s:s, s:o, s:o}", "decision", what, "id",
	    p->id, "message_id", p->message[0] != '\0' ?
	    json_string(p->message) : json_null(), "status_code",
	    ack_accepted(p->ack) ? json_integer(p->status) : json_null()));
}

static void
print_text(const struct pending *p, const char *what)
{
	printf("%s\t%s\t%s\t", what, p->id, p->message);
	if (ack_accepted(p->ack))
		printf("%u", p->status);
	putchar('\n');
}

/* Ids have no quotes: nothing here needs escaping. */
static void
print_update(const struct pending *p, const char *now)
{
	if (ack_accepted(p->ack))
		printf("UPDATE messages SET rpc_ack_status = %u, "
		    "rpc_ack_at = '%s', sync_status = '%s' "
		    "WHERE rpc_request_id = '%s' AND rpc_ack_status IS NULL;\n",
		    p->status, now, p->ack == ACK_ACKED ? "synced" : "failed",
		    p->id);
	else
		printf("UPDATE messages SET sync_status = 'failed' "
		    "WHERE rpc_request_id = '%s' AND rpc_ack_status IS NULL;\n",
		    p->id);
}

/* What the data base has a field for. */
static bool
is_update(const struct pending *p)
{
	return ack_accepted(p->ack) || p->ack == ACK_EXPIRED;
}

static void
print_sql(struct acks *a)
{
	char	 now[WHEN_TEXT];
	size_t	 n = 0;

	when_text(clock_unix_ms(), "+00:00", now);
	for (size_t i = 0; i < acks_count(a); i++) {
		if (!is_update(acks_at(a, i)))
			continue;
		if (n++ == 0)
			printf("BEGIN IMMEDIATE;\n");
		print_update(acks_at(a, i), now);
	}
	if (n > 0)
		printf("COMMIT;\n");
}

static void
print_stats(const struct acks *a)
{
	json_t	*o = json_object();

	if (acks_put_stats(a, o) == -1)
		fatalx("acks: out of memory");
	put_json(o);
}

static void
print_decisions(struct acks *a)
{
	void	(*const print)(const struct pending *, const char *) =
		    args.json ? print_json : print_text;

	for (size_t i = 0; i < acks_count(a); i++)
		if (acks_at(a, i)->ack != ACK_NOT_YET)
			print(acks_at(a, i), ack_name(acks_at(a, i)->ack));
	if (args.json)
		print_stats(a);
}

/* Whoever reads the decisions must have them before a response goes. */
static bool
is_told(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	fprintf(stderr, "hotlink acks: cannot write the decisions: no response "
	    "is removed\n");
	return false;
}

static bool
clean(struct acks *a)
{
	bool	 good = true;

	for (size_t i = 0; i < acks_count(a); i++) {
		if (!ack_accepted(acks_at(a, i)->ack) ||
		    box_clean(&args.box, acks_at(a, i)) == 0)
			continue;
		fprintf(stderr, "hotlink acks: %s: the response changed or "
		    "cannot be removed\n", acks_at(a, i)->id);
		good = false;
	}
	return good;
}

static bool
report(struct acks *a)
{
	if (args.cleanup != NULL) {
		print_decisions(a);
		return clean(a);
	}
	if (args.sql)
		print_sql(a);
	else
		print_decisions(a);
	/* SQL is not yet committed: --cleanup removes once it is. */
	return is_told() && (args.no_cleanup || args.sql || clean(a));
}

static int
check(void)
{
	const char	*why;

	if ((args.pending == NULL) == (args.cleanup == NULL))
		return options_misuse(&command, "give either --pending or "
		    "--cleanup");
	if (args.json && args.sql)
		return options_misuse(&command, "options --json and --sql "
		    "exclude each other");
	if (args.sql && args.cleanup != NULL)
		return options_misuse(&command, "options --sql and --cleanup "
		    "exclude each other");
	if (!box_valid(&args.box, &why))
		return options_misuse(&command, "%s", why);
	return OPTIONS_RUN;
}

int
cmd_acks(int argc, char **argv)
{
	struct acks	*a;
	int		 status = options_parse(&command, &argc, argv);
	bool		 good;

	if (status != OPTIONS_RUN || (status = check()) != OPTIONS_RUN)
		return status;
	if ((a = acks_new(args.box.me)) == NULL)
		fatalx("acks: out of memory");
	good = read_pending(args.pending != NULL ? args.pending : args.cleanup,
	    a);
	if (box_look(&args.box, a, args.scan) == -1) {
		fprintf(stderr, "hotlink acks: interrupted\n");
		good = false;
	} else
		good = report(a) && good;
	acks_free(a);
	return good ? STATUS_OK : STATUS_FAILED;
}
