/*
 * The stream to an upstream peer is sent as numbered frames that it puts in
 * order. A number once taken must arrive, or the peer waits for it for ever: so
 * it is taken with the send, and the frame keeps its place in the ring, its
 * length and its number until it is confirmed. In the ring, with fresh the
 * first byte that has no number:
 *
 *	ring.start <= the frames, in order <= fresh <= ring.end
 *
 * The direct way counts the bytes of its messages; a frame lies before mark in
 * that count. SCTP tells how many of the last bytes it still holds, and what
 * lies before them is confirmed. On the relay nothing ever is: keep bytes
 * after it are enough. A frame is at most half of keep, so that a full ring
 * (twice keep) always gives up its first frame.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "session/half.h"
#include "session/reorder.h"

struct frame {
	uint64_t	 offset, mark;
	size_t		 n;
	enum legacy_way	 way;
	bool		 due;		/* to be sent again */
};

struct legacy {
	struct span	 path;
	size_t		 window, high, chunk, limit, share, keep;
	enum conn { NONE, SILENT, OFFERED, OWNER } conn;	/* as flow.c */
	uint64_t	 attached, active;
	bool		 eof;
	struct ring	 up;
	uint64_t	 fresh, seq;	/* seq: the next number */
	uint64_t	 direct;	/* bytes sent the direct way, ever */
	uint64_t	 waiting;
	struct frame	 frames[LEGACY_FRAMES];	/* by number */
	size_t		 nframes;	/* the last ones before seq */
	struct down	 down;
	struct reorder	 in[LEGACY_SESSIONS];
	const char	*torn;		/* bytes are missing: the reason */
	struct flow_event final;
	char		 why[HLNK2_REASON + 1];
	struct legacy_stats st;
};

static void
renew_down(struct legacy *l)
{
	down_reset(&l->down);
	l->down.promised = UINT64_MAX;	/* no limits here, only room */
}

static size_t
bounded(size_t n, size_t least, size_t most)
{
	return n < least ? least : n > most ? most : n;
}

struct legacy *
legacy_new(const struct legacy_conf *conf)
{
	size_t		 n = strlen(conf->path);
	struct legacy	*l;

	if (n >= LEGACY_MESSAGE - LEGACY_HEAD)
		return NULL;
	l = calloc(1, sizeof(*l));
	if (l == NULL || (l->path.p = malloc(n + 1)) == NULL) {
		free(l);
		return NULL;
	}
	memcpy(l->path.p, conf->path, n + 1);
	l->path.n = n;
	l->window = bounded(conf->window > 0 ? conf->window : FLOW_WINDOW,
	    LEGACY_LEAST, SIZE_MAX / 4);
	l->high = bounded(conf->high > 0 ? conf->high : l->window, 4,
	    l->window);
	l->share = l->high;
	l->keep = l->share / 2;
	l->chunk = bounded(conf->chunk > 0 ? conf->chunk : LEGACY_CHUNK, 1,
	    LEGACY_MESSAGE - LEGACY_HEAD - n);
	l->limit = LEGACY_MESSAGE;
	ring_init(&l->up, l->window);
	down_init(&l->down, l->window);
	ring_limit(&l->down.ring, l->window + LEGACY_ACKED);
	renew_down(l);
	reorder_init(&l->in[LEGACY_THEIRS]);
	reorder_init(&l->in[LEGACY_OURS]);
	l->seq = 1;
	l->waiting = NEVER;
	return l;
}

void
legacy_free(struct legacy *l)
{
	if (l == NULL)
		return;
	reorder_skip(&l->in[LEGACY_THEIRS]);
	reorder_skip(&l->in[LEGACY_OURS]);
	ring_fini(&l->up);
	ring_fini(&l->down.ring);
	free(l->path.p);
	free(l);
}

void
legacy_set_window(struct legacy *l, size_t n)
{
	l->down.window = bounded(n, LEGACY_LEAST, l->window);
	l->share = bounded(l->down.window, 0, l->high);
	l->keep = l->share / 2;
}

void
legacy_set_limit(struct legacy *l, size_t n)
{
	l->limit = bounded(n, 0, LEGACY_MESSAGE);
}

static void
reset_connection(struct legacy *l, const char *why)
{
	size_t	 n = strlen(why);

	if (l->conn == NONE)
		return;
	l->conn = NONE;
	n = bounded(n, 0, HLNK2_REASON);
	memcpy(l->why, why, n);
	l->why[n] = '\0';
	l->final.type = FLOW_EV_RESET;
	l->final.why = l->why;
}

/* Bytes of the stream are lost: nobody may be given what follows unwarned. */
static void
tear(struct legacy *l, const char *why)
{
	l->st.gaps++;
	reorder_skip(&l->in[LEGACY_THEIRS]);
	reorder_skip(&l->in[LEGACY_OURS]);
	renew_down(l);
	l->torn = why;
}

static void
settle(struct legacy *l)
{
	if (l->down.lent.n > 0 && !down_settle(&l->down))
		tear(l, "out of memory");
}

static bool
ready(const struct legacy *l, uint64_t now)
{
	return l->conn >= OFFERED ||
	    (l->conn == SILENT && now >= l->attached + FLOW_PROBE);
}

bool
legacy_attachable(const struct legacy *l)
{
	return l->conn == NONE && l->final.type == 0;
}

void
legacy_attach(struct legacy *l, uint64_t since)
{
	assert(legacy_attachable(l));
	settle(l);
	l->conn = SILENT;
	l->attached = l->active = since;
	l->eof = false;
	l->down.offer = ring_used(&l->down.ring) > 0;
}

struct span
legacy_space(struct legacy *l)
{
	struct span	 s = { NULL, 0 };
	size_t		 used = ring_used(&l->up);

	if (l->conn == NONE || l->eof || used >= l->share)
		return s;
	s = ring_space(&l->up);
	s.n = bounded(s.n, 0, l->share - used);
	return s;
}

/* Something without a number, or a number to be sent again. */
static bool
unsent(const struct legacy *l)
{
	if (l->fresh < l->up.end)
		return true;
	for (size_t i = 1; i <= l->nframes; i++)
		if (l->frames[(l->seq - i) % LEGACY_FRAMES].due)
			return true;
	return false;
}

void
legacy_filled(struct legacy *l, uint64_t now, size_t n)
{
	settle(l);
	if (n == 0 || l->conn == NONE)
		return;
	l->conn = OWNER;
	l->active = now;
	ring_filled(&l->up, n);
	if (l->waiting == NEVER)
		l->waiting = now;
}

static void
end_connection(struct legacy *l)
{
	l->conn = NONE;
	l->final.type = FLOW_EV_END;
	l->final.why = "";
}

void
legacy_local_eof(struct legacy *l, uint64_t now)
{
	settle(l);
	if (l->conn == NONE)
		return;
	if (l->conn != OWNER) {
		end_connection(l);
		return;
	}
	l->eof = true;
	l->active = now;
}

void
legacy_local_reset(struct legacy *l, uint64_t now, const char *why)
{
	(void)now;
	(void)why;		/* upstream has no word for it */
	settle(l);
	l->conn = NONE;
}

/* For what is before us, and what came this way. */
static size_t
room(const struct legacy *l, enum legacy_way way)
{
	size_t	 most = l->window + (way == LEGACY_DIRECT ? LEGACY_ACKED : 0);
	size_t	 used = ring_used(&l->down.ring);

	return used < most ? most - used : 0;
}

/* What is held and follows on goes down, as far as there is room. */
static void
deliver_held(struct legacy *l, uint64_t now, struct reorder *r)
{
	struct flow_stats	 unused;
	struct hlnk2		 h = { .type = HLNK_DATA };

	while ((h.payload = reorder_first(r)).p != NULL &&
	    h.payload.n <= room(l, LEGACY_WS)) {
		memset(&unused, 0, sizeof(unused));
		h.offset = down_here(&l->down);
		if (down_data(&l->down, now, &h, false, &unused) != NULL) {
			tear(l, "out of memory");
			return;
		}
		reorder_pass(r, now, r->next);
	}
}

static void
deliver_all(struct legacy *l, uint64_t now)
{
	if (l->down.lent.n > 0)
		return;
	deliver_held(l, now, &l->in[LEGACY_THEIRS]);
	deliver_held(l, now, &l->in[LEGACY_OURS]);
}

void
legacy_wrote(struct legacy *l, uint64_t now, size_t n)
{
	if (l->conn == NONE)
		return;
	if (n > 0) {
		l->conn = OWNER;
		l->active = now;
	}
	l->st.rx_bytes += n;
	if (!down_wrote(&l->down, now, n))
		tear(l, "out of memory");
	deliver_all(l, now);
}

struct span
legacy_pending(struct legacy *l)
{
	struct span	 none = { NULL, 0 };

	settle(l);
	return l->conn >= OFFERED ? down_pending(&l->down) : none;
}

/* The number expected: down at once if there is room, lent if it can be. */
static bool
take_next(struct legacy *l, uint64_t now, struct reorder *r,
    enum legacy_way way, struct span s)
{
	struct flow_stats	 unused;
	struct hlnk2		 h = { .type = HLNK_DATA, .payload = s };
	bool			 alone = r->bytes == 0;

	if (s.n > room(l, way))
		return false;
	memset(&unused, 0, sizeof(unused));
	h.offset = down_here(&l->down);
	if (down_data(&l->down, now, &h, alone && ready(l, now), &unused) !=
	    NULL)
		return false;
	reorder_pass(r, now, r->next);
	if (!alone)
		deliver_held(l, now, r);
	return true;
}

bool
legacy_input(struct legacy *l, uint64_t now, enum legacy_session session,
    enum legacy_way way, uint64_t seq, uint8_t *p, size_t n)
{
	struct reorder	*r = &l->in[session];
	struct span	 s = { p, n };

	settle(l);
	if (n == 0 || seq == 0 || seq == UINT64_MAX) {
		l->st.refused++;
		return false;
	}
	l->st.rx_frames++;
	if (reorder_has(r, seq)) {
		l->st.duplicates++;
		return true;
	}
	if (seq == r->next && take_next(l, now, r, way, s))
		return true;
	if (n <= l->down.window &&
	    reorder_hold(r, now, seq, p, n, l->down.window))
		return true;
	l->st.refused++;
	tear(l, seq - r->next >= LEGACY_HELD ?
	    "frames of the peer are missing" :
	    "the peer sends faster than the local side reads");
	return false;
}

bool
legacy_want(const struct legacy *l)
{
	return ring_used(&l->down.ring) + LEGACY_RELAY <= l->down.window;
}

bool
legacy_misses(const struct legacy *l, enum legacy_session session)
{
	return l->in[session].since != NEVER;
}

void
legacy_renew(struct legacy *l, uint64_t now, enum legacy_session session)
{
	bool	 begun = l->in[session].next > 1;

	(void)now;
	settle(l);
	reorder_restart(&l->in[session]);
	if (!begun)
		return;
	renew_down(l);
	if (l->conn == OWNER)
		reset_connection(l, "the peer was started anew");
}

static struct frame *
frame_of(struct legacy *l, uint64_t seq)
{
	return &l->frames[seq % LEGACY_FRAMES];
}

/* The first frame to be sent again; seq if none. */
static uint64_t
first_due(const struct legacy *l)
{
	uint64_t	 s = l->seq - l->nframes;

	while (s < l->seq && !l->frames[s % LEGACY_FRAMES].due)
		s++;
	return s;
}

/* Payload of the longest message that the peer takes; 0: none at all. */
static size_t
direct_most(const struct legacy *l)
{
	size_t	 head = LEGACY_HEAD + l->path.n;

	return l->limit > head ? l->limit - head : 0;
}

static size_t
most(const struct legacy *l, enum legacy_way way)
{
	size_t	 n = way == LEGACY_DIRECT ?
		    bounded(l->chunk, 0, direct_most(l)) : LEGACY_RELAY;

	return bounded(n, 0, l->keep / 2 > 0 ? l->keep / 2 : 1);
}

bool
legacy_relay_only(const struct legacy *l)
{
	uint64_t	 s = first_due(l);

	if (s < l->seq)
		return l->frames[s % LEGACY_FRAMES].n > direct_most(l);
	return l->fresh < l->up.end && direct_most(l) == 0;
}

static void
set_frame(const struct legacy *l, struct hlnk1 *h, uint64_t seq,
    struct span payload)
{
	memset(h, 0, sizeof(*h));
	h->path = l->path;
	h->seq = seq;
	h->payload = payload;
}

bool
legacy_data(struct legacy *l, uint64_t now, enum legacy_way way,
    struct hlnk1 *h)
{
	uint64_t	 s = first_due(l);
	struct span	 p;

	(void)now;
	settle(l);
	if (s < l->seq) {
		if (way == LEGACY_DIRECT && legacy_relay_only(l))
			return false;
		p = ring_at(&l->up, frame_of(l, s)->offset);
		p.n = frame_of(l, s)->n;	/* a frame never wraps */
	} else {
		p = ring_at(&l->up, l->fresh);
		p.n = bounded(p.n, 0, most(l, way));
		if (p.n == 0 || l->nframes == LEGACY_FRAMES)
			return false;
	}
	set_frame(l, h, s, p);
	return true;
}

static bool
confirmed(const struct legacy *l, const struct frame *f, uint64_t acked)
{
	if (f->due)
		return false;
	if (f->way == LEGACY_DIRECT)
		return f->mark <= acked;
	return l->fresh - (f->offset + f->n) >= l->keep ||
	    l->nframes > LEGACY_FRAMES / 2;
}

static void
give_up(struct legacy *l, uint64_t acked)
{
	struct frame	*f;

	while (l->nframes > 0) {
		f = frame_of(l, l->seq - l->nframes);
		if (!confirmed(l, f, acked))
			break;
		l->nframes--;
		ring_drop(&l->up, f->offset + f->n);
	}
}

void
legacy_sent(struct legacy *l, uint64_t now, enum legacy_way way,
    const struct hlnk1 *h)
{
	struct frame	*f = frame_of(l, h->seq);

	l->st.tx_frames++;
	if (h->seq == l->seq) {
		f->offset = l->fresh;
		f->n = h->payload.n;
		l->fresh += f->n;
		l->seq++;
		l->nframes++;
		l->st.tx_bytes += f->n;
	} else
		l->st.resent_frames++;
	f->due = false;
	f->way = way;
	if (way == LEGACY_DIRECT)
		l->direct += LEGACY_HEAD + h->path.n + h->etag.n +
		    h->payload.n;
	f->mark = l->direct;
	l->waiting = unsent(l) ? now : NEVER;
	give_up(l, 0);
}

void
legacy_unacked(struct legacy *l, uint64_t now, size_t n)
{
	(void)now;
	give_up(l, n < l->direct ? l->direct - n : 0);
}

void
legacy_rewind(struct legacy *l, uint64_t now, enum legacy_way way)
{
	struct frame	*f;

	settle(l);
	for (uint64_t s = l->seq - l->nframes; s < l->seq; s++) {
		f = frame_of(l, s);
		f->due = f->due || f->way == way;
	}
	if (l->waiting == NEVER && unsent(l))
		l->waiting = now;
}

void
legacy_renumber(struct legacy *l, uint64_t now)
{
	bool	 begun = l->seq > 1;

	(void)now;
	settle(l);
	l->seq = 1;
	l->nframes = 0;
	if (!begun)
		return;
	ring_reset(&l->up, 0);
	l->fresh = 0;
	l->waiting = NEVER;
	if (l->conn == OWNER)
		reset_connection(l, "the peer was started anew");
}

void
legacy_abort(struct legacy *l, uint64_t now, const char *why)
{
	settle(l);
	(void)now;
	l->up.end = l->fresh;
	/* What is due still goes one day, but nobody waits for it any more. */
	l->waiting = NEVER;
	renew_down(l);
	reset_connection(l, why);
}

/* The earliest time at which a missing number is given up. */
static uint64_t
gap_until(const struct legacy *l)
{
	uint64_t	 since = earlier(l->in[LEGACY_THEIRS].since,
			    l->in[LEGACY_OURS].since);

	return since == NEVER ? NEVER : since + LEGACY_GAP;
}

static uint64_t
linger_until(const struct legacy *l)
{
	return l->conn == OWNER && l->eof && !down_waits(&l->down) ?
	    l->active + LEGACY_LINGER : NEVER;
}

static void
do_due(struct legacy *l, uint64_t now)
{
	deliver_all(l, now);
	if (ready(l, now) && gap_until(l) <= now)
		tear(l, "frames of the peer are missing");
	if (ready(l, now) && l->torn != NULL) {
		reset_connection(l, l->torn);
		l->torn = NULL;
	}
	if (linger_until(l) <= now)
		end_connection(l);
}

bool
legacy_event(struct legacy *l, uint64_t now, struct flow_event *ev)
{
	memset(ev, 0, sizeof(*ev));
	if (!l->down.offer) {
		settle(l);		/* as flow_event */
		l->down.offer = false;
	}
	if (l->final.type == 0)
		do_due(l, now);
	if (l->final.type != 0) {
		*ev = l->final;
		l->final.type = 0;
		return true;
	}
	if (!ready(l, now) || !down_offer(&l->down, &ev->data))
		return false;
	if (l->conn == SILENT)
		l->conn = OFFERED;
	ev->type = FLOW_EV_WRITE;
	return true;
}

uint64_t
legacy_deadline(const struct legacy *l)
{
	uint64_t	 grace = l->conn == SILENT ?
			    l->attached + FLOW_PROBE : 0;
	uint64_t	 at = linger_until(l);

	if (l->conn == NONE)
		return NEVER;
	if (l->conn == SILENT && (down_waits(&l->down) || l->torn != NULL))
		at = earlier(at, grace);
	if (gap_until(l) != NEVER)
		at = earlier(at, gap_until(l) > grace ? gap_until(l) : grace);
	return at;
}

uint64_t
legacy_waiting_since(const struct legacy *l)
{
	return l->waiting;
}

void
legacy_stats(const struct legacy *l, struct legacy_stats *st)
{
	*st = l->st;
	st->seq = l->seq - 1;
	st->unconfirmed = (size_t)(l->fresh - l->up.start);
	st->held = l->in[LEGACY_THEIRS].bytes + l->in[LEGACY_OURS].bytes;
	st->pending = ring_used(&l->down.ring);
}
