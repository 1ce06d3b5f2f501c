/* hotlink msg sync. */
#include <jansson.h>
#include <stdio.h>

#include "base/log.h"
#include "cli/cmd.h"
#include "cli/msg.h"
#include "net/clock.h"
#include "net/loop.h"
#include "rpc/follow.h"

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
	json_t	*o = json_object();

	if (sync_put_stats(s, o) == -1 ||
	    json_dumpf(o, stdout, JSON_COMPACT) == -1)
		fatalx("msg: out of memory");
	putchar('\n');
	json_decref(o);
}

/* Who watches comes again after the other: no news. */
static void
on_done(void *arg, enum sync_result result, const char *why)
{
	if (result != SYNC_DONE && !(msg.watch && result == SYNC_LOCKED))
		msg_complain(msg.spool, why);
	if (msg.json && (!msg.watch || result == SYNC_DONE))
		print_counters(arg);
	fflush(stdout);
}

static int
one_pass(struct sync *s)
{
	const char		*why = NULL;
	enum sync_result	 result = sync_pass(s, &why);

	on_done(s, result, why);
	return result == SYNC_DONE && s->stats.errors == 0 ? STATUS_OK :
	    STATUS_FAILED;
}

static int
watch(struct sync *s)
{
	struct loop	*loop = loop_new();
	struct follow	*f;

	f = loop != NULL ? follow_new(loop, s, msg.spool, on_done, s,
	    clock_now()) : NULL;
	if (f == NULL)
		fatalx("msg: out of memory");
	loop_run(loop);
	follow_free(f);
	loop_free(loop);
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
