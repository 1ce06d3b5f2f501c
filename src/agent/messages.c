#include <stdlib.h>

#include "agent/messages.h"
#include "base/log.h"
#include "rpc/follow.h"

struct messages {
	struct sync	 sync;
	struct follow	*follow;
	bool		 said;		/* that a pass failed */
};

static void
log_news(void *arg, const struct sync_news *n)
{
	(void)arg;
	log_info("message %s: %s%s%s%s%s", n->id, n->what,
	    n->party[0] != '\0' ? ", with " : "", n->party,
	    n->detail[0] != '\0' ? ": " : "", n->detail);
}

/* One that lasts is told once. */
static void
on_done(void *arg, enum sync_result result, const char *why)
{
	struct messages	*m = arg;

	if (result == SYNC_BROKEN && !m->said)
		log_warnx("messages: %s", why);
	if (result != SYNC_LOCKED)
		m->said = result == SYNC_BROKEN;
}

struct messages *
messages_new(struct loop *loop, const struct box *box, const char *spool,
    uint64_t now)
{
	struct messages	*m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->sync.box = *box;
	m->sync.tell = log_news;
	m->sync.spool = spool_open(spool);
	if (m->sync.spool == NULL)
		log_warn("messages: %s", spool);
	else
		m->follow = follow_new(loop, &m->sync, spool, on_done, m, now);
	if (m->follow != NULL)
		return m;
	messages_free(m);
	return NULL;
}

void
messages_free(struct messages *m)
{
	if (m == NULL)
		return;
	follow_free(m->follow);
	sync_fini(&m->sync);
	spool_close(m->sync.spool);
	free(m);
}

json_t *
messages_stats(const struct messages *m)
{
	json_t	*o = json_object();

	if (sync_put_stats(&m->sync, o) == 0)
		return o;
	json_decref(o);
	return NULL;
}
