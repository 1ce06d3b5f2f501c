#ifndef SESSION_HALF_H
#define SESSION_HALF_H

#include "session/flow.h"
#include "session/ring.h"

/*
 * The two directions of one generation. up.c: what the local side said, until
 * the peer acknowledged it. down.c: what the peer said, until it was written
 * to the local side. Neither knows of the other, of generations or of frames
 * other than its own.
 */
struct up {
	struct ring	 ring;		/* [acknowledged, read) */
	uint64_t	 sent;		/* sent on the present transport */
	uint64_t	 sent_max;	/* sent on any */
	uint64_t	 limit;		/* the peer takes bytes below it */
	uint64_t	 waiting;	/* since the last progress; NEVER: no */
	enum up_state {
		UP_OPEN,
		UP_ENDED,		/* the direction ends at ring.end */
		UP_DONE,		/* and the peer has confirmed it */
	} state;
	bool		 fin_due;	/* eof is to be sent (again) */
	bool		 fin_told;	/* eof was sent at least once */
};

void		 up_init(struct up *, size_t cap);
void		 up_reset(struct up *);		/* for the next generation */
struct span	 up_space(struct up *, size_t most);
void		 up_filled(struct up *, uint64_t now, size_t);
void		 up_end(struct up *, uint64_t now);
bool		 up_begun(const struct up *);	/* ever sent */
bool		 up_next(const struct up *, size_t max, struct hlnk2 *);
void		 up_sent(struct up *, const struct hlnk2 *,
		     struct flow_stats *);
void		 up_rewind(struct up *);

/* NULL, or how the peer broke the protocol. */
const char	*up_ack(struct up *, uint64_t now, const struct hlnk2 *);

enum { DOWN_RUNS = 32 };	/* stretches beyond a gap; more is a reset */

struct down {
	struct ring	 ring;		/* [written, here) */
	struct span	 lent;		/* then these, in the caller's frame */
	struct run {
		uint64_t	 at, end;
	} runs[DOWN_RUNS];		/* sorted, apart, beyond a gap */
	size_t		 nruns;
	size_t		 window;	/* offered from now on */
	uint64_t	 promised;	/* the largest limit given */
	uint64_t	 acked;		/* written, as last told */
	uint64_t	 told_at;
	uint64_t	 ack_at;	/* an ack is due; NEVER: none */
	uint64_t	 lap, lap_at;	/* written then; NEVER: not yet */
	uint64_t	 fin;		/* where it ends, once known */
	enum down_state {
		DOWN_OPEN,
		DOWN_FIN,		/* the end is known */
		DOWN_SHUT,		/* and the local side has been told */
	} state;
	bool		 offer;		/* ring bytes wait to be tried */
	size_t		 offered;	/* contiguous bytes last lent out */
};

void		 down_init(struct down *, size_t cap);
void		 down_reset(struct down *);
bool		 down_begun(const struct down *);	/* ever came */
uint64_t	 down_here(const struct down *);	/* the next offset */
size_t		 down_held(const struct down *);	/* bytes, gaps not */
bool		 down_waits(const struct down *);	/* bytes or the end */

/*
 * NULL, or why the generation can not go on. lend: the local side can take
 * bytes from the frame where they lie.
 */
const char	*down_data(struct down *, uint64_t now, const struct hlnk2 *,
		     bool lend, struct flow_stats *);
const char	*down_eof(struct down *, uint64_t now, const struct hlnk2 *);

/* Copy what is lent before its memory goes; false: out of memory. */
bool		 down_settle(struct down *);

bool		 down_offer(struct down *, struct span *);
struct span	 down_pending(struct down *);
bool		 down_wrote(struct down *, uint64_t now, size_t);
bool		 down_shut(struct down *, uint64_t now);
/*
 * After down_wrote: is a window twice as large of use? If a quarter of it was
 * written in so short a time that a round trip may be longer than the rest.
 */
bool		 down_hurries(struct down *, uint64_t now);
void		 down_ack(const struct down *, struct hlnk2 *);
void		 down_acked(struct down *, uint64_t now, const struct hlnk2 *);

#endif
