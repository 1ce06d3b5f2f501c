/*
 * Two flows in virtual time, each between a local application and two
 * carriers: a direct one with a data and a control channel of independent
 * delays, and a relay with one channel for both, which may reorder. A carrier
 * can be cut at any time and loses what is in flight; each side notices later,
 * by itself, and goes back. Sides choose their carriers independently.
 * Applications write and read at random, half-close, reset, and probe.
 *
 * Every connection's bytes start with its number, and the rest follows from
 * number and offset. So each byte received tells which connection it is of.
 *
 * SCHEDULES and SEED in the environment run more, or one again.
 */
#include "support/test.h"

#include "session/flow.h"

enum { WAYS = 3 };		/* data, control, relay */
enum { RELAY = 2, INFLIGHT = 24, PAYLOAD = 6000 };

struct pkt {
	struct pkt	*next;
	uint64_t	 at;
	unsigned	 life;
	size_t		 n;
	uint8_t		 b[];
};

struct way {
	struct pkt	*q;
	uint64_t	 last;
	unsigned	 n;
};

struct conn {			/* one local connection of an application */
	uint32_t	 id, from;	/* from: who it hears; 0: not known */
	bool		 probe, eof, shut, gone;
	uint64_t	 total, said, heard;
	uint64_t	 act, writable;	/* when next; NEVER: blocked no more */
	uint8_t		 head[4];
};

enum { CONNS = 400 };

struct side {
	struct flow	*flow;
	int		 me;
	int		 carrier;	/* 0 direct, 1 relay */
	unsigned	 knows[2];	/* the lives of the carriers it knows */
	uint64_t	 notice[2];
	struct way	 to[WAYS];	/* towards the other side */
	struct conn	 c[CONNS];
	uint32_t	 nconn;		/* the last one used; 0 none */
	bool		 attached;
	uint64_t	 next;		/* the next connection comes */
	unsigned	 ends, resets, said_resets;
	size_t		 window;
	struct budget	 budget;
};

struct sim {
	struct side	 s[2];
	unsigned	 life[2];
	uint64_t	 now, rng, calm, cut;
	bool		 resets, reorders, cuts, big, restarts;
	uint64_t	 seed;
};

static uint64_t
rnd(struct sim *m, uint64_t n)
{
	m->rng ^= m->rng << 13;
	m->rng ^= m->rng >> 7;
	m->rng ^= m->rng << 17;
	return (m->rng >> 11) % n;
}

/* The tests' own claims must say which schedule broke them. */
static void
must(struct sim *m, bool ok, const char *what)
{
	if (!ok)
		fail_msg("SEED=%llu at %llu us: %s",
		    (unsigned long long)m->seed, (unsigned long long)m->now,
		    what);
}

static uint8_t
byte_of(int side, uint32_t id, uint64_t at)
{
	if (at < 4)
		return (uint8_t)(id >> 8 * at);
	return (uint8_t)((uint64_t)id * 89 + (uint64_t)side * 57 + at * 7 +
	    (at >> 8) * 3 + (at >> 16));
}

static struct conn *
current(struct side *s)
{
	return s->attached ? &s->c[s->nconn] : NULL;
}

static void
heard(struct sim *m, struct side *s, const uint8_t *p, size_t n)
{
	struct conn	*c = current(s), *peer;
	struct side	*o = &m->s[!s->me];

	for (size_t i = 0; i < n; i++, c->heard++) {
		if (c->heard < 4) {
			c->head[c->heard] = p[i];
			if (c->heard < 3)
				continue;
			c->from = c->head[0] | (uint32_t)c->head[1] << 8 |
			    (uint32_t)c->head[2] << 16 |
			    (uint32_t)c->head[3] << 24;
			must(m, c->from > 0 && c->from <= o->nconn,
			    "bytes of a connection that never was");
			for (uint32_t k = 1; k < s->nconn; k++)
				must(m, s->c[k].from < c->from,
				    "one connection heard by two");
			peer = &o->c[c->from];
			must(m, peer->from == 0 || peer->from == c->id,
			    "the two of a generation are not a pair");
			continue;
		}
		must(m, p[i] == byte_of(o->me, c->from, c->heard),
		    "a wrong byte");
	}
	must(m, c->from == 0 || c->heard <= o->c[c->from].said,
	    "more bytes than were said");
}

/* What the application's socket takes of n bytes now. */
static size_t
taken(struct sim *m, struct conn *c, size_t n)
{
	if (rnd(m, 4) > 0)
		return n;
	c->writable = m->now + rnd(m, 40 * MS);
	return (size_t)rnd(m, n + 1);
}

static void
detach(struct sim *m, struct side *s)
{
	s->c[s->nconn].gone = true;
	s->attached = false;
	s->next = m->now + rnd(m, 60 * MS);
}

static void
on_event(struct sim *m, struct side *s, const struct flow_event *ev)
{
	struct conn	*c = current(s), *peer;
	struct side	*o = &m->s[!s->me];
	size_t		 n;

	must(m, c != NULL, "an event without a connection");
	peer = c->from != 0 ? &o->c[c->from] : NULL;
	switch (ev->type) {
	case FLOW_EV_WRITE:
		must(m, !c->shut, "bytes after the end");
		n = taken(m, c, ev->data.n);
		heard(m, s, ev->data.p, n);
		flow_wrote(s->flow, m->now, n);
		break;
	case FLOW_EV_SHUT:
		must(m, !c->shut, "shut twice");
		must(m, peer == NULL || (peer->eof &&
		    peer->said == c->heard), "shut before all bytes");
		c->shut = true;
		break;
	case FLOW_EV_RESET:
		must(m, ev->why[0] != '\0', "a reset without a reason");
		must(m, o->said_resets > 0 || s->said_resets > 0,
		    "a reset nobody wanted");
		s->resets++;
		detach(m, s);
		break;
	case FLOW_EV_END:
		must(m, c->eof && (c->shut || c->probe || (c->said == 0 &&
		    c->heard == 0)), "the end too early");
		must(m, peer == NULL || peer->from == 0 ||
		    peer->from == c->id, "ended apart");
		must(m, peer == NULL || peer->gone || peer->heard == c->said,
		    "ended before the peer heard it all");
		s->ends += c->shut;
		detach(m, s);
		break;
	}
}

static void
drain(struct sim *m, struct side *s)
{
	struct flow_event	 ev;

	while (flow_event(s->flow, m->now, &ev))
		on_event(m, s, &ev);
}

static void
reset_local(struct sim *m, struct side *s)
{
	s->said_resets++;
	flow_local_reset(s->flow, m->now, "the application reset it");
	detach(m, s);
}

static void
connect_local(struct sim *m, struct side *s)
{
	struct conn	*c;

	if (s->nconn + 1 == CONNS || !flow_attachable(s->flow)) {
		s->next = m->now + 5 * MS;
		return;
	}
	c = &s->c[++s->nconn];
	memset(c, 0, sizeof(*c));
	c->id = s->nconn;
	c->probe = m->now < m->calm && rnd(m, 4) == 0;
	c->total = rnd(m, 3) > 0 ? 4 + rnd(m, 3000) :
	    4 + rnd(m, m->big ? 400000 : 20000);
	if (s->me == 1 && rnd(m, 5) == 0)
		c->total = 0;
	if (c->probe)
		c->total = 0;
	c->act = m->now + rnd(m, 150 * MS);
	c->writable = NEVER;
	s->attached = true;
	flow_attach(s->flow, m->now);
}

static void
say(struct sim *m, struct side *s, struct conn *c)
{
	struct span	 sp = flow_space(s->flow);
	size_t		 n = 1 + (size_t)rnd(m, c->total > 5000 ? 60000 : 900);

	if (n > sp.n)
		n = sp.n;
	if (n > c->total - c->said)
		n = (size_t)(c->total - c->said);
	for (size_t i = 0; i < n; i++)
		sp.p[i] = byte_of(s->me, c->id, c->said + i);
	c->said += n;
	flow_filled(s->flow, m->now, n);
}

/* One thing an application does when its time has come. */
static void
act(struct sim *m, struct side *s)
{
	struct conn	*c = current(s);

	c->act = m->now + (rnd(m, 3) == 0 ? rnd(m, 30 * MS) : rnd(m, 500));
	if (c->probe && c->heard == 0 && rnd(m, 2) == 0) {
		flow_local_reset(s->flow, m->now, "a probe");
		detach(m, s);
	} else if (m->resets && m->now < m->calm && rnd(m, 40) == 0)
		reset_local(m, s);
	else if (c->said < c->total)
		say(m, s, c);
	else if (!c->eof && (c->total > 0 || c->heard > 0 || c->shut ||
	    c->probe)) {
		c->eof = true;
		flow_local_eof(s->flow, m->now);
	} else
		c->act = m->now + 10 * MS;
}

static void
go_writing(struct sim *m, struct side *s)
{
	struct conn	*c = current(s);
	struct span	 sp;
	size_t		 n;

	c->writable = NEVER;
	while (c == current(s) && (sp = flow_pending(s->flow)).n > 0) {
		n = taken(m, c, sp.n);
		heard(m, s, sp.p, n);
		flow_wrote(s->flow, m->now, n);
		if (n < sp.n)
			break;
	}
}

static void
enqueue(struct sim *m, struct way *w, unsigned life, const struct hlnk2 *h,
    bool reorder, uint64_t delay)
{
	struct pkt	*p, **pp;
	struct wr	 wr;
	size_t		 n = HLNK2_HEAD + 8 + h->payload.n;
	uint64_t	 at = m->now + delay + rnd(m, 3 * MS);

	p = malloc(sizeof(*p) + n);
	wr = wr_of(p->b, n);
	hlnk2_encode_head(&wr, h);
	wr_bytes(&wr, h->payload.p, h->payload.n);
	CHECK(!wr_bad(&wr));
	p->n = wr.n;
	if (!reorder && at < w->last)
		at = w->last;
	w->last = at > w->last ? at : w->last;
	p->at = at;
	p->life = life;
	for (pp = &w->q; *pp != NULL && (*pp)->at <= at; pp = &(*pp)->next)
		;
	p->next = *pp;
	*pp = p;
	w->n++;
}

static void
transmit(struct sim *m, struct side *s, const struct hlnk2 *h)
{
	static const uint64_t	 delay[WAYS] = { 4 * MS, 2 * MS, 9 * MS };
	int			 way = s->carrier == 1 ? RELAY :
				    h->type == HLNK_DATA ? 0 : 1;
	bool			 re = way == RELAY && m->reorders;

	if (s->knows[s->carrier] != m->life[s->carrier])
		return;		/* into a carrier that is dead already */
	enqueue(m, &s->to[way], s->knows[s->carrier], h, re, delay[way]);
	if (m->reorders && rnd(m, 30) == 0)
		enqueue(m, &s->to[way], s->knows[s->carrier], h, re,
		    delay[way]);
}

static void
pump(struct sim *m, struct side *s)
{
	struct hlnk2	 h;
	size_t		 max = 1 + (size_t)rnd(m, PAYLOAD);

	while (flow_control(s->flow, m->now, &h)) {
		transmit(m, s, &h);
		flow_sent(s->flow, m->now, &h);
	}
	while (s->to[s->carrier == 1 ? RELAY : 0].n < INFLIGHT &&
	    flow_data(s->flow, m->now, max, &h)) {
		transmit(m, s, &h);
		flow_sent(s->flow, m->now, &h);
	}
}

static void
deliver(struct sim *m, struct side *from, int way)
{
	struct side	*to = &m->s[!from->me];
	struct way	*w = &from->to[way];
	struct pkt	*p;
	uint8_t		*copy;

	while ((p = w->q) != NULL && p->at <= m->now) {
		w->q = p->next;
		w->n--;
		if (p->life == m->life[way == RELAY]) {
			copy = malloc(p->n);
			memcpy(copy, p->b, p->n);
			must(m, flow_input(to->flow, m->now, copy, p->n),
			    "an honest frame was refused");
			drain(m, to);
			memset(copy, 0xdd, p->n);
			free(copy);
		}
		free(p);
	}
}

static void
switch_carrier(struct sim *m, struct side *s)
{
	s->carrier = !s->carrier;
	flow_rewind(s->flow, m->now);
}

static void
cut(struct sim *m)
{
	int	 k = (int)rnd(m, 2);

	m->cut = m->now + rnd(m, 400 * MS);
	if (!m->cuts || m->now >= m->calm)
		return;
	if (rnd(m, 3) == 0) {
		switch_carrier(m, &m->s[rnd(m, 2)]);
		return;
	}
	m->life[k]++;
	for (int i = 0; i < 2; i++)
		m->s[i].notice[k] = m->now + rnd(m, 60 * MS);
}

static void
notice(struct sim *m, struct side *s, int k)
{
	if (s->notice[k] > m->now)
		return;
	s->notice[k] = NEVER;
	s->knows[k] = m->life[k];
	if (s->carrier != k)
		return;
	if (rnd(m, 2) == 0)
		s->carrier = !k;
	flow_rewind(s->flow, m->now);
}

static void
turn(struct sim *m, struct side *s)
{
	struct conn		*c;
	struct flow_stats	 st;

	for (int way = 0; way < WAYS; way++)
		deliver(m, &m->s[!s->me], way);
	notice(m, s, 0);
	notice(m, s, 1);
	if (s->me == 0 && m->cut <= m->now)
		cut(m);
	drain(m, s);
	if (!s->attached && s->next <= m->now)
		connect_local(m, s);
	if ((c = current(s)) != NULL && c->act <= m->now)
		act(m, s);
	if ((c = current(s)) != NULL && c->writable <= m->now)
		go_writing(m, s);
	drain(m, s);
	pump(m, s);
	flow_stats(s->flow, &st);
	must(m, st.down_bytes <= s->window && st.up_bytes <= s->window,
	    "more memory than the window");
	must(m, st.down_bytes <= st.down_window &&
	    s->budget.held == st.up_window + st.down_window &&
	    s->budget.held <= s->budget.most, "more memory than there is");
}

static uint64_t
next_time(struct sim *m)
{
	uint64_t	 t = m->cut;

	for (int i = 0; i < 2; i++) {
		struct side	*s = &m->s[i];
		struct conn	*c = current(s);

		for (int w = 0; w < WAYS; w++)
			if (s->to[w].q != NULL)
				t = earlier(t, s->to[w].q->at);
		t = earlier(t, earlier(s->notice[0], s->notice[1]));
		t = earlier(t, flow_deadline(s->flow));
		t = earlier(t, c == NULL ? s->next :
		    earlier(c->act, c->writable));
	}
	return t > m->now ? t : m->now + 1;
}

static void
start(struct sim *m, uint64_t seed)
{
	memset(m, 0, sizeof(*m));
	m->seed = seed;
	m->rng = seed * 0x9e3779b97f4a7c15u + 88172645463325252u;
	for (int i = 0; i < 8; i++)
		rnd(m, 2);
	m->now = SEC;
	m->calm = m->now + rnd(m, 1500 * MS);
	m->cut = m->now + rnd(m, 300 * MS);
	m->resets = rnd(m, 2) == 0;
	m->reorders = rnd(m, 3) == 0;
	m->cuts = rnd(m, 4) > 0;
	m->big = rnd(m, 16) == 0;
	for (int i = 0; i < 2; i++) {
		struct side		*s = &m->s[i];
		struct flow_conf	 conf = { 0 };

		s->window = (size_t)FLOW_INITIAL << rnd(m, 3);
		conf.window = s->window;
		conf.high = rnd(m, 4) == 0 ? 5000 : 0;
		budget_init(&s->budget, (2 + (size_t)rnd(m, 20)) * LEASE_LEAST);
		conf.budget = &s->budget;
		s->flow = flow_new(&conf);
		s->me = i;
		s->carrier = (int)rnd(m, 2);
		s->notice[0] = s->notice[1] = NEVER;
		s->next = m->now + rnd(m, 50 * MS);
	}
}

static void
finish(struct sim *m)
{
	for (int i = 0; i < 2; i++) {
		for (int w = 0; w < WAYS; w++)
			for (struct pkt *p; (p = m->s[i].to[w].q) != NULL;) {
				m->s[i].to[w].q = p->next;
				free(p);
			}
		flow_free(m->s[i].flow);
	}
}

static void
explain(struct sim *m)
{
	for (int i = 0; i < 2; i++) {
		struct side		*s = &m->s[i];
		struct conn		*c = &s->c[s->nconn];
		struct flow_stats	 st;

		flow_stats(s->flow, &st);
		printf("side %d: generation %u, up %llu acked %llu limit %llu, "
		    "down %llu held %zu; connection %u%s from %u: said %llu "
		    "of %llu%s heard %llu%s\n", i, st.generation,
		    (unsigned long long)st.up_offset,
		    (unsigned long long)st.acked_offset,
		    (unsigned long long)st.peer_limit,
		    (unsigned long long)st.down_offset, st.down_bytes, c->id,
		    s->attached ? "" : " (gone)", c->from,
		    (unsigned long long)c->said, (unsigned long long)c->total,
		    c->eof ? " (end)" : "", (unsigned long long)c->heard,
		    c->shut ? " (end)" : "");
	}
	must(m, false, "no progress");
}

static bool
calm_and_done(struct sim *m, unsigned ends[2])
{
	if (m->now < m->calm) {
		ends[0] = m->s[0].ends;
		ends[1] = m->s[1].ends;
	}
	return m->s[0].ends >= ends[0] + 2 && m->s[1].ends >= ends[1] + 2;
}

static void
run(uint64_t seed, unsigned sums[4])
{
	static struct sim	 m;
	unsigned		 ends[2] = { 0, 0 };

	start(&m, seed);
	while (!calm_and_done(&m, ends)) {
		turn(&m, &m.s[0]);
		turn(&m, &m.s[1]);
		m.now = next_time(&m);
		if (m.now >= m.calm + 20 * SEC)
			explain(&m);
	}
	sums[0] += m.s[0].ends + m.s[1].ends;
	sums[1] += m.s[0].resets + m.s[1].resets;
	sums[2] += m.s[0].nconn + m.s[1].nconn;
	sums[3] += m.life[0] + m.life[1];
	finish(&m);
}

static void
every_byte_arrives_once_in_its_generation_whatever_happens(void **state)
{
	const char	*one = getenv("SEED"), *many = getenv("SCHEDULES");
	uint64_t	 n = many != NULL ? strtoull(many, NULL, 10) : 10000;
	uint64_t	 first = one != NULL ? strtoull(one, NULL, 10) : 1;
	unsigned	 sums[4] = { 0, 0, 0, 0 };

	(void)state;
	if (one != NULL)
		n = 1;
	for (uint64_t i = 0; i < n; i++)
		run(first + i, sums);
	printf("seeds %llu to %llu: %u peaceful ends, %u resets, "
	    "%u connections, %u cuts\n", (unsigned long long)first,
	    (unsigned long long)(first + n - 1), sums[0], sums[1], sums[2],
	    sums[3]);
	if (n > 100)
		CHECK(sums[0] > n && sums[1] > n / 10 && sums[3] > n / 2);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    every_byte_arrives_once_in_its_generation_whatever_happens),
	};

	return RUN(tests);
}
