#include <bearssl.h>

#include "crypto/prf.h"

void
prf_sha256(void *out, size_t n, const void *secret, size_t secretlen,
    const char *label, const void *seed1, size_t n1, const void *seed2,
    size_t n2)
{
	const br_tls_prf_seed_chunk	 seed[] = {
		{ seed1, n1 }, { seed2, n2 },
	};

	br_tls12_sha256_prf(out, n, secret, secretlen, label, 2, seed);
}
