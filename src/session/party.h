#ifndef SESSION_PARTY_H
#define SESSION_PARTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"
#include "ice/ice.h"
#include "peer/peer.h"
#include "syft/marker.h"
#include "syft/msg.h"

struct budget;
struct cert;
struct rng;

/*
 * Everything between this agent and one other party: the relay sessions of
 * every link (2.4 to 2.8), which dialect the other speaks, the peer
 * connection (one for all links to a hotlink agent, one per session to
 * upstream), and what carries each link now: the direct path, the relay, or
 * nothing. An engine: relay messages, datagrams and local bytes come in;
 * relay messages are pulled by party_say, datagrams go into the batch.
 */
enum mode { MODE_NORMAL, MODE_P2P_ONLY, MODE_STRICT };
enum transport { TRANSPORT_AUTO, TRANSPORT_P2P, TRANSPORT_WS };
enum carrier { CARRIER_NONE, CARRIER_P2P, CARRIER_WS };

enum { PARTY_LINKS = 64 };

struct party;
struct link;

struct party_conf {
	const char		*me, *peer;	/* emails, lower case */
	enum mode		 mode;		/* STRICT implies p2p-only */
	enum transport		 transport;
	bool			 dialect1;	/* false: HOTLINK_DIALECT=0 */
	struct rng		*rng;		/* borrowed for the life */
	const struct cert	*cert;		/* borrowed for the life */
	uint64_t		 instance;	/* random per process */
	const char		*version;	/* hello tells it */
	bool			 lite;
	const struct addr	*hosts;		/* copied, like stuns */
	size_t			 nhosts;
	const struct addr	*stuns;
	size_t			 nstuns;
	const struct addr	*relays;
	size_t			 nrelays;
	const struct ice_nat	*nat;		/* borrowed for the life */
	size_t			 nnat;
	uint64_t		 connect_timeout; /* of strict, p2p-only */
	uint64_t		 grace;		/* before the relay may carry */
	size_t			 window;	/* per link, each way */
	struct budget		*budget;	/* borrowed; NULL: none */
	size_t			 chunk;		/* of a frame; 0: default */
	size_t			 high;		/* unacked; 0: no limit */
	uint64_t		 stall;		/* counted after; 0: never */
	size_t			 mtu, space;	/* of peer.h */
};

struct party_event {
	enum party_event_type {
		PARTY_EV_WRITE = 1,	/* write data to its local socket */
		PARTY_EV_SHUT,		/* link: shut its local sending side */
		PARTY_EV_RESET,		/* its local connection; text */
		PARTY_EV_END,		/* detach and close that */
		PARTY_EV_CARRIER,	/* link: it is carried by another now */
		PARTY_EV_INFO,		/* text to act on; link or NULL */
		PARTY_EV_DATAGRAM,	/* data: to its local receiver */
		PARTY_EV_NAME,		/* text: look it up; party_resolved */
		PARTY_EV_SERVER,	/* text: a STUN server is silent */
	} type;
	struct link	*link;
	struct span	 data;		/* until the next call on this party */
	const char	*text;
};

struct party	*party_new(const struct party_conf *, uint64_t now);
void		 party_free(struct party *);
const char	*party_peer(const struct party *);

/*
 * A link per marker. arg is the owner's, returned by link_arg. The link opens
 * its session at once. NULL: the table is full, out of memory.
 */
struct link	*party_add(struct party *, uint64_t now, const struct marker *,
		     void *arg);
void		 party_remove(struct party *, uint64_t now, struct link *,
		     struct batch *tx);

/* What each link of dialect 0 may hold each way (machine.h). */
void		 party_set_window(struct party *, size_t);

void		*link_arg(const struct link *);
const struct marker *link_marker(const struct link *);

/*
 * Does it need another UDP port (session/ports.h), and here is one: the same
 * addresses with another port, the party's until it is freed. 0 or -1.
 */
bool		 party_wants_port(const struct party *);
int		 party_add_port(struct party *, const struct addr *, size_t);

/* STUN servers learnt later, from the relay's header. */
void		 party_add_stun(struct party *, uint64_t now,
		     const struct addr *);
void		 party_add_relay(struct party *, uint64_t now,
		     const struct addr *);

/*
 * The agent's addresses are these now; one at a server is no more. Paths
 * from what is gone end, and what is new is tried at once.
 */
void		 party_set_hosts(struct party *, uint64_t now,
		     const struct addr *, size_t);
void		 party_drop_relay(struct party *, uint64_t now,
		     const struct addr *);

/*
 * Relay side. party_relay: the WebSocket is up (all sessions are announced
 * again) or gone. party_message: true if it was for a session of this party,
 * or is an Open from it for one of its links. party_say: the next message to
 * send, whose spans last until the next call; it counts as sent. Data is only
 * given while data is true: the caller's room.
 */
void		 party_relay(struct party *, uint64_t now, bool up);
bool		 party_message(struct party *, uint64_t now,
		     const struct msg *);
bool		 party_say(struct party *, uint64_t now, bool data,
		     struct msg *);

/* Until when nothing should be read from the relay, if it can be helped. */
uint64_t	 party_brakes(const struct party *);

/* Is it the path of one of this party's links? */
bool		 party_has_path(const struct party *, struct span path);

/* Datagrams; false: not for this party. */
bool		 party_input(struct party *, uint64_t now, const struct path *,
		     uint8_t *, size_t, struct batch *tx);

/* The system did not send on this path, for that constant reason. */
void		 party_unsendable(struct party *, const struct path *,
		     const char *why);

/* The address of a name, as ice.h has it. */
void		 party_resolved(struct party *, uint64_t now,
		     const char *name, const struct addr *);

/* Until when frames are waited for (session/haste.h); 0: none are. */
uint64_t	 party_haste(const struct party *, uint64_t now);

/* Do what is due and send what can be sent; when next. */
void		 party_tick(struct party *, uint64_t now, struct batch *tx);
uint64_t	 party_deadline(const struct party *);

/* The next thing for the owner; may send. */
bool		 party_event(struct party *, uint64_t now, struct party_event *,
		     struct batch *tx);

/* The local side of a link, as session/flow.h has it, for either dialect. */
bool		 link_attachable(const struct link *);
void		 link_attach(struct link *, uint64_t since);
struct span	 link_space(struct link *);
void		 link_filled(struct link *, uint64_t now, size_t);
/* what to read at most in one turn */
size_t		 link_turn(const struct link *, uint64_t now);
void		 link_eof(struct link *, uint64_t now);
void		 link_reset(struct link *, uint64_t now, const char *why);
void		 link_wrote(struct link *, uint64_t now, size_t);
struct span	 link_pending(struct link *);

/*
 * Of a link of datagrams: the local side sent one. It is copied, and dropped
 * and counted if too much waits (oldest first), or it waits too long.
 */
bool		 link_is_datagram(const struct link *);
void		 link_datagram(struct link *, uint64_t now, const void *,
		     size_t);

/* Say goodbye to the peer: its links end with a named reason. */
void		 party_close(struct party *, uint64_t now, struct batch *tx);

/* What telemetry and logs show (hotlink-protocol.md 7), by value. */
struct link_info {
	char		 sid_out[SID_MAX + 1], sid_in[SID_MAX + 1];
	const char	*status;	/* pending, accepted, rejected */
	const char	*webrtc;	/* none, connecting, connected, error */
	enum carrier	 carrier;
	bool		 up;		/* accepted both ways, carried */
	int		 dialect;	/* 0, 1; -1: not known yet */
	bool		 has_pair;
	struct ice_info	 pair;
	uint64_t	 rtt, retransmits;
	size_t		 mtu;		/* of a datagram; 0: no direct path */
	uint64_t	 seq;		/* frames on the outbound one */
	uint64_t	 tx_bytes, rx_bytes, tx_p2p_packets, tx_ws_packets,
			 rx_packets;
	uint64_t	 last_traffic;	/* a time; 0: none yet */
	uint64_t	 fallbacks, violations, stalls;
	uint64_t	 opened_at;	/* the channel, last; 0: never */
	uint64_t	 offer_to_open, open_to_payload; /* NEVER: not yet */
	uint64_t	 send_us, send_max_us;	/* from read to handed over */
	uint64_t	 write_us, write_max_us; /* from arrival to written */
	/* of links of datagrams: handed over, and dropped before that */
	uint64_t	 dg_sent, dg_overflows, dg_old, dg_unfit;
};
void		 link_info(const struct link *, uint64_t now,
		     struct link_info *);

struct party_info {
	bool		 channel_open;	/* at least one */
	uint64_t	 offers, answers_ok, answers_err, refused_opens,
			 bad_messages, forged, wedges;
	uint64_t	 resizes;	/* of a path's datagrams */
	/* RTP: by what became of it, and what no link was known for */
	uint64_t	 media[GUARD_RESULTS], unannounced;
};
void		 party_info(const struct party *, struct party_info *);

/*
 * The checks of the nth connection, the last one's if there is none now.
 * False: there is no nth.
 */
struct party_checks {
	struct ice_check	 check[ICE_SHOWN];
	size_t			 n;
};
bool		 party_checks(const struct party *, size_t nth,
		     struct party_checks *);

#endif
