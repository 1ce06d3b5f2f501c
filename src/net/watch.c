#define _DEFAULT_SOURCE	/* d_type */
/*
 * A tree of directories, kept by walking it. inotify (Linux) says when to look
 * again and where; the walk finds out what changed, so that a lost, merged or
 * raced event costs time and never truth:
 *
 * - a directory's watch is added before the directory is read, so that an
 *   entry is either read or reported;
 * - a full queue, a directory renamed or removed: the whole tree is walked;
 * - a file that was closed after writing is reported even if its size and
 *   times look the same, for the clock of file systems is coarse;
 * - the slow look reads no directory whose time is that of the last reading,
 *   and comes less often the longer it takes.
 */
#include <sys/inotify.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/clock.h"
#include "net/loop.h"
#include "net/watch.h"

enum {
	SLOW = 5 * SEC,		/* between walks while inotify works */
	QUICK = 500 * MS,	/* and while it does not */
	SOON = 200 * MS,	/* after an event that only hints */
	SHARE = 50,		/* of all time, for looking */
	SETTLED = 2,		/* seconds after which a time tells contents */
	DEPTH = 32,		/* directories below the root */
	FILES = 4096,		/* remembered; searched one by one */
	DIRS = 65536,		/* watched; the rest is left to the walk */
	EVENTS = 16384,		/* bytes read at once */
	MASK = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM |
	    IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |
	    IN_DONT_FOLLOW,
};

/* What tells one content of a file from another. */
struct mark {
	dev_t		 dev;
	ino_t		 ino;
	off_t		 size;
	struct timespec	 mtime, ctime;
};

struct file {
	char		*rel;
	struct mark	 mark;
	uint64_t	 seen;		/* the walk that saw it last */
};

struct dir {
	char		*rel;		/* "" is the root */
	int		 wd;
	uint64_t	 seen;
	struct mark	 mark;		/* before it was read */
	bool		 settled;	/* a later change has another mark */
};

struct watch {
	struct loop	*loop;
	char		*root;
	const char *const *names;
	watch_fn	*fn;
	void		*arg;
	struct file	*files;
	size_t		 nfiles, capfiles;
	struct dir	*dirs;
	size_t		 ndirs, capdirs;
	uint64_t	 walk;		/* number of the walk under way */
	bool		 complete;	/* every directory is watched */
	bool		 hinted;	/* something happened: read them all */
	bool		 blind;		/* the walk could not read all of it */
	struct io	 io;		/* fd -1: no inotify */
	struct alarm	 next;
};

/* The list with room for one more element; NULL: it stays as it is. */
static void *
grow(void *list, size_t n, size_t *cap, size_t limit, size_t size)
{
	size_t	 want = *cap > 0 ? *cap * 2 : 16;

	if (n < *cap)
		return list;
	if (n >= limit)
		return NULL;
	list = realloc(list, want * size);
	if (list != NULL)
		*cap = want;
	return list;
}

static int
join(char *buf, const char *a, const char *b)
{
	const char	*slash = a[0] != '\0' && b[0] != '\0' ? "/" : "";

	return snprintf(buf, PATH_MAX, "%s%s%s", a, slash, b) < PATH_MAX ?
	    0 : -1;
}

static struct file *
find_file(struct watch *w, const char *rel)
{
	for (size_t i = 0; i < w->nfiles; i++)
		if (strcmp(w->files[i].rel, rel) == 0)
			return &w->files[i];
	return NULL;
}

/* Directories are in the order of their descriptors: where wd is or belongs. */
static size_t
dir_index(const struct watch *w, int wd)
{
	size_t	 lo = 0, hi = w->ndirs, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (w->dirs[mid].wd < wd)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct dir *
find_dir(struct watch *w, int wd)
{
	size_t	 i = dir_index(w, wd);

	return i < w->ndirs && w->dirs[i].wd == wd ? &w->dirs[i] : NULL;
}

static void
forget_dir(struct watch *w, size_t i)
{
	free(w->dirs[i].rel);
	memmove(&w->dirs[i], &w->dirs[i + 1],
	    (--w->ndirs - i) * sizeof(w->dirs[0]));
}

static struct dir *
new_dir(struct watch *w, int wd)
{
	size_t		 i = dir_index(w, wd);
	struct dir	*d = grow(w->dirs, w->ndirs, &w->capdirs, DIRS,
			     sizeof(*d));

	if (d == NULL)
		return NULL;
	w->dirs = d;
	d += i;
	memmove(d + 1, d, (w->ndirs++ - i) * sizeof(*d));
	d->rel = NULL;
	d->wd = wd;
	return d;
}

static struct mark
mark_of(const struct stat *st)
{
	struct mark	 m;

	memset(&m, 0, sizeof(m));
	m.dev = st->st_dev;
	m.ino = st->st_ino;
	m.size = st->st_size;
	m.mtime = st->st_mtim;
	m.ctime = st->st_ctim;
	return m;
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
same_mark(const struct mark *a, const struct mark *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    same_time(&a->mtime, &b->mtime) && same_time(&a->ctime, &b->ctime);
}

static struct file *
new_file(struct watch *w, const char *rel)
{
	struct file	*f = grow(w->files, w->nfiles, &w->capfiles, FILES,
			     sizeof(*f));

	if (f == NULL)
		return NULL;
	w->files = f;
	f += w->nfiles;
	memset(f, 0, sizeof(*f));
	f->rel = strdup(rel);
	if (f->rel == NULL)
		return NULL;
	w->nfiles++;
	return f;
}

/* The file is there; sure: we know that its content changed. */
static void
present(struct watch *w, const char *rel, const struct stat *st, bool sure,
    uint64_t now)
{
	struct file	*f = find_file(w, rel);
	struct mark	 m = mark_of(st);

	if (f == NULL) {
		f = new_file(w, rel);
		sure = true;
	}
	if (f == NULL)
		return;
	f->seen = w->walk;
	if (!sure && same_mark(&f->mark, &m))
		return;
	f->mark = m;
	w->fn(w->arg, rel, 1, now);
}

static void
gone(struct watch *w, struct file *f, uint64_t now)
{
	char	*rel = f->rel;

	*f = w->files[--w->nfiles];
	w->fn(w->arg, rel, 0, now);
	free(rel);
}

/* Look at one path that has our name. */
static void
look_at(struct watch *w, const char *rel, bool sure, uint64_t now)
{
	char		 path[PATH_MAX];
	struct stat	 st;
	struct file	*f;

	if (join(path, w->root, rel) == -1)
		return;
	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		present(w, rel, &st, sure, now);
		return;
	}
	f = find_file(w, rel);
	if (f != NULL)
		gone(w, f, now);
}

/* A directory moved keeps its descriptor: remember where it is now. */
static int
remember_dir(struct watch *w, const char *rel, int wd)
{
	struct dir	*d = find_dir(w, wd);
	char		*copy;

	if (d != NULL && strcmp(d->rel, rel) == 0) {
		d->seen = w->walk;
		d->settled = false;
		return 0;
	}
	copy = strdup(rel);
	if (copy == NULL)
		return -1;
	if (d == NULL)
		d = new_dir(w, wd);
	if (d == NULL) {
		free(copy);
		return -1;
	}
	free(d->rel);
	d->rel = copy;
	d->seen = w->walk;
	d->settled = false;
	return 0;
}

static bool
is_settled(const struct stat *st)
{
	int64_t	 now = (int64_t)(clock_unix_ms() / 1000);

	return now - (int64_t)st->st_mtim.tv_sec > SETTLED;
}

/* Watch a directory that is about to be read. */
static void
watch_dir(struct watch *w, const char *rel, const char *path)
{
	uint32_t	 mask = MASK;
	struct stat	 st;
	struct dir	*d;
	int		 wd;

	if (w->io.fd == -1) {
		w->complete = false;
		return;
	}
	/* The root is the user's word, and may be a link. */
	if (rel[0] == '\0')
		mask &= ~(uint32_t)IN_DONT_FOLLOW;
	wd = inotify_add_watch(w->io.fd, path, mask);
	if (wd == -1 || remember_dir(w, rel, wd) == -1) {
		w->complete = false;
		return;
	}
	d = find_dir(w, wd);
	if (d == NULL || stat(path, &st) == -1)
		return;
	d->mark = mark_of(&st);
	d->settled = is_settled(&st);
}

static void	 walk_dir(struct watch *, const char *, int, uint64_t);

static bool
is_wanted(const struct watch *w, const char *name)
{
	for (size_t i = 0; w->names[i] != NULL; i++)
		if (strcmp(name, w->names[i]) == 0)
			return true;
	return false;
}

/* What need not be looked at any closer: most files, by far. */
static bool
is_other(const struct watch *w, const struct dirent *e)
{
	if (e->d_type == DT_DIR)
		return strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0;
	return e->d_type != DT_UNKNOWN && !is_wanted(w, e->d_name);
}

static void
visit(struct watch *w, int dirfd, const char *dir, const char *name, int depth,
    uint64_t now)
{
	char		 rel[PATH_MAX];
	struct stat	 st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    join(rel, dir, name) == -1 ||
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return;
	if (S_ISDIR(st.st_mode) && depth < DEPTH)
		walk_dir(w, rel, depth + 1, now);
	else if (S_ISREG(st.st_mode) && is_wanted(w, name))
		present(w, rel, &st, false, now);
}

static void
walk_dir(struct watch *w, const char *rel, int depth, uint64_t now)
{
	char		 path[PATH_MAX];
	struct dirent	*e;
	DIR		*d;
	int		 fd;

	if (join(path, w->root, rel) == -1)
		return;
	watch_dir(w, rel, path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    (rel[0] != '\0' ? O_NOFOLLOW : 0));
	if (fd == -1) {
		w->blind |= errno == EMFILE || errno == ENFILE ||
		    errno == ENOMEM;
		return;
	}
	d = fdopendir(fd);
	if (d == NULL) {
		w->blind = true;
		close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL)
		if (!is_other(w, e))
			visit(w, fd, rel, e->d_name, depth, now);
	closedir(d);
}

static int
depth_of(const char *rel)
{
	int	 n = rel[0] != '\0';

	for (; *rel != '\0'; rel++)
		n += *rel == '/';
	return n;
}

/* What this walk did not see is not there any more, if it saw all there is. */
static void
sweep(struct watch *w, uint64_t now)
{
	if (w->blind) {
		w->complete = false;
		return;
	}
	for (size_t i = w->nfiles; i-- > 0;)
		if (w->files[i].seen != w->walk)
			gone(w, &w->files[i], now);
	for (size_t i = w->ndirs; i-- > 0;) {
		if (w->dirs[i].seen == w->walk)
			continue;
		inotify_rm_watch(w->io.fd, w->dirs[i].wd);
		forget_dir(w, i);
	}
}

static void
next_look(struct watch *w, uint64_t began, uint64_t now)
{
	uint64_t	 took = clock_now() - began;
	uint64_t	 pause = w->complete ? SLOW : QUICK;

	if (pause < took * SHARE)
		pause = took * SHARE;
	alarm_set(w->loop, &w->next, now + pause);
}

static void
walk_all(struct watch *w, uint64_t now)
{
	uint64_t	 began = clock_now();

	w->walk++;
	w->complete = true;
	w->hinted = w->blind = false;
	walk_dir(w, "", 0, now);
	sweep(w, now);
	if (w->ndirs == 0)	/* no root, or no inotify */
		w->complete = false;
	next_look(w, began, now);
}

/* True if every directory holds the entries that were read from it. */
static bool
dirs_are_same(const struct watch *w)
{
	char			 path[PATH_MAX];
	const struct dir	*d;
	struct stat		 st;
	struct mark		 m;

	for (size_t i = 0; i < w->ndirs; i++) {
		d = &w->dirs[i];
		if (!d->settled || join(path, w->root, d->rel) == -1 ||
		    stat(path, &st) == -1)
			return false;
		m = mark_of(&st);
		if (!same_mark(&d->mark, &m))
			return false;
	}
	return true;
}

void
watch_look(struct watch *w, uint64_t now)
{
	uint64_t	 began = clock_now();

	if (!w->complete || w->hinted || !dirs_are_same(w)) {
		walk_all(w, now);
		return;
	}
	for (size_t i = w->nfiles; i-- > 0;)
		look_at(w, w->files[i].rel, false, now);
	next_look(w, began, now);
}

static void
on_alarm(void *arg, uint64_t now)
{
	watch_look(arg, now);
}

static void
walk_soon(struct watch *w, uint64_t now)
{
	w->hinted = true;
	if (w->next.at > now + SOON)
		alarm_set(w->loop, &w->next, now + SOON);
}

static bool
is_linked(const struct watch *w, const char *rel)
{
	char		 path[PATH_MAX];
	struct stat	 st;

	return join(path, w->root, rel) == 0 && lstat(path, &st) == 0 &&
	    st.st_nlink > 1;
}

/* In a directory we watch, to one of its entries. */
static void
on_entry(struct watch *w, const struct dir *d, const struct inotify_event *e,
    uint64_t now)
{
	char	 rel[PATH_MAX];

	if (join(rel, d->rel, e->name) == -1)
		return;
	if (e->mask & IN_ISDIR) {
		if (e->mask & IN_CREATE)
			walk_dir(w, rel, depth_of(rel), now);
		else
			walk_soon(w, now);
		return;
	}
	if (!is_wanted(w, e->name))
		return;
	/* What is created is then written and closed, unless it is a link. */
	if (!(e->mask & IN_CREATE) || is_linked(w, rel))
		look_at(w, rel, (e->mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0,
		    now);
}

static void
on_inotify_event(struct watch *w, const struct inotify_event *e, uint64_t now)
{
	struct dir	*d = find_dir(w, e->wd);

	if (d != NULL && (e->mask & IN_IGNORED)) {
		forget_dir(w, (size_t)(d - w->dirs));
		walk_soon(w, now);
	} else if (e->mask & (IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF))
		walk_soon(w, now);
	else if (d != NULL && e->len > 0)
		on_entry(w, d, e, now);
}

static void
on_readable(void *arg, unsigned got, uint64_t now)
{
	_Alignas(struct inotify_event) char	 buf[EVENTS];
	struct watch				*w = arg;
	const struct inotify_event		*e;
	ssize_t					 n;

	(void)got;
	n = read(w->io.fd, buf, sizeof(buf));
	for (ssize_t i = 0; i < n; i += (ssize_t)(sizeof(*e) + e->len)) {
		e = (const struct inotify_event *)(const void *)(buf + i);
		on_inotify_event(w, e, now);
	}
}

static void
forget_dirs(struct watch *w)
{
	for (size_t i = 0; i < w->ndirs; i++)
		free(w->dirs[i].rel);
	w->ndirs = 0;
}

static void
stop_inotify(struct watch *w)
{
	if (w->io.fd == -1)
		return;
	loop_del(w->loop, &w->io);
	close(w->io.fd);
	w->io.fd = -1;
	forget_dirs(w);
}

void
watch_no_inotify(struct watch *w, uint64_t now)
{
	stop_inotify(w);
	walk_all(w, now);
}

static void
start_inotify(struct watch *w)
{
	w->io.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	w->io.want = IO_IN;
	w->io.ready = on_readable;
	w->io.arg = w;
	if (w->io.fd != -1 && loop_add(w->loop, &w->io) == 0)
		return;
	log_warnx("watch: no inotify: looking every %d ms", QUICK / MS);
	if (w->io.fd != -1)
		close(w->io.fd);
	w->io.fd = -1;
}

struct watch *
watch_new(struct loop *loop, const char *root, const char *const *names,
    watch_fn *fn, void *arg, uint64_t now)
{
	struct watch	*w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->loop = loop;
	w->fn = fn;
	w->arg = arg;
	w->io.fd = -1;
	w->next.at = NEVER;
	w->next.fire = on_alarm;
	w->next.arg = w;
	w->root = strdup(root);
	w->names = names;
	if (w->root == NULL || alarm_set(loop, &w->next, now) == -1) {
		watch_free(w);
		return NULL;
	}
	start_inotify(w);
	walk_all(w, now);
	return w;
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	alarm_clear(w->loop, &w->next);
	stop_inotify(w);
	for (size_t i = 0; i < w->nfiles; i++)
		free(w->files[i].rel);
	free(w->files);
	free(w->dirs);
	free(w->root);
	free(w);
}
