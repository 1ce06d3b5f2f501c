#define _DEFAULT_SOURCE	/* flock */
#include <sys/file.h>
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
#include "rpc/rpc.h"
#include "rpc/spool.h"
#include "rpc/store.h"

#define SUFFIX	".json"

struct spool {
	int		 dir[STATES];
	int		 tmp, lock;
	uint64_t	 foreign;
};

static int
open_dir(int at, const char *name)
{
	if (mkdirat(at, name, 0700) == -1 && errno != EEXIST &&
	    errno != EROFS && errno != EACCES)
		return -1;
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
}

static int
open_root(const char *path)
{
	char	 below[PATH_MAX];

	if ((size_t)snprintf(below, sizeof(below), "%s/x", path) >=
	    sizeof(below)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (file_make_parents(below) == -1 && errno != EROFS &&
	    errno != EACCES)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
open_all(struct spool *s, int root)
{
	for (unsigned i = 0; i < STATES; i++)
		if ((s->dir[i] = open_dir(root, state_name(i))) == -1)
			return -1;
	if ((s->tmp = open_dir(root, "tmp")) == -1)
		return -1;
	/* Locking does not take the right to write: a reader has it too. */
	s->lock = openat(root, "lock", O_RDONLY | O_CREAT | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC, 0600);
	if (s->lock == -1)
		s->lock = openat(root, "lock", O_RDONLY | O_NOFOLLOW |
		    O_NONBLOCK | O_CLOEXEC);
	return s->lock != -1 ? 0 : -1;
}

struct spool *
spool_open(const char *path)
{
	struct spool	*s = calloc(1, sizeof(*s));
	int		 root, rc, err;

	if (s == NULL)
		return NULL;
	memset(s->dir, -1, sizeof(s->dir));
	s->tmp = s->lock = -1;
	root = open_root(path);
	rc = root != -1 ? open_all(s, root) : -1;
	err = errno;
	if (root != -1)
		close(root);
	if (rc == 0)
		return s;
	spool_close(s);
	errno = err;
	return NULL;
}

void
spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < STATES; i++)
		if (s->dir[i] != -1)
			close(s->dir[i]);
	if (s->tmp != -1)
		close(s->tmp);
	if (s->lock != -1)
		close(s->lock);
	free(s);
}

int
spool_lock(struct spool *s, bool wait)
{
	int	 rc;

	do
		rc = flock(s->lock, LOCK_EX | (wait ? 0 : LOCK_NB));
	while (rc == -1 && errno == EINTR);
	return rc;
}

void
spool_unlock(struct spool *s)
{
	flock(s->lock, LOCK_UN);
}

void
spool_sweep(struct spool *s)
{
	int		 fd = openat(s->tmp, ".", O_RDONLY | O_DIRECTORY |
			     O_CLOEXEC);
	struct dirent	*e;
	DIR		*d = fd != -1 ? fdopendir(fd) : NULL;

	if (d == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			unlinkat(s->tmp, e->d_name, 0);
	closedir(d);
}

static int
file_of(const char *name, char buf[NAME_MAX + 1])
{
	if (!rpc_id_valid(name, strlen(name))) {
		errno = EINVAL;
		return -1;
	}
	snprintf(buf, NAME_MAX + 1, "%s" SUFFIX, name);
	return 0;
}

int
spool_put_text(struct spool *s, enum message_state state, const char *name,
    const char *text)
{
	char	 file[NAME_MAX + 1];

	if (file_of(name, file) == -1)
		return -1;
	return store_at(s->tmp, file, s->dir[state], file, text, strlen(text));
}

int
spool_put(struct spool *s, enum message_state state, const char *name,
    const struct message *m)
{
	char	*text = message_text(m, false);
	int	 rc;

	if (text == NULL) {
		errno = ENOMEM;
		return -1;
	}
	rc = spool_put_text(s, state, name, text);
	free(text);
	return rc;
}

int
spool_move(struct spool *s, enum message_state from, enum message_state to,
    const char *name)
{
	char	 file[NAME_MAX + 1];

	if (from == to)
		return 0;
	if (file_of(name, file) == -1 ||
	    renameat(s->dir[from], file, s->dir[to], file) == -1)
		return -1;
	return fsync(s->dir[to]);
}

int
spool_remove(struct spool *s, enum message_state state, const char *name)
{
	char	 file[NAME_MAX + 1];

	return file_of(name, file) == 0 ? unlinkat(s->dir[state], file, 0) : -1;
}

int
spool_change(struct spool *s, enum message_state from, const char *name,
    const struct message *m)
{
	if (spool_put(s, from, name, m) == -1)
		return -1;
	return spool_move(s, from, message_state(m), name);
}

enum message_state
spool_find(const struct spool *s, const char *name)
{
	char		 file[NAME_MAX + 1];
	struct stat	 st;
	unsigned	 i = 0;

	if (file_of(name, file) == -1)
		return STATES;
	while (i < STATES && fstatat(s->dir[i], file, &st,
	    AT_SYMLINK_NOFOLLOW) == -1)
		i++;
	return i;
}

/* Heap; -1 and why. */
static char *
read_at(int dir, const char *file, size_t *n, const char **why)
{
	struct stat	 st;
	char		*p = NULL;
	ssize_t		 got = -1;
	int		 fd = openat(dir, file, O_RDONLY | O_NOFOLLOW |
			     O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	*why = "unreadable";
	if (fd == -1) {
		if (errno == ENOENT)
			*why = "there is no such message";
		return NULL;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= MESSAGE_MAX &&
	    (p = malloc((size_t)st.st_size + 1)) != NULL)
		got = read(fd, p, (size_t)st.st_size);
	close(fd);
	if (got == -1 || got != st.st_size) {
		free(p);
		return NULL;
	}
	*n = (size_t)got;
	return p;
}

int
spool_get(const struct spool *s, enum message_state state, const char *name,
    struct message *m, const char **why)
{
	char	 file[NAME_MAX + 1], *p;
	size_t	 n;
	int	 rc;

	m->json = NULL;
	*why = "not an id";
	if (file_of(name, file) == -1 ||
	    (p = read_at(s->dir[state], file, &n, why)) == NULL)
		return -1;
	rc = message_parse(m, p, n, why);
	free(p);
	return rc;
}

/* The name of a message in an entry. */
static bool
name_of(const char *entry, char name[RPC_ID_MAX + 1])
{
	size_t	 n = strlen(entry), ns = sizeof(SUFFIX) - 1;

	if (n <= ns || strcmp(entry + n - ns, SUFFIX) != 0 ||
	    !rpc_id_valid(entry, n - ns))
		return false;
	memcpy(name, entry, n - ns);
	name[n - ns] = '\0';
	return true;
}

static int
visit(struct spool *s, enum message_state state, const char *entry,
    spool_fn *fn, void *arg)
{
	char		 name[RPC_ID_MAX + 1];
	const char	*why;
	struct message	 m;
	int		 rc;

	if (strcmp(entry, ".") == 0 || strcmp(entry, "..") == 0)
		return 0;
	if (!name_of(entry, name) ||
	    spool_get(s, state, name, &m, &why) == -1) {
		s->foreign++;
		return 0;
	}
	rc = fn(arg, name, &m);
	message_fini(&m);
	return rc;
}

int
spool_each(struct spool *s, enum message_state state, spool_fn *fn, void *arg)
{
	int		 fd = openat(s->dir[state], ".", O_RDONLY |
			     O_DIRECTORY | O_CLOEXEC), rc = 0;
	struct dirent	*e;
	DIR		*d = fd != -1 ? fdopendir(fd) : NULL;

	if (d == NULL) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	while (rc == 0 && (e = readdir(d)) != NULL)
		rc = visit(s, state, e->d_name, fn, arg);
	closedir(d);
	return rc;
}

uint64_t
spool_foreign(const struct spool *s)
{
	return s->foreign;
}
