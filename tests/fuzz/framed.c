#include <stdlib.h>

#include "agent/framed.h"
#include "ice/stun.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* A stream, message by message. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct stun	 m;
	size_t		 len;

	while ((len = framed_length(p, n)) > 0 && len <= n) {
		stun_decode(&m, p, len);
		p += len;
		n -= len;
	}
	return 0;
}
