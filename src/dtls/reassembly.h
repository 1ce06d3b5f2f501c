#ifndef DTLS_REASSEMBLY_H
#define DTLS_REASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * Handshake messages put together from fragments, by coverage of their bytes:
 * a peer may cut a retransmission elsewhere (RFC 6347 section 4.2.3). Nothing
 * here is authenticated, so what contradicts the past replaces it: whoever
 * really is the peer sends again, and forgers do not get the last word.
 */
enum {
	REASM_MESSAGES = 5,
	REASM_BYTES = 16384,		/* of all messages together */
};

struct message {
	uint8_t		 type;
	uint16_t	 seq;
	uint32_t	 n, have;
	uint8_t		*body;		/* NULL: nothing of it yet */
	uint8_t		*map;		/* a bit per byte; behind the body */
};

struct reasm {
	struct message	 m[REASM_MESSAGES];
	size_t		 count;		/* how many of m are of interest */
	uint16_t	 base;		/* message_seq of m[0] */
	size_t		 bytes;
};

struct fragment {
	uint8_t		 type;
	uint16_t	 seq;
	uint32_t	 total, off, n;
	const uint8_t	*p;
};

/* Take the next fragment out of a record's body. -1: it is cut short. */
int	 fragment_next(struct fragment *, struct rd *);

/* Begin with messages base to base + count - 1; forget what there was. */
void	 reasm_init(struct reasm *, uint16_t base, size_t count);
void	 reasm_clear(struct reasm *, size_t i);
void	 reasm_fini(struct reasm *);

/* False: no message of interest, impossible, or out of memory. */
bool	 reasm_put(struct reasm *, const struct fragment *);

/* Message i if it is whole, else NULL. */
const struct message *reasm_get(const struct reasm *, size_t i);

#endif
