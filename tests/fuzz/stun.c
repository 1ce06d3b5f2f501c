#include <stdlib.h>

#include "ice/stun.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * Any bytes as a message; what is read can be written again, and what succeeds
 * is an answer with nothing unknown.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct stun	 m;
	uint8_t		 out[STUN_MAX];

	if (stun_decode(&m, p, n) == -1)
		return 0;
	if (m.nunknown > STUN_UNKNOWN ||
	    (stun_succeeds(&m) && (m.nunknown > 0 || m.class != STUN_SUCCESS)))
		abort();
	stun_verify(&m, "key", 3);
	stun_encode(&m, "key", 3, true, out, sizeof(out));
	return 0;
}
