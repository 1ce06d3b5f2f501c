#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "scenario/vars.h"

static struct var *
find(const struct vars *l, const char *name, size_t n)
{
	for (size_t i = 0; i < l->n; i++)
		if (strlen(l->v[i].name) == n &&
		    memcmp(l->v[i].name, name, n) == 0)
			return &l->v[i];
	return NULL;
}

static int
replace(struct var *v, const char *value)
{
	char	*copy = strdup(value);

	if (copy == NULL)
		return -1;
	free(v->value);
	v->value = copy;
	return 0;
}

int
vars_set(struct vars *l, const char *name, const char *value)
{
	struct var	*v = find(l, name, strlen(name));

	if (v != NULL)
		return replace(v, value);
	v = realloc(l->v, (l->n + 1) * sizeof(*v));
	if (v == NULL)
		return -1;
	l->v = v;
	v += l->n;
	v->name = strdup(name);
	v->value = strdup(value);
	if (v->name == NULL || v->value == NULL) {
		free(v->name);
		free(v->value);
		return -1;
	}
	l->n++;
	return 0;
}

const char *
vars_get(const struct vars *l, const char *name)
{
	const struct var	*v = find(l, name, strlen(name));

	return v != NULL ? v->value : NULL;
}

void
vars_free(struct vars *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].value);
	}
	free(l->v);
	l->v = NULL;
	l->n = 0;
}

/* The variable that a text begins with, in braces; *n is how long that is. */
static const struct var *
at(const struct vars *l, const char *text, size_t *n)
{
	const char	*end;

	if (text[0] != '{' || text[1] != '{')
		return NULL;
	end = strstr(text + 2, "}}");
	if (end == NULL)
		return NULL;
	*n = (size_t)(end + 2 - text);
	return find(l, text + 2, (size_t)(end - text) - 2);
}

/* Counts without storing if there is no room. */
static void
expand(const struct vars *l, const char *text, struct wr *w)
{
	const struct var	*v;
	size_t			 n = 0;

	while (*text != '\0') {
		v = at(l, text, &n);
		if (v != NULL) {
			wr_bytes(w, v->value, strlen(v->value));
			text += n;
		} else
			wr_bytes(w, text++, 1);
	}
	wr_bytes(w, "", 1);
}

char *
vars_expand(const struct vars *l, const char *text)
{
	struct wr	 w = wr_of(NULL, 0);
	char		*s;

	expand(l, text, &w);
	s = malloc(w.n);
	if (s == NULL)
		return NULL;
	w = wr_of(s, w.n);
	expand(l, text, &w);
	return s;
}
