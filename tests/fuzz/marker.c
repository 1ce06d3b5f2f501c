#include "syft/marker.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct marker	 m;
	const char	*why;

	marker_parse(&m, "alice@example.com",
	    "alice@example.com/f/0_to_1/stream.tcp", (const char *)p, n, &why);
	marker_parse(&m, "alice@example.com",
	    "alice@example.com/f/0_to_1/stream.udp", (const char *)p, n, &why);
	return 0;
}
