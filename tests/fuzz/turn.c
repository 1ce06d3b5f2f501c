#include <stdlib.h>

#include "base/time.h"
#include "crypto/rng.h"
#include "ice/turn.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Any bytes from the server; what is lent lies within them. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct turn_conf	 conf = { .user = "u", .pass = "p",
		.path = { { .family = 4, .port = 1 },
		    { .family = 4, .port = 2 } } };
	static struct batch	 tx;
	struct turn_data	 d;
	struct turn		*t;
	uint8_t			*copy = malloc(n + 1);

	if (copy == NULL || (tx.mem == NULL && batch_init(&tx, 1 << 16) == -1))
		abort();
	conf.rng = rng_seeded("x", 1);
	t = turn_new(&conf, 0);
	if (t == NULL)
		abort();
	memcpy(copy, p, n);
	turn_permit(t, 0, &conf.path.remote);
	turn_tick(t, 0, &tx);
	turn_input(t, SEC, &conf.path, copy, n, &d, &tx);
	if (d.bytes.n > 0 &&
	    (d.bytes.p < copy || d.bytes.p + d.bytes.n > copy + n))
		abort();
	batch_reset(&tx);
	turn_free(t);
	rng_free(conf.rng);
	free(copy);
	return 0;
}
