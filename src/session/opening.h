#ifndef SESSION_OPENING_H
#define SESSION_OPENING_H

#include <stdbool.h>
#include <stdint.h>

#include "syft/key.h"

/*
 * The session a link opens at the relay, and the one its peer opened
 * (hotlink-protocol.md 2.7, 11.1, 11.2). One-way both: only the opener sends
 * Data in it. What must be said is state, not a queue: *_due asks for it,
 * *_said takes note, so a lost relay costs nothing but saying it again.
 */
enum opening_state {
	OPENING_DOWN,		/* no relay */
	OPENING_SENT,		/* Open goes out, again and again */
	OPENING_REJECTED,	/* the same, for a known reason */
	OPENING_ACCEPTED,
};

struct opening {
	enum opening_state	 state;
	char			 sid[SID_MAX + 1];
	uint64_t		 at;		/* when to say Open next */
	uint64_t		 said;		/* when it was said last */
	unsigned		 tries;
};

void	 opening_init(struct opening *, const char *sid);
void	 opening_relay(struct opening *, uint64_t now, bool up);

/* Is it time to say Open; it was said. */
bool	 opening_due(const struct opening *, uint64_t now);
void	 opening_said(struct opening *, uint64_t now);

/* True if it was not accepted before. */
bool	 opening_accept(struct opening *);

/* The reason is the relay's or the peer's; unknown session opens at once. */
void	 opening_reject(struct opening *, uint64_t now, struct span reason);

/* Open again: the peer is another, or the direct path needs a new offer. */
void	 opening_again(struct opening *, uint64_t now);

/*
 * The peer has just appeared and may not have heard what was said before: do
 * not wait for the timer.
 */
void	 opening_nudge(struct opening *, uint64_t now);

enum inbound_state {
	INBOUND_NONE,		/* the peer has not opened */
	INBOUND_HEARD,		/* Accept must be said */
	INBOUND_ACCEPTED,
	INBOUND_UNKNOWN,	/* the relay forgot it: wait for Open */
};

/*
 * A signal said right after Accept can overtake it at the reference server
 * (10.2 S1) and is dropped there: for so long an inbound session carries none.
 */
enum { INBOUND_SETTLE = 150000 };

struct inbound {
	enum inbound_state	 state;
	char			 sid[SID_MAX + 1];
	uint64_t		 said;
};

/* Open came. True if the sid is new: another process or another link. */
bool	 inbound_open(struct inbound *, struct span sid);
void	 inbound_relay(struct inbound *, bool up);
bool	 inbound_due(const struct inbound *);
void	 inbound_said(struct inbound *, uint64_t now);
void	 inbound_unknown(struct inbound *);
void	 inbound_close(struct inbound *);

/* May carry signals now. */
bool	 inbound_settled(const struct inbound *, uint64_t now);

#endif
