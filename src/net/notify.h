#ifndef NET_NOTIFY_H
#define NET_NOTIFY_H

#include <stdint.h>

/*
 * Something changed in one of some directories: inotify, its events taken
 * together for a moment. What changed is for the caller to find out, who also
 * looks from time to time, for events can be lost and directories come later.
 */
struct loop;
struct notify;

typedef void	 notify_fn(void *, uint64_t now);

/* fn is called that soon after the first event, and every so often anyway. */
struct notify	*notify_new(struct loop *, uint64_t soon, uint64_t every,
		     notify_fn *, void *arg, uint64_t now);
void		 notify_free(struct notify *);

/* Watch it, or the nearest directory above it that exists. Twice is once. */
void		 notify_add(struct notify *, const char *dir);

/* Call again by then, if nothing happens before. */
void		 notify_by(struct notify *, uint64_t at);

#endif
