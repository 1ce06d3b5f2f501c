#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/place.h"
#include "syft/key.h"

enum { EXPAND_MAX = 64 << 10, PASSES = 5 };

bool
place_name(const char *s)
{
	return s[0] != '\0' && s[0] != '.' && strlen(s) <= 128 &&
	    strpbrk(s, "/\\") == NULL;
}

static const char *
email(const struct place *p, size_t who)
{
	return p->map->people[who].email;
}

static bool
root(const struct place *p, size_t who, const char *below, char *to)
{
	int	 n;

	if (p->sandbox != NULL && who != p->me)
		n = snprintf(to, PATH_MAX, "%s/%s/datasites/%s/%s",
		    p->sandbox, email(p, who), email(p, who), below);
	else
		n = snprintf(to, PATH_MAX, "%s/datasites/%s/%s", p->data,
		    email(p, who), below);
	return n > 0 && n < PATH_MAX;
}

bool
place_shared(const struct place *p, size_t who, const char *dir,
    const char *file, char *to)
{
	char	 below[PATH_MAX];
	int	 n;

	n = snprintf(below, sizeof(below), "shared/flows/%s/%s/%s/%s",
	    p->map->flow->name, p->run, dir, file);
	return n > 0 && n < PATH_MAX && root(p, who, below, to);
}

static void
slug(const char *s, char *to, size_t cap)
{
	size_t	 n = 0;

	for (; *s != '\0' && n < cap - 1; s++)
		to[n++] = (char)((*s >= 'a' && *s <= 'z') || (*s >= 'A' &&
		    *s <= 'Z') || (*s >= '0' && *s <= '9') ? *s : '_');
	to[n] = '\0';
}

bool
place_result(const struct place *p, const char *step, const char *file,
    char *to)
{
	char	 me[EMAIL_MAX + 1];
	int	 n;

	slug(email(p, p->me), me, sizeof(me));
	n = snprintf(to, PATH_MAX, "%s/results/flows/%s/%s/%s/%s", p->data,
	    p->map->flow->name, step, me, file);
	return n > 0 && n < PATH_MAX;
}

size_t
place_number(const struct place *p, size_t who)
{
	size_t	 cp[MAP_PEOPLE], i = 0;

	map_order(p->map, cp);
	while (cp[i] != who)
		i++;
	return i;
}

char *
place_emails(const struct place *p)
{
	size_t	 cp[MAP_PEOPLE], n = 1;
	char	*text;

	map_order(p->map, cp);
	for (size_t i = 0; i < p->map->npeople; i++)
		n += strlen(email(p, cp[i])) + 1;
	text = calloc(n, 1);
	for (size_t i = 0; text != NULL && i < p->map->npeople; i++) {
		if (i > 0)
			strcat(text, ",");
		strcat(text, email(p, cp[i]));
	}
	return text;
}

struct token {
	const struct place	*p;
	size_t			 who;
	const struct spec_step	*step;
	char			*text;		/* of a value, malloc'd */
};

static char *
number_text(size_t n)
{
	char	 buf[32];

	snprintf(buf, sizeof(buf), "%zu", n);
	return strdup(buf);
}

static char *
path_text(const struct place *p, size_t who, const char *dir)
{
	char	 path[PATH_MAX], *end;

	if (!place_shared(p, who, dir, "", path))
		return NULL;
	end = path + strlen(path);
	while (end > path && end[-1] == '/')
		*--end = '\0';
	return strdup(path);
}

static char *
var_text(const struct place *p, const char *name)
{
	const char	*s = json_string_value(json_object_get(json_object_get(
			    p->map->flow->spec, "vars"), name));

	return s != NULL ? strdup(s) : NULL;
}

/* What {name} stands for, malloc'd; NULL: it is not known. */
static char *
value(const struct token *t, const char *name)
{
	const struct spec	*f = t->p->map->flow;

	if (strcmp(name, "datasite.current") == 0 ||
	    strcmp(name, "current_datasite") == 0)
		return strdup(email(t->p, t->who));
	if (strcmp(name, "flow_name") == 0)
		return strdup(f->name);
	if (strcmp(name, "run_id") == 0)
		return strdup(t->p->run);
	if (strcmp(name, "datasites") == 0)
		return place_emails(t->p);
	if (strcmp(name, "datasite.index") == 0)
		return number_text(place_number(t->p, t->who));
	if (strcmp(name, "flow_path") == 0)
		return strdup(t->p->flow_dir);
	if (strcmp(name, "run_path") == 0)
		return path_text(t->p, t->who, ".");
	if (strncmp(name, "vars.", 5) == 0)
		return var_text(t->p, name + 5);
	if (t->step == NULL)
		return NULL;
	if (strcmp(name, "step.id") == 0)
		return strdup(t->step->id);
	if (strcmp(name, "step.number") == 0)
		return number_text((size_t)(t->step - f->step) + 1);
	if (strcmp(name, "step_path") == 0)
		return path_text(t->p, t->who, t->step->id);
	return NULL;
}

/* One pass; false: nothing was replaced. to has EXPAND_MAX bytes. */
static bool
expand_once(const struct token *t, const char *s, char *to)
{
	struct wr	 w = wr_of(to, EXPAND_MAX - 1);
	bool		 any = false;
	char		 name[128], *v;
	size_t		 n;

	for (; *s != '\0'; s += n) {
		n = strcspn(s + 1, "{}") + 2;
		v = NULL;
		if (*s == '{' && s[n - 1] == '}' && n - 2 < sizeof(name)) {
			snprintf(name, sizeof(name), "%.*s", (int)n - 2,
			    s + 1);
			v = value(t, name);
		}
		if (v != NULL)
			wr_str(&w, v);
		else
			wr_bytes(&w, s, n = 1);
		any |= v != NULL;
		free(v);
	}
	to[wr_bad(&w) ? 0 : w.n] = '\0';
	return any && !wr_bad(&w);
}

char *
place_expand(const struct place *p, size_t who, const struct spec_step *step,
    const char *s)
{
	struct token	 t = { p, who, step, NULL };
	char		*from = malloc(EXPAND_MAX), *to = malloc(EXPAND_MAX),
			*swap;

	if (from == NULL || to == NULL || strlen(s) >= EXPAND_MAX) {
		free(from);
		free(to);
		return NULL;
	}
	strcpy(from, s);
	for (int i = 0; i < PASSES && expand_once(&t, from, to); i++) {
		swap = from;
		from = to;
		to = swap;
	}
	free(to);
	return from;
}

bool
place_url(const struct place *p, const char *url, size_t *who, char *to)
{
	static const char	 scheme[] = "syft://";
	char			 name[EMAIL_MAX + 1];
	const char		*rest;
	int			 i;

	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
		return false;
	url += sizeof(scheme) - 1;
	rest = strchr(url, '/');
	if (rest == NULL || rest[1] == '\0' || strstr(rest, "//") != NULL ||
	    (size_t)snprintf(name, sizeof(name), "%.*s", (int)(rest - url),
	    url) >= sizeof(name))
		return false;
	i = map_find(p->map, name);
	if (i == MAP_NOBODY || !path_valid((struct span){
	    (uint8_t *)(uintptr_t)url, strlen(url) }))
		return false;
	*who = (size_t)i;
	return root(p, *who, rest + 1, to);
}
