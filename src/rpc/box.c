#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/spawn.h"
#include "rpc/box.h"
#include "rpc/envelope.h"
#include "rpc/rpc.h"
#include "syft/key.h"

#define RESPONSE	".response"

/* Parts between slashes: not empty, not hidden, no control characters. */
static bool
is_safe(const char *s, bool slashes)
{
	bool	 start = true;

	for (; *s != '\0'; s++) {
		if (start && (*s == '/' || *s == '.'))
			return false;
		if ((unsigned char)*s < ' ' || *s == 0x7f || *s == '\\' ||
		    (*s == '/' && !slashes))
			return false;
		start = *s == '/';
	}
	return !start;
}

bool
box_valid(const struct box *b, const char **why)
{
	*why = NULL;
	if (!email_valid(b->me))
		*why = "option --email: not an email";
	else if (!is_safe(b->app, false))
		*why = "option --app: not the name of a directory";
	else if (!is_safe(b->endpoint, true))
		*why = "option --endpoint: not a path below the application";
	else if (b->data_dir[0] == '\0')
		*why = "option --data-dir: empty";
	return *why == NULL;
}

static int
fits(int n, size_t cap)
{
	return n >= 0 && (size_t)n < cap ? 0 : -1;
}

int
box_dir(const struct box *b, const char *owner, bool shadow, char *buf,
    size_t cap)
{
	return fits(snprintf(buf, cap, "%s/%s/%s/app_data/%s/rpc/%s",
	    b->data_dir, shadow ? "unencrypted" : "datasites", owner, b->app,
	    b->endpoint), cap);
}

int
box_path(const struct box *b, const char *owner, bool shadow, const char *id,
    const char *suffix, char *buf, size_t cap)
{
	return fits(snprintf(buf, cap, "%s/%s/%s/app_data/%s/rpc/%s/%s%s",
	    b->data_dir, shadow ? "unencrypted" : "datasites", owner, b->app,
	    b->endpoint, id, suffix), cap);
}

static uint64_t
mtime_of(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * 1000000000 +
	    (uint64_t)st->st_mtim.tv_nsec;
}

static int
read_open(int fd, struct found *f, size_t size)
{
	ssize_t	 got;

	f->p = malloc(size + 1);
	if (f->p == NULL) {
		f->why = "out of memory";
		return -1;
	}
	/* One byte more than it had: a file that grows is not read in half. */
	while (f->n <= size) {
		got = read(fd, f->p + f->n, size + 1 - f->n);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			f->why = strerror(errno);
		if (got <= 0)
			break;
		f->n += (size_t)got;
	}
	if (f->n > size)
		f->why = "it grows";
	if (f->why != NULL)
		return -1;
	f->p[f->n] = '\0';
	return 0;
}

static int
check_open(int fd, struct found *f, size_t *size)
{
	struct stat	 st;

	if (fstat(fd, &st) == -1) {
		f->why = strerror(errno);
		return -1;
	}
	f->mtime = mtime_of(&st);
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	*size = (size_t)st.st_size;
	if (S_ISDIR(st.st_mode))
		f->why = "a directory";
	else if (!S_ISREG(st.st_mode))
		f->why = "not a regular file";
	else if (st.st_size > RPC_MAX)
		f->why = "larger than 1 MiB";
	return f->why == NULL ? 0 : -1;
}

enum found_as
box_read(const char *path, struct found *f)
{
	size_t	 size;
	int	 fd, rc;

	memset(f, 0, sizeof(*f));
	/* Not blocking, or a pipe of that name would hold us up. */
	fd = openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	if (fd == -1) {
		if (errno == ENOENT || errno == ENOTDIR)
			return FOUND_NOTHING;
		f->why = errno == ELOOP ? "a symbolic link" : strerror(errno);
		return FOUND_BAD;
	}
	rc = check_open(fd, f, &size);
	if (rc == 0)
		rc = read_open(fd, f, size);
	close(fd);
	if (rc == 0)
		return FOUND;
	free(f->p);
	f->p = NULL;
	return FOUND_BAD;
}

void
found_fini(struct found *f)
{
	free(f->p);
	f->p = NULL;
	f->n = 0;
}

int
box_remove(const char *path, const struct found *f)
{
	struct stat	 st;

	if (lstat(path, &st) == -1)
		return errno == ENOENT ? 0 : -1;
	if (st.st_dev != f->dev || st.st_ino != f->ino ||
	    mtime_of(&st) != f->mtime || (size_t)st.st_size != f->n)
		return -1;
	return unlink(path);
}

/* The program gets the bytes and the parties' names; what it writes is it. */
static uint8_t *
filter(struct box *b, const char *command, const char *other, const void *p,
    size_t len, size_t *n, const char **why)
{
	char		 me[EMAIL_MAX + 32], peer[EMAIL_MAX + 32];
	const char	*env[] = { me, peer, NULL };
	struct spawn	 s = {
		.command = command, .env = env, .in = p, .nin = len,
		.cap = RPC_MAX, .timeout = b->timeout,
	};

	snprintf(me, sizeof(me), "HOTLINK_ME=%s", b->me);
	snprintf(peer, sizeof(peer), "HOTLINK_PEER=%s", other);
	s.out = malloc(RPC_MAX + 1);
	if (s.out == NULL) {
		*why = "out of memory";
		return NULL;
	}
	if (spawn_run(&s) == -1) {
		if (s.signal != 0)
			b->signal = s.signal;
		free(s.out);
		*why = s.why;
		return NULL;
	}
	s.out[s.nout] = '\0';
	*n = s.nout;
	return s.out;
}

enum found_as
box_decrypt(struct box *b, const char *shadow, const struct found *sealed,
    struct found *plain)
{
	if (box_read(shadow, plain) == FOUND && plain->mtime >= sealed->mtime)
		return FOUND;
	found_fini(plain);
	memset(plain, 0, sizeof(*plain));
	plain->why = "encrypted, and no --decrypt-cmd";
	if (b->decrypt == NULL)
		return FOUND_BAD;
	plain->p = filter(b, b->decrypt, "", sealed->p, sealed->n, &plain->n,
	    &plain->why);
	return plain->p != NULL ? FOUND : FOUND_BAD;
}

uint8_t *
box_encrypt(struct box *b, const char *to, const void *p, size_t len,
    size_t *n, const char **why)
{
	return filter(b, b->encrypt, to, p, len, n, why);
}

/* An envelope for me: it is what its plain text says, or stays closed. */
static void
judge_sealed(struct box *b, struct acks *a, struct pending *p,
    const char *owner, const struct found *f)
{
	char		 shadow[PATH_MAX];
	struct found	 plain;

	if (box_path(b, owner, true, p->id, RESPONSE, shadow,
	    sizeof(shadow)) == -1)
		return;
	if (box_decrypt(b, shadow, f, &plain) == FOUND)
		acks_plain(a, p, owner, plain.p, plain.n, f->mtime);
	found_fini(&plain);
}

/* Look once at the one place where the response can be. */
static void
look_for(struct box *b, struct acks *a, struct pending *p, const char *owner)
{
	char		 path[PATH_MAX];
	struct found	 f = { 0 };
	enum found_as	 as = FOUND_BAD;

	acks_looked(a);
	if (box_path(b, owner, false, p->id, RESPONSE, path,
	    sizeof(path)) == 0)
		as = box_read(path, &f);
	if (as == FOUND_BAD)
		acks_bad(a, p, f.mtime);
	if (as == FOUND &&
	    acks_file(a, p, owner, f.p, f.n, f.mtime) == ACK_ENCRYPTED)
		judge_sealed(b, a, p, owner, &f);
	if (ack_accepted(p->ack) && !p->file.known) {
		p->file.known = true;
		p->file.mtime = f.mtime;
		p->file.dev = f.dev;
		p->file.ino = f.ino;
		p->file.size = f.n;
	}
	found_fini(&f);
}

int
box_clean(const struct box *b, const struct pending *p)
{
	char		 path[PATH_MAX], shadow[PATH_MAX];
	struct found	 f = {
		.mtime = p->file.mtime, .dev = (dev_t)p->file.dev,
		.ino = (ino_t)p->file.ino, .n = p->file.size,
	};

	if (!ack_accepted(p->ack) || !p->file.known ||
	    box_path(b, p->owner, false, p->id, RESPONSE, path,
	    sizeof(path)) == -1 ||
	    box_path(b, p->owner, true, p->id, RESPONSE, shadow,
	    sizeof(shadow)) == -1 || box_remove(path, &f) == -1)
		return -1;
	return unlink(shadow) == 0 || errno == ENOENT || errno == ENOTDIR ?
	    0 : -1;
}

/* Only names count here; what nobody waits for is not opened. */
static void
scan_owner(struct box *b, struct acks *a, const char *owner)
{
	const size_t	 ns = sizeof(RESPONSE) - 1;
	struct pending	*p;
	struct dirent	*e;
	char		 dir[PATH_MAX];
	size_t		 n;
	DIR		*d;

	if (box_dir(b, owner, false, dir, sizeof(dir)) == -1 ||
	    (d = opendir(dir)) == NULL)
		return;
	while (b->signal == 0 && (e = readdir(d)) != NULL) {
		n = strlen(e->d_name);
		if (n < ns || strcmp(e->d_name + n - ns, RESPONSE) != 0)
			continue;
		p = acks_find(a, e->d_name, n - ns);
		if (p == NULL || p->recipient[0] != '\0')
			acks_skipped(a);
		else
			look_for(b, a, p, owner);
	}
	closedir(d);
}

static void
scan(struct box *b, struct acks *a)
{
	char		 dir[PATH_MAX];
	struct dirent	*e;
	DIR		*d;

	if (fits(snprintf(dir, sizeof(dir), "%s/datasites", b->data_dir),
	    sizeof(dir)) == -1 || (d = opendir(dir)) == NULL)
		return;
	while (b->signal == 0 && (e = readdir(d)) != NULL)
		if (email_valid(e->d_name) && !same_party(e->d_name, b->me))
			scan_owner(b, a, e->d_name);
	closedir(d);
}

int
box_look(struct box *b, struct acks *a, bool all)
{
	struct pending	*p;

	acks_begin(a, clock_unix_ms());
	for (size_t i = 0; i < acks_count(a) && b->signal == 0; i++) {
		p = acks_at(a, i);
		if (p->recipient[0] != '\0')
			look_for(b, a, p, p->recipient);
	}
	if (all && acks_count(a) > 0 && b->signal == 0)
		scan(b, a);
	acks_end(a);
	return b->signal == 0 ? 0 : -1;
}
