#include "syft/msgpack.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);
	struct mp	 m;

	while (!r.bad && r.n > 0) {
		m = mp_next(&r);
		if ((p[0] & 1) != 0)
			mp_skip(&r, &m);
	}
	return 0;
}
