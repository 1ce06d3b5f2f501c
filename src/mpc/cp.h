#ifndef MPC_CP_H
#define MPC_CP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/rng.h"
#include "mpc/field.h"
#include "mpc/prg.h"
#include "mpc/stages.h"
#include "net/wires.h"

/*
 * One of three parties of a computation: 0 deals randomness and knows no
 * input, 1 and 2 have the secrets. Its connections, the random streams it
 * shares with each of the others, and the time it spends.
 *
 * Messages are a length of eight bytes, the least first, and that many bytes
 * (flow-and-messages.md 6.3). Calls return 0, or -1; from then on everything
 * fails, and cp_why says why.
 */
enum {
	MPC_PARTIES = STAGE_PARTIES,
	MPC_ELEMENTS = 1 << 22,		/* of a vector, at most */
	MPC_MODES = 64,			/* their text, with its NUL */
	MPC_WHY = 256,
};

struct cp_setup {
	unsigned	 id;
	uint16_t	 port_base;	/* its own, of the port plan */
	bool		 direct;	/* listen and connect among us */
	bool		 nodelay;	/* Nagle's algorithm off */
	bool		 coalesce;	/* a message with one write */
	uint64_t	 patience;	/* longest wait, microseconds */
	const char	*modes;		/* what all parties must run */
	size_t		 n;		/* elements of its input */
};

struct cp_link {
	uint64_t	 tx_msgs, rx_msgs;
	uint64_t	 turns;		/* receiving after sending */
	bool		 sent;		/* last */
};

struct cp {
	struct cp_setup	 setup;
	size_t			 n;	/* elements of all vectors */
	struct wires		*wires;	/* by the others' numbers */
	struct prg		*with[MPC_PARTIES];
	struct fe		 digest, point, mask;	/* of 1 and 2 */
	struct cp_link	 link[MPC_PARTIES];
	struct stages		 stages;
	enum stage		 stage;
	struct amounts		 begin, mark;
	uint8_t			*scratch;	/* owned, of cap bytes */
	size_t			 cap;
	char			 why[MPC_WHY];	/* "": see wires */
};

/*
 * Connect, exchange seeds, compare what is to be done. setup, and its text,
 * stay the caller's and must live as long. cp_close may be called whatever
 * came before; the struct must be zero before.
 */
int	 cp_open(struct cp *, const struct cp_setup *, struct rng *);
void	 cp_close(struct cp *);

/* What is done from now on. STAGE_TOTAL: nothing more. */
void	 cp_stage(struct cp *, enum stage);

/* Of exactly n bytes; another length fails. */
int	 cp_send(struct cp *, unsigned to, const void *, size_t n);
int	 cp_recv(struct cp *, unsigned from, void *, size_t n);

/* All have come so far. */
int	 cp_sync(struct cp *);

/* The end: 1 and 2 have the same digest, and nobody needs anybody any more. */
int	 cp_finish(struct cp *);

/* Put into the digest, which the dealer does not learn. */
void	 cp_digest(struct cp *, const struct fe *, size_t);

/* Returns -1; the first reason counts. */
int	 cp_fail(struct cp *, const char *, ...)
	     __attribute__((__format__(__printf__, 2, 3)));

/* "stage exchange: party 2 is gone after 120 bytes from it" */
const char	*cp_why(const struct cp *, char[MPC_WHY]);

/* At least that much room, kept until the next call; NULL: failed. */
uint8_t	*cp_scratch(struct cp *, size_t);

#endif
