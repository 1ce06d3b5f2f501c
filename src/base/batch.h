#ifndef BASE_BATCH_H
#define BASE_BATCH_H

#include "base/addr.h"
#include "base/bytes.h"

/*
 * Datagrams on their way out. An engine appends to the batch it is given;
 * whoever owns the batch sends it. A datagram lies in a slot with room before
 * and behind it, so that the layer below protects it where it lies.
 */
enum {
	BATCH_DGRAMS = 2048,	/* more than a window of SCTP packets */
	BATCH_HEAD = 80,	/* TURN 48 + DTLS 13 + nonce 8 */
	BATCH_TAIL = 64,	/* AEAD tag 16, SRTP 10, alignment */
};

struct dgram {
	uint8_t		*p;
	size_t		 n;
	struct path	 to;
};

struct batch {
	/* where what is added from now on goes */
	struct path	 to;
	struct dgram	 d[BATCH_DGRAMS];
	size_t		 n;
	uint64_t	 dropped;	/* datagrams a full batch lost */
	uint8_t		*mem;
	size_t		 used, cap;
};

/* Memory for cap bytes of datagrams and their room. -1: out of memory. */
int	 batch_init(struct batch *, size_t cap);
void	 batch_fini(struct batch *);

/*
 * A new datagram of up to len bytes with its room around it, n set to len,
 * addressed to b->to; lower n if it gets shorter. NULL, counted, if the batch
 * is full: the datagram is lost, as on a network.
 */
struct dgram *batch_add(struct batch *, size_t len);

/* The same with the bytes copied in. */
void	 batch_put(struct batch *, const void *, size_t len);

/* Forget the datagrams: they were sent. */
void	 batch_reset(struct batch *);

/* True if a burst of n more datagrams of len bytes each would fit. */
bool	 batch_room(const struct batch *, size_t n, size_t len);

#endif
