#include <stddef.h>
#include <stdint.h>

#include "rpc/envelope.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	envelope_classify(p, n, "alice@example.com");
	return 0;
}
