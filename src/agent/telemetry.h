#ifndef AGENT_TELEMETRY_H
#define AGENT_TELEMETRY_H

#include <stdint.h>

struct agent;
struct datagrams;
struct link;
struct party;
struct telemetry;

/* The telemetry file, hotlink-telemetry(5). NULL: out of memory. */
struct telemetry *telemetry_new(const struct agent *, uint64_t now,
		     uint64_t unix_ms);
void		 telemetry_free(struct telemetry *);

/*
 * Once per turn; writes when something changed: once per second while it goes
 * on, soon after the last of it, and every 3 s at the latest. Returns when it
 * wants to be called again.
 */
uint64_t	 telemetry_turn(struct telemetry *, struct agent *,
	     uint64_t now);

/* A link or party is about to go: its counts stay in the sums. */
void		 telemetry_forget_link(struct telemetry *, const struct link *,
		     uint64_t now);
void		 telemetry_forget_datagrams(struct telemetry *,
		     const struct datagrams *);
void		 telemetry_forget_party(struct telemetry *,
		     const struct party *);

/* Write now: the last thing before the end. */
void		 telemetry_flush(struct telemetry *, struct agent *,
		     uint64_t now);

#endif
