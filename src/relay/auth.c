#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/hash.h"
#include "relay/auth.h"
#include "syft/key.h"

struct entry {
	char		 user[EMAIL_MAX + 1];
	uint8_t		 hash[32];
};

struct auth {
	struct entry	*v;
	size_t		 n;
};

static int
parse_line(struct entry *e, const char *p, size_t n)
{
	size_t	 user = 0, gap;

	while (user < n && p[user] != ' ' && p[user] != '\t')
		user++;
	if (user > EMAIL_MAX)
		return -1;
	memcpy(e->user, p, user);
	e->user[user] = '\0';
	for (gap = user; gap < n && (p[gap] == ' ' || p[gap] == '\t');)
		gap++;
	if (!email_valid(e->user))
		return -1;
	return hex_decode(e->hash, sizeof(e->hash), p + gap, n - gap);
}

/* The next line without what surrounds it. */
static size_t
next_line(const char **text, size_t *left, const char **line)
{
	const char	*p = *text, *end = memchr(p, '\n', *left);
	size_t		 n = end != NULL ? (size_t)(end - p) : *left;

	*left -= n + (end != NULL);
	*text += n + (end != NULL);
	for (; n > 0 && (*p == ' ' || *p == '\t'); p++)
		n--;
	while (n > 0 && strchr(" \t\r", p[n - 1]) != NULL)
		n--;
	*line = p;
	return n;
}

static int
add(struct auth *a, const char *p, size_t n)
{
	struct entry	*v = realloc(a->v, (a->n + 1) * sizeof(*v));

	if (v == NULL)
		return -1;
	a->v = v;
	if (parse_line(&v[a->n], p, n) == -1)
		return 1;
	a->n++;
	return 0;
}

struct auth *
auth_parse(const char *text, size_t left, size_t *line)
{
	struct auth	*a = calloc(1, sizeof(*a));
	const char	*p;
	size_t		 n;
	int		 bad = a == NULL ? -1 : 0;

	for (*line = 0; bad == 0 && left > 0;) {
		n = next_line(&text, &left, &p);
		++*line;
		if (n > 0 && *p != '#')
			bad = add(a, p, n);
	}
	if (bad == 0)
		return a;
	if (bad == -1)
		*line = 0;
	auth_free(a);
	return NULL;
}

void
auth_free(struct auth *a)
{
	if (a == NULL)
		return;
	free(a->v);
	free(a);
}

bool
auth_is_empty(const struct auth *a)
{
	return a->n == 0;
}

const char *
auth_user(const struct auth *a, const char *token)
{
	const char	*user = NULL;
	uint8_t		 hash[32];

	sha256(hash, token, strlen(token));
	for (size_t i = 0; i < a->n; i++)
		if (same_bytes(hash, a->v[i].hash, sizeof(hash)))
			user = a->v[i].user;
	return user;
}
