#ifndef NET_FILE_H
#define NET_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Whole files. file_read gives a NUL-terminated heap copy of a regular file
 * of at most max bytes (the caller frees it), or NULL with errno (EFBIG: too
 * large). file_write writes a temporary name ending in ".tmp" beside it and
 * renames; mode is as given, whatever the umask. 0 or -1 with errno.
 */
char	*file_read(const char *path, size_t max, size_t *n);
int	 file_write(const char *path, const void *, size_t, mode_t mode);

/*
 * Would file_write work: asked by whom it is too late for when it does not. 0
 * or -1 with errno; what is at path stays.
 */
int	 file_check_writable(const char *path);

/*
 * file_write onto a regular file that is there, behind any links, keeping its
 * mode.
 */
int	 file_replace(const char *path, const void *, size_t);

/* Directories of path that are missing, mode 0700 each; path itself a file. */
int	 file_make_parents(const char *path);

/* The directory itself, likewise; and is there one that can be listed? */
int	 file_make_directory(const char *path);
int	 file_check_directory(const char *path);

/* All of it to a descriptor. 0 or -1 with errno. */
int	 file_put(int fd, const char *, size_t);

#endif
