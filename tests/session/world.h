#ifndef TESTS_SESSION_WORLD_H
#define TESTS_SESSION_WORLD_H

/*
 * Two parties in virtual time: a simulated network for their datagrams, a
 * relay that routes as hotlink-protocol.md 2.2 says (and, asked to, has the
 * reference server's faults), and for each link a local application that
 * sends and verifies a pattern.
 */
#include <stdlib.h>
#include <string.h>

#include "support/oom.h"
#include "support/simnet.h"
#include "support/test.h"

#include "base/time.h"
#include "crypto/cert.h"
#include "crypto/rng.h"
#include "session/party.h"
#include "session/token.h"
#include "syft/msg.h"

enum { W_LINKS = 64, W_SESSIONS = 256, W_QUEUE = 8192, W_HOP = 2 * MS };

struct parcel {
	uint64_t	 at;
	uint8_t		*p;
	size_t		 n;
	int		 side, conn;	/* whence or whither */
};

struct queue {
	struct parcel	 q[W_QUEUE];
	size_t		 n;
};

struct session {
	char		 sid[SID_MAX + 1], path[KEY_MAX];
	int		 from, from_conn, accepted;	/* the last: or 0 */
};

/* Datagrams say which they are: number, then a pattern to their end. */
enum { W_DATAGRAMS = 20000 };

/* Which links are of datagrams, and how theirs travel. */
static uint64_t			 w_udp, w_rtp;	/* bits */
static enum marker_effort	 w_effort;
static uint32_t			 w_value;

struct app {
	struct link	*link;
	uint32_t	 datagrams, empty, late, highest, rtcp, ssrc;
	uint8_t		 seen[W_DATAGRAMS];
	bool		 want, attached, eof_sent, shut, stopped;
	uint64_t	 to_send, sent, got, expect_base;
	bool		 send_eof;
	unsigned	 resets, ends;
	char		 why[2048];
};

struct side {
	struct party	*party;
	struct party_conf conf;
	struct rng	*rng;
	struct cert	*cert;
	struct addr	 host;
	unsigned	 ports;
	struct app	 app[W_LINKS];
	struct msg_decoder *dec;
	bool		 up;
	int		 conn;		/* 0: not connected */
	uint64_t	 pumps, data_said, opens_said;
	char		 log[16384];
};

struct world {
	uint64_t	 now;
	struct simnet	*net;
	struct simnet_conf simconf;
	struct batch	 tx;
	struct side	 side[2];
	bool		 relay_up, deny;
	uint64_t	 hop;		/* to or from the relay */
	/* descriptions lose what agents did not say once */
	bool		 old;
	unsigned	 shuffle, drop;	/* per thousand, of relay messages */
	struct session	 session[W_SESSIONS];
	size_t		 nsessions;
	int		 next_conn;
	struct queue	 in, out;
	uint64_t	 seed;
	uint64_t	 turns, poor;	/* in which turn memory runs out */
	size_t		 nth;		/* at which allocation */
};

static const char *const	 emails[] = {
	"a@example.com", "b@example.com",
};

static inline uint8_t
pattern(uint64_t i, int side, int link)
{
	return (uint8_t)((i * 2654435761u >> 7) + (unsigned)side * 31 +
	    (unsigned)link * 77 + i);
}

static inline void
world_marker(struct marker *m, int side, int link)
{
	char	 rel[128];

	memset(m, 0, sizeof(*m));
	snprintf(rel, sizeof(rel), "%s/x/_mpc/l%d/%s/stream.%s", emails[side],
	    link, side == 0 ? "0_to_1" : "1_to_0",
	    w_udp & (uint64_t)1 << link ? "udp" : "tcp");
	EQ(key_of_marker(&m->key, rel), 0);
	strcpy(m->from, emails[side]);
	strcpy(m->to, emails[1 - side]);
	strcpy(m->peer, emails[1 - side]);
	m->port = (uint16_t)(1000 + link);
	if (!m->key.udp)
		return;
	m->kind = w_rtp & (uint64_t)1 << link ? MARKER_RTP : MARKER_DATAGRAM;
	m->effort = w_effort;
	m->effort_value = w_value;
}

static inline void
world_add(struct world *w, int s, int link)
{
	struct marker	 m;
	struct app	*a = &w->side[s].app[link];

	world_marker(&m, s, link);
	memset(a, 0, sizeof(*a));
	a->link = party_add(w->side[s].party, w->now, &m, a);
}

static inline void
world_start(struct world *w, int s, int links)
{
	struct side	*d = &w->side[s];

	d->conf.instance = rng_u64(d->rng) | 1;
	d->party = party_new(&d->conf, w->now);
	CHECK(d->party != NULL);
	for (int i = 0; i < links; i++)
		world_add(w, s, i);
}

static inline void
world_relay_side(struct world *w, int s, bool up)
{
	struct side	*d = &w->side[s];

	if (d->up == up)
		return;
	d->up = up;
	d->conn = up ? ++w->next_conn : 0;
	party_relay(d->party, w->now, up);
}

static inline struct world *
world_new(uint64_t seed, const struct party_conf *c0,
    const struct party_conf *c1, int links)
{
	struct world	*w = calloc(1, sizeof(*w));
	struct side	*d;
	char		 text[32];

	print_message("seed %llu\n", (unsigned long long)seed);
	w->seed = seed;
	w->now = 1000 * (uint64_t)SEC;
	w->simconf = (struct simnet_conf){
		.seed = seed, .delay = 5 * MS, .jitter = MS,
	};
	w->net = simnet_new(&w->simconf);
	batch_init(&w->tx, 1 << 20);
	w->relay_up = true;
	w->hop = W_HOP;
	for (int s = 0; s < 2; s++) {
		d = &w->side[s];
		d->conf = s == 0 ? *c0 : *c1;
		snprintf(text, sizeof(text), "%llu/%d",
		    (unsigned long long)seed, s);
		d->rng = rng_seeded(text, strlen(text));
		d->cert = cert_new(d->rng);
		snprintf(text, sizeof(text), "10.0.0.%d:5000", s + 1);
		EQ(addr_parse(&d->host, text), 0);
		d->dec = msg_decoder_new();
		d->conf.me = emails[s];
		d->conf.peer = emails[1 - s];
		d->conf.rng = d->rng;
		d->conf.cert = d->cert;
		d->conf.hosts = &d->host;
		d->conf.nhosts = 1;
		if (d->conf.connect_timeout == 0)
			d->conf.connect_timeout = 10 * SEC;
		if (d->conf.grace == 0)
			d->conf.grace = 1500 * MS;
		world_start(w, s, links);
		world_relay_side(w, s, true);
	}
	return w;
}

static inline void
queue_free(struct queue *q)
{
	for (size_t i = 0; i < q->n; i++)
		free(q->q[i].p);
	q->n = 0;
}

static inline void
world_free(struct world *w)
{
	for (int s = 0; s < 2; s++) {
		party_free(w->side[s].party);
		cert_free(w->side[s].cert);
		rng_free(w->side[s].rng);
		msg_decoder_free(w->side[s].dec);
	}
	queue_free(&w->in);
	queue_free(&w->out);
	simnet_free(w->net);
	batch_fini(&w->tx);
	free(w);
}

/* A relay message on its way; may be lost or come late if asked for. */
static inline void
push(struct world *w, struct queue *q, int side, int conn, const struct msg *m)
{
	size_t		 cap = msg_encoded_max(MSG_MSGPACK, m);
	uint8_t		*p = malloc(cap);
	struct wr	 b = wr_of(p, cap);
	struct parcel	*e;

	msg_encode(&b, MSG_MSGPACK, m);
	CHECK(!wr_bad(&b) && q->n < W_QUEUE);
	if (q == &w->in && simnet_random(w->net, 1000) < w->drop) {
		free(p);
		return;
	}
	e = &q->q[q->n++];
	*e = (struct parcel){ w->now + w->hop, p, b.n, side, conn };
	if (simnet_random(w->net, 1000) < w->shuffle)
		e->at += simnet_random(w->net, 20) * MS;
}

static inline bool
pop(struct queue *q, uint64_t now, struct parcel *out)
{
	for (size_t i = 0; i < q->n; i++)
		if (q->q[i].at <= now) {
			*out = q->q[i];
			q->n--;
			memmove(&q->q[i], &q->q[i + 1],
			    (q->n - i) * sizeof(q->q[0]));
			return true;
		}
	return false;
}

static inline uint64_t
queue_deadline(const struct queue *q)
{
	uint64_t	 at = NEVER;

	for (size_t i = 0; i < q->n; i++)
		at = earlier(at, q->q[i].at);
	return at;
}

static inline void
deliver_to(struct world *w, int s, int conn, const struct msg *m)
{
	if (conn != 0 && w->side[s].conn == conn)
		push(w, &w->out, s, conn, m);
}

static inline void
answer(struct world *w, int s, int conn, enum msg_type type, struct span sid,
    const char *reason)
{
	struct msg	 m = { .type = (uint16_t)type, .sid = sid };

	m.id = span_of("abc");
	if (type == MSG_SIGNAL) {
		m.kind = span_of("quic_error");
		m.error = span_of(reason);
	} else
		m.reason = span_of(reason);
	deliver_to(w, s, conn, &m);
}

static inline struct session *
find_session(struct world *w, struct span sid)
{
	for (size_t i = 0; i < w->nsessions; i++)
		if (span_is(sid, w->session[i].sid))
			return &w->session[i];
	return NULL;
}

static inline void
relay_open(struct world *w, int s, int conn, struct msg *m)
{
	struct session	*e = find_session(w, m->sid);

	if (w->deny) {
		answer(w, s, conn, MSG_REJECT, m->sid, "permission denied");
		return;
	}
	if (e == NULL) {
		CHECK(w->nsessions < W_SESSIONS);
		e = &w->session[w->nsessions++];
	}
	memset(e, 0, sizeof(*e));
	memcpy(e->sid, m->sid.p, m->sid.n);
	memcpy(e->path, m->path.p, m->path.n);
	e->from = s;
	e->from_conn = conn;
	m->from = span_of(emails[s]);
	CHECK(span_is(m->to, emails[1 - s]));
	deliver_to(w, 1 - s, w->side[1 - s].conn, m);
}

/* Take a line out of a description, in a buffer of the caller's. */
static inline void
without(struct msg *m, const char *line, char tok[TOKEN_MAX])
{
	bool		 offer = span_is(m->kind, "sdp_offer");
	char		*sdp = malloc(TOKEN_MAX), id[TOKEN_OFFER];
	int		 n;

	if (m->type == MSG_SIGNAL && (offer || span_is(m->kind,
	    "sdp_answer")) && token_sdp_decode(m->token, sdp, TOKEN_MAX,
	    id) == 0) {
		token_drop_line(sdp, line);
		n = token_sdp(tok, TOKEN_MAX, offer, sdp, id);
		CHECK(n > 0);
		m->token = (struct span){ (uint8_t *)tok, (size_t)n };
	}
	free(sdp);
}

/* The table of hotlink-protocol.md 2.2. */
static inline void
relay_route(struct world *w, int s, int conn, struct msg *m)
{
	struct session	*e;

	w->side[s].data_said += m->type == MSG_DATA;
	w->side[s].opens_said += m->type == MSG_OPEN;
	if (m->type == MSG_OPEN) {
		relay_open(w, s, conn, m);
		return;
	}
	e = find_session(w, m->sid);
	if (e == NULL) {
		if (m->type == MSG_ACCEPT || m->type == MSG_DATA)
			answer(w, s, conn, MSG_REJECT, m->sid,
			    "unknown session");
		if (m->type == MSG_SIGNAL)
			answer(w, s, conn, MSG_SIGNAL, m->sid,
			    "unknown session");
		return;
	}
	if (m->type == MSG_ACCEPT && s != e->from) {
		e->accepted = conn;
		deliver_to(w, e->from, e->from_conn, m);
	} else if (m->type == MSG_DATA && s == e->from) {
		deliver_to(w, 1 - s, e->accepted, m);
	} else if (m->type == MSG_SIGNAL && s == e->from) {
		deliver_to(w, 1 - s, e->accepted, m);
	} else if (m->type == MSG_SIGNAL && conn == e->accepted) {
		deliver_to(w, e->from, e->from_conn, m);
	} else if (m->type == MSG_CLOSE && s == e->from) {
		deliver_to(w, 1 - s, e->accepted, m);
		*e = w->session[--w->nsessions];
	} else if (m->type == MSG_CLOSE) {
		e->accepted = 0;
		deliver_to(w, e->from, e->from_conn, m);
	} else if (m->type == MSG_REJECT && s != e->from)
		deliver_to(w, e->from, e->from_conn, m);
}

static inline void
relay_turn(struct world *w)
{
	struct msg_decoder	*dec = msg_decoder_new();
	struct parcel		 e;
	struct msg		 m;
	static char		 tok[TOKEN_MAX];

	while (pop(&w->in, w->now, &e)) {
		EQ(msg_decode(dec, &m, false, e.p, e.n), 0);
		if (w->old)
			without(&m, "a=x-hotlink-reopen:1", tok);
		if (w->relay_up && w->side[e.side].conn == e.conn)
			relay_route(w, e.side, e.conn, &m);
		free(e.p);
	}
	while (pop(&w->out, w->now, &e)) {
		EQ(msg_decode(w->side[e.side].dec, &m, false, e.p, e.n), 0);
		if (w->side[e.side].conn == e.conn)
			party_message(w->side[e.side].party, w->now, &m);
		memset(e.p, 0xee, e.n);
		free(e.p);
	}
	msg_decoder_free(dec);
}

/* The relay dies, or is there again and knows nothing. */
static inline void
world_relay(struct world *w, bool up)
{
	w->relay_up = up;
	queue_free(&w->in);
	queue_free(&w->out);
	w->nsessions = 0;
	for (int s = 0; s < 2; s++)
		world_relay_side(w, s, up);
}

static inline void
app_take(struct world *w, int s, struct app *a, struct span d)
{
	int	 l = (int)(a - w->side[s].app);
	size_t	 n = a->stopped ? 0 : d.n;

	for (size_t i = 0; i < n; i++)
		if (d.p[i] != pattern(a->got + i, 1 - s, l))
			fail_msg("side %d link %d: byte %llu differs", s, l,
			    (unsigned long long)(a->got + i));
	a->got += n;
	link_wrote(a->link, w->now, n);
}

static inline void
app_datagram(struct app *a, struct span d)
{
	struct rd	 r = rd_of(d.p, d.n);
	uint32_t	 i = rd_u32(&r);

	if (d.n == 0) {
		a->empty++;
		return;
	}
	if (i >> 30 == 2) {		/* RTP, RTCP */
		a->rtcp += d.p[1] >= 192 && d.p[1] <= 223;
		i = i & 0xffff;
		a->ssrc = (uint32_t)d.p[8] << 24 | (uint32_t)d.p[9] << 16 |
		    (uint32_t)d.p[10] << 8 | d.p[11];
	}
	CHECK(!r.bad && i < W_DATAGRAMS);
	EQ(a->seen[i], 0);
	a->seen[i] = 1;
	for (size_t k = 12; k < d.n; k++)
		if (d.p[k] != (uint8_t)(i * 7 + k))
			fail_msg("datagram %u differs at %zu", i, k);
	a->late += a->datagrams > 0 && i < a->highest;
	a->highest = i > a->highest ? i : a->highest;
	a->datagrams++;
}

/* The local application of a side sends its ith datagram. */
static inline void
world_datagram(struct world *w, int s, int link, uint32_t i, size_t n)
{
	static uint8_t	 b[65535];
	struct wr	 out = wr_of(b, sizeof(b));

	wr_u32(&out, i);
	for (size_t k = 4; k < n; k++)
		b[k] = (uint8_t)(i * 7 + k);
	link_datagram(w->side[s].app[link].link, w->now, b, n);
}

static inline void
app_gone(struct app *a)
{
	a->attached = false;
	a->want = false;
}

static inline void
on_party_event(struct world *w, int s, const struct party_event *ev)
{
	struct side	*d = &w->side[s];
	struct app	*a = ev->link != NULL ? link_arg(ev->link) : NULL;

	switch (ev->type) {
	case PARTY_EV_WRITE:
		app_take(w, s, a, ev->data);
		break;
	case PARTY_EV_SHUT:
		a->shut = true;
		break;
	case PARTY_EV_RESET:
		a->resets++;
		snprintf(a->why, sizeof(a->why), "%s", ev->text);
		app_gone(a);
		break;
	case PARTY_EV_END:
		a->ends++;
		app_gone(a);
		break;
	case PARTY_EV_DATAGRAM:
		app_datagram(a, ev->data);
		break;
	case PARTY_EV_CARRIER:
	case PARTY_EV_NAME:
	case PARTY_EV_SERVER:
	case PARTY_EV_INFO:
		if (strlen(d->log) + strlen(ev->text) + 2 < sizeof(d->log)) {
			strcat(d->log, ev->text);
			strcat(d->log, "\n");
		}
		break;
	}
}

static inline void
app_turn(struct world *w, int s, struct app *a)
{
	struct span	 sp;
	int		 l = (int)(a - w->side[s].app);

	if (a->link == NULL || !a->want || link_is_datagram(a->link))
		return;
	if (!a->attached && link_attachable(a->link)) {
		link_attach(a->link, w->now);
		a->attached = true;
		a->sent = a->got = 0;
		a->eof_sent = a->shut = false;
	}
	if (!a->attached)
		return;
	while (!a->stopped && (sp = link_pending(a->link)).n > 0)
		app_take(w, s, a, sp);
	for (;;) {
		sp = link_space(a->link);
		if (sp.n > a->to_send - a->sent)
			sp.n = (size_t)(a->to_send - a->sent);
		if (sp.n > 65536)
			sp.n = 65536;
		if (sp.n == 0)
			break;
		for (size_t i = 0; i < sp.n; i++)
			sp.p[i] = pattern(a->sent + i, s, l);
		a->sent += sp.n;
		link_filled(a->link, w->now, sp.n);
	}
	if (a->send_eof && !a->eof_sent && a->sent == a->to_send) {
		a->eof_sent = true;
		link_eof(a->link, w->now);
	}
}

/* As an agent does: another UDP port when the party wants one. */
static inline void
give_ports(struct side *d)
{
	struct addr	 more = d->host;

	while (party_wants_port(d->party)) {
		more.port = (uint16_t)(d->host.port + ++d->ports);
		if (party_add_port(d->party, &more, 1) == -1)
			break;
	}
}

static inline void
take_events(struct world *w, int s)
{
	struct party_event	 ev;

	while (party_event(w->side[s].party, w->now, &ev, &w->tx))
		on_party_event(w, s, &ev);
}

/* In the agent's order: what came, what is due, and what comes of that. */
static inline void
pump(struct world *w, int s)
{
	struct side		*d = &w->side[s];
	struct msg		 m;

	d->pumps++;
	if (++w->turns == w->poor)
		oom_after(w->nth);
	for (int i = 0; i < W_LINKS; i++)
		app_turn(w, s, &d->app[i]);
	take_events(w, s);
	party_tick(d->party, w->now, &w->tx);
	take_events(w, s);
	give_ports(d);
	oom_after(0);
	simnet_send(w->net, w->now, &w->tx);
	for (int i = 0; i < 64 && w->in.n < W_QUEUE / 2 &&
	    party_say(d->party, w->now, w->in.n < 64, &m); i++)
		if (d->up)
			push(w, &w->in, s, d->conn, &m);
}

static inline int
side_of(const struct world *w, const struct dgram *d)
{
	return addr_same_ip(&d->to.local, &w->side[0].host) ? 0 : 1;
}

/* One turn of everything, at w->now. */
static inline void
world_turn(struct world *w)
{
	bool		 any[2] = { false, false };
	struct dgram	 d;
	int		 s;

	while (simnet_recv(w->net, w->now, &d)) {
		s = side_of(w, &d);
		any[s] = true;
		party_input(w->side[s].party, w->now, &d.to, d.p, d.n, &w->tx);
		simnet_send(w->net, w->now, &w->tx);
	}
	relay_turn(w);
	for (s = 0; s < 2; s++)
		if (any[s] || party_deadline(w->side[s].party) <= w->now)
			pump(w, s);
}

static inline uint64_t
world_next(const struct world *w)
{
	uint64_t	 at = simnet_deadline(w->net);

	at = earlier(at, queue_deadline(&w->in));
	at = earlier(at, queue_deadline(&w->out));
	for (int s = 0; s < 2; s++)
		at = earlier(at, party_deadline(w->side[s].party));
	return at > w->now ? at : w->now;
}

typedef bool world_cond(const struct world *);

/* Run until the condition holds or the time is over; true: it holds. */
static inline bool
world_until(struct world *w, uint64_t most, world_cond *cond)
{
	uint64_t	 end = w->now + most, at;
	unsigned	 same = 0;

	for (;;) {
		world_turn(w);
		if (cond != NULL && cond(w))
			return true;
		at = world_next(w);
		if (at > end) {
			w->now = end;
			return false;
		}
		same = at == w->now ? same + 1 : 0;
		if (same > 20000)
			fail_msg("spin: %lld %lld net %lld relay %lld %lld",
			    (long long)(party_deadline(w->side[0].party) - at),
			    (long long)(party_deadline(w->side[1].party) - at),
			    (long long)(simnet_deadline(w->net) - at),
			    (long long)(queue_deadline(&w->in) - at),
			    (long long)(queue_deadline(&w->out) - at));
		w->now = at;
	}
}

static inline void
world_run(struct world *w, uint64_t most)
{
	world_until(w, most, NULL);
}

/* The application connects and has this much to say. */
static inline void
world_connect(struct world *w, int s, int link, uint64_t bytes, bool eof)
{
	struct app	*a = &w->side[s].app[link];

	a->want = true;
	a->to_send = bytes;
	a->send_eof = eof;
	pump(w, s);
}

static inline void
world_info(const struct world *w, int s, int link, struct link_info *i)
{
	link_info(w->side[s].app[link].link, w->now, i);
}

static inline bool
all_arrived(const struct world *w)
{
	const struct app	*a, *b;

	for (int i = 0; i < W_LINKS; i++) {
		a = &w->side[0].app[i];
		b = &w->side[1].app[i];
		if (a->link != NULL && b->link != NULL &&
		    (a->got < b->to_send || b->got < a->to_send))
			return false;
	}
	return true;
}

static inline bool
half_arrived(const struct world *w)
{
	const struct app	*a = &w->side[0].app[0], *b =
				    &w->side[1].app[0];

	return a->got > b->to_send / 3 && b->got > a->to_send / 3;
}

/* Both sides send n bytes each way, and both are told to. */
static inline struct world *
two_sending(uint64_t seed, const struct party_conf *a,
    const struct party_conf *b, uint64_t n)
{
	struct world	*w = world_new(seed, a, b, 1);

	world_connect(w, 0, 0, n, false);
	world_connect(w, 1, 0, n, false);
	return w;
}

static inline bool
carried(const struct world *w, enum carrier c)
{
	struct link_info	 i;

	for (int s = 0; s < 2; s++) {
		world_info(w, s, 0, &i);
		if (i.carrier != c)
			return false;
	}
	return true;
}

static inline bool
both_direct(const struct world *w)
{
	return carried(w, CARRIER_P2P);
}

static inline void
nothing_was_reset(const struct world *w)
{
	for (int s = 0; s < 2; s++)
		for (int l = 0; l < W_LINKS; l++)
			if (w->side[s].app[l].resets > 0)
				fail_msg("side %d link %d: %s", s, l,
				    w->side[s].app[l].why);
}

#endif
