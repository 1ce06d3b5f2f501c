#ifndef DTLS_FLIGHT_H
#define DTLS_FLIGHT_H

#include "base/batch.h"
#include "base/bytes.h"
#include "dtls/record.h"

/*
 * What we say in one go, kept until it is answered, and cut the same way each
 * time it is sent: some peers cannot put together anything else.
 */
enum {
	FLIGHT_PIECES = 6,
	FLIGHT_BYTES = 2048,	/* certificate and hello take 600 */
};

struct piece {
	size_t		 off, n;
	uint8_t		 content;
	uint16_t	 version, epoch;
	bool		 late;	/* only after the flight was lost some times */
};

struct flight {
	struct piece	 piece[FLIGHT_PIECES];
	size_t		 n, used;
	uint8_t		 buf[FLIGHT_BYTES];
	unsigned	 sent;		/* how often */
	uint64_t	 last;		/* when */
};

/* Our next sequence numbers, and the key of epoch 1. */
struct sender {
	uint64_t	 seq[2];
	struct protect	 key;
};

/* Forget the pieces after the first n. */
void	 flight_cut(struct flight *, size_t n);

/*
 * Add a handshake message: write its body into what flight_open returns;
 * flight_done completes its header and returns the whole message.
 */
struct wr	 flight_open(struct flight *, uint8_t type, uint16_t seq);
struct span	 flight_done(struct flight *, struct wr *, uint16_t epoch);
void		 flight_ccs(struct flight *);

/* Datagrams of at most mtu bytes, several records in each. */
void	 flight_send(struct flight *, struct sender *, size_t mtu,
	     uint64_t now, struct batch *);

#endif
