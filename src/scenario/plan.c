#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/hash.h"
#include "scenario/plan.h"

enum { DIGEST = 6 };	/* bytes of SHA-256 in a run id */

struct names {
	char	**v;
	size_t	  n;
};

static int
add_name(struct names *l, const char *s, size_t n)
{
	char	**v = realloc(l->v, (l->n + 1) * sizeof(*v));

	if (v == NULL)
		return -1;
	l->v = v;
	v[l->n] = malloc(n + 1);
	if (v[l->n] == NULL)
		return -1;
	memcpy(v[l->n], s, n);
	v[l->n++][n] = '\0';
	return 0;
}

/* a,b,c up to a blank or a quote */
static int
add_list(struct names *l, const char *s)
{
	size_t	 n;

	for (;;) {
		n = strcspn(s, ", \t\n\"'");
		if (n > 0 && add_name(l, s, n) == -1)
			return -1;
		if (s[n] != ',')
			return 0;
		s += n + 1;
	}
}

static int
add_steps(struct names *l, const struct steps *steps)
{
	for (size_t i = 0; i < steps->n; i++) {
		const struct step	*s = &steps->v[i];

		if (s->datasite != NULL && add_name(l, s->datasite,
		    strlen(s->datasite)) == -1)
			return -1;
		if (add_steps(l, &s->child) == -1)
			return -1;
	}
	return 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
unique(struct names *l)
{
	size_t	 n = 0;

	if (l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), compare);
	for (size_t i = 0; i < l->n; i++) {
		if (n > 0 && strcmp(l->v[n - 1], l->v[i]) == 0)
			free(l->v[i]);
		else
			l->v[n++] = l->v[i];
	}
	l->n = n;
}

static char *
join(const struct names *l)
{
	size_t	 n = 1;
	char	*s;

	for (size_t i = 0; i < l->n; i++)
		n += strlen(l->v[i]) + 1;
	s = calloc(n, 1);
	for (size_t i = 0; s != NULL && i < l->n; i++) {
		if (i > 0)
			strcat(s, ",");
		strcat(s, l->v[i]);
	}
	return s;
}

/* What follows --clients in the first command of the server. */
static const char *
clients(const struct scenario *sc)
{
	static const char	 option[] = "--clients ";
	const char		*at;

	if (sc->server.n == 0)
		return NULL;
	at = strstr(sc->server.v[0].text, option);
	return at != NULL ? at + sizeof(option) - 1 : NULL;
}

char *
plan_datasites(const struct scenario *sc)
{
	struct names	 l = { NULL, 0 };
	const char	*given = clients(sc);
	char		*s = NULL;
	int		 rc;

	rc = given != NULL ? add_list(&l, given) : add_steps(&l, &sc->steps);
	if (rc == 0) {
		unique(&l);
		s = join(&l);
	}
	for (size_t i = 0; i < l.n; i++)
		free(l.v[i]);
	free(l.v);
	return s;
}

int
plan_run_id(char id[RUN_ID], const struct scenario *sc, const char *stem,
    uint64_t unix_time)
{
	uint64_t	 minute = unix_time / 60;
	char		*sites = plan_datasites(sc), *text, hex[2 * DIGEST + 1];
	uint8_t		 digest[32];
	size_t		 n;

	if (sites == NULL)
		return -1;
	n = strlen(stem) + strlen(sites) + 24;
	text = malloc(n);
	if (text == NULL) {
		free(sites);
		return -1;
	}
	n = (size_t)snprintf(text, n, "%s:%s:%" PRIu64, stem, sites, minute);
	sha256(digest, text, n);
	hex_encode(hex, digest, DIGEST);
	snprintf(id, RUN_ID, "%" PRIu64 "-%s", minute, hex);
	free(text);
	free(sites);
	return 0;
}

/* The index of a step that is given by its name or number; n: there is none. */
static size_t
find(const struct steps *l, const char *given)
{
	char		*end;
	unsigned long	 number;

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, given) == 0)
			return i;
	number = strtoul(given, &end, 10);
	if (*end != '\0' || *given < '0' || *given > '9' || number == 0 ||
	    number > l->n)
		return l->n;
	return number - 1;
}

static void
put(struct plan *p, const struct steps *l, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		p->v[p->n++] = &l->v[i];
}

int
plan_make(struct plan *p, const struct scenario *sc, const char *only,
    const char *from, char *why)
{
	const char	*given = only != NULL ? only : from;
	size_t		 i = 0;

	memset(p, 0, sizeof(*p));
	if (given != NULL && (i = find(&sc->steps, given)) == sc->steps.n) {
		snprintf(why, PLAN_WHY, "no step is %.100s", given);
		return -1;
	}
	p->v = calloc(sc->server.n + sc->clients.n + sc->steps.n + 1,
	    sizeof(*p->v));
	if (p->v == NULL) {
		snprintf(why, PLAN_WHY, "out of memory");
		return -1;
	}
	if (given == NULL) {
		put(p, &sc->server, 0, sc->server.n);
		put(p, &sc->clients, 0, sc->clients.n);
	}
	p->setup = p->n;
	put(p, &sc->steps, i, only != NULL ? i + 1 : sc->steps.n);
	return 0;
}

void
plan_free(struct plan *p)
{
	free(p->v);
	p->v = NULL;
	p->n = 0;
}
