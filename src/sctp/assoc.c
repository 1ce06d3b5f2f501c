/*
 * An association and its channels. Every public call that may make usrsctp
 * speak runs between enter() and leave(): the time is set, the outlet is
 * open, and afterwards a timer runs while anything is outstanding.
 *
 * A channel is a stream whose two directions end by themselves (RFC 8831,
 * 6.7). Its id is free again when both have: OPENED, ENDING (a reset is
 * wanted), ENDED for ours; OPENED, ENDED for theirs.
 */
#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <usrsctp.h>

#include "base/log.h"
#include "base/time.h"
#include "sctp/assoc.h"
#include "sctp/dcep.h"
#include "sctp/lib.h"
#include "sctp/out.h"
#include "sctp/packet.h"
#include "sctp/pool.h"
#include "sctp/stall.h"
#include "sctp/steer.h"

enum {
	COMMON = 12,			/* the header of every packet */
	MTU_MIN = 512, MTU_MAX = 16384,
	SPACE_MAX = 4 << 20, RCVBUF_MAX = 5 << 20,
	MESSAGE = 262144,
	NOTE = 4096,			/* the largest notification of ours */
	CHANNELS = 256,			/* open at a time */
	QUIET = 250 * MS,
};

enum chan_state {
	CHAN_FREE,
	CHAN_ASKED,		/* we opened it, no ACK yet */
	CHAN_OPEN,
	CHAN_CLOSED,		/* to the owner: resets are under way */
};

enum way { OPENED, ENDING, SENT, ENDED };

struct chan {
	uint8_t		 state;		/* enum chan_state */
	uint8_t		 ours, theirs;	/* enum way */
	bool		 tell;		/* an EV_CLOSED is due */
	bool		 owes;		/* a DCEP ACK */
};

struct assoc {
	struct assoc_conf	 conf;
	struct out		 out;
	struct socket		*so;
	enum assoc_state	 state;
	const char		*why;
	bool			 told;		/* of the loss */
	bool			 wedged;	/* it was the watchdog */
	bool			 readable;
	bool			 held;
	struct assoc_event	 kept;		/* in buf; type 0: nothing */
	uint64_t		 now, packet_at;
	struct stall		 stall;
	uint64_t		 received, inits, ignored;
	struct steer		 steer;
	size_t			 chunk;		/* of a message, per packet */
	uint16_t		 streams;	/* the lesser of both ways */
	uint8_t			*buf;		/* one message */
	size_t			 cap;
	unsigned		 channels;
	unsigned		 tells, duties;	/* chans with tell; or to do */
	struct chan		 chan[LIB_STREAMS];
	char			 label[DCEP_TEXT_MAX + 1];
	char			 protocol[DCEP_TEXT_MAX + 1];
};

/* Set once: the reason stays. */
static void
set_lost(struct assoc *a, const char *why)
{
	if (a->state == ASSOC_LOST)
		return;
	a->state = ASSOC_LOST;
	a->why = why;
}

/* usrsctp's part goes as soon as nothing of it is in use any more. */
static void
let_go(struct assoc *a)
{
	if (a->so == NULL)
		return;
	lib_close(a->so, a->out.id);
	a->so = NULL;
}

/*
 * The timers are of all associations: what others owe must be found due.
 * False: memory is short, so what is not owed had better not begin.
 */
static bool
enter(struct assoc *a, uint64_t now, struct batch *tx)
{
	a->now = now;
	lib_now(now);
	out_begin(&a->out, tx);
	steer_enter(&a->steer, a->so, &a->out);
	return pool_begin() == 0;
}

static void
leave(struct assoc *a)
{
	uint64_t	 v[LIB_NUMBERS];

	if (pool_failed())
		set_lost(a, "out of memory");
	if (a->state == ASSOC_LOST)
		let_go(a);
	if (a->so != NULL)
		lib_assure(a->so);
	if (lib_numbers(a->so, v)) {
		stall_look(&a->stall, a->now, a->conf.mtu,
		    a->packet_at == a->now, v);
		steer_leave(&a->steer, a->so, &a->out, v);
	}
	if (a->out.woken)
		a->readable = true;
	a->out.woken = false;
	out_end(&a->out);
}

struct assoc *
assoc_new(const struct assoc_conf *conf, uint64_t now)
{
	struct assoc	*a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->conf = *conf;
	steer_init(&a->steer, &a->conf);
	if (a->conf.rcvbuf == 0)
		a->conf.rcvbuf = SPACE_MAX;
	if (a->conf.max_message == 0)
		a->conf.max_message = a->conf.rcvbuf / 2 < MESSAGE ?
		    a->conf.rcvbuf / 2 : MESSAGE;
	assert(a->conf.mtu >= MTU_MIN && a->conf.mtu <= MTU_MAX);
	assert(a->steer.most <= SPACE_MAX && a->conf.rcvbuf <= RCVBUF_MAX);
	assert(a->conf.max_message <= a->conf.rcvbuf / 2);
	a->now = now;
	a->streams = LIB_STREAMS;
	a->cap = a->conf.max_message + NOTE;
	a->buf = malloc(a->cap);
	if (a->buf == NULL || out_init(&a->out) < 0) {
		free(a->buf);
		free(a);
		return NULL;
	}
	a->out.keeps = conf->keeps;
	a->out.accepts = conf->bare;
	return a;
}

void
assoc_free(struct assoc *a)
{
	if (a == NULL)
		return;
	lib_now(a->now);
	let_go(a);
	out_fini(&a->out);
	steer_end(&a->steer);
	free(a->buf);
	free(a);
}

void
assoc_start(struct assoc *a, uint64_t now, struct batch *tx)
{
	struct lib_conf	 c = { a->conf.mtu - COMMON, a->steer.space,
	    a->conf.rcvbuf, a->conf.max_message };

	if (a->so != NULL || a->state != ASSOC_NEW)
		return;
	enter(a, now, tx);
	a->so = lib_open(&c, a->out.id);
	a->readable = true;
	a->packet_at = a->stall.at = now;
	if (a->so == NULL)
		set_lost(a, "out of memory");
	leave(a);
}

static bool
send_dcep(struct assoc *a, uint16_t id, const struct dcep *d)
{
	uint8_t	 m[DCEP_MAX];
	size_t	 n = dcep_encode(d, m, sizeof(m));

	return n > 0 && lib_send(a->so, id, PPID_DCEP, m, n, NULL, 0);
}

static void
free_if_ended(struct chan *c)
{
	if (c->ours == ENDED && c->theirs == ENDED && !c->tell)
		memset(c, 0, sizeof(*c));
}

static void
reset(struct assoc *a, uint16_t id)
{
	static const uint8_t	 next[] = {
		[LIB_RESET_SENT] = SENT,
		[LIB_RESET_LATER] = ENDING,
		[LIB_RESET_NEVER] = ENDED,	/* the peer cannot */
	};

	a->chan[id].ours = next[lib_reset(a->so, id)];
	free_if_ended(&a->chan[id]);
}

/*
 * What could not be done at once: an ACK that found no room, a reset that
 * must wait for another (usrsctp has one request under way at a time).
 */
static void
do_duties(struct assoc *a)
{
	static const struct dcep	 ack = { .type = DCEP_ACK };
	struct chan			*c;

	if (a->duties == 0 || a->so == NULL)
		return;
	a->duties = 0;
	for (uint16_t id = 0; id < LIB_STREAMS; id++) {
		c = &a->chan[id];
		if (c->owes && send_dcep(a, id, &ack))
			c->owes = false;
		if (c->ours == ENDING)
			reset(a, id);
		if (c->owes || c->ours == ENDING)
			a->duties++;
	}
}

/*
 * Inside one DTLS association a restart is never legitimate, and 0.9.5 uses
 * freed memory in one.
 */
static bool
is_restart(const struct assoc *a, const uint8_t *p, size_t n, uint32_t *tag)
{
	uint64_t	 v[LIB_NUMBERS];

	return packet_has_init(p, n, tag) && (a->state == ASSOC_UP ||
	    !lib_numbers(a->so, v) || v[LIB_OPEN] != 0);
}

void
assoc_input(struct assoc *a, uint64_t now, uint8_t *p, size_t n,
    struct batch *tx)
{
	uint32_t	 tag;

	if (a->so == NULL || n < COMMON)
		return;
	if (is_restart(a, p, n, &tag)) {
		a->inits++;
		return;
	}
	enter(a, now, tx);
	a->received++;
	a->packet_at = now;
	if (a->state == ASSOC_NEW && packet_accepts(p, n))
		a->out.bare = true;
	lib_input(a->out.id, p, n);
	do_duties(a);
	leave(a);
}

bool
assoc_is_another(const struct assoc *a, const uint8_t *p, size_t n)
{
	uint32_t	 tag;

	return a->state == ASSOC_UP && n >= COMMON &&
	    is_restart(a, p, n, &tag) && tag != a->out.tag;
}

/* Closed to the owner; our direction ends after what was sent on it. */
static void
shut(struct assoc *a, struct chan *c)
{
	if (c->state == CHAN_ASKED || c->state == CHAN_OPEN)
		a->channels--;
	c->state = CHAN_CLOSED;
	c->owes = false;
	if (c->ours == OPENED) {
		c->ours = ENDING;
		a->duties++;
	}
}

static void
tell_closed(struct assoc *a, struct chan *c)
{
	if (c->state != CHAN_ASKED && c->state != CHAN_OPEN)
		return;
	c->tell = true;
	a->tells++;
}

static bool
is_ours(const struct assoc *a, uint16_t id)
{
	return id % 2 == (a->conf.client ? 0 : 1);
}

static void
copy_text(char *to, const struct span *s)
{
	if (s->n > 0)
		memcpy(to, s->p, s->n);
	to[s->n] = '\0';
}

/* What the peer may not do ends the stream, and the log has why. False. */
static bool
refuse(struct assoc *a, uint16_t id, const char *why)
{
	log_debug("sctp: stream %u is reset: %s", id, why);
	tell_closed(a, &a->chan[id]);
	shut(a, &a->chan[id]);
	return false;
}

/* Who may not open it gets no ACK. */
static bool
on_open(struct assoc *a, uint16_t id, const struct dcep *d,
    struct assoc_event *ev)
{
	struct chan	*c = &a->chan[id];

	if (is_ours(a, id))
		return refuse(a, id, "an OPEN of the wrong parity");
	if (c->state != CHAN_FREE)
		return refuse(a, id, "an OPEN too many");
	if (a->channels >= CHANNELS)
		return refuse(a, id, "too many channels");
	c->state = CHAN_OPEN;
	c->owes = true;
	a->channels++;
	a->duties++;
	copy_text(a->label, &d->label);
	copy_text(a->protocol, &d->protocol);
	ev->type = ASSOC_EV_OPEN;
	ev->label = a->label;
	ev->protocol = a->protocol;
	return true;
}

static bool
on_dcep(struct assoc *a, uint16_t id, size_t n, struct assoc_event *ev)
{
	struct chan	*c = &a->chan[id];
	struct dcep	 d;

	if (dcep_decode(&d, a->buf, n) < 0)
		return refuse(a, id, "a malformed message of DCEP");
	if (d.type == DCEP_OPEN)
		return on_open(a, id, &d, ev);
	if (c->state != CHAN_ASKED)
		return false;
	c->state = CHAN_OPEN;
	ev->type = ASSOC_EV_ACKED;
	return true;
}

static bool
on_message(struct assoc *a, uint16_t id, uint32_t ppid, size_t n,
    struct assoc_event *ev)
{
	struct chan	*c = &a->chan[id];

	ev->channel = id;
	if (ppid == PPID_DCEP)
		return on_dcep(a, id, n, ev);
	if (c->state == CHAN_FREE)
		return refuse(a, id, "data, and nobody opened it");
	if (c->state != CHAN_OPEN && c->state != CHAN_ASKED)
		return false;
	if (!dcep_payload(ppid, &ev->text, &n)) {
		a->ignored++;
		return false;
	}
	ev->type = ASSOC_EV_DATA;
	ev->data = (struct span){ a->buf, n };
	return true;
}

static bool
on_change(struct assoc *a, struct rd *r, struct assoc_event *ev)
{
	struct sctp_assoc_change	 sac;
	const uint8_t			*p = rd_span(r, sizeof(sac));

	if (p == NULL)
		return false;
	memcpy(&sac, p, sizeof(sac));
	switch (sac.sac_state) {
	case SCTP_COMM_UP:
		if (a->state != ASSOC_NEW)
			return false;
		a->state = ASSOC_UP;
		if (sac.sac_outbound_streams < a->streams)
			a->streams = sac.sac_outbound_streams;
		if (sac.sac_inbound_streams < a->streams)
			a->streams = sac.sac_inbound_streams;
		a->chunk = lib_chunk(a->so);
		steer_begin(&a->steer, a->so, &a->out, a->chunk);
		ev->type = ASSOC_EV_UP;
		return true;
	case SCTP_COMM_LOST:
		set_lost(a, r->n > 0 ? "aborted by the peer" :
		    "the peer broke the protocol");
		return false;
	case SCTP_SHUTDOWN_COMP:
		set_lost(a, "shut down by the peer");
		return false;
	case SCTP_CANT_STR_ASSOC:
		set_lost(a, "no association: the peer does not answer");
		return false;
	default:
		set_lost(a, "restarted by the peer");
		return false;
	}
}

static void
on_their_end(struct assoc *a, struct chan *c)
{
	c->theirs = ENDED;
	tell_closed(a, c);
	shut(a, c);
	free_if_ended(c);
}

static void
on_reset(struct assoc *a, struct chan *c, unsigned flags)
{
	if (flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED)) {
		if (c->ours == SENT)
			c->ours = ENDED;
		free_if_ended(c);
		return;
	}
	if (flags & SCTP_STREAM_RESET_INCOMING_SSN && c->theirs == OPENED)
		on_their_end(a, c);
	if (flags & SCTP_STREAM_RESET_OUTGOING_SSN && c->ours == SENT) {
		c->ours = ENDED;
		free_if_ended(c);
	}
}

static void
on_resets(struct assoc *a, struct rd *r)
{
	struct sctp_stream_reset_event	 ev;
	const uint8_t			*p = rd_span(r, sizeof(ev));
	uint16_t			 id;

	if (p == NULL)
		return;
	memcpy(&ev, p, sizeof(ev));
	a->duties++;		/* another reset may go now */
	if (r->n < sizeof(id)) {
		for (id = 0; id < LIB_STREAMS; id++)
			if (a->chan[id].state != CHAN_FREE)
				on_reset(a, &a->chan[id],
				    ev.strreset_flags);
		return;
	}
	while (r->n >= sizeof(id)) {
		memcpy(&id, rd_span(r, sizeof(id)), sizeof(id));
		if (id < LIB_STREAMS)
			on_reset(a, &a->chan[id], ev.strreset_flags);
	}
}

static bool
on_note(struct assoc *a, const uint8_t *p, size_t n, struct assoc_event *ev)
{
	struct rd	 r = rd_of(p, n);
	uint16_t	 type;

	if (n < sizeof(type))
		return false;
	memcpy(&type, p, sizeof(type));
	if (type == SCTP_ASSOC_CHANGE)
		return on_change(a, &r, ev);
	if (type == SCTP_STREAM_RESET_EVENT)
		on_resets(a, &r);
	return false;
}

/*
 * Only what is larger than we accept comes in parts, see lib_conf; so nothing
 * that the peer gives up midway was ever begun here.
 */
static bool
on_whole(struct assoc *a, const struct sctp_rcvinfo *info, size_t n, bool end,
    struct assoc_event *ev)
{
	if (!end || n > a->conf.max_message) {
		set_lost(a, "a message is too large");
		return false;
	}
	return info->rcv_sid < LIB_STREAMS &&
	    on_message(a, info->rcv_sid, ntohl(info->rcv_ppid), n, ev);
}

/* Take the next thing from usrsctp. -1: there is none; 1: it is an event. */
static int
receive(struct assoc *a, struct assoc_event *ev)
{
	struct sctp_rcvinfo	 info;
	socklen_t		 infolen = sizeof(info);
	unsigned		 type = SCTP_RECVV_NOINFO;
	int			 flags = 0;
	ssize_t			 n;

	memset(&info, 0, sizeof(info));
	n = usrsctp_recvv(a->so, a->buf, a->cap, NULL, NULL, &info, &infolen,
	    &type, &flags);
	if (n < 0 && (errno == EWOULDBLOCK || errno == EINPROGRESS ||
	    errno == ENOTCONN)) {
		a->readable = false;
		return -1;
	}
	if (n <= 0) {
		set_lost(a, n == 0 ? "ended by the peer" :
		    "reset by the peer");
		return -1;
	}
	if (flags & MSG_NOTIFICATION)
		return on_note(a, a->buf, (size_t)n, ev);
	return on_whole(a, &info, (size_t)n, (flags & MSG_EOR) != 0, ev);
}

static bool
next_closed(struct assoc *a, struct assoc_event *ev)
{
	struct chan	*c;

	for (uint16_t id = 0; a->tells > 0 && id < LIB_STREAMS; id++) {
		c = &a->chan[id];
		if (!c->tell)
			continue;
		c->tell = false;
		a->tells--;
		free_if_ended(c);
		ev->type = ASSOC_EV_CLOSED;
		ev->channel = id;
		return true;
	}
	return false;
}

/* Of one that has ended no peer waits for room. */
static bool
is_held(const struct assoc *a)
{
	uint64_t	 v[LIB_NUMBERS];

	return a->held && a->state == ASSOC_UP && lib_numbers(a->so, v) &&
	    v[LIB_OPEN] != 0;
}

static bool
next_event(struct assoc *a, struct assoc_event *ev)
{
	int	 got;

	for (;;) {
		if (next_closed(a, ev))
			return true;
		if (a->kept.type != 0 && is_held(a))
			return false;
		if (a->kept.type != 0) {
			*ev = a->kept;
			a->kept.type = 0;
			return true;
		}
		if (a->state == ASSOC_LOST || a->so == NULL || !a->readable)
			break;
		got = receive(a, ev);
		do_duties(a);
		if (got > 0 && ev->type == ASSOC_EV_DATA && is_held(a)) {
			a->kept = *ev;
			continue;
		}
		if (got > 0)
			return true;
		if (got < 0 && a->tells == 0)
			break;
	}
	if (a->state != ASSOC_LOST || a->told)
		return false;
	a->told = true;
	ev->type = ASSOC_EV_LOST;
	return true;
}

bool
assoc_event(struct assoc *a, uint64_t now, struct assoc_event *ev,
    struct batch *tx)
{
	bool	 got;

	memset(ev, 0, sizeof(*ev));
	if (a->tells == 0 && !a->readable && !a->out.woken &&
	    (a->state != ASSOC_LOST || a->told))
		return false;
	enter(a, now, tx);
	a->readable |= a->out.woken;
	got = next_event(a, ev);
	leave(a);
	return got;
}

void
assoc_hold(struct assoc *a, bool held)
{
	a->held = held;
}

static void
watch(struct assoc *a)
{
	uint64_t	 v[LIB_NUMBERS];

	if (a->state != ASSOC_UP || !lib_numbers(a->so, v) ||
	    v[LIB_QUEUED] == 0)
		return;
	if (a->now < stall_end(&a->stall, v))
		return;
	a->wedged = true;
	set_lost(a, "nothing is acknowledged any more");
}

void
assoc_tick(struct assoc *a, uint64_t now, struct batch *tx)
{
	if (a->so == NULL)
		return;
	enter(a, now, tx);
	lib_expire();
	steer_give_up(&a->steer, a->so);
	if (a->out.blocked || a->steer.paced) {
		a->out.blocked = a->steer.paced = false;
		a->steer.kicked = true;
		lib_kick(a->so);
	}
	do_duties(a);
	watch(a);
	leave(a);
}

uint64_t
assoc_deadline(const struct assoc *a)
{
	uint64_t	 v[LIB_NUMBERS], at;
	bool		 queued;

	if (a->so == NULL)
		return NEVER;
	if (out_waits(&a->out))
		return a->now;
	queued = lib_numbers(a->so, v) && v[LIB_QUEUED] > 0;
	at = lib_next(a->now, queued || a->state == ASSOC_NEW ||
	    a->now - a->packet_at < QUIET);
	at = earlier(at, steer_next(&a->steer));
	if (queued && a->state == ASSOC_UP)
		at = earlier(at, stall_end(&a->stall, v));
	return at;
}

static int
next_id(const struct assoc *a)
{
	for (int id = a->conf.client ? 0 : 1; id < a->streams; id += 2)
		if (a->chan[id].state == CHAN_FREE)
			return id;
	return -1;
}

/* The channel type of RFC 8832 8.2.2. */
static uint8_t
type_of(const struct assoc_how *how)
{
	return (uint8_t)(how->limit | (how->unordered ? DCEP_UNORDERED : 0));
}

int
assoc_open(struct assoc *a, uint64_t now, const char *label,
    const char *protocol, const struct assoc_how *how, struct batch *tx)
{
	struct dcep	 d = { .type = DCEP_OPEN, .priority = 256 };
	int		 id = next_id(a);
	bool		 sent;

	if (a->state != ASSOC_UP || id < 0 || a->channels >= CHANNELS)
		return -1;
	if (how != NULL) {
		d.channel = type_of(how);
		d.reliability = how->value;
	}
	d.label = (struct span){ (uint8_t *)(uintptr_t)label, strlen(label) };
	d.protocol = (struct span){ (uint8_t *)(uintptr_t)protocol,
	    strlen(protocol) };
	sent = enter(a, now, tx) && send_dcep(a, (uint16_t)id, &d);
	leave(a);
	if (!sent)
		return -1;
	a->chan[id].state = CHAN_ASKED;
	a->channels++;
	return id;
}

bool
assoc_send2(struct assoc *a, uint64_t now, uint16_t channel,
    const struct span *head, const struct span *body, struct batch *tx)
{
	const struct chan	*c;
	bool			 sent;

	if (a->state != ASSOC_UP || channel >= LIB_STREAMS ||
	    head->n + body->n == 0)
		return false;
	c = &a->chan[channel];
	if (c->state != CHAN_ASKED && c->state != CHAN_OPEN)
		return false;
	sent = enter(a, now, tx) && lib_send(a->so, channel,
	    PPID_BINARY, head->p, head->n, body->p, body->n);
	leave(a);
	return sent;
}

bool
assoc_send_how(struct assoc *a, uint64_t now, uint16_t channel,
    const struct assoc_how *how, const void *p, size_t n, struct batch *tx)
{
	/* SCTP has no empty message: RFC 8831 6.6. */
	static const uint8_t	 nothing;
	const struct chan	*c;
	struct lib_how		 lib = {
		.unordered = how->unordered,
		.limit = (enum lib_limit)how->limit, .value = how->value,
	};
	bool			 sent;

	if (a->state != ASSOC_UP || channel >= LIB_STREAMS)
		return false;
	c = &a->chan[channel];
	if (c->state != CHAN_ASKED && c->state != CHAN_OPEN)
		return false;
	lib.unordered &= c->state == CHAN_OPEN;
	sent = enter(a, now, tx) && lib_send_how(a->so, channel,
	    n > 0 ? PPID_BINARY : PPID_BINARY_EMPTY, &lib,
	    n > 0 ? p : &nothing, n > 0 ? n : 1);
	leave(a);
	return sent;
}

bool
assoc_send(struct assoc *a, uint64_t now, uint16_t channel, const void *p,
    size_t n, struct batch *tx)
{
	struct span	 head = { (uint8_t *)(uintptr_t)p, n }, none = { 0 };

	return assoc_send2(a, now, channel, &head, &none, tx);
}

size_t
assoc_room(const struct assoc *a)
{
	uint64_t	 v[LIB_NUMBERS];

	return a->state == ASSOC_UP && lib_numbers(a->so, v) ?
	    steer_room(&a->steer, v) : 0;
}

uint64_t
assoc_stalled(const struct assoc *a)
{
	return a->so != NULL && a->stall.queued > 0 ? a->stall.at : NEVER;
}

size_t
assoc_unacked(const struct assoc *a)
{
	uint64_t	 v[LIB_NUMBERS];

	return lib_numbers(a->so, v) ? (size_t)v[LIB_QUEUED] : 0;
}

void
assoc_close(struct assoc *a, uint64_t now, uint16_t channel, struct batch *tx)
{
	struct chan	*c;

	if (a->so == NULL || channel >= LIB_STREAMS)
		return;
	c = &a->chan[channel];
	if (c->state != CHAN_ASKED && c->state != CHAN_OPEN)
		return;
	shut(a, c);
	enter(a, now, tx);
	do_duties(a);
	leave(a);
}

int
assoc_theirs(const struct assoc *a)
{
	for (uint16_t id = 0; id < LIB_STREAMS; id++)
		if (a->chan[id].state == CHAN_OPEN && !is_ours(a, id))
			return id;
	return -1;
}

void
assoc_moved(struct assoc *a, uint64_t now)
{
	if (a->so == NULL || a->state != ASSOC_UP)
		return;
	a->now = a->stall.at = now;	/* patience begins anew, too */
	lib_now(now);
	/* Timeouts have told the model already that nothing is certain. */
	if (!lib_hurry(a->so))
		steer_moved(&a->steer, now);
}

void
assoc_abort(struct assoc *a, uint64_t now, struct batch *tx)
{
	if (a->state == ASSOC_LOST)
		return;
	enter(a, now, tx);
	set_lost(a, "ended by us");
	a->told = true;
	leave(a);
}

enum assoc_state
assoc_state(const struct assoc *a)
{
	return a->state;
}

const char *
assoc_why(const struct assoc *a)
{
	return a->why;
}

bool
assoc_wedged(const struct assoc *a)
{
	return a->wedged;
}

void
assoc_info(const struct assoc *a, struct assoc_info *info)
{
	uint64_t	 v[LIB_NUMBERS];

	memset(info, 0, sizeof(*info));
	info->mtu = a->conf.mtu;
	info->chunk = a->chunk;
	info->packets_sent = a->out.packets;
	info->packets_received = a->received;
	info->retransmits = a->out.retransmits;
	info->rtt_min = NEVER;
	if (!lib_numbers(a->so, v))
		return;
	info->rtt = v[LIB_RTT];
	info->cwnd = a->steer.model != NULL ?
	    steer_cwnd(&a->steer) : v[LIB_CWND];
	info->unacked = v[LIB_QUEUED];
	steer_path(&a->steer, &info->rate, &info->rtt_min);
	/* With nothing unsent it is known; else at most all of it. */
	info->pending = v[LIB_UNSENT] == 0 ? v[LIB_FLIGHT] : v[LIB_QUEUED];
}
