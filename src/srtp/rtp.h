#ifndef SRTP_RTP_H
#define SRTP_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The headers of RTP (RFC 3550 5.1) and RTCP (6.1, reduced size as RFC 5506
 * has it), as far as they must be right before a packet is protected or
 * passed on. Nothing is kept of what was parsed.
 */
enum {
	RTP_HEADER	= 12,		/* the least of a packet */
	RTCP_HEADER	= 8,
};

struct rtp {
	bool		 rtcp;
	uint8_t		 pt;		/* RTCP: the first packet's type */
	uint16_t	 seq;		/* RTP only */
	uint32_t	 ssrc;		/* RTCP: of who sends it */
};

/* NULL, or what is wrong with it. RFC 5761 4 tells the two apart. */
const char	*rtp_parse(struct rtp *, const uint8_t *, size_t);

/*
 * The same of what is readable while it is protected: RTP's header, RTCP's
 * first eight bytes.
 */
const char	*rtp_parse_sealed(struct rtp *, const uint8_t *, size_t);

/* The first byte of either, in RFC 7983's table. */
bool		 rtp_looks_like(const uint8_t *, size_t);

#endif
