#include "agent/leave.h"
#include "agent/relays.h"
#include "agent/state.h"
#include "base/time.h"
#include "net/loop.h"

enum { PATIENCE = 500 * MS };	/* RFC 8489's first RTO: no repetition */

struct leaving {
	struct agent	*agent;
	uint64_t	 until;
};

static uint64_t
on_turn(void *arg, uint64_t now)
{
	const struct leaving	*l = arg;
	struct agent		*a = l->agent;

	relays_tick(a->relays, now, &a->batch);
	agent_send(a, now);
	relays_pump(a->relays, now);
	if (relays_closed(a->relays) || now >= l->until)
		loop_stop(a->loop);
	return earlier(l->until, relays_deadline(a->relays));
}

void
leave_relays(struct agent *a, uint64_t now)
{
	struct leaving	 l = { a, now + PATIENCE };

	if (a->relays == NULL)
		return;
	agent_send(a, now);
	relays_pump(a->relays, now);
	if (relays_closed(a->relays))
		return;
	loop_on_turn(a->loop, on_turn, &l);
	loop_run(a->loop);
}
