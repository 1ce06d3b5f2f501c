#ifndef SCTP_STEER_H
#define SCTP_STEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sctp/reorder.h"

struct assoc_conf;
struct bbr;
struct out;
struct socket;

/*
 * The window of an association set by a model of its path (bbr.h) in place of
 * usrsctp's congestion control. All of this does nothing, and leaves it to
 * usrsctp, as long as there is no model.
 */
struct steer {
	struct bbr	*model;		/* NULL: usrsctp's own */
	struct reorder	 reorder;
	uint64_t	 overdue;	/* when the first that is late is */
	bool		 wanted;	/* there will be one */
	size_t		 space, most;	/* sndbuf as it is, and may become */
	bool		 bounded;	/* what waits unsent is */
	size_t		 flight;	/* as this call began */
	uint64_t	 data;		/* out.data, then */
	/*
	 * It is time that we wait for. Not every call into usrsctp sends what
	 * may go meanwhile, so this holds until it went, or, although it may
	 * go, usrsctp has refused when it was kicked.
	 */
	bool		 paced, kicked;
};

void		 steer_init(struct steer *, const struct assoc_conf *);

/* Once it is up. chunk: bytes of a message in a full packet. */
void		 steer_begin(struct steer *, struct socket *, struct out *,
		     size_t chunk);
void		 steer_end(struct steer *);

/*
 * Around every call that may send, for the pace allows more with time; v are
 * the numbers of lib.h afterwards.
 */
void		 steer_enter(struct steer *, struct socket *, struct out *);
void		 steer_leave(struct steer *, struct socket *, struct out *,
		     const uint64_t *v);

/*
 * If paced, when lib_kick has something to send; and when what is late is to
 * be given up. NEVER: neither.
 */
uint64_t	 steer_next(const struct steer *);

/* That time has come. */
void		 steer_give_up(struct steer *, struct socket *);
size_t		 steer_cwnd(const struct steer *);

/* Its rate and round trip without a queue; or 0 and NEVER. */
void		 steer_path(const struct steer *, uint64_t *rate,
		     uint64_t *rtt_min);

/* Bytes a message may have; v are the numbers of lib.h. */
size_t		 steer_room(const struct steer *, const uint64_t *v);

/* The path is another one. */
void		 steer_moved(struct steer *, uint64_t now);

#endif
