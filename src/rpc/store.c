#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/file.h"
#include "rpc/store.h"

int
store_at(int tmpdir, const char *tmp, int dir, const char *name,
    const void *p, size_t n)
{
	int	 fd, rc, err;

	/* What a crash left; and nobody's link is followed. */
	unlinkat(tmpdir, tmp, 0);
	fd = openat(tmpdir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	rc = file_put(fd, p, n);
	if (rc == 0)
		rc = fsync(fd);
	err = errno;
	if (close(fd) == -1 && rc == 0) {
		rc = -1;
		err = errno;
	}
	if (rc == 0 && renameat(tmpdir, tmp, dir, name) == 0)
		return fsync(dir);
	if (rc == 0)
		err = errno;
	unlinkat(tmpdir, tmp, 0);
	errno = err;
	return -1;
}

int
store_path(const char *path, const void *p, size_t n)
{
	char		 copy[PATH_MAX], tmp[NAME_MAX + 1];
	const char	*slash = strrchr(path, '/'), *name;
	int		 dir, rc, err;

	if (slash == NULL || strlen(path) >= sizeof(copy) ||
	    (size_t)snprintf(tmp, sizeof(tmp), ".%s.tmp", slash + 1) >=
	    sizeof(tmp)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (file_make_parents(path) == -1)
		return -1;
	memcpy(copy, path, (size_t)(slash - path));
	copy[slash - path] = '\0';
	name = slash + 1;
	dir = open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return -1;
	rc = store_at(dir, tmp, dir, name, p, n);
	err = errno;
	close(dir);
	errno = err;
	return rc;
}
