#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/spec.h"

bool
names_add(struct names *a, const char *s)
{
	const char	**v = realloc(a->v, (a->n + 1) * sizeof(*v));

	if (v == NULL)
		return false;
	a->v = v;
	v[a->n++] = s;
	return true;
}

bool
names_have(const struct names *a, const char *s)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], s) == 0)
			return true;
	return false;
}

__attribute__((__format__(__printf__, 2, 3))) static int
fail(struct tree_error *e, const char *fmt, ...)
{
	va_list	 ap;

	e->line = e->column = 0;
	va_start(ap, fmt);
	vsnprintf(e->why, sizeof(e->why), fmt, ap);
	va_end(ap);
	return -1;
}

static int
no_memory(struct tree_error *e)
{
	return fail(e, "out of memory");
}

/* The value of a key of a key; NULL: there is none. */
static const json_t *
within(const json_t *j, const char *a, const char *b)
{
	return json_object_get(json_object_get(j, a), b);
}

static const char *
text_of(const json_t *j, const char *or)
{
	const char	*s = json_string_value(j);

	return s != NULL && *s != '\0' ? s : or;
}

/* A text or a list of texts; nothing is an empty list. */
static int
read_names(struct names *a, const json_t *j, const char *what,
    struct tree_error *e)
{
	const char	*s;

	if (j == NULL || (json_is_string(j) && text_of(j, NULL) == NULL))
		return 0;
	if (json_is_string(j))
		return names_add(a, json_string_value(j)) ? 0 : no_memory(e);
	if (!json_is_array(j))
		return fail(e, "%s: a name or a list of names expected", what);
	for (size_t i = 0; i < json_array_size(j); i++) {
		s = text_of(json_array_get(j, i), NULL);
		if (s == NULL)
			return fail(e, "%s: a name expected", what);
		if (!names_add(a, s))
			return no_memory(e);
	}
	return 0;
}

/* 3.1: the first that is a list. */
static int
read_defaults(struct spec *f, const json_t *spec, struct tree_error *e)
{
	const json_t	*from[] = {
		json_object_get(within(spec, "inputs", "datasites"),
		    "default"),
		within(spec, "datasites", "all"),
		json_object_get(spec, "datasites"),
	};

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++)
		if (json_is_array(from[i]))
			return read_names(&f->defaults, from[i], "datasites",
			    e);
	return 0;
}

static int
read_groups(struct spec *f, const json_t *spec, struct tree_error *e)
{
	json_t			*groups, *g;
	const char		*name;
	struct spec_group	*to;

	groups = (json_t *)within(spec, "datasites", "groups");
	f->group = calloc(json_object_size(groups) + 1, sizeof(*f->group));
	if (f->group == NULL)
		return no_memory(e);
	json_object_foreach(groups, name, g) {
		to = &f->group[f->ngroups++];
		to->name = name;
		if (read_names(&to->include, json_is_object(g) ?
		    json_object_get(g, "include") : g, name, e) == -1 ||
		    read_names(&to->exclude, json_object_get(g, "exclude"),
		    name, e) == -1)
			return -1;
	}
	return 0;
}

static int
read_modules(struct spec *f, const json_t *spec, struct tree_error *e)
{
	json_t		*modules = json_object_get(spec, "modules"), *m;
	const char	*name;

	json_object_foreach(modules, name, m)
		if (!names_add(&f->modules, name))
			return no_memory(e);
	return 0;
}

/* "step.ID.outputs.NAME" and "step.ID.share.NAME" need ID. */
static int
read_binding(struct spec_step *s, const char *text, json_t *keep,
    struct tree_error *e)
{
	static const char	 prefix[] = "step.";
	size_t			 m = sizeof(prefix) - 1, n;
	json_t			*id;

	if (strncmp(text, prefix, m) != 0)
		return 0;
	n = strcspn(text + m, ".");
	if (n == 0 || text[m + n] == '\0' || (strlen(s->id) == n &&
	    strncmp(text + m, s->id, n) == 0))
		return 0;
	id = json_stringn(text + m, n);
	if (json_array_append_new(keep, id) == -1 ||
	    !names_add(&s->needs, json_string_value(id)))
		return no_memory(e);
	return 0;
}

/* Anywhere inside; as deep as the tree is. */
static int
read_bindings(struct spec_step *s, json_t *j, json_t *keep,
    struct tree_error *e)
{
	const char	*key;
	json_t		*v;
	int		 rc = 0;

	if (json_is_string(j))
		return read_binding(s, json_string_value(j), keep, e);
	for (size_t i = 0; rc == 0 && i < json_array_size(j); i++)
		rc = read_bindings(s, json_array_get(j, i), keep, e);
	json_object_foreach(j, key, v)
		if (rc == 0)
			rc = read_bindings(s, v, keep, e);
	return rc;
}

static int
read_paths(struct spec_step *s, const json_t *step, struct tree_error *e)
{
	json_t		*share = json_object_get(step, "share"), *v;
	const char	*key, *text[2];

	json_object_foreach(share, key, v) {
		text[0] = text_of(json_object_get(v, "source"), NULL);
		text[1] = text_of(json_object_get(v, "url"), NULL);
		for (size_t i = 0; i < 2; i++)
			if (text[i] != NULL && !names_add(&s->paths, text[i]))
				return no_memory(e);
	}
	return 0;
}

static int
read_targets(struct spec_step *s, const json_t *step, struct tree_error *e)
{
	const json_t	*from[] = {
		json_object_get(step, "runs_on"),
		within(step, "run", "targets"),
		within(step, "barrier", "targets"),
	};
	size_t		 i = 0;

	while (i < 2 && from[i] == NULL)
		i++;
	return read_names(&s->targets, from[i], s->id, e);
}

/* keep owns the texts that are no values of the tree. */
static int
read_step(struct spec_step *s, json_t *step, json_t *keep,
    struct tree_error *e)
{
	if (!json_is_object(step))
		return fail(e, "a step that is no map");
	s->json = step;
	s->id = text_of(json_object_get(step, "id"), "unknown");
	s->uses = text_of(json_object_get(step, "uses"), NULL);
	s->barrier = json_object_get(step, "barrier") != NULL;
	if (read_targets(s, step, e) == -1 ||
	    read_names(&s->needs, json_object_get(step, "depends_on"), s->id,
	    e) == -1 || read_names(&s->needs, within(step, "barrier",
	    "wait_for"), s->id, e) == -1)
		return -1;
	if (read_bindings(s, json_object_get(step, "with"), keep, e) == -1)
		return -1;
	return read_paths(s, step, e);
}

static int
read_steps(struct spec *f, const json_t *spec, struct tree_error *e)
{
	const json_t	*steps = json_object_get(spec, "steps");
	json_t		*keep = json_array();

	if (keep == NULL || json_object_set_new(f->tree, "", keep) == -1)
		return no_memory(e);
	if (!json_is_array(steps))
		return fail(e, "Invalid flow spec: missing steps");
	if (json_array_size(steps) > SPEC_STEPS)
		return fail(e, "more than %d steps", SPEC_STEPS);
	f->step = calloc(json_array_size(steps) + 1, sizeof(*f->step));
	if (f->step == NULL)
		return no_memory(e);
	for (size_t i = 0; i < json_array_size(steps); i++)
		if (read_step(&f->step[f->nsteps++], json_array_get(steps, i),
		    keep, e) == -1)
			return -1;
	return 0;
}

int
spec_parse(struct spec *f, const char *text, size_t n, struct tree_error *e)
{
	const json_t	*spec;

	memset(f, 0, sizeof(*f));
	f->name = "";
	f->tree = tree_read(text, n, e);
	if (f->tree == NULL)
		return -1;
	if (!json_is_object(f->tree))
		return fail(e, "a map expected");
	spec = json_object_get(f->tree, "spec");
	if (!json_is_object(spec))
		spec = f->tree;
	f->spec = spec;
	f->name = text_of(within(f->tree, "metadata", "name"), "");
	if (read_defaults(f, spec, e) == -1 || read_groups(f, spec, e) == -1 ||
	    read_modules(f, spec, e) == -1)
		return -1;
	return read_steps(f, spec, e);
}

void
spec_free(struct spec *f)
{
	for (size_t i = 0; i < f->ngroups; i++) {
		free(f->group[i].include.v);
		free(f->group[i].exclude.v);
	}
	for (size_t i = 0; i < f->nsteps; i++) {
		free(f->step[i].targets.v);
		free(f->step[i].needs.v);
		free(f->step[i].paths.v);
	}
	free(f->group);
	free(f->step);
	free(f->defaults.v);
	free(f->modules.v);
	json_decref(f->tree);
	memset(f, 0, sizeof(*f));
}
