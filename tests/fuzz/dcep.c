#include <stdlib.h>

#include "sctp/dcep.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What decodes encodes to the same bytes, but for what may follow an ACK. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct dcep	 d;
	uint8_t		 b[DCEP_MAX];
	size_t		 same;

	if (dcep_decode(&d, p, n) < 0)
		return 0;
	same = dcep_encode(&d, b, sizeof(b));
	if (same != (d.type == DCEP_ACK ? 1 : n) || memcmp(b, p, same) != 0)
		abort();
	return 0;
}
