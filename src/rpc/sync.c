#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "crypto/hash.h"
#include "net/clock.h"
#include "rpc/access.h"
#include "rpc/envelope.h"
#include "rpc/post.h"
#include "rpc/rpc.h"
#include "rpc/sync.h"
#include "rpc/when.h"
#include "syft/key.h"

#define REQUEST		".request"

static const char	 receipt[] = "Message received";

/* A request on its way from its file into the spool. */
struct incoming {
	struct sync	*s;
	const char	*file;		/* its name, and without suffix: */
	char		 id[RPC_ID_MAX + 1];
	char		 path[PATH_MAX], shadow[PATH_MAX];
	struct found	 found;
	struct rpc	 rpc;
	struct message	 message;
};

static void
tell(struct sync *s, const char *what, const char *id, const char *message,
    const char *party, const char *detail)
{
	const struct sync_news	 n = { what, id, message, party, detail };

	if (s->tell != NULL)
		s->tell(s->arg, &n);
}

/* Something that is still to be done, and why it was not. */
static void
postpone(struct sync *s, const char *what, const char *id,
    const char *message, const char *party, const char *why)
{
	s->stats.errors++;
	tell(s, what, id, message, party, why);
}

/* A name for the record of a file whose own name may be anything. */
static void
record_name(const char *file, char buf[48])
{
	uint8_t	 digest[32];

	sha256(digest, file, strlen(file));
	memcpy(buf, "unread-", 7);
	hex_encode(buf + 7, digest, 16);
}

/* Once for each name: what cannot be read is written down and told. */
static void
record(struct incoming *in, const char *sender, const char *why)
{
	char	 name[48], *text, shown[64];
	bool	 safe = in->id[0] != '\0';

	in->s->stats.unreadable++;
	record_name(in->file, name);
	if (spool_find(in->s->spool, name) != STATES)
		return;
	snprintf(shown, sizeof(shown), "%s", safe ? in->file : name);
	text = failure_text(name, safe ? in->path : NULL, safe ? in->id : NULL,
	    sender, in->s->box.me, why, clock_unix_ms());
	if (text != NULL && spool_put_text(in->s->spool, STATE_FAILED, name,
	    text) == 0)
		tell(in->s, "unreadable", safe ? in->id : name, "", "", why);
	free(text);
}

static void
unrecord(struct incoming *in)
{
	char	 name[48];

	record_name(in->file, name);
	if (spool_find(in->s->spool, name) == STATE_FAILED)
		spool_remove(in->s->spool, STATE_FAILED, name);
}

static void
consume(struct incoming *in)
{
	if (in->s->no_cleanup || box_remove(in->path, &in->found) == -1)
		return;
	unlink(in->shadow);
}

/* The response says so in the same directory; to be done again is harmless. */
static int
acknowledge(struct incoming *in)
{
	struct sync		*s = in->s;
	const char		*why = "out of memory";
	const struct rpc_new	 r = {
		.id = in->id, .sender = s->box.me, .url = in->rpc.url,
		.status = RPC_OK, .now_ms = clock_unix_ms(), .body = receipt,
		.nbody = sizeof(receipt) - 1,
	};
	char			*text = rpc_text(&r, RPC_RESPONSE);
	int			 rc = -1;

	if (text != NULL && access_app(&s->box, s->box.me, &why) == 0)
		rc = post_put(&s->box, s->box.me, in->rpc.sender, in->id,
		    ".response", text, &why);
	free(text);
	if (rc == 0)
		return 0;
	s->stats.ack_failed++;
	postpone(s, "ack_failed", in->id, "", in->rpc.sender, why);
	return -1;
}

static int
mark_acked(struct incoming *in, enum message_state state, struct message *m)
{
	char	 now[WHEN_TEXT];

	when_text(clock_unix_ms(), "+00:00", now);
	if (message_set_ack(m, RPC_OK) != 0 ||
	    message_set(m, M_ACK_AT, now) != 0)
		return -1;
	return spool_put(in->s->spool, state, in->id, m);
}

/* A stored request: acknowledge it, unless that was done after it came. */
static void
settle(struct incoming *in, enum message_state state, struct message *m)
{
	const char	*at = message_get(m, M_ACK_AT);
	uint64_t	 ms;
	bool		 done = message_ack(m) != -1 && at != NULL &&
			     when_parse(&ms, at) == 0 &&
			     ms * 1000000 >= in->found.mtime;

	if (!done && (acknowledge(in) == -1 ||
	    mark_acked(in, state, m) == -1))
		return;
	consume(in);
}

/* Is the stored message the one this request brings? */
static bool
is_same(const struct incoming *in, const struct message *m)
{
	const char	*from = message_get(m, M_FROM),
			*request = message_get(m, M_REQUEST);

	return !message_is_failure(m) && from != NULL && request != NULL &&
	    message_get(m, M_RECEIVED) != NULL &&
	    strcmp(request, in->id) == 0 && same_party(from, in->rpc.sender);
}

static void
again(struct incoming *in, enum message_state state)
{
	const char	*why;
	struct message	 m;

	if (spool_get(in->s->spool, state, in->id, &m, &why) == -1) {
		record(in, in->rpc.sender, why);
		return;
	}
	if (!is_same(in, &m))
		record(in, in->rpc.sender, "its id is taken by another "
		    "message");
	else {
		in->s->stats.duplicate++;
		settle(in, state, &m);
	}
	message_fini(&m);
}

static int
complete(struct incoming *in)
{
	struct message	*m = &in->message;
	char		 now[WHEN_TEXT];

	when_text(clock_unix_ms(), "+00:00", now);
	return message_set(m, M_STATUS, "received") |
	    message_set(m, M_SYNC, "synced") |
	    message_set(m, M_RECEIVED, now) |
	    message_set(m, M_REQUEST, in->id);
}

static void
store(struct incoming *in)
{
	struct message	*m = &in->message;

	if (complete(in) != 0 || spool_put(in->s->spool, STATE_RECEIVED,
	    in->id, m) == -1) {
		in->s->stats.ack_failed++;
		postpone(in->s, "not_stored", in->id, "", in->rpc.sender,
		    strerror(errno));
		return;
	}
	unrecord(in);
	in->s->stats.received++;
	tell(in->s, "received", in->id, message_get(m, M_ID), in->rpc.sender,
	    "");
	settle(in, STATE_RECEIVED, m);
}

static void
take_message(struct incoming *in)
{
	const char	*why;
	struct message	*m = &in->message;

	if (message_from_body(m, in->rpc.body, in->rpc.nbody, &why) == -1) {
		record(in, in->rpc.sender, why);
		return;
	}
	if (!same_party(message_get(m, M_FROM), in->rpc.sender))
		record(in, in->rpc.sender, "it is from another than its "
		    "sender");
	else if (!same_party(message_get(m, M_TO), in->s->box.me))
		record(in, in->rpc.sender, "it is to somebody else");
	else
		store(in);
	message_fini(m);
}

static void
take_request(struct incoming *in, const void *p, size_t n)
{
	struct sync		*s = in->s;
	const char		*why;
	enum message_state	 state;

	if (rpc_parse(&in->rpc, RPC_REQUEST, p, n, &why) == -1) {
		record(in, NULL, why);
		return;
	}
	state = spool_find(s->spool, in->id);
	if (strcmp(in->rpc.id, in->id) != 0)
		record(in, in->rpc.sender, "its id is not its file's name");
	else if (post_is_self(in->rpc.sender, s->box.me)) {
		s->stats.self++;
		consume(in);
	} else if (!email_valid(in->rpc.sender))
		record(in, NULL, "its sender is not an email");
	else if (state != STATES)
		again(in, state);
	else
		take_message(in);
	rpc_fini(&in->rpc);
}

static void
open_request(struct incoming *in)
{
	struct box	*b = &in->s->box;
	struct found	 plain;

	switch (envelope_classify(in->found.p, in->found.n, b->me)) {
	case ENVELOPE_NONE:
		take_request(in, in->found.p, in->found.n);
		return;
	case ENVELOPE_FOREIGN:
		record(in, NULL, "encrypted for somebody else");
		return;
	case ENVELOPE_CORRUPT:
		record(in, NULL, "a corrupt envelope");
		return;
	case ENVELOPE_MINE:
		break;
	}
	if (box_decrypt(b, in->shadow, &in->found, &plain) == FOUND)
		take_request(in, plain.p, plain.n);
	else if (b->signal == 0)
		record(in, NULL, plain.why);
	found_fini(&plain);
}

static void
take_file(struct sync *s, const char *file)
{
	struct incoming	 in = { .s = s, .file = file };
	size_t		 n = strlen(file) - (sizeof(REQUEST) - 1);

	if (!rpc_id_valid(file, n)) {
		record(&in, NULL, "its name is not an id");
		return;
	}
	memcpy(in.id, file, n);
	if (box_path(&s->box, s->box.me, false, in.id, REQUEST, in.path,
	    sizeof(in.path)) == -1 || box_path(&s->box, s->box.me, true,
	    in.id, REQUEST, in.shadow, sizeof(in.shadow)) == -1)
		return;
	switch (box_read(in.path, &in.found)) {
	case FOUND:
		open_request(&in);
		break;
	case FOUND_BAD:
		record(&in, NULL, in.found.why);
		break;
	case FOUND_NOTHING:
		break;
	}
	found_fini(&in.found);
}

static bool
is_request(const char *name)
{
	size_t	 n = strlen(name), ns = sizeof(REQUEST) - 1;

	/* Hidden: somebody's temporary file. */
	return name[0] != '.' && n >= ns &&
	    strcmp(name + n - ns, REQUEST) == 0;
}

static void
take_requests(struct sync *s)
{
	char		 dir[PATH_MAX];
	struct dirent	*e;
	DIR		*d;

	if (box_dir(&s->box, s->box.me, false, dir, sizeof(dir)) == -1 ||
	    (d = opendir(dir)) == NULL)
		return;
	while (s->box.signal == 0 && (e = readdir(d)) != NULL)
		if (is_request(e->d_name))
			take_file(s, e->d_name);
	closedir(d);
}

/* Parties may share a spool: what others sent is theirs. */
static bool
is_mine(const struct sync *s, const struct message *m)
{
	const char	*from = message_get(m, M_FROM);

	return from != NULL && same_party(from, s->box.me);
}

/* A draft that is sent was interrupted; any other is its user's. */
static int
finish_draft(void *arg, const char *name, struct message *m)
{
	struct sync	*s = arg;
	const char	*why;

	if (message_state(m) != STATE_SENT || !is_mine(s, m) ||
	    message_get(m, M_REQUEST) == NULL)
		return s->box.signal;
	if (post_finish(&s->box, s->spool, m, &why) == 0) {
		s->stats.resent++;
		tell(s, "resent", name, message_get(m, M_ID),
		    message_get(m, M_TO), "");
	} else
		postpone(s, "not_sent", name, message_get(m, M_ID),
		    message_get(m, M_TO), why);
	return s->box.signal;
}

/* Committed, and then we were killed: its response may be there still. */
static void
add_late(struct sync *s, const char *name, const struct message *m)
{
	const char	*why;

	if (message_ack(m) == -1 || s->no_cleanup || acks_add(s->late,
	    message_get(m, M_REQUEST), message_get(m, M_TO), name, 0,
	    &why) == -1)
		spool_move(s->spool, STATE_SENT, message_state(m), name);
}

static int
add_sent(void *arg, const char *name, struct message *m)
{
	struct sync		*s = arg;
	const char		*request = message_get(m, M_REQUEST),
				*at = message_get(m, M_SENT), *why;
	enum message_state	 state = message_state(m);
	struct pending		*p;
	uint64_t		 ms = 0;

	if (request == NULL || state == STATES || !is_mine(s, m))
		return 0;
	if (state != STATE_SENT) {
		add_late(s, name, m);
		return 0;
	}
	if (at != NULL && when_parse(&ms, at) == -1)
		ms = 0;
	if (acks_add(s->acks, request, message_get(m, M_TO), name, ms,
	    &why) == -1)
		return 0;
	p = acks_find(s->acks, request, strlen(request));
	p->bad_mtime = message_note(m, MESSAGE_SEEN);
	return 0;
}

static int
set_decision(struct message *m, const struct pending *p)
{
	char	 now[WHEN_TEXT];

	when_text(clock_unix_ms(), "+00:00", now);
	if (p->ack == ACK_EXPIRED)
		return message_set(m, M_SYNC, "failed");
	if (!ack_accepted(p->ack))
		return message_set_note(m, MESSAGE_SEEN, p->bad_mtime);
	return message_set_ack(m, p->status) | message_set(m, M_ACK_AT, now) |
	    message_set(m, M_SYNC, p->ack == ACK_ACKED ? "synced" : "failed");
}

/* The state it has now, in the spool for good; STATES: it failed. */
static enum message_state
commit(struct sync *s, const struct pending *p)
{
	enum message_state	 state = STATES;
	const char		*why;
	struct message		 m;

	if (spool_get(s->spool, STATE_SENT, p->message, &m, &why) == -1)
		return STATES;
	if (set_decision(&m, p) == 0 &&
	    spool_put(s->spool, STATE_SENT, p->message, &m) == 0)
		state = message_state(&m);
	else
		postpone(s, "not_stored", p->id, p->message, p->recipient,
		    strerror(errno));
	message_fini(&m);
	return state;
}

/* Commit, then remove the response, then move: a kill between is no loss. */
static void
decide(struct sync *s, const struct pending *p)
{
	enum message_state	 state;
	char			 status[16] = "";

	s->total[p->ack]++;
	if (p->ack == ACK_NOT_YET || (p->quiet && !ack_accepted(p->ack) &&
	    p->ack != ACK_EXPIRED))
		return;
	state = commit(s, p);
	if (state == STATES)
		return;
	if (ack_accepted(p->ack))
		snprintf(status, sizeof(status), "%u", p->status);
	if (p->ack != ACK_FOREIGN)
		tell(s, ack_name(p->ack), p->id, p->message, p->recipient,
		    status);
	if (ack_accepted(p->ack) && !s->no_cleanup &&
	    box_clean(&s->box, p) == -1)
		postpone(s, "not_removed", p->id, p->message, p->recipient, "");
	spool_move(s->spool, STATE_SENT, state, p->message);
}

static void
finish_late(struct sync *s, const struct pending *p)
{
	const char	*why;
	struct message	 m;

	if (spool_get(s->spool, STATE_SENT, p->message, &m, &why) == -1)
		return;
	box_clean(&s->box, p);
	spool_move(s->spool, STATE_SENT, message_state(&m), p->message);
	message_fini(&m);
}

static int
take_responses(struct sync *s)
{
	if (box_look(&s->box, s->acks, false) == -1 ||
	    box_look(&s->box, s->late, false) == -1)
		return -1;
	for (size_t i = 0; i < acks_count(s->acks); i++)
		decide(s, acks_at(s->acks, i));
	for (size_t i = 0; i < acks_count(s->late); i++)
		finish_late(s, acks_at(s->late, i));
	return 0;
}

void
sync_fini(struct sync *s)
{
	acks_free(s->acks);
	acks_free(s->late);
	s->acks = s->late = NULL;
}

static enum sync_result
pass(struct sync *s, const char **why)
{
	sync_fini(s);
	s->acks = acks_new(s->box.me);
	s->late = acks_new(s->box.me);
	*why = "out of memory";
	if (s->acks == NULL || s->late == NULL)
		return SYNC_BROKEN;
	s->stats.passes++;
	spool_sweep(s->spool);
	take_requests(s);
	if (spool_each(s->spool, STATE_DRAFT, finish_draft, s) == -1 ||
	    spool_each(s->spool, STATE_SENT, add_sent, s) == -1) {
		*why = "the spool cannot be read";
		return SYNC_BROKEN;
	}
	*why = "interrupted";
	if (s->box.signal != 0 || take_responses(s) == -1)
		return SYNC_BROKEN;
	s->stats.foreign_files = spool_foreign(s->spool);
	return SYNC_DONE;
}

enum sync_result
sync_pass(struct sync *s, const char **why)
{
	enum sync_result	 result;

	if (spool_lock(s->spool, false) == -1) {
		*why = errno == EWOULDBLOCK ?
		    "the spool is locked by another" : strerror(errno);
		if (errno != EWOULDBLOCK)
			return SYNC_BROKEN;
		s->stats.locked++;
		return SYNC_LOCKED;
	}
	result = pass(s, why);
	spool_unlock(s->spool);
	return result;
}

int
acks_put_stats(const struct acks *a, void *object)
{
	struct acks_stats	 s;
	int			 rc = 0;

	acks_stats(a, &s);
	rc |= json_object_set_new(object, "pending",
	    json_integer((json_int_t)s.pending));
	rc |= json_object_set_new(object, "looked_up",
	    json_integer((json_int_t)s.looked_up));
	rc |= json_object_set_new(object, "unrelated_skipped",
	    json_integer((json_int_t)s.unrelated_skipped));
	rc |= json_object_set_new(object, "refused",
	    json_integer((json_int_t)s.refused));
	for (unsigned i = 0; i < ACK_KINDS; i++)
		rc |= json_object_set_new(object, ack_name(i),
		    json_integer((json_int_t)s.by[i]));
	return rc == 0 ? 0 : -1;
}

int
sync_put_stats(const struct sync *s, void *object)
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
		{ "errors", s->stats.errors },
	};
	int	 rc = 0;

	if (s->acks != NULL)
		rc |= acks_put_stats(s->acks, object);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		rc |= json_object_set_new(object, own[i].name,
		    json_integer((json_int_t)own[i].n));
	return rc == 0 ? 0 : -1;
}
