#include "crypto/tls.h"
#include "vectors/tls.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char	*why;

	tls_trust_free(tls_trust_new((const char *)p, n));
	tls_identity_free(tls_identity_new((const char *)p, n, ec_key,
	    strlen(ec_key), &why));
	tls_identity_free(tls_identity_new(ec_pem, strlen(ec_pem),
	    (const char *)p, n, &why));
	return 0;
}
