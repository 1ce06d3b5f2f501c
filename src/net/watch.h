#ifndef NET_WATCH_H
#define NET_WATCH_H

#include <stdint.h>

/*
 * Files of one name anywhere below a directory that come, change and go:
 * inotify on every directory (those created in one go included), and a slow
 * rescan for what it misses. Symbolic links are not followed.
 */
struct loop;
struct watch;

/* rel: the path below root. Called for each change, and once per file at start. */
typedef void	 watch_fn(void *, const char *rel, int exists, uint64_t now);

struct watch	*watch_new(struct loop *, const char *root, const char *name,
		     watch_fn *, void *arg, uint64_t now);
void		 watch_free(struct watch *);

#endif
