#include "base/bytes.h"
#include "srtp/rtp.h"

enum {
	RTP_VERSION = 2,
	PADDED = 0x20,
	EXTENDED = 0x10,
	SOURCES = 0x0f,
	MARKER = 0x80,
	WORD = 4,
	RTCP_LOW = 192, RTCP_HIGH = 223,
};

bool
rtp_looks_like(const uint8_t *p, size_t n)
{
	return n > 0 && p[0] >= 128 && p[0] <= 191;
}

static const char *
parse_head(struct rtp *h, struct rd *from)
{
	struct rd	 r = *from;
	uint8_t		 flags = rd_u8(&r);

	h->pt = rd_u8(&r) & (uint8_t)~MARKER;
	h->seq = rd_u16(&r);
	rd_u32(&r);
	h->ssrc = rd_u32(&r);
	rd_span(&r, (flags & SOURCES) * (size_t)WORD);
	if (r.bad)
		return "the RTP header is cut off";
	if (flags & EXTENDED) {
		rd_u16(&r);
		rd_span(&r, rd_u16(&r) * (size_t)WORD);
		if (r.bad)
			return "the RTP extension goes past the end";
	}
	*from = r;
	return NULL;
}

static const char *
parse_rtp(struct rtp *h, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);
	const char	*why = parse_head(h, &r);

	if (why != NULL)
		return why;
	/* The last byte counts itself: 1 at least, and no header. */
	if (p[0] & PADDED && (r.n == 0 || p[n - 1] == 0 || p[n - 1] > r.n))
		return "the RTP padding goes past the end";
	return NULL;
}

/* Every packet of a compound, so that its end is the datagram's. */
static const char *
parse_rtcp(struct rtp *h, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);
	uint8_t		 flags, type;
	size_t		 words;
	bool		 first = true;

	while (r.n > 0) {
		flags = rd_u8(&r);
		type = rd_u8(&r);
		words = rd_u16(&r);
		if (r.bad || words * WORD > r.n)
			return "the RTCP compound is cut off";
		if (flags >> 6 != RTP_VERSION)
			return "an RTCP packet is not of version 2";
		if (type < RTCP_LOW || type > RTCP_HIGH)
			return "an RTCP packet is of no known range";
		if (flags & PADDED && words * WORD < r.n)
			return "an RTCP packet before the last is padded";
		if (first && words == 0)
			return "an RTCP packet without a sender";
		if (first) {
			h->pt = type;
			h->ssrc = rd_u32(&r);
			words--;
			first = false;
		}
		rd_span(&r, words * WORD);
	}
	return NULL;
}

const char *
rtp_parse_sealed(struct rtp *h, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);

	*h = (struct rtp){ .rtcp = false };
	if (n < RTCP_HEADER)
		return "too short for RTP or RTCP";
	if (p[0] >> 6 != RTP_VERSION)
		return "not of RTP version 2";
	if (p[1] >= RTCP_LOW && p[1] <= RTCP_HIGH)
		h->rtcp = true;
	if (!h->rtcp)
		return parse_head(h, &r);
	h->pt = p[1];
	rd_u32(&r);
	h->ssrc = rd_u32(&r);
	return NULL;
}

const char *
rtp_parse(struct rtp *h, const uint8_t *p, size_t n)
{
	const char	*why = rtp_parse_sealed(h, p, n);

	if (why != NULL)
		return why;
	return h->rtcp ? parse_rtcp(h, p, n) : parse_rtp(h, p, n);
}
