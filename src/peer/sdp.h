#ifndef PEER_SDP_H
#define PEER_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The session descriptions of a connection for data channels and, maybe, one
 * kind of RTP (RFC 8866, 8839, 8841, 8842, 9143, 5764, 8834): the little we
 * need of one, and one that every peer in hotlink-wire(7) accepts.
 */
enum { SDP_CANDIDATES = 64, SDP_TEXT = 16384, SDP_LINE = 256,
       SDP_SECTIONS = 8 };
enum sdp_setup { SDP_ACTPASS, SDP_ACTIVE, SDP_PASSIVE };

/* What we send and take; codec NULL: nothing, but sections may come. */
struct sdp_media {
	bool		 video;
	uint8_t		 pt;
	const char	*codec, *fmtp;		/* borrowed */
	uint32_t	 clock, channels, ssrc;
};

/* One of the other party's sections, of which an answer has as many. */
struct sdp_section {
	enum sdp_kind { SDP_DATA, SDP_MEDIA, SDP_REFUSED } kind;
	char		 media[16];		/* "video", "audio", ... */
	char		 proto[32], fmt[32];
	char		 mid[64];
	uint8_t		 pt;			/* of MEDIA: of our codec, the
						 * most like by its fmtp */
	bool		 sends, takes;
	bool		 rejected;	/* port 0, and not for the bundle */
	/*
	 * The codec of fmt. What is not wanted is idle where it can be: the
	 * first of a bundle has its transport, and browsers do not let it go.
	 */
	char		 idle[48];
};

struct sdp {
	char		 ufrag[SDP_LINE], pwd[SDP_LINE];
	char		 mid[64];
	uint8_t		 fingerprint[32];	/* sha-256 */
	enum sdp_setup	 setup;
	uint16_t	 sctp_port;
	/* 0: unlimited; absent: 65535 */
	uint32_t	 max_message;
	bool		 ice_lite;
	bool		 hotlink;		/* a=x-hotlink:1 */
	bool		 reopens;		/* a=x-hotlink-reopen:1 */
	/* "candidate:..." */
	char		 candidate[SDP_CANDIDATES][SDP_LINE];
	size_t		 ncandidates;
	struct sdp_section section[SDP_SECTIONS];
	size_t		 nsections;
};

/*
 * Text to struct. 0, or -1 with a constant reason in *why: no application
 * section, no sha-256 fingerprint, conflicting credentials, line too long...
 * CRLF and LF are accepted. Candidates past the table are ignored.
 */
int	 sdp_decode(struct sdp *, const char *, size_t, const char **why);

/*
 * The same of a description that may have sections of media, bundled with the
 * data channels (RFC 9143): any of them may have what is for all.
 */
int	 sdp_decode_media(struct sdp *, const struct sdp_media *, const char *,
	     size_t, const char **why);

/* Of a description that was decoded: our codec's section; NULL: none. */
const struct sdp_section *sdp_media_of(const struct sdp *);

/*
 * As sdp_encode: an offer with our media, or, with theirs, an answer to it,
 * with as many sections in the same order.
 */
int	 sdp_encode_media(const struct sdp *ours, const struct sdp *theirs,
	     const struct sdp_media *, uint64_t session_id, char *,
	     size_t cap);

/* Struct to text with CRLF, NUL-terminated; its length, or -1 if too long. */
int	 sdp_encode(const struct sdp *, bool offer, uint64_t session_id,
	     char *, size_t cap);

#endif
