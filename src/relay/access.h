#ifndef RELAY_ACCESS_H
#define RELAY_ACCESS_H

#include <stdbool.h>

#include "base/bytes.h"

/*
 * Who may open and accept a session on a path. With a root, the files below
 * it say so at every question; without one, the path's owner may do anything
 * and the party an Open is addressed to may read.
 */
struct access;

struct access	*access_new(const char *root);	/* NULL: without one */
void		 access_free(struct access *);

bool		 access_write(struct access *, struct span path,
		     const char *user);
/* to: the addressee, or "" */
bool		 access_read(struct access *, struct span path,
		     const char *user, const char *to);

#endif
