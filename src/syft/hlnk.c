#include "base/utf8.h"
#include "syft/hlnk.h"

/*
 * HLNK frames. Both versions start alike; the decoders take the rest of the
 * message as payload, so nothing is copied.
 */

enum { VERSION_1 = 1, VERSION_2 = 2 };

static struct span
span_next(struct rd *r, size_t n)
{
	struct span	 s;

	s.p = (uint8_t *)(uintptr_t)rd_span(r, n);
	s.n = s.p == NULL ? 0 : n;
	return s;
}

static int
magic(struct rd *r, uint8_t version)
{
	const uint8_t	*p = rd_span(r, 4);

	if (p == NULL || memcmp(p, "HLNK", 4) != 0)
		return -1;
	return rd_u8(r) == version ? 0 : -1;
}

int
hlnk1_decode(struct hlnk1 *h, uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);
	size_t		 path, etag, payload;

	memset(h, 0, sizeof(*h));
	if (magic(&r, VERSION_1) < 0)
		return -1;
	path = rd_u16(&r);
	etag = rd_u16(&r);
	payload = rd_u32(&r);
	h->seq = rd_u64(&r);
	h->path = span_next(&r, path);
	h->etag = span_next(&r, etag);
	h->payload = span_next(&r, payload);
	if (r.bad || !utf8_valid(h->path.p, h->path.n) ||
	    !utf8_valid(h->etag.p, h->etag.n))
		return -1;
	return 0;
}

void
hlnk1_encode_head(struct wr *w, const struct hlnk1 *h)
{
	wr_str(w, "HLNK");
	wr_u8(w, VERSION_1);
	wr_u16(w, (uint16_t)h->path.n);
	wr_u16(w, (uint16_t)h->etag.n);
	wr_u32(w, (uint32_t)h->payload.n);
	wr_u64(w, h->seq);
	wr_bytes(w, h->path.p, h->path.n);
	wr_bytes(w, h->etag.p, h->etag.n);
}

/* What follows the head. A reason too long is cut: the reset still counts. */
static int
tail(struct hlnk2 *h, struct rd *r)
{
	switch (h->type) {
	case HLNK_DATA:
		h->payload = span_next(r, r->n);
		return h->payload.n > UINT64_MAX - h->offset ? -1 : 0;
	case HLNK_ACK:
		h->limit = rd_u64(r);
		return r->bad || r->n > 0 ? -1 : 0;
	case HLNK_EOF:
		return r->n > 0 ? -1 : 0;
	case HLNK_RESET:
		h->payload = span_next(r, r->n > HLNK2_REASON ?
		    (size_t)HLNK2_REASON : r->n);
		return 0;
	}
	return -1;
}

int
hlnk2_decode(struct hlnk2 *h, uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);
	uint8_t		 type;

	memset(h, 0, sizeof(*h));
	if (magic(&r, VERSION_2) < 0 || (type = rd_u8(&r)) > HLNK_RESET)
		return -1;
	h->type = (enum hlnk2_type)type;
	h->stream = rd_u16(&r);
	h->generation = rd_u32(&r);
	h->offset = rd_u64(&r);
	if (r.bad || h->generation == 0)
		return -1;
	return tail(h, &r);
}

void
hlnk2_encode_head(struct wr *w, const struct hlnk2 *h)
{
	wr_str(w, "HLNK");
	wr_u8(w, VERSION_2);
	wr_u8(w, (uint8_t)h->type);
	wr_u16(w, h->stream);
	wr_u32(w, h->generation);
	wr_u64(w, h->offset);
	if (h->type == HLNK_ACK)
		wr_u64(w, h->limit);
}
