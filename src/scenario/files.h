#ifndef SCENARIO_FILES_H
#define SCENARIO_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* Paths that were found, sorted. */
struct paths {
	char	**v;
	size_t	  n;
};

void	 paths_free(struct paths *);
bool	 paths_have(const struct paths *, const char *);

/*
 * What there is of a path, or, if there is a * in it, of a pattern: *, ? and
 * [] match within one name, a leading dot only a dot. 0, or -1: out of memory.
 */
int	 files_find(struct paths *, const char *pattern);

/* Likewise, and of directories every file below them; no links followed. */
int	 files_below(struct paths *, const char *pattern);

/* Whether it begins like an envelope: SYC1, SBC1, SYC2. -1: unreadable. */
int	 files_encrypted(const char *path);

#endif
