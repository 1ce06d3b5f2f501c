#ifndef NET_WATCH_H
#define NET_WATCH_H

#include <stdint.h>

/*
 * Files of some names anywhere below a directory that come, change and go:
 * inotify on every directory (those created in one go included), and a slow
 * rescan for what it misses; a quick one where there is no inotify. Symbolic
 * links are not followed. The directory itself may come later.
 */
struct loop;
struct watch;

/*
 * rel: the path below root, until the call returns. Called for each change,
 * and once per file at start, from inside watch_new. Not re-entrant.
 */
typedef void	 watch_fn(void *, const char *rel, int exists, uint64_t now);

/* names: up to a NULL, borrowed for the life. */
struct watch	*watch_new(struct loop *, const char *root,
		     const char *const *names, watch_fn *, void *arg,
		     uint64_t now);
void		 watch_free(struct watch *);

/* Look now for what inotify missed, as happens from time to time. */
void		 watch_look(struct watch *, uint64_t now);

/* Do without inotify from now on: what a system without it gives. */
void		 watch_no_inotify(struct watch *, uint64_t now);

#endif
