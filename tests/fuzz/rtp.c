#include <stdlib.h>
#include <string.h>

#include "srtp/guard.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Any bytes as a local sender's, and, sealed or not, as the peer's. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t	 keys[GUARD_KEYS];
	struct guard		*a = guard_new(true, keys);
	struct guard		*b = guard_new(false, keys);
	struct rtp		 h, back;
	uint8_t			*copy = malloc(n + GUARD_GROWTH);
	size_t			 len = n;

	if (a == NULL || b == NULL || copy == NULL)
		abort();
	rtp_parse_sealed(&h, p, n);
	if (n > 0)
		memcpy(copy, p, n);
	guard_open(b, copy, &len, &h);
	len = n;
	if (n > 0)
		memcpy(copy, p, n);
	if (guard_seal(a, a, copy, &len, &h) == GUARD_OK &&
	    (len > n + GUARD_GROWTH ||
	    guard_open(b, copy, &len, &back) != GUARD_OK || len != n ||
	    memcmp(copy, p, n) != 0))
		abort();
	guard_free(a);
	guard_free(b);
	free(copy);
	return 0;
}
