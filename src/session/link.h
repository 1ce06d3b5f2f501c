#ifndef SESSION_LINK_H
#define SESSION_LINK_H

#include "base/dgq.h"
#include "session/direct.h"
#include "session/haste.h"
#include "session/machine.h"
#include "session/opening.h"
#include "session/party.h"
#include "session/ports.h"

/*
 * The inside of a party, for session/party.c (what the owner calls),
 * session/signal.c (the relay's control messages), session/carry.c (what
 * carries a link), session/send.c and session/receive.c (the bytes). Nobody
 * else includes this, but tests/session/channels.c.
 */
enum {
	SILENCE = 1500 * MS,	/* accepted, and no word: upstream */
	HELLO_GAP = SEC,	/* hello is said again until there is one */
	HELLO_TRIES = 4,
	NORMAL_TIMEOUT = 60 * SEC,
	WORRY = 4 * SEC,	/* until a link that waits is told of */
	/* Open again for a new offer (11.3); twice as long each time */
	REOPEN_GAP = 2 * SEC, REOPENS = 7,
	OFFER_GAP = 5 * SEC,	/* likewise, if none has come at all */
	CHANNEL_GAP = SEC,	/* a channel the peer closed is opened again */
	WHY_MAX = 1536,
	NEWS = 2 * PARTY_LINKS,	/* of all links at once, and more */
	NEWS_TEXT = 320,
	ORPHANS = 16,
	MEDIA_TOLD = 8, MEDIA_SOURCES = 64,
	RELAY_BRAKE = 5 * SEC,	/* for a local reader that makes no progress */
	/*
	 * Read in one turn: the peer works on what was sent in one turn while
	 * we read for the next. 128 KiB cost a tenth, 4 MiB a sixth of the
	 * throughput. Less while somebody waits for what comes next.
	 */
	TURN = 512 << 10, TURN_IN_HASTE = 32 << 10,
	FRAME_IN_HASTE = 32 << 10,
	FRAME_MAX = 64 << 10,	/* per data-channel message between agents */
	RELAY_FRAME = 256 << 10,	/* per Data between agents */
	HEAD_MAX = 64 + KEY_MAX,	/* of either version of HLNK */
};

/* What a link of datagrams has instead of a machine. */
struct dgrams {
	struct dgq		*up;	/* NULL: it is another link */
	struct dgq		*down;	/* of the relay; NULL: none came */
	struct assoc_how	 how;
	struct span		 lent;	/* arrived, not pulled yet */
	bool			 has_lent;
	bool			 taken;	/* down's first was lent to the owner */
	uint64_t		 sent, old, large;
	/* of MARKER_RTP: sources of ours that the peer was told, in which */
	bool			 rtp;
	uint32_t		 told[MEDIA_TOLD];
	size_t			 ntold;
	int			 told_in;	/* channel; -1: none */
	uintptr_t		 owner;	/* of its sources; 0: not yet known */
	bool			 said[GUARD_RESULTS];	/* why it drops */
};

/* Whose a source of the peer's is. */
struct media_source {
	uint32_t		 ssrc;
	struct link		*link;
};

struct link {
	struct party		*party;
	size_t			 nth;		/* in its table */
	struct marker		 marker;
	void			*arg;
	char			 canonical[KEY_MAX], open_path[KEY_MAX],
				 data_path[KEY_MAX];
	struct opening		 out;
	struct inbound		 in;
	bool			 out_ok, in_ok;	/* were accepted by this peer */
	uint64_t		 quiet_until;	/* dialect unknown till then */
	struct machine		 m;
	struct haste		 haste;
	struct dgrams		 dg;
	struct sdp_media	 media;	/* of a link of stream.udp */

	/* Which of the peer's processes our bytes are with. */
	uint64_t		 instance;
	bool			 fresh;		/* anew; its sid comes yet */
	uint64_t		 hello_at;	/* on in: NEVER when heard */
	unsigned		 hello_tries;
	bool			 hello_due;	/* on out: the answer */

	/* Direct: a channel of the pair's connection, or two connections. */
	int			 channel;	/* sends; -1: none */
	int			 channel_in;	/* dialect 0: of from_peer */
	uint64_t		 channel_at;	/* not opened before */
	uint64_t		 channel_in_at;
	struct direct		*to_peer, *from_peer;
	bool			 offer_anew;	/* from_peer is of no use */
	uint64_t		 accepted, reopened;
	unsigned		 reopens;

	enum carrier		 carrier;
	uint64_t		 none_since;	/* nothing carries it */
	uint64_t		 ready_at;	/* first accepted */
	uint64_t		 p2p_lost;	/* the direct path went last */
	bool			 had_p2p;
	uint64_t		 acked, progress;	/* relay watchdog */
	unsigned		 stuck;
	char			 why[WHY_MAX];
	bool			 refused_shown;

	uint64_t		 seq;		/* Data said, dialect 1 */
	uint64_t		 tx_p2p, tx_ws, rx_packets, tx_bytes, rx_bytes;
	uint64_t		 last_traffic, fallbacks, violations, stalls;
	bool			 stalled, worried;
	uint64_t		 moved;		/* a frame was sent last */
	uint64_t		 wrote_at;	/* locally, last */
	uint64_t		 full_at;	/* by the relay; 0: it is not */
	uint64_t		 read_at, arrived_at, opened_at, payload_at;
	uint64_t		 open_took;
	uint64_t		 send_us, send_max_us, write_us, write_max_us;
};

struct news {
	enum party_event_type	 type;
	struct link		*link;
	char			 text[NEWS_TEXT];
};

/* Control frames of a channel whose OPEN they overtook. */
struct orphan {
	uint16_t		 stream;
	size_t			 n;
	uint8_t			 bytes[HLNK2_HEAD + HLNK2_REASON];
};

struct party {
	struct party_conf	 conf;
	char			 me[EMAIL_MAX + 1], peer[EMAIL_MAX + 1];
	struct ports		 ports;
	struct addr		 stuns[ICE_SERVERS];
	size_t			 nstuns;
	struct addr		 relays[ICE_SERVERS];
	size_t			 nrelays;
	size_t			 share;		/* 0: conf.window */
	bool			 has_key;
	uint8_t			 key_id[32];

	struct link		*link[PARTY_LINKS];
	size_t			 nlinks;
	uint64_t		 asked;		/* bits: has no event now */
	size_t			 hit;		/* whose frame came last */
	uint64_t		 flowed;	/* bytes of a stream, last */
	struct media_source	 source[MEDIA_SOURCES];
	size_t			 nsources;
	uint64_t		 media[GUARD_RESULTS];	/* past ones' */
	uint64_t		 unannounced;
	bool			 relay, dirty;
	bool			 offer_told;	/* of one without a use */
	uint64_t		 ticked;
	enum dialect		 dialect;
	uint64_t		 instance;	/* the peer's; 0: unknown */

	struct direct		*direct;
	int			 control;	/* its channel; -1: none */
	struct orphan		 orphan[ORPHANS];
	size_t			 norphans;
	uint16_t		 left[PARTY_LINKS];
	size_t			 nleft;		/* channels without a link */
	size_t			 turn, turn_relay, turn_event, turn_say;

	struct news		 news[NEWS];
	size_t			 nnews;
	struct news		 told;		/* lent out by party_event */
	char			 closed[2 * PARTY_LINKS][SID_MAX + 1];
	size_t			 nclosed;	/* Close to say */

	char			 id[16];	/* of the message lent out */
	uint32_t		 next_id;
	char			 said_sid[SID_MAX + 1], etag[32];
	char			*token;		/* TOKEN_MAX */
	uint8_t			*frame;		/* a relay frame, joined */
	uint64_t		 refused, bad, forged, wedges, resizes;
	uint64_t		 offers, answers_ok, answers_err; /* past */
};

/* party.c */
void	 link_has_news(struct link *);	/* it may have an event */
void	 new_sid(struct party *, char sid[SID_MAX + 1]);
void	 party_news(struct party *, enum party_event_type, struct link *,
	     const char *, ...) __attribute__((__format__(__printf__, 4, 5)));
bool	 party_only_direct(const struct party *);
uint64_t party_timeout(const struct party *);

/* signal.c */
void	 speak(struct party *, uint64_t now, enum dialect);
bool	 say_control(struct party *, uint64_t now, struct msg *);
void	 link_forget_directs(struct link *);
void	 link_forget_from(struct link *);
struct direct *new_direct(struct party *, const struct link *, bool offerer,
	     bool pair);
uint64_t signal_deadline(const struct party *, uint64_t best);

/* carry.c */
enum dialect link_dialect(const struct link *);
const char *link_label(const struct link *);	/* of its channel */
const struct assoc_how *link_how(const struct link *);
bool	 link_p2p(const struct link *);
bool	 link_trusts(const struct link *);	/* the pair's connection */
bool	 relay_ready(const struct link *);
void	 open_channels(struct party *, uint64_t now, struct batch *);
void	 open_channel_in(struct link *, uint64_t now, struct batch *);
void	 drop_channels(struct party *);
bool	 has_session(const struct party *);
void	 mark_open(struct link *, uint64_t now, uint64_t offered);
void	 carry_tick(struct party *, uint64_t now, struct batch *);
uint64_t carry_deadline(const struct party *, uint64_t best);

/* datagram.c */
int	 datagram_init(struct link *);	/* -1: out of memory */
void	 datagram_fini(struct link *);
size_t	 datagram_send(struct link *, uint64_t now, size_t budget,
	     struct batch *);
void	 datagram_age(struct link *, uint64_t now);
bool	 datagram_next(struct link *, uint64_t now, struct span *,
	     uint64_t *waited);
void	 datagram_sent(struct link *, uint64_t now, size_t, uint64_t waited);
struct direct *datagram_direct(struct link *, int *channel);
bool	 datagram_say(struct link *, uint64_t now, struct msg *);
void	 datagram_arrived(struct link *, uint64_t now, struct span);
bool	 datagram_data(struct link *, uint64_t now, const struct msg *);
bool	 datagram_event(struct link *, struct party_event *);
void	 datagram_info(const struct link *, struct link_info *);

/* media.c */
bool	 media_send(struct link *, uint64_t now, struct batch *);
bool	 media_told(struct link *, struct span);
void	 media_arrived(struct party *, uint64_t now,
	     const struct peer_event *);
void	 media_forget(struct link *);

/* send.c */
void	 stamp_data(struct party *, struct link *, struct msg *);
void	 carry_send(struct party *, uint64_t now, struct batch *);
bool	 carry_in_haste(const struct party *, uint64_t now);
bool	 carry_say(struct party *, uint64_t now, struct msg *);

/* receive.c: the next thing a connection has; a relay message's bytes. */
bool	 carry_pull(struct party *, uint64_t now, struct batch *);
bool	 carry_data(struct link *, uint64_t now, const struct msg *);

#endif
