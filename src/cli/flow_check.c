/* hotlink flow check: may these participants start this flow? */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/flow.h"
#include "cli/flow_people.h"
#include "flow/check.h"
#include "net/file.h"

static struct {
	struct option_list	 participants;
	const char		*file, *me, *run;
	bool			 json;
} args;

const struct option	 flow_check_options[FLOW_CHECK_OPTIONS] = {
	{ .letter = 'p', .name = "participant", .arg = "EMAIL=ROLE",
	    .kind = OPT_LIST, .help = "who takes part, and as what",
	    .to = &args.participants },
	{ .name = "participants", .arg = "FILE", .kind = OPT_TEXT,
	    .help = "or a list of maps with email and role",
	    .to = &args.file },
	{ .letter = 'u', .name = "me", .arg = "EMAIL", .kind = OPT_TEXT,
	    .help = "show which steps are this one's", .to = &args.me },
	{ .name = "run", .arg = "ID", .kind = OPT_TEXT,
	    .help = "show the ports of this run", .to = &args.run },
	{ .name = "json", .kind = OPT_FLAG, .help = "one object",
	    .to = &args.json },
};

/* All that a check stands on. */
struct checked {
	const struct command	*command;
	struct spec		 spec;
	struct flow_people	 people;
	struct map		 map;
	struct findings		 found;
};

static int
compare_emails(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each once; returns how many. */
static size_t
sorted(const struct map *m, people set, const char *v[MAP_PEOPLE])
{
	size_t	 n = 0, kept = 0;

	for (size_t i = 0; i < m->npeople; i++)
		if ((set >> i & 1) != 0)
			v[n++] = m->people[i].email;
	qsort(v, n, sizeof(v[0]), compare_emails);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || strcmp(v[kept - 1], v[i]) != 0)
			v[kept++] = v[i];
	return kept;
}

static json_t *
people_json(const struct map *m, people set)
{
	const char	*v[MAP_PEOPLE];
	size_t		 n = sorted(m, set, v);
	json_t		*list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_string(v[i]));
	return list;
}

/* The first that has a name keeps it; nobody is no group. */
static void
put_group(json_t *to, const struct map *m, const char *name, people set)
{
	if (set != 0 && json_object_get(to, name) == NULL)
		json_object_set_new(to, name, people_json(m, set));
}

/* "client2" is a group, and one of "clients". */
static void
put_role(json_t *to, const struct map *m, const char *role)
{
	char	 name[128];
	size_t	 n;

	n = (size_t)snprintf(name, sizeof(name) - 1, "%s", role);
	if (n >= sizeof(name) - 1 || n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] = (char)(name[i] + 32);
	put_group(to, m, name, map_role(m, role));
	if (strspn(name + n - 1, "0123456789") == 0)
		return;
	while (n > 0 && strspn(name + n - 1, "0123456789") > 0)
		name[--n] = '\0';
	if (n > 0 && name[n - 1] != 's')
		strcpy(name + n, "s");
	put_group(to, m, name, map_role(m, name));
}

static json_t *
groups_json(const struct map *m)
{
	json_t	*to = json_object();
	people	 set;

	put_group(to, m, "all", ((people)1 << m->npeople) - 1);
	for (size_t i = 0; i < m->flow->ngroups; i++) {
		set = 0;
		map_group(m, &m->flow->group[i], &set);
		put_group(to, m, m->flow->group[i].name, set);
	}
	for (size_t i = 0; i < m->npeople; i++)
		put_role(to, m, m->people[i].role);
	put_group(to, m, "contributors", map_role(m, "contributors"));
	put_group(to, m, "clients", map_role(m, "clients"));
	return to;
}

static json_t *
mapping_json(const struct map *m)
{
	json_t	*to = json_object();

	for (size_t i = 0; i < m->nslots; i++)
		if (m->slot[i].who != MAP_NOBODY)
			json_object_set_new(to, m->slot[i].name, json_string(
			    m->people[m->slot[i].who].email));
	return to;
}

static json_t *
order_json(const struct map *m)
{
	size_t	 cp[MAP_PEOPLE];
	json_t	*to = json_array();

	map_order(m, cp);
	for (size_t i = 0; i < m->npeople; i++)
		json_array_append_new(to, json_string(
		    m->people[cp[i]].email));
	return to;
}

static json_t *
problems_json(const struct findings *f)
{
	json_t	*to = json_array();

	for (size_t i = 0; i < f->n; i++)
		if (!f->v[i].warning)
			json_array_append_new(to, json_string(f->v[i].text));
	return to;
}

static bool
has_ports(const struct map *m)
{
	return args.run != NULL && m->npeople >= 2;
}

static int
print_object(const struct checked *c)
{
	const struct map	*m = &c->map;
	unsigned		 n = (unsigned)m->npeople;
	json_t			*o;
	int			 rc;

	o = json_pack("{s:o, s:o, s:o, s:o, s:o}", "mapping",
	    mapping_json(m), "groups", groups_json(m), "cp", order_json(m),
	    "ports", has_ports(m) ? flow_plan(ports_base(args.run, n), n) :
	    json_object(), "problems", problems_json(&c->found));
	rc = o == NULL ? -1 : json_dumpf(o, stdout, JSON_COMPACT);
	json_decref(o);
	if (rc == 0 && putchar('\n') != EOF)
		return STATUS_OK;
	flow_complain(c->command, "the result", "cannot be written");
	return STATUS_FAILED;
}

static void
print_people(const struct map *m, people set)
{
	const char	*v[MAP_PEOPLE];
	size_t		 n = sorted(m, set, v);

	for (size_t i = 0; i < n; i++)
		printf("%s%s", i > 0 ? ", " : "", v[i]);
}

static void
print_steps(const struct map *m)
{
	const struct spec_step	*s;
	people			 set, me = 0;

	if (args.me != NULL)
		map_expand(m, args.me, &me);
	for (size_t i = 0; i < m->flow->nsteps; i++) {
		s = &m->flow->step[i];
		set = check_targets(m, s);
		printf("step %zu %s%s: ", i + 1, s->id,
		    s->barrier ? " (barrier)" : "");
		if (set == 0 && s->barrier)
			set = ((people)1 << m->npeople) - 1;
		print_people(m, set);
		printf("%s\n", (set & me) != 0 ? " *" : "");
	}
}

static void
print_text(const struct map *m)
{
	unsigned	 n = (unsigned)m->npeople, base;
	size_t		 cp[MAP_PEOPLE];

	for (size_t i = 0; i < m->nslots; i++)
		printf("%s -> %s\n", m->slot[i].name,
		    m->slot[i].who == MAP_NOBODY ? "<unmapped>" :
		    m->people[m->slot[i].who].email);
	map_order(m, cp);
	for (size_t i = 0; i < n; i++)
		printf("CP%zu %s (%s)\n", i, m->people[cp[i]].email,
		    m->people[cp[i]].role);
	print_steps(m);
	base = has_ports(m) ? ports_base(args.run, n) : 0;
	if (base != 0)
		flow_print_plan(base, n);
}

/* One line each on standard error, the file first. */
static void
print_findings(const struct checked *c, const char *file)
{
	const struct findings	*f = &c->found;

	for (size_t i = 0; i < f->n; i++)
		fprintf(stderr, "hotlink flow check: %s: %s%s\n", file,
		    f->v[i].warning ? "warning: " : "", f->v[i].text);
	if (f->lost)
		fprintf(stderr, "hotlink flow check: %s: there is more, too "
		    "much to say\n", file);
}

static int
judge(struct checked *c, const char *file)
{
	int	 status = STATUS_OK;

	if (!map_make(&c->map, &c->spec, c->people.v, c->people.n))
		return flow_complain(c->command, file,
		    "too many placeholders");
	check_flow(&c->found, &c->map, args.me);
	print_findings(c, file);
	if (args.json)
		status = print_object(c);
	else if (c->found.problems == 0)
		print_text(&c->map);
	if (status != STATUS_OK)
		return status;
	return c->found.problems > 0 ? STATUS_PREFLIGHT : STATUS_OK;
}

int
flow_check(const struct command *command, int argc, char **argv)
{
	static struct checked	 c;
	int			 status;

	if (argc != 1)
		return options_misuse(command, "one FLOW.yaml is needed");
	if (args.participants.n == 0 && args.file == NULL)
		return options_misuse(command, "say who takes part: "
		    "--participant EMAIL=ROLE or --participants FILE");
	c.command = command;
	status = flow_read(&c.spec, c.command, argv[0]);
	if (status == STATUS_OK)
		status = flow_people_read(&c.people, command,
		    &args.participants, args.file);
	if (status == STATUS_OK)
		status = judge(&c, argv[0]);
	findings_free(&c.found);
	flow_people_free(&c.people);
	spec_free(&c.spec);
	return status;
}
