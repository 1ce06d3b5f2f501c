#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/loop.h"
#include "net/notify.h"
#include "rpc/follow.h"

enum {
	SOON = 20 * MS,		/* after something changed */
	AGAIN = 200 * MS,	/* after the spool was locked */
	OFTEN = 30 * SEC,	/* anyway */
};

struct follow {
	struct loop	*loop;
	struct sync	*sync;
	struct notify	*notify;
	const char	*spool;
	follow_fn	*done;
	void		*arg;
};

/* The places where the next thing can happen. */
static void
watch_places(struct follow *f)
{
	struct box	*b = &f->sync->box;
	struct acks	*a = f->sync->acks;
	char		 dir[PATH_MAX];

	if (box_dir(b, b->me, false, dir, sizeof(dir)) == 0)
		notify_add(f->notify, dir);
	snprintf(dir, sizeof(dir), "%s/%s", f->spool, state_name(STATE_SENT));
	notify_add(f->notify, dir);
	for (size_t i = 0; a != NULL && i < acks_count(a); i++)
		if (box_dir(b, acks_at(a, i)->recipient, false, dir,
		    sizeof(dir)) == 0)
			notify_add(f->notify, dir);
}

static void
on_change(void *arg, uint64_t now)
{
	struct follow		*f = arg;
	const char		*why = NULL;
	enum sync_result	 result;

	result = sync_pass(f->sync, &why);
	f->done(f->arg, result, why);
	watch_places(f);
	if (result == SYNC_LOCKED)
		notify_by(f->notify, now + AGAIN);
	if (f->sync->box.signal != 0)
		loop_stop(f->loop);
}

struct follow *
follow_new(struct loop *loop, struct sync *s, const char *spool,
    follow_fn *done, void *arg, uint64_t now)
{
	struct follow	*f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->loop = loop;
	f->sync = s;
	f->spool = spool;
	f->done = done;
	f->arg = arg;
	f->notify = notify_new(loop, SOON, OFTEN, on_change, f, now);
	if (f->notify == NULL) {
		free(f);
		return NULL;
	}
	/* Watched before it is looked at, so that nothing falls between. */
	watch_places(f);
	notify_by(f->notify, now);
	return f;
}

void
follow_free(struct follow *f)
{
	if (f == NULL)
		return;
	notify_free(f->notify);
	free(f);
}
