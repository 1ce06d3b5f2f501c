#include <stdlib.h>
#include <string.h>

#include "peer/early.h"

void
early_keep(struct early **all, const struct path *from, const uint8_t *bytes,
    size_t n)
{
	struct early_dgram	*e;

	if (*all == NULL)
		*all = calloc(1, sizeof(**all));
	if (*all == NULL || (*all)->n == EARLY || n > EARLY_LEN)
		return;
	e = &(*all)->kept[(*all)->n++];
	e->n = n;
	e->from = *from;
	memcpy(e->bytes, bytes, n);
}
