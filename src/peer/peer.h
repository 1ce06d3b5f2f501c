#ifndef PEER_PEER_H
#define PEER_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"
#include "base/time.h"
#include "ice/ice.h"
#include "sctp/assoc.h"
#include "peer/sdp.h"
#include "srtp/guard.h"

struct cert;
struct rng;

/*
 * A peer connection: ICE, DTLS and SCTP to one remote, driven by session
 * descriptions that somebody else carries. Its datagrams leave sealed.
 */
enum {
	PEER_MTU = 1200,		/* what every path carries */
	/* four of them fill one call to the kernel, a record holds one */
	PEER_MTU_MOST = 16240,
	PEER_MTU_FOREIGN = 8192,	/* more is too long for some of them */
	PEER_FAR = 5 * MS,		/* round trip; a shorter path is near */
};

enum peer_state { PEER_NEW, PEER_CONNECTING, PEER_UP, PEER_FAILED };

struct peer_conf {
	struct rng		*rng;		/* borrowed for the life */
	const struct cert	*cert;		/* borrowed for the life */
	/* 32 bytes the peer's key must have, or NULL */
	const uint8_t		*key_id;
	/* we offer: controlling, DTLS server as a rule */
	bool			 offerer;
	bool			 lite;
	const struct addr	*hosts;		/* our candidates' bases */
	size_t			 nhosts;
	const struct addr	*stuns;
	size_t			 nstuns;
	const struct addr	*relays;	/* relayed addresses */
	size_t			 nrelays;
	const struct ice_nat	*nat;		/* borrowed for the life */
	size_t			 nnat;
	/*
	 * Of a UDP payload. 0: 1200, and between two of us what the path
	 * carries, up to mtu_most (0: what fills a record).
	 */
	size_t			 mtu, mtu_most;
	/* most that SCTP may hold either way; 0: what a long path needs */
	size_t			 space;
	size_t			 max_message;	/* to announce; 0: 65535 */
	/* borrowed for the life; NULL: channels only */
	const struct sdp_media	*media;
};

struct peer_event {
	enum peer_event_type {
		PEER_EV_CANDIDATE = 1,	/* text: trickle it */
		PEER_EV_NAME,		/* text: look it up; ice_resolved */
		PEER_EV_SERVER,		/* text: a STUN server is silent */
		/* channels may be opened and data sent */
		PEER_EV_UP,
		PEER_EV_PATH,		/* the selected path changed */
		PEER_EV_OPEN,		/* the peer opened a channel */
		PEER_EV_DATA,		/* a message came */
		PEER_EV_CLOSED,		/* the peer closed a channel */
		PEER_EV_MEDIA,		/* an RTP or RTCP packet came */
		/* consent expired: no path until it heals */
		PEER_EV_LOST,
		/* another association began, without channels; UP follows */
		PEER_EV_REOPENED,
		PEER_EV_FAILED,		/* over; see peer_why */
	} type;
	bool		 resized;	/* REOPENED: our size has changed */
	uint16_t	 channel;
	/* until the next call on this peer */
	struct span	 data;
	const char	*label, *protocol;
	struct rtp	 rtp;		/* of MEDIA */
	char		 text[ICE_CANDIDATE_TEXT];
};

struct peer_info {
	struct ice_info		 pair;		/* if has_pair */
	bool			 has_pair;
	struct assoc_info	 sctp;
	size_t			 mtu;		/* of a UDP payload, in use */
	uint64_t		 resizes;	/* times it changed */
	const char		*suite;		/* NULL before DTLS is up */
	/* datagrams and records dropped */
	uint64_t		 forged;
	uint64_t		 media[GUARD_RESULTS];	/* of SRTP, both ways */
};

struct peer	*peer_new(const struct peer_conf *, uint64_t now);
void		 peer_free(struct peer *);

/* Our description, NUL-terminated, into buf; its length, or -1. */
int		 peer_local_sdp(struct peer *, char *, size_t);

/*
 * Theirs: an answer to our offer, or an offer to answer. An offer or answer
 * that repeats the ICE credentials changes nothing; new ones restart ICE; a
 * new fingerprint fails the connection. 0, or -1 with peer_why.
 */
int		 peer_remote_sdp(struct peer *, uint64_t now, const char *,
		     size_t);
int		 peer_remote_candidate(struct peer *, uint64_t now,
		     const char *);

/* New ICE credentials for the next local SDP (hotlink-protocol.md 11.4). */
void		 peer_restart(struct peer *, uint64_t now);

/* A STUN server, a relayed address, learnt later. -1: the table is full. */
int		 peer_add_stun(struct peer *, uint64_t now,
		     const struct addr *);
int		 peer_add_relay(struct peer *, uint64_t now,
		     const struct addr *);

/* Our addresses are these now; one, ours or relayed, is no more (ice.h). */
void		 peer_set_hosts(struct peer *, uint64_t now,
		     const struct addr *, size_t);
void		 peer_drop(struct peer *, uint64_t now, const struct addr *);

/* Nothing comes back: is the path still there? */
void		 peer_doubt(struct peer *, uint64_t now);

/* True if the remote description said a=x-hotlink:1; its message limit. */
bool		 peer_is_hotlink(const struct peer *);
size_t		 peer_max_message(const struct peer *);

/* Its ICE agent, for what only passes by: names, checks, what is refused. */
struct ice	*peer_ice(const struct peer *);

/* A datagram; false: not for this peer. */
bool		 peer_input(struct peer *, uint64_t now, const struct path *,
		     uint8_t *, size_t, struct batch *tx);
void		 peer_tick(struct peer *, uint64_t now, struct batch *tx);
uint64_t	 peer_deadline(const struct peer *);
bool		 peer_event(struct peer *, uint64_t now, struct peer_event *,
		     struct batch *tx);

/* Channels: as assoc.h has them. */
void		 peer_hold(struct peer *, bool);
int		 peer_open(struct peer *, uint64_t now, const char *label,
		     const char *protocol, const struct assoc_how *how,
		     struct batch *tx);
bool		 peer_send_how(struct peer *, uint64_t now, uint16_t channel,
		     const struct assoc_how *, const void *, size_t,
		     struct batch *tx);
bool		 peer_send(struct peer *, uint64_t now, uint16_t channel,
		     const struct span *head, const struct span *body,
		     struct batch *tx);
size_t		 peer_room(const struct peer *);
size_t		 peer_unacked(const struct peer *);
void		 peer_close_channel(struct peer *, uint64_t now, uint16_t,
		     struct batch *tx);
int		 peer_theirs(const struct peer *);

/*
 * An RTP or RTCP packet of owner's (guard.h), protected with the keys of this
 * connection's DTLS and sent beside its channels. It is small enough if
 * peer_media_fits. What is lost, or not taken, is not sent again.
 */
enum guard_result peer_send_media(struct peer *, const void *owner,
		     const void *, size_t, struct rtp *, struct batch *tx);
bool		 peer_media_fits(const struct peer *, size_t);

/*
 * The path no longer carries what it did: this size, else 0. A new connection
 * is to use less.
 */
size_t		 peer_mtu_lost(const struct peer *);

/* Why it failed was that nothing was acknowledged any more (assoc.h). */
bool		 peer_wedged(const struct peer *);

/* Say goodbye: SCTP ABORT and DTLS close_notify. Then only peer_free. */
void		 peer_close(struct peer *, uint64_t now, struct batch *tx);

enum peer_state	 peer_state(const struct peer *);

/* While it connects: what is missing, in words. */
const char	*peer_waits_for(const struct peer *);
const char	*peer_why(const struct peer *);
void		 peer_info(const struct peer *, struct peer_info *);

/* Only its association's part, which is asked for with every frame. */
void		 peer_sctp(const struct peer *, struct assoc_info *);

#endif
