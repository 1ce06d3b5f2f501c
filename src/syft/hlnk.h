#ifndef SYFT_HLNK_H
#define SYFT_HLNK_H

#include "base/bytes.h"

/*
 * HLNK frames: version 1 of hotlink-protocol.md 5.5, version 2 of
 * hotlink-dialect.md 3.
 */
struct hlnk1 {
	struct span	 path, etag, payload;
	uint64_t	 seq;
};

/* 0 or -1. Spans point into the input; the path and etag are valid UTF-8. */
int	 hlnk1_decode(struct hlnk1 *, uint8_t *, size_t);

/* The head alone (the payload follows it): for two-part sends. */
void	 hlnk1_encode_head(struct wr *, const struct hlnk1 *);

enum hlnk2_type { HLNK_DATA, HLNK_ACK, HLNK_EOF, HLNK_RESET };
enum { HLNK2_HEAD = 20, HLNK2_REASON = 256 };

struct hlnk2 {
	enum hlnk2_type	 type;
	uint16_t	 stream;	/* on the control channel; else 0 */
	uint32_t	 generation;
	uint64_t	 offset;
	uint64_t	 limit;		/* ACK */
	struct span	 payload;	/* DATA: bytes; RESET: reason */
};

int	 hlnk2_decode(struct hlnk2 *, uint8_t *, size_t);
void	 hlnk2_encode_head(struct wr *, const struct hlnk2 *);	/* ACK whole */

#endif
