#define _XOPEN_SOURCE 700	/* realpath */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/file.h"

/* Close, keeping the errno that matters. */
static void
drop(int fd)
{
	int	 err = errno;

	close(fd);
	errno = err;
}

/* All of a file that may grow while we read; cap is one more than allowed. */
static ssize_t
read_all(int fd, char *p, size_t cap)
{
	size_t	 n = 0;
	ssize_t	 got;

	while (n < cap) {
		got = read(fd, p + n, cap - n);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

static int
open_regular(const char *path, size_t max, size_t *size)
{
	struct stat	 st;
	int		 fd;

	/* Not blocking, or a pipe of that name would hold us up. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1) {
		drop(fd);
		return -1;
	}
	errno = 0;
	if (!S_ISREG(st.st_mode))
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	else if ((uintmax_t)st.st_size > max)
		errno = EFBIG;
	if (errno != 0) {
		drop(fd);
		return -1;
	}
	*size = (size_t)st.st_size;
	return fd;
}

char *
file_read(const char *path, size_t max, size_t *n)
{
	size_t	 size;
	ssize_t	 got;
	char	*p;
	int	 fd = open_regular(path, max, &size);

	if (fd == -1)
		return NULL;
	p = malloc(size + 2);
	if (p == NULL) {
		drop(fd);
		return NULL;
	}
	got = read_all(fd, p, size + 1);
	drop(fd);
	if (got == -1 || (size_t)got > max) {
		if (got != -1)
			errno = EFBIG;
		free(p);
		return NULL;
	}
	p[got] = '\0';
	if (n != NULL)
		*n = (size_t)got;
	return p;
}

int
file_put(int fd, const char *p, size_t n)
{
	ssize_t	 put;

	while (n > 0) {
		put = write(fd, p, n);
		if (put == -1 && errno == EINTR)
			continue;
		if (put == -1)
			return -1;
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

static int
open_temporary(const char *path, char tmp[PATH_MAX], mode_t mode)
{
	if ((size_t)snprintf(tmp, PATH_MAX, "%s.tmp", path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* What a crash left; and nobody's link is followed. */
	unlink(tmp);
	return open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0700);
}

int
file_write(const char *path, const void *p, size_t n, mode_t mode)
{
	char	 tmp[PATH_MAX];
	int	 fd = open_temporary(path, tmp, mode), err;

	if (fd == -1)
		return -1;
	if (fchmod(fd, mode) == -1 || file_put(fd, p, n) == -1) {
		drop(fd);
		goto fail;
	}
	if (close(fd) == -1 || rename(tmp, path) == -1)
		goto fail;
	return 0;
fail:
	err = errno;
	unlink(tmp);
	errno = err;
	return -1;
}

int
file_check_writable(const char *path)
{
	struct stat	 st;
	char		 tmp[PATH_MAX];
	int		 fd;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return -1;
	}
	fd = open_temporary(path, tmp, 0600);
	if (fd == -1)
		return -1;
	drop(fd);
	return unlink(tmp);
}

int
file_replace(const char *path, const void *p, size_t n)
{
	struct stat	 st;
	char		*real = realpath(path, NULL);
	int		 ok = -1;

	if (real != NULL && stat(real, &st) == 0) {
		errno = EINVAL;
		if (S_ISREG(st.st_mode))
			ok = file_write(real, p, n, st.st_mode & 0777);
	}
	free(real);
	return ok;
}

int
file_make_parents(const char *path)
{
	char	 dir[PATH_MAX];
	size_t	 n = strlen(path);

	if (n >= sizeof(dir)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(dir, path, n + 1);
	for (char *p = dir + 1; n > 0 && *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(dir, 0700) == -1 && errno != EEXIST)
			return -1;
		*p = '/';
	}
	return 0;
}

int
file_check_directory(const char *path)
{
	DIR	*dir = opendir(path);

	return dir != NULL ? closedir(dir) : -1;
}

int
file_make_directory(const char *path)
{
	if (file_make_parents(path) == -1 ||
	    (mkdir(path, 0700) == -1 && errno != EEXIST))
		return -1;
	return file_check_directory(path);
}
