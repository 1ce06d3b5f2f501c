#ifndef SCTP_ASSOC_H
#define SCTP_ASSOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"

/*
 * One SCTP association inside DTLS with its data channels (RFC 8831, 8832),
 * on usrsctp. Plaintext SCTP packets go into tx; whoever owns the connection
 * seals them. usrsctp has global timers and one output callback; this module
 * hides both: a packet that another association's call made is kept, bounded,
 * until its own next call, and its deadline says so.
 */
enum assoc_state { ASSOC_NEW, ASSOC_UP, ASSOC_LOST };

struct assoc_conf {
	bool		 client;	/* DTLS client: even channel ids */
	/* of an SCTP packet, 12-byte header included */
	size_t		 mtu;
	size_t		 sndbuf, rcvbuf;	/* 0: as below; 4 MiB */
	/* with sndbuf 0: from 1 MiB to this as the path needs; 0: 4 MiB */
	size_t		 sndbuf_most;
	/* usrsctp's congestion control in place of ours */
	bool		 newreno;
	/* say that no checksums are needed: some drop what says so */
	bool		 bare;
	/*
	 * The peer never takes back what it acknowledged behind a gap, which
	 * RFC 9260 6.2 allows, so a FORWARD TSN may pass it.
	 */
	bool		 keeps;
	/* the largest we accept; 0: 262144, or half of rcvbuf if less */
	size_t		 max_message;
};

struct assoc_event {
	enum assoc_event_type {
		ASSOC_EV_UP = 1,	/* may send and open channels */
		/* the peer opened a channel (ACK is sent) */
		ASSOC_EV_OPEN,
		ASSOC_EV_ACKED,		/* ours was acknowledged */
		ASSOC_EV_DATA,		/* a whole message, binary or text */
		ASSOC_EV_CLOSED,	/* the channel was closed by the peer */
		/* the association is over; see assoc_why */
		ASSOC_EV_LOST,
	} type;
	uint16_t	 channel;	/* the stream id */
	bool		 text;
	struct span	 data;		/* until the next call on this assoc */
	/* OPEN: escaped nowhere, bounded */
	const char	*label, *protocol;
};

struct assoc_info {
	uint64_t	 rtt;		/* microseconds, smoothed */
	uint64_t	 retransmits, cwnd, unacked, packets_sent,
	    packets_received;
	/* the path's, as the model has it; 0, NEVER: it is not known */
	uint64_t	 rate, rtt_min;
	/* what of unacked may yet move: not what arrived behind a gap */
	uint64_t	 pending;
	size_t		 mtu;
	size_t		 chunk;	/* of a message in a full packet; 0: unknown */
};

struct assoc	*assoc_new(const struct assoc_conf *, uint64_t now);
void		 assoc_free(struct assoc *);

/* Begin: both sides connect (RFC 8841); input before this would be lost. */
void		 assoc_start(struct assoc *, uint64_t now, struct batch *tx);

/*
 * A decrypted packet. May answer at once. An INIT once the association is up
 * is dropped: inside DTLS a restart is never legitimate.
 */
void		 assoc_input(struct assoc *, uint64_t now, uint8_t *, size_t,
		     struct batch *tx);
void		 assoc_tick(struct assoc *, uint64_t now, struct batch *tx);

/*
 * Once it is up: is this the INIT of another association that the peer began
 * instead, not one of this that comes late.
 */
bool		 assoc_is_another(const struct assoc *, const uint8_t *,
		     size_t);

/*
 * When usrsctp's next timer is due (exact with our build of it), or now if
 * packets wait for a batch: those of another association's call, or those
 * the last batch had no room for. Nothing is lost to a full batch; call again
 * with an empty one. NEVER before the start and after the loss.
 */
uint64_t	 assoc_deadline(const struct assoc *);

/*
 * The next thing that happened. Not pulling is backpressure: what is not
 * taken stays in usrsctp's receive buffer and closes the peer's window. May
 * send (a window update, a DCEP ACK).
 */
bool		 assoc_event(struct assoc *, uint64_t now, struct assoc_event *,
		     struct batch *tx);

/*
 * While it is held, and lives, no message is given out: that is backpressure,
 * too, but what else happens before the first of them is told.
 */
void		 assoc_hold(struct assoc *, bool);

/*
 * How a channel's messages travel (RFC 8831 6.4, RFC 8832 5.1). Until the
 * peer has acknowledged a channel of ours they are ordered all the same, so
 * that none overtakes its OPEN.
 */
enum assoc_limit { ASSOC_RELIABLE, ASSOC_RETRANSMITS, ASSOC_LIFETIME_MS };

struct assoc_how {
	bool			 unordered;
	enum assoc_limit	 limit;
	uint32_t		 value;		/* of the limit */
};

/*
 * Open the next channel of our parity, DCEP OPEN; how NULL: ordered and
 * reliable. Its id, or -1: not up, or none left. Data may follow at once.
 */
int		 assoc_open(struct assoc *, uint64_t now, const char *label,
		     const char *protocol, const struct assoc_how *how,
		     struct batch *tx);

/*
 * Queue one message, whole or not at all. False: no room now (a later event
 * turn has some), or lost. len > 0; an empty message does not exist here.
 */
bool		 assoc_send(struct assoc *, uint64_t now, uint16_t channel,
		     const void *, size_t, struct batch *tx);

/* The same from two places: a header and a payload, without joining them. */
bool		 assoc_send2(struct assoc *, uint64_t now, uint16_t channel,
		     const struct span *head, const struct span *body,
		     struct batch *tx);

/* The same for a datagram of a channel that is not reliable; may be empty. */
bool		 assoc_send_how(struct assoc *, uint64_t now, uint16_t channel,
		     const struct assoc_how *, const void *, size_t,
		     struct batch *tx);

/* Bytes a message may have now to be taken; and bytes not yet acknowledged. */
size_t		 assoc_room(const struct assoc *);
size_t		 assoc_unacked(const struct assoc *);

/* Since when nothing of what is under way was acknowledged; or NEVER. */
uint64_t	 assoc_stalled(const struct assoc *);

/*
 * Reset our direction of a channel (RFC 8831 6.7), behind what was sent on
 * it; what still comes on it is dropped. Its id serves again after the peer
 * did the same. No event follows.
 */
void		 assoc_close(struct assoc *, uint64_t now, uint16_t channel,
		     struct batch *tx);

/* A channel that the peer opened and nobody has closed; -1: there is none. */
int		 assoc_theirs(const struct assoc *);

/*
 * The path is another one, or back: what was learnt of the old one is void,
 * and if that was dead, what is under way goes again with the next tick, which
 * is due now. The stock library has its own pace.
 */
void		 assoc_moved(struct assoc *, uint64_t now);

/* End it now: ABORT to the peer. No event follows; the state is LOST. */
void		 assoc_abort(struct assoc *, uint64_t now, struct batch *tx);

enum assoc_state assoc_state(const struct assoc *);
const char	*assoc_why(const struct assoc *);

/* Lost since nothing was acknowledged, neither an end nor a fault of theirs. */
bool		 assoc_wedged(const struct assoc *);
void		 assoc_info(const struct assoc *, struct assoc_info *);

/* What usrsctp was built as: "0.9.5.0 (patched)" or what a packager gave. */
const char	*assoc_library(void);

/* "bbr", or usrsctp's own: "newreno" if wanted, "stock" if unpatched. */
const char	*assoc_congestion_control(void);

#endif
