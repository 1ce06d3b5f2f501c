/* hotlink msg sync. */
#include <jansson.h>
#include <limits.h>
#include <stdio.h>

#include "base/log.h"
#include "cli/acks.h"
#include "cli/cmd.h"
#include "cli/msg.h"
#include "net/clock.h"
#include "net/loop.h"
#include "net/notify.h"
#include "rpc/sync.h"

enum {
	SOON = 20 * MS,			/* after something changed */
	AGAIN = 200 * MS,		/* after the spool was locked */
	OFTEN = 30 * SEC,		/* anyway */
};

static void
print_news(void *arg, const struct sync_news *n)
{
	json_t	*o;

	(void)arg;
	if (!msg.json) {
		printf("%s\t%s\t%s\t%s\t%s\n", n->what, n->id, n->message,
		    n->party, n->detail);
		return;
	}
	o = json_pack("{s:s, s:s, s:s, s:s, s:s}", "decision", n->what, "id",
	    n->id, "message_id", n->message, "party", n->party, "detail",
	    n->detail);
	if (o == NULL || json_dumpf(o, stdout, JSON_COMPACT) == -1)
		fatalx("msg: out of memory");
	putchar('\n');
	json_decref(o);
}

static void
print_counters(const struct sync *s)
{
	const struct {
		const char	*name;
		uint64_t	 n;
	} own[] = {
		{ "passes", s->stats.passes },
		{ "locked", s->stats.locked },
		{ "received", s->stats.received },
		{ "duplicate", s->stats.duplicate },
		{ "self", s->stats.self },
		{ "unreadable", s->stats.unreadable },
		{ "ack_failed", s->stats.ack_failed },
		{ "resent", s->stats.resent },
		{ "foreign_files", s->stats.foreign_files },
	};
	json_t	*o = json_object();
	int	 rc = 0;

	if (s->acks != NULL)
		acks_put_stats(o, s->acks);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		rc |= json_object_set_new(o, own[i].name,
		    json_integer((json_int_t)own[i].n));
	if (rc != 0 || json_dumpf(o, stdout, JSON_COMPACT) == -1)
		fatalx("msg: out of memory");
	putchar('\n');
	json_decref(o);
}

struct watcher {
	struct sync	*sync;
	struct loop	*loop;
	struct notify	*notify;
};

static int
one_pass(struct sync *s)
{
	const char		*why;
	enum sync_result	 result = sync_pass(s, &why);

	if (result != SYNC_DONE && !(msg.watch && result == SYNC_LOCKED))
		msg_complain(msg.spool, why);
	if (msg.json && (!msg.watch || result == SYNC_DONE))
		print_counters(s);
	fflush(stdout);
	return result == SYNC_DONE ? STATUS_OK : STATUS_FAILED;
}

/* The places where the next thing can happen. */
static void
watch_places(struct watcher *w)
{
	struct acks	*a = w->sync->acks;
	char		 dir[PATH_MAX];

	if (box_dir(&msg.box, msg.box.me, false, dir, sizeof(dir)) == 0)
		notify_add(w->notify, dir);
	snprintf(dir, sizeof(dir), "%s/sent", msg.spool);
	notify_add(w->notify, dir);
	for (size_t i = 0; a != NULL && i < acks_count(a); i++)
		if (box_dir(&msg.box, acks_at(a, i)->recipient, false, dir,
		    sizeof(dir)) == 0)
			notify_add(w->notify, dir);
}

static void
on_change(void *arg, uint64_t now)
{
	struct watcher	*w = arg;
	uint64_t	 locked = w->sync->stats.locked;

	one_pass(w->sync);
	watch_places(w);
	if (w->sync->stats.locked != locked)
		notify_by(w->notify, now + AGAIN);
	if (w->sync->box.signal != 0)
		loop_stop(w->loop);
}

static int
watch(struct sync *s)
{
	struct watcher	 w = { .sync = s };

	w.loop = loop_new();
	if (w.loop == NULL)
		fatalx("msg: out of memory");
	w.notify = notify_new(w.loop, SOON, OFTEN, on_change, &w, clock_now());
	if (w.notify == NULL)
		fatalx("msg: out of memory");
	/* Watched before it is looked at, so that nothing falls between. */
	watch_places(&w);
	on_change(&w, clock_now());
	if (s->box.signal == 0)
		loop_run(w.loop);
	notify_free(w.notify);
	loop_free(w.loop);
	return STATUS_OK;
}

int
msg_sync(const struct command *c, int argc, char **argv)
{
	struct sync	 s = { .tell = print_news };
	int		 status = msg_need_email(c);

	(void)argc;
	(void)argv;
	if (status != OPTIONS_RUN)
		return status;
	s.box = msg.box;
	s.no_cleanup = msg.no_cleanup;
	s.spool = msg_spool();
	status = msg.watch ? watch(&s) : one_pass(&s);
	sync_fini(&s);
	spool_close(s.spool);
	return status;
}
