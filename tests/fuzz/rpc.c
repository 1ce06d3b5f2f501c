#include <stddef.h>
#include <stdint.h>

#include "rpc/rpc.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char	*why;
	struct rpc	 r;

	if (n > 0 && rpc_parse(&r, p[0] & 1 ? RPC_REQUEST : RPC_RESPONSE,
	    p + 1, n - 1, &why) == 0)
		rpc_fini(&r);
	return 0;
}
