#include <string.h>

#include "base/time.h"
#include "session/opening.h"
#include "syft/msg.h"

enum { NUDGE_GAP = 200 * MS };

/* Seconds until Open is said again: 1, 2, 4, 5, 5, ... */
static const unsigned	 wait_s[] = { 1, 2, 4, 5 };
enum { WAITS = sizeof(wait_s) / sizeof(wait_s[0]) };

void
opening_init(struct opening *o, const char *sid)
{
	memset(o, 0, sizeof(*o));
	memcpy(o->sid, sid, strlen(sid) + 1);
	o->at = NEVER;
}

static void
begin(struct opening *o, uint64_t now)
{
	o->state = OPENING_SENT;
	o->tries = 0;
	o->at = now;
}

void
opening_relay(struct opening *o, uint64_t now, bool up)
{
	if (up) {
		begin(o, now);
		return;
	}
	o->state = OPENING_DOWN;
	o->at = NEVER;
}

bool
opening_due(const struct opening *o, uint64_t now)
{
	return o->at <= now;
}

void
opening_said(struct opening *o, uint64_t now)
{
	unsigned	 i = o->tries < WAITS ? o->tries : WAITS - 1;

	o->said = now;
	o->at = now + (uint64_t)wait_s[i] * SEC;
	/* Long waits end on whole seconds, so that links wake up together. */
	if (o->tries >= WAITS - 1)
		o->at -= o->at % SEC;
	o->tries++;
}

bool
opening_accept(struct opening *o)
{
	bool	 first = o->state == OPENING_SENT ||
		    o->state == OPENING_REJECTED;

	if (!first)
		return false;
	o->state = OPENING_ACCEPTED;
	o->at = NEVER;
	o->tries = 0;
	return true;
}

/*
 * Data and signals on their way when the relay forgot the session each bring
 * an answer: only the first of them opens again, the others find it open.
 */
void
opening_reject(struct opening *o, uint64_t now, struct span reason)
{
	if (o->state == OPENING_DOWN)
		return;
	if (span_is(reason, "unknown session")) {
		if (o->state == OPENING_ACCEPTED)
			begin(o, now);
		return;
	}
	if (o->state == OPENING_ACCEPTED)
		begin(o, now + SEC);
	o->state = OPENING_REJECTED;
}

void
opening_again(struct opening *o, uint64_t now)
{
	if (o->state == OPENING_DOWN)
		return;
	begin(o, o->said + NUDGE_GAP > now && o->said != 0 ?
	    o->said + NUDGE_GAP : now);
}

/*
 * An Accept that is on its way must come first: to open again meanwhile is to
 * lose what is said in the session until it is accepted again. If both opened
 * at about the same time it takes twice as long as the peer's Open took.
 */
void
opening_nudge(struct opening *o, uint64_t now)
{
	uint64_t	 since = now - o->said;

	if (o->state != OPENING_SENT && o->state != OPENING_REJECTED)
		return;
	o->at = earlier(o->at, since >= NUDGE_GAP ? now :
	    o->said + 2 * since + NUDGE_GAP);
}

bool
inbound_open(struct inbound *in, struct span sid)
{
	bool	 other = !span_is(sid, in->sid);

	if (other) {
		memcpy(in->sid, sid.p, sid.n);
		in->sid[sid.n] = '\0';
	}
	in->state = INBOUND_HEARD;
	return other;
}

void
inbound_relay(struct inbound *in, bool up)
{
	if (in->state == INBOUND_NONE)
		return;
	in->state = up ? INBOUND_HEARD : INBOUND_UNKNOWN;
}

bool
inbound_due(const struct inbound *in)
{
	return in->state == INBOUND_HEARD;
}

void
inbound_said(struct inbound *in, uint64_t now)
{
	in->state = INBOUND_ACCEPTED;
	in->said = now;
}

void
inbound_unknown(struct inbound *in)
{
	if (in->state != INBOUND_NONE)
		in->state = INBOUND_UNKNOWN;
}

void
inbound_close(struct inbound *in)
{
	in->state = INBOUND_NONE;
	in->sid[0] = '\0';
}

bool
inbound_settled(const struct inbound *in, uint64_t now)
{
	return in->state == INBOUND_ACCEPTED &&
	    now >= in->said + INBOUND_SETTLE;
}
