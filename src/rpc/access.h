#ifndef RPC_ACCESS_H
#define RPC_ACCESS_H

#include "rpc/box.h"

/*
 * The syft.pub.yaml files of the directories that messages are exchanged in.
 * access_app makes those of an application that are not there. access_grant
 * names owner and other alone as readers and writers of what id is the stem
 * of, in a file of our own beside it; the rules of files that are gone go. 0,
 * or -1 and why.
 */
enum { ACCESS_RULES = 200 };	/* at once; a reader takes 256 */

int	 access_app(const struct box *, const char *owner, const char **why);
int	 access_grant(const struct box *, const char *owner, const char *other,
	     const char *id, const char **why);

#endif
