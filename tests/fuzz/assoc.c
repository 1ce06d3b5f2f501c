#include <stdlib.h>

#include "base/time.h"
#include "sctp/assoc.h"

enum { MTU = 1212, TURNS = 40 };

static struct assoc	*a[2];
static struct batch	 tx[2];
static uint64_t		 now = SEC;

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
turn(int i)
{
	struct assoc_event	 ev;
	struct batch		*in = &tx[!i];

	for (size_t k = 0; k < in->n; k++)
		assoc_input(a[i], now, in->d[k].p, in->d[k].n, &tx[i]);
	batch_reset(in);
	assoc_tick(a[i], now, &tx[i]);
	while (assoc_event(a[i], now, &ev, &tx[i]))
		;
}

/*
 * Two associations that are up, and packets of the fuzzer's between theirs:
 * a length byte times 8 and the packet, under the verification tag of the
 * last real one, which a forger inside DTLS would have.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct assoc_conf	 conf = { .mtu = MTU };
	struct rd		 r = rd_of(p, n);
	uint8_t			 b[2048], head[12] = { 0 };
	const uint8_t		*chunks;
	size_t			 len;

	for (int i = 0; i < 2; i++) {
		conf.client = i == 0;
		a[i] = assoc_new(&conf, now);
		if (a[i] == NULL || batch_init(&tx[i], 1 << 20) < 0)
			abort();
	}
	for (int i = 0; i < 2; i++)
		assoc_start(a[i], now, &tx[i]);
	for (int i = 0; i < TURNS; i++, now += 10 * MS) {
		if (tx[1].n > 0)
			memcpy(head, tx[1].d[0].p, sizeof(head));
		turn(i % 2);
		if (i == TURNS / 2)
			assoc_open(a[0], now, "f", "", NULL, &tx[0]);
	}
	while (r.n > 0) {
		len = (size_t)rd_u8(&r) * 8;
		len = len < r.n ? len : r.n;
		chunks = rd_span(&r, len);
		memcpy(b, head, sizeof(head));
		if (len > 0)
			memcpy(b + sizeof(head), chunks, len);
		assoc_input(a[0], now, b, sizeof(head) + len, &tx[0]);
		turn(1);
		turn(0);
		now += 100 * MS;
	}
	for (int i = 0; i < 2; i++) {
		assoc_free(a[i]);
		batch_fini(&tx[i]);
	}
	return 0;
}
