/*
 * The only place where counters become JSON. Names and types are upstream's
 * (hotlink-protocol.md 7), with more fields added; all are described in
 * hotlink-telemetry(5).
 */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/datagrams.h"
#include "agent/proxy.h"
#include "agent/messages.h"
#include "agent/names.h"
#include "agent/state.h"
#include "agent/telemetry.h"
#include "agent/uplink.h"
#include "base/log.h"
#include "net/clock.h"
#include "net/file.h"
#include "net/loop.h"

enum {
	WRITE_BUSY = 1 * SEC,	/* between two writes, while bytes move */
	WRITE_MIN = 250 * MS,	/* between two writes */
	WRITE_QUIET = 100 * MS,	/* after the last thing that happened */
	SUMMARY_GAP = 60 * SEC,	/* between two lines of the log */
	WRITE_MAX = 3 * SEC,	/* without anything to say */
	WINDOW = 100 * MS,	/* of the steady-state measurement */
	STEADY_PERCENT = 20,
	SID_SHOWN = 8,
	CHECKS = 128,		/* pairs of candidates that are told of */
};

/* Sums over links, of those that are gone and those that are there. */
struct sums {
	uint64_t	 tx_packets, tx_p2p, tx_ws, tx_bytes, rx_packets,
			 rx_bytes, fallbacks, violations, stalls;
	uint64_t	 send_us, send_max_us, write_us, write_max_us;
	uint64_t	 offers, answers_ok, answers_err, refused_opens,
			 bad_messages, forged, wedges, resizes;
	uint64_t	 dg_sent, dg_delivered, dg_overflows, dg_old,
			 dg_unfit, dg_lost, dg_unheard, dg_refused;
	uint64_t	 media[GUARD_RESULTS], unannounced;
};

struct telemetry {
	char		 path[4096];
	uint64_t	 started_ms;
	uint64_t	 written;
	uint64_t	 forced;	/* not later */
	bool		 said_error;
	struct sums	 gone;
	struct sums	 last;		/* what the last summary line said */
	uint64_t	 said;		/* and when; 0: never */
	uint64_t	 opened_at;	/* of the link that came up last */
	uint64_t	 offer_to_open, open_to_payload, steady;
};

struct telemetry *
telemetry_new(const struct agent *a, uint64_t now, uint64_t unix_ms)
{
	struct telemetry	*t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	snprintf(t->path, sizeof(t->path),
	    "%s/%s/.syftbox/hotlink_telemetry.json", a->conf->root,
	    a->conf->email);
	t->started_ms = unix_ms;
	t->forced = now;
	t->offer_to_open = t->open_to_payload = t->steady = NEVER;
	return t;
}

void
telemetry_free(struct telemetry *t)
{
	free(t);
}

static uint64_t
larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void
add_link(struct sums *s, const struct link_info *i)
{
	s->tx_p2p += i->tx_p2p_packets;
	s->tx_ws += i->tx_ws_packets;
	s->tx_packets += i->tx_p2p_packets + i->tx_ws_packets;
	s->tx_bytes += i->tx_bytes;
	s->rx_packets += i->rx_packets;
	s->rx_bytes += i->rx_bytes;
	s->fallbacks += i->fallbacks;
	s->dg_sent += i->dg_sent;
	s->dg_overflows += i->dg_overflows;
	s->dg_old += i->dg_old;
	s->dg_unfit += i->dg_unfit;
	s->violations += i->violations;
	s->stalls += i->stalls;
	s->send_us += i->send_us;
	s->write_us += i->write_us;
	s->send_max_us = larger(s->send_max_us, i->send_max_us);
	s->write_max_us = larger(s->write_max_us, i->write_max_us);
}

static void
add_datagrams(struct sums *s, const struct datagrams *d)
{
	struct datagrams_stats	 st;

	datagrams_stats(d, &st);
	s->dg_delivered += st.delivered;
	s->dg_lost += st.lost;
	s->dg_unheard += st.unheard;
	s->dg_refused += st.refused;
}

static void
add_party(struct sums *s, const struct party_info *i)
{
	s->offers += i->offers;
	s->answers_ok += i->answers_ok;
	s->answers_err += i->answers_err;
	s->refused_opens += i->refused_opens;
	s->bad_messages += i->bad_messages;
	s->forged += i->forged;
	s->wedges += i->wedges;
	s->resizes += i->resizes;
	s->unannounced += i->unannounced;
	for (int r = 0; r < GUARD_RESULTS; r++)
		s->media[r] += i->media[r];
}

void
telemetry_forget_link(struct telemetry *t, const struct link *l, uint64_t now)
{
	struct link_info	 info;

	link_info(l, now, &info);
	add_link(&t->gone, &info);
}

void
telemetry_forget_datagrams(struct telemetry *t, const struct datagrams *d)
{
	add_datagrams(&t->gone, d);
}

void
telemetry_forget_party(struct telemetry *t, const struct party *p)
{
	struct party_info	 info;

	party_info(p, &info);
	add_party(&t->gone, &info);
}

/* Live lists and their counts */

struct live {
	json_t		*in, *out, *proxies;
	size_t		 accepted, pending, connected;
};

static json_t *
ms_or_null(uint64_t us)
{
	return us == NEVER ? json_null() : json_real((double)us / MS);
}

/* The component after _mpc, else the last: the channel's name upstream. */
static const char *
channel_name(const struct marker *m, char *buf, size_t cap)
{
	snprintf(buf, cap, "%u_to_%u", (unsigned)m->key.a, (unsigned)m->key.b);
	return buf;
}

static json_t *
pair_json(const struct link_info *i)
{
	char	 local[ADDR_TEXT], remote[ADDR_TEXT];

	if (!i->has_pair)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:s}",
	    "local_type", ice_type_text(i->pair.local),
	    "remote_type", ice_type_text(i->pair.remote),
	    "local", addr_text(&i->pair.path.local, local),
	    "remote", addr_text(&i->pair.path.remote, remote));
}

static json_t *
session_json(const struct channel *c, const struct link_info *i,
    const char *sid, uint64_t reconnects, uint64_t now)
{
	char		 name[32], shown[SID_SHOWN + 1];
	const char	*id = strncmp(sid, "hl1-", 4) == 0 ? sid + 4 : sid;

	snprintf(shown, sizeof(shown), "%.8s", id);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:f, s:I,"
	    " s:I, s:I, s:I, s:I, s:o, s:i}",
	    "sid", shown,
	    "peer", c->marker->peer,
	    "channel", channel_name(c->marker, name, sizeof(name)),
	    "webrtc", i->webrtc,
	    "offer_to_dc_open_ms", ms_or_null(i->offer_to_open),
	    "open_to_first_payload_ms", ms_or_null(i->open_to_payload),
	    "first_payload_to_steady_state_ms", ms_or_null(c->warmup.steady),
	    "pair", pair_json(i),
	    "rtt_ms", (double)i->rtt / MS,
	    "retransmits", (json_int_t)i->retransmits,
	    "mtu", (json_int_t)i->mtu,
	    "ws_reconnects", (json_int_t)reconnects,
	    "tx_bytes", (json_int_t)i->tx_bytes,
	    "rx_bytes", (json_int_t)i->rx_bytes,
	    "idle_s", i->last_traffic == 0 ? json_null() :
		json_real((double)((now - i->last_traffic) / MS) / 1000.0),
	    "dialect", i->dialect);
}

static const char *const	 kinds[] = {
	[MARKER_STREAM] = "stream", [MARKER_DATAGRAM] = "datagram",
	[MARKER_RTP] = "rtp",
};

static void
add_live(struct live *l, const struct channel *c, const struct link_info *i,
    uint64_t reconnects, uint64_t now)
{
	json_t	*s;

	json_array_append_new(l->proxies, json_pack("{s:i, s:s, s:s, s:b,"
	    " s:s}", "port", c->marker->port, "from", c->marker->from,
	    "to", c->marker->to, "connected", c->proxy != NULL ?
	    proxy_connected(c->proxy) : datagrams_connected(c->datagrams),
	    "kind", kinds[c->marker->kind]));
	if (i->sid_in[0] != '\0')
		json_array_append_new(l->in,
		    session_json(c, i, i->sid_in, reconnects, now));
	s = session_json(c, i, i->sid_out, reconnects, now);
	json_object_set_new(s, "status", json_string(i->status));
	json_object_set_new(s, "seq", json_integer((json_int_t)i->seq));
	json_array_append_new(l->out, s);
	if (strcmp(i->status, "accepted") == 0)
		l->accepted++;
	if (strcmp(i->status, "pending") == 0)
		l->pending++;
}

static json_t *
check_json(const struct node *n, const struct ice_check *c)
{
	char	 local[ADDR_TEXT], remote[ADDR_TEXT];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s?, s:I, s:I, s:I,"
	    " s:o}", "peer", party_peer(n->party),
	    "local_type", ice_type_text(c->local),
	    "local", addr_text(&c->path.local, local),
	    "remote_type", ice_type_text(c->remote),
	    "remote", addr_text(&c->path.remote, remote),
	    "state", c->state, "why", c->why,
	    "sent", (json_int_t)c->sent, "answered", (json_int_t)c->answered,
	    "heard", (json_int_t)c->heard,
	    "rtt_ms", c->rtt == 0 ? json_null() :
		json_real((double)c->rtt / MS));
}

/* Bounded: a peer connection has some, and an agent many of these. */
static json_t *
checks_json(const struct agent *a)
{
	json_t			*all = json_array();
	struct party_checks	 c;

	for (const struct node *n = a->nodes; n != NULL; n = n->next)
		for (size_t i = 0; party_checks(n->party, i, &c); i++)
			for (size_t k = 0; k < c.n &&
			    json_array_size(all) < CHECKS; k++)
				json_array_append_new(all,
				    check_json(n, &c.check[k]));
	return all;
}

static uint64_t
reconnects_of(const struct agent *a)
{
	struct uplink_stats	 st;

	uplink_stats(a->uplink, &st);
	return st.connects > 0 ? st.connects - 1 : 0;
}

static size_t
count_listening(const struct agent *a)
{
	size_t	 n = 0;

	for (const struct channel *c = a->channels; c != NULL; c = c->next)
		n += c->proxy != NULL && proxy_listening(c->proxy);
	return n;
}

static void
gather(const struct agent *a, struct telemetry *t, struct sums *s,
    struct live *l, uint64_t now)
{
	struct link_info	 li;
	struct party_info	 pi;

	*s = t->gone;
	for (const struct node *n = a->nodes; n != NULL; n = n->next) {
		party_info(n->party, &pi);
		add_party(s, &pi);
		l->connected += pi.channel_open;
	}
	for (const struct channel *c = a->channels; c != NULL; c = c->next) {
		if (c->link == NULL ||
		    (c->proxy == NULL && c->datagrams == NULL))
			continue;
		if (c->datagrams != NULL)
			add_datagrams(s, c->datagrams);
		link_info(c->link, now, &li);
		add_link(s, &li);
		add_live(l, c, &li, reconnects_of(a), now);
		if (li.opened_at > 0 && li.opened_at >= t->opened_at) {
			t->opened_at = li.opened_at;
			t->offer_to_open = li.offer_to_open;
			t->open_to_payload = li.open_to_payload;
			t->steady = c->warmup.steady;
		}
	}
}

static double
mean_ms(uint64_t us, uint64_t n)
{
	return n == 0 ? 0.0 : (double)us / (double)n / MS;
}

static void
set_int(json_t *o, const char *name, uint64_t v)
{
	json_object_set_new(o, name, json_integer((json_int_t)v));
}

static void
set_sums(json_t *o, const struct sums *s)
{
	set_int(o, "tx_packets", s->tx_packets);
	set_int(o, "tx_bytes", s->tx_bytes);
	set_int(o, "tx_p2p_packets", s->tx_p2p);
	set_int(o, "tx_ws_packets", s->tx_ws);
	set_int(o, "tx_max_send_ms", s->send_max_us / MS);
	set_int(o, "rx_packets", s->rx_packets);
	set_int(o, "rx_bytes", s->rx_bytes);
	set_int(o, "rx_max_write_ms", s->write_max_us / MS);
	set_int(o, "p2p_offers", s->offers);
	set_int(o, "p2p_answers_ok", s->answers_ok);
	set_int(o, "p2p_answers_err", s->answers_err);
	set_int(o, "ws_fallbacks", s->fallbacks);
	set_int(o, "strict_violations", s->violations);
	set_int(o, "stalls", s->stalls);
	set_int(o, "wedges", s->wedges);
	set_int(o, "bad_messages", s->bad_messages);
	set_int(o, "forged", s->forged);
	set_int(o, "p2p_resized", s->resizes);
	set_int(o, "rtp_malformed", s->media[GUARD_MALFORMED]);
	set_int(o, "rtp_forged", s->media[GUARD_FORGED]);
	set_int(o, "rtp_replayed", s->media[GUARD_REPLAYED]);
	set_int(o, "rtp_collisions", s->media[GUARD_COLLISION]);
	set_int(o, "rtp_crowded", s->media[GUARD_CROWDED]);
	set_int(o, "rtp_exhausted", s->media[GUARD_EXHAUSTED] +
	    s->media[GUARD_FAILED]);
	set_int(o, "rtp_unkeyed", s->media[GUARD_UNKEYED]);
	set_int(o, "rtp_unannounced", s->unannounced);
	set_int(o, "datagrams_sent", s->dg_sent);
	set_int(o, "datagrams_delivered", s->dg_delivered);
	set_int(o, "datagrams_overflowed", s->dg_overflows);
	set_int(o, "datagrams_expired", s->dg_old);
	set_int(o, "datagrams_unfit", s->dg_unfit);
	set_int(o, "datagrams_kernel_lost", s->dg_lost);
	set_int(o, "datagrams_unheard", s->dg_unheard);
	set_int(o, "datagrams_refused", s->dg_refused);
	json_object_set_new(o, "tx_avg_send_ms",
	    json_real(mean_ms(s->send_us, s->tx_packets)));
	json_object_set_new(o, "rx_avg_write_ms",
	    json_real(mean_ms(s->write_us, s->rx_packets)));
}

static json_t *
snapshot(const struct agent *a, struct telemetry *t, struct sums *s,
    uint64_t now)
{
	struct live	 l = { json_array(), json_array(), json_array(),
	    0, 0, 0 };
	json_t		*o = json_object(), *live;
	bool		 strict = a->conf->mode == MODE_STRICT;
	struct names_stats names;

	gather(a, t, s, &l, now);
	set_sums(o, s);
	json_object_set_new(o, "mode", json_string(strict ?
	    "hotlink_p2p_strict" : "hotlink_p2p"));
	json_object_set_new(o, "bench_strict", json_boolean(strict));
	set_int(o, "started_ms", t->started_ms);
	set_int(o, "updated_ms", clock_unix_ms());
	set_int(o, "webrtc_connected", l.connected);
	set_int(o, "ws_reconnects", reconnects_of(a));
	set_int(o, "refused_opens",
	    s->refused_opens + a->refused);
	set_int(o, "wakeups", loop_turns(a->loop));
	names_stats(a->names, &names);
	set_int(o, "names_asked", names.asked);
	set_int(o, "names_resolved", names.resolved);
	json_object_set_new(o, "offer_to_dc_open_ms",
	    ms_or_null(t->offer_to_open));
	json_object_set_new(o, "open_to_first_payload_ms",
	    ms_or_null(t->open_to_payload));
	json_object_set_new(o, "first_payload_to_steady_state_ms",
	    ms_or_null(t->steady));
	live = json_pack("{s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:o}",
	    "inbound", (int)json_array_size(l.in),
	    "outbound_accepted", (int)l.accepted,
	    "outbound_pending", (int)l.pending,
	    "webrtc_connected", (int)l.connected,
	    "tcp_proxies", (int)count_listening(a),
	    "sessions_in", l.in, "sessions_out", l.out,
	    "proxies", l.proxies, "checks", checks_json(a));
	json_object_set_new(o, "live", live);
	if (a->messages != NULL)
		json_object_set_new(o, "messages", messages_stats(a->messages));
	return o;
}

/* What a stranger can count up alone is no news. */
static bool
same_summary(const struct sums *a, const struct sums *b)
{
	return a->tx_bytes == b->tx_bytes && a->tx_p2p == b->tx_p2p &&
	    a->tx_ws == b->tx_ws && a->rx_bytes == b->rx_bytes &&
	    a->fallbacks == b->fallbacks && a->violations == b->violations;
}

/* Once a minute while bytes move, and at the end. */
static void
summary(struct telemetry *t, const struct sums *s, uint64_t now, bool end)
{
	if (same_summary(s, &t->last) ||
	    (!end && t->said != 0 && now < t->said + SUMMARY_GAP))
		return;
	t->said = now;
	log_info("telemetry: tx %llu bytes (%llu p2p, %llu relay frames), "
	    "rx %llu bytes, fallbacks %llu, violations %llu",
	    (unsigned long long)s->tx_bytes, (unsigned long long)s->tx_p2p,
	    (unsigned long long)s->tx_ws, (unsigned long long)s->rx_bytes,
	    (unsigned long long)s->fallbacks,
	    (unsigned long long)s->violations);
	t->last = *s;
}

static void
write_out(struct telemetry *t, struct agent *a, uint64_t now, bool end)
{
	struct sums	 s;
	json_t		*o = snapshot(a, t, &s, now);
	char		*text = NULL;

	if (o != NULL)
		text = json_dumps(o, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(o);
	if (text == NULL)
		return;
	if (file_make_parents(t->path) == -1 ||
	    file_write(t->path, text, strlen(text), 0644) == -1) {
		if (!t->said_error)
			log_warn("%s", t->path);
		t->said_error = true;
	} else
		t->said_error = false;
	free(text);
	summary(t, &s, now, end);
	a->busy = false;
	t->written = now;
	t->forced = now + WRITE_MAX;
}

void
telemetry_flush(struct telemetry *t, struct agent *a, uint64_t now)
{
	write_out(t, a, now, true);
}

/* Is this window's rate within 20 % of the mean of the three before it? */
static bool
is_steady(const struct warmup *w, uint64_t bytes)
{
	uint64_t	 mean = (w->rate[0] + w->rate[1] + w->rate[2]) / 3;
	uint64_t	 diff = bytes > mean ? bytes - mean : mean - bytes;

	return w->windows >= 3 && mean > 0 &&
	    diff * 100 <= mean * STEADY_PERCENT;
}

static void
warm_up(struct channel *c, uint64_t now)
{
	struct warmup		*w = &c->warmup;
	struct link_info	 i;
	uint64_t		 bytes;

	if (w->steady != NEVER || now < w->window_end)
		return;
	link_info(c->link, now, &i);
	bytes = i.tx_bytes + i.rx_bytes;
	if (w->first_payload == 0 && bytes == 0)
		return;
	if (w->first_payload == 0)
		w->first_payload = now;
	else if (now >= w->window_end + WINDOW)
		w->windows = 0;		/* there was a pause: begin again */
	else if (is_steady(w, bytes - w->seen))
		w->steady = now - w->first_payload;
	else
		w->rate[w->windows++ % 3] = bytes - w->seen;
	w->seen = bytes;
	w->window_end = now + WINDOW;
}

/* Soon when things have come to rest: then somebody looks. */
static uint64_t
due(const struct telemetry *t, const struct agent *a)
{
	uint64_t	 quiet = a->busy_at + WRITE_QUIET;

	if (!a->busy)
		return t->forced;
	if (quiet < t->written + WRITE_MIN)
		quiet = t->written + WRITE_MIN;
	return earlier(quiet, t->written + WRITE_BUSY);
}

uint64_t
telemetry_turn(struct telemetry *t, struct agent *a, uint64_t now)
{
	for (struct channel *c = a->channels; c != NULL; c = c->next)
		if (c->link != NULL)
			warm_up(c, now);
	if (now >= due(t, a))
		write_out(t, a, now, false);
	return due(t, a);
}
