#ifndef AGENT_MARKERS_H
#define AGENT_MARKERS_H

#include <stdint.h>

#include "syft/marker.h"

struct loop;
struct markers;

/*
 * The marker files below the datasites root, as a set of channels: one per
 * canonical key. Where several files describe one channel the one in the
 * local party's own datasite counts. A file that cannot be used is named once
 * with the reason, and looked at again when it changes.
 */
struct markers_user {
	/* A channel appeared; its marker and rel path live until gone. */
	void	(*found)(void *, uint64_t now, const struct marker *,
		    const char *key, const char *rel);
	/* It vanished, or is about to be found again with another content. */
	void	(*gone)(void *, uint64_t now, const char *key);
};

/* me: lower case. NULL: out of memory, or the root cannot be read (errno). */
struct markers	*markers_new(struct loop *, const char *root, const char *me,
		     const struct markers_user *, void *arg, uint64_t now);
void		 markers_free(struct markers *);

#endif
