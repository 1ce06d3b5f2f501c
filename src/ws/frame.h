#ifndef WS_FRAME_H
#define WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The head of a WebSocket frame (RFC 6455 section 5.2) and the masking. */
enum ws_op {
	WS_OP_MORE = 0, WS_OP_TEXT = 1, WS_OP_BINARY = 2,
	WS_OP_CLOSE = 8, WS_OP_PING = 9, WS_OP_PONG = 10,
};

enum { WS_FRAME_HEAD = 14, WS_CONTROL_MAX = 125 };

struct ws_frame {
	bool		 fin, masked;
	enum ws_op	 op;
	uint8_t		 mask[4];
	uint64_t	 len;
};

/* Bytes the head takes; 0: it is not all there; -1: against the protocol. */
int	 ws_frame_decode(struct ws_frame *, const uint8_t *, size_t);

/* Write the head into WS_FRAME_HEAD bytes; its length. */
size_t	 ws_frame_encode(uint8_t *, const struct ws_frame *);

/*
 * Mask or unmask n bytes that start phase bytes into their frame. to may be
 * from, or lie below it and overlap it.
 */
void	 ws_mask(uint8_t *to, const uint8_t *from, size_t n,
	     const uint8_t mask[4], uint64_t phase);

#endif
