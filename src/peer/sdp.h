#ifndef PEER_SDP_H
#define PEER_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The session descriptions of a data-channel-only connection (RFC 8866, 8839,
 * 8841, 8842): the little we need of one, and one that every peer in
 * hotlink-wire(7) accepts.
 */
enum { SDP_CANDIDATES = 32, SDP_TEXT = 16384, SDP_LINE = 256 };
enum sdp_setup { SDP_ACTPASS, SDP_ACTIVE, SDP_PASSIVE };

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
	/* "candidate:..." */
	char		 candidate[SDP_CANDIDATES][SDP_LINE];
	size_t		 ncandidates;
};

/*
 * Text to struct. 0, or -1 with a constant reason in *why: no application
 * section, no sha-256 fingerprint, conflicting credentials, line too long...
 * CRLF and LF are accepted. Candidates past the table are ignored.
 */
int	 sdp_decode(struct sdp *, const char *, size_t, const char **why);

/* Struct to text with CRLF, NUL-terminated; its length, or -1 if too long. */
int	 sdp_encode(const struct sdp *, bool offer, uint64_t session_id,
	     char *, size_t cap);

#endif
