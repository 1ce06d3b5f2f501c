#ifndef SRTP_GUARD_H
#define SRTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "srtp/rtp.h"

/*
 * SRTP and SRTCP of one DTLS connection (RFC 3711, RFC 5764), on libsrtp:
 * profile SRTP_AES128_CM_SHA1_80, both ways. Packets are protected where they
 * lie. What is wrong with one is a named reason; it changes nothing else.
 *
 * A source (SSRC) that sends belongs to one owner for the connection's life:
 * two that use the same number would be encrypted with the same key stream.
 * For the same reason a packet's number may come again only with the same
 * packet, as when it was lost and is asked for (RFC 4585 6.2.1).
 */
enum {
	GUARD_KEYS	= 2 * 16 + 2 * 14,	/* RFC 5764 4.2 */
	GUARD_GROWTH	= 4 + 10,		/* bytes sealing adds at most */
	GUARD_SOURCES	= 64,			/* each way, ever */
};

enum guard_result {
	GUARD_OK,
	GUARD_MALFORMED,	/* not RTP, not RTCP: rtp_parse says why */
	GUARD_FORGED,		/* does not authenticate */
	GUARD_REPLAYED,		/* was there before, or is too old; of ours:
				 * another with its number was */
	GUARD_COLLISION,	/* the source is another owner's */
	GUARD_CROWDED,		/* more than GUARD_SOURCES */
	GUARD_EXHAUSTED,	/* the key was used as often as it may be */
	GUARD_UNKEYED,		/* there are no keys yet; the caller's */
	GUARD_FAILED,		/* out of memory */
	GUARD_RESULTS,
};

struct guard;

/* The exporter's bytes, as they come. NULL: out of memory. */
struct guard	*guard_new(bool client, const uint8_t keys[GUARD_KEYS]);
void		 guard_free(struct guard *);

/*
 * Protect the packet of n bytes at p, which grows by GUARD_GROWTH at most
 * behind; owner is anything but NULL, and only compared. h says what it was.
 */
enum guard_result guard_seal(struct guard *, const void *owner, uint8_t *p,
		     size_t *n, struct rtp *h);

/* Check and decrypt it; n shrinks. */
enum guard_result guard_open(struct guard *, uint8_t *p, size_t *n,
		     struct rtp *h);

/* How often each result was, both ways; and its name, "forged" say. */
void		 guard_stats(const struct guard *, uint64_t[GUARD_RESULTS]);
const char	*guard_text(enum guard_result);

#endif
