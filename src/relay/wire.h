#ifndef RELAY_WIRE_H
#define RELAY_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A client's socket and its WebSocket, with TLS between them or without. */
struct tls;
struct ws;

struct wire {
	int		 fd;
	struct tls	*tls;		/* NULL: without; ours */
	struct ws	*ws;		/* ours */
};

void	 wire_fini(struct wire *);

/*
 * Read once, into buf, and give the WebSocket what came. Bytes read; 0: the
 * stream ended, and it knows; TCP_AGAIN or TCP_ERROR.
 */
long	 wire_read(struct wire *, uint64_t now, uint8_t *buf, size_t cap);

/* Write what there is. Bytes written, TCP_ERROR if it cannot any more. */
long	 wire_write(struct wire *);

/* Nothing waits to be written, or nothing that could be. */
bool	 wire_drained(const struct wire *);
const char *wire_why(const struct wire *);	/* TLS failed: the reason */

#endif
