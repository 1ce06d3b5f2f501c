#include <stdlib.h>

#include "syft/msg.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What decodes must decode again, to the same, from either encoding. */
static void
again(struct msg_decoder *d, const struct msg *m, enum msg_encoding e)
{
	size_t		 cap = msg_encoded_max(e, m);
	uint8_t		*p = malloc(cap);
	struct wr	 w = wr_of(p, cap);
	struct msg	 out;

	msg_encode(&w, e, m);
	if (wr_bad(&w))
		abort();
	if (msg_decode(d, &out, e == MSG_JSON, p, w.n) == 0 &&
	    (out.type != m->type || out.payload.n != m->payload.n))
		abort();
	free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct msg_decoder	*d = msg_decoder_new(), *e = msg_decoder_new();
	struct msg		 m;

	if (n > 0 && msg_decode(d, &m, (p[0] & 1) != 0, p + 1, n - 1) == 0) {
		again(e, &m, MSG_JSON);
		again(e, &m, MSG_MSGPACK);
	}
	msg_decoder_free(d);
	msg_decoder_free(e);
	return 0;
}
