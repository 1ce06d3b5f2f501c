#include <stdlib.h>

#include "sctp/dcep.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What decodes encodes to the same bytes. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct dcep	 d;
	uint8_t		 b[DCEP_MAX];

	if (dcep_decode(&d, p, n) < 0)
		return 0;
	if (dcep_encode(&d, b, sizeof(b)) != n || memcmp(b, p, n) != 0)
		abort();
	return 0;
}
