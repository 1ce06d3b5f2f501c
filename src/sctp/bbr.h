#ifndef SCTP_BBR_H
#define SCTP_BBR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How much may be under way, and when the next of it may leave, from a model
 * of the path: the rate at which it delivers and its round trip without a
 * queue (BBR, draft-ietf-ccwg-bbr, as of version 3). A loss without a queue is
 * taken for the path's nature and makes nothing slower unless there are many;
 * a loss from a queue is taken for what it says. Pure: it is told what went,
 * what was acknowledged and what was lost, and is asked.
 *
 * Bytes are those of the transport's payload, all of one direction.
 */
enum bbr_phase {
	BBR_STARTUP,		/* the rate doubles as long as that helps */
	BBR_DRAIN,		/* the queue of that goes */
	BBR_DOWN, BBR_CRUISE,	/* room for others, and the steady state */
	BBR_REFILL, BBR_UP,	/* is there more? */
	BBR_RTT,		/* what is the round trip without a queue? */
	BBR_PHASES,
};

struct bbr;

struct bbr_info {
	enum bbr_phase	 phase;
	uint64_t	 pace;		/* 0: as fast as it goes */
};

/* NULL: out of memory. mtu is the payload of a full packet. */
struct bbr	*bbr_new(size_t mtu, uint64_t seed, uint64_t now);
void		 bbr_free(struct bbr *);

/*
 * What one acknowledgement says, and then bbr_update() with what is under way
 * after it. n bytes sent at that time arrived (first: they were sent only
 * once), or are given up.
 */
void		 bbr_acked(struct bbr *, uint64_t sent_at, size_t n,
		     bool first);
void		 bbr_lost(struct bbr *, size_t n);
void		 bbr_update(struct bbr *, uint64_t now, size_t flight);

/*
 * Packets overtake one another by up to that long: the least round trip is one
 * that few of them have, and as much more is to be under way.
 */
void		 bbr_spread(struct bbr *, uint64_t);

/*
 * What was taken for lost arrived after all: what followed from losses lately
 * is undone.
 */
void		 bbr_mistaken(struct bbr *);

/* Nothing was acknowledged for so long that all is given up. */
void		 bbr_timeout(struct bbr *);

/* The path is another one. */
void		 bbr_moved(struct bbr *, uint64_t now);

/* n bytes left, when flight were under way. */
void		 bbr_sent(struct bbr *, uint64_t now, size_t n, size_t flight);

/* There is nothing left to send, though it might be sent. */
void		 bbr_limited(struct bbr *, size_t flight);

/*
 * How much may be under way; how much of it may leave now; and if that is
 * nothing, when there will be some.
 */
size_t		 bbr_cwnd(const struct bbr *);
size_t		 bbr_budget(struct bbr *, uint64_t now);
uint64_t	 bbr_next(const struct bbr *);

/*
 * The path: its rate of delivery, bytes a second, and its round trip without a
 * queue. NEVER: it is not known yet.
 */
uint64_t	 bbr_rate(const struct bbr *);
uint64_t	 bbr_rtt_min(const struct bbr *);

/* For tests: what it does now. */
void		 bbr_info(const struct bbr *, struct bbr_info *);

#endif
