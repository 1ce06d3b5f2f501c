/* hotlink flow audit: do markers and listeners agree with the plan? */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/cmd.h"
#include "cli/flow.h"
#include "cli/flow_people.h"
#include "flow/audit.h"
#include "net/file.h"
#include "net/listening.h"

enum { MARKER_MAX = 64 << 10 };

static struct {
	struct option_list	 participants;
	const char		*file, *me, *run, *dir, *flow;
	uint64_t		 base;
	bool			 based, started;
} args;

const struct option	 flow_audit_options[FLOW_AUDIT_OPTIONS] = {
	{ .name = "run", .arg = "ID", .kind = OPT_TEXT, .required = true,
	    .help = "the run", .to = &args.run },
	{ .letter = 'f', .name = "flow", .arg = "NAME", .kind = OPT_TEXT,
	    .required = true, .help = "the flow it is a run of",
	    .to = &args.flow },
	{ .letter = 'u', .name = "me", .arg = "EMAIL", .kind = OPT_TEXT,
	    .required = true, .help = "whose markers are looked at",
	    .to = &args.me },
	{ .letter = 'd', .name = "data-dir", .arg = "DATADIR",
	    .kind = OPT_TEXT, .required = true,
	    .help = "where the datasites are", .to = &args.dir },
	{ .letter = 'p', .name = "participant", .arg = "EMAIL=ROLE",
	    .kind = OPT_LIST, .help = "who takes part, and as what",
	    .to = &args.participants },
	{ .name = "participants", .arg = "FILE", .kind = OPT_TEXT,
	    .help = "or a list of maps with email and role",
	    .to = &args.file },
	{ .name = "base", .arg = "PORT", .kind = OPT_NUMBER,
	    .help = "the plan's base, if not the run's", .min = 1,
	    .max = 65535, .to = &args.base, .given = &args.based },
	{ .name = "started", .kind = OPT_FLAG,
	    .help = "the agent is to listen by now", .to = &args.started },
};

struct auditing {
	const struct command	*command;
	struct flow_people	 people;
	struct audit		 plan;
	struct findings		 found;
};

/* The marker of party i's end of its link to j; NULL: there is none. */
static char *
read_marker(const struct auditing *g, unsigned i, unsigned j, size_t *n)
{
	char	 path[PATH_MAX];
	int	 len;

	len = snprintf(path, sizeof(path),
	    "%s/datasites/%s/shared/flows/%s/%s/_mpc/%u_to_%u/stream.tcp",
	    args.dir, g->plan.email[i], args.flow, args.run, i, j);
	*n = 0;
	return len > 0 && (size_t)len < sizeof(path) ?
	    file_read(path, MARKER_MAX, n) : NULL;
}

static void
audit_one(struct auditing *g, unsigned j)
{
	unsigned		 me = g->plan.me;
	struct audit_link	 l = { .peer = j };
	char			*mine, *theirs;

	mine = read_marker(g, me, j, &l.size);
	theirs = read_marker(g, j, me, &l.their_size);
	l.marker = mine;
	l.theirs = theirs;
	l.listening = listening_on((uint16_t)ports_listen(g->plan.base, me, j,
	    g->plan.n));
	audit_link(&g->found, &g->plan, &l, args.started);
	printf("%u_to_%u port %u %s%s\n", me, j, ports_listen(g->plan.base,
	    me, j, g->plan.n), l.listening ? "listening" : "free",
	    mine != NULL ? "" : ", no marker");
	free(mine);
	free(theirs);
}

/*
 * Below shared/flows: flows, in them runs, in them _mpc, in it channels, in
 * them markers. The run in question is left out.
 */
enum { FLOWS, RUNS, MPC, CHANNELS, MARKER };

struct others {
	struct findings		*to;
	const struct audit	*plan;
	const char		*run;
};

static void
audit_below(const struct others *o, const char *dir, int level)
{
	static const char *const	 fixed[] = {
		[MPC] = "_mpc", [MARKER] = "stream.tcp",
	};
	char				 path[PATH_MAX], *text;
	struct dirent			*e;
	size_t				 n;
	DIR				*d = opendir(dir);

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || (level == RUNS &&
		    strcmp(e->d_name, o->run) == 0) ||
		    (fixed[level] != NULL &&
		    strcmp(fixed[level], e->d_name) != 0) ||
		    (size_t)snprintf(path, sizeof(path), "%s/%s", dir,
		    e->d_name) >= sizeof(path))
			continue;
		if (level < MARKER) {
			audit_below(o, path, level + 1);
			continue;
		}
		text = file_read(path, MARKER_MAX, &n);
		if (text != NULL)
			audit_other(o->to, o->plan, path, text, n);
		free(text);
	}
	if (d != NULL)
		closedir(d);
}

void
flow_audit_others(struct findings *to, const struct audit *plan,
    const char *data, const char *run)
{
	const struct others	 o = { to, plan, run };
	char			 path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/datasites/%s/shared/"
	    "flows", data, plan->email[plan->me]) < sizeof(path))
		audit_below(&o, path, FLOWS);
}

/* The parties in their order; me among them. */
static void
make_plan(struct auditing *g)
{
	static struct map		 map;
	static const struct spec	 none;
	size_t				 cp[MAP_PEOPLE];
	struct audit			*a = &g->plan;

	map_make(&map, &none, g->people.v, g->people.n);
	check_people(&g->found, &map, args.me);
	map_order(&map, cp);
	a->n = (unsigned)g->people.n;
	for (unsigned i = 0; i < a->n; i++) {
		a->email[i] = g->people.v[cp[i]].email;
		if (strcasecmp(a->email[i], args.me) == 0)
			a->me = i;
	}
	a->base = args.based ? (unsigned)args.base :
	    a->n >= 2 ? ports_base(args.run, a->n) : 0;
	if (a->n >= 2 && (a->base < PORTS_BASE_MIN ||
	    a->base > ports_base_max(a->n)))
		findings_add(&g->found, false, "E_PORT_CONFLICT_SELECTED_BASE:"
		    " the base leaves no ports for all parties");
}

static void
print_findings(const struct auditing *g)
{
	const struct findings	*f = &g->found;

	for (size_t i = 0; i < f->n; i++)
		fprintf(stderr, "hotlink flow audit: %s%s\n",
		    f->v[i].warning ? "warning: " : "", f->v[i].text);
}

/* They become names of directories. */
static bool
is_name(const char *s)
{
	return s[0] != '\0' && s[0] != '.' && strchr(s, '/') == NULL;
}

static int
check_args(struct auditing *g)
{
	if (!is_name(args.run) || !is_name(args.flow))
		return options_misuse(g->command,
		    "a flow and a run are names, not paths");
	for (size_t i = 0; i < g->people.n; i++)
		if (!is_name(g->people.v[i].email))
			return options_misuse(g->command, "not an email: %s",
			    g->people.v[i].email);
	if (g->people.n < 2)
		return options_misuse(g->command, "say who takes part: "
		    "--participant EMAIL=ROLE or --participants FILE");
	return STATUS_OK;
}

static int
audit_all(struct auditing *g)
{
	make_plan(g);
	if (g->found.problems == 0) {
		for (unsigned j = 0; j < g->plan.n; j++)
			if (j != g->plan.me)
				audit_one(g, j);
		flow_audit_others(&g->found, &g->plan, args.dir, args.run);
	}
	print_findings(g);
	return g->found.problems > 0 ? STATUS_PREFLIGHT : STATUS_OK;
}

int
flow_audit(const struct command *command, int argc, char **argv)
{
	static struct auditing	 g;
	int			 status;

	if (argc > 0)
		return options_misuse(command, "unexpected argument: %s",
		    argv[0]);
	g.command = command;
	status = flow_people_read(&g.people, command, &args.participants,
	    args.file);
	if (status == STATUS_OK)
		status = check_args(&g);
	if (status == STATUS_OK)
		status = audit_all(&g);
	findings_free(&g.found);
	flow_people_free(&g.people);
	return status;
}
