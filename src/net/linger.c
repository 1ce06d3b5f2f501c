#include "net/linger.h"

/* A wait that was long counts as two that were not. */
enum { SURE = 4, SURE_MAX = 8, DOUBT = 2 };

bool
linger_is_worth(const struct linger *g, uint64_t now)
{
	return g->sure >= SURE && now >= g->resume;
}

void
linger_waited(struct linger *g, uint64_t took)
{
	if (took > LINGER_TIME)
		g->sure -= g->sure < DOUBT ? g->sure : DOUBT;
	else if (g->sure < SURE_MAX)
		g->sure++;
}

void
linger_yielded(struct linger *g, uint64_t now, uint64_t took)
{
	if (took <= LINGER_OTHERS)
		return;
	if (now >= g->resume + LINGER_PAUSE_MAX)
		g->pause = LINGER_PAUSE;
	else
		g->pause = earlier(g->pause * 2, LINGER_PAUSE_MAX);
	g->resume = now + g->pause;
}
