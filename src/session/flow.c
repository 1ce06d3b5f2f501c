/*
 * Generations, on top of the two halves (half.h), as hotlink-dialect.md 4 has
 * them. gen is the latest generation heard of; it is OPEN or OVER.
 *
 * The peer is never more than one generation ahead. A side starts gen + 1 only
 * when gen is over for it: in peace (the peer's eof is written and its own
 * confirmed), by the peer's reset, or by its own reset once that is confirmed.
 * In each case the peer has been in gen, so its number is at least gen. A
 * frame of gen + 2 therefore is an error; its number is taken over as the
 * one that is reset, so that both agree again.
 *
 * A frame of gen + 1 while gen is open here tells how gen ended there. In
 * peace means: the peer has our ack of its eof, so the local side was shut
 * here, and it has our eof; only its last ack is missing, and the frame stands
 * for it. In any other state the peer has reset gen, and the frame stands for
 * the reset. So nothing of gen + 1 has to wait for the control channel, and
 * before its first ack no more than FLOW_INITIAL bytes of it can come.
 *
 * What must arrive is repeated after flow_rewind until answered:
 *
 *	data, eof	by ack
 *	ack		not; repeated once by rewind, since the rewind of the
 *			peer may never happen (each side can be on another
 *			transport), and whenever an old frame comes again
 *	last ack	likewise: last remembers it when the generation is over
 *	reset		by ack with offset RESET_SEEN, or any frame of a later
 *			generation, or the peer's own reset of the same one
 *	RESET_SEEN	like the last ack; echo remembers it
 *
 * Acks of generations that are over are never answered, so nothing echoes
 * for ever. While a reset of ours is unconfirmed no generation is started;
 * the next connection's bytes wait in the ring.
 *
 * A local connection is the OWNER once it has said or been given a byte.
 * Before, it has no part in any generation and can go without a trace.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "session/flow.h"
#include "session/half.h"

#define RESET_SEEN	UINT64_MAX	/* no stream is that long */

struct flow {
	size_t		 high;		/* unacknowledged bytes at most */
	uint64_t	 moved;		/* the last byte or frame */
	uint32_t	 gen;
	enum phase { OVER, OPEN } phase;
	enum conn {
		NONE,
		SILENT,			/* may be a probe */
		/* likewise, but is not young any more */
		OFFERED,
		OWNER,			/* has said or been given a byte */
	} conn;
	uint64_t	 attached;
	struct up	 up;
	struct down	 down;
	struct lease	 up_lease, down_lease;	/* of their rings */
	struct {
		uint32_t	 gen;
		uint64_t	 fin;
		bool		 due;
	} last;				/* ended in peace: our last ack */
	struct {
		uint32_t	 gen;
		bool		 due;
	} echo;				/* reset by the peer */
	struct {
		uint32_t	 gen;
		enum { RESET_NONE, RESET_DUE, RESET_SENT } state;
		char		 why[HLNK2_REASON + 1];
	} reset;			/* by us, not confirmed yet */
	struct flow_event final;	/* RESET or END, until it is pulled */
	char		 why[HLNK2_REASON + 1];
	struct flow_stats st;
};

struct flow *
flow_new(const struct flow_conf *conf)
{
	struct flow	*f = calloc(1, sizeof(*f));
	size_t		 window;

	if (f == NULL)
		return NULL;
	window = conf->window > 0 ? conf->window : FLOW_WINDOW;
	if (window < FLOW_INITIAL)
		window = FLOW_INITIAL;
	f->high = conf->high > 0 ? conf->high : window;
	lease_init(&f->up_lease, conf->budget, window);
	lease_init(&f->down_lease, conf->budget, window);
	up_init(&f->up, FLOW_INITIAL);
	down_init(&f->down, FLOW_INITIAL);
	return f;
}

void
flow_free(struct flow *f)
{
	if (f == NULL)
		return;
	lease_fini(&f->up_lease);
	lease_fini(&f->down_lease);
	ring_fini(&f->up.ring);
	ring_fini(&f->down.ring);
	free(f);
}

/*
 * Windows. A ring may become as large as its lease is; what was promised to
 * the peer, or was read, keeps a lease from becoming less. There is no use in
 * reading much more than the peer lets us send: a link whose reader has
 * stopped takes no memory from the others.
 */
static bool
is_useful(const struct flow *f, size_t window)
{
	const struct up	*u = &f->up;

	return window < f->high && u->limit > u->ring.start &&
	    u->limit - u->ring.start >= window;
}

static void
fit_up(struct flow *f)
{
	struct lease	*l = &f->up_lease;
	size_t		 due = lease_due(l), used = ring_used(&f->up.ring);

	if (due < l->size && used <= due)
		lease_set(l, due);
	else if (due == l->size && used >= due && is_useful(f, due))
		lease_grow(l);
	ring_limit(&f->up.ring, l->size);
}

static void
fit_down(struct flow *f)
{
	struct down	*d = &f->down;

	d->window = lease_due(&f->down_lease);
	if (d->promised - d->ring.start <= d->window)
		lease_set(&f->down_lease, d->window);
	ring_limit(&d->ring, f->down_lease.size);
}

/* Whenever somebody looks: it is not worth waking up for. */
static void
fit_idle(struct flow *f)
{
	ring_trim(&f->down.ring);
	if (!ring_idle(&f->up.ring))
		return;
	ring_trim(&f->up.ring);
	lease_set(&f->up_lease, LEASE_LEAST);
}

static void
reset_halves(struct flow *f)
{
	up_reset(&f->up);
	down_reset(&f->down);
	lease_set(&f->up_lease, LEASE_LEAST);
	lease_set(&f->down_lease, LEASE_LEAST);
	fit_up(f);
	fit_down(f);
}

static void
copy_text(char *to, const void *text, size_t n)
{
	const uint8_t	*p = text;
	size_t		 i;

	for (i = 0; i < n && i < HLNK2_REASON; i++)
		to[i] = p[i] >= ' ' && p[i] != 0x7f ? (char)p[i] : '?';
	to[i] = '\0';
}

static void
open_generation(struct flow *f, uint32_t gen)
{
	assert(f->phase == OVER && gen > f->gen);
	f->gen = gen;
	f->phase = OPEN;
}

/* The generation, if any, is over; tell its connection, if it has one. */
static void
finish(struct flow *f, enum flow_event_type type, const char *why)
{
	f->phase = OVER;
	reset_halves(f);
	if (f->conn != OWNER)
		return;
	f->conn = NONE;
	copy_text(f->why, why, strlen(why));
	f->final.type = type;
	f->final.why = f->why;
}

static void
end_in_peace(struct flow *f)
{
	f->last.gen = f->gen;
	f->last.fin = f->down.fin + 1;
	f->last.due = f->down.ack_at != NEVER;
	finish(f, FLOW_EV_END, "");
}

static void
send_reset(struct flow *f, const char *why)
{
	f->reset.gen = f->gen;
	f->reset.state = RESET_DUE;
	copy_text(f->reset.why, why, strlen(why));
}

static void
break_off(struct flow *f, const char *why)
{
	if (f->phase == OPEN)
		send_reset(f, why);
	finish(f, FLOW_EV_RESET, why);
}

/* What follows from a change of either half, or of a reset's state. */
static void
advance(struct flow *f)
{
	if (f->phase == OPEN && f->down.state == DOWN_SHUT &&
	    f->up.state == UP_DONE)
		end_in_peace(f);
	if (f->phase == OVER && f->conn == OWNER &&
	    f->reset.state == RESET_NONE && f->gen < UINT32_MAX)
		open_generation(f, f->gen + 1);
}

/* Whether the local side may be given bytes: probes would swallow them. */
static bool
ready(const struct flow *f, uint64_t now)
{
	return f->conn >= OFFERED ||
	    (f->conn == SILENT && now >= f->attached + FLOW_PROBE);
}

static void
settle(struct flow *f)
{
	if (f->down.lent.n > 0 && !down_settle(&f->down))
		break_off(f, "out of memory");
}

bool
flow_attachable(const struct flow *f)
{
	return f->conn == NONE && f->final.type == 0;
}

void
flow_attach(struct flow *f, uint64_t since)
{
	assert(flow_attachable(f));
	settle(f);
	f->conn = SILENT;
	f->attached = since;
	f->down.offer = ring_used(&f->down.ring) > 0;
}

struct span
flow_space(struct flow *f)
{
	struct span	 none = { NULL, 0 };
	size_t		 due;

	if (f->conn == NONE)
		return none;
	fit_up(f);
	due = lease_due(&f->up_lease);
	return up_space(&f->up, f->high < due ? f->high : due);
}

void
flow_filled(struct flow *f, uint64_t now, size_t n)
{
	settle(f);
	if (n == 0 || f->conn == NONE)
		return;
	f->conn = OWNER;
	f->moved = now;
	up_filled(&f->up, now, n);
	advance(f);
}

void
flow_local_eof(struct flow *f, uint64_t now)
{
	settle(f);
	if (f->conn == NONE)
		return;
	if (f->conn != OWNER) {
		f->conn = NONE;
		f->final.type = FLOW_EV_END;
		f->final.why = "";
		return;
	}
	up_end(&f->up, now);
	advance(f);
}

void
flow_local_reset(struct flow *f, uint64_t now, const char *why)
{
	enum conn	 was;

	(void)now;
	settle(f);
	was = f->conn;
	f->conn = NONE;
	if (was != OWNER)
		return;
	break_off(f, why);
}

void
flow_wrote(struct flow *f, uint64_t now, size_t n)
{
	if (f->conn == NONE)
		return;
	if (n > 0)
		f->conn = OWNER;
	f->st.rx_bytes += n;
	f->moved = now;
	if (!down_wrote(&f->down, now, n))
		break_off(f, "out of memory");
	else if (down_hurries(&f->down, now) &&
	    lease_due(&f->down_lease) == f->down_lease.size)
		lease_grow(&f->down_lease);
	fit_down(f);
	advance(f);
}

struct span
flow_pending(struct flow *f)
{
	struct span	 none = { NULL, 0 };

	settle(f);
	return f->conn >= OFFERED ? down_pending(&f->down) : none;
}

/* A frame of a generation that is over here. */
static void
late(struct flow *f, const struct hlnk2 *h)
{
	f->st.late_frames++;
	if (h->type == HLNK_RESET) {
		f->echo.gen = h->generation;
		f->echo.due = true;
	} else if (h->type != HLNK_ACK && h->generation == f->last.gen)
		f->last.due = true;
}

/* Any frame that shows that the peer knows of our reset. */
static void
confirm_reset(struct flow *f, const struct hlnk2 *h)
{
	if (f->reset.state == RESET_NONE)
		return;
	if (h->generation > f->reset.gen || (h->generation == f->reset.gen &&
	    (h->type == HLNK_RESET ||
	    (h->type == HLNK_ACK && h->offset == RESET_SEEN))))
		f->reset.state = RESET_NONE;
}

/* A frame, not an ack, of the generation after ours. */
static void
go_on(struct flow *f, const struct hlnk2 *h)
{
	if (f->phase == OPEN && f->down.state == DOWN_SHUT &&
	    f->up.state == UP_ENDED)
		end_in_peace(f);
	else if (f->phase == OPEN)
		finish(f, FLOW_EV_RESET, "the peer has ended this connection");
	if (h->type == HLNK_RESET)
		f->gen = h->generation;
	else
		open_generation(f, h->generation);
}

static const char *
on_data(struct flow *f, uint64_t now, const struct hlnk2 *h)
{
	return down_data(&f->down, now, h, ready(f, now), &f->st);
}

static const char *
on_ack(struct flow *f, uint64_t now, const struct hlnk2 *h)
{
	/* A reset of ours that was never sent, as far as we know. */
	if (h->offset == RESET_SEEN)
		return NULL;
	return up_ack(&f->up, now, h);
}

static const char *
on_eof(struct flow *f, uint64_t now, const struct hlnk2 *h)
{
	return down_eof(&f->down, now, h);
}

static const char *
on_reset(struct flow *f, uint64_t now, const struct hlnk2 *h)
{
	char	 text[HLNK2_REASON + 1];

	(void)now;
	f->echo.gen = h->generation;
	f->echo.due = true;
	copy_text(text, h->payload.p, h->payload.n);
	finish(f, FLOW_EV_RESET, text);
	return NULL;
}

static const char *(*const on_frame[])(struct flow *, uint64_t,
    const struct hlnk2 *) = {
	[HLNK_DATA]	= on_data,
	[HLNK_ACK]	= on_ack,
	[HLNK_EOF]	= on_eof,
	[HLNK_RESET]	= on_reset,
};

/* NULL, or how the peer broke the protocol. */
static const char *
take(struct flow *f, uint64_t now, const struct hlnk2 *h)
{
	confirm_reset(f, h);
	if (h->generation > f->gen && h->type == HLNK_ACK) {
		f->st.late_frames++;
		return NULL;
	}
	if (h->generation > f->gen && h->generation - f->gen > 1) {
		if (f->phase == OPEN)
			finish(f, FLOW_EV_RESET, "the peer skipped one");
		f->gen = h->generation;
		send_reset(f, "the generations do not follow each other");
		return "skipped";
	}
	if (h->generation > f->gen)
		go_on(f, h);
	if (h->generation < f->gen || f->phase == OVER) {
		late(f, h);
		return NULL;
	}
	return on_frame[h->type](f, now, h);
}

bool
flow_input(struct flow *f, uint64_t now, uint8_t *p, size_t n)
{
	struct hlnk2	 h;
	const char	*why;

	settle(f);
	if (hlnk2_decode(&h, p, n) == -1 || h.generation == 0 ||
	    (h.type == HLNK_DATA && h.payload.n == 0)) {
		f->st.bad_frames++;
		return false;
	}
	f->st.rx_frames++;
	f->moved = now;
	why = take(f, now, &h);
	if (why != NULL) {
		f->st.bad_frames++;
		if (f->phase == OPEN)
			break_off(f, why);
	}
	advance(f);
	return why == NULL;
}

static void
ack_for(struct hlnk2 *h, uint32_t gen, uint64_t offset)
{
	h->type = HLNK_ACK;
	h->generation = gen;
	h->offset = offset;
	h->limit = offset;
}

bool
flow_control(struct flow *f, uint64_t now, struct hlnk2 *h)
{
	settle(f);
	memset(h, 0, sizeof(*h));
	h->generation = f->gen;
	if (f->reset.state == RESET_DUE) {
		h->type = HLNK_RESET;
		h->generation = f->reset.gen;
		h->payload.p = (uint8_t *)f->reset.why;
		h->payload.n = strlen(f->reset.why);
	} else if (f->echo.due)
		ack_for(h, f->echo.gen, RESET_SEEN);
	else if (f->last.due)
		ack_for(h, f->last.gen, f->last.fin);
	else if (f->phase == OPEN && f->down.ack_at <= now) {
		fit_down(f);
		down_ack(&f->down, h);
	} else if (f->phase == OPEN && f->up.fin_due) {
		h->type = HLNK_EOF;
		h->offset = f->up.ring.end;
	} else
		return false;
	return true;
}

bool
flow_data(struct flow *f, uint64_t now, size_t max, struct hlnk2 *h)
{
	(void)now;
	settle(f);
	memset(h, 0, sizeof(*h));
	h->generation = f->gen;
	return f->phase == OPEN && up_next(&f->up, max, h);
}

static void
ack_sent(struct flow *f, uint64_t now, const struct hlnk2 *h)
{
	if (h->offset == RESET_SEEN && h->generation == f->echo.gen)
		f->echo.due = false;
	else if (f->phase == OPEN && h->generation == f->gen)
		down_acked(&f->down, now, h);
	else if (h->generation == f->last.gen)
		f->last.due = false;
}

void
flow_sent(struct flow *f, uint64_t now, const struct hlnk2 *h)
{
	bool	 present = f->phase == OPEN && h->generation == f->gen;

	f->st.tx_frames++;
	switch (h->type) {
	case HLNK_DATA:
		if (present)
			up_sent(&f->up, h, &f->st);
		break;
	case HLNK_ACK:
		ack_sent(f, now, h);
		break;
	case HLNK_EOF:
		if (present) {
			f->up.fin_due = false;
			f->up.fin_told = true;
		}
		break;
	case HLNK_RESET:
		if (h->generation == f->reset.gen &&
		    f->reset.state == RESET_DUE)
			f->reset.state = RESET_SENT;
		break;
	}
}

void
flow_rewind(struct flow *f, uint64_t now)
{
	settle(f);
	up_rewind(&f->up);
	if (f->phase == OPEN && down_begun(&f->down))
		f->down.ack_at = now;
	if (f->phase == OVER && f->last.gen == f->gen && f->gen > 0)
		f->last.due = true;
	if (f->phase == OVER && f->echo.gen == f->gen && f->gen > 0)
		f->echo.due = true;
	if (f->reset.state == RESET_SENT)
		f->reset.state = RESET_DUE;
}

void
flow_restart(struct flow *f, uint64_t now)
{
	(void)now;
	settle(f);
	if (f->phase == OPEN && (up_begun(&f->up) || down_begun(&f->down)))
		finish(f, FLOW_EV_RESET, "the peer was started anew");
	f->phase = OVER;
	f->gen = 0;
	f->up.limit = FLOW_INITIAL;
	memset(&f->last, 0, sizeof(f->last));
	memset(&f->echo, 0, sizeof(f->echo));
	memset(&f->reset, 0, sizeof(f->reset));
	advance(f);
}

void
flow_abort(struct flow *f, uint64_t now, const char *why)
{
	(void)now;
	settle(f);
	if (f->conn != NONE)
		f->conn = OWNER;	/* whatever it was, it hears of it */
	break_off(f, why);
}

bool
flow_event(struct flow *f, uint64_t now, struct flow_event *ev)
{
	memset(ev, 0, sizeof(*ev));
	if (!f->down.offer) {
		/* Offered, and not taken: its memory may go after this. */
		settle(f);
		f->down.offer = false;
	}
	if (now >= f->moved + FLOW_KEEP)
		fit_idle(f);
	if (f->final.type != 0) {
		*ev = f->final;
		f->final.type = 0;
		return true;
	}
	if (!ready(f, now))
		return false;
	if (down_offer(&f->down, &ev->data)) {
		if (f->conn == SILENT)
			f->conn = OFFERED;
		ev->type = FLOW_EV_WRITE;
		return true;
	}
	if (!down_shut(&f->down, now))
		return false;
	f->conn = OWNER;
	advance(f);
	ev->type = FLOW_EV_SHUT;
	return true;
}

uint64_t
flow_deadline(const struct flow *f)
{
	uint64_t	 at = f->phase == OPEN ? f->down.ack_at : NEVER;

	if (f->conn == SILENT && down_waits(&f->down))
		at = earlier(at, f->attached + FLOW_PROBE);
	return at;
}

uint64_t
flow_waiting_since(const struct flow *f)
{
	return f->up.waiting;
}

bool
flow_idle(const struct flow *f)
{
	return f->phase == OVER;
}

bool
flow_is_behind(const struct flow *f)
{
	return ring_used(&f->down.ring) > 0;
}

void
flow_stats(const struct flow *f, struct flow_stats *st)
{
	*st = f->st;
	st->up_offset = f->up.ring.end;
	st->acked_offset = f->up.ring.start;
	st->peer_limit = f->up.limit;
	st->down_offset = f->down.ring.start;
	st->generation = f->gen;
	st->up_bytes = ring_used(&f->up.ring);
	st->down_bytes = down_held(&f->down);
	st->up_window = f->up_lease.size;
	st->down_window = f->down_lease.size;
}
