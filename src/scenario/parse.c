/*
 * The file of a scenario: a map of "setup" and "steps". What is unknown,
 * given twice or has no effect where it stands is an error with its place:
 * a key that is silently ignored is a test that silently does not test.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/scenario.h"
#include "syft/msg.h"
#include "syft/yaml.h"

enum form { TEXT, TRUTH, SECONDS, STEPS, IGNORED };

static const struct key {
	const char	*name;
	enum form	 form;
	size_t		 at;		/* in struct step */
	enum step_kind	 kind;		/* what the step becomes by it */
	bool		 child;		/* of a parallel step, too */
} keys[] = {
	{ "name", TEXT, offsetof(struct step, name), STEP_NONE, true },
	{ "datasite", TEXT, offsetof(struct step, datasite), STEP_NONE, true },
	{ "run", TEXT, offsetof(struct step, text), STEP_RUN, true },
	{ "expect", TEXT, offsetof(struct step, expect), STEP_NONE, true },
	{ "capture", TEXT, offsetof(struct step, capture), STEP_NONE, true },
	{ "timeout", SECONDS, offsetof(struct step, timeout), STEP_NONE,
	    true },
	{ "errexit", TRUTH, offsetof(struct step, errexit), STEP_NONE, true },
	{ "shell", IGNORED, 0, STEP_NONE, true },
	{ "background", TRUTH, offsetof(struct step, background), STEP_NONE,
	    false },
	{ "parallel", STEPS, offsetof(struct step, child), STEP_PARALLEL,
	    false },
	{ "wait_for", TEXT, offsetof(struct step, text), STEP_WAIT_FOR,
	    false },
	{ "wait_for_new", TRUTH, offsetof(struct step, fresh), STEP_NONE,
	    false },
	{ "wait_background", TRUTH, 0, STEP_WAIT_BACKGROUND, false },
	{ "assert_encrypted", TEXT, offsetof(struct step, text),
	    STEP_ENCRYPTED, false },
	{ "assert_no_encrypted", TEXT, offsetof(struct step, text),
	    STEP_NOT_ENCRYPTED, false },
};

enum { NKEYS = sizeof(keys) / sizeof(keys[0]) };

static const char *const	 kinds[] = {
	[STEP_NONE] = "nothing", [STEP_RUN] = "run",
	[STEP_PARALLEL] = "parallel", [STEP_WAIT_FOR] = "wait_for",
	[STEP_WAIT_BACKGROUND] = "wait_background",
	[STEP_ENCRYPTED] = "assert_encrypted",
	[STEP_NOT_ENCRYPTED] = "assert_no_encrypted",
};

struct parse {
	struct yml		*y;
	struct scenario_error	*error;
	struct span		 text;	/* of the last item */
};

const char *
step_kind_name(enum step_kind kind)
{
	return kinds[kind];
}

/* The first error counts. */
__attribute__((__format__(__printf__, 2, 3))) static int
fail(struct parse *p, const char *fmt, ...)
{
	va_list	 ap;

	if (p->error->why[0] != '\0')
		return -1;
	p->error->line = yml_line(p->y);
	p->error->column = yml_column(p->y);
	va_start(ap, fmt);
	vsnprintf(p->error->why, sizeof(p->error->why), fmt, ap);
	va_end(ap);
	return -1;
}

static int
fail_at(struct parse *p, size_t line, const char *why)
{
	if (fail(p, "%s", why) == -1 && p->error->line != line) {
		p->error->line = line;
		p->error->column = 1;
	}
	return -1;
}

static enum yml_item
next(struct parse *p)
{
	enum yml_item	 item = yml_next(p->y, &p->text);

	if (item == YML_BAD)
		fail(p, "%s", yml_why(p->y));
	return item;
}

static int
want(struct parse *p, enum yml_item item, enum yml_item wanted,
    const char *what)
{
	if (item == wanted)
		return 0;
	return fail(p, "%s expected", what);
}

static char *
copy(struct parse *p)
{
	char	*s;

	if (memchr(p->text.p, '\0', p->text.n) != NULL) {
		fail(p, "a text with a NUL in it");
		return NULL;
	}
	s = malloc(p->text.n + 1);
	if (s == NULL) {
		fail(p, "out of memory");
		return NULL;
	}
	memcpy(s, p->text.p, p->text.n);
	s[p->text.n] = '\0';
	return s;
}

static int
read_text(struct parse *p, char **to)
{
	if (want(p, next(p), YML_SCALAR, "a text") == -1)
		return -1;
	if (p->text.n == 0)
		return fail(p, "a text that is not empty expected");
	*to = copy(p);
	return *to != NULL ? 0 : -1;
}

static bool
is_word(const struct parse *p, const char *word)
{
	size_t	 n = strlen(word);

	if (p->text.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((p->text.p[i] | 0x20) != word[i])
			return false;
	return true;
}

static int
read_truth(struct parse *p, bool *to)
{
	if (want(p, next(p), YML_SCALAR, "true or false") == -1)
		return -1;
	*to = is_word(p, "true") || is_word(p, "yes") || is_word(p, "on");
	if (*to || is_word(p, "false") || is_word(p, "no") ||
	    is_word(p, "off"))
		return 0;
	return fail(p, "true or false expected");
}

/* A week at most; nothing or less than that is no limit. */
static int
read_seconds(struct parse *p, uint64_t *to)
{
	char	*s, *end;
	double	 v;

	if (want(p, next(p), YML_SCALAR, "a number of seconds") == -1 ||
	    (s = copy(p)) == NULL)
		return -1;
	v = strtod(s, &end);
	if (p->text.n == 0 || strspn(s, "-.0123456789") != p->text.n ||
	    *end != '\0' || v > 604800) {
		free(s);
		return fail(p, "a number of seconds expected");
	}
	free(s);
	*to = v > 0 ? (uint64_t)(v * SEC) : NEVER;
	return 0;
}

static int	 read_steps(struct parse *, struct steps *, size_t depth);

static int
read_value(struct parse *p, const struct key *k, struct step *s, size_t depth)
{
	void	*to = (char *)s + k->at;
	bool	 on = true;

	switch (k->form) {
	case TEXT:
		return read_text(p, to);
	case TRUTH:
		if (k->kind == STEP_NONE)
			return read_truth(p, to);
		if (read_truth(p, &on) == -1)
			return -1;
		if (!on)
			s->kind = STEP_NONE;
		return 0;
	case SECONDS:
		return read_seconds(p, to);
	case STEPS:
		return read_steps(p, to, depth + 1);
	case IGNORED:
		yml_skip(p->y, next(p));
		return p->error->why[0] == '\0' ? 0 : -1;
	}
	return -1;
}

static const struct key *
find_key(struct parse *p, size_t depth)
{
	for (size_t i = 0; i < NKEYS; i++) {
		if (!span_is(p->text, keys[i].name))
			continue;
		if (depth == 0 || keys[i].child)
			return &keys[i];
		fail(p, "%s is not for a step inside parallel", keys[i].name);
		return NULL;
	}
	fail(p, "unknown key %.*s in a step", (int)(p->text.n < 64 ?
	    p->text.n : 64), (const char *)p->text.p);
	return NULL;
}

static int
read_pair(struct parse *p, struct step *s, unsigned *seen, size_t depth)
{
	const struct key	*k = find_key(p, depth);
	unsigned		 bit;

	if (k == NULL)
		return -1;
	bit = 1u << (k - keys);
	if (*seen & bit)
		return fail(p, "%s is given twice", k->name);
	*seen |= bit;
	if (k->kind != STEP_NONE && s->kind != STEP_NONE)
		return fail(p, "a step has either %s or %s", kinds[s->kind],
		    kinds[k->kind]);
	if (k->kind != STEP_NONE)
		s->kind = k->kind;
	return read_value(p, k, s, depth);
}

/* What runs beside others has their limit: the parallel's, or the wait's. */
static uint64_t
default_timeout(const struct step *s, size_t depth)
{
	switch (s->kind) {
	case STEP_WAIT_FOR:
		return (uint64_t)TIMEOUT_WAIT_FOR * SEC;
	case STEP_PARALLEL:
	case STEP_WAIT_BACKGROUND:
		return (uint64_t)TIMEOUT_TOGETHER * SEC;
	case STEP_NONE:
	case STEP_RUN:
	case STEP_ENCRYPTED:
	case STEP_NOT_ENCRYPTED:
		break;
	}
	return depth > 0 || s->background ? NEVER :
	    (uint64_t)TIMEOUT_RUN * SEC;
}

/* What makes no sense together. */
static int
check_step(struct parse *p, struct step *s)
{
	if (s->kind == STEP_NONE)
		return fail_at(p, s->line, "a step needs one of run, parallel, "
		    "wait_for, wait_background, assert_encrypted and "
		    "assert_no_encrypted");
	if (s->kind != STEP_RUN && (s->expect != NULL || s->capture != NULL))
		return fail_at(p, s->line, "expect and capture are for run");
	if (s->background && (s->kind != STEP_RUN || s->expect != NULL ||
	    s->capture != NULL))
		return fail_at(p, s->line, "background is for run, without "
		    "expect and capture");
	if (s->fresh && s->kind != STEP_WAIT_FOR)
		return fail_at(p, s->line, "wait_for_new is for wait_for");
	if (s->kind == STEP_PARALLEL && s->child.n == 0)
		return fail_at(p, s->line, "parallel has no steps");
	if (s->capture != NULL && strpbrk(s->capture, "{}\n") != NULL)
		return fail_at(p, s->line, "capture is not a name");
	return 0;
}

static int
read_step(struct parse *p, struct step *s, size_t depth)
{
	enum yml_item	 item;
	unsigned	 seen = 0;

	s->line = yml_line(p->y);
	s->errexit = true;
	while ((item = next(p)) == YML_SCALAR)
		if (read_pair(p, s, &seen, depth) == -1)
			return -1;
	if (want(p, item, YML_END, "a key") == -1 || check_step(p, s) == -1)
		return -1;
	if (s->timeout == 0)
		s->timeout = default_timeout(s, depth);
	return 0;
}

static struct step *
add(struct parse *p, struct steps *l)
{
	struct step	*v;

	if (l->n == SCENARIO_STEPS) {
		fail(p, "more than %d steps", SCENARIO_STEPS);
		return NULL;
	}
	v = realloc(l->v, (l->n + 1) * sizeof(*v));
	if (v == NULL) {
		fail(p, "out of memory");
		return NULL;
	}
	l->v = v;
	memset(&v[l->n], 0, sizeof(*v));
	return &v[l->n++];
}

static int
read_steps(struct parse *p, struct steps *l, size_t depth)
{
	enum yml_item	 item = next(p);
	struct step	*s;

	if (want(p, item, YML_LIST, "a list of steps") == -1)
		return -1;
	while ((item = next(p)) == YML_MAP) {
		s = add(p, l);
		if (s == NULL || read_step(p, s, depth) == -1)
			return -1;
	}
	return want(p, item, YML_END, "a step");
}

/* A list of commands; or nothing, which YAML gives as an empty text. */
static int
read_commands(struct parse *p, struct steps *l)
{
	enum yml_item	 item = next(p);
	struct step	*s;

	if (item == YML_SCALAR && p->text.n == 0)
		return 0;
	if (want(p, item, YML_LIST, "a list of commands") == -1)
		return -1;
	while ((item = next(p)) == YML_SCALAR) {
		s = add(p, l);
		if (s == NULL || (s->text = copy(p)) == NULL)
			return -1;
		s->kind = STEP_RUN;
		s->errexit = true;
		s->line = yml_line(p->y);
		s->timeout = default_timeout(s, 0);
	}
	return want(p, item, YML_END, "a command");
}

static int
read_setup(struct parse *p, struct scenario *sc)
{
	enum yml_item	 item = next(p);
	struct steps	*l;

	if (item == YML_SCALAR && p->text.n == 0)
		return 0;
	if (want(p, item, YML_MAP, "server and clients") == -1)
		return -1;
	while ((item = next(p)) == YML_SCALAR) {
		l = span_is(p->text, "server") ? &sc->server :
		    span_is(p->text, "clients") ? &sc->clients : NULL;
		if (l == NULL)
			return fail(p, "unknown key %.*s in setup",
			    (int)(p->text.n < 64 ? p->text.n : 64),
			    (const char *)p->text.p);
		if (l->n > 0)
			return fail(p, "%.*s is given twice", (int)p->text.n,
			    (const char *)p->text.p);
		if (read_commands(p, l) == -1)
			return -1;
	}
	return want(p, item, YML_END, "server or clients");
}

static int
read_root(struct parse *p, struct scenario *sc)
{
	enum yml_item	 item = next(p);
	bool		 setup = false, steps = false;

	if (want(p, item, YML_MAP, "a map of setup and steps") == -1)
		return -1;
	while ((item = next(p)) == YML_SCALAR) {
		if (span_is(p->text, "setup") && !setup) {
			setup = true;
			if (read_setup(p, sc) == -1)
				return -1;
		} else if (span_is(p->text, "steps") && !steps) {
			steps = true;
			if (read_steps(p, &sc->steps, 0) == -1)
				return -1;
		} else
			return fail(p, "%s key %.*s", setup || steps ?
			    "unknown or repeated" : "unknown",
			    (int)(p->text.n < 64 ? p->text.n : 64),
			    (const char *)p->text.p);
	}
	if (want(p, item, YML_END, "setup or steps") == -1)
		return -1;
	return want(p, next(p), YML_DONE, "the end of the file");
}

static int
name_steps(struct parse *p, struct steps *l, const char *prefix)
{
	char	 name[64];

	for (size_t i = 0; i < l->n; i++) {
		snprintf(name, sizeof(name), "%s%zu", prefix, i + 1);
		if (l->v[i].name == NULL)
			l->v[i].name = strdup(name);
		if (l->v[i].name == NULL)
			return fail(p, "out of memory");
		strncat(name, ".", sizeof(name) - strlen(name) - 1);
		if (name_steps(p, &l->v[i].child, name) == -1)
			return -1;
	}
	return 0;
}

int
scenario_parse(struct scenario *sc, const char *text, size_t n,
    struct scenario_error *e)
{
	struct parse	 p = { .error = e };
	int		 rc;

	memset(sc, 0, sizeof(*sc));
	memset(e, 0, sizeof(*e));
	p.y = yml_new(text, n);
	if (p.y == NULL) {
		snprintf(e->why, sizeof(e->why), "out of memory");
		return -1;
	}
	rc = read_root(&p, sc) == -1 ||
	    name_steps(&p, &sc->server, "setup server ") == -1 ||
	    name_steps(&p, &sc->clients, "setup clients ") == -1 ||
	    name_steps(&p, &sc->steps, "step ") == -1 ? -1 : 0;
	yml_free(p.y);
	return rc;
}

static void
free_steps(struct steps *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].datasite);
		free(l->v[i].text);
		free(l->v[i].expect);
		free(l->v[i].capture);
		free_steps(&l->v[i].child);
	}
	free(l->v);
}

void
scenario_free(struct scenario *sc)
{
	free_steps(&sc->server);
	free_steps(&sc->clients);
	free_steps(&sc->steps);
	memset(sc, 0, sizeof(*sc));
}
