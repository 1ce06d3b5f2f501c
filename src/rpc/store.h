#ifndef RPC_STORE_H
#define RPC_STORE_H

#include <stddef.h>

/*
 * Put a file in place so that it is there whole or not at all, also after a
 * crash: written to a temporary name, synced, renamed, the directory synced.
 * Mode 0600. It replaces what was there. 0 or -1 with errno; nothing is left
 * behind.
 */
int	 store_at(int tmpdir, const char *tmp, int dir, const char *name,
	     const void *, size_t);

/* The same for a path; the temporary name is beside it and hidden. */
int	 store_path(const char *path, const void *, size_t);

#endif
