/* Any bytes as a peer's certificate. */
#include <stddef.h>
#include <stdint.h>

#include "crypto/x509.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct pubkey	 k;

	if (x509_key(&k, p, n) == NULL &&
	    (k.p < p || k.p + k.n > p + n || k.spki + k.spkilen > p + n))
		__builtin_trap();
	return 0;
}
