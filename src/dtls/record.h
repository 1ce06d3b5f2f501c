#ifndef DTLS_RECORD_H
#define DTLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "crypto/aead.h"

/*
 * The record layer (RFC 6347 section 4.1): epoch 0 in plain, epoch 1
 * protected. A record's explicit nonce is its epoch and sequence number.
 */
enum content {
	CONTENT_CCS = 20,
	CONTENT_ALERT = 21,
	CONTENT_HANDSHAKE = 22,
	CONTENT_DATA = 23,
};

enum {
	DTLS_1_0 = 0xfeff,
	DTLS_1_2 = 0xfefd,
	RECORD_HEADER = 13,
	RECORD_EXPLICIT = 8,		/* GCM's part of the nonce */
	RECORD_MAX = 16384 + RECORD_EXPLICIT + AEAD_TAG,
};

/* A key of one direction. */
struct protect {
	struct aead	*aead;		/* NULL: none yet */
	enum aead_alg	 alg;
	uint8_t		 iv[AEAD_NONCE];
};

struct record {
	uint8_t		 type;
	uint16_t	 version, epoch;
	uint64_t	 seq;
	uint8_t		*header;	/* where it begins */
	struct span	 body;
};

/*
 * Which of the sequence numbers up to the highest were seen (RFC 6347 4.1.2.6).
 * What is older than the window is lost, so it holds what a fast path that
 * reorders has under way: 64 were 4 ms of 20 MB/s. A ring, as of RFC 6479.
 */
enum { WINDOW = 8192, WINDOW_WORDS = WINDOW / 64 + 1 };

struct window {
	uint64_t	 top, seen[WINDOW_WORDS];
};

/* Take the next record out of a datagram. -1: the rest is no record. */
int	 record_next(struct record *, struct span *datagram);

/* Replace the body by its plaintext, where it lies. False: not authentic. */
bool	 record_open(struct protect *, struct record *);

/* Bytes a protected record has before and after its plaintext. */
size_t	 record_front(const struct protect *);
size_t	 record_overhead(const struct protect *);

/*
 * Make the plaintext a record: both ends of the span grow, so there must be
 * room. record_wrap is for epoch 0, and only writes the header.
 */
void	 record_seal(struct protect *, uint8_t type, uint64_t seq,
	     struct span *);
void	 record_wrap(uint8_t type, uint16_t version, uint64_t seq,
	     struct span *);

bool	 window_fresh(const struct window *, uint64_t seq);
void	 window_mark(struct window *, uint64_t seq);

#endif
