/* hotlink run: a scenario file, run step by step. */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/log.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "crypto/rng.h"
#include "net/clock.h"
#include "net/file.h"
#include "scenario/run.h"
#include "syft/env.h"

enum {
	FILE_MAX = 4 << 20,	/* bytes of a scenario */
	NAMES = 8,		/* variables set for every command */
	SUFFIX = 3,		/* random bytes of a run id */
};

struct args {
	bool			 strict, p2p_only, alias, dry;
	const char		*only, *from, *json, *sandbox;
	struct option_list	 set;
};

struct runner {
	const struct command	*command;
	const struct args	*args;
	const char		*file;
	char			 workspace[PATH_MAX], sandbox[PATH_MAX],
				 self[PATH_MAX];
	char			 stem[NAME_MAX + 1];
	char			 id[RUN_ID + 2 * SUFFIX + 2];
	struct scenario		 scenario;
	struct plan		 plan;
	struct vars		 vars;
	char			 env[NAMES][64];
	const char		*envv[NAMES + 1];
	size_t			 nenv;
	uint64_t		 together;
};

/* What is wrong; text from a file is escaped. The exit status. */
__attribute__((__format__(__printf__, 1, 2))) static int
complain(const char *fmt, ...)
{
	char	 line[1024];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fputs("hotlink run: ", stderr);
	for (const char *c = line; *c != '\0'; c++)
		if (*c >= ' ' && *c < 0x7f)
			fputc(*c, stderr);
		else
			fprintf(stderr, "\\x%02x", (unsigned char)*c);
	fputc('\n', stderr);
	return STATUS_MISUSE;
}

/* The environment of hotlink */

static const char *
get(void *arg, const char *name)
{
	(void)arg;
	return getenv(name);
}

static void
say(void *arg, bool error, const char *line)
{
	(void)arg;
	fprintf(stderr, "hotlink run: %s%s\n", error ? "" : "warning: ", line);
}

static void
put_env(struct runner *r, const char *name, bool on)
{
	snprintf(r->env[r->nenv], sizeof(r->env[0]), "%s=%d", name, on);
	r->envv[r->nenv] = r->env[r->nenv];
	r->nenv++;
}

/* All four names of p2p-only get one value, whoever gave it. */
static int
set_env(struct runner *r)
{
	const struct args	*a = r->args;
	const struct env_io	 io = { .get = get, .say = say,
				     .strict = a->strict };
	bool			 asked = a->p2p_only || a->alias;
	const char		*strict, *p2p;
	struct env		 env;

	if (env_read(&env, &io) == -1)
		return STATUS_MISUSE;
	strict = a->strict ? "--strict" : env.v[ENV_STRICT].source;
	p2p = asked ? "--p2p-only" : a->strict && !env.v[ENV_P2P_ONLY].on ?
	    strict : env.v[ENV_P2P_ONLY].source;
	env.v[ENV_STRICT].on |= a->strict;
	env.v[ENV_P2P_ONLY].on |= asked || a->strict;
	if (env.v[ENV_STRICT].on)
		put_env(r, env_variable(ENV_STRICT, 0), true);
	for (size_t i = 0; env_variable(ENV_P2P_ONLY, i) != NULL; i++)
		put_env(r, env_variable(ENV_P2P_ONLY, i),
		    env.v[ENV_P2P_ONLY].on);
	printf("environment: strict=%d (%s), p2p-only=%d (%s)\n",
	    env.v[ENV_STRICT].on, strict != NULL ? strict : "default",
	    env.v[ENV_P2P_ONLY].on, p2p != NULL ? p2p : "default");
	return 0;
}

/* Paths, names and variables */

/* In to (PATH_MAX bytes), absolute. */
static int
absolute(char *to, const char *path)
{
	char	 here[PATH_MAX];

	if (*path == '/')
		return snprintf(to, PATH_MAX, "%s", path) < PATH_MAX ? 0 : -1;
	if (getcwd(here, sizeof(here)) == NULL)
		return -1;
	return snprintf(to, PATH_MAX, "%s/%s", here, path) < PATH_MAX ? 0 :
	    -1;
}

static int
find_places(struct runner *r)
{
	const char	*root = getenv("WORKSPACE_ROOT"),
			*box = r->args->sandbox;
	char		 beside[PATH_MAX];
	ssize_t		 n;

	if (box == NULL)
		box = getenv("BIOVAULT_SANDBOX_ROOT");
	if (root != NULL && *root != '\0') {
		if (absolute(r->workspace, root) == -1)
			return -1;
	} else if (getcwd(r->workspace, sizeof(r->workspace)) == NULL)
		return -1;
	if (box == NULL || *box == '\0') {
		if (snprintf(beside, sizeof(beside), "%s/sandbox",
		    r->workspace) >= PATH_MAX)
			return -1;
		box = beside;
	}
	n = readlink("/proc/self/exe", r->self, sizeof(r->self) - 1);
	snprintf(r->self + (n > 0 ? n : 0), sizeof(r->self) -
	    (size_t)(n > 0 ? n : 0), "%s", n > 0 ? "" : "hotlink");
	return absolute(r->sandbox, box);
}

static void
find_stem(struct runner *r)
{
	const char	*slash = strrchr(r->file, '/');
	char		*dot;

	snprintf(r->stem, sizeof(r->stem), "%s", slash != NULL ? slash + 1 :
	    r->file);
	dot = strrchr(r->stem, '.');
	if (dot != NULL && dot != r->stem)
		*dot = '\0';
}

/* Two runs within a minute are two runs. */
static void
make_id(struct runner *r)
{
	const char	*given = getenv("BIOVAULT_FLOW_RUN_ID");
	struct rng	*rng = rng_new();
	uint8_t		 random[SUFFIX];
	char		 base[RUN_ID], hex[2 * SUFFIX + 1];

	if (rng == NULL || plan_run_id(base, &r->scenario, r->stem,
	    clock_unix_ms() / 1000) == -1)
		fatal("run");
	rng_bytes(rng, random, sizeof(random));
	rng_free(rng);
	hex_encode(hex, random, sizeof(random));
	snprintf(r->id, sizeof(r->id), "%s-%s", base, hex);
	if (vars_set(&r->vars, "run_id", given != NULL && *given != '\0' ?
	    given : r->id) == -1)
		fatal("run");
}

static int
set_vars(struct runner *r)
{
	const struct option_list	*l = &r->args->set;
	char				 name[128];
	const char			*equals;
	size_t				 n;

	make_id(r);
	if (vars_set(&r->vars, "workspace", r->workspace) == -1 ||
	    vars_set(&r->vars, "sandbox", r->sandbox) == -1 ||
	    vars_set(&r->vars, "hotlink", r->self) == -1)
		fatal("run");
	for (size_t i = 0; i < l->n; i++) {
		equals = strchr(l->v[i], '=');
		n = equals != NULL ? (size_t)(equals - l->v[i]) : 0;
		if (n == 0 || n >= sizeof(name))
			return options_misuse(r->command, "option --set: not "
			    "NAME=VALUE: %s", l->v[i]);
		snprintf(name, sizeof(name), "%.*s", (int)n, l->v[i]);
		if (vars_set(&r->vars, name, equals + 1) == -1)
			fatal("run");
	}
	return 0;
}

/* SCENARIO_BG_TIMEOUT: a limit on top of the steps'; 0 and less is none. */
static int
set_limit(struct runner *r)
{
	const char	*s = getenv("SCENARIO_BG_TIMEOUT");
	uint64_t	 v;

	r->together = NEVER;
	if (s == NULL || *s == '\0' || *s == '-')
		return 0;
	if (option_duration(&v, s) == -1)
		return options_misuse(r->command,
		    "SCENARIO_BG_TIMEOUT: not a number of seconds: %s", s);
	if (v > 0)
		r->together = v;
	return 0;
}

/* The file and the plan */

static int
read_scenario(struct runner *r)
{
	struct scenario_error	 e;
	char			 why[PLAN_WHY];
	size_t			 n;
	char			*text = file_read(r->file, FILE_MAX, &n);
	int			 rc;

	if (text == NULL)
		return complain("%s: %s", r->file, strerror(errno));
	rc = scenario_parse(&r->scenario, text, n, &e);
	free(text);
	if (rc == -1)
		return complain("%s:%zu:%zu: %s", r->file, e.line, e.column,
		    e.why);
	if (plan_make(&r->plan, &r->scenario, r->args->only, r->args->from,
	    why) == -1)
		return complain("%s: %s", r->file, why);
	return 0;
}

static void
print_command(const struct runner *r, const char *text)
{
	char	*s = vars_expand(&r->vars, text);

	if (s == NULL)
		fatal("run");
	for (char *line = s; *line != '\0';) {
		size_t	 n = strcspn(line, "\n");

		printf("      %.*s\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
	free(s);
}

static void
print_step(const struct runner *r, const struct step *s, const char *number)
{
	printf("%s%s (%s%s, line %zu", number, s->name, step_kind_name(s->kind),
	    s->background ? " in the background" : "", s->line);
	if (s->datasite != NULL)
		printf(", at %s", s->datasite);
	if (s->timeout != NEVER)
		printf(", %.6g s", (double)s->timeout / SEC);
	printf(")\n");
	if (s->text != NULL)
		print_command(r, s->text);
	for (size_t i = 0; i < s->child.n; i++)
		print_step(r, &s->child.v[i], "    - ");
}

static int
print_plan(const struct runner *r)
{
	char	 number[32];

	for (size_t i = 0; i < r->plan.n; i++) {
		snprintf(number, sizeof(number), "%3zu ", i + 1);
		print_step(r, r->plan.v[i], number);
	}
	return STATUS_OK;
}

/* Running */

static int
write_summary(const struct runner *r, json_t *steps, bool passed,
    uint64_t took)
{
	json_t	*all;
	char	*text;
	size_t	 n;
	int	 rc = -1;

	all = json_pack("{s:s, s:s, s:s, s:s, s:b, s:f, s:O}", "scenario",
	    r->file, "run_id", vars_get(&r->vars, "run_id"), "workspace",
	    r->workspace, "sandbox", r->sandbox, "passed", passed, "seconds",
	    (double)took / SEC, "steps", steps);
	text = all != NULL ? json_dumps(all, JSON_INDENT(2) |
	    JSON_REAL_PRECISION(6)) : NULL;
	json_decref(all);
	if (text != NULL) {
		n = strlen(text);
		text[n++] = '\n';	/* in the place of its NUL */
		rc = file_write(r->args->json, text, n, 0644);
	}
	if (rc == -1)
		complain("%s: %s", r->args->json, strerror(errno));
	free(text);
	return rc;
}

static int
run(struct runner *r)
{
	struct run_conf	 conf = { r->workspace, r->sandbox, r->envv,
			     r->together, &r->vars, json_array() };
	uint64_t	 since = clock_now(), took;
	bool		 passed;

	if (conf.steps == NULL)
		fatal("run");
	fflush(stdout);
	passed = scenario_run(&conf, &r->plan) == 0;
	took = clock_now() - since;
	if (r->args->json != NULL &&
	    write_summary(r, conf.steps, passed, took) == -1)
		passed = false;
	json_decref(conf.steps);
	if (!passed)
		return STATUS_FAILED;
	printf("%zu step%s in %.3f s\n", r->plan.n, r->plan.n == 1 ? "" : "s",
	    (double)took / SEC);
	printf("Scenario completed successfully.\n");
	return STATUS_OK;
}

static int
prepare(struct runner *r)
{
	int	 status;

	if (find_places(r) == -1)
		return complain("the paths are too long");
	find_stem(r);
	if ((status = set_limit(r)) != 0 ||
	    (status = read_scenario(r)) != 0 || (status = set_vars(r)) != 0)
		return status;
	return set_env(r);
}

static int
run_file(struct runner *r)
{
	int	 status = prepare(r);

	if (status == 0) {
		printf("scenario %s, run id %s\nsandbox %s\n", r->file,
		    vars_get(&r->vars, "run_id"), r->sandbox);
		status = r->args->dry ? print_plan(r) : run(r);
	}
	vars_free(&r->vars);
	plan_free(&r->plan);
	scenario_free(&r->scenario);
	return status;
}

int
cmd_run(int argc, char **argv)
{
	static struct runner	 r;
	struct args		 a = { .only = NULL };
	const struct option	 options[] = {
		{ 0, "strict", NULL, "the links are direct or fail",
		    OPT_FLAG, false, &a.strict, 0, 0, NULL, NULL },
		{ 0, "p2p-only", NULL, "direct connections only",
		    OPT_FLAG, false, &a.p2p_only, 0, 0, NULL, NULL },
		{ 0, "hotlink-p2p-only", NULL, "the same",
		    OPT_FLAG, false, &a.alias, 0, 0, NULL, NULL },
		{ 0, "set", "NAME=VALUE", "what {{NAME}} stands for",
		    OPT_LIST, false, &a.set, 0, 0, NULL, NULL },
		{ 0, "only", "STEP", "run this step alone: name or number",
		    OPT_TEXT, false, &a.only, 0, 0, NULL, NULL },
		{ 0, "from", "STEP", "begin with this step",
		    OPT_TEXT, false, &a.from, 0, 0, NULL, NULL },
		{ 0, "dry-run", NULL, "show what would run",
		    OPT_FLAG, false, &a.dry, 0, 0, NULL, NULL },
		{ 0, "json", "FILE", "write a summary",
		    OPT_TEXT, false, &a.json, 0, 0, NULL, NULL },
		{ 0, "sandbox", "DIR", "where the datasites are",
		    OPT_TEXT, false, &a.sandbox, 0, 0, NULL, NULL },
	};
	const struct command	 command = { "run", "SCENARIO.yaml",
	    "Run a scenario, step by step.", options,
	    sizeof(options) / sizeof(options[0]) };
	int			 status;

	status = options_parse(&command, &argc, argv);
	if (status != OPTIONS_RUN)
		return status;
	if (argc != 1)
		return options_misuse(&command, "one SCENARIO.yaml is needed");
	if (a.only != NULL && a.from != NULL)
		return options_misuse(&command,
		    "options --only and --from exclude each other");
	r.command = &command;
	r.args = &a;
	r.file = argv[0];
	return run_file(&r);
}
