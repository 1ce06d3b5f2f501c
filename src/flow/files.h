#ifndef FLOW_FILES_H
#define FLOW_FILES_H

#include "flow/task.h"

/*
 * What a party of a run puts into its datasite for the others, each file
 * with who may read it in the syft.pub.yaml beside it. 0, or -1 with errno,
 * and path (PATH_MAX bytes) is the file.
 */

/* The _progress directory: everyone reads. */
int	 files_progress(const struct place *, char *path);

/* A directory for each link of mine, with the markers of the plan. */
int	 files_markers(const struct place *, unsigned base, char *path);

/*
 * Copy what a task shares to its place. The rules of a directory are of all n
 * tasks that share there.
 */
int	 files_share(const struct place *, const struct task *all, size_t n,
	     const struct task *, char *path);

#endif
