/*
 * ICE, DTLS, SCTP and SRTP joined to one peer connection (RFC 8829).
 *
 * The layers start from the bottom: DTLS when ICE has a path and the remote
 * description is known, SCTP when DTLS is up. What SCTP puts into the batch is
 * plaintext and is sealed here, where it lies, before anybody else sees it:
 * every call into the association is bracketed by open_batch and close_batch.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "crypto/cert.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "dtls/dtls.h"
#include "peer/early.h"
#include "peer/mtu.h"
#include "peer/peer.h"
#include "peer/sdp.h"
#include "peer/tracks.h"

enum {
	/*
	 * What SCTP may hold: near, two turns of either end, since less makes
	 * them wait for each other and more falls out of the cache; far, what
	 * is under way.
	 */
	SPACE_NEAR = 2 << 20, SPACE_FAR = 4 << 20, SPACE_LEAST = 256 << 10,
	REOPEN_GAP = 1 * SEC,	/* between two that the peer wants */
	MESSAGE_MAX = 262144,	/* field.md: never trust a larger limit */
	MESSAGE_DEFAULT = 65535,	/* no a=max-message-size */
};

struct peer {
	struct peer_conf	 conf;
	struct ice		*ice;
	struct dtls		*dtls;
	struct assoc		*assoc;
	struct tracks		 tracks;
	enum peer_state		 state;
	const char		*why;
	bool			 told_failed;
	bool			 has_remote;
	struct sdp		*remote;
	uint64_t		 session_id;
	struct early		*early;
	uint64_t		 forged;
	struct mtu		 mtu;
	/* a fresh association began; of our doing: as the size changed */
	bool			 tell_reopened, resized;
	uint64_t		 reopened, resizes;
};

static void
set_state(struct peer *p, enum peer_state state)
{
	if (p->state != PEER_FAILED && state > p->state)
		p->state = state;
}

static void
fail(struct peer *p, const char *why)
{
	if (p->state == PEER_FAILED)
		return;
	p->why = why != NULL ? why : "unknown reason";
	set_state(p, PEER_FAILED);
}

struct peer *
peer_new(const struct peer_conf *conf, uint64_t now)
{
	struct peer	*p = calloc(1, sizeof(*p));
	struct ice_conf	 ice = {
		.rng = conf->rng, .controlling = conf->offerer,
		.lite = conf->lite, .nat = conf->nat, .nnat = conf->nnat,
	};

	if (p == NULL)
		return NULL;
	p->conf = *conf;
	p->conf.hosts = NULL;
	p->conf.stuns = NULL;
	p->conf.relays = NULL;
	mtu_init(&p->mtu, conf->mtu, conf->mtu_most);
	if (p->conf.max_message == 0)
		p->conf.max_message = MESSAGE_DEFAULT;
	p->session_id = rng_u64(conf->rng) >> 1;
	p->remote = calloc(1, sizeof(*p->remote));
	p->ice = ice_new(&ice, now);
	if (p->remote == NULL || p->ice == NULL) {
		peer_free(p);
		return NULL;
	}
	for (size_t i = 0; i < conf->nhosts; i++)
		ice_add_host(p->ice, now, &conf->hosts[i]);
	for (size_t i = 0; i < conf->nstuns; i++)
		ice_add_stun(p->ice, now, &conf->stuns[i]);
	for (size_t i = 0; i < conf->nrelays; i++)
		ice_add_relay(p->ice, now, &conf->relays[i]);
	return p;
}

void
peer_free(struct peer *p)
{
	if (p == NULL)
		return;
	assoc_free(p->assoc);
	tracks_fini(&p->tracks);
	dtls_free(p->dtls);
	ice_free(p->ice);
	free(p->early);
	free(p->remote);
	free(p);
}

/* What SCTP says from here on goes to the selected path. */
static size_t
open_batch(struct peer *p, struct batch *tx)
{
	const struct path	*path = ice_path(p->ice);

	if (path != NULL)
		tx->to = *path;
	return tx->n;
}

/* Seal what was added since; what nobody hears is lost, as on a network. */
static void
close_batch(struct peer *p, struct batch *tx, size_t mark)
{
	bool	 heard = ice_path(p->ice) != NULL && p->state != PEER_FAILED;
	size_t	 kept = mark;

	for (size_t i = mark; i < tx->n && heard; i++) {
		dtls_seal(p->dtls, &tx->d[i]);
		if (tx->d[i].n > 0)
			tx->d[kept++] = tx->d[i];
	}
	tx->n = kept;
}

static bool
is_client(const struct peer *p)
{
	if (p->conf.offerer)
		return p->remote->setup == SDP_PASSIVE;
	return p->remote->setup != SDP_ACTIVE;
}

static void
start_dtls(struct peer *p, uint64_t now)
{
	struct dtls_conf	 conf = {
		.client = is_client(p), .cert = p->conf.cert,
		.rng = p->conf.rng, .key_id = p->conf.key_id,
		.mtu = p->mtu.size < PEER_MTU ? p->mtu.size : PEER_MTU,
	};
	struct ice_info		 info;

	memcpy(conf.fingerprint, p->remote->fingerprint,
	    sizeof(conf.fingerprint));
	if (ice_info(p->ice, &info) && info.rtt > 0)
		conf.rto = 2 * info.rtt > 50 * MS ? 2 * info.rtt : 50 * MS;
	p->dtls = dtls_new(&conf, now);
	if (p->dtls == NULL)
		fail(p, "out of memory");
}

static bool
is_far(const struct peer *p)
{
	struct ice_info	 info;

	return ice_info(p->ice, &info) && info.rtt >= PEER_FAR;
}

static size_t
space_for(const struct peer *p)
{
	size_t	 n = is_far(p) ? SPACE_FAR : SPACE_NEAR;

	if (p->conf.space != 0 && n > p->conf.space)
		n = p->conf.space;
	return n > SPACE_LEAST ? n : SPACE_LEAST;
}

static void
start_sctp(struct peer *p, uint64_t now, struct batch *tx)
{
	struct assoc_conf	 conf = {
		.client = is_client(p),
		.mtu = (p->mtu.size - DTLS_OVERHEAD) & ~(size_t)3,
		.sndbuf = is_far(p) ? 0 : space_for(p),
		.sndbuf_most = space_for(p),
		/* usrsctp counts 256 bytes more for each chunk against it. */
		.rcvbuf = space_for(p) / 4 * (is_far(p) ? 5 : 4),
		/* Other stacks are slow to answer, and not the path. */
		.newreno = !p->remote->hotlink && !is_far(p),
		.bare = p->remote->hotlink, .keeps = p->remote->hotlink,
	};
	size_t			 mark;

	p->assoc = assoc_new(&conf, now);
	if (p->assoc == NULL) {
		fail(p, "out of memory");
		return;
	}
	mark = open_batch(p, tx);
	assoc_start(p->assoc, now, tx);
	close_batch(p, tx, mark);
}

/*
 * An association's size cannot grow, and its chunks cannot be cut again once
 * they are numbered: so a fresh one goes on within the same DTLS, with no word
 * to the relay. Whoever wants it just begins; that tells the other (RFC 9260
 * has its INIT as a restart, but nothing of the old one is kept here).
 */
static void
reopen(struct peer *p, uint64_t now, struct batch *tx)
{
	assoc_free(p->assoc);
	p->assoc = NULL;
	p->reopened = now;
	p->tell_reopened = true;
	p->state = PEER_CONNECTING;
	start_sctp(p, now, tx);
}

/* The peer's wish; it says it again if it comes too soon. */
static bool
reopens(struct peer *p, uint64_t now, const struct span *app,
    struct batch *tx)
{
	if (!p->remote->reopens || !assoc_is_another(p->assoc, app->p, app->n))
		return true;
	if (p->reopened != 0 && now < p->reopened + REOPEN_GAP)
		return false;
	mtu_renew(&p->mtu, p->ice, now);
	reopen(p, now, tx);
	return p->assoc != NULL;
}

/* One record's plaintext for SCTP. */
static void
deliver(struct peer *p, uint64_t now, struct span *app, struct batch *tx)
{
	size_t	 mark;

	if (app->n == 0 || p->assoc == NULL || !reopens(p, now, app, tx))
		return;
	mark = open_batch(p, tx);
	assoc_input(p->assoc, now, app->p, app->n, tx);
	close_batch(p, tx, mark);
}

static void
check_dtls(struct peer *p, uint64_t now, struct batch *tx)
{
	switch (dtls_state(p->dtls)) {
	case DTLS_HANDSHAKE:
		break;
	case DTLS_UP:
		if (p->assoc == NULL && mtu_known(&p->mtu, p->ice, now))
			start_sctp(p, now, tx);
		break;
	case DTLS_CLOSED:
		fail(p, "closed by the peer");
		break;
	case DTLS_FAILED:
		fail(p, dtls_why(p->dtls));
		break;
	}
}

static void
dtls_datagram(struct peer *p, uint64_t now, uint8_t *bytes, size_t n,
    struct batch *tx)
{
	struct span		 datagram = { bytes, n }, app;
	const struct path	*path = ice_path(p->ice);

	for (;;) {
		if (path != NULL)
			tx->to = *path;
		if (!dtls_input(p->dtls, now, &datagram, &app, tx))
			break;
		check_dtls(p, now, tx);
		if (p->state == PEER_FAILED)
			return;
		deliver(p, now, &app, tx);
	}
	check_dtls(p, now, tx);
}

/* Records that came before our own check had succeeded (field.md 2.4). */
static void
replay_early(struct peer *p, uint64_t now, struct batch *tx)
{
	struct early_dgram	*e;

	for (size_t i = 0; p->early != NULL && i < p->early->n; i++) {
		e = &p->early->kept[i];
		if (p->dtls != NULL && ice_valid(p->ice, &e->from))
			dtls_datagram(p, now, e->bytes, e->n, tx);
	}
	free(p->early);
	p->early = NULL;
}

/* Whatever the last call changed below: start the next layer. */
static void
advance(struct peer *p, uint64_t now, struct batch *tx)
{
	if (p->state == PEER_FAILED)
		return;
	if (ice_state(p->ice) == ICE_FAILED) {
		fail(p, ice_why(p->ice));
		return;
	}
	if (p->dtls == NULL && p->has_remote && ice_path(p->ice) != NULL) {
		start_dtls(p, now);
		if (p->dtls == NULL)
			return;
		tx->to = *ice_path(p->ice);
		dtls_tick(p->dtls, now, tx);
		mtu_seek(&p->mtu, p->ice, now, !p->remote->hotlink, tx);
		replay_early(p, now, tx);
	} else if (p->dtls != NULL && p->assoc == NULL)
		check_dtls(p, now, tx);
}

bool
peer_input(struct peer *p, uint64_t now, const struct path *from,
    uint8_t *bytes, size_t n, struct batch *tx)
{
	if (p->state == PEER_FAILED || n == 0)
		return false;
	if (ice_looks_like_stun(bytes, n)) {
		if (!ice_input(p->ice, now, from, bytes, n, tx))
			return false;
		advance(p, now, tx);
		return true;
	}
	if (rtp_looks_like(bytes, n) && p->dtls != NULL &&
	    ice_valid(p->ice, from)) {
		tracks_key(&p->tracks, p->dtls, is_client(p));
		tracks_input(&p->tracks, now, bytes, n);
		return true;
	}
	if (bytes[0] < 20 || bytes[0] > 63)
		return false;		/* RFC 7983: not DTLS */
	if (p->dtls != NULL && ice_valid(p->ice, from)) {
		dtls_datagram(p, now, bytes, n, tx);
		return true;
	}
	if (p->dtls != NULL || !ice_knows(p->ice, from))
		return false;
	early_keep(&p->early, from, bytes, n);
	return true;
}

static void
goodbye(struct peer *p, uint64_t now, struct batch *tx)
{
	size_t	 mark = open_batch(p, tx);

	if (p->assoc != NULL)
		assoc_abort(p->assoc, now, tx);
	close_batch(p, tx, mark);
	if (p->dtls != NULL && ice_path(p->ice) != NULL)
		dtls_close(p->dtls, now, tx);
}

/* If the peer does not know how, a new connection has to carry on. */
static void
watch_mtu(struct peer *p, uint64_t now, struct batch *tx)
{
	bool	 knows = p->remote->reopens;

	if (p->state != PEER_UP || mtu_tick(&p->mtu, p->ice, now,
	    assoc_stalled(p->assoc), knows, tx) == MTU_SAME)
		return;
	p->resized = true;
	p->resizes++;
	if (knows) {
		reopen(p, now, tx);
		return;
	}
	goodbye(p, now, tx);
	fail(p, "the path carries only smaller datagrams now");
}

void
peer_tick(struct peer *p, uint64_t now, struct batch *tx)
{
	size_t	 mark;

	if (p->state == PEER_FAILED)
		return;
	ice_tick(p->ice, now, tx);
	advance(p, now, tx);
	if (p->dtls != NULL && ice_path(p->ice) != NULL) {
		tx->to = *ice_path(p->ice);
		dtls_tick(p->dtls, now, tx);
		check_dtls(p, now, tx);
	}
	if (p->assoc == NULL)
		return;
	mark = open_batch(p, tx);
	assoc_tick(p->assoc, now, tx);
	close_batch(p, tx, mark);
	watch_mtu(p, now, tx);
}

uint64_t
peer_deadline(const struct peer *p)
{
	uint64_t	 at;

	if (p->state == PEER_FAILED)
		return NEVER;
	at = ice_deadline(p->ice);
	if (p->dtls != NULL && ice_path(p->ice) != NULL)
		at = earlier(at, dtls_deadline(p->dtls));
	if (p->assoc != NULL)
		at = earlier(at, assoc_deadline(p->assoc));
	if (p->state == PEER_UP)
		at = earlier(at, mtu_deadline(&p->mtu));
	return at;
}

static bool
ice_to_peer(struct peer *p, uint64_t now, struct peer_event *ev)
{
	struct ice_event	 e;

	while (ice_event(p->ice, &e)) {
		memcpy(ev->text, e.text, sizeof(ev->text));
		switch (e.type) {
		case ICE_EV_CANDIDATE:
			ev->type = PEER_EV_CANDIDATE;
			return true;
		case ICE_EV_NAME:
			ev->type = PEER_EV_NAME;
			return true;
		case ICE_EV_SERVER:
			ev->type = PEER_EV_SERVER;
			return true;
		case ICE_EV_PATH:
			if (p->assoc != NULL)
				assoc_moved(p->assoc, now);
			mtu_moved(&p->mtu, now);
			ev->type = PEER_EV_PATH;
			return true;
		case ICE_EV_LOST:
			ev->type = PEER_EV_LOST;
			return true;
		case ICE_EV_FAILED:
			fail(p, ice_why(p->ice));
			break;
		}
	}
	return false;
}

static const enum peer_event_type	 from_assoc[] = {
	[ASSOC_EV_UP]		= PEER_EV_UP,
	[ASSOC_EV_OPEN]		= PEER_EV_OPEN,
	[ASSOC_EV_DATA]		= PEER_EV_DATA,
	[ASSOC_EV_CLOSED]	= PEER_EV_CLOSED,
};

/* Of one that has failed only the messages, which will not be sent again. */
static bool
assoc_to_peer(struct peer *p, uint64_t now, struct peer_event *ev,
    struct batch *tx)
{
	struct assoc_event	 e;
	size_t			 mark;
	bool			 more;

	for (;;) {
		mark = open_batch(p, tx);
		more = assoc_event(p->assoc, now, &e, tx);
		close_batch(p, tx, mark);
		if (more && e.type == ASSOC_EV_LOST)
			fail(p, assoc_why(p->assoc));
		if (!more || e.type == ASSOC_EV_LOST)
			return false;
		if (e.type == ASSOC_EV_ACKED ||
		    (p->state == PEER_FAILED && e.type != ASSOC_EV_DATA))
			continue;
		if (e.type == ASSOC_EV_UP)
			set_state(p, PEER_UP);
		ev->type = from_assoc[e.type];
		ev->channel = e.channel;
		ev->data = e.data;
		ev->label = e.label;
		ev->protocol = e.protocol;
		return true;
	}
}

/* What the other side calls our payload type; or it is not different. */
static uint8_t
media_pt(const struct peer *p)
{
	const struct sdp_section	*x = sdp_media_of(p->remote);

	return x != NULL ? x->pt : p->conf.media->pt;
}

static bool
next_media(struct peer *p, struct peer_event *ev)
{
	struct tracks_pt	 pt;

	if (!tracks_next(&p->tracks, &ev->data, &ev->rtp))
		return false;
	if (!ev->rtp.rtcp && p->conf.media != NULL) {
		pt = (struct tracks_pt){ media_pt(p), p->conf.media->pt };
		tracks_renumber(ev->data.p, &pt);
	}
	ev->type = PEER_EV_MEDIA;
	return true;
}

bool
peer_event(struct peer *p, uint64_t now, struct peer_event *ev,
    struct batch *tx)
{
	ev->data = (struct span){ NULL, 0 };
	if (p->state != PEER_FAILED && p->tell_reopened) {
		ev->type = PEER_EV_REOPENED;
		ev->resized = p->resized;
		p->tell_reopened = p->resized = false;
		return true;
	}
	if (p->state != PEER_FAILED &&
	    (ice_to_peer(p, now, ev) || next_media(p, ev)))
		return true;
	if (!p->told_failed && p->assoc != NULL &&
	    assoc_to_peer(p, now, ev, tx))
		return true;
	if (p->state == PEER_FAILED && !p->told_failed) {
		p->told_failed = true;
		ev->type = PEER_EV_FAILED;
		return true;
	}
	return false;
}

void
peer_hold(struct peer *p, bool held)
{
	if (p->assoc != NULL)
		assoc_hold(p->assoc, held && p->state != PEER_FAILED);
}

int
peer_local_sdp(struct peer *p, char *buf, size_t cap)
{
	struct sdp	*s = calloc(1, sizeof(*s));
	int		 n;

	if (s == NULL)
		return -1;
	snprintf(s->ufrag, sizeof(s->ufrag), "%s", ice_ufrag(p->ice));
	snprintf(s->pwd, sizeof(s->pwd), "%s", ice_pwd(p->ice));
	snprintf(s->mid, sizeof(s->mid), "%s",
	    p->has_remote ? p->remote->mid : "0");
	cert_fingerprint(p->conf.cert, s->fingerprint);
	s->setup = SDP_ACTPASS;
	if (!p->conf.offerer)
		s->setup = is_client(p) ? SDP_ACTIVE : SDP_PASSIVE;
	s->sctp_port = 5000;
	s->max_message = (uint32_t)p->conf.max_message;
	s->ice_lite = p->conf.lite;
	s->hotlink = s->reopens = true;
	while (s->ncandidates < SDP_CANDIDATES && ice_candidate(p->ice,
	    s->ncandidates, s->candidate[s->ncandidates]) != NULL)
		s->ncandidates++;
	n = p->conf.media == NULL ?
	    sdp_encode(s, p->conf.offerer, p->session_id, buf, cap) :
	    sdp_encode_media(s, p->conf.offerer ? NULL : p->remote,
	    p->conf.media, p->session_id, buf, cap);
	free(s);
	return n;
}

static int
set_remote(struct peer *p, uint64_t now, const struct sdp *s)
{
	if (s->hotlink)
		ice_peer_follows(p->ice);
	return ice_set_remote(p->ice, now, s->ufrag, s->pwd, s->ice_lite);
}

/* Their first description. */
static int
first_remote(struct peer *p, uint64_t now, const struct sdp *s)
{
	if (p->conf.offerer && s->setup == SDP_ACTPASS) {
		fail(p, "answer with setup:actpass");
		return -1;
	}
	*p->remote = *s;
	p->has_remote = true;
	set_state(p, PEER_CONNECTING);
	return set_remote(p, now, s);
}

/* A later one: the same again, or an ICE restart; never another identity. */
static int
later_remote(struct peer *p, uint64_t now, const struct sdp *s)
{
	if (memcmp(s->fingerprint, p->remote->fingerprint,
	    sizeof(s->fingerprint)) != 0) {
		fail(p, "fingerprint changed in a later description");
		return -1;
	}
	if (strcmp(s->ufrag, p->remote->ufrag) == 0 &&
	    strcmp(s->pwd, p->remote->pwd) == 0)
		return 0;
	if (!p->conf.offerer)
		ice_restart(p->ice, now);
	memcpy(p->remote->ufrag, s->ufrag, sizeof(s->ufrag));
	memcpy(p->remote->pwd, s->pwd, sizeof(s->pwd));
	return set_remote(p, now, s);
}

int
peer_remote_sdp(struct peer *p, uint64_t now, const char *text, size_t n)
{
	struct sdp	*s = calloc(1, sizeof(*s));
	const char	*why = "out of memory";
	int		 ok = -1;

	if (s == NULL || sdp_decode_media(s, p->conf.media, text,
	    n, &why) == -1) {
		if (!p->has_remote)
			fail(p, why);
		goto out;
	}
	ok = p->has_remote ? later_remote(p, now, s) : first_remote(p, now, s);
	for (size_t i = 0; ok == 0 && i < s->ncandidates; i++)
		ice_add_remote(p->ice, now, s->candidate[i]);
	/* Known before any event is asked for: who answers says so first. */
	if (ok == 0 && ice_state(p->ice) == ICE_FAILED)
		fail(p, ice_why(p->ice));
out:
	free(s);
	return ok;
}

int
peer_remote_candidate(struct peer *p, uint64_t now, const char *text)
{
	return ice_add_remote(p->ice, now, text);
}

int
peer_add_stun(struct peer *p, uint64_t now, const struct addr *server)
{
	return ice_add_stun(p->ice, now, server);
}

int
peer_add_relay(struct peer *p, uint64_t now, const struct addr *relayed)
{
	return ice_add_relay(p->ice, now, relayed);
}

struct ice *
peer_ice(const struct peer *p)
{
	return p->ice;
}

void
peer_set_hosts(struct peer *p, uint64_t now, const struct addr *hosts,
    size_t n)
{
	ice_set_hosts(p->ice, now, hosts, n);
}

void
peer_drop(struct peer *p, uint64_t now, const struct addr *a)
{
	ice_drop(p->ice, now, a);
}

void
peer_doubt(struct peer *p, uint64_t now)
{
	ice_doubt(p->ice, now);
}

void
peer_restart(struct peer *p, uint64_t now)
{
	ice_restart(p->ice, now);
}

bool
peer_is_hotlink(const struct peer *p)
{
	return p->has_remote && p->remote->hotlink;
}

size_t
peer_max_message(const struct peer *p)
{
	size_t	 n = p->has_remote ? p->remote->max_message : MESSAGE_DEFAULT;

	return n == 0 || n > MESSAGE_MAX ? MESSAGE_MAX : n;
}

int
peer_open(struct peer *p, uint64_t now, const char *label,
    const char *protocol, const struct assoc_how *how, struct batch *tx)
{
	size_t	 mark;
	int	 channel;

	if (p->state != PEER_UP)
		return -1;
	mark = open_batch(p, tx);
	channel = assoc_open(p->assoc, now, label, protocol, how, tx);
	close_batch(p, tx, mark);
	return channel;
}

bool
peer_send(struct peer *p, uint64_t now, uint16_t channel,
    const struct span *head, const struct span *body, struct batch *tx)
{
	size_t	 mark;
	bool	 sent;

	if (p->state != PEER_UP)
		return false;
	mark = open_batch(p, tx);
	sent = assoc_send2(p->assoc, now, channel, head, body, tx);
	close_batch(p, tx, mark);
	return sent;
}

bool
peer_send_how(struct peer *p, uint64_t now, uint16_t channel,
    const struct assoc_how *how, const void *bytes, size_t n,
    struct batch *tx)
{
	size_t	 mark;
	bool	 sent;

	if (p->state != PEER_UP)
		return false;
	mark = open_batch(p, tx);
	sent = assoc_send_how(p->assoc, now, channel, how, bytes, n, tx);
	close_batch(p, tx, mark);
	return sent;
}

bool
peer_media_fits(const struct peer *p, size_t n)
{
	return n + GUARD_GROWTH <= p->mtu.size;
}

enum guard_result
peer_send_media(struct peer *p, const void *owner, const void *bytes,
    size_t n, struct rtp *h, struct batch *tx)
{
	struct span		 s = { (uint8_t *)(uintptr_t)bytes, n };
	struct tracks_pt	 pt = { 0, 0 };

	if (p->conf.media != NULL)
		pt = (struct tracks_pt){ p->conf.media->pt, media_pt(p) };
	if (p->state != PEER_UP ||
	    !tracks_key(&p->tracks, p->dtls, is_client(p)))
		return tracks_refuse(&p->tracks, GUARD_UNKEYED);
	if (ice_path(p->ice) == NULL)
		return tracks_refuse(&p->tracks, GUARD_FAILED);
	open_batch(p, tx);
	return tracks_send(&p->tracks, owner, &s, &pt, h, tx);
}

size_t
peer_room(const struct peer *p)
{
	return p->state == PEER_UP ? assoc_room(p->assoc) : 0;
}

size_t
peer_unacked(const struct peer *p)
{
	return p->assoc != NULL ? assoc_unacked(p->assoc) : 0;
}

void
peer_close_channel(struct peer *p, uint64_t now, uint16_t channel,
    struct batch *tx)
{
	size_t	 mark;

	if (p->state != PEER_UP)
		return;
	mark = open_batch(p, tx);
	assoc_close(p->assoc, now, channel, tx);
	close_batch(p, tx, mark);
}

int
peer_theirs(const struct peer *p)
{
	return p->state == PEER_UP ? assoc_theirs(p->assoc) : -1;
}

void
peer_close(struct peer *p, uint64_t now, struct batch *tx)
{
	if (p->state == PEER_FAILED)
		return;
	goodbye(p, now, tx);
	fail(p, "closed");
	p->told_failed = true;
}

size_t
peer_mtu_lost(const struct peer *p)
{
	return p->mtu.lost;
}

bool
peer_wedged(const struct peer *p)
{
	return p->assoc != NULL && assoc_wedged(p->assoc);
}

enum peer_state
peer_state(const struct peer *p)
{
	return p->state;
}

const char *
peer_waits_for(const struct peer *p)
{
	if (p->dtls == NULL)
		return "no candidate pair answers yet";
	if (p->assoc == NULL)
		return "DTLS is not up yet";
	return "SCTP is not up yet";
}

const char *
peer_why(const struct peer *p)
{
	return p->why;
}

void
peer_sctp(const struct peer *p, struct assoc_info *info)
{
	if (p->assoc != NULL)
		assoc_info(p->assoc, info);
	else
		*info = (struct assoc_info){ .rtt_min = NEVER };
}

void
peer_info(const struct peer *p, struct peer_info *info)
{
	struct dtls_stats	 dtls;
	struct ice_stats	 ice;

	memset(info, 0, sizeof(*info));
	info->has_pair = ice_info(p->ice, &info->pair);
	ice_stats(p->ice, &ice);
	info->forged = p->forged + ice.bad_messages;
	info->mtu = p->mtu.size;
	info->resizes = p->resizes;
	tracks_stats(&p->tracks, info->media);
	if (p->dtls != NULL) {
		dtls_stats(p->dtls, &dtls);
		info->forged += dtls.bad_records;
		if (dtls_state(p->dtls) == DTLS_UP)
			info->suite = dtls_suite(p->dtls);
	}
	peer_sctp(p, &info->sctp);
}
