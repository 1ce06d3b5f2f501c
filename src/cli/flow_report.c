#define _XOPEN_SOURCE 700	/* realpath */
/* hotlink flow report: the stages of all parties of a step, put together. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/flow.h"
#include "mpc/report.h"
#include "net/file.h"
#include "scenario/files.h"

enum { RECORDS_MAX = 1 << 20 };		/* bytes of a file */

static struct {
	const char	*run, *step, *svg;
	bool		 json;
} args;

const struct option	 flow_report_options[FLOW_REPORT_OPTIONS] = {
	{ .name = "run", .arg = "ID", .kind = OPT_TEXT,
	    .help = "this run only", .to = &args.run },
	{ .name = "step", .arg = "ID", .kind = OPT_TEXT,
	    .help = "this step only", .to = &args.step },
	{ .name = "svg", .arg = "FILE", .kind = OPT_TEXT,
	    .help = "a picture of the one step there is", .to = &args.svg },
	{ .name = "json", .kind = OPT_FLAG,
	    .help = "an object for each step, each on a line",
	    .to = &args.json },
};

/* Records are lines; what is none is named and left out. */
static int
read_lines(struct report *p, const char *path, const char *text, size_t n)
{
	char	 why[REPORT_WHY];
	size_t	 line = 0, len;
	int	 rc = 0;

	for (const char *s = text; s < text + n; s += len + 1) {
		len = strcspn(s, "\n");
		line++;
		if (len > 0 && report_add(p, s, len, why)) {
			fprintf(stderr, "hotlink flow report: %s:%zu: %s\n",
			    path, line, why);
			rc = -1;
		}
	}
	return rc;
}

static int
read_records(struct report *p, const char *path)
{
	size_t	 n;
	char	*text = file_read(path, RECORDS_MAX, &n);
	int	 rc;

	if (text == NULL) {
		fprintf(stderr, "hotlink flow report: %s: %s\n", path,
		    strerror(errno));
		return -1;
	}
	rc = read_lines(p, path, text, n);
	free(text);
	return rc;
}

static bool
has_records(const char *path)
{
	const char	*name = strrchr(path, '/');

	return strcmp(name != NULL ? name + 1 : path, "stages.jsonl") == 0;
}

/*
 * All of them below a directory, or the file itself; what is named may be a
 * link, and a pattern.
 */
static int
read_below(struct report *p, const char *named)
{
	char		*real = realpath(named, NULL);
	const char	*dir = real != NULL ? real : named;
	struct paths	 l;
	int		 rc = 0;

	if (files_below(&l, dir) == -1 ||
	    (l.n == 0 && access(dir, R_OK) == -1)) {
		fprintf(stderr, "hotlink flow report: %s: %s\n", named,
		    strerror(errno));
		rc = -1;
	}
	for (size_t i = 0; i < l.n; i++)
		if ((strcmp(l.v[i], dir) == 0 || has_records(l.v[i])) &&
		    read_records(p, l.v[i]))
			rc = -1;
	paths_free(&l);
	free(real);
	return rc;
}

static bool
wanted(const struct report_step *s)
{
	return (args.run == NULL || strcmp(args.run, s->run) == 0) &&
	    (args.step == NULL || strcmp(args.step, s->step) == 0);
}

/* The rest stays what it was. */
static void
choose(struct report *p)
{
	size_t	 n = 0;

	for (size_t i = 0; i < p->n; i++)
		if (wanted(&p->v[i]))
			p->v[n++] = p->v[i];
	p->n = n;
}

static int
write_svg(const struct report_step *s)
{
	char	*text = NULL;
	size_t	 n;
	FILE	*f = open_memstream(&text, &n);
	int	 rc = -1;

	if (f != NULL) {
		report_svg(f, s);
		if (fclose(f) == 0)
			rc = file_write(args.svg, text, n, 0644);
	}
	if (rc)
		fprintf(stderr, "hotlink flow report: %s: %s\n", args.svg,
		    strerror(errno));
	free(text);
	return rc;
}

static int
show(const struct command *c, const struct report *p)
{
	if (args.svg != NULL && p->n > 1)
		return options_misuse(c, "option --svg: there are %zu steps, "
		    "choose one with --run and --step: %s and %s of %s are "
		    "two of them", p->n, p->v[0].step, p->v[1].step,
		    p->v[1].run);
	for (size_t i = 0; i < p->n; i++) {
		if (args.json)
			report_json(stdout, &p->v[i]);
		else
			report_table(stdout, &p->v[i]);
		if (!args.json && i + 1 < p->n)
			putchar('\n');
	}
	return args.svg != NULL && write_svg(&p->v[0]) ? STATUS_FAILED :
	    STATUS_OK;
}

/* Of how many that were read none is left. */
static void
say_none(size_t n)
{
	if (n == 0)
		fprintf(stderr, "hotlink flow report: there is no stages.jsonl "
		    "there: hotlink mpc --stages writes them\n");
	else
		fprintf(stderr, "hotlink flow report: there are no stage "
		    "records%s%s%s%s, but of %zu other step%s\n",
		    args.run != NULL ? " of run " : "",
		    args.run != NULL ? args.run : "",
		    args.step != NULL ? " of step " : "",
		    args.step != NULL ? args.step : "", n, n == 1 ? "" : "s");
}

int
flow_report(const struct command *c, int argc, char **argv)
{
	struct report	 all = { 0 };
	int		 status = STATUS_OK, shown;
	size_t		 had;

	if (argc == 0)
		return options_misuse(c, "a directory is missing, whose "
		    "stages.jsonl are read");
	for (int i = 0; i < argc; i++)
		if (read_below(&all, argv[i]))
			status = STATUS_FAILED;
	had = all.n;
	choose(&all);
	report_done(&all);
	if (all.n == 0) {
		/* What could not be read is no news to add to. */
		if (had > 0 || status == STATUS_OK)
			say_none(had);
		status = STATUS_FAILED;
	} else {
		shown = show(c, &all);
		status = shown != STATUS_OK ? shown : status;
	}
	report_free(&all);
	return status;
}
