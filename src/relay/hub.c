/*
 * A connection is blocked from the message that was not taken until one is.
 * Data passes while its receiver has at most SOFT queued; other messages, and
 * Data to a receiver that is blocked itself, while they fit below MAX. So two
 * clients that push back on each other get the memory to come apart, and only
 * clients that stop reading while they cannot write stay where they are.
 *
 * Checks come before room, room before any change: a message that is offered
 * again finds things as they were.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "relay/access.h"
#include "relay/hub.h"
#include "syft/key.h"
#include "ws/ws.h"

enum { BUCKETS = 4096, NOBODY = -1 };

_Static_assert(HUB_OUTPUT_SOFT + WS_MESSAGE_MAX + 1024 <= HUB_OUTPUT_MAX,
    "the largest message fits behind what may be queued before it");

struct conn {
	bool			 used, blocked, ready;
	enum msg_encoding	 encoding;
	int			 waits_for;	/* blocked: for whose room */
	size_t			 passes_at;	/* and how low it must be */
	size_t			 queued;
	char			 user[EMAIL_MAX + 1];
};

struct session {
	struct session	*next;
	char		 sid[SID_MAX + 1];
	char		*path;
	char		 from[EMAIL_MAX + 1], to[EMAIL_MAX + 1];
	int		 opener;	/* connection, or NOBODY */
	int		 accepted[HUB_ACCEPTED];
	size_t		 naccepted;
	bool		 told;		/* the opener, that nobody accepted */
	uint64_t	 serial;	/* age */
};

struct hub {
	struct access	*access;
	struct conn	 conn[HUB_CONNS];
	struct session	*bucket[BUCKETS];
	size_t		 nsessions;
	uint64_t	 serial;
	size_t		 nready, nblocked;
	int		 turn;		/* whose readiness is looked at next */

	struct msg	 out;
	int		 to[HUB_CONNS];
	size_t		 nto, sent;
	struct hub_stats stats;
};

enum verdict { TAKEN, HELD };

static struct session **
bucket_of(struct hub *h, struct span sid)
{
	uint32_t	 v = 2166136261;	/* FNV-1a */

	for (size_t i = 0; i < sid.n; i++)
		v = (v ^ sid.p[i]) * 16777619;
	return &h->bucket[v % BUCKETS];
}

static struct session *
find(struct hub *h, struct span sid)
{
	struct session	*s = *bucket_of(h, sid);

	while (s != NULL && !span_is(sid, s->sid))
		s = s->next;
	return s;
}

static void
session_free(struct session *s)
{
	free(s->path);
	free(s);
}

static void
forget(struct hub *h, struct session *s)
{
	struct session	**p = bucket_of(h, span_of(s->sid));

	while (*p != s)
		p = &(*p)->next;
	*p = s->next;
	h->nsessions--;
	session_free(s);
}

/* Paths of links belong to one acceptor only, 2.2. */
static bool
is_link(const struct session *s)
{
	static const char *const	 suffix[] = {
		"/stream.tcp.request", "/stream.udp.request",
	};
	size_t				 n = strlen(s->path), m;

	for (size_t i = 0; i < 2; i++) {
		m = strlen(suffix[i]);
		if (n >= m && strcmp(s->path + n - m, suffix[i]) == 0)
			return true;
	}
	return false;
}

static bool
same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool
may_read(struct hub *h, const struct session *s, const char *user)
{
	return access_read(h->access, span_of(s->path), user, s->to);
}

static bool
has_accepted(const struct session *s, int c)
{
	for (size_t i = 0; i < s->naccepted; i++)
		if (s->accepted[i] == c)
			return true;
	return false;
}

/* Some connection of this user, or (unless) of any other. */
static bool
user_accepted(const struct hub *h, const struct session *s, const char *user,
    bool other)
{
	for (size_t i = 0; i < s->naccepted; i++)
		if (same(h->conn[s->accepted[i]].user, user) != other)
			return true;
	return false;
}

static void
make_ready(struct hub *h, struct conn *c)
{
	if (!c->blocked || c->ready)
		return;
	c->ready = true;
	h->nready++;
}

/* Whoever waits for c's output looks again: what it waited for has changed. */
static void
wake(struct hub *h, int c)
{
	for (int i = 0; h->nblocked > 0 && i < HUB_CONNS; i++)
		if (h->conn[i].used && h->conn[i].blocked &&
		    h->conn[i].waits_for == c)
			make_ready(h, &h->conn[i]);
}

static void
unaccept(struct hub *h, struct session *s, size_t i)
{
	int	 c = s->accepted[i];

	s->accepted[i] = s->accepted[--s->naccepted];
	wake(h, c);
}

/* Take away this connection's acceptance and all of a user's, if given. */
static void
unaccept_all(struct hub *h, struct session *s, int conn, const char *user)
{
	for (size_t i = s->naccepted; i-- > 0;)
		if (s->accepted[i] == conn || (user != NULL &&
		    same(h->conn[s->accepted[i]].user, user)))
			unaccept(h, s, i);
}

static void
reclaim(struct hub *h, struct session *s)
{
	if (s->opener == NOBODY && s->naccepted == 0)
		forget(h, s);
}

/* The lowest level at which n more bytes to a connection would pass. */
static size_t
level_for(const struct conn *to, size_t n, bool data)
{
	size_t	 most = n < HUB_OUTPUT_MAX ? HUB_OUTPUT_MAX - n : 0;

	if (!data || to->blocked)
		return most > HUB_OUTPUT_SOFT ? most : HUB_OUTPUT_SOFT;
	return HUB_OUTPUT_SOFT;
}

/* c's message waits for room at to. Half of SOFT, so that it runs in spells. */
static enum verdict
hold(struct hub *h, int c, int to, size_t level, bool data)
{
	struct conn	*me = &h->conn[c];
	bool		 first = !me->blocked;

	me->blocked = true;
	me->waits_for = to;
	me->passes_at = data && level == HUB_OUTPUT_SOFT ? level / 2 : level;
	if (!first)
		return HELD;
	h->stats.held++;
	h->nblocked++;
	wake(h, c);
	return HELD;
}

/* Is there room at everyone it goes to? If not, its sender waits. */
static bool
has_room(struct hub *h, int c, const struct msg *m, const int *to, size_t n)
{
	const struct conn	*r;
	bool			 data = m->type == MSG_DATA;
	size_t			 level;

	for (size_t i = 0; i < n; i++) {
		r = &h->conn[to[i]];
		level = level_for(r, msg_encoded_max(r->encoding, m), data);
		if (r->queued > level) {
			hold(h, c, to[i], level, data);
			return false;
		}
	}
	return true;
}

static void
send_to(struct hub *h, const struct msg *m, const int *to, size_t n)
{
	h->out = *m;
	h->nto = n;
	h->sent = 0;
	for (size_t i = 0; i < n; i++) {
		h->to[i] = to[i];
		h->conn[to[i]].queued += msg_encoded_max(
		    h->conn[to[i]].encoding, m);
	}
}

static enum verdict
answer(struct hub *h, int c, const struct msg *m)
{
	if (!has_room(h, c, m, &c, 1))
		return HELD;
	send_to(h, m, &c, 1);
	return TAKEN;
}

static enum verdict
reject(struct hub *h, int c, const struct msg *m, const char *why)
{
	struct msg	 r = { .type = MSG_REJECT, .id = m->id,
	    .sid = m->sid, .reason = span_of(why) };

	if (answer(h, c, &r) == HELD)
		return HELD;
	h->stats.refused++;
	log_debug("hub: %s: type %u refused: %s", h->conn[c].user, m->type,
	    why);
	return TAKEN;
}

static enum verdict
error(struct hub *h, int c, const struct msg *m, uint64_t code,
    const char *why)
{
	struct msg	 e = { .type = MSG_ERROR, .id = m->id, .seq = code,
	    .path = m->path, .text = span_of(why) };

	if (answer(h, c, &e) == HELD)
		return HELD;
	h->stats.refused++;
	log_debug("hub: %s: type %u: %s", h->conn[c].user, m->type, why);
	return TAKEN;
}

/* In the other encoding it may be; nobody may end another's connection so. */
static bool
too_large(const struct hub *h, const struct msg *m, const int *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (msg_encoded_max(h->conn[to[i]].encoding, m) >
		    WS_MESSAGE_MAX)
			return true;
	return false;
}

/* Send if all have room; afterwards things may be changed. */
static enum verdict
pass(struct hub *h, int c, const struct msg *m, const int *to, size_t n)
{
	if (too_large(h, m, to, n))
		return error(h, c, m, 413, "too large for its receiver");
	if (!has_room(h, c, m, to, n))
		return HELD;
	send_to(h, m, to, n);
	h->stats.routed += n;
	return TAKEN;
}

static enum verdict
ignore(struct hub *h)
{
	h->stats.ignored++;
	return TAKEN;
}

static struct span
trimmed(struct span s)
{
	for (; s.n > 0 && (*s.p == ' ' || *s.p == '\t'); s.p++)
		s.n--;
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static void
copy_text(char *to, struct span s)
{
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	to[s.n] = '\0';
}

/* A user has opened too many: the oldest whose opener is gone makes room. */
static bool
has_quota(struct hub *h, const char *user)
{
	struct session	*oldest = NULL;
	size_t		 n = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct session *s = h->bucket[i]; s != NULL; s = s->next) {
			if (!same(s->from, user))
				continue;
			n++;
			if (s->opener == NOBODY && (oldest == NULL ||
			    s->serial < oldest->serial))
				oldest = s;
		}
	if (n < HUB_USER_SESSIONS && h->nsessions < HUB_SESSIONS)
		return true;
	if (oldest == NULL)
		return false;
	forget(h, oldest);
	return true;
}

static struct session *
create(struct hub *h, const char *user, const struct msg *m)
{
	struct session	*s = calloc(1, sizeof(*s)), **p;

	if (s == NULL || (s->path = malloc(m->path.n + 1)) == NULL) {
		free(s);
		return NULL;
	}
	copy_text(s->sid, m->sid);
	copy_text(s->path, m->path);
	copy_text(s->to, m->to);
	strcpy(s->from, user);
	s->opener = NOBODY;
	s->serial = h->serial++;
	p = bucket_of(h, m->sid);
	s->next = *p;
	*p = s;
	h->nsessions++;
	return s;
}

/* The same session again, or another one under its name? */
static bool
is_again(const struct session *s, const struct msg *m)
{
	return span_is(m->path, s->path) && span_is(m->to, s->to);
}

/*
 * From here on the connection is where the opener is. An Open that is only
 * repeated keeps its acceptors, so that what they do not say again still
 * holds; a changed one starts afresh.
 */
static struct session *
bind_open(struct hub *h, int c, struct session *s, const struct msg *m)
{
	int	 old;

	if (s != NULL && !is_again(s, m)) {
		while (s->naccepted > 0)
			unaccept(h, s, 0);
		forget(h, s);
		s = NULL;
	}
	if (s == NULL && (s = create(h, h->conn[c].user, m)) == NULL)
		return NULL;
	old = s->opener;
	s->opener = c;
	s->told = false;
	if (old != NOBODY && old != c)
		wake(h, old);
	return s;
}

static size_t
open_receivers(struct hub *h, int c, const struct msg *m, const char *to,
    int *list)
{
	const struct conn	*r;
	size_t			 n = 0;

	for (int i = 0; i < HUB_CONNS; i++) {
		r = &h->conn[i];
		if (r->used && !same(r->user, h->conn[c].user) &&
		    (*to == '\0' || same(r->user, to)) &&
		    access_read(h->access, m->path, r->user, to))
			list[n++] = i;
	}
	return n;
}

/* 10.1 R25: what a relay passes on is used as names by its clients. */
static bool
open_valid(const struct msg *m)
{
	return sid_valid(m->sid) && path_valid(m->path) &&
	    m->path.n < KEY_MAX && m->to.n <= EMAIL_MAX &&
	    (m->to.n == 0 || memchr(m->to.p, 0, m->to.n) == NULL);
}

static enum verdict
on_open(struct hub *h, int c, const struct msg *in)
{
	const char	*user = h->conn[c].user;
	struct msg	 m = *in;
	struct session	*s = find(h, m.sid);
	char		 to[EMAIL_MAX + 1];
	int		 list[HUB_CONNS];
	size_t		 n;

	m.from = span_of(user);
	m.to = trimmed(m.to);
	if (span_is(m.to, user))
		m.to.n = 0;
	if (!open_valid(&m))
		return error(h, c, in, 400,
		    "bad session id, path or addressee");
	copy_text(to, m.to);
	if ((s != NULL && !same(s->from, user)) ||
	    !access_write(h->access, m.path, user) ||
	    (*to != '\0' && !access_read(h->access, m.path, to, to)))
		return reject(h, c, in, "permission denied");
	if (s == NULL && !has_quota(h, user))
		return reject(h, c, in, "too many sessions");
	n = open_receivers(h, c, &m, to, list);
	if (n == 0 ? error(h, c, in, 404, "no receiver online") == HELD :
	    pass(h, c, &m, list, n) == HELD)
		return HELD;
	if (bind_open(h, c, s, &m) == NULL)
		log_warnx("hub: out of memory for a session of %s", user);
	return TAKEN;
}

/* What keeps a user from accepting, 2.2 in its order; NULL: nothing. */
static const char *
accept_wrong(struct hub *h, const struct session *s, int c)
{
	const char	*user = h->conn[c].user;

	if (s->to[0] != '\0' && !same(s->to, user))
		return "permission denied";
	if (is_link(s) && user_accepted(h, s, user, true))
		return "already accepted";
	if (!may_read(h, s, user))
		return "permission denied";
	if (!is_link(s) && !has_accepted(s, c) && s->naccepted == HUB_ACCEPTED)
		return "already accepted";
	return NULL;
}

/* On a TCP path the newest connection of the user takes the older's place. */
static void
bind_accept(struct hub *h, struct session *s, int c)
{
	s->told = false;
	if (has_accepted(s, c))
		return;
	if (is_link(s))
		unaccept_all(h, s, NOBODY, h->conn[c].user);
	s->accepted[s->naccepted++] = c;
}

static enum verdict
on_accept(struct hub *h, int c, const struct msg *m)
{
	struct session	*s = find(h, m->sid);
	const char	*why;

	if (s == NULL)
		return reject(h, c, m, "unknown session");
	if (same(s->from, h->conn[c].user))
		return ignore(h);
	if ((why = accept_wrong(h, s, c)) != NULL)
		return reject(h, c, m, why);
	if (s->opener != NOBODY && pass(h, c, m, &s->opener, 1) == HELD)
		return HELD;
	bind_accept(h, s, c);
	return TAKEN;
}

/* Nothing is stored; who could not have accepted cannot reject either. */
static enum verdict
on_reject(struct hub *h, int c, const struct msg *m)
{
	struct session	*s = find(h, m->sid);

	if (s == NULL || same(s->from, h->conn[c].user))
		return ignore(h);
	if (!has_accepted(s, c) && accept_wrong(h, s, c) != NULL)
		return error(h, c, m, 403, "permission denied");
	if (s->opener == NOBODY)
		return ignore(h);
	return pass(h, c, m, &s->opener, 1);
}

/* The opener learns once, until somebody accepts, that nobody is there. */
static enum verdict
nobody_there(struct hub *h, int c, struct session *s, const struct msg *m)
{
	if (!s->told && reject(h, c, m, "unknown session") == HELD)
		return HELD;
	s->told = true;
	h->stats.undeliverable++;
	return TAKEN;
}

/* Reading may have been taken back since the Accept. */
static size_t
data_receivers(struct hub *h, struct session *s, int *list)
{
	size_t	 n = 0;

	for (size_t i = s->naccepted; i-- > 0;)
		if (may_read(h, s, h->conn[s->accepted[i]].user))
			list[n++] = s->accepted[i];
		else
			unaccept(h, s, i);
	return n;
}

static enum verdict
on_data(struct hub *h, int c, const struct msg *m)
{
	struct session	*s = find(h, m->sid);
	int		 list[HUB_ACCEPTED];
	size_t		 n;

	if (s == NULL)
		return reject(h, c, m, "unknown session");
	if (!same(s->from, h->conn[c].user))
		return error(h, c, m, 403, "permission denied");
	n = data_receivers(h, s, list);
	if (n == 0)
		return nobody_there(h, c, s, m);
	return pass(h, c, m, list, n);
}

static enum verdict
on_close(struct hub *h, int c, const struct msg *m)
{
	struct session	*s = find(h, m->sid);
	const char	*user = h->conn[c].user;

	if (s == NULL)
		return ignore(h);
	if (same(s->from, user)) {
		if (pass(h, c, m, s->accepted, s->naccepted) == HELD)
			return HELD;
		while (s->naccepted > 0)
			unaccept(h, s, 0);
		forget(h, s);
		return TAKEN;
	}
	if (!user_accepted(h, s, user, false))
		return error(h, c, m, 403, "permission denied");
	if (s->opener != NOBODY && pass(h, c, m, &s->opener, 1) == HELD)
		return HELD;
	unaccept_all(h, s, c, has_accepted(s, c) ? NULL : user);
	reclaim(h, s);
	return TAKEN;
}

static enum verdict
no_session(struct hub *h, int c, const struct msg *m)
{
	struct msg	 r = { .type = MSG_SIGNAL, .id = m->id, .sid = m->sid,
	    .kind = span_of("quic_error"),
	    .error = span_of("unknown session") };

	if (answer(h, c, &r) == HELD)
		return HELD;
	h->stats.undeliverable++;
	return TAKEN;
}

static enum verdict
on_signal(struct hub *h, int c, const struct msg *m)
{
	struct session	*s = find(h, m->sid);

	if (s == NULL)
		return no_session(h, c, m);
	if (same(s->from, h->conn[c].user))
		return s->naccepted == 0 ? no_session(h, c, m) :
		    pass(h, c, m, s->accepted, s->naccepted);
	if (!has_accepted(s, c))
		return error(h, c, m, 403, "permission denied");
	return s->opener == NOBODY ? no_session(h, c, m) :
	    pass(h, c, m, &s->opener, 1);
}

/* We keep no files: who sends one learns it. */
static enum verdict
on_file(struct hub *h, int c, const struct msg *m)
{
	struct msg	 r = { .type = MSG_NACK, .id = m->id, .ref = m->id,
	    .error = span_of("not supported") };

	return answer(h, c, &r);
}

static enum verdict	 (*const on_type[])(struct hub *, int,
    const struct msg *) = {
	[MSG_FILE_WRITE] = on_file,
	[MSG_FILE_DELETE] = on_file,
	[MSG_OPEN] = on_open,
	[MSG_ACCEPT] = on_accept,
	[MSG_REJECT] = on_reject,
	[MSG_DATA] = on_data,
	[MSG_CLOSE] = on_close,
	[MSG_SIGNAL] = on_signal,
};
enum { TYPES = sizeof(on_type) / sizeof(on_type[0]) };

bool
hub_input(struct hub *h, int c, const struct msg *m)
{
	struct conn	*me = &h->conn[c];

	assert(me->used && h->sent == h->nto);
	if (me->ready) {
		me->ready = false;
		h->nready--;
	}
	if (m->type >= TYPES || on_type[m->type] == NULL) {
		ignore(h);
	} else if (on_type[m->type](h, c, m) == HELD) {
		return false;
	}
	h->nblocked -= me->blocked;
	me->blocked = false;
	return true;
}

bool
hub_output(struct hub *h, int *conn, struct msg *m)
{
	if (h->sent == h->nto)
		return false;
	*conn = h->to[h->sent++];
	*m = h->out;
	return true;
}

void
hub_queued(struct hub *h, int conn, size_t n)
{
	size_t		 old = h->conn[conn].queued;
	struct conn	*c = h->conn;

	h->conn[conn].queued = n;
	if (n >= old || h->nblocked == 0)
		return;
	for (int i = 0; i < HUB_CONNS; i++)
		if (c[i].used && c[i].blocked && c[i].waits_for == conn &&
		    n <= c[i].passes_at)
			make_ready(h, &c[i]);
}

int
hub_ready(struct hub *h)
{
	struct conn	*c;

	for (int i = 0; h->nready > 0 && i < HUB_CONNS; i++) {
		h->turn = (h->turn + 1) % HUB_CONNS;
		c = &h->conn[h->turn];
		if (!c->ready)
			continue;
		c->ready = false;
		h->nready--;
		return h->turn;
	}
	return -1;
}

int
hub_join(struct hub *h, const char *user, enum msg_encoding encoding)
{
	struct msg	 hello = { .type = MSG_SYSTEM, .id = span_of("000000"),
	    .version = span_of(VERSION), .text = span_of("ok") };
	int		 c = NOBODY, own = 0;

	assert(h->sent == h->nto);
	for (int i = HUB_CONNS; i-- > 0;)
		if (!h->conn[i].used)
			c = i;
		else
			own += same(h->conn[i].user, user);
	if (c == NOBODY || own >= HUB_USER_CONNS || strlen(user) > EMAIL_MAX)
		return -1;
	memset(&h->conn[c], 0, sizeof(h->conn[c]));
	h->conn[c].used = true;
	h->conn[c].encoding = encoding;
	strcpy(h->conn[c].user, user);
	send_to(h, &hello, &c, 1);
	return c;
}

void
hub_leave(struct hub *h, int c)
{
	struct session	*s, *next;

	for (size_t i = 0; i < BUCKETS; i++)
		for (s = h->bucket[i]; s != NULL; s = next) {
			next = s->next;
			if (s->opener == c)
				s->opener = NOBODY;
			unaccept_all(h, s, c, NULL);
			reclaim(h, s);
		}
	wake(h, c);
	h->nready -= h->conn[c].ready;
	h->nblocked -= h->conn[c].blocked;
	memset(&h->conn[c], 0, sizeof(h->conn[c]));
}

enum msg_encoding
hub_encoding(const struct hub *h, int c)
{
	return h->conn[c].encoding;
}

const char *
hub_user(const struct hub *h, int c)
{
	return h->conn[c].user;
}

void
hub_stats(const struct hub *h, struct hub_stats *st)
{
	*st = h->stats;
	st->sessions = h->nsessions;
}

struct hub *
hub_new(struct access *access)
{
	struct hub	*h = calloc(1, sizeof(*h));

	if (h != NULL)
		h->access = access;
	return h;
}

void
hub_free(struct hub *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (h->bucket[i] != NULL)
			forget(h, h->bucket[i]);
	free(h);
}
