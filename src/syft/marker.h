#ifndef SYFT_MARKER_H
#define SYFT_MARKER_H

#include <stdbool.h>
#include <stdint.h>

#include "syft/key.h"

/*
 * What a stream.tcp or stream.udp file says (hotlink-protocol.md 3.1,
 * hotlink-marker(5)), for one local party.
 */
enum marker_kind { MARKER_STREAM, MARKER_DATAGRAM, MARKER_RTP };

/* What its packets are, for a description (RFC 8866, RFC 8834). */
enum { MARKER_FMTP = 256 };

struct marker_media {
	bool		 video;
	uint8_t		 pt;
	const char	*codec;			/* as its RFC spells it */
	uint32_t	 clock, channels;
	uint32_t	 ssrc;			/* 0: not said */
	char		 fmtp[MARKER_FMTP];	/* empty: none */
};

/* What is done for a datagram of ours that did not arrive. */
enum marker_effort {
	EFFORT_RETRANSMITS,		/* sent again value times */
	EFFORT_LIFETIME,		/* sent again for value ms */
	EFFORT_ORDERED,			/* until it is there, in order */
};

struct marker {
	struct key	 key;
	char		 from[EMAIL_MAX + 1], to[EMAIL_MAX + 1];
	/* the other party, lower case */
	char		 peer[EMAIL_MAX + 1];
	uint16_t	 port;			/* local */
	bool		 has_fingerprint;
	uint8_t		 fingerprint[32];	/* SHA-256 of the peer's key */

	enum marker_kind kind;
	enum marker_effort effort;		/* of MARKER_DATAGRAM */
	uint32_t	 effort_value;
	/* where what arrives goes; 0: to who sent last */
	uint16_t	 deliver;
	struct marker_media media;		/* of MARKER_RTP */
};

/*
 * Parse the bytes of a marker at rel for party me (lower case). 0, or -1 with
 * a constant reason: not JSON, from or to missing, no port for me, I am
 * neither party, both are me, the directory is not a_to_b, an unknown kind, ...
 */
int	 marker_parse(struct marker *, const char *me, const char *rel,
	     const char *bytes, size_t n, const char **why);

#endif
