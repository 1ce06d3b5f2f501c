#include <stdio.h>

#include "base/utf8.h"
#include "syft/key.h"

/*
 * Paths of links, hotlink-protocol.md 3.4. Whatever an owner of 254
 * bytes and two numbers of ten digits add to a middle of MIDDLE_MAX bytes
 * fits KEY_MAX: 254 + 1 + 724 + 1 + 24 + 1 + 18 + 1 = 1024.
 */
enum { MIDDLE_MAX = 724, PATH_LONGEST = 4096 };

#define REQUEST	".request"
#define LONGEST	"stream.tcp" REQUEST

_Static_assert(EMAIL_MAX + 1 + MIDDLE_MAX + 1 +
    sizeof("4294967295_to_4294967295")
    - 1 + 1 + sizeof(LONGEST) <= KEY_MAX, "every key fits");

static bool
is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

/*
 * Without * ? [ ] { }, which mean something in ACL files, and without what
 * means something to a shell, a path or a log line.
 */
static bool
email_char(uint8_t c, bool domain)
{
	if (is_alnum(c) || c == '-' || c == '_' || c == '.')
		return true;
	return !domain && c != '\0' && strchr("!#$%&'+=^`~", c) != NULL;
}

static bool
email_ok(struct span s)
{
	bool		 domain = false, dotted = false;
	uint8_t		 before = '.';	/* neither part starts with a dot */

	if (s.n > EMAIL_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' && before == '.')
			return false;
		if (s.p[i] == '@') {
			if (domain || before == '.')
				return false;
			domain = true;
			before = '.';
			continue;
		}
		if (!email_char(s.p[i], domain))
			return false;
		dotted |= domain && s.p[i] == '.';
		before = s.p[i];
	}
	return dotted && before != '.';
}

bool
email_valid(const char *s)
{
	struct span	 v = { (uint8_t *)(uintptr_t)s, strlen(s) };

	return email_ok(v);
}

void
email_lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

bool
sid_valid(struct span s)
{
	if (s.n < SID_MIN || s.n > SID_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

/* The bytes before the next slash; rest is what follows it, p NULL: nothing. */
static struct span
first_part(struct span s, struct span *rest)
{
	uint8_t		*slash = s.n > 0 ? memchr(s.p, '/', s.n) : NULL;
	struct span	 none = { NULL, 0 };

	*rest = none;
	if (slash == NULL)
		return s;
	rest->p = slash + 1;
	rest->n = s.n - (size_t)(slash + 1 - s.p);
	s.n = (size_t)(slash - s.p);
	return s;
}

static bool
part_valid(struct span s)
{
	if (s.n == 0 || (s.n == 1 && s.p[0] == '.') ||
	    (s.n == 2 && s.p[0] == '.' && s.p[1] == '.'))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] == '\\' || s.p[i] == 0x7f)
			return false;
	return utf8_valid(s.p, s.n);
}

bool
path_valid(struct span path)
{
	struct span	 part, rest;

	if (path.n > PATH_LONGEST || !email_ok(first_part(path, &rest)))
		return false;
	while (rest.p != NULL) {
		part = first_part(rest, &rest);
		if (!part_valid(part))
			return false;
	}
	return true;
}

/* Take the last part off a path; p NULL: there was none before it. */
static struct span
last_part(struct span *path)
{
	struct span	 last = *path;
	size_t		 i = path->n;

	while (i > 0 && path->p[i - 1] != '/')
		i--;
	last.p += i;
	last.n -= i;
	path->n = i > 0 ? i - 1 : 0;
	return last;
}

/* Decimal without leading zeros, so that it is written as it was read. */
static int
number(struct span *s, uint32_t *to)
{
	uint64_t	 v = 0;
	size_t		 i = 0;

	for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
		v = v * 10 + (uint64_t)(s->p[i] - '0');
		if (v > UINT32_MAX)
			return -1;
	}
	if (i == 0 || (i > 1 && s->p[0] == '0'))
		return -1;
	s->p += i;
	s->n -= i;
	*to = (uint32_t)v;
	return 0;
}

static int
pair(struct key *k, struct span dir)
{
	if (number(&dir, &k->a) < 0)
		return -1;
	if (dir.n < 4 || memcmp(dir.p, "_to_", 4) != 0)
		return -1;
	dir.p += 4;
	dir.n -= 4;
	return number(&dir, &k->b) < 0 || dir.n > 0 ? -1 : 0;
}

static void
copy(char *to, struct span s)
{
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	to[s.n] = '\0';
}

/* "stream.tcp" or "stream.udp", with what follows either. */
static int
stream(struct key *k, struct span file, const char *ending)
{
	static const char *const	 names[] = { "stream.tcp",
					    "stream.udp" };
	size_t				 n = strlen(names[0]);

	for (size_t i = 0; i < 2; i++)
		if (file.n == n + strlen(ending) &&
		    memcmp(file.p, names[i], n) == 0 &&
		    memcmp(file.p + n, ending, file.n - n) == 0) {
			k->udp = i == 1;
			return 0;
		}
	return -1;
}

static int
take_apart(struct key *k, struct span path, const char *ending)
{
	struct span	 last, owner, middle;

	memset(k, 0, sizeof(*k));
	if (!path_valid(path))
		return -1;
	last = last_part(&path);
	if (stream(k, last, ending) < 0)
		return -1;
	if (pair(k, last_part(&path)) < 0 || path.n == 0)
		return -1;
	owner = first_part(path, &middle);
	if (middle.n > MIDDLE_MAX)
		return -1;
	copy(k->owner, owner);
	copy(k->middle, middle);
	return 0;
}

int
key_of_marker(struct key *k, const char *rel)
{
	struct span	 s = { (uint8_t *)(uintptr_t)rel, strlen(rel) };

	return take_apart(k, s, "");
}

int
key_of_path(struct key *k, struct span path)
{
	return take_apart(k, path, REQUEST);
}

static void
put(char *to, const struct key *k, const char *owner, uint32_t a, uint32_t b)
{
	snprintf(to, KEY_MAX, "%.254s/%.724s%s%lu_to_%lu/stream.%s" REQUEST,
	    owner, k->middle, k->middle[0] != '\0' ? "/" : "",
	    (unsigned long)a, (unsigned long)b, k->udp ? "udp" : "tcp");
}

static uint32_t
lower(const struct key *k)
{
	return k->a < k->b ? k->a : k->b;
}

static uint32_t
higher(const struct key *k)
{
	return k->a < k->b ? k->b : k->a;
}

/*
 * In lower case, because it is also how two parties name a link to each
 * other, and each has its own marker.
 */
void
key_canonical(const struct key *k, const char *from, const char *to,
    char *text)
{
	char		 x[EMAIL_MAX + 1], y[EMAIL_MAX + 1];

	snprintf(x, sizeof(x), "%s", from);
	snprintf(y, sizeof(y), "%s", to);
	email_lower(x);
	email_lower(y);
	put(text, k, strcmp(x, y) < 0 ? x : y, lower(k), higher(k));
}

void
key_open(const struct key *k, char *text)
{
	put(text, k, k->owner, k->a, k->b);
}

void
key_data(const struct key *k, const char *me, char *text)
{
	put(text, k, me, lower(k), higher(k));
}

static bool
same_email(const char *a, const char *b)
{
	char		 x[EMAIL_MAX + 1], y[EMAIL_MAX + 1];

	snprintf(x, sizeof(x), "%s", a);
	snprintf(y, sizeof(y), "%s", b);
	email_lower(x);
	email_lower(y);
	return strcmp(x, y) == 0;
}

bool
key_matches(const struct key *k, const char *from, const char *to,
    struct span path)
{
	struct key	 p;

	if (key_of_path(&p, path) < 0)
		return false;
	return p.udp == k->udp &&
	    lower(&p) == lower(k) && higher(&p) == higher(k) &&
	    strcmp(p.middle, k->middle) == 0 &&
	    (same_email(p.owner, from) || same_email(p.owner, to));
}
