#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "session/direct.h"

/* Seconds between offers: to one of us; to upstream only twice (11.6). */
static const unsigned	 pair_s[] = { 1, 2, 4, 8 };
enum { PAIR_WAITS = sizeof(pair_s) / sizeof(pair_s[0]) };
enum { UPSTREAM_WAIT = 3 * SEC, UPSTREAM_OFFERS = 3 };

static const char *const	 names[] = {
	[DIRECT_OFF]		= "off",
	[DIRECT_PAUSE]		= "pause",
	[DIRECT_OFFERING]	= "offering",
	[DIRECT_CONNECTING]	= "connecting",
	[DIRECT_UP]		= "up",
	[DIRECT_LOST]		= "lost",
};

static void
set_state(struct direct *d, uint64_t now, enum direct_state state)
{
	if (d->state == state)
		return;
	log_debug("direct: %s, was %s", names[state], names[d->state]);
	d->state = state;
	d->since = now;
	d->quiet = false;
	d->restart_due = false;
}

struct direct *
direct_new(const struct direct_conf *conf)
{
	struct direct	*d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->conf = *conf;
	d->at = NEVER;
	return d;
}

static void
end_peer(struct direct *d)
{
	struct peer_info	 info;

	if (d->peer == NULL)
		return;
	peer_info(d->peer, &info);
	d->forged += info.forged;
	d->resizes += info.resizes;
	for (int i = 0; i < GUARD_RESULTS; i++)
		d->media[i] += info.media[i];
	d->nchecks = ice_checks(peer_ice(d->peer), d->check, ICE_SHOWN);
	peer_free(d->peer);
	d->peer = NULL;
	d->ntrickle = 0;
	d->answer_due = false;
}

void
direct_free(struct direct *d)
{
	if (d == NULL)
		return;
	end_peer(d);
	free(d);
}

static uint64_t
pause_of(const struct direct *d)
{
	unsigned	 s = d->failures < 5 ? 1u << d->failures :
			    DIRECT_PAUSE_MAX_S;

	return (uint64_t)s * SEC;
}

void
direct_fail(struct direct *d, uint64_t now, const char *why)
{
	if (d->state == DIRECT_UP && now >= d->since + DIRECT_STABLE)
		d->failures = 0;
	end_peer(d);
	d->why = why;
	d->untold = true;
	set_state(d, now, DIRECT_PAUSE);
	d->at = now + pause_of(d);
	d->failures++;
}

void
direct_hang_up(struct direct *d, uint64_t now, const char *why,
    struct batch *tx)
{
	if (d->peer != NULL)
		peer_close(d->peer, now, tx);
	direct_fail(d, now, why);
}

static bool
make_peer(struct direct *d, uint64_t now)
{
	end_peer(d);
	if (now >= d->shrunk + DIRECT_RAISE * (uint64_t)SEC)
		d->conf.peer.mtu_most = 0;
	d->peer = peer_new(&d->conf.peer, now);
	if (d->peer == NULL) {
		direct_fail(d, now, "out of memory");
		return false;
	}
	d->tries = 0;
	return true;
}

void
direct_start(struct direct *d, uint64_t now)
{
	if (!d->conf.peer.offerer || d->state == DIRECT_UP ||
	    !make_peer(d, now))
		return;
	set_state(d, now, DIRECT_OFFERING);
	d->at = now;
	d->offered = now;
}

/*
 * An offer with another session id is another connection of the peer's; with
 * the same it repeats what we know or restarts ICE, which peer tells apart.
 */
void
direct_offer(struct direct *d, uint64_t now, const char *sdp, const char *sid)
{
	char	 id[TOKEN_OFFER];
	bool	 fresh;

	if (d->conf.peer.offerer)
		return;
	token_offer_id(sdp, id);
	fresh = d->peer == NULL || peer_state(d->peer) == PEER_FAILED ||
	    (d->offer[0] != '\0' && strcmp(id, d->offer) != 0);
	if (fresh && !make_peer(d, now))
		return;
	snprintf(d->offer, sizeof(d->offer), "%s", id);
	snprintf(d->sid, sizeof(d->sid), "%s", sid);
	if (peer_remote_sdp(d->peer, now, sdp, strlen(sdp)) == -1) {
		direct_fail(d, now, peer_why(d->peer));
		return;
	}
	d->again_due = false;
	d->answer_due = true;
	if (fresh || d->state == DIRECT_OFF) {
		d->offered = now;
		set_state(d, now, DIRECT_CONNECTING);
		d->at = now + DIRECT_PATIENCE;
	}
}

static bool
other_offer(const struct direct *d, const char *offer)
{
	return offer[0] != '\0' && strcmp(offer, d->offer) != 0;
}

void
direct_answer(struct direct *d, uint64_t now, struct span tok)
{
	char	*sdp = malloc(TOKEN_MAX);
	char	 offer[TOKEN_OFFER];

	if (sdp == NULL || !d->conf.peer.offerer || d->peer == NULL ||
	    token_sdp_decode(tok, sdp, TOKEN_MAX, offer) == -1 ||
	    other_offer(d, offer)) {
		d->answers_err += d->conf.peer.offerer;
		free(sdp);
		return;
	}
	if (peer_remote_sdp(d->peer, now, sdp, strlen(sdp)) == -1) {
		d->answers_err++;
		if (peer_state(d->peer) == PEER_FAILED)
			direct_fail(d, now, peer_why(d->peer));
	} else if (d->state == DIRECT_OFFERING) {
		set_state(d, now, DIRECT_CONNECTING);
		d->at = now + DIRECT_PATIENCE;
	} else if (d->state == DIRECT_LOST)
		d->tries = UPSTREAM_OFFERS;
	free(sdp);
}

/* Before an offer they are only known to belong to it if it does not say. */
void
direct_candidate(struct direct *d, uint64_t now, struct span tok)
{
	char	 text[ICE_CANDIDATE_TEXT], offer[TOKEN_OFFER];

	if (token_candidate_decode(tok, text, sizeof(text), offer) == -1 ||
	    other_offer(d, offer))
		return;
	if (d->peer == NULL && !d->conf.peer.offerer &&
	    d->state == DIRECT_OFF)
		make_peer(d, now);
	if (d->peer != NULL && text[0] != '\0')
		peer_remote_candidate(d->peer, now, text);
}

void
direct_again(struct direct *d, uint64_t now, struct span tok)
{
	char	 text[ICE_CANDIDATE_TEXT], offer[TOKEN_OFFER];

	if (!d->conf.peer.offerer || d->peer == NULL ||
	    d->state == DIRECT_OFFERING ||
	    token_candidate_decode(tok, text, sizeof(text), offer) == -1 ||
	    other_offer(d, offer))
		return;
	direct_fail(d, now, "the peer asked for a new connection");
}

/* Only who offers can restart ICE; another of us can be asked to. */
static void
on_lost(struct direct *d, uint64_t now)
{
	set_state(d, now, DIRECT_LOST);
	d->at = now + (d->conf.pair || d->conf.peer.offerer ?
	    (uint64_t)DIRECT_HEAL : (uint64_t)DIRECT_HEAL_THEIRS);
	if (!d->conf.peer.offerer) {
		d->restart_due = d->conf.pair;
		return;
	}
	peer_restart(d->peer, now);
	d->tries = 0;
}

/* The peer has lost its end of the path: ours is of no use, either. */
void
direct_restart(struct direct *d, uint64_t now, struct span tok)
{
	char	 text[ICE_CANDIDATE_TEXT], offer[TOKEN_OFFER];

	if (!d->conf.peer.offerer || d->peer == NULL ||
	    d->state != DIRECT_UP ||
	    token_candidate_decode(tok, text, sizeof(text), offer) == -1 ||
	    other_offer(d, offer))
		return;
	on_lost(d, now);
}

void
direct_relay(struct direct *d, uint64_t now)
{
	if (d->state == DIRECT_OFFERING || (d->state == DIRECT_LOST &&
	    d->conf.peer.offerer && d->tries < UPSTREAM_OFFERS)) {
		d->tries = 0;
		if (d->state == DIRECT_OFFERING)
			d->at = now;
	}
}

/* Our description without what we do not want to be known by. */
static int
describe(struct direct *d, char *buf, bool is_offer)
{
	char	*sdp = malloc(TOKEN_MAX / 2);
	int	 n = -1;

	if (sdp == NULL || peer_local_sdp(d->peer, sdp, TOKEN_MAX / 2) == -1)
		goto out;
	if (!d->conf.marked) {
		token_drop_line(sdp, "a=x-hotlink:1");
		token_drop_line(sdp, "a=x-hotlink-reopen:1");
	}
	if (is_offer)
		token_offer_id(sdp, d->offer);
	n = token_sdp(buf, TOKEN_MAX, is_offer, sdp,
	    d->conf.pair && !is_offer ? d->offer : "");
out:
	free(sdp);
	return n;
}

static const char *
say_offer(struct direct *d, uint64_t now, char *buf)
{
	unsigned	 i = d->tries < PAIR_WAITS ? d->tries : PAIR_WAITS - 1;

	if (d->state == DIRECT_OFFERING) {
		d->at = now + (d->conf.pair ? (uint64_t)pair_s[i] * SEC :
		    (uint64_t)UPSTREAM_WAIT);
		if (!d->conf.pair && d->tries + 1 >= UPSTREAM_OFFERS)
			d->at = NEVER;
	}
	d->tries++;
	if (describe(d, buf, true) == -1)
		return NULL;
	d->ntrickle = 0;
	d->offers++;
	return "sdp_offer";
}

static const char *
say_answer(struct direct *d, char *buf)
{
	d->answer_due = false;
	if (describe(d, buf, false) == -1) {
		d->answers_err++;
		return NULL;
	}
	d->ntrickle = 0;
	d->answers_ok++;
	return "sdp_answer";
}

static const char *
say_candidate(struct direct *d, char *buf)
{
	int	 n = token_candidate(buf, TOKEN_MAX, d->trickle[0],
		    d->conf.pair ? d->offer : "");

	d->ntrickle--;
	memmove(d->trickle[0], d->trickle[1],
	    d->ntrickle * sizeof(d->trickle[0]));
	return n == -1 ? NULL : "ice_candidate";
}

const char *
direct_say(struct direct *d, uint64_t now, char *buf)
{
	if (d->again_due) {
		d->again_due = false;
		if (token_candidate(buf, TOKEN_MAX, "", d->offer) != -1)
			return "hlc_again";
	}
	if (d->restart_due) {
		d->restart_due = false;
		if (token_candidate(buf, TOKEN_MAX, "", d->offer) != -1)
			return "hlc_restart";
	}
	if (d->peer == NULL)
		return NULL;
	if (d->state == DIRECT_OFFERING && d->at <= now)
		return say_offer(d, now, buf);
	if (d->state == DIRECT_LOST && d->conf.peer.offerer && d->tries == 0)
		return say_offer(d, now, buf);
	if (d->answer_due)
		return say_answer(d, buf);
	if (d->ntrickle > 0 && d->state >= DIRECT_CONNECTING)
		return say_candidate(d, buf);
	return NULL;
}

void
direct_add_stun(struct direct *d, uint64_t now, const struct addr *server,
    size_t n)
{
	d->conf.peer.nstuns = n;
	if (d->peer != NULL)
		peer_add_stun(d->peer, now, server);
}

void
direct_add_relay(struct direct *d, uint64_t now, const struct addr *relayed,
    size_t n)
{
	d->conf.peer.nrelays = n;
	if (d->peer != NULL)
		peer_add_relay(d->peer, now, relayed);
}

/* Another network may be a better one: what waits, begins anew at once. */
static void
do_not_wait(struct direct *d, uint64_t now)
{
	d->failures = 0;
	if (d->state == DIRECT_PAUSE)
		d->at = earlier(d->at, now + pause_of(d));
}

void
direct_set_hosts(struct direct *d, uint64_t now, const struct addr *hosts,
    size_t n)
{
	d->conf.peer.hosts = hosts;
	d->conf.peer.nhosts = n;
	if (d->peer != NULL)
		peer_set_hosts(d->peer, now, hosts, n);
	do_not_wait(d, now);
}

void
direct_drop_relay(struct direct *d, uint64_t now, const struct addr *relayed,
    size_t n)
{
	d->conf.peer.nrelays = n;
	if (d->peer != NULL)
		peer_drop(d->peer, now, relayed);
}

const char *
direct_waits_for(const struct direct *d)
{
	switch (d->state) {
	case DIRECT_OFFERING:
		return "the offer is not answered";
	case DIRECT_CONNECTING:
		return peer_waits_for(d->peer);
	case DIRECT_LOST:
		return "the path was lost and is not back";
	case DIRECT_OFF:
	case DIRECT_PAUSE:
	case DIRECT_UP:
		break;
	}
	return NULL;
}

bool
direct_input(struct direct *d, uint64_t now, const struct path *from,
    uint8_t *bytes, size_t n, struct batch *tx)
{
	return d->peer != NULL && peer_input(d->peer, now, from, bytes, n, tx);
}

/*
 * Consent takes half a minute to expire; bytes that nobody acknowledges while
 * nothing at all is heard say much sooner that the path is gone.
 */
void
direct_watch(struct direct *d, uint64_t now)
{
	struct assoc_info	 info;

	if (d->state != DIRECT_UP)
		return;
	if (peer_unacked(d->peer) == 0) {
		d->heard = NEVER;
		d->quiet = false;
		return;
	}
	peer_sctp(d->peer, &info);
	if (d->heard == NEVER || info.packets_received != d->packets) {
		d->packets = info.packets_received;
		d->heard = now;
		d->quiet = false;
	} else if (!d->quiet && now >= d->heard + DIRECT_QUIET) {
		d->quiet = true;
		peer_doubt(d->peer, now);
	}
}

static void
on_time(struct direct *d, uint64_t now)
{
	switch (d->state) {
	case DIRECT_PAUSE:
		if (d->conf.peer.offerer) {
			direct_start(d, now);
			break;
		}
		d->again_due = d->conf.pair;
		d->at = now + pause_of(d);
		d->failures++;
		break;
	case DIRECT_CONNECTING:
		direct_fail(d, now, "no direct path in time");
		break;
	case DIRECT_LOST:
		direct_fail(d, now, "the path did not come back");
		break;
	case DIRECT_OFF:
	case DIRECT_OFFERING:
	case DIRECT_UP:
		break;
	}
}

void
direct_tick(struct direct *d, uint64_t now, struct batch *tx)
{
	d->ticked = now;
	if (d->at <= now)
		on_time(d, now);
	if (d->peer == NULL)
		return;
	peer_tick(d->peer, now, tx);
	direct_watch(d, now);
}

uint64_t
direct_deadline(const struct direct *d)
{
	uint64_t	 at = d->at;

	if (d->untold)
		return d->ticked;
	if (d->peer == NULL)
		return at;
	/* An offer that is due waits for a session to be said in. */
	if (d->state == DIRECT_OFFERING && at <= d->ticked)
		at = NEVER;
	if (d->state == DIRECT_UP && !d->quiet && d->heard != NEVER)
		at = earlier(at, d->heard + DIRECT_QUIET);
	return earlier(at, peer_deadline(d->peer));
}

static void
on_up(struct direct *d, uint64_t now)
{
	set_state(d, now, DIRECT_UP);
	d->at = NEVER;
	d->heard = NEVER;
}

/* The path swallows what it carried: less from the next connection on. */
static void
on_shrunk(struct direct *d, uint64_t now, size_t lost)
{
	if (lost == 0 || d->conf.peer.mtu_most == lost - 1)
		return;
	d->conf.peer.mtu_most = lost - 1;
	d->shrunk = now;
}

/* The same connection with another association in it. */
static void
on_reopened(struct direct *d, uint64_t now)
{
	on_shrunk(d, now, peer_mtu_lost(d->peer));
	if (d->state != DIRECT_UP)
		return;
	set_state(d, now, DIRECT_CONNECTING);
	d->at = now + DIRECT_PATIENCE;
	d->offered = now;
}

static void
keep_candidate(struct direct *d, const char *text)
{
	if (d->ntrickle < DIRECT_TRICKLE)
		snprintf(d->trickle[d->ntrickle++], sizeof(d->trickle[0]),
		    "%s", text);
}

/*
 * A connection that has failed by what the two descriptions say is answered
 * nevertheless: so the peer sees the reason, too.
 */
static bool
is_answering_failed(const struct direct *d)
{
	return d->answer_due && peer_state(d->peer) == PEER_FAILED;
}

bool
direct_event(struct direct *d, uint64_t now, struct peer_event *ev,
    struct batch *tx)
{
	if (d->untold) {
		*ev = (struct peer_event){ .type = PEER_EV_FAILED };
		d->untold = false;
		return true;
	}
	if (d->peer == NULL || is_answering_failed(d) ||
	    !peer_event(d->peer, now, ev, tx))
		return false;
	switch (ev->type) {
	case PEER_EV_CANDIDATE:
		keep_candidate(d, ev->text);
		break;
	case PEER_EV_UP:
		on_up(d, now);
		break;
	case PEER_EV_PATH:
		if (d->state == DIRECT_LOST)
			on_up(d, now);
		break;
	case PEER_EV_LOST:
		if (d->state == DIRECT_UP)
			on_lost(d, now);
		break;
	case PEER_EV_REOPENED:
		on_reopened(d, now);
		break;
	case PEER_EV_FAILED:
		on_shrunk(d, now, peer_mtu_lost(d->peer));
		d->wedges += peer_wedged(d->peer);
		direct_fail(d, now, peer_why(d->peer));
		d->untold = false;
		break;
	case PEER_EV_NAME:
	case PEER_EV_SERVER:
	case PEER_EV_OPEN:
	case PEER_EV_DATA:
	case PEER_EV_MEDIA:
	case PEER_EV_CLOSED:
		break;
	}
	return true;
}

void
direct_close(struct direct *d, uint64_t now, struct batch *tx)
{
	if (d->peer != NULL)
		peer_close(d->peer, now, tx);
	end_peer(d);
	set_state(d, now, DIRECT_OFF);
	d->at = NEVER;
}

void
direct_media(const struct direct *d, uint64_t media[GUARD_RESULTS])
{
	struct peer_info	 info = { .media = { 0 } };

	if (d->peer != NULL)
		peer_info(d->peer, &info);
	for (int i = 0; i < GUARD_RESULTS; i++)
		media[i] += d->media[i] + info.media[i];
}

size_t
direct_checks(const struct direct *d, struct ice_check *c, size_t cap)
{
	size_t	 n = d->nchecks < cap ? d->nchecks : cap;

	if (d->peer != NULL)
		return ice_checks(peer_ice(d->peer), c, cap);
	memcpy(c, d->check, n * sizeof(*c));
	return n;
}

uint64_t
direct_resizes(const struct direct *d)
{
	struct peer_info	 info = { .resizes = 0 };

	if (d->peer != NULL)
		peer_info(d->peer, &info);
	return d->resizes + info.resizes;
}

bool
direct_usable(const struct direct *d)
{
	return d != NULL && d->state == DIRECT_UP && !d->quiet;
}
