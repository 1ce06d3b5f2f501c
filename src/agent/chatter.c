/*
 * A bucket that holds CHATTER_BURST lines and gets one each CHATTER_PAUSE_S,
 * as the time at which it is full: each line moves that by the pause.
 */
#include "agent/chatter.h"
#include "base/time.h"

bool
chatter_may(struct chatter *c, uint64_t now, uint64_t *left_out)
{
	uint64_t	 pause = CHATTER_PAUSE_S * (uint64_t)SEC;
	uint64_t	 full = c->spent > now ? c->spent : now;

	if (full + pause > now + CHATTER_BURST * pause) {
		c->left_out++;
		return false;
	}
	c->spent = full + pause;
	*left_out = c->left_out;
	c->left_out = 0;
	return true;
}
