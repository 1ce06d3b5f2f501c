#include <string.h>

#include "base/time.h"
#include "sctp/reorder.h"

enum {
	PERIOD = 10 * SEC,
	MARGIN = 4,		/* a fourth more than was seen */
	STEP = 4,		/* a fourth of the least round trip */
};

static bool
was_late(const struct reorder *r, uint64_t now, uint64_t sent_at,
    uint64_t rtt_min)
{
	return rtt_min != NEVER && now - sent_at < rtt_min / 8 * 7 &&
	    sent_at >= r->widened;
}

bool
reorder_acked(struct reorder *r, uint64_t now, uint64_t sent_at, bool once,
    uint64_t rtt, uint64_t rtt_min)
{
	bool		 late = !once && was_late(r, now, sent_at, rtt_min);
	uint64_t	 extent = 0;

	if (now >= r->period + PERIOD) {
		r->period = now;
		r->seen[1] = r->seen[0];
		r->seen[0] = 0;
	}
	if (once && sent_at >= r->latest) {
		r->latest = sent_at;
		r->latest_at = now;
	} else if (once) {
		extent = r->latest - sent_at;
	} else if (late) {
		/* It takes a round trip to have an effect. */
		r->widened = now;
		extent = later(r->seen[0], r->seen[1]) + rtt_min / STEP;
	}
	r->seen[0] = later(r->seen[0], earlier(extent, rtt));
	return late;
}

uint64_t
reorder_window(const struct reorder *r)
{
	uint64_t	 seen = later(r->seen[0], r->seen[1]);

	return seen + seen / MARGIN;
}

uint64_t
reorder_until(const struct reorder *r, uint64_t sent_at)
{
	uint64_t	 window = reorder_window(r);

	if (window == 0)
		return 0;
	return r->latest_at + sent_at + window - earlier(r->latest,
	    r->latest_at + sent_at + window);
}

void
reorder_forget(struct reorder *r)
{
	memset(r, 0, sizeof(*r));
}
