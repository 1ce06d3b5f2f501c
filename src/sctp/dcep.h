#ifndef SCTP_DCEP_H
#define SCTP_DCEP_H

#include "base/bytes.h"

/* The messages that open a data channel (RFC 8832). */
enum dcep_type { DCEP_ACK = 2, DCEP_OPEN = 3 };

enum {
	DCEP_TEXT_MAX = 1024,		/* of a label, of a protocol */
	DCEP_MAX = 12 + 2 * DCEP_TEXT_MAX,
};

enum { DCEP_UNORDERED = 0x80 };	/* of a channel type */

enum ppid {
	PPID_DCEP = 50,
	PPID_TEXT = 51,
	PPID_BINARY_PARTIAL = 52,	/* deprecated, understood */
	PPID_BINARY = 53,
	PPID_TEXT_PARTIAL = 54,		/* deprecated, understood */
	PPID_TEXT_EMPTY = 56,
	PPID_BINARY_EMPTY = 57,
};

struct dcep {
	enum dcep_type	 type;
	uint8_t		 channel;	/* type; 0x80: unordered */
	uint16_t	 priority;
	uint32_t	 reliability;
	struct span	 label, protocol;
};

/* -1: not one, or of an unknown channel type, or too long. */
int	 dcep_decode(struct dcep *, const uint8_t *, size_t);

/* Its length; 0: it does not fit. */
size_t	 dcep_encode(const struct dcep *, uint8_t *, size_t);

/* What a message is; n: an empty one has a byte. False: unknown. */
bool	 dcep_payload(uint32_t ppid, bool *text, size_t *n);

#endif
