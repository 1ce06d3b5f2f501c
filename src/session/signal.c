/*
 * A party's control messages over the relay (hotlink-protocol.md 2, 5.1, 11;
 * hotlink-dialect.md 1, 2): sessions, who the peer is, and what its peer
 * connections say to ours.
 *
 * The peer is a process. Its instance (hello) names it, and a link's session
 * id names the link within it: a new one of either means that what was under
 * way is over. A link that began anew for a new instance expects a new
 * session id (fresh), so that one restart is not taken for two.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/link.h"

static struct link *
by_out(struct party *p, struct span sid)
{
	for (size_t i = 0; i < p->nlinks; i++)
		if (span_is(sid, p->link[i]->out.sid))
			return p->link[i];
	return NULL;
}

static struct link *
by_in(struct party *p, struct span sid)
{
	for (size_t i = 0; i < p->nlinks && sid.n > 0; i++)
		if (span_is(sid, p->link[i]->in.sid))
			return p->link[i];
	return NULL;
}

static struct link *
by_path(const struct party *p, struct span path)
{
	struct link	*l;

	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (key_matches(&l->marker.key, l->marker.from, l->marker.to,
		    path))
			return l;
	}
	return NULL;
}

static bool
is_ours(struct span sid)
{
	static const char	 start[] = "hl1-";

	return sid.n == 36 && memcmp(sid.p, start, sizeof(start) - 1) == 0;
}

static bool
same_email(struct span s, const char *email)
{
	char	 text[EMAIL_MAX + 1];

	if (s.n >= sizeof(text) || s.n == 0)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	email_lower(text);
	return strcmp(text, email) == 0;
}

static void
forget_direct(struct party *p, struct direct **d)
{
	if (*d == NULL)
		return;
	p->offers += (*d)->offers;
	p->answers_ok += (*d)->answers_ok;
	p->answers_err += (*d)->answers_err;
	p->forged += (*d)->forged;
	p->wedges += (*d)->wedges;
	p->resizes += direct_resizes(*d);
	direct_media(*d, p->media);
	ports_release(&p->ports, *d);
	direct_free(*d);
	*d = NULL;
}

void
link_forget_from(struct link *l)
{
	forget_direct(l->party, &l->from_peer);
	l->channel_in = -1;
	l->offer_anew = false;
}

void
link_forget_directs(struct link *l)
{
	forget_direct(l->party, &l->to_peer);
	l->channel = -1;
	link_forget_from(l);
}

static void
forget_pair(struct party *p)
{
	forget_direct(p, &p->direct);
	p->control = -1;
	p->norphans = p->nleft = 0;
	for (size_t i = 0; i < p->nlinks; i++)
		if (p->dialect == DIALECT_1)
			p->link[i]->channel = -1;
}

void
speak(struct party *p, uint64_t now, enum dialect dialect)
{
	bool	 known = p->dialect != DIALECT_UNKNOWN;

	if (p->dialect == dialect ||
	    (dialect == DIALECT_1 && !p->conf.dialect1))
		return;
	forget_pair(p);
	p->dialect = dialect;
	p->instance = 0;
	p->dirty = true;
	for (size_t i = 0; i < p->nlinks; i++) {
		link_forget_directs(p->link[i]);
		p->link[i]->instance = 0;
		if (!link_is_datagram(p->link[i]))
			machine_speak(&p->link[i]->m, now, dialect);
	}
	if (known)
		party_news(p, PARTY_EV_INFO, NULL, "speaks dialect %d now",
		    (int)dialect);
}

/* NULL: out of memory, or of ports: asked again at the next tick or offer. */
struct direct *
new_direct(struct party *p, const struct link *l, bool offerer, bool pair)
{
	struct port		*port = ports_free(&p->ports);
	struct direct		*d;
	struct direct_conf	 conf = {
		.pair = pair, .marked = p->conf.dialect1,
		.peer = {
			.rng = p->conf.rng, .cert = p->conf.cert,
			.offerer = offerer, .lite = p->conf.lite,
			.stuns = p->stuns, .nstuns = p->nstuns,
			.relays = p->relays, .nrelays = p->nrelays,
			.nat = p->conf.nat, .nnat = p->conf.nnat,
			.mtu = p->conf.mtu, .space = p->conf.space,
		},
	};

	if (port == NULL)
		return NULL;
	conf.peer.hosts = port->hosts;
	conf.peer.nhosts = port->nhosts;
	if (l != NULL && link_is_datagram(l))
		conf.peer.media = &l->media;
	if (l != NULL && l->marker.has_fingerprint)
		conf.peer.key_id = l->marker.fingerprint;
	else if (l == NULL && p->has_key)
		conf.peer.key_id = p->key_id;
	d = direct_new(&conf);
	port->user = d;
	return d;
}

/* The bytes of a link are with nobody any more: both ways begin anew. */
static void
begin_anew(struct link *l, uint64_t now)
{
	l->instance = 0;
	l->in_ok = false;
	l->stuck = 0;
	if (l->m.flow != NULL)
		flow_restart(l->m.flow, now);
	if (link_dialect(l) == DIALECT_1)
		l->channel = -1;
	else if (link_is_datagram(l))
		link_forget_directs(l);
	if (l->m.legacy == NULL)
		return;
	legacy_renew(l->m.legacy, now, LEGACY_THEIRS);
	legacy_renew(l->m.legacy, now, LEGACY_OURS);
	legacy_renumber(l->m.legacy, now);
	link_forget_directs(l);
}

/*
 * With its last session the peer's part of the connection went, too: one that
 * is not up is with nobody, and the next session begins another at once. One
 * that is up says itself when it is over.
 */
static void
check_pair(struct party *p)
{
	if (p->direct == NULL || p->direct->state == DIRECT_UP ||
	    p->direct->state == DIRECT_LOST || has_session(p))
		return;
	forget_pair(p);
}

static bool
has_numbers(const struct link *l)
{
	struct legacy_stats	 st;

	if (l->m.legacy == NULL)
		return false;
	legacy_stats(l->m.legacy, &st);
	return st.seq > 0;
}

/*
 * The peer opened another session for the link: it is another process or
 * made the link anew. Its numbers of ours are gone with it, so an upstream
 * peer needs a new session of ours if any was used; one of us only needs to be
 * asked again. A session without numbers stays: its peer may do as we do, and
 * each new session would answer the other for ever. A new one is said at once:
 * after our offer it would have the peer begin anew, without that offer.
 */
static void
on_other_session(struct link *l, uint64_t now)
{
	bool	 numbered = has_numbers(l);

	if (l->fresh)
		l->fresh = false;
	else
		begin_anew(l, now);
	l->out_ok = false;
	if (numbered) {
		new_sid(l->party, l->out.sid);
		l->out.said = 0;
	}
	opening_again(&l->out, now);
	check_pair(l->party);
}

static bool
is_from_peer(const struct party *p, const struct msg *m)
{
	struct key	 key;

	if (m->from.n > 0)
		return same_email(m->from, p->peer);
	/* An old server does not say who; then the owner must be the peer. */
	if (!path_valid(m->path) || key_of_path(&key, m->path) == -1)
		return false;
	email_lower(key.owner);
	return strcmp(key.owner, p->peer) == 0;
}

static bool
hostile(struct party *p, const struct link *l, const struct msg *m)
{
	const struct link	*in = by_in(p, m->sid);

	return by_out(p, m->sid) != NULL || (in != NULL && in != l) ||
	    (m->to.n > 0 && !same_email(m->to, p->me));
}

/*
 * Upstream asks for a new offer by opening again (11.3). What came on the old
 * connection is taken before the next tick.
 */
static void
on_same_session(struct link *l, uint64_t now)
{
	if (l->from_peer != NULL && !direct_usable(l->from_peer) &&
	    l->from_peer->state != DIRECT_CONNECTING &&
	    now >= l->from_peer->since + HELLO_GAP)
		l->offer_anew = true;
}

static bool
on_open(struct party *p, uint64_t now, const struct msg *m)
{
	struct link	*l;
	bool		 first;

	if (!is_from_peer(p, m))
		return false;
	if (!sid_valid(m->sid) || !path_valid(m->path)) {
		p->refused++;
		return true;
	}
	l = by_path(p, m->path);
	if (l == NULL)
		return false;
	if (hostile(p, l, m)) {
		p->refused++;
		return true;
	}
	speak(p, now, is_ours(m->sid) && p->conf.dialect1 ? DIALECT_1 :
	    DIALECT_0);
	first = l->in.sid[0] == '\0';
	if (!inbound_open(&l->in, m->sid))
		on_same_session(l, now);
	else if (first)
		opening_nudge(&l->out, now);
	else
		on_other_session(l, now);
	if (first)
		l->fresh = false;
	return true;
}

static void
on_accept(struct link *l, uint64_t now)
{
	if (l->out.state == OPENING_DOWN)
		return;
	if (opening_accept(&l->out) && l->ready_at == 0)
		l->ready_at = now;
	l->out_ok = true;
	l->accepted = now;
	l->refused_shown = false;
	if (l->party->dialect == DIALECT_UNKNOWN)
		l->quiet_until = earlier(l->quiet_until, now + SILENCE);
	/*
	 * A second Accept says that what went between the two was lost: the
	 * peer's connection or the relay is another (2.2).
	 */
	if (l->m.legacy != NULL ? l->tx_ws > 0 : l->carrier != CARRIER_P2P)
		machine_rewind(&l->m, now, LEGACY_WS);
}

static void
on_reject(struct link *l, uint64_t now, const struct msg *m)
{
	bool	 unknown = span_is(m->reason, "unknown session");

	opening_reject(&l->out, now, m->reason);
	if (unknown)
		return;
	l->out_ok = false;
	if (!l->refused_shown)
		party_news(l->party, PARTY_EV_INFO, l, "rejected: %.*s",
		    (int)(m->reason.n < 100 ? m->reason.n : 100),
		    m->reason.n > 0 ? (const char *)m->reason.p : "");
	l->refused_shown = true;
}

static void
on_close(struct link *l, uint64_t now, bool ours)
{
	static const struct span	 reason = { NULL, 0 };

	if (ours) {
		l->out_ok = false;
		opening_reject(&l->out, now, reason);
	} else {
		inbound_close(&l->in);
		machine_abort(&l->m, now, "the peer closed the link");
		begin_anew(l, now);
		l->fresh = false;
	}
	check_pair(l->party);
}

/*
 * The peer's process is known by now. Links whose bytes are with an earlier
 * one begin anew and are opened again; the one that brought the news by its
 * Accept has just been.
 */
static void
meet(struct party *p, uint64_t now, uint64_t instance, struct link *by,
    bool on_out)
{
	struct link	*l;

	if (p->instance != 0 && p->instance != instance) {
		forget_pair(p);
		party_news(p, PARTY_EV_INFO, NULL, "has restarted");
	}
	p->instance = instance;
	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (l->instance != 0 && l->instance != instance) {
			begin_anew(l, now);
			l->fresh = l != by || on_out;
			if (l != by || !on_out) {
				l->out_ok = false;
				opening_again(&l->out, now);
			}
			if (l == by && !on_out)
				l->in_ok = true;
		}
		l->instance = instance;
	}
}

static void
on_hello(struct link *l, uint64_t now, const struct msg *m, bool on_out)
{
	struct hello	 h;

	if (!l->party->conf.dialect1)
		return;
	if (token_hello_decode(m->token, &h) == -1) {
		l->party->bad++;
		return;
	}
	speak(l->party, now, DIALECT_1);
	if (on_out)
		l->hello_due = true;
	else
		l->hello_at = NEVER;
	meet(l->party, now, h.instance, l, on_out);
}

static bool
we_offer(const struct party *p)
{
	return strcmp(p->me, p->peer) < 0;
}

/* The pair's connection, which only the greater email answers. */
static void
pair_offer(struct party *p, uint64_t now, const char *sdp, const char *sid)
{
	if (we_offer(p)) {
		p->bad++;
		return;
	}
	if (p->direct == NULL)
		p->direct = new_direct(p, NULL, false, true);
	if (p->direct != NULL)
		direct_offer(p->direct, now, sdp, sid);
}

static void
session_offer(struct link *l, uint64_t now, const char *sdp)
{
	if (l->to_peer == NULL)
		l->to_peer = new_direct(l->party, l, false, false);
	if (l->to_peer != NULL)
		direct_offer(l->to_peer, now, sdp, l->out.sid);
}

/* Said once until there is a better one: somebody may send many. */
static void
unusable_offer(struct link *l)
{
	struct party	*p = l->party;

	p->bad++;
	if (!p->offer_told)
		party_news(p, PARTY_EV_INFO, l, "an offer is ignored: no "
		    "description of less than %d bytes is in it", TOKEN_MAX);
	p->offer_told = true;
}

static void
on_offer(struct link *l, uint64_t now, const struct msg *m, bool on_out)
{
	struct party	*p = l->party;
	char		*sdp = malloc(TOKEN_MAX), id[TOKEN_OFFER];

	if (sdp == NULL)
		return;
	if (token_sdp_decode(m->token, sdp, TOKEN_MAX, id) == -1) {
		unusable_offer(l);
		goto out;
	}
	p->offer_told = false;
	if (p->dialect == DIALECT_UNKNOWN)
		speak(p, now, token_has_line(sdp, "a=x-hotlink:1") &&
		    p->conf.dialect1 ? DIALECT_1 : DIALECT_0);
	if (p->conf.transport == TRANSPORT_WS)
		goto out;
	if (p->dialect == DIALECT_1)
		pair_offer(p, now, sdp, (const char *)(on_out ?
		    l->out.sid : l->in.sid));
	else if (on_out)
		session_offer(l, now, sdp);
	else
		p->bad++;
out:
	free(sdp);
}

/* Whose connection a signal on this session is about. */
static struct direct *
direct_of(struct link *l, bool on_out)
{
	if (l->party->dialect == DIALECT_1)
		return l->party->direct;
	return on_out ? l->to_peer : l->from_peer;
}

static void
on_candidate(struct link *l, uint64_t now, const struct msg *m, bool on_out)
{
	struct direct	*d;

	if (l->party->dialect == DIALECT_0 && on_out && l->to_peer == NULL &&
	    l->party->conf.transport != TRANSPORT_WS)
		l->to_peer = new_direct(l->party, l, false, false);
	d = direct_of(l, on_out);
	if (d != NULL)
		direct_candidate(d, now, m->token);
}

static void
on_answer(struct link *l, uint64_t now, const struct msg *m, bool on_out)
{
	struct direct	*d = direct_of(l, on_out);

	if (d != NULL)
		direct_answer(d, now, m->token);
}

static void
on_again(struct link *l, uint64_t now, const struct msg *m, bool on_out)
{
	(void)on_out;
	if (l->party->direct != NULL && l->party->dialect == DIALECT_1)
		direct_again(l->party->direct, now, m->token);
}

static void
on_restart(struct link *l, uint64_t now, const struct msg *m, bool on_out)
{
	(void)on_out;
	if (l->party->direct != NULL && l->party->dialect == DIALECT_1)
		direct_restart(l->party->direct, now, m->token);
}

/* The relay's way to reject a signal. */
static void
on_error(struct link *l, uint64_t now, const struct msg *m, bool on_out)
{
	if (!span_is(m->error, "unknown session"))
		return;
	if (on_out)
		opening_reject(&l->out, now, m->error);
	else
		inbound_unknown(&l->in);
}

static const struct {
	const char	*kind;
	void		(*act)(struct link *, uint64_t, const struct msg *,
			    bool on_out);
} signals[] = {
	{ "hlc_hello",		on_hello },
	{ "hlc_again",		on_again },
	{ "hlc_restart",	on_restart },
	{ "sdp_offer",		on_offer },
	{ "sdp_answer",		on_answer },
	{ "ice_candidate",	on_candidate },
	{ "quic_error",		on_error },
};

static void
on_signal(struct link *l, uint64_t now, const struct msg *m, bool on_out)
{
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (span_is(m->kind, signals[i].kind)) {
			signals[i].act(l, now, m, on_out);
			return;
		}
}

bool
party_message(struct party *p, uint64_t now, const struct msg *m)
{
	struct link	*l;
	bool		 ours;

	p->dirty = true;
	if (m->type == MSG_OPEN)
		return on_open(p, now, m);
	if (m->type < MSG_OPEN || m->type > MSG_SIGNAL)
		return false;
	l = by_out(p, m->sid);
	ours = l != NULL;
	if (l == NULL)
		l = by_in(p, m->sid);
	if (l == NULL)
		return false;
	if (m->type == MSG_ACCEPT && ours)
		on_accept(l, now);
	else if (m->type == MSG_REJECT && ours)
		on_reject(l, now, m);
	else if (m->type == MSG_REJECT)
		inbound_unknown(&l->in);
	else if (m->type == MSG_DATA && !ours)
		p->bad += !carry_data(l, now, m);
	else if (m->type == MSG_CLOSE)
		on_close(l, now, ours);
	else if (m->type == MSG_SIGNAL)
		on_signal(l, now, m, ours);
	else
		p->bad++;
	return true;
}

bool
party_has_path(const struct party *p, struct span path)
{
	return path_valid(path) && by_path(p, path) != NULL;
}

void
party_relay(struct party *p, uint64_t now, bool up)
{
	p->relay = up;
	p->dirty = true;
	for (size_t i = 0; i < p->nlinks; i++) {
		opening_relay(&p->link[i]->out, now, up);
		inbound_relay(&p->link[i]->in, up);
		p->link[i]->quiet_until = NEVER;
		if (up && p->link[i]->from_peer != NULL)
			direct_relay(p->link[i]->from_peer, now);
	}
	if (!up)
		p->nclosed = 0;
	if (up && p->direct != NULL)
		direct_relay(p->direct, now);
}

static void
stamp(struct party *p, struct msg *m, enum msg_type type, const char *sid)
{
	memset(m, 0, sizeof(*m));
	snprintf(p->id, sizeof(p->id), "%06x",
	    (unsigned)(p->next_id++ & 0xffffff));
	snprintf(p->said_sid, sizeof(p->said_sid), "%s", sid);
	m->type = (uint16_t)type;
	m->id = span_of(p->id);
	m->sid = span_of(p->said_sid);
}

static bool
say_signal(struct party *p, struct msg *m, const char *kind, const char *sid)
{
	stamp(p, m, MSG_SIGNAL, sid);
	m->kind = span_of(kind);
	m->token = span_of(p->token);
	return true;
}

static bool
say_hello(struct party *p, struct msg *m, const char *sid)
{
	struct hello	 h = {
		.instance = p->conf.instance, .version = 1,
		.max_frame = FRAME_MAX,
	};

	if (token_hello(p->token, TOKEN_MAX, &h,
	    p->conf.version != NULL ? p->conf.version : "") == -1)
		return false;
	return say_signal(p, m, "hlc_hello", sid);
}

static bool
say_open(struct link *l, uint64_t now, struct msg *m)
{
	opening_said(&l->out, now);
	stamp(l->party, m, MSG_OPEN, l->out.sid);
	m->path = span_of(l->open_path);
	m->to = span_of(l->party->peer);
	return true;
}

static bool
say_accept(struct link *l, uint64_t now, struct msg *m)
{
	inbound_said(&l->in, now);
	l->in_ok = true;
	if (l->ready_at == 0)
		l->ready_at = now;
	l->hello_at = NEVER;
	if (l->party->conf.dialect1 && is_ours(span_of(l->in.sid))) {
		l->hello_at = now;
		l->hello_tries = 0;
	}
	stamp(l->party, m, MSG_ACCEPT, l->in.sid);
	return true;
}

static bool
say_hello_due(struct link *l, uint64_t now, struct msg *m)
{
	if (l->in.state == INBOUND_ACCEPTED && l->hello_at <= now) {
		l->hello_tries++;
		l->hello_at = l->hello_tries < HELLO_TRIES ?
		    now + HELLO_GAP : NEVER;
		return say_hello(l->party, m, l->in.sid);
	}
	if (l->hello_due && l->out.state == OPENING_ACCEPTED) {
		l->hello_due = false;
		return say_hello(l->party, m, l->out.sid);
	}
	return false;
}

static bool
say_direct(struct party *p, struct direct *d, uint64_t now, struct msg *m,
    const char *sid)
{
	const char	*kind;

	if (d == NULL)
		return false;
	kind = direct_say(d, now, p->token);
	p->dirty |= kind != NULL;	/* what failed waits for its answer */
	return kind != NULL && say_signal(p, m, kind, sid);
}

static bool
say_link(struct link *l, uint64_t now, struct msg *m)
{
	struct party	*p = l->party;

	if (opening_due(&l->out, now))
		return say_open(l, now, m);
	if (inbound_due(&l->in))
		return say_accept(l, now, m);
	if (say_hello_due(l, now, m))
		return true;
	if (l->out.state == OPENING_ACCEPTED &&
	    say_direct(p, l->to_peer, now, m, l->out.sid))
		return true;
	return inbound_settled(&l->in, now) &&
	    say_direct(p, l->from_peer, now, m, l->in.sid);
}

/*
 * A session for the pair's signals: the one that is answered if it still is
 * one, else any. Both ends of an accepted session may signal in it.
 */
static const char *
pair_session(const struct party *p, uint64_t now)
{
	const struct link	*l;
	const char		*any = NULL;

	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		if (l->out.state == OPENING_ACCEPTED) {
			if (strcmp(l->out.sid, p->direct->sid) == 0)
				return l->out.sid;
			any = l->out.sid;
		}
		if (inbound_settled(&l->in, now)) {
			if (strcmp(l->in.sid, p->direct->sid) == 0)
				return l->in.sid;
			any = any != NULL ? any : l->in.sid;
		}
	}
	return any;
}

static bool
say_pair(struct party *p, uint64_t now, struct msg *m)
{
	const char	*sid;

	if (p->direct == NULL || (sid = pair_session(p, now)) == NULL)
		return false;
	return say_direct(p, p->direct, now, m, sid);
}

/* Every link gets its turn: one that has much to say delays no other. */
bool
say_control(struct party *p, uint64_t now, struct msg *m)
{
	if (!p->relay)
		return false;
	if (p->nclosed > 0) {
		stamp(p, m, MSG_CLOSE, p->closed[--p->nclosed]);
		return true;
	}
	for (size_t i = 0; i < p->nlinks; i++) {
		p->turn_say = (p->turn_say + 1) % p->nlinks;
		if (say_link(p->link[p->turn_say], now, m))
			return true;
	}
	return say_pair(p, now, m);
}

/* Only what is still ahead: what is due is said when there is room. */
static uint64_t
ahead(const struct party *p, uint64_t best, uint64_t at)
{
	return at > p->ticked ? earlier(best, at) : best;
}

uint64_t
signal_deadline(const struct party *p, uint64_t best)
{
	const struct link	*l;

	for (size_t i = 0; i < p->nlinks; i++) {
		l = p->link[i];
		best = earlier(best, l->quiet_until);
		if (!p->relay)
			continue;
		best = ahead(p, best, l->out.at);
		if (l->in.state != INBOUND_ACCEPTED)
			continue;
		best = ahead(p, best, l->hello_at);
		best = ahead(p, best, l->in.said + INBOUND_SETTLE);
	}
	return best;
}
