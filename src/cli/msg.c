/*
 * hotlink msg: messages between parties as files, sent once, answered once.
 * The first argument says what to do; each of these has its own options.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "cli/actions.h"
#include "cli/cmd.h"
#include "cli/msg.h"

struct msg_args	 msg = {
	.box = { .app = "biovault", .endpoint = "message",
	    .timeout = 30ull * SEC },
	.body = "", .type = "text",
};

#define COMMON								\
	{ .letter = 'd', .name = "data-dir", .arg = "DIR",		\
	    .kind = OPT_TEXT, .help = "the directory that holds datasites", \
	    .required = true, .to = &msg.box.data_dir },		\
	{ .letter = 'u', .name = "email", .arg = "ME", .kind = OPT_TEXT, \
	    .help = "the local party", .to = &msg.box.me },		\
	{ .name = "spool", .arg = "DIR", .kind = OPT_TEXT,		\
	    .help = "where messages are kept (messages below data-dir)", \
	    .to = &msg.spool },						\
	{ .name = "app", .arg = "NAME", .kind = OPT_TEXT,		\
	    .help = "the application (biovault)", .to = &msg.box.app },	\
	{ .name = "endpoint", .arg = "PATH", .kind = OPT_TEXT,		\
	    .help = "and its endpoint (message)",			\
	    .to = &msg.box.endpoint },					\
	{ .name = "encrypt-cmd", .arg = "CMD", .kind = OPT_TEXT,	\
	    .help = "reads plain text, writes an envelope",		\
	    .to = &msg.box.encrypt },					\
	{ .name = "decrypt-cmd", .arg = "CMD", .kind = OPT_TEXT,	\
	    .help = "reads an envelope, writes its plain text",		\
	    .to = &msg.box.decrypt },					\
	{ .name = "cmd-timeout", .arg = "S", .kind = OPT_DURATION,	\
	    .help = "for each run of either (30)", .min = 10 * MS,	\
	    .max = 3600ull * SEC, .to = &msg.box.timeout }

static const char *const	 states[] = {
	"draft", "sent", "synced", "failed", "received", "read", "archived",
	NULL,
};

static const struct option	 send_options[] = {
	COMMON,
	{ .name = "from", .arg = "A", .kind = OPT_TEXT,
	    .help = "the sender (that of --email)", .to = &msg.from },
	{ .name = "to", .arg = "B", .kind = OPT_TEXT, .required = true,
	    .help = "the recipient", .to = &msg.to },
	{ .name = "subject", .arg = "S", .kind = OPT_TEXT,
	    .help = "what it is about", .to = &msg.subject },
	{ .name = "body", .arg = "TEXT", .kind = OPT_TEXT,
	    .help = "the text; -: standard input; @FILE: a file",
	    .to = &msg.body },
	{ .name = "thread", .arg = "ID", .kind = OPT_TEXT,
	    .help = "the conversation it belongs to", .to = &msg.thread },
	{ .name = "type", .arg = "T", .kind = OPT_TEXT,
	    .help = "the kind of message (text)", .to = &msg.type },
	{ .name = "meta", .arg = "JSON", .kind = OPT_TEXT,
	    .help = "anything else, as JSON", .to = &msg.meta },
};
static const struct option	 list_options[] = {
	COMMON,
	{ .name = "state", .arg = "S", .kind = OPT_CHOICE,
	    .help = "draft, sent, synced, failed, received, read, archived",
	    .choices = states, .to = &msg.which, .given = &msg.has_state },
	{ .name = "json", .kind = OPT_FLAG, .help = "one object per line",
	    .to = &msg.json },
};
static const struct option	 sync_options[] = {
	COMMON,
	{ .name = "no-cleanup", .kind = OPT_FLAG,
	    .help = "leave requests and responses where they are",
	    .to = &msg.no_cleanup },
	{ .name = "watch", .kind = OPT_FLAG,
	    .help = "go on whenever something changes", .to = &msg.watch },
	{ .name = "json", .kind = OPT_FLAG,
	    .help = "an object per message, then the counters",
	    .to = &msg.json },
};
static const struct option	 other_options[] = {
	COMMON,
	{ .name = "json", .kind = OPT_FLAG, .help = "as it is kept",
	    .to = &msg.json },
};

void
msg_complain(const char *subject, const char *what)
{
	fprintf(stderr, "hotlink msg: %s: %s\n", subject, what);
}

const char *
msg_text(const struct message *m, enum field f)
{
	const char	*s = message_get(m, f);

	return s != NULL ? s : "";
}

struct spool *
msg_spool(void)
{
	static char	 path[PATH_MAX];
	struct spool	*s;

	if (msg.spool == NULL) {
		if ((size_t)snprintf(path, sizeof(path), "%s/messages",
		    msg.box.data_dir) >= sizeof(path))
			fatalx("option --data-dir: too long");
		msg.spool = path;
	}
	s = spool_open(msg.spool);
	if (s == NULL)
		fatal("%s", msg.spool);
	return s;
}

/* The same, for one who changes it. */
struct spool *
msg_spool_locked(void)
{
	struct spool	*s = msg_spool();

	if (spool_lock(s, true) == -1)
		fatal("%s", msg.spool);
	return s;
}

int
msg_need_email(const struct command *c)
{
	const char	*why;

	if (msg.box.me == NULL)
		return options_misuse(c, "option --email is missing");
	if (!box_valid(&msg.box, &why))
		return options_misuse(c, "%s", why);
	return OPTIONS_RUN;
}

#define OPTIONS(o)	o, sizeof(o) / sizeof((o)[0])

static const struct action	 actions[] = {
	{ { "msg send", NULL, "Send a message.", OPTIONS(send_options) },
	    msg_send },
	{ { "msg list", NULL, "List messages.", OPTIONS(list_options) },
	    msg_list },
	{ { "msg show", "ID", "Show a message, and mark it read.",
	    OPTIONS(other_options) }, msg_show },
	{ { "msg sync", NULL, "Take what came, see what was answered.",
	    OPTIONS(sync_options) }, msg_sync },
	{ { "msg retry", "ID", "Send a draft or a failed message.",
	    OPTIONS(other_options) }, msg_retry },
	{ { "msg import", "FILE", "Take rows of messages.db as JSON lines.",
	    OPTIONS(other_options) }, msg_import },
	{ { "msg export", NULL, "Write rows for messages.db as JSON lines.",
	    OPTIONS(other_options) }, msg_export },
};

static const struct command	 overview = {
	.name = "msg", .operands = "send|list|show|sync|retry|import|export",
	.help = "Send, receive and keep messages; each has its own -h.",
};

int
cmd_msg(int argc, char **argv)
{
	return actions_run(&overview, actions,
	    sizeof(actions) / sizeof(actions[0]), argc, argv);
}
