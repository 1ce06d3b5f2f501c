#include "sctp/dcep.h"

enum {
	TIMED = 2,		/* the highest of RFC 8832 8.2.2; 0: reliable */
};

static struct span
take(struct rd *r, size_t n)
{
	const uint8_t	*p = rd_span(r, n);
	struct span	 s = { (uint8_t *)(uintptr_t)p, p == NULL ? 0 : n };

	return s;
}

static int
decode_open(struct dcep *d, struct rd *r)
{
	size_t	 label, protocol;

	d->channel = rd_u8(r);
	d->priority = rd_u16(r);
	d->reliability = rd_u32(r);
	label = rd_u16(r);
	protocol = rd_u16(r);
	if (r->bad || label > DCEP_TEXT_MAX || protocol > DCEP_TEXT_MAX ||
	    (d->channel & ~DCEP_UNORDERED) > TIMED)
		return -1;
	d->label = take(r, label);
	d->protocol = take(r, protocol);
	return r->bad || r->n > 0 ? -1 : 0;
}

int
dcep_decode(struct dcep *d, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);

	memset(d, 0, sizeof(*d));
	d->type = (enum dcep_type)rd_u8(&r);
	if (r.bad)
		return -1;
	if (d->type == DCEP_OPEN)
		return decode_open(d, &r);
	/* pion's ACK has three bytes more than there is to say. */
	return d->type == DCEP_ACK ? 0 : -1;
}

size_t
dcep_encode(const struct dcep *d, uint8_t *p, size_t cap)
{
	struct wr	 w = wr_of(p, cap);

	if (d->label.n > DCEP_TEXT_MAX || d->protocol.n > DCEP_TEXT_MAX)
		return 0;
	wr_u8(&w, (uint8_t)d->type);
	if (d->type == DCEP_OPEN) {
		wr_u8(&w, d->channel);
		wr_u16(&w, d->priority);
		wr_u32(&w, d->reliability);
		wr_u16(&w, (uint16_t)d->label.n);
		wr_u16(&w, (uint16_t)d->protocol.n);
		wr_bytes(&w, d->label.p, d->label.n);
		wr_bytes(&w, d->protocol.p, d->protocol.n);
	}
	return wr_bad(&w) ? 0 : w.n;
}

bool
dcep_payload(uint32_t ppid, bool *text, size_t *n)
{
	switch (ppid) {
	case PPID_TEXT:
	case PPID_TEXT_PARTIAL:
		*text = true;
		return true;
	case PPID_TEXT_EMPTY:
		*text = true;
		*n = 0;
		return true;
	case PPID_BINARY_EMPTY:
		*n = 0;
		return true;
	case PPID_BINARY:
	case PPID_BINARY_PARTIAL:
		return true;
	default:
		return false;
	}
}
