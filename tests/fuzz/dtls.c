/*
 * Datagrams for an end of a connection: the first byte chooses the role, then
 * each is two bytes of length and as many of content. An engine must survive
 * them, and not come up.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/cert.h"
#include "crypto/rng.h"
#include "dtls/dtls.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct batch	 tx;
static struct cert	*cert;

static void
feed(struct dtls *d, uint64_t now, const uint8_t *p, size_t n)
{
	uint8_t		 copy[2048];
	struct span	 s = { copy, n < sizeof(copy) ? n : sizeof(copy) };
	struct span	 app;

	memcpy(copy, p, s.n);
	while (dtls_input(d, now, &s, &app, &tx))
		if (app.n > 0)
			__builtin_trap();
	dtls_tick(d, now, &tx);
	batch_reset(&tx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t	 scalar[32] = { 7 };
	struct rd		 r = rd_of(p, n), in;
	struct dtls_conf	 conf = { .rng = rng_seeded("f", 1) };
	struct dtls		*d;
	uint64_t		 now = 0;

	if (cert == NULL) {
		cert = cert_from_scalar(scalar);
		batch_init(&tx, 100000);
	}
	conf.cert = cert;
	conf.client = rd_u8(&r) & 1;
	d = dtls_new(&conf, now);
	while (r.n > 0) {
		in = rd_sub(&r, rd_u16(&r));
		if (in.n > 0)
			feed(d, now += 50 * MS, in.p, in.n);
	}
	if (dtls_state(d) == DTLS_UP)
		__builtin_trap();
	dtls_free(d);
	rng_free(conf.rng);
	return 0;
}
