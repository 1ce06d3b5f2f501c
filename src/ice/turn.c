#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "ice/stun.h"
#include "ice/turn.h"

/*
 * The first Allocate goes without credentials; the 401 that answers it brings
 * realm and nonce, and from then on every request is signed. At most one
 * request is under way for the allocation and one for each peer: first its
 * permission, then, once something came from it, its channel. A 438 repeats
 * whichever request it answers with the nonce it brings.
 *
 * On a stream nothing is sent again (RFC 8489 6.2.3), the transport sees to
 * that. Who does not answer is given up after the same time as on UDP, as the
 * RFC has it, too, whose 39.5 s are for hosts that wait as long there.
 *
 * A server that was started anew, or that sees us come from another port of
 * our NAT, drops what we send without a word: if nothing comes back for QUIET,
 * a Refresh asks, to which even such a server has an answer, 437.
 */
enum {
	RTO = 500 * MS,			/* RFC 8489 6.2.1 */
	RTO_MAX = 4 * SEC,
	PATIENCE = 9500 * MS,		/* a server that is not there */
	AGAIN = 5 * SEC,		/* what was not answered, once more */
	LIFETIME = 600,			/* s: RFC 8656 3.2, if not said */
	MARGIN = 60,			/* s: refresh so long before the end */
	LIFETIME_MAX = 86400,		/* s */
	PERMISSION = 300,		/* s: RFC 8656 9 */
	CHANNEL = 600,			/* s: RFC 8656 12 */
	IDLE = 300 * SEC,		/* not sent to: not renewed */
	QUIET = 5 * SEC,		/* sent to, but nobody is heard */
	CHANNEL_FIRST = 0x4000,
	CHANNEL_LAST = 0x4fff,
	CHANNEL_HEADER = 4,
	TEXT_MAX = 256,			/* of their realm and nonce */
	STALE_MAX = 3,			/* nonces refused in a row */
	TAKEN_MAX = 4,			/* Allocates answered with 437 */
	FORGETS = 1 * SEC,		/* coturn: after a lifetime of 0 */
	MESSAGE = 1280,			/* three texts and the rest */
	SEND_HEADER = 48,		/* of a Send indication, IPv6 */
	UDP = 17,
	ALLOCATION = TURN_PEERS,	/* the ask that is not a peer's */
};

/* A request under way; method 0: none. */
struct ask {
	uint16_t	 method;
	uint8_t		 tid[STUN_TID];
	bool		 is_signed;
	unsigned	 stale;		/* times 438 came */
	uint64_t	 again_at, until, rto;
};

struct peer {
	struct addr	 addr;		/* family 0: free slot */
	const char	*refused;	/* why; NULL: it is not */
	bool		 heard;		/* it is worth a channel */
	uint64_t	 permit_at, bind_at;	/* when to ask (again) */
	uint64_t	 permitted, bound;	/* until when it lasts */
	uint64_t	 used;		/* last: who is not, is let expire */
};

struct text {
	size_t	 n;
	uint8_t	 p[TEXT_MAX];
};

struct turn {
	struct turn_conf	 conf;
	enum turn_state		 state;
	const char		*why;
	char			 user[TURN_CRED_MAX + 1];
	char			 pass[TURN_CRED_MAX + 1];
	struct text		 realm, nonce;
	uint8_t			 key[16];
	bool			 has_key;
	unsigned		 taken;		/* times 437 came to Allocate */
	bool			 other_family;	/* is asked for, after 440 */
	struct addr		 relayed, mapped;
	struct addr		 alternate;	/* family 0: none */
	char			 domain[TURN_DOMAIN_MAX + 1];	/* its name */
	uint64_t		 refresh_at, expires;
	uint64_t		 unheard;	/* since when; NEVER: not so */
	struct peer		 peer[TURN_PEERS];
	struct ask		 ask[TURN_PEERS + 1];
};

static const struct {
	uint16_t	 code;
	const char	*text;
} words[] = {
	{ 0, "the server's answer needs an extension that is missing here" },
	{ 300, "the server sends us to another one, which is not followed" },
	{ 400, "the server takes the request for malformed" },
	{ 401, "the server refuses the user name or the password" },
	{ 403, "the server forbids it" },
	{ 420, "the server lacks what the request needs" },
	{ 437, "the server has no such allocation, or another one for "
	    "this port" },
	{ 438, "the server refuses every nonce it gives" },
	{ 440, "the server relays nothing of this address family" },
	{ 441, "the allocation belongs to another user" },
	{ 442, "the server does not relay UDP" },
	{ 443, "the peer is of another address family" },
	{ 486, "the user has as many allocations as the server allows" },
	{ 508, "the server has no relay address left" },
};

static const char *
word_of(uint16_t code)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].code == code)
			return words[i].text;
	return "the server reports an error of its own";
}

static void
set_state(struct turn *t, enum turn_state state)
{
	static const char *const	 text[] = {
		[TURN_ASKING] = "asking", [TURN_UP] = "up",
		[TURN_CLOSING] = "closing", [TURN_OVER] = "over",
		[TURN_FAILED] = "failed",
	};

	log_debug("turn: %s -> %s", text[t->state], text[state]);
	t->state = state;
}

static void
end(struct turn *t, enum turn_state state)
{
	memset(t->ask, 0, sizeof(t->ask));
	set_state(t, state);
}

static void
fail(struct turn *t, const char *why)
{
	t->why = why;
	end(t, TURN_FAILED);
}

/* Ask, or ask the same with other credentials: stale counts on. */
static void
start(struct turn *t, uint64_t now, struct ask *a, uint16_t method)
{
	a->method = method;
	rng_bytes(t->conf.rng, a->tid, sizeof(a->tid));
	a->rto = RTO;
	a->again_at = now;
	a->until = now + PATIENCE;
}

struct turn *
turn_new(const struct turn_conf *conf, uint64_t now)
{
	struct turn	*t;

	if (strlen(conf->user) > TURN_CRED_MAX ||
	    strlen(conf->pass) > TURN_CRED_MAX)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->conf = *conf;
	t->conf.user = t->conf.pass = NULL;
	memcpy(t->user, conf->user, strlen(conf->user));
	memcpy(t->pass, conf->pass, strlen(conf->pass));
	t->unheard = NEVER;
	start(t, now, &t->ask[ALLOCATION], STUN_ALLOCATE);
	return t;
}

void
turn_free(struct turn *t)
{
	if (t == NULL)
		return;
	wipe(t, sizeof(*t));
	free(t);
}

static struct peer *
peer_of(struct turn *t, const struct addr *a)
{
	for (size_t i = 0; i < TURN_PEERS; i++)
		if (t->peer[i].addr.family != 0 &&
		    addr_equal(&t->peer[i].addr, a))
			return &t->peer[i];
	return NULL;
}

/* A permission is for an address, whatever the port (RFC 8656 9). */
static const struct peer *
permitted(const struct turn *t, uint64_t now, const struct addr *a)
{
	for (size_t i = 0; i < TURN_PEERS; i++)
		if (t->peer[i].addr.family != 0 && now < t->peer[i].permitted &&
		    addr_same_ip(&t->peer[i].addr, a))
			return &t->peer[i];
	return NULL;
}

/* Its channel may be another's five minutes after its end (RFC 8656 12). */
static bool
is_over(const struct turn *t, uint64_t now, const struct peer *p)
{
	return p->addr.family == 0 || (t->ask[p - t->peer].method == 0 &&
	    now >= p->used + IDLE && now >= p->permitted &&
	    now >= p->bound + (uint64_t)PERMISSION * SEC);
}

/* Nobody tries it any more, and it never answered; it has no channel. */
static bool
is_vain(const struct turn *t, uint64_t now, const struct peer *p)
{
	return !p->heard && t->ask[p - t->peer].method == 0 &&
	    now >= p->used + AGAIN;
}

/* A place in the table, or NULL. */
static struct peer *
room(struct turn *t, uint64_t now)
{
	for (struct peer *p = t->peer; p < t->peer + TURN_PEERS; p++)
		if (is_over(t, now, p))
			return p;
	for (struct peer *p = t->peer; p < t->peer + TURN_PEERS; p++)
		if (is_vain(t, now, p))
			return p;
	return NULL;
}

static void
wake(struct peer *p, uint64_t now)
{
	p->used = now;
	if (p->permit_at == NEVER && p->refused == NULL)
		p->permit_at = p->bind_at = now;
}

int
turn_permit(struct turn *t, uint64_t now, const struct addr *a)
{
	const struct peer	*like = permitted(t, now, a);
	struct peer		*p = peer_of(t, a);
	uint64_t		 until = like != NULL ? like->permitted : 0;

	if (a->family == 0)
		return -1;
	if (p != NULL) {
		wake(p, now);
		return 0;
	}
	p = room(t, now);
	if (p == NULL)
		return -1;
	*p = (struct peer){ .addr = *a, .permit_at = now, .bind_at = now,
	    .used = now, .permitted = until };
	return 0;
}

static uint16_t
channel_of(const struct turn *t, const struct peer *p)
{
	return (uint16_t)(CHANNEL_FIRST + (p - t->peer));
}

static struct stun_text
lend(const struct text *t)
{
	return (struct stun_text){ t->p, t->n };
}

static void
fill(const struct turn *t, const struct ask *a, struct stun *m)
{
	size_t	 i = (size_t)(a - t->ask);

	switch (a->method) {
	case STUN_ALLOCATE:
		m->transport = UDP;
		m->family = t->conf.family == 6 ? 6 : 0;
		break;
	case STUN_REFRESH:
		m->has_lifetime = true;
		m->lifetime = t->state == TURN_UP ? LIFETIME : 0;
		break;
	case STUN_BIND:
		m->channel = channel_of(t, &t->peer[i]);
		m->peer = t->peer[i].addr;
		break;
	case STUN_PERMIT:
		m->peer = t->peer[i].addr;
		break;
	}
}

static void
send_ask(struct turn *t, uint64_t now, struct ask *a, struct batch *tx)
{
	struct stun	 m = { .method = a->method };
	uint8_t		 buf[MESSAGE];
	struct dgram	*d;
	size_t		 n;

	memcpy(m.tid, a->tid, sizeof(m.tid));
	fill(t, a, &m);
	if (t->has_key) {
		m.username = (struct stun_text){ (uint8_t *)t->user,
		    strlen(t->user) };
		m.realm = lend(&t->realm);
		m.nonce = lend(&t->nonce);
	}
	a->is_signed = t->has_key;
	n = stun_encode(&m, t->has_key ? t->key : NULL, sizeof(t->key), true,
	    buf, sizeof(buf));
	tx->to = t->conf.path;
	d = batch_add(tx, n);
	if (d != NULL)
		memcpy(d->p, buf, n);
	a->again_at = t->conf.stream && d != NULL ? NEVER : now + a->rto;
	a->rto = earlier(2 * a->rto, RTO_MAX);
}

/* 9.2.2: the key is that of user, realm and password. */
static void
make_key(struct turn *t)
{
	uint8_t		 text[2 * TURN_CRED_MAX + TEXT_MAX + 2];
	struct wr	 w = wr_of(text, sizeof(text));

	wr_str(&w, t->user);
	wr_u8(&w, ':');
	wr_bytes(&w, t->realm.p, t->realm.n);
	wr_u8(&w, ':');
	wr_str(&w, t->pass);
	md5(t->key, text, w.n);
	wipe(text, sizeof(text));
	t->has_key = true;
}

static bool
keep(struct text *to, const struct stun_text *from)
{
	if (from->p == NULL || from->n == 0 || from->n > TEXT_MAX)
		return false;
	to->n = from->n;
	memcpy(to->p, from->p, from->n);
	return true;
}

/* What a 401 or 438 brings; false: nothing that could be used. */
static bool
take_credentials(struct turn *t, const struct stun *m)
{
	if (!keep(&t->nonce, &m->nonce))
		return false;
	if (m->realm.p == NULL)
		return t->has_key;
	if (!keep(&t->realm, &m->realm))
		return false;
	make_key(t);
	return true;
}

/* True: the same is asked again with what the error brought. */
static bool
challenged(struct turn *t, uint64_t now, struct ask *a, const struct stun *m)
{
	bool	 first = m->error == 401 && !a->is_signed;

	if (m->nunknown > 0 || (!first && m->error != 438))
		return false;
	if (a->stale++ >= STALE_MAX || !take_credentials(t, m))
		return false;
	start(t, now, a, a->method);
	return true;
}

/* So much of a lifetime, in seconds, is over when it is renewed. */
static uint64_t
renewal(uint64_t lifetime)
{
	return (lifetime > 2 * MARGIN ? lifetime - MARGIN : lifetime / 2) * SEC;
}

static void
lasts(struct turn *t, uint64_t now, const struct stun *m)
{
	uint64_t	 s = m->has_lifetime ? m->lifetime : LIFETIME;

	s = earlier(s, LIFETIME_MAX);
	t->refresh_at = now + (s > 1 ? renewal(s) : SEC);
	t->expires = now + s * SEC;
}

static void
on_allocated(struct turn *t, uint64_t now, const struct stun *m)
{
	if (m->relayed.family == 0 || m->relayed.port == 0) {
		fail(t, "the server gives no relayed address");
		return;
	}
	t->relayed = m->relayed;
	t->mapped = m->mapped;
	lasts(t, now, m);
	set_state(t, TURN_UP);
}

static void
on_refreshed(struct turn *t, uint64_t now, struct ask *a, const struct stun *m)
{
	switch (t->state) {
	case TURN_ASKING:		/* an older allocation is gone now */
		start(t, now, a, STUN_ALLOCATE);
		break;
	case TURN_UP:
		lasts(t, now, m);
		break;
	case TURN_CLOSING:
		end(t, TURN_OVER);
		break;
	case TURN_OVER:
	case TURN_FAILED:
		break;
	}
}

static void
on_success(struct turn *t, uint64_t now, struct ask *a, uint16_t method,
    const struct stun *m)
{
	struct peer	*p = &t->peer[a - t->ask];

	switch (method) {
	case STUN_ALLOCATE:
		on_allocated(t, now, m);
		break;
	case STUN_REFRESH:
		on_refreshed(t, now, a, m);
		break;
	case STUN_PERMIT:
		p->permitted = now + (uint64_t)PERMISSION * SEC;
		p->permit_at = now + renewal(PERMISSION);
		break;
	case STUN_BIND:
		p->bound = now + (uint64_t)CHANNEL * SEC;
		p->bind_at = now + renewal(CHANNEL);
		break;
	}
}

/* This peer alone: the others are not concerned. */
static void
refuse(struct peer *p, uint16_t method, uint16_t code)
{
	if (method == STUN_BIND) {	/* indications do, if not as well */
		p->bind_at = NEVER;
		return;
	}
	p->refused = word_of(code);
	p->permit_at = p->bind_at = NEVER;
	p->permitted = p->bound = 0;
}

/*
 * There is an allocation for this port: ours of before a restart, maybe. Give
 * it up; and then the server may take a while to forget it.
 */
static void
on_taken(struct turn *t, uint64_t now, struct ask *a)
{
	if (t->taken++ == 0) {
		start(t, now, a, STUN_REFRESH);
		return;
	}
	start(t, now, a, STUN_ALLOCATE);
	a->again_at = now + FORGETS;
}

static void
on_error(struct turn *t, uint64_t now, struct ask *a, uint16_t method,
    uint16_t code)
{
	if (t->state == TURN_CLOSING)
		end(t, TURN_OVER);
	else if (method == STUN_REFRESH && t->state == TURN_ASKING &&
	    code != 441)
		start(t, now, a, STUN_ALLOCATE);
	else if (method == STUN_ALLOCATE && code == 437 &&
	    t->taken < TAKEN_MAX)
		on_taken(t, now, a);
	else if (method == STUN_ALLOCATE && code == 440 &&
	    !t->other_family) {
		t->other_family = true;
		t->conf.family = t->conf.family == 6 ? 4 : 6;
		start(t, now, a, STUN_ALLOCATE);
	} else if (method == STUN_ALLOCATE || method == STUN_REFRESH ||
	    code == 401 || code == 437 || code == 438 || code == 441)
		fail(t, word_of(code));
	else
		refuse(&t->peer[a - t->ask], method, code);
}

/* A name with a NUL in it is no name, and as if the server gave none at all. */
static void
take_alternate(struct turn *t, const struct stun *m)
{
	const struct stun_text	*d = &m->domain;

	if (m->error != 300 || m->nunknown > 0 || m->alternate.port == 0 ||
	    addr_is_any(&m->alternate) || addr_is_group(&m->alternate) ||
	    d->n > TURN_DOMAIN_MAX || (d->n > 0 && memchr(d->p, 0, d->n)))
		return;
	t->alternate = m->alternate;
	if (d->n > 0)
		memcpy(t->domain, d->p, d->n);
}

static void
on_answer(struct turn *t, uint64_t now, struct ask *a, const struct stun *m)
{
	uint16_t	 method = a->method;

	t->unheard = NEVER;
	if (m->class == STUN_ERROR && challenged(t, now, a, m))
		return;
	a->method = 0;
	a->stale = 0;
	if (method == STUN_ALLOCATE)
		take_alternate(t, m);
	if (stun_succeeds(m))
		on_success(t, now, a, method, m);
	else
		on_error(t, now, a, method, m->nunknown > 0 ? 0 : m->error);
}

static struct ask *
ask_of(struct turn *t, const struct stun *m)
{
	for (size_t i = 0; i <= TURN_PEERS; i++)
		if (t->ask[i].method != 0 && t->ask[i].method == m->method &&
		    memcmp(t->ask[i].tid, m->tid, STUN_TID) == 0)
			return &t->ask[i];
	return NULL;
}

/*
 * RFC 8489 9.2.5: what answers a signed request is signed, but for the errors
 * of who cannot sign. Whoever guesses 96 bits may forge an error.
 */
static bool
is_authentic(const struct turn *t, const struct ask *a, const struct stun *m)
{
	if (m->class == STUN_ERROR && m->integrity == 0)
		return m->error != 0;
	if (m->class == STUN_ERROR && (m->error == 401 || m->error == 438))
		return true;
	return a->is_signed && stun_verify(m, t->key, sizeof(t->key));
}

static bool
on_message(struct turn *t, uint64_t now, const struct stun *m,
    struct turn_data *d)
{
	struct ask	*a;
	struct peer	*p;

	if (m->class == STUN_INDICATION && m->method == STUN_DATA) {
		if (m->data.p == NULL || m->nunknown > 0 ||
		    permitted(t, now, &m->peer) == NULL)
			return true;
		t->unheard = NEVER;
		p = peer_of(t, &m->peer);
		if (p != NULL)
			p->heard = true;
		d->peer = m->peer;
		d->bytes = (struct span){ (uint8_t *)(uintptr_t)m->data.p,
		    m->data.n };
		return true;
	}
	if (m->class != STUN_SUCCESS && m->class != STUN_ERROR)
		return false;
	a = ask_of(t, m);
	if (a == NULL)
		return m->method != STUN_BINDING;
	if (is_authentic(t, a, m))
		on_answer(t, now, a, m);
	return true;
}

static void
on_channel(struct turn *t, uint64_t now, uint8_t *p, size_t len,
    struct turn_data *d)
{
	struct rd	 r = rd_of(p, len);
	size_t		 nth = rd_u16(&r) - (size_t)CHANNEL_FIRST;
	size_t		 n = rd_u16(&r);

	if (r.bad || n > r.n || nth >= TURN_PEERS || now >= t->peer[nth].bound)
		return;
	t->unheard = NEVER;
	d->peer = t->peer[nth].addr;
	d->bytes = (struct span){ p + CHANNEL_HEADER, n };
}

bool
turn_input(struct turn *t, uint64_t now, const struct path *from, uint8_t *p,
    size_t n, struct turn_data *d, struct batch *tx)
{
	struct stun	 m;
	bool		 mine;

	memset(d, 0, sizeof(*d));
	if (!path_equal(from, &t->conf.path) || n == 0)
		return false;
	if (p[0] >= CHANNEL_FIRST >> 8 && p[0] <= CHANNEL_LAST >> 8) {
		on_channel(t, now, p, n, d);
		return true;
	}
	if (stun_decode(&m, p, n) == -1)
		return false;
	mine = on_message(t, now, &m, d);
	turn_tick(t, now, tx);
	return mine;
}

static void
on_silence(struct turn *t, uint64_t now, struct ask *a)
{
	uint16_t	 method = a->method;

	a->method = 0;
	if (t->state == TURN_CLOSING)
		end(t, TURN_OVER);
	else if (t->state == TURN_ASKING)
		fail(t, "the server does not answer");
	else if (method == STUN_REFRESH)
		t->refresh_at = now;
	else if (method == STUN_PERMIT)
		t->peer[a - t->ask].permit_at = now + AGAIN;
	else
		t->peer[a - t->ask].bind_at = now + AGAIN;
}

/*
 * What is due for one peer; 0: nothing now. A channel needs a permission, and
 * waits for the next try to get one.
 */
static uint16_t
due(struct peer *p, uint64_t now)
{
	if (p->addr.family == 0)
		return 0;
	if (now >= p->used + IDLE && (now >= p->permit_at ||
	    now >= p->bind_at)) {
		p->permit_at = p->bind_at = NEVER;
		return 0;
	}
	if (now >= p->permit_at)
		return STUN_PERMIT;
	if (!p->heard)
		return 0;
	if (now >= p->bind_at && now >= p->permitted)
		p->bind_at = p->permit_at;
	return now >= p->bind_at ? STUN_BIND : 0;
}

/* When to ask for the allocation again. */
static uint64_t
ask_at(const struct turn *t)
{
	return t->unheard == NEVER ? t->refresh_at :
	    earlier(t->refresh_at, t->unheard + QUIET);
}

static void
start_due(struct turn *t, uint64_t now)
{
	uint16_t	 method;

	if (t->state != TURN_UP)
		return;
	if (now >= t->expires) {
		fail(t, "the server does not answer any more");
		return;
	}
	if (t->ask[ALLOCATION].method == 0 && now >= ask_at(t))
		start(t, now, &t->ask[ALLOCATION], STUN_REFRESH);
	for (size_t i = 0; i < TURN_PEERS; i++) {
		method = due(&t->peer[i], now);
		if (t->ask[i].method == 0 && method != 0)
			start(t, now, &t->ask[i], method);
	}
}

void
turn_tick(struct turn *t, uint64_t now, struct batch *tx)
{
	struct ask	*a;

	for (a = t->ask; a <= t->ask + ALLOCATION; a++)
		if (a->method != 0 && now >= a->until)
			on_silence(t, now, a);
	start_due(t, now);
	for (a = t->ask; a <= t->ask + ALLOCATION; a++)
		if (a->method != 0 && now >= a->again_at)
			send_ask(t, now, a, tx);
}

static uint64_t
peer_deadline(const struct peer *p)
{
	if (p->addr.family == 0)
		return NEVER;
	return p->heard ? earlier(p->permit_at, p->bind_at) : p->permit_at;
}

uint64_t
turn_deadline(const struct turn *t)
{
	uint64_t	 at = t->state == TURN_UP ? t->expires : NEVER;

	for (size_t i = 0; i <= ALLOCATION; i++)
		if (t->ask[i].method != 0)
			at = earlier(at, earlier(t->ask[i].again_at,
			    t->ask[i].until));
		else if (t->state == TURN_UP)
			at = earlier(at, i == ALLOCATION ? ask_at(t) :
			    peer_deadline(&t->peer[i]));
	return at;
}

static void
wrap_channel(const struct turn *t, const struct peer *p, struct dgram *d)
{
	struct wr	 w = wr_of(d->p - CHANNEL_HEADER, CHANNEL_HEADER);

	wr_u16(&w, channel_of(t, p));
	wr_u16(&w, (uint16_t)d->n);
	d->p -= CHANNEL_HEADER;
	d->n += CHANNEL_HEADER;
}

/* Header and peer as stun_encode has them, then the DATA attribute. */
static void
wrap_send(struct turn *t, const struct peer *p, struct dgram *d)
{
	struct stun	 m = { .method = STUN_SEND,
		.class = STUN_INDICATION, .peer = p->addr };
	uint8_t		 head[SEND_HEADER];
	size_t		 pad = (4 - d->n % 4) % 4, n;
	struct wr	 w = wr_of(head, sizeof(head));

	rng_bytes(t->conf.rng, m.tid, sizeof(m.tid));
	w.n = stun_encode(&m, NULL, 0, false, head, sizeof(head));
	wr_u16(&w, 0x0013);
	wr_u16(&w, (uint16_t)d->n);
	n = w.n;
	wr_patch(&w, 2, n + d->n + pad - STUN_HEADER, 2);
	memset(d->p + d->n, 0, pad);
	memcpy(d->p - n, head, n);
	d->p -= n;
	d->n += n + pad;
}

bool
turn_wrap(struct turn *t, uint64_t now, struct dgram *d)
{
	struct peer	*p = peer_of(t, &d->to.remote);

	if (p != NULL)
		p->used = now;
	if (t->state != TURN_UP || p == NULL || now >= p->permitted ||
	    d->n > UINT16_MAX - SEND_HEADER)
		return false;
	if (now < p->bound)
		wrap_channel(t, p, d);
	else
		wrap_send(t, p, d);
	if (t->unheard == NEVER)
		t->unheard = now;
	d->to = t->conf.path;
	return true;
}

void
turn_close(struct turn *t, uint64_t now, struct batch *tx)
{
	if (t->state == TURN_ASKING)
		end(t, TURN_OVER);
	if (t->state != TURN_UP)
		return;
	end(t, TURN_CLOSING);
	start(t, now, &t->ask[ALLOCATION], STUN_REFRESH);
	turn_tick(t, now, tx);
}

enum turn_state
turn_state(const struct turn *t)
{
	return t->state;
}

const char *
turn_why(const struct turn *t)
{
	return t->why;
}

bool
turn_alternate(const struct turn *t, struct addr *a, const char **name)
{
	*a = t->alternate;
	*name = t->domain;
	return t->state == TURN_FAILED && a->family != 0;
}

const char *
turn_refused(const struct turn *t, const struct addr *a)
{
	for (size_t i = 0; i < TURN_PEERS; i++)
		if (t->peer[i].addr.family != 0 &&
		    addr_equal(&t->peer[i].addr, a))
			return t->peer[i].refused;
	return NULL;
}

const struct addr *
turn_relayed(const struct turn *t)
{
	return &t->relayed;
}

const struct addr *
turn_mapped(const struct turn *t)
{
	return &t->mapped;
}
