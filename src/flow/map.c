#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "flow/map.h"

enum { NO_NUMBER = -1, DIGITS = 9 };

/* A role or a placeholder: "Clients2" is the second client. */
struct part {
	char	 base[64];
	long	 number;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char
lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static struct part
part_of(const char *s)
{
	struct part	 p = { .number = NO_NUMBER };
	size_t		 n = strcspn(s, "@"), end = n;

	while (n > 0 && is_digit(s[n - 1]))
		n--;
	if (n < end && end - n <= DIGITS)
		p.number = strtol(s + n, NULL, 10);
	while (n > 0 && lower(s[n - 1]) == 's')
		n--;
	for (size_t i = 0; i < n && i < sizeof(p.base) - 1; i++)
		p.base[i] = lower(s[i]);
	if (strcmp(p.base, "contributor") == 0)
		strcpy(p.base, "client");
	return p;
}

static bool
same_part(const char *a, const char *b)
{
	struct part	 p = part_of(a), q = part_of(b);

	return p.number == q.number && strcmp(p.base, q.base) == 0;
}

/* Who has a domain of his own is nobody's alias. */
static bool
may_be_alias(const char *s)
{
	const char	*domain = strchr(s, '@');

	return domain == NULL || strcasecmp(domain, "@sandbox.local") == 0 ||
	    strcasecmp(domain, "@openmined.org") == 0;
}

bool
map_same(const char *a, const char *b)
{
	if (strcasecmp(a, b) == 0)
		return true;
	return may_be_alias(a) && may_be_alias(b) && same_part(a, b);
}

static people
bit(size_t i)
{
	return (people)1 << i;
}

static people
everyone(const struct map *m)
{
	return bit(m->npeople) - 1;
}

static const struct slot *
slot_of(const struct map *m, const char *name)
{
	for (size_t i = 0; i < m->nslots; i++)
		if (strcasecmp(m->slot[i].name, name) == 0)
			return &m->slot[i];
	for (size_t i = 0; i < m->nslots; i++)
		if (map_same(m->slot[i].name, name))
			return &m->slot[i];
	return NULL;
}

int
map_find(const struct map *m, const char *name)
{
	const struct slot	*s;

	for (size_t i = 0; i < m->npeople; i++)
		if (strcasecmp(m->people[i].email, name) == 0)
			return (int)i;
	s = slot_of(m, name);
	return s != NULL ? s->who : MAP_NOBODY;
}

people
map_role(const struct map *m, const char *name)
{
	struct part	 p = part_of(name), q;
	const char	*role;
	people		 found = 0;
	bool		 plural;

	if (strchr(name, '@') != NULL)
		return 0;
	plural = p.number == NO_NUMBER && name[0] != '\0' &&
	    lower(name[strlen(name) - 1]) == 's';
	for (size_t i = 0; i < m->npeople; i++) {
		role = m->people[i].role;
		q = part_of(role);
		if (strcasecmp(role, name) == 0 ||
		    (plural && q.base[0] != '\0' &&
		    strcmp(p.base, q.base) == 0))
			found |= bit(i);
	}
	return found;
}

static const struct spec_group *
group_of(const struct map *m, const char *name)
{
	for (size_t i = 0; i < m->flow->ngroups; i++)
		if (strcmp(m->flow->group[i].name, name) == 0)
			return &m->flow->group[i];
	return NULL;
}

/* The default datasites from and up to (but not) to. */
static bool
expand_range(const struct map *m, unsigned long from, unsigned long to,
    people *set)
{
	const struct slot	*s;

	if (from >= to || to > m->flow->defaults.n)
		return false;
	for (; from < to; from++) {
		s = slot_of(m, m->flow->defaults.v[from]);
		if (s == NULL || s->who == MAP_NOBODY)
			return false;
		*set |= bit((size_t)s->who);
	}
	return true;
}

static const char	 selector[] = "{datasites[";

/* Digits, or the value if there are none. */
static unsigned long
index_at(const char **s, unsigned long none)
{
	size_t		 n = strspn(*s, "0123456789");
	unsigned long	 v = n == 0 ? none : n <= DIGITS ?
			    strtoul(*s, NULL, 10) : MAP_SLOTS + 1;

	*s += n;
	return v;
}

static bool
expand_selector(const struct map *m, const char *s, people *set)
{
	unsigned long	 from, to;

	s += sizeof(selector) - 1;
	if (strcmp(s, "*]}") == 0) {
		*set |= everyone(m);
		return true;
	}
	if (!is_digit(*s) && *s != ':')
		return false;
	from = index_at(&s, 0);
	to = from + 1;
	if (*s == ':') {
		s++;
		to = index_at(&s, m->flow->defaults.n);
	}
	return strcmp(s, "]}") == 0 && expand_range(m, from, to, set);
}

static bool
is_selector(const char *s)
{
	return strncmp(s, selector, sizeof(selector) - 1) == 0;
}

/* All but a group of the flow: groups do not contain each other. */
static bool
expand_one(const struct map *m, const char *s, people *set)
{
	int	 who;
	people	 role;

	if (strcasecmp(s, "all") == 0) {
		*set |= everyone(m);
		return true;
	}
	if (is_selector(s))
		return expand_selector(m, s, set);
	if ((who = map_find(m, s)) != MAP_NOBODY) {
		*set |= bit((size_t)who);
		return true;
	}
	role = slot_of(m, s) == NULL ? map_role(m, s) : 0;
	*set |= role;
	return role != 0;
}

bool
map_group(const struct map *m, const struct spec_group *g, people *set)
{
	people	 in = 0, out = 0;
	bool	 known = true;

	for (size_t i = 0; i < g->include.n; i++)
		known &= expand_one(m, g->include.v[i], &in);
	for (size_t i = 0; i < g->exclude.n; i++)
		known &= expand_one(m, g->exclude.v[i], &out);
	*set |= in & ~out;
	return known;
}

bool
map_expand(const struct map *m, const char *s, people *set)
{
	const struct spec_group	*g = group_of(m, s);

	return g != NULL ? map_group(m, g, set) : expand_one(m, s, set);
}

bool
map_is_slot(const struct map *m, const char *s)
{
	return strcasecmp(s, "all") != 0 && !is_selector(s) &&
	    group_of(m, s) == NULL &&
	    (slot_of(m, s) != NULL || map_role(m, s) == 0);
}

static bool
add_slot(struct map *m, const char *name)
{
	if (slot_of(m, name) != NULL)
		return true;
	if (m->nslots == MAP_SLOTS)
		return false;
	m->slot[m->nslots].name = name;
	m->slot[m->nslots++].who = MAP_NOBODY;
	return true;
}

/* Names that are no slot yet, no group, no selector and nobody's email. */
static bool
add_slots(struct map *m, const struct names *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (map_is_slot(m, a->v[i]) &&
		    map_find(m, a->v[i]) == MAP_NOBODY &&
		    !add_slot(m, a->v[i]))
			return false;
	return true;
}

static bool
find_slots(struct map *m)
{
	const struct spec	*f = m->flow;

	for (size_t i = 0; i < f->defaults.n; i++)
		if (!is_selector(f->defaults.v[i]) &&
		    !add_slot(m, f->defaults.v[i]))
			return false;
	m->ndefaults = m->nslots;
	for (size_t i = 0; i < f->ngroups; i++)
		if (!add_slots(m, &f->group[i].include))
			return false;
	for (size_t i = 0; i < f->nsteps; i++)
		if (!add_slots(m, &f->step[i].targets))
			return false;
	return true;
}

/*
 * The ways a slot finds its participant, the surest first. Each is tried for
 * all slots before the next: a guess never takes what another slot names.
 */
typedef bool	 fits(const char *slot, const struct participant *);

static bool
by_email(const char *slot, const struct participant *p)
{
	return strcasecmp(slot, p->email) == 0;
}

static bool
by_role(const char *slot, const struct participant *p)
{
	size_t	 n = strcspn(slot, "@");

	return strlen(p->role) == n && strncasecmp(slot, p->role, n) == 0;
}

static bool
by_part(const char *slot, const struct participant *p)
{
	return same_part(slot, p->role);
}

static void
take(struct map *m, people *free_ones, fits *fit)
{
	struct slot	*s;

	for (size_t i = 0; i < m->nslots; i++) {
		s = &m->slot[i];
		for (size_t k = 0; s->who == MAP_NOBODY && k < m->npeople; k++)
			if ((*free_ones & bit(k)) != 0 &&
			    fit(s->name, &m->people[k])) {
				s->who = (int)k;
				*free_ones &= ~bit(k);
			}
	}
}

/* The empty slot with the lowest number above last: NULL if none is left. */
static struct slot *
next_numbered(struct map *m, const struct part *like, long last)
{
	struct slot	*best = NULL;
	long		 lowest = 0;
	struct part	 p;

	for (size_t i = 0; i < m->nslots; i++) {
		p = part_of(m->slot[i].name);
		if (m->slot[i].who != MAP_NOBODY || p.number <= last ||
		    strcmp(p.base, like->base) != 0 ||
		    (best != NULL && p.number >= lowest))
			continue;
		best = &m->slot[i];
		lowest = p.number;
	}
	return best;
}

/* client1, client2 and on are who said "clients", in their order. */
static void
take_numbered(struct map *m, people *free_ones)
{
	struct part	 role;
	struct slot	*s;

	for (size_t k = 0; k < m->npeople; k++) {
		role = part_of(m->people[k].role);
		if ((*free_ones & bit(k)) == 0 || role.number != NO_NUMBER)
			continue;
		s = next_numbered(m, &role, NO_NUMBER);
		if (s == NULL)
			continue;
		s->who = (int)k;
		*free_ones &= ~bit(k);
	}
}

/* A slot without a number is the one who has one, if that is one only. */
static void
take_single(struct map *m, people *free_ones)
{
	struct part	 slot;
	int		 found;
	size_t		 n;

	for (size_t i = 0; i < m->nslots; i++) {
		slot = part_of(m->slot[i].name);
		if (m->slot[i].who != MAP_NOBODY || slot.number != NO_NUMBER)
			continue;
		n = 0;
		found = MAP_NOBODY;
		for (size_t k = 0; k < m->npeople; k++)
			if ((*free_ones & bit(k)) != 0 && strcmp(slot.base,
			    part_of(m->people[k].role).base) == 0) {
				found = (int)k;
				n++;
			}
		if (n != 1)
			continue;
		m->slot[i].who = found;
		*free_ones &= ~bit((size_t)found);
	}
}

/* At last by position: the first that is left from the slot's index on. */
static void
take_position(struct map *m, people *free_ones)
{
	size_t	 k;

	for (size_t i = 0; i < m->nslots && *free_ones != 0; i++) {
		if (m->slot[i].who != MAP_NOBODY)
			continue;
		for (k = i; k < m->npeople && (*free_ones & bit(k)) == 0; k++)
			;
		if (k >= m->npeople)
			for (k = 0; (*free_ones & bit(k)) == 0; k++)
				;
		m->slot[i].who = (int)k;
		*free_ones &= ~bit(k);
	}
}

bool
map_make(struct map *m, const struct spec *flow,
    const struct participant *who, size_t n)
{
	static fits *const	 sure[] = { by_email, by_role, by_part };
	people			 free_ones;

	memset(m, 0, sizeof(*m));
	m->flow = flow;
	m->people = who;
	m->npeople = n;
	if (!find_slots(m))
		return false;
	free_ones = everyone(m);
	for (size_t i = 0; i < sizeof(sure) / sizeof(sure[0]); i++)
		take(m, &free_ones, sure[i]);
	take_numbered(m, &free_ones);
	take_single(m, &free_ones);
	take_position(m, &free_ones);
	return true;
}

void
map_order(const struct map *m, size_t cp[MAP_PEOPLE])
{
	size_t	 n = 0;

	for (int first = 1; first >= 0; first--)
		for (size_t i = 0; i < m->npeople; i++)
			if ((strcasecmp(m->people[i].role, "aggregator") ==
			    0) == first)
				cp[n++] = i;
}
