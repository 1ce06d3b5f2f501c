#include "session/haste.h"

void
haste_saw(struct haste *h, uint64_t now, size_t n, bool behind)
{
	if (n > HASTE_SMALL || behind)
		h->large_at = now;
	else
		h->small_at = now;
}

bool
haste_is_on(const struct haste *h, uint64_t now)
{
	return h->small_at != 0 && now < h->small_at + HASTE_LASTS &&
	    (h->large_at == 0 || now >= h->large_at + HASTE_CALM);
}
