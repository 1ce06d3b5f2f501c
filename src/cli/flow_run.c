/* hotlink flow run: one party's share of a flow, after all checks. */
#define _XOPEN_SOURCE 700	/* realpath */
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/cmd.h"
#include "cli/flow.h"
#include "cli/flow_people.h"
#include "flow/run.h"
#include "net/file.h"
#include "net/listening.h"

static struct {
	struct option_list	 participants, inputs;
	const char		*file, *me, *run, *dir, *sandbox;
	uint64_t		 timeout, silence, gate;
} args = {
	.timeout = 3600ull * SEC, .silence = 6 * SEC, .gate = 45 * SEC,
};

const struct option	 flow_run_options[FLOW_RUN_OPTIONS] = {
	{ .letter = 'u', .name = "me", .arg = "EMAIL", .kind = OPT_TEXT,
	    .required = true, .help = "whose steps are run", .to = &args.me },
	{ .letter = 'd', .name = "data-dir", .arg = "DATADIR",
	    .kind = OPT_TEXT, .required = true,
	    .help = "where this party's datasites are", .to = &args.dir },
	{ .name = "run", .arg = "ID", .kind = OPT_TEXT, .required = true,
	    .help = "the run, the same for all parties", .to = &args.run },
	{ .letter = 'p', .name = "participant", .arg = "EMAIL=ROLE",
	    .kind = OPT_LIST, .help = "who takes part, and as what",
	    .to = &args.participants },
	{ .name = "participants", .arg = "FILE", .kind = OPT_TEXT,
	    .help = "or a list of maps with email and role",
	    .to = &args.file },
	{ .letter = 'i', .name = "input", .arg = "NAME=VALUE",
	    .kind = OPT_LIST, .help = "an input of the flow",
	    .to = &args.inputs },
	{ .name = "sandbox", .arg = "DIR", .kind = OPT_TEXT,
	    .help = "read the others' files in DIR/EMAIL",
	    .to = &args.sandbox },
	{ .name = "timeout", .arg = "TIME", .kind = OPT_DURATION,
	    .help = "for all of the run (1h)", .min = 1,
	    .max = UINT64_MAX / 4, .to = &args.timeout },
	{ .name = "silence", .arg = "TIME", .kind = OPT_DURATION,
	    .help = "a party without a heartbeat is gone after it (6s)",
	    .min = 2 * SEC, .max = UINT64_MAX / 4, .to = &args.silence },
	{ .name = "gate", .arg = "TIME", .kind = OPT_DURATION,
	    .help = "how long an agent may take to listen (45s)", .min = 1,
	    .max = UINT64_MAX / 4, .to = &args.gate },
};

static struct running {
	const struct command	*command;
	struct spec		 spec;
	struct flow_people	 people;
	struct map		 map;
	struct findings		 found;
	struct place		 place;
	struct audit		 plan;
	struct task		 task[SPEC_STEPS];
	json_t			*inputs;
	char			 data[PATH_MAX], sandbox[PATH_MAX],
				 flow_dir[PATH_MAX], self[PATH_MAX];
} running;

static int
read_flow(struct running *g, const char *file)
{
	int	 status = flow_read(&g->spec, g->command, file);

	if (status != STATUS_OK)
		return status;
	if (!place_name(g->spec.name))
		return flow_complain(g->command, file,
		    "metadata.name is not the name of a directory");
	return STATUS_OK;
}

static int
find(struct running *g, const char *path, char *to)
{
	return realpath(path, to) != NULL ? STATUS_OK :
	    flow_complain(g->command, path, strerror(errno));
}

static int
find_places(struct running *g, const char *file)
{
	const char	*box = args.sandbox;
	char		*slash;
	ssize_t		 n;
	int		 status;

	if (box == NULL)
		box = getenv("BIOVAULT_SANDBOX_ROOT");
	n = readlink("/proc/self/exe", g->self, sizeof(g->self) - 1);
	g->self[n > 0 ? n : 0] = '\0';
	status = find(g, file, g->flow_dir);
	if (status != STATUS_OK)
		return status;
	slash = strrchr(g->flow_dir, '/');
	*slash = '\0';
	if ((status = find(g, args.dir, g->data)) != STATUS_OK)
		return status;
	return box != NULL && *box != '\0' ? find(g, box, g->sandbox) :
	    STATUS_OK;
}

static int
read_inputs(struct running *g)
{
	char		 name[128];
	const char	*equals;

	g->inputs = json_object();
	for (size_t i = 0; i < args.inputs.n; i++) {
		equals = strchr(args.inputs.v[i], '=');
		if (equals == NULL || equals == args.inputs.v[i] ||
		    (size_t)(equals - args.inputs.v[i]) >= sizeof(name))
			return options_misuse(g->command, "option --input: "
			    "not NAME=VALUE: %s", args.inputs.v[i]);
		snprintf(name, sizeof(name), "%.*s",
		    (int)(equals - args.inputs.v[i]), args.inputs.v[i]);
		json_object_set_new(g->inputs, name, json_string(equals + 1));
	}
	return STATUS_OK;
}

static int
check_names(struct running *g)
{
	if (!place_name(args.run))
		return options_misuse(g->command,
		    "option --run: a name, not a path: %s", args.run);
	if (g->people.n < 2)
		return options_misuse(g->command, "say who takes part: "
		    "--participant EMAIL=ROLE or --participants FILE");
	for (size_t i = 0; i < g->people.n; i++)
		if (!place_name(g->people.v[i].email))
			return options_misuse(g->command, "not an email: %s",
			    g->people.v[i].email);
	return STATUS_OK;
}

static void
make_plan(struct running *g)
{
	struct place	*p = &g->place;
	struct audit	*a = &g->plan;
	size_t		 cp[MAP_PEOPLE];

	map_order(&g->map, cp);
	a->n = (unsigned)g->people.n;
	a->base = ports_base(args.run, a->n);
	for (unsigned i = 0; i < a->n; i++) {
		a->email[i] = g->people.v[cp[i]].email;
		if (strcasecmp(a->email[i], args.me) == 0) {
			a->me = i;
			p->me = cp[i];
		}
	}
	p->map = &g->map;
	p->run = args.run;
	p->data = g->data;
	p->sandbox = g->sandbox[0] != '\0' ? g->sandbox : NULL;
	p->flow_dir = g->flow_dir;
	p->inputs = g->inputs;
}

__attribute__((__format__(__printf__, 2, 0))) static void
problem(struct running *g, const char *fmt, const char *what)
{
	char	 text[PATH_MAX + 256];

	snprintf(text, sizeof(text), fmt, what);
	findings_add(&g->found, false, text);
}

/* A link of ours must be nobody's yet: no marker, no listener. */
static void
check_link(struct running *g, unsigned j)
{
	char		 dir[64], path[PATH_MAX];
	struct stat	 st;
	unsigned	 port = ports_listen(g->plan.base, g->plan.me, j,
			    g->plan.n);

	snprintf(dir, sizeof(dir), "_mpc/%u_to_%u", g->plan.me, j);
	if (place_shared(&g->place, g->place.me, dir, "stream.tcp", path) &&
	    lstat(path, &st) == 0)
		problem(g, "%s: a marker of an earlier start of this run: "
		    "remove it, or choose another --run", path);
	if (listening_on((uint16_t)port)) {
		snprintf(dir, sizeof(dir), "%u", port);
		problem(g, "E_PORT_CONFLICT_LOCAL_BUSY: somebody listens on "
		    "port %s of this run already: choose another --run", dir);
	}
}

/* Whatever is there of this run was not made by it. */
static void
check_left_over(struct running *g)
{
	char		 path[PATH_MAX];
	struct stat	 st;
	bool		 linked = false;

	if (place_shared(&g->place, g->place.me, "_progress", "state.json",
	    path) && lstat(path, &st) == 0)
		problem(g, "%s: this party took part in this run already: "
		    "choose another --run", path);
	for (size_t i = 0; i < g->spec.nsteps; i++)
		linked |= g->task[i].linked;
	for (unsigned j = 0; linked && j < g->plan.n; j++)
		if (j != g->plan.me)
			check_link(g, j);
	if (linked)
		flow_audit_others(&g->found, &g->plan, g->data, args.run);
}

static void
check(struct running *g)
{
	check_flow(&g->found, &g->map, args.me);
	if (g->found.problems > 0)
		return;
	make_plan(g);
	for (size_t i = 0; i < g->spec.nsteps; i++)
		task_make(&g->task[i], &g->place, &g->spec.step[i], g->self,
		    g->plan.base, &g->found);
	check_left_over(g);
}

static int
run(struct running *g, const char *file)
{
	struct flow_run	 conf = { &g->place, g->task, 0, args.timeout,
			     args.silence, args.gate };

	if (!map_make(&g->map, &g->spec, g->people.v, g->people.n))
		return flow_complain(g->command, file,
		    "too many placeholders");
	check(g);
	for (size_t i = 0; i < g->found.n; i++)
		fprintf(stderr, "hotlink flow run: %s: %s%s\n", file,
		    g->found.v[i].warning ? "warning: " : "",
		    g->found.v[i].text);
	if (g->found.problems > 0)
		return STATUS_PREFLIGHT;
	conf.base = g->plan.base;
	printf("flow %s, run %s: %s is party %u of %u\n", g->spec.name,
	    args.run, args.me, g->plan.me, g->plan.n);
	fflush(stdout);
	if (flow_run(&conf) == -1)
		return STATUS_FAILED;
	printf("Flow completed successfully.\n");
	return STATUS_OK;
}

int
flow_run_one(const struct command *command, int argc, char **argv)
{
	struct running	*g = &running;
	int		 status;

	if (argc != 1)
		return options_misuse(command, "one FLOW.yaml is needed");
	g->command = command;
	status = read_flow(g, argv[0]);
	if (status == STATUS_OK)
		status = flow_people_read(&g->people, command,
		    &args.participants, args.file);
	if (status == STATUS_OK)
		status = check_names(g);
	if (status == STATUS_OK)
		status = find_places(g, argv[0]);
	if (status == STATUS_OK)
		status = read_inputs(g);
	if (status == STATUS_OK)
		status = run(g, argv[0]);
	for (size_t i = 0; i < g->spec.nsteps; i++)
		task_free(&g->task[i]);
	findings_free(&g->found);
	flow_people_free(&g->people);
	spec_free(&g->spec);
	json_decref(g->inputs);
	return status;
}
