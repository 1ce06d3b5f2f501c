#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/markers.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "net/file.h"
#include "net/watch.h"

enum {
	FILES_MAX = 1024,	/* of the name below one root */
	FILE_SIZE = 64 << 10,
	PATH_TEXT = 4096,
};

struct file {
	struct marker	 marker;
	char		 key[KEY_MAX + 2 * EMAIL_MAX];
	char		*rel;
	bool		 usable;
	uint8_t		 refused[32];	/* SHA-256 of what was warned of last */
	bool		 own;		/* below the local party's datasite */
	bool		 active;	/* found was called for it */
	struct file	*next;
};

struct markers {
	struct watch			*watch;
	char				*root;
	char				 me[EMAIL_MAX + 1];
	const struct markers_user	*user;
	void				*arg;
	struct file			*files;
	size_t				 n;
	bool				 said_full;
};

static struct file *
find(struct markers *m, const char *rel)
{
	struct file	*f;

	for (f = m->files; f != NULL; f = f->next)
		if (strcmp(f->rel, rel) == 0)
			return f;
	return NULL;
}

static struct file *
add(struct markers *m, const char *rel)
{
	struct file	*f;

	if (m->n == FILES_MAX) {
		if (!m->said_full)
			log_warnx("%s: more than %d markers, the rest is "
			    "ignored", m->root, FILES_MAX);
		m->said_full = true;
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->rel = strdup(rel);
	if (f->rel == NULL) {
		free(f);
		return NULL;
	}
	f->next = m->files;
	m->files = f;
	m->n++;
	return f;
}

static void
forget(struct markers *m, struct file *f)
{
	struct file	**p = &m->files;

	while (*p != f)
		p = &(*p)->next;
	*p = f->next;
	m->n--;
	free(f->rel);
	free(f);
}

/* Which of the files with this key counts: own ones first, then by name. */
static struct file *
best(struct markers *m, const char *key)
{
	struct file	*b = NULL;

	for (struct file *f = m->files; f != NULL; f = f->next) {
		if (!f->usable || strcmp(f->key, key) != 0)
			continue;
		if (b == NULL || f->own > b->own ||
		    (f->own == b->own && strcmp(f->rel, b->rel) < 0))
			b = f;
	}
	return b;
}

static void
deactivate(struct markers *m, struct file *f, uint64_t now)
{
	if (!f->active)
		return;
	f->active = false;
	m->user->gone(m->arg, now, f->key);
}

/* Something about this key changed: have the right file active. */
static void
settle(struct markers *m, const char *key, uint64_t now)
{
	struct file	*b = best(m, key), *f;

	for (f = m->files; f != NULL; f = f->next)
		if (f != b && strcmp(f->key, key) == 0)
			deactivate(m, f, now);
	if (b == NULL || b->active)
		return;
	b->active = true;
	m->user->found(m->arg, now, &b->marker, b->key, b->rel);
}

static bool
same_media(const struct marker_media *a, const struct marker_media *b)
{
	return a->video == b->video && a->pt == b->pt &&
	    a->codec == b->codec && a->ssrc == b->ssrc &&
	    strcmp(a->fmtp, b->fmtp) == 0;
}

static bool
same_marker(const struct marker *a, const struct marker *b)
{
	return a->port == b->port && strcmp(a->from, b->from) == 0 &&
	    strcmp(a->to, b->to) == 0 &&
	    a->has_fingerprint == b->has_fingerprint &&
	    memcmp(a->fingerprint, b->fingerprint,
	    sizeof(a->fingerprint)) == 0 && a->kind == b->kind &&
	    a->effort == b->effort && a->effort_value == b->effort_value &&
	    a->deliver == b->deliver && same_media(&a->media, &b->media);
}

/* One warning for one content: a file may be reported more than once. */
static void
refuse(struct file *f, const char *bytes, size_t n, const char *why)
{
	uint8_t	 digest[32];

	sha256(digest, bytes, n);
	if (memcmp(digest, f->refused, sizeof(digest)) == 0)
		return;
	memcpy(f->refused, digest, sizeof(digest));
	log_warnx("marker %s: ignored: %s", f->rel, why);
}

/* Read and parse; 0, or -1 with the reason said. */
static int
load(struct markers *m, struct file *f, struct marker *mk)
{
	char		 path[PATH_TEXT], *bytes;
	const char	*why;
	size_t		 n;
	int		 ok;

	snprintf(path, sizeof(path), "%s/%s", m->root, f->rel);
	bytes = file_read(path, FILE_SIZE, &n);
	if (bytes == NULL) {
		log_warn("marker %s", f->rel);
		return -1;
	}
	memset(mk, 0, sizeof(*mk));
	ok = marker_parse(mk, m->me, f->rel, bytes, n, &why);
	if (ok == -1)
		refuse(f, bytes, n, why);
	else
		memset(f->refused, 0, sizeof(f->refused));
	free(bytes);
	return ok;
}

static void
update(struct markers *m, struct file *f, uint64_t now)
{
	struct marker	 mk;
	char		 old[sizeof(f->key)];
	bool		 usable = load(m, f, &mk) == 0;

	if (usable && f->usable && same_marker(&mk, &f->marker))
		return;
	snprintf(old, sizeof(old), "%s", f->key);
	deactivate(m, f, now);
	f->usable = usable;
	if (usable) {
		f->marker = mk;
		f->own = strcmp(mk.key.owner, m->me) == 0;
		key_canonical(&mk.key, mk.from, mk.to, f->key);
	}
	settle(m, f->key, now);
	if (strcmp(old, f->key) != 0)
		settle(m, old, now);
}

static void
on_change(void *arg, const char *rel, int exists, uint64_t now)
{
	struct markers	*m = arg;
	struct file	*f = find(m, rel);
	char		 key[sizeof(f->key)];

	if (exists) {
		if (f == NULL)
			f = add(m, rel);
		if (f != NULL)
			update(m, f, now);
		return;
	}
	if (f == NULL)
		return;
	snprintf(key, sizeof(key), "%s", f->key);
	deactivate(m, f, now);
	forget(m, f);
	settle(m, key, now);
}

struct markers *
markers_new(struct loop *loop, const char *root, const char *me,
    const struct markers_user *user, void *arg, uint64_t now)
{
	static const char *const	 names[] = { "stream.tcp",
					    "stream.udp", NULL };
	struct markers			*m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->user = user;
	m->arg = arg;
	snprintf(m->me, sizeof(m->me), "%s", me);
	m->root = strdup(root);
	if (m->root != NULL)
		m->watch = watch_new(loop, root, names, on_change, m, now);
	if (m->watch == NULL) {
		markers_free(m);
		return NULL;
	}
	return m;
}

void
markers_free(struct markers *m)
{
	if (m == NULL)
		return;
	watch_free(m->watch);
	while (m->files != NULL)
		forget(m, m->files);
	free(m->root);
	free(m);
}
