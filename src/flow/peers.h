#ifndef FLOW_PEERS_H
#define FLOW_PEERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/map.h"

/*
 * What is known of the other parties of a run, from the files of theirs that
 * can be seen: how far they are, and whether they are still there. A party's
 * heartbeat is a file that it changes every PEERS_BEAT; what is in it does not
 * matter, and no clock of theirs is believed. Files of another run do not
 * count.
 */
enum { PEERS_BEAT_MS = 1000 };	/* from one change to the next */

struct peer {
	const char	*email;
	json_t		*state;		/* NULL: none was seen */
	uint64_t	 beat;		/* hash of its heartbeat */
	uint64_t	 changed;	/* when that was seen; NEVER */
};

struct peers {
	const char	*run;
	uint64_t	 silence;	/* so long without a beat: it is gone */
	people		 all;		/* those that are watched */
	struct peer	 p[MAP_PEOPLE];
};

/* me is not watched. email is borrowed. */
void	 peers_init(struct peers *, const char *run, uint64_t silence,
	     const struct participant *, size_t n, size_t me);
void	 peers_free(struct peers *);

/* What its files say now: its heartbeat, its state, a ROLE_STEP.json. */
void	 peers_beat(struct peers *, size_t who, const char *, size_t,
	     uint64_t now);
void	 peers_state(struct peers *, size_t who, const char *, size_t);
void	 peers_step(struct peers *, size_t who, const char *, size_t);

/* Those of the set who completed the step. */
people	 peers_done(const struct peers *, people, const char *step);

/*
 * Somebody failed, or is gone: who, and why as a sentence that says in which
 * step; or MAP_NOBODY. Failure first: others then fail on its account.
 */
enum { PEERS_WHY = 2048 };
int	 peers_lost(const struct peers *, uint64_t now, char why[PEERS_WHY]);

/* When the next one would be gone, if nothing changes. */
uint64_t	 peers_deadline(const struct peers *);

#endif
