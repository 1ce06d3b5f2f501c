#ifndef SESSION_DIRECT_H
#define SESSION_DIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "peer/peer.h"
#include "session/token.h"
#include "syft/key.h"

/*
 * One peer connection after another to the same party: offers said until
 * answered, restarts when the path is lost, a new connection with growing
 * pauses when one has failed. Signals are pulled, as all that goes to the
 * relay.
 */
enum direct_state {
	DIRECT_OFF,		/* answerer: no offer yet */
	DIRECT_PAUSE,		/* failed: the next one when it is over */
	DIRECT_OFFERING,
	DIRECT_CONNECTING,	/* both descriptions are known */
	DIRECT_UP,
	DIRECT_LOST,		/* was up, has no path */
};

enum {
	DIRECT_PATIENCE = 30 * SEC,	/* for ICE, DTLS and SCTP to come up */
	DIRECT_HEAL = 10 * SEC,		/* for a lost path to come back */
	/* if upstream has to notice, which takes 30 s, and to restart ICE */
	DIRECT_HEAL_THEIRS = 45 * SEC,
	DIRECT_QUIET = 3 * SEC,		/* unacknowledged, and not a packet */
	DIRECT_STABLE = 10 * SEC,	/* up so long: pauses begin anew */
	DIRECT_PAUSE_MAX_S = 30,
	DIRECT_TRICKLE = ICE_LOCALS,
	DIRECT_RAISE = 600,		/* seconds: RFC 8899 5.1.1 */
};

struct direct_conf {
	struct peer_conf	 peer;	/* what it points to is borrowed */
	bool			 pair;	/* of two agents, for all links */
	bool			 marked;	/* our SDP says a=x-hotlink:1 */
};

struct direct {
	struct direct_conf	 conf;
	struct peer		*peer;
	enum direct_state	 state;
	uint64_t		 since;		/* of the state */
	uint64_t		 at;		/* next offer; patience ends */
	uint64_t		 ticked;
	unsigned		 tries, failures;
	bool			 answer_due, again_due, restart_due;
	bool			 quiet;		/* up, but nothing comes back */
	bool			 untold;	/* that it failed, and why */
	uint64_t		 heard;		/* a packet; NEVER: none due */
	uint64_t		 packets;	/* of SCTP by then */
	const char		*why;
	char			 offer[TOKEN_OFFER];	/* o= of the offer */
	char			 sid[SID_MAX + 1];	/* of the offer */
	char			 trickle[DIRECT_TRICKLE][ICE_CANDIDATE_TEXT];
	size_t			 ntrickle;
	uint64_t		 offered;	/* when first; for telemetry */
	uint64_t		 offers, answers_ok, answers_err, forged,
				 wedges;
	uint64_t		 resizes;	/* of past ones */
	uint64_t		 media[GUARD_RESULTS];	/* past ones' */
	/* of the connection that ended last */
	struct ice_check	 check[ICE_SHOWN];
	size_t			 nchecks;
	uint64_t		 shrunk;	/* when the path's MTU did */
};

struct direct	*direct_new(const struct direct_conf *);
void		 direct_free(struct direct *);

/* Offerer: be connected from now on. */
void		 direct_start(struct direct *, uint64_t now);

/* A signal of the peer. */
void		 direct_offer(struct direct *, uint64_t now, const char *sdp,
		     const char *sid);
void		 direct_answer(struct direct *, uint64_t now, struct span tok);
void		 direct_candidate(struct direct *, uint64_t now,
		     struct span tok);
void		 direct_again(struct direct *, uint64_t now, struct span tok);
void		 direct_restart(struct direct *, uint64_t now,
		     struct span tok);

/* The relay is back: what was not answered is said again. */
void		 direct_relay(struct direct *, uint64_t now);

/* The next signal's kind, its tok in buf (TOKEN_MAX); NULL: none now. */
const char	*direct_say(struct direct *, uint64_t now, char *buf);

bool		 direct_input(struct direct *, uint64_t now,
		     const struct path *, uint8_t *, size_t, struct batch *);
void		 direct_tick(struct direct *, uint64_t now, struct batch *);
uint64_t	 direct_deadline(const struct direct *);

/* After sending, too: is what was sent acknowledged. */
void		 direct_watch(struct direct *, uint64_t now);

/*
 * As peer_event; after PEER_EV_FAILED, which tells of each failure once, there
 * is no peer, and why says why.
 */
bool		 direct_event(struct direct *, uint64_t now,
		     struct peer_event *, struct batch *);

/* Another STUN server; the configuration now has n of them. */
void		 direct_add_stun(struct direct *, uint64_t now,
		     const struct addr *, size_t n);
void		 direct_add_relay(struct direct *, uint64_t now,
		     const struct addr *, size_t n);

/*
 * Our addresses are these now, which last as long as the configuration's; an
 * address at a server is no more.
 */
void		 direct_set_hosts(struct direct *, uint64_t now,
		     const struct addr *, size_t n);
void		 direct_drop_relay(struct direct *, uint64_t now,
		     const struct addr *, size_t n);

/* What it waits for, in words; NULL: for nothing. */
const char	*direct_waits_for(const struct direct *);

/* This connection is no good: end it, pause, connect again. */
void		 direct_fail(struct direct *, uint64_t now, const char *why);

/* The same, of one that works: the peer is told that it is over. */
void		 direct_hang_up(struct direct *, uint64_t now, const char *why,
		     struct batch *);
void		 direct_close(struct direct *, uint64_t now, struct batch *);

/* Add what became of RTP packets, of all its connections. */
void		 direct_media(const struct direct *,
		     uint64_t[GUARD_RESULTS]);

/* The checks of this connection or else the last. Count, at most cap. */
size_t		 direct_checks(const struct direct *, struct ice_check *,
		     size_t cap);

/* Times the size of datagrams changed, in all its connections. */
uint64_t	 direct_resizes(const struct direct *);

/* May carry data now. */
bool		 direct_usable(const struct direct *);

#endif
