#include <sys/inotify.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/loop.h"
#include "net/notify.h"

enum {
	MASK = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF |
	    IN_MOVE_SELF | IN_ONLYDIR,
	EVENTS = 16384,		/* bytes read at once */
};

struct notify {
	struct loop	*loop;
	struct io	 io;
	struct alarm	 alarm;
	uint64_t	 soon, every;
	notify_fn	*fn;
	void		*arg;
};

void
notify_by(struct notify *n, uint64_t at)
{
	if (at < n->alarm.at)
		alarm_set(n->loop, &n->alarm, at);
}

static void
on_ready(void *arg, unsigned got, uint64_t now)
{
	struct notify	*n = arg;
	char		 buf[EVENTS];

	(void)got;
	while (read(n->io.fd, buf, sizeof(buf)) > 0)
		;
	notify_by(n, now + n->soon);
}

static void
on_alarm(void *arg, uint64_t now)
{
	struct notify	*n = arg;

	alarm_set(n->loop, &n->alarm, now + n->every);
	n->fn(n->arg, now);
}

struct notify *
notify_new(struct loop *loop, uint64_t soon, uint64_t every, notify_fn *fn,
    void *arg, uint64_t now)
{
	struct notify	*n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->loop = loop;
	n->soon = soon;
	n->every = every;
	n->fn = fn;
	n->arg = arg;
	n->alarm.at = NEVER;
	n->alarm.fire = on_alarm;
	n->alarm.arg = n;
	n->io.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	n->io.want = IO_IN;
	n->io.ready = on_ready;
	n->io.arg = n;
	if ((n->io.fd == -1 || loop_add(loop, &n->io) == 0) &&
	    alarm_set(loop, &n->alarm, now + every) == 0)
		return n;
	notify_free(n);
	return NULL;
}

void
notify_free(struct notify *n)
{
	if (n == NULL)
		return;
	alarm_clear(n->loop, &n->alarm);
	if (n->io.fd != -1) {
		loop_del(n->loop, &n->io);
		close(n->io.fd);
	}
	free(n);
}

void
notify_add(struct notify *n, const char *dir)
{
	char	 path[PATH_MAX], *slash;
	size_t	 len = strlen(dir);

	if (n->io.fd == -1 || len >= sizeof(path))
		return;
	memcpy(path, dir, len + 1);
	while (inotify_add_watch(n->io.fd, path, MASK) == -1 &&
	    (errno == ENOENT || errno == ENOTDIR) &&
	    (slash = strrchr(path, '/')) != NULL && slash != path)
		*slash = '\0';
}
