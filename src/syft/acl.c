#include <stdio.h>
#include <stdlib.h>

#include "syft/acl.h"
#include "syft/glob.h"
#include "syft/key.h"
#include "syft/yaml.h"

/*
 * Rules of a syft.pub.yaml, and the walk down to the file that decides.
 * Everything that goes wrong denies: a file that is there and cannot be used
 * must not fall back to a wider one above it.
 */

struct rule {
	struct span	 pattern;
	int		 rank;		/* the highest that matches decides */
	size_t		 user, end;	/* its part of acl.users */
};

struct user {
	struct span	 name;
	enum acl_level	 level;
};

struct acl {
	bool		 terminal;
	struct rule	*rules;
	struct user	*users;
	size_t		 nrules, nusers;
	char		*text;		/* what the spans point into */
	size_t		 used, cap;
};

void
acl_free(struct acl *a)
{
	if (a == NULL)
		return;
	free(a->rules);
	free(a->users);
	free(a->text);
	free(a);
}

/* The strings of a file: YAML escapes make at most 3 bytes of 2 (\L). */
static struct acl *
acl_new(size_t n)
{
	struct acl	*a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->cap = 2 * n + 1;
	a->text = malloc(a->cap);
	a->rules = calloc(ACL_RULES, sizeof(*a->rules));
	a->users = calloc(ACL_USERS, sizeof(*a->users));
	if (a->text != NULL && a->rules != NULL && a->users != NULL)
		return a;
	acl_free(a);
	return NULL;
}

static struct span
keep(struct acl *a, struct span s)
{
	struct span	 kept = { (uint8_t *)a->text + a->used, s.n };

	if (s.n > a->cap - a->used) {
		kept.n = 0;
		return kept;
	}
	if (s.n > 0)
		memcpy(kept.p, s.p, s.n);
	a->used += s.n;
	return kept;
}

static bool
is(struct span s, const char *text)
{
	return s.n == strlen(text) && (s.n == 0 || memcmp(s.p, text, s.n) == 0);
}

/*
 * The reference server's order of patterns: longer and deeper counts more,
 * a wildcard less, and most of all less at the start.
 */
static int
rank(struct span p)
{
	int		 r = (int)p.n * 2;

	if (is(p, "**"))
		return -100;
	if (is(p, "**/*"))
		return -99;
	for (size_t i = 0; i < p.n; i++) {
		if (p.p[i] == '/')
			r += 10;
		else if (p.p[i] == '*')
			r -= i == 0 ? 20 : 10;
		else if (strchr("?![", p.p[i]) != NULL)
			r -= 2;
	}
	return r;
}

/* A parser in progress: the first thing wrong stays. */
struct parse {
	struct acl	*a;
	struct yml	*y;
	const char	*why;
};

static void
refuse(struct parse *p, const char *why)
{
	if (p->why == NULL)
		p->why = why;
}

static void
add_user(struct parse *p, struct span name, enum acl_level level)
{
	struct user	*u = &p->a->users[p->a->nusers];

	if (p->a->nusers == ACL_USERS) {
		refuse(p, "too many users");
		return;
	}
	u->name = keep(p->a, name);
	u->level = level;
	p->a->nusers++;
}

/* A list of names, one name, or nothing. */
static void
take_users(struct parse *p, enum acl_level level)
{
	struct span	 s;
	enum yml_item	 item = yml_next(p->y, &s);

	if (item == YML_SCALAR) {
		if (s.n > 0 && !is(s, "~") && !is(s, "null"))
			add_user(p, s, level);
		return;
	}
	if (item != YML_LIST) {
		refuse(p, "users are not a list");
		return;
	}
	while (p->why == NULL &&
	    (item = yml_next(p->y, &s)) == YML_SCALAR)
		add_user(p, s, level);
	if (item != YML_END)
		refuse(p, "users are not a list of names");
}

static void
skip_value(struct parse *p)
{
	struct span	 s;

	yml_skip(p->y, yml_next(p->y, &s));
}

static void
take_access(struct parse *p)
{
	static const char *const	 names[] = {
		[ACL_READ] = "read", [ACL_WRITE] = "write",
		[ACL_ADMIN] = "admin",
	};
	struct span	 s;
	enum yml_item	 item = yml_next(p->y, &s);
	int		 level;

	if (item == YML_SCALAR && (s.n == 0 || is(s, "~") || is(s, "null")))
		return;
	if (item != YML_MAP) {
		refuse(p, "access is not a map");
		return;
	}
	while (p->why == NULL &&
	    (item = yml_next(p->y, &s)) == YML_SCALAR) {
		for (level = ACL_READ; level <= ACL_ADMIN; level++)
			if (is(s, names[level]))
				break;
		if (level <= ACL_ADMIN)
			take_users(p, (enum acl_level)level);
		else
			skip_value(p);
	}
	if (item != YML_END)
		refuse(p, "access is not a map");
}

static void
take_pattern(struct parse *p, struct rule *r)
{
	struct span	 s;

	if (yml_next(p->y, &s) != YML_SCALAR || !glob_valid(s)) {
		refuse(p, "a pattern is missing or not supported");
		return;
	}
	r->pattern = keep(p->a, s);
	r->rank = rank(s);
}

static void
take_rule(struct parse *p)
{
	struct rule	*r = &p->a->rules[p->a->nrules];
	enum yml_item	 item;
	struct span	 s;

	if (p->a->nrules == ACL_RULES) {
		refuse(p, "too many rules");
		return;
	}
	r->user = p->a->nusers;
	while (p->why == NULL &&
	    (item = yml_next(p->y, &s)) != YML_END) {
		if (item != YML_SCALAR)
			refuse(p, "a rule is not a map");
		else if (is(s, "pattern"))
			take_pattern(p, r);
		else if (is(s, "access"))
			take_access(p);
		else
			skip_value(p);
	}
	r->end = p->a->nusers;
	if (r->pattern.n == 0)
		refuse(p, "a pattern is missing or not supported");
	p->a->nrules++;
}

static void
take_rules(struct parse *p)
{
	struct span	 s;
	enum yml_item	 item = yml_next(p->y, &s);

	if (item == YML_SCALAR && (s.n == 0 || is(s, "~") || is(s, "null")))
		return;
	if (item != YML_LIST) {
		refuse(p, "rules are not a list");
		return;
	}
	while (p->why == NULL && (item = yml_next(p->y, &s)) == YML_MAP)
		take_rule(p);
	if (item != YML_END)
		refuse(p, "rules are not a list of maps");
}

static void
take_terminal(struct parse *p)
{
	struct span	 s;

	if (yml_next(p->y, &s) != YML_SCALAR)
		refuse(p, "terminal is neither true nor false");
	else if (is(s, "true") || is(s, "True") || is(s, "TRUE"))
		p->a->terminal = true;
	else if (!is(s, "false") && !is(s, "False") && !is(s, "FALSE"))
		refuse(p, "terminal is neither true nor false");
}

static void
take_file(struct parse *p)
{
	struct span	 s;
	enum yml_item	 item = yml_next(p->y, &s);

	if (item == YML_DONE)
		return;
	if (item != YML_MAP)
		refuse(p, "not a map");
	while (p->why == NULL &&
	    (item = yml_next(p->y, &s)) == YML_SCALAR) {
		if (is(s, "rules"))
			take_rules(p);
		else if (is(s, "terminal"))
			take_terminal(p);
		else
			skip_value(p);
	}
	if (item != YML_END || yml_next(p->y, &s) != YML_DONE)
		refuse(p, "not YAML");
}

struct acl *
acl_parse(const char *text, size_t n, const char **why)
{
	struct parse	 p = { NULL, NULL, NULL };

	*why = "out of memory";
	if (n > ACL_BYTES) {
		*why = "larger than 64 KiB";
		return NULL;
	}
	p.a = acl_new(n);
	p.y = yml_new(text, n);
	if (p.a != NULL && p.y != NULL)
		take_file(&p);
	if (p.a == NULL || p.y == NULL || p.why != NULL) {
		if (p.why != NULL)
			*why = p.why;
		acl_free(p.a);
		p.a = NULL;
	}
	yml_free(p.y);
	return p.a;
}

bool
acl_terminal(const struct acl *a)
{
	return a->terminal;
}

static const struct rule *
deciding(const struct acl *a, struct span rel)
{
	const struct rule	*best = NULL, *r = a->rules;

	for (size_t i = 0; i < a->nrules; i++, r++)
		if ((best == NULL || r->rank > best->rank) &&
		    glob_match(r->pattern, rel))
			best = r;
	return best;
}

/* USER is who asks; the name itself and globs are the reference's. */
static bool
means(struct span name, struct span user)
{
	if (is(name, "USER") || is(name, "*"))
		return true;
	return name.n > 0 && glob_valid(name) && glob_match(name, user);
}

bool
acl_check(const struct acl *a, struct span rel, const char *user,
    enum acl_level level)
{
	const struct rule	*r = deciding(a, rel);
	struct span		 who = { (uint8_t *)(uintptr_t)user,
	    strlen(user) };

	if (r == NULL || !email_valid(user))
		return false;
	for (size_t i = r->user; i < r->end; i++)
		if (a->users[i].level >= level && means(a->users[i].name, who))
			return true;
	return false;
}

bool
acl_owns(struct span path, const char *user)
{
	size_t		 n = strlen(user);

	return n > 0 && path.n >= n && memcmp(path.p, user, n) == 0 &&
	    (path.n == n || path.p[n] == '/');
}

struct slot {
	char		*path;		/* NULL: nothing here */
	struct acl	*acl;
	struct acl_stamp stamp;
};

struct acl_tree {
	struct acl_source	 source;
	struct slot		 slots[ACL_CACHE];
	char			 text[ACL_BYTES + 1];
};

struct acl_tree *
acl_tree_new(const struct acl_source *source)
{
	struct acl_tree	*t = calloc(1, sizeof(*t));

	if (t != NULL)
		t->source = *source;
	return t;
}

static void
empty(struct slot *s)
{
	free(s->path);
	acl_free(s->acl);
	memset(s, 0, sizeof(*s));
}

void
acl_tree_free(struct acl_tree *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < ACL_CACHE; i++)
		empty(&t->slots[i]);
	free(t);
}

/* FNV-1a. Two files that share a slot only cost each other time. */
static struct slot *
slot_of(struct acl_tree *t, const char *path)
{
	uint32_t	 h = 2166136261U;

	for (; *path != '\0'; path++)
		h = (h ^ (uint8_t)*path) * 16777619U;
	return &t->slots[h % ACL_CACHE];
}

static bool
is_fresh(const struct slot *s, const char *path, const struct acl_stamp *now)
{
	return s->path != NULL && strcmp(s->path, path) == 0 &&
	    s->stamp.mtime_ns == now->mtime_ns && s->stamp.size == now->size &&
	    s->stamp.inode == now->inode;
}

/* What failed is not kept: the reason may pass without a new stamp. */
static void
load(struct acl_tree *t, struct slot *s, const char *path,
    const struct acl_stamp *stamp)
{
	const char	*why;
	size_t		 len = strlen(path) + 1;
	long		 n;

	empty(s);
	n = t->source.load(t->source.arg, path, t->text, sizeof(t->text));
	if (n >= 0)
		s->acl = acl_parse(t->text, (size_t)n, &why);
	if (s->acl != NULL && (s->path = malloc(len)) != NULL)
		memcpy(s->path, path, len);
	s->stamp = *stamp;
}

enum found { ABSENT, BROKEN, FOUND };

static enum found
look_up(struct acl_tree *t, const char *path, const struct acl **acl)
{
	struct slot		*s = slot_of(t, path);
	struct acl_stamp	 stamp;
	int			 rc;

	rc = t->source.stamp(t->source.arg, path, &stamp);
	if (rc <= 0)
		return rc < 0 ? BROKEN : ABSENT;
	if (!is_fresh(s, path, &stamp))
		load(t, s, path, &stamp);
	*acl = s->acl;
	return s->acl == NULL ? BROKEN : FOUND;
}

/* Answer for user at path, whose last ACL file so far says this. */
static bool
decide(struct acl_tree *t, struct span path, const char *user,
    enum acl_level level)
{
	char			 file[4096 + sizeof("/" ACL_FILE)];
	const struct acl	*acl;
	struct span		 rel;
	bool			 allowed = false;
	size_t			 depth = 0;

	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] != '/')
			continue;
		if (++depth > ACL_DEPTH)
			return false;
		snprintf(file, sizeof(file), "%.*s/" ACL_FILE, (int)i,
		    (const char *)path.p);
		switch (look_up(t, file, &acl)) {
		case ABSENT:
			continue;
		case BROKEN:
			return false;
		case FOUND:
			break;
		}
		rel.p = path.p + i + 1;
		rel.n = path.n - i - 1;
		allowed = acl_check(acl, rel, user, level);
		if (acl_terminal(acl))
			return allowed;
	}
	return allowed;
}

static bool
is_acl_file(struct span path)
{
	size_t		 n = sizeof("/" ACL_FILE) - 1;

	return path.n >= n && memcmp(path.p + path.n - n, "/" ACL_FILE, n) == 0;
}

bool
acl_tree_allows(struct acl_tree *t, struct span path, const char *user,
    enum acl_level level)
{
	if (!path_valid(path) || !email_valid(user))
		return false;
	if (acl_owns(path, user))
		return true;
	if (level == ACL_WRITE && is_acl_file(path))
		level = ACL_ADMIN;
	return decide(t, path, user, level);
}
