#ifndef TESTS_SUPPORT_IMPAIR_H
#define TESTS_SUPPORT_IMPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One direction of a bad path, in virtual time: packets are put in and come
 * out later, fewer, doubled or in another order, as the rules and a seed
 * decide; the same calls with the same seed give the same. Packets are not
 * looked into.
 *
 * A packet first waits for its turn in a queue that empties at the rate, and
 * is lost if that is full; then it travels. Chances are parts of a million.
 */
enum { IMPAIR_SURE = 1000000, IMPAIR_WINDOWS = 8, IMPAIR_PACKETS = 65536 };

struct impair_window {
	uint64_t	 from, until;
};

struct impair_conf {
	uint64_t	 seed;
	uint64_t	 delay;		/* one way, microseconds */
	/* added: uniform below it; overtakes unless ordered */
	uint64_t	 jitter;
	bool		 ordered;
	/* chances; who is held back by hold is overtaken by what follows */
	unsigned	 loss, dup, reorder;
	uint64_t	 hold;
	uint64_t	 rate;		/* bytes per second; 0: no limit */
	/* bytes that wait for their turn; 0: IMPAIR_PACKETS is the limit */
	uint64_t	 queue;
	size_t		 mtu;		/* of the path; 0: no limit */
	/* nothing put in then comes out: relative to impair_new */
	struct impair_window dark[IMPAIR_WINDOWS];
	size_t		 ndark;
};

/* What became of a packet; LOST and below are for good. */
enum impair_fate {
	IMPAIR_TAKEN,
	IMPAIR_LOST,		/* by chance */
	IMPAIR_FULL,		/* no room in the queue */
	IMPAIR_BIG,		/* larger than the mtu */
	IMPAIR_DARK,
	IMPAIR_FATES
};

struct impair_stats {
	uint64_t	 fates[IMPAIR_FATES];
	uint64_t	 out, dup, held;
};

struct impair;

/* NULL: out of memory. Copies the rules. */
struct impair	*impair_new(const struct impair_conf *, uint64_t now);
void		 impair_free(struct impair *);

/* Copies the packet. What is taken comes out once, or twice if doubled. */
enum impair_fate impair_put(struct impair *, uint64_t now, const void *,
		     size_t);

/* Dark from now on until then. */
void		 impair_dark(struct impair *, uint64_t until);

/* When the next packet comes out; NEVER if none is under way. */
uint64_t	 impair_deadline(const struct impair *);

/*
 * The next packet that came out by now, or NULL; valid until the next call.
 * At the same moment: the one first put in.
 */
const uint8_t	*impair_get(struct impair *, uint64_t now, size_t *n);

void		 impair_stats(const struct impair *, struct impair_stats *);
/* Likewise, as fields of a JSON object after the first. */
void		 impair_print(const struct impair *);

/*
 * Rules as text, separated by commas, e.g.
 * "delay=25ms,jitter=5ms,ordered,loss=1%,rate=10Mbit,queue=64k,dark=3s+2s":
 * times in us, ms or s; chances in %; rate in bit, kbit, Mbit or Gbit; sizes
 * in bytes, k or M. Words that are not there keep what conf has; dark adds a
 * window. 0, or -1 and why, which points to a constant text.
 */
int		 impair_parse(struct impair_conf *, const char *text,
		     const char **why);

#endif
