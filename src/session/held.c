#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "session/held.h"

/* Text of a span into a buffer, lower case if asked. False: too long, NUL. */
static bool
copy_text(char *to, size_t cap, struct span s)
{
	if (s.n >= cap || (s.n > 0 && memchr(s.p, '\0', s.n) != NULL))
		return false;
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	to[s.n] = '\0';
	return true;
}

static struct held_open *
slot_for(struct held *h, uint64_t now, struct span sid)
{
	struct held_open	*o, *old = &h->open[0];

	for (size_t i = 0; i < HELD_MAX; i++) {
		o = &h->open[i];
		if (o->at != 0 && span_is(sid, o->sid))
			return o;
		if (o->at + (uint64_t)HELD_LIFE_S * SEC <= now)
			o->at = 0;
		if (o->at < old->at)
			old = o;
	}
	return old;
}

static bool
acceptable(const char *me, const struct msg *m, const struct held_open *n)
{
	char	 to[EMAIL_MAX + 1];

	if (!copy_text(to, sizeof(to), m->to))
		return false;
	email_lower(to);
	return strcmp(n->from, me) != 0 &&
	    (to[0] == '\0' || strcmp(to, me) == 0);
}

bool
held_put(struct held *h, uint64_t now, const char *me, const struct msg *m)
{
	struct held_open	 n = { .at = now > 0 ? now : 1 };

	if (!sid_valid(m->sid) || !path_valid(m->path) ||
	    !copy_text(n.sid, sizeof(n.sid), m->sid) ||
	    !copy_text(n.from, sizeof(n.from), m->from) ||
	    !copy_text(n.path, sizeof(n.path), m->path)) {
		h->refused++;
		return false;
	}
	email_lower(n.from);
	if (!acceptable(me, m, &n)) {
		h->refused++;
		return false;
	}
	*slot_for(h, now, m->sid) = n;
	return true;
}

static struct span
text(const char *s)
{
	return (struct span){ (uint8_t *)(uintptr_t)s, strlen(s) };
}

bool
held_get(struct held *h, uint64_t now, const char *peer,
    const struct key *key, const char *from, const char *to, struct msg *m)
{
	struct held_open	*o;

	for (size_t i = 0; i < HELD_MAX; i++) {
		o = &h->open[i];
		if (o->at == 0 || o->at + (uint64_t)HELD_LIFE_S * SEC <= now)
			continue;
		if (o->from[0] != '\0' && strcmp(o->from, peer) != 0)
			continue;
		if (!key_matches(key, from, to, text(o->path)))
			continue;
		memset(m, 0, sizeof(*m));
		m->type = MSG_OPEN;
		m->sid = text(o->sid);
		m->from = text(o->from);
		m->path = text(o->path);
		o->at = 0;
		return true;
	}
	return false;
}
