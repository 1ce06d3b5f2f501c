#ifndef ICE_AGENT_H
#define ICE_AGENT_H

#include "base/batch.h"
#include "base/time.h"
#include "ice/cand.h"
#include "ice/ice.h"
#include "ice/stun.h"

/*
 * The inside of an ICE agent, shared by the files of this directory:
 *
 *	pairs.c		candidates into pairs, in the order to check them
 *	txn.c		requests under way: sent again, answered, given up
 *	gather.c	reflexive addresses from STUN servers
 *	check.c		connectivity checks and nomination
 *	serve.c		the peer's checks
 *	consent.c	the selected path while it is in use
 *	change.c	addresses that come and go; a way back from a relay
 *	probe.c		what size of datagram it carries
 *	report.c	what became of the checks, for who asks why
 *	ice.c		the public functions, time, failure
 *
 * A local candidate's base is one of our host addresses or a relayed one, so a
 * pair is one of these and a remote candidate: reflexive local candidates
 * exist only as text (RFC 8445 6.1.2.4 would prune their pairs).
 */
enum {
	TA = 50 * MS,			/* RFC 8445 14.2 */
	RTO = 500 * MS,			/* 14.3 */
	RTO_MAX = 2 * SEC,		/* a lost check must not cost 16 s */
	PATIENCE = 39500 * MS,		/* RFC 8863: 2^6 - 1 + 16 times RTO */
	GATHER_PATIENCE = 9500 * MS,	/* a server that is not there */
	NOMINATE_AFTER = 100 * MS,	/* wait this long for a better pair */
	CONSENT_EVERY = 5 * SEC,	/* RFC 7675 5.1, times 0.8 to 1.2 */
	CONSENT_AGAIN = 1 * SEC,	/* while unanswered */
	CONSENT = 15 * SEC,		/* 30 at most by RFC 7675 */
	SILENT = 2 * CONSENT_AGAIN,	/* unanswered: others are tried */
	LITE_SILENCE = 30 * SEC,	/* lite agents only hear */
	/* A NAT forgets in 30 s whom its host has checked: meet before. */
	RETRY = 15 * SEC, RETRY_PATIENCE = 5 * SEC,
	GATHERING = 64,			/* servers asked at the same time */
	ICE_TXNS = 200,			/* that, a check per pair, consent */
};

struct creds {
	char	 ufrag[ICE_CRED_MAX + 1], pwd[ICE_CRED_MAX + 1];
};

/* From one restart to the next. The remote ones are empty until known. */
struct generation {
	uint32_t	 number;
	struct creds	 local, remote;
};

enum pair_state {
	PAIR_FROZEN,		/* not worth a check while the path works */
	PAIR_WAITING, PAIR_CHECKING, PAIR_SUCCEEDED, PAIR_FAILED,
};

struct pair {
	uint32_t	 id;		/* never used twice; 0: free slot */
	enum pair_state	 state;
	struct path	 path;
	enum ice_type	 local, remote;
	uint32_t	 lprio, rprio;
	bool		 known;		/* authenticated traffic came: valid */
	bool		 triggered;	/* check before all others, at once */
	bool		 retriggered;	/* a check under way was repeated */
	bool		 nominated;	/* controlled: the peer wants it */
	bool		 retried;	/* failed before: not as patiently */
	uint64_t	 rtt;
	uint64_t	 sent, answered, heard;	/* checks */
	const char	*why;		/* it does not work; constant */
};

/* The pair in use; it outlives its pair and its generation. */
struct selected {
	bool		 on;
	uint32_t	 generation;
	uint64_t	 priority;
	struct ice_info	 info;
	uint64_t	 heard;		/* last valid answer; lite: request */
	uint64_t	 check_at;	/* next consent check */
	uint64_t	 asked_at;	/* first unanswered one; 0: none is */
	bool		 thawed;	/* others are tried meanwhile */
};

enum txn_kind {
	TXN_FREE, TXN_GATHER, TXN_CHECK, TXN_NOMINATE, TXN_CONSENT, TXN_PROBE,
};

struct txn {
	enum txn_kind	 kind;
	uint8_t		 tid[STUN_TID];
	bool		 cancelled;	/* an answer counts, silence does not */
	struct path	 path;
	uint32_t	 pair;		/* id; or for TXN_GATHER: the server */
	uint32_t	 generation;
	enum stun_role	 role;
	uint64_t	 tiebreaker;
	unsigned	 sent;		/* times */
	size_t		 size;		/* of a TXN_PROBE's datagram */
	uint64_t	 sent_at, again_at, until, rto;
};

/* What a search found, or what is asked about one size; see probe.c. */
struct probe {
	struct path	 path;
	size_t		 most, best;	/* asked for; answered */
	size_t		 size;		/* in question; 0: a search */
	bool		 other, lost;	/* a smaller one came through; alone */
	unsigned	 again;		/* times it was all asked again */
};

enum server_state {
	SERVER_UNKNOWN,
	SERVER_HEARD,		/* it has answered once */
	SERVER_SILENT,		/* given up, and not told of yet */
	SERVER_TOLD,		/* that it was silent */
};

struct server {
	struct addr	 addr;
	enum server_state state;
	uint64_t	 asked, answered;	/* bit per local candidate */
};

struct ice {
	struct ice_conf		 conf;
	enum ice_state		 state;
	const char		*why;
	bool			 controlling, remote_lite, follows;
	uint64_t		 tiebreaker;
	struct generation	 gen, old;	/* now; of the path till then */
	struct creds		 former;	/* theirs, until the restart */

	struct cand		 local[ICE_LOCALS];
	struct addr		 base[ICE_LOCALS];	/* of each local */
	struct cand		 remote[ICE_REMOTES];
	/* of the peer, to be looked up; the first of them are being so */
	struct cand		 named[ICE_NAMES];
	size_t			 nnamed, nasked;
	struct server		 server[ICE_SERVERS];
	struct pair		 pair[ICE_PAIRS];
	struct txn		 txn[ICE_TXNS];
	/* All beyond are free; every turn looks at those before. */
	size_t			 npair, ntxn;
	size_t			 nlocal, nremote, nserver, announced;
	uint32_t		 ids;

	struct selected		 sel;
	struct probe		 probe;
	uint64_t		 next_at;	/* pacing: Ta */
	bool			 checked;	/* a pair: a server is next */
	uint64_t		 valid_at;	/* first success; 0: none */
	uint64_t		 fail_at;	/* patience ends; 0: never */
	uint64_t		 retry_at;	/* what is better; NEVER */
	bool			 ev_path, ev_lost, ev_failed;
	struct ice_stats	 stats;
};

/* ice.c */
void		 ice_set_state(struct ice *, enum ice_state);
void		 ice_select(struct ice *, uint64_t, const struct pair *);

/* pairs.c */
bool		 pairs_add_local(struct ice *, const struct cand *,
		     const struct addr *base);
void		 pairs_drop_local(struct ice *, size_t nth);
void		 pairs_drop_base(struct ice *, const struct addr *);
int		 pairs_add_remote(struct ice *, const struct cand *);
struct pair	*pairs_of_check(struct ice *, const struct path *);
struct pair	*pairs_by_path(struct ice *, const struct path *);
struct pair	*pairs_by_id(struct ice *, uint32_t);
uint64_t	 pairs_priority(const struct ice *, const struct pair *);
/* The first in state (of those triggered first), or NULL. */
struct pair	*pairs_best(struct ice *, enum pair_state);
bool		 pairs_any(const struct ice *, enum pair_state);
size_t		 pairs_count(const struct ice *, enum pair_state);
void		 pairs_set_state(struct ice *, struct pair *, enum pair_state);
void		 pairs_freeze_below(struct ice *, uint64_t priority);
void		 pairs_thaw(struct ice *);
void		 pairs_retry_above(struct ice *, uint64_t priority);
const struct cand *pairs_base(const struct ice *, const struct addr *);
struct path	 pairs_path(const struct path *);
void		 pairs_reset(struct ice *);

/* txn.c */
struct txn	*txn_start(struct ice *, uint64_t, enum txn_kind,
		     const struct path *, uint32_t pair, uint64_t patience);
void		 txn_send(struct ice *, uint64_t, struct txn *, struct batch *);
struct txn	*txn_find(struct ice *, const uint8_t *tid);
void		 txn_cancel(struct ice *, uint32_t pair);
void		 txn_end_kind(struct ice *, enum txn_kind);
size_t		 txn_count(const struct ice *, enum txn_kind);
bool		 txn_any(const struct ice *, enum txn_kind);
/* Send again what is due; calls on_silence for those given up. */
void		 txn_tick(struct ice *, uint64_t, struct batch *,
		     void (*on_silence)(struct ice *, const struct txn *));
uint64_t	 txn_deadline(const struct ice *);
const struct creds *txn_remote(const struct ice *, const struct txn *);

/* gather.c */
bool		 gather_pending(const struct ice *);
void		 gather_next(struct ice *, uint64_t, struct batch *);
void		 gather_answer(struct ice *, const struct txn *,
		     const struct stun *);
void		 gather_silence(struct ice *, const struct txn *);
/* The next server to tell of, as it is silent; NULL: none is. */
const struct addr *gather_silent(struct ice *);
/* Ask again those that did not answer, or all. */
void		 gather_again(struct ice *, bool all);

/* check.c */
void		 check_start(struct ice *, uint64_t, struct pair *,
		     struct batch *);
void		 check_answer(struct ice *, uint64_t, const struct txn *,
		     const struct stun *);
void		 check_silence(struct ice *, const struct txn *);
void		 check_nominate(struct ice *, uint64_t, struct batch *);
uint64_t	 check_nominate_at(const struct ice *);
void		 check_switch_role(struct ice *);
bool		 check_follows(const struct ice *, uint64_t,
		     const struct pair *);

/* report.c */
void		 report_state(const struct ice *, const struct pair *);

/* serve.c */
bool		 serve(struct ice *, uint64_t, const struct path *,
		     const struct stun *, struct batch *);

/* consent.c */
void		 consent_begin(struct ice *, uint64_t);
void		 consent_tick(struct ice *, uint64_t, struct batch *);
void		 consent_answer(struct ice *, uint64_t, const struct path *);
uint64_t	 consent_deadline(const struct ice *);
void		 consent_lose(struct ice *, uint64_t);
/* The selected path is not answered; it may be gone. */
bool		 consent_silent(const struct ice *, uint64_t);

/* change.c */
void		 retry_tick(struct ice *, uint64_t);
uint64_t	 retry_deadline(const struct ice *);

/* probe.c */
void		 probe_answer(struct ice *, const struct txn *);
void		 probe_silence(struct ice *, const struct txn *);
void		 probe_tick(struct ice *, uint64_t);

#endif
