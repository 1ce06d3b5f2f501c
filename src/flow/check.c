#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "flow/check.h"

/* Room for the emails of all participants and all slots. */
enum { TEXT_MAX = 1 << 16 };

struct check {
	struct findings		*to;
	const struct map	*map;
	char			*text;		/* of the next finding */
	size_t			 n;
	const char		*between;	/* of the list's next item */
};

__attribute__((__format__(__printf__, 2, 3))) static void
say(struct check *c, const char *fmt, ...)
{
	va_list	 ap;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(c->text + c->n, TEXT_MAX - c->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		c->n += (size_t)n < TEXT_MAX - c->n ? (size_t)n :
		    TEXT_MAX - c->n - 1;
}

static void
begin_list(struct check *c, const char *begin)
{
	say(c, "%s", begin);
	c->between = "";
}

/* What comes before the next item of a list. */
static const char *
between(struct check *c)
{
	const char	*s = c->between;

	c->between = ", ";
	return s;
}

void
findings_add(struct findings *f, bool warning, const char *s)
{
	char	*text = f->n < FINDINGS ? strdup(s) : NULL;

	f->problems += !warning;
	if (text == NULL) {
		f->lost = true;
		return;
	}
	f->v[f->n].warning = warning;
	f->v[f->n++].text = text;
}

static void
found(struct check *c, bool warning)
{
	findings_add(c->to, warning, c->text);
	c->n = 0;
	c->text[0] = '\0';
}

__attribute__((__format__(__printf__, 2, 3))) static void
problem(struct check *c, const char *fmt, ...)
{
	char	 line[2048];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	say(c, "%s", line);
	found(c, false);
}

static bool
has(people set, size_t i)
{
	return (set >> i & 1) != 0;
}

static bool
same_email(const struct map *m, size_t a, size_t b)
{
	return strcasecmp(m->people[a].email, m->people[b].email) == 0;
}

/* The first of those in the set with the email of the ith. */
static size_t
first_of(const struct map *m, people set, size_t i)
{
	size_t	 k = 0;

	while (k < i && (!has(set, k) || !same_email(m, k, i)))
		k++;
	return k;
}

static void
check_participant(struct check *c, size_t i)
{
	const struct map		*m = c->map;
	const struct participant	*p = &m->people[i];
	size_t				 k = first_of(m, ~(people)0, i);

	if (p->email[0] == '\0')
		problem(c, "participant %zu has no email: EMAIL=ROLE is "
		    "needed", i + 1);
	else if (k < i)
		problem(c, "participant %s is there twice, as %s and as %s: "
		    "give each party an email of its own", p->email,
		    m->people[k].role, p->role);
	if (p->role[0] == '\0')
		problem(c, "participant %s has no role: EMAIL=ROLE is needed",
		    p->email);
}

static void
check_participants(struct check *c, const char *me)
{
	const struct map	*m = c->map;
	size_t			 i = 0;

	if (m->npeople == 0)
		problem(c, "there are no participants");
	for (size_t k = 0; k < m->npeople; k++)
		check_participant(c, k);
	while (me != NULL && i < m->npeople &&
	    strcasecmp(m->people[i].email, me) != 0)
		i++;
	if (me != NULL && i == m->npeople)
		problem(c, "%s is not one of the participants", me);
}

static const struct spec_step *
step_of(const struct spec *s, const char *id)
{
	for (size_t i = 0; i < s->nsteps; i++)
		if (strcmp(s->step[i].id, id) == 0)
			return &s->step[i];
	return NULL;
}

static void
check_module(struct check *c, const struct spec_step *s)
{
	const struct names	*known = &c->map->flow->modules;

	if (s->uses == NULL || names_have(known, s->uses))
		return;
	say(c, "step '%s' uses '%s', which is not one of the modules", s->id,
	    s->uses);
	begin_list(c, " (");
	for (size_t i = 0; i < known->n; i++)
		say(c, "%s%s", between(c), known->v[i]);
	say(c, "%s)", known->n == 0 ? "there are none" : "");
	found(c, false);
}

/* Is there a component ".."? */
static bool
leaves(const char *path)
{
	size_t	 n;

	for (; *path != '\0'; path += n + (path[n] == '/')) {
		n = strcspn(path, "/");
		if (n == 2 && memcmp(path, "..", 2) == 0)
			return true;
	}
	return false;
}

static void
check_step(struct check *c, const struct spec_step *s)
{
	const struct spec	*flow = c->map->flow;

	if (step_of(flow, s->id) != s)
		problem(c, "step '%s' is there twice: steps are known by "
		    "their ids", s->id);
	for (size_t i = 0; i < s->needs.n; i++)
		if (step_of(flow, s->needs.v[i]) == NULL)
			problem(c, "step '%s' needs step '%s', which is not in "
			    "the flow", s->id, s->needs.v[i]);
	for (size_t i = 0; i < s->paths.n; i++)
		if (leaves(s->paths.v[i]))
			problem(c, "step '%s' shares '%s', which leaves its "
			    "place by ..", s->id, s->paths.v[i]);
	check_module(c, s);
}

/* Is all that the step waits for over? What is not there is said elsewhere. */
static bool
can_run(const struct spec *flow, const struct spec_step *s, const bool *over)
{
	const struct spec_step	*need;

	for (size_t i = 0; i < s->needs.n; i++) {
		need = step_of(flow, s->needs.v[i]);
		if (need != NULL && !over[need - flow->step])
			return false;
	}
	return true;
}

/* Run what can be run until nothing can: the rest wait for each other. */
static void
check_cycles(struct check *c)
{
	const struct spec	*flow = c->map->flow;
	bool			 over[SPEC_STEPS] = { false }, more = true;
	size_t			 left = flow->nsteps;

	while (more) {
		more = false;
		for (size_t i = 0; i < flow->nsteps; i++)
			if (!over[i] && can_run(flow, &flow->step[i], over)) {
				over[i] = more = true;
				left--;
			}
	}
	if (left == 0)
		return;
	begin_list(c, "steps that wait for each other never run: ");
	for (size_t i = 0; i < flow->nsteps; i++)
		if (!over[i])
			say(c, "%s%s", between(c), flow->step[i].id);
	found(c, false);
}

/* How a participant is called in a step: by his slot, if he has one. */
static const char *
label(const struct map *m, size_t i)
{
	for (size_t k = 0; k < m->nslots; k++)
		if (m->slot[k].who == (int)i)
			return m->slot[k].name;
	return m->people[i].email;
}

static size_t
count(people set)
{
	size_t	 n = 0;

	for (; set != 0; set &= set - 1)
		n++;
	return n;
}

static size_t
emails(const struct map *m, people set)
{
	size_t	 n = 0;

	for (size_t i = 0; i < m->npeople; i++)
		n += has(set, i) && first_of(m, set, i) == i;
	return n;
}

static void
say_participants(struct check *c)
{
	const struct map	*m = c->map;

	begin_list(c, "participants=[");
	for (size_t i = 0; i < m->npeople; i++)
		say(c, "%s%s(%s)", between(c), m->people[i].email,
		    m->people[i].role);
	say(c, "]");
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
say_defaults(struct check *c)
{
	const struct map	*m = c->map;
	const char		*sorted[MAP_SLOTS];
	int			 who;

	if (m->ndefaults == 0) {
		say(c, "; default_datasites=<none>; default_to_actual={ }");
		return;
	}
	begin_list(c, "; default_datasites=[");
	for (size_t i = 0; i < m->ndefaults; i++) {
		sorted[i] = m->slot[i].name;
		say(c, "%s%s", between(c), sorted[i]);
	}
	qsort(sorted, m->ndefaults, sizeof(sorted[0]), by_name);
	begin_list(c, "]; default_to_actual={ ");
	for (size_t i = 0; i < m->ndefaults; i++) {
		who = map_find(m, sorted[i]);
		say(c, "%s%s -> %s", between(c), sorted[i],
		    who == MAP_NOBODY ? "<unmapped>" : m->people[who].email);
	}
	say(c, " }");
}

/* A line for each email that several slots got. */
static void
say_collapsed(struct check *c, people set)
{
	const struct map	*m = c->map;
	people			 same;

	for (size_t i = 0; i < m->npeople; i++) {
		same = 0;
		for (size_t k = i; k < m->npeople; k++)
			if (has(set, k) && same_email(m, i, k))
				same |= (people)1 << k;
		if (count(same) < 2 || first_of(m, set, i) != i)
			continue;
		say(c, "\n  %s would be", m->people[i].email);
		begin_list(c, " ");
		for (size_t k = i; k < m->npeople; k++)
			if (has(same, k))
				say(c, "%s%s", between(c), label(m, k));
	}
	say(c, "\n  give each party an email of its own");
}

people
check_targets(const struct map *m, const struct spec_step *s)
{
	people	 set = 0;

	for (size_t i = 0; i < s->targets.n; i++)
		map_expand(m, s->targets.v[i], &set);
	return set;
}

/* 3.3, its content in its order. */
static void
say_mapping(struct check *c, const struct spec_step *s, people set)
{
	const struct map	*m = c->map;

	say(c, "Invalid multiparty participant mapping for step '%s': "
	    "placeholder targets collapsed to duplicate participants", s->id);
	begin_list(c, "; targets=[");
	for (size_t i = 0; i < m->npeople; i++)
		if (has(set, i))
			say(c, "%s%s", between(c), label(m, i));
	say(c, "]; unique_resolved=%zu of %zu; ", emails(m, set), count(set));
	say_participants(c);
	say_defaults(c);
	say_collapsed(c, set);
	found(c, false);
}

static void
check_known(struct check *c, const char *kind, const char *name,
    const struct names *a)
{
	people	 set = 0;

	for (size_t i = 0; i < a->n; i++) {
		if (map_expand(c->map, a->v[i], &set))
			continue;
		say(c, "%s '%s': nobody is mapped to '%s'; ", kind, name,
		    a->v[i]);
		say_participants(c);
		found(c, false);
	}
}

static void
check_mapping(struct check *c)
{
	const struct spec	*flow = c->map->flow;
	const struct spec_step	*s;
	people			 set;

	for (size_t i = 0; i < flow->nsteps; i++) {
		s = &flow->step[i];
		check_known(c, "step", s->id, &s->targets);
		set = check_targets(c->map, s);
		if (emails(c->map, set) < count(set))
			say_mapping(c, s, set);
	}
}

static void
check_groups(struct check *c)
{
	const struct map	*m = c->map;
	const struct spec_group	*g;
	people			 set;

	for (size_t i = 0; i < m->flow->ngroups; i++) {
		g = &m->flow->group[i];
		check_known(c, "group", g->name, &g->include);
		check_known(c, "group", g->name, &g->exclude);
		set = 0;
		map_group(m, g, &set);
		if (emails(m, set) < count(set))
			problem(c, "group '%s' of %zu has only %zu "
			    "participants once it is mapped", g->name,
			    count(set), emails(m, set));
	}
}

static void
check_used(struct check *c)
{
	const struct map	*m = c->map;
	people			 used = 0;

	for (size_t i = 0; i < m->flow->nsteps; i++)
		used |= check_targets(m, &m->flow->step[i]);
	for (size_t i = 0; i < m->npeople; i++) {
		if (has(used, i))
			continue;
		say(c, "participant %s (%s) takes part in no step",
		    m->people[i].email, m->people[i].role);
		found(c, true);
	}
}

/* Want of memory is a problem, too. */
static bool
begin(struct check *c, struct findings *to, const struct map *m)
{
	memset(to, 0, sizeof(*to));
	*c = (struct check){ .to = to, .map = m, .between = "" };
	c->text = calloc(1, TEXT_MAX);
	if (c->text != NULL)
		return true;
	to->lost = true;
	to->problems = 1;
	return false;
}

void
check_people(struct findings *to, const struct map *m, const char *me)
{
	struct check	 c;

	if (!begin(&c, to, m))
		return;
	check_participants(&c, me);
	free(c.text);
}

void
check_flow(struct findings *to, const struct map *m, const char *me)
{
	struct check	 c;

	if (!begin(&c, to, m))
		return;
	check_participants(&c, me);
	for (size_t i = 0; i < m->flow->nsteps; i++)
		check_step(&c, &m->flow->step[i]);
	check_cycles(&c);
	check_groups(&c);
	check_mapping(&c);
	check_used(&c);
	free(c.text);
}

void
findings_free(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].text);
	f->n = f->problems = 0;
	f->lost = false;
}
