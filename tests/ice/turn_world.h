#ifndef TESTS_ICE_TURN_WORLD_H
#define TESTS_ICE_TURN_WORLD_H

#include "support/test.h"

#include "base/time.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "ice/stun.h"
#include "ice/turn.h"
#include "ice/unknown.h"
#include "support/mangle.h"

/* A client and a server that answers from a script, in virtual time. */
struct world {
	struct rng	*rng;
	struct turn	*t;
	struct turn_conf conf;
	struct batch	 tx;
	struct addr	 peer;
	struct turn_data data;
	uint8_t		 key[16], got[2048];
	size_t		 ngot;
	uint64_t	 now;
	const char	*nonce;		/* the one that is right */
	uint32_t	 lifetime;
	uint8_t		 lacks;		/* a family it does not relay */
	struct addr	 alternate;	/* it sends us there */
	const char	*domain;
	uint16_t	 fail_method, fail_code;	/* answered so */
	uint16_t	 ends_method;	/* the next one's nonce is over */
	unsigned	 seen[16], released, stale, raw, sent;
	bool		 dead, unsigned_answers;
	bool		 fickle;	/* no nonce is right */
	/* answers to it have what nobody knows */
	uint16_t	 odd_method;
	/* an allocation of before, until then, and one of another user */
	uint64_t	 old_until, others_until;
	uint64_t	 forgets;	/* so long after it was given up */
};

static inline struct addr
at(const char *s)
{
	struct addr	 a = { .port = 0 };

	EQ(addr_parse(&a, s), 0);
	return a;
}

static inline void
setup(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->rng = rng_seeded("turn", 4);
	EQ(batch_init(&w->tx, 1 << 18), 0);
	w->peer = at("198.51.100.9:9000");
	w->conf = (struct turn_conf){ .rng = w->rng, .user = "alice",
		.pass = "secret", .path = { at("192.0.2.1:1000"),
		at("203.0.113.53:3478") }, .family = 4 };
	md5(w->key, "alice:example.org:secret", 24);
	w->now = 1000 * SEC;
	w->nonce = "n1";
	w->lifetime = 600;
	w->t = turn_new(&w->conf, w->now);
	CHECK(w->t != NULL);
}

static inline void
teardown(struct world *w)
{
	turn_free(w->t);
	rng_free(w->rng);
	batch_fini(&w->tx);
}

static inline struct stun_text
text(const char *s)
{
	return (struct stun_text){ (const uint8_t *)s, strlen(s) };
}

/* What is said of an older allocation; 0: there is none. */
static inline uint16_t
occupied(struct world *w, const struct stun *m)
{
	bool	 mine = w->now < w->old_until;

	if (!mine && w->now >= w->others_until)
		return 0;
	if (m->method == STUN_ALLOCATE)
		return 437;
	if (mine && m->method == STUN_REFRESH)
		w->old_until = w->now + w->forgets;
	return mine ? 0 : 441;
}

static inline void
send_on(const struct world *w, struct stun *r)
{
	r->error = 300;
	r->alternate = w->alternate;
	if (w->domain != NULL)
		r->domain = text(w->domain);
}

static inline void
decide(struct world *w, const struct stun *m, struct stun *r)
{
	uint16_t	 why;

	r->class = STUN_ERROR;
	if (m->integrity != 0 && (w->fickle || m->method == w->ends_method)) {
		w->nonce = w->nonce[1] == '1' ? "n2" : "n1";
		w->ends_method = 0;
	}
	if (m->nonce.p == NULL || m->nonce.n != strlen(w->nonce) ||
	    memcmp(m->nonce.p, w->nonce, m->nonce.n) != 0) {
		r->error = m->integrity == 0 ? 401 : 438;
		w->stale += r->error == 438;
		r->realm = text("example.org");
		r->nonce = text(w->nonce);
		return;
	}
	if (!stun_verify(m, w->key, 16))
		r->error = 401;
	else if (m->method == w->fail_method)
		r->error = w->fail_code;
	else if (m->method == STUN_ALLOCATE &&
	    (m->family == 6 ? 6 : 4) == w->lacks)
		r->error = 440;
	else if ((why = occupied(w, m)) != 0)
		r->error = why;
	else if (m->method == STUN_ALLOCATE && w->alternate.family != 0)
		send_on(w, r);
	else
		r->class = STUN_SUCCESS;
	if (r->class != STUN_SUCCESS)
		return;
	w->seen[m->method]++;
	w->released += m->has_lifetime && m->lifetime == 0;
	if (m->method == STUN_ALLOCATE) {
		r->relayed = at("203.0.113.53:49152");
		r->mapped = at("192.0.2.1:1000");
	}
	r->has_lifetime = m->method == STUN_ALLOCATE ||
	    m->method == STUN_REFRESH;
	r->lifetime = w->lifetime;
}

static inline size_t
answer(struct world *w, const struct dgram *d, uint8_t *out, size_t cap)
{
	struct stun	 m, r = { .method = 0 };

	if (stun_decode(&m, d->p, d->n) == -1) {
		w->raw++;
		return 0;
	}
	EQ(m.nunknown, 0);
	CHECK(path_equal(&d->to, &w->conf.path));
	r.method = m.method;
	memcpy(r.tid, m.tid, sizeof(r.tid));
	decide(w, &m, &r);
	if (m.integrity != 0 && m.method == w->odd_method)
		return encode_unknown(r, w->key, 16, out, cap);
	return stun_encode(&r, r.realm.p != NULL || w->unsigned_answers ?
	    NULL : w->key, 16, true, out, cap);
}

/* Until the client has nothing to do before then. */
static inline void
run(struct world *w, uint64_t span)
{
	uint64_t	 end = w->now + span;
	uint8_t		 out[1024];
	size_t		 n;

	for (;;) {
		turn_tick(w->t, w->now, &w->tx);
		for (size_t i = 0; i < w->tx.n; i++) {
			n = answer(w, &w->tx.d[i], out, sizeof(out));
			if (n > 0 && !w->dead)
				turn_input(w->t, w->now, &w->conf.path, out, n,
				    &w->data, &w->tx);
		}
		w->sent += (unsigned)w->tx.n;
		batch_reset(&w->tx);
		if (turn_deadline(w->t) > end)
			break;
		CHECK(turn_deadline(w->t) >= w->now);
		w->now = turn_deadline(w->t);
	}
	w->now = end;
}

/* What the peer sends while it has no channel. */
static inline void
hear(struct world *w)
{
	struct stun	 m = { .method = STUN_DATA, .class = STUN_INDICATION,
		.peer = w->peer, .data = text("hello") };
	uint8_t		 b[128];
	size_t		 n = stun_encode(&m, NULL, 0, true, b, sizeof(b));

	CHECK(turn_input(w->t, w->now, &w->conf.path, b, n, &w->data, &w->tx));
	EQ(w->data.bytes.n, 5);
	run(w, SEC);
}

static inline void
up(struct world *w)
{
	setup(w);
	EQ(turn_permit(w->t, w->now, &w->peer), 0);
	run(w, SEC);
	EQ(turn_state(w->t), TURN_UP);
	hear(w);
}

#endif
