#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "scenario/env.h"

extern char	**environ;

static size_t
count(char *const *v)
{
	size_t	 n = 0;

	while (v[n] != NULL)
		n++;
	return n;
}

void
environ_init(struct environ *e)
{
	size_t	 n = count(environ);

	e->v = calloc(n + 1, sizeof(*e->v));
	if (e->v == NULL)
		fatal("run");
	for (size_t i = 0; i < n; i++)
		if ((e->v[i] = strdup(environ[i])) == NULL)
			fatal("run");
}

static bool
is_of(const char *text, const char *name)
{
	size_t	 n = strlen(name);

	return strncmp(text, name, n) == 0 && text[n] == '=';
}

void
environ_put(struct environ *e, const char *name, const char *value)
{
	size_t	  n = strlen(name) + strlen(value) + 2, i = 0;
	char	 *text = malloc(n), **v;

	if (text == NULL)
		fatal("run");
	snprintf(text, n, "%s=%s", name, value);
	while (e->v[i] != NULL && !is_of(e->v[i], name))
		i++;
	if (e->v[i] != NULL) {
		free(e->v[i]);
		e->v[i] = text;
		return;
	}
	v = realloc(e->v, (i + 2) * sizeof(*v));
	if (v == NULL)
		fatal("run");
	v[i] = text;
	v[i + 1] = NULL;
	e->v = v;
}

void
environ_free(struct environ *e)
{
	for (size_t i = 0; e->v[i] != NULL; i++)
		free(e->v[i]);
	free(e->v);
	e->v = NULL;
}
