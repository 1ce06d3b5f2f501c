#include "syft/glob.h"

static size_t
utf8_width(const uint8_t *p, size_t n)
{
	size_t		 len = 1;

	while (len < n && (p[len] & 0xc0) == 0x80)
		len++;
	return len;
}

/* Length of the class at p, which starts with [, or 0: it does not end. */
static size_t
class_len(struct span p)
{
	size_t		 i = 1;

	if (i < p.n && (p.p[i] == '!' || p.p[i] == '^'))
		i++;
	for (i++; i < p.n && p.p[i] != '/'; i++)
		if (p.p[i] == ']')
			return i + 1;
	return 0;
}

static bool
in_class(const uint8_t *p, size_t len, uint8_t c)
{
	bool		 negated = p[1] == '!' || p[1] == '^', in = false;

	for (size_t i = negated ? 2 : 1; i < len - 1; i++) {
		if (i + 2 < len - 1 && p[i + 1] == '-') {
			in |= c >= p[i] && c <= p[i + 2];
			i += 2;
		} else
			in |= c == p[i];
	}
	return in != negated;
}

/*
 * Braces mean alternatives or templates upstream, a backslash a quoted
 * character: a rule we would misread must not be used.
 */
bool
glob_valid(struct span p)
{
	if (p.n == 0)
		return false;
	for (size_t i = 0; i < p.n; i++) {
		struct span	 rest = { p.p + i, p.n - i };

		if (p.p[i] == '\0' || strchr("{}\\", p.p[i]) != NULL)
			return false;
		if (p.p[i] == '[') {
			if (class_len(rest) == 0)
				return false;
			i += class_len(rest) - 1;
		}
	}
	return true;
}

static struct span
after(struct span s, size_t n)
{
	s.p += n;
	s.n -= n;
	return s;
}

/* Does one character of the pattern, not *, take the start of the text? */
static bool
step(struct span *p, struct span *t)
{
	size_t		 len = 1, width = 1;

	if (p->n == 0 || t->n == 0)
		return false;
	if (p->p[0] == '?')
		width = utf8_width(t->p, t->n);
	else if (p->p[0] == '[') {
		len = class_len(*p);
		if (len == 0 || !in_class(p->p, len, t->p[0]))
			return false;
	} else if (p->p[0] != t->p[0])
		return false;
	*p = after(*p, len);
	*t = after(*t, width);
	return true;
}

/* Within a part: only the last * need ever take more than it did. */
static bool
match_part(struct span p, struct span t)
{
	struct span	 star = { NULL, 0 }, from = t;

	while (t.n > 0 || p.n > 0) {
		if (p.n > 0 && p.p[0] == '*') {
			p = star = after(p, 1);
			from = t;
		} else if (!step(&p, &t)) {
			if (star.p == NULL || from.n == 0)
				return false;
			from = after(from, 1);
			p = star;
			t = from;
		}
	}
	return true;
}

/* Take the first part off; p NULL says that nothing is left. */
static struct span
part(struct span *s)
{
	struct span	 first = *s;
	uint8_t		*slash = s->n > 0 ? memchr(s->p, '/', s->n) : NULL;

	if (slash == NULL) {
		s->p = NULL;
		s->n = 0;
		return first;
	}
	first.n = (size_t)(slash - s->p);
	*s = after(*s, first.n + 1);
	return first;
}

static bool
is_globstar(struct span s)
{
	return s.n == 2 && s.p[0] == '*' && s.p[1] == '*';
}

/* The same one level up, with parts for characters and ** for *. */
bool
glob_match(struct span p, struct span t)
{
	struct span	 star = { NULL, 0 }, from = t, pp, tp, pn, tn;
	bool		 starred = false;

	while (t.p != NULL || p.p != NULL) {
		pn = p;
		tn = t;
		pp = p.p != NULL ? part(&pn) : p;
		tp = t.p != NULL ? part(&tn) : t;
		if (p.p != NULL && is_globstar(pp)) {
			p = star = pn;
			from = t;
			starred = true;
		} else if (p.p != NULL && t.p != NULL && match_part(pp, tp)) {
			p = pn;
			t = tn;
		} else {
			if (!starred || from.p == NULL)
				return false;
			part(&from);
			p = star;
			t = from;
		}
	}
	return true;
}
