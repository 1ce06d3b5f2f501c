#include "base/time.h"
#include "sctp/stall.h"

enum {
	PATIENCE = 5 * SEC,	/* and three timeouts: not a wedge */
	PARTS = 3,
};

void
stall_look(struct stall *p, uint64_t now, size_t mtu, bool heard,
    const uint64_t v[LIB_NUMBERS])
{
	if (v[LIB_QUEUED] == 0 || p->queued == 0 || v[LIB_ACKED] != p->acked ||
	    (heard && v[LIB_WINDOW] < mtu))
		p->at = now;
	p->acked = v[LIB_ACKED];
	p->queued = v[LIB_QUEUED];
}

uint64_t
stall_end(const struct stall *p, const uint64_t v[LIB_NUMBERS])
{
	uint64_t	 patience = v[LIB_RTO] * PARTS;

	return p->at + (patience > PATIENCE ? patience : PATIENCE);
}
