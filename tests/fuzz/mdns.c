#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "crypto/rng.h"
#include "ice/mdns.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Any bytes while a name is asked for; an address that is told is usable. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct batch	 tx;
	struct rng		*rng = rng_seeded("x", 1);
	struct mdns		*m = mdns_new(rng);
	struct mdns_event	 ev;

	if (m == NULL || (tx.mem == NULL && batch_init(&tx, 1 << 16) == -1))
		abort();
	mdns_ask(m, 0, "1f4712db-ea17-4bcf-a596-105139dfd8bf.local");
	mdns_tick(m, 0, &tx);
	mdns_input(m, SEC, p, n);
	if (mdns_event(m, &ev) && (addr_is_any(&ev.addr) ||
	    addr_is_group(&ev.addr) || addr_is_loopback(&ev.addr)))
		abort();
	batch_reset(&tx);
	mdns_free(m);
	rng_free(rng);
	return 0;
}
