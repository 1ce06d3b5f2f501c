#include "base/bytes.h"
#include "sctp/packet.h"

enum {
	COMMON = 12,		/* the header of every packet */
	CHUNK = 4,
	DATA = 0, INIT = 1, INIT_ACK = 2, SACK = 3,	/* chunk types */
	FIXED = 16,		/* of INIT and INIT ACK, before parameters */
	/* Zero Checksum Acceptable, and the method of detecting errors */
	ZERO = 0x8001, DTLS = 1,
};

static size_t
padded(size_t n)
{
	return (n + 3) / 4 * 4;
}

bool
packet_has_init(const uint8_t *p, size_t n, uint32_t *tag)
{
	struct rd	 r = rd_of(p, n);
	uint16_t	 len;
	uint8_t		 type;

	rd_span(&r, COMMON);
	while (r.n >= CHUNK) {
		type = rd_u8(&r);
		rd_u8(&r);
		len = rd_u16(&r);
		if (type == INIT) {
			*tag = rd_u32(&r);
			return true;
		}
		if (len < CHUNK)
			return false;
		rd_span(&r, padded(len) - CHUNK);
	}
	return false;
}

/* Of the first chunk; the cursor behind its header. */
static uint8_t
first_chunk(struct rd *r, uint16_t *len)
{
	uint8_t	 type;

	rd_span(r, COMMON);
	type = rd_u8(r);
	rd_u8(r);
	*len = rd_u16(r);
	return type;
}

static bool
is_beginning(uint8_t type)
{
	return type == INIT || type == INIT_ACK;
}

size_t
packet_accept(uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);
	struct wr	 w = { p, n, n + PACKET_ACCEPT };
	uint16_t	 len;
	uint8_t		 type = first_chunk(&r, &len);

	if (r.bad || !is_beginning(type) || COMMON + padded(len) != n)
		return 0;
	wr_patch(&w, COMMON + 2, n - COMMON + PACKET_ACCEPT, 2);
	wr_u16(&w, ZERO);
	wr_u16(&w, PACKET_ACCEPT);
	wr_u32(&w, DTLS);
	return PACKET_ACCEPT;
}

bool
packet_accepts(const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n), body;
	uint16_t	 type, len;

	if (!is_beginning(first_chunk(&r, &len)) || len < CHUNK + FIXED)
		return false;
	body = rd_of(rd_span(&r, len - CHUNK), len - CHUNK);
	if (r.bad)
		return false;
	rd_span(&body, FIXED);
	while (body.n >= CHUNK) {
		type = rd_u16(&body);
		len = rd_u16(&body);
		if (type == ZERO && len == PACKET_ACCEPT)
			return rd_u32(&body) == DTLS && !body.bad;
		if (len < CHUNK)
			return false;
		rd_span(&body, padded(len) - CHUNK);
	}
	return false;
}

bool
packet_may_be_bare(const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);
	uint16_t	 len;
	uint8_t		 type = first_chunk(&r, &len);

	return !r.bad && (type == DATA || type == SACK);
}
