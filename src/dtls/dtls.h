#ifndef DTLS_DTLS_H
#define DTLS_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"

struct cert;
struct rng;

/*
 * DTLS 1.2 (RFC 6347) as WebRTC uses it (RFC 8827, RFC 5764): one connection,
 * either role, both certificates required and known by fingerprint only.
 * Datagrams go where tx->to says; the caller sets it.
 */
enum dtls_state { DTLS_HANDSHAKE, DTLS_UP, DTLS_CLOSED, DTLS_FAILED };

struct dtls_conf {
	bool			 client;
	const struct cert	*cert;		/* borrowed for the life */
	struct rng		*rng;		/* borrowed for the life */
	/* SHA-256 of the peer's certificate; 32 bytes of its key's, or NULL */
	uint8_t			 fingerprint[32];
	const uint8_t		*key_id;
	size_t			 mtu;		/* of a datagram; 0: 1200 */
	uint64_t		 rto;		/* the first; 0: 100 ms */
};

struct dtls_stats {
	uint64_t	 bad_records, replays, retransmits, alerts;
	uint64_t	 early;		/* of an epoch not reached yet */
};

struct dtls	*dtls_new(const struct dtls_conf *, uint64_t now);
void		 dtls_free(struct dtls *);

/*
 * Take the next record out of a datagram from the peer; call until it returns
 * false. app is set to the plaintext, left where it lay, or to nothing. What
 * does not authenticate is counted and dropped: no forged datagram can change
 * the state or end the connection. Nothing is delivered before DTLS_UP, which
 * is not reached before the fingerprint matched.
 */
bool		 dtls_input(struct dtls *, uint64_t now, struct span *datagram,
		     struct span *app, struct batch *tx);

/* Send what is due, such as a flight again; and when to call it next. */
void		 dtls_tick(struct dtls *, uint64_t now, struct batch *tx);
uint64_t	 dtls_deadline(const struct dtls *);

/*
 * Turn a datagram of plaintext into one record, where it lies: 13 + 8 bytes
 * grow in front and 16 behind (none of the 8 with ChaCha20). Only while UP;
 * before, and when sequence numbers have run out, n becomes 0.
 */
void		 dtls_seal(struct dtls *, struct dgram *);

/* How many bytes dtls_seal adds at most. */
enum { DTLS_OVERHEAD = 13 + 8 + 16 };

/* Say goodbye (close_notify). The state becomes CLOSED. */
void		 dtls_close(struct dtls *, uint64_t now, struct batch *tx);

enum dtls_state	 dtls_state(const struct dtls *);
const char	*dtls_why(const struct dtls *);	/* once failed: the reason */
const char	*dtls_suite(const struct dtls *);	/* IANA name, once up */
void		 dtls_stats(const struct dtls *, struct dtls_stats *);

/*
 * Keys for SRTP: RFC 5705 exporter, label EXTRACTOR-dtls_srtp (RFC 5764 4.2).
 * 0, or -1 if not up.
 */
int		 dtls_export_srtp(const struct dtls *, uint8_t *, size_t);

#endif
