#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "base/time.h"
#include "crypto/rng.h"
#include "ice/mdns.h"

/*
 * A question per record type and datagram, as some responders know no more.
 * The first time it asks for an answer to our port alone; repeated, it does
 * not (RFC 6762 5.4), as some only know how to answer all.
 */
enum {
	TYPE_A = 1, TYPE_AAAA = 28, CLASS_IN = 1,
	TOP = 0x8000,		/* of a class: answer me; or: forget others */
	FLAG_RESPONSE = 0x8000, FLAGS_OPCODE = 0x7800, FLAGS_RCODE = 0x000f,
	QUESTION = 64,		/* bytes at most: header, name, type, class */
	LONGEST = 255,		/* octets of a name (RFC 1035 2.3.4) */
	UUID = 36,
	TRIES = 3,
};

/* After the first: when to ask again, and to give up (5.2: a second, two). */
static const uint64_t	 times[TRIES] = { 1 * SEC, 2 * SEC, 2 * SEC };

static const char	 below[] = ".local";

enum lookup_state { LOOKUP_FREE, LOOKUP_ASKING, LOOKUP_OVER };

struct lookup {
	enum lookup_state	 state;
	char			 name[MDNS_NAME];
	uint16_t		 id;
	unsigned		 tries;
	uint64_t		 at;	/* of the next try, or the end */
	struct addr		 found;
};

struct mdns {
	struct rng	*rng;
	struct lookup	 lookup[MDNS_NAMES];
};

struct mdns *
mdns_new(struct rng *rng)
{
	struct mdns	*m = calloc(1, sizeof(*m));

	if (m != NULL)
		m->rng = rng;
	return m;
}

void
mdns_free(struct mdns *m)
{
	free(m);
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool
same_name(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b))
		a++, b++;
	return lower(*a) == lower(*b);
}

/* 8-4-4-4-12 hexadecimal digits (RFC 9562 4). */
bool
mdns_is_name(const char *s)
{
	for (size_t i = 0; i < UUID; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' :
		    hex_digit(s[i]) == -1)
			return false;
	return same_name(s + UUID, below);
}

struct addr
mdns_group(int family)
{
	static const struct addr	 v4 = { .family = 4, .port = MDNS_PORT,
		.ip = { 224, 0, 0, 251 } };
	static const struct addr	 v6 = { .family = 6, .port = MDNS_PORT,
		.ip = { 0xff, 0x02, [15] = 0xfb } };

	return family == 6 ? v6 : v4;
}

static struct lookup *
by_name(struct mdns *m, const char *name)
{
	for (size_t i = 0; i < MDNS_NAMES; i++)
		if (m->lookup[i].state == LOOKUP_ASKING &&
		    same_name(m->lookup[i].name, name))
			return &m->lookup[i];
	return NULL;
}

int
mdns_ask(struct mdns *m, uint64_t now, const char *name)
{
	struct lookup	*l = m->lookup;

	if (!mdns_is_name(name))
		return -1;
	if (by_name(m, name) != NULL)
		return 0;
	while (l < m->lookup + MDNS_NAMES && l->state != LOOKUP_FREE)
		l++;
	if (l == m->lookup + MDNS_NAMES)
		return -1;
	memset(l, 0, sizeof(*l));
	l->state = LOOKUP_ASKING;
	for (size_t i = 0; name[i] != '\0'; i++)
		l->name[i] = lower(name[i]);
	l->id = (uint16_t)rng_u64(m->rng);
	l->at = now;
	return 0;
}

static void
finish(struct lookup *l, const struct addr *found)
{
	l->found = *found;
	l->state = LOOKUP_OVER;
}

/* A name as labels; at most what the text has room for. 0, or -1. */
static int
read_label(struct rd *r, size_t n, char *text, size_t *len)
{
	const uint8_t	*p = rd_span(r, n);

	if (p == NULL || *len + n + 2 > MDNS_NAME)
		return -1;
	if (*len > 0)
		text[(*len)++] = '.';
	memcpy(text + *len, p, n);
	*len += n;
	text[*len] = '\0';
	return memchr(p, '\0', n) == NULL && memchr(p, '.', n) == NULL ?
	    0 : -1;
}

/*
 * A name at the cursor, which is moved behind it (RFC 1035 4.1.4). A pointer
 * must lead back, before where the name began that it is in: so it ends. What
 * is none of ours, too long, say, leaves an empty text. False: malformed.
 */
static bool
read_name(struct rd *r, const uint8_t *msg, size_t size, char *text)
{
	struct rd	 at = *r;
	size_t		 len = 0, limit = (size_t)(r->p - msg), to, octets = 0;
	uint8_t		 n;
	bool		 moved = false, ours = true;

	text[0] = '\0';
	while ((n = rd_u8(&at)) != 0) {
		octets += n >= 0xc0 ? 2 : n + 1u;
		if (octets > LONGEST)
			return false;
		if (n >= 0xc0) {
			to = (size_t)(n & 0x3f) << 8 | rd_u8(&at);
			if (at.bad || to >= limit)
				return false;
			if (!moved)
				*r = at;
			moved = true;
			limit = to;
			at = rd_of(msg + to, size - to);
		} else if (n >= 0x40)
			return false;
		else if (!ours)
			rd_span(&at, n);
		else
			ours = read_label(&at, n, text, &len) == 0;
	}
	if (at.bad)
		return false;
	if (!moved)
		*r = at;
	if (!ours)
		text[0] = '\0';
	return true;
}

/* Somebody's own address, and not one of all or none. */
static bool
is_usable(const struct addr *a)
{
	return !addr_is_any(a) && !addr_is_group(a) && !addr_is_loopback(a);
}

static void
take(struct mdns *m, uint16_t id, const char *name, uint16_t type,
    struct rd data)
{
	struct addr	 a = { .family = type == TYPE_A ? 4 : 6 };
	struct lookup	*l = by_name(m, name);
	size_t		 n = type == TYPE_A ? 4 : 16;

	if (l == NULL || (id != 0 && id != l->id) || data.n != n)
		return;
	memcpy(a.ip, data.p, n);
	if (is_usable(&a))
		finish(l, &a);
}

/* False: there is no such record. */
static bool
read_record(struct mdns *m, uint16_t id, struct rd *r, const uint8_t *msg,
    size_t size)
{
	char		 name[MDNS_NAME];
	uint16_t	 type, class;
	uint32_t	 ttl;
	struct rd	 data;

	if (!read_name(r, msg, size, name))
		return false;
	type = rd_u16(r);
	class = rd_u16(r) & (TOP - 1);
	ttl = rd_u32(r);
	data = rd_sub(r, rd_u16(r));
	if (r->bad)
		return false;
	if (class == CLASS_IN && ttl > 0 &&	/* 0: goodbye (10.1) */
	    (type == TYPE_A || type == TYPE_AAAA))
		take(m, id, name, type, data);
	return true;
}

/*
 * An answer to all has the id 0 (18.1), one to us that of the question (6.7).
 * That of a name that was asked for is what counts, in whatever section.
 */
void
mdns_input(struct mdns *m, uint64_t now, const uint8_t *msg, size_t size)
{
	struct rd	 r = rd_of(msg, size);
	uint16_t	 id = rd_u16(&r), flags = rd_u16(&r);
	unsigned	 questions = rd_u16(&r), records = rd_u16(&r);
	char		 name[MDNS_NAME];

	(void)now;
	records += rd_u16(&r);
	records += rd_u16(&r);
	if (r.bad || (flags & FLAG_RESPONSE) == 0 ||
	    (flags & (FLAGS_OPCODE | FLAGS_RCODE)) != 0)
		return;			/* 18.3, 18.11 */
	for (; questions > 0; questions--) {
		if (!read_name(&r, msg, size, name))
			return;
		rd_u32(&r);
	}
	while (records-- > 0 && read_record(m, id, &r, msg, size))
		;
}

static void
ask(const struct lookup *l, uint16_t type, int family, struct batch *tx)
{
	uint8_t		 b[QUESTION];
	struct wr	 w = wr_of(b, sizeof(b));

	wr_u16(&w, l->id);
	wr_u16(&w, 0);			/* a question */
	wr_u16(&w, 1);
	wr_u48(&w, 0);			/* and no records */
	wr_u8(&w, UUID);
	wr_bytes(&w, l->name, UUID);
	wr_u8(&w, sizeof(below) - 2);
	wr_bytes(&w, below + 1, sizeof(below) - 2);
	wr_u8(&w, 0);
	wr_u16(&w, type);
	wr_u16(&w, l->tries == 0 ? CLASS_IN | TOP : CLASS_IN);
	tx->to = (struct path){ .remote = mdns_group(family) };
	batch_put(tx, b, w.n);
}

static void
try(struct lookup *l, struct batch *tx)
{
	static const struct addr	 nobody;

	if (l->tries == TRIES) {
		finish(l, &nobody);
		return;
	}
	for (int family = 4; family <= 6; family += 2) {
		ask(l, TYPE_A, family, tx);
		ask(l, TYPE_AAAA, family, tx);
	}
	l->at += times[l->tries++];
}

void
mdns_tick(struct mdns *m, uint64_t now, struct batch *tx)
{
	for (size_t i = 0; i < MDNS_NAMES; i++)
		if (m->lookup[i].state == LOOKUP_ASKING &&
		    m->lookup[i].at <= now)
			try(&m->lookup[i], tx);
}

uint64_t
mdns_deadline(const struct mdns *m)
{
	uint64_t	 at = NEVER;

	for (size_t i = 0; i < MDNS_NAMES; i++)
		if (m->lookup[i].state == LOOKUP_ASKING)
			at = earlier(at, m->lookup[i].at);
	return at;
}

bool
mdns_event(struct mdns *m, struct mdns_event *ev)
{
	for (size_t i = 0; i < MDNS_NAMES; i++) {
		if (m->lookup[i].state != LOOKUP_OVER)
			continue;
		memcpy(ev->name, m->lookup[i].name, sizeof(ev->name));
		ev->addr = m->lookup[i].found;
		m->lookup[i].state = LOOKUP_FREE;
		return true;
	}
	return false;
}

bool
mdns_waits(const struct mdns *m)
{
	return mdns_deadline(m) != NEVER;
}
