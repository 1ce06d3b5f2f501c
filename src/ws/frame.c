#include <string.h>

#include "base/bytes.h"
#include "ws/frame.h"

static bool
op_known(unsigned op)
{
	return op <= WS_OP_BINARY || (op >= WS_OP_CLOSE && op <= WS_OP_PONG);
}

/* 5.2: the shortest form MUST be used, and the top bit of 64 is zero. */
static bool
length_ok(unsigned form, uint64_t len)
{
	if (form == 126)
		return len >= 126;
	if (form == 127)
		return len > 0xffff && len >> 63 == 0;
	return true;
}

int
ws_frame_decode(struct ws_frame *f, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);
	uint8_t		 a = rd_u8(&r), b = rd_u8(&r);
	unsigned	 form = b & 0x7f;
	const uint8_t	*mask;

	if (n > 0 && ((a & 0x70) != 0 || !op_known(a & 0x0f)))
		return -1;
	if (r.bad)
		return 0;
	f->fin = (a & 0x80) != 0;
	f->op = (enum ws_op)(a & 0x0f);
	f->masked = (b & 0x80) != 0;
	if (f->op >= WS_OP_CLOSE && (!f->fin || form > WS_CONTROL_MAX))
		return -1;
	f->len = form == 126 ? rd_u16(&r) : form == 127 ? rd_u64(&r) : form;
	if (!r.bad && !length_ok(form, f->len))
		return -1;
	mask = f->masked ? rd_span(&r, 4) : NULL;
	if (r.bad)
		return 0;
	if (mask != NULL)
		memcpy(f->mask, mask, 4);
	return (int)(n - r.n);
}

size_t
ws_frame_encode(uint8_t *p, const struct ws_frame *f)
{
	struct wr	 w = wr_of(p, WS_FRAME_HEAD);
	uint8_t		 masked = f->masked ? 0x80 : 0;

	wr_u8(&w, (uint8_t)((f->fin ? 0x80 : 0) | f->op));
	if (f->len < 126) {
		wr_u8(&w, (uint8_t)(masked | f->len));
	} else if (f->len <= 0xffff) {
		wr_u8(&w, masked | 126);
		wr_u16(&w, (uint16_t)f->len);
	} else {
		wr_u8(&w, masked | 127);
		wr_u64(&w, f->len);
	}
	if (f->masked)
		wr_bytes(&w, f->mask, 4);
	return w.n;
}

/* Eight bytes at a time; each is read before it or what follows is written. */
void
ws_mask(uint8_t *to, const uint8_t *from, size_t n, const uint8_t mask[4],
    uint64_t phase)
{
	uint8_t		 key[8];
	uint64_t	 k, v;
	size_t		 i = 0;

	for (size_t j = 0; j < sizeof(key); j++)
		key[j] = mask[(phase + j) & 3];
	memcpy(&k, key, sizeof(k));
	for (; n - i >= sizeof(v); i += sizeof(v)) {
		memcpy(&v, from + i, sizeof(v));
		v ^= k;
		memcpy(to + i, &v, sizeof(v));
	}
	for (; i < n; i++)
		to[i] = from[i] ^ key[i & 7];
}
