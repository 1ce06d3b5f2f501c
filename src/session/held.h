#ifndef SESSION_HELD_H
#define SESSION_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "syft/key.h"
#include "syft/msg.h"

/*
 * Opens for which there is no marker, yet (hotlink-protocol.md 2.7): neither
 * accepted nor rejected but kept, the oldest making room, until a marker
 * appears for them or they are too old to matter. Nothing is accepted without
 * a marker, whatever the ACL of its directory says: there would be no local
 * port its bytes could go to, and nothing bounds how long they would wait.
 */
enum { HELD_MAX = 64, HELD_LIFE_S = 600 };

struct held {
	struct held_open {
		char		 sid[SID_MAX + 1];
		char		 from[EMAIL_MAX + 1];
		char		 path[KEY_MAX];
		uint64_t	 at;		/* 0: free */
	}		 open[HELD_MAX];
	uint64_t	 refused;	/* hostile or malformed */
};

/*
 * Take an Open nobody claimed. False: refused and counted (bad sid or path,
 * from myself, to somebody else).
 */
bool		 held_put(struct held *, uint64_t now, const char *me,
		     const struct msg *);

/*
 * An Open this marker's channel would have accepted, as a message; it is
 * forgotten here. False: none. The spans live until the next held_put.
 */
bool		 held_get(struct held *, uint64_t now, const char *peer,
		     const struct key *, const char *from, const char *to,
		     struct msg *);

#endif
