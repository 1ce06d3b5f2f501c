#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/message.h"
#include "rpc/rpc.h"
#include "rpc/when.h"
#include "syft/key.h"

enum kind { ANY_TEXT, ID, EMAIL, TIME, CHOICE, NUMBER };

static const char *const	 statuses[] = {
	"draft", "sent", "received", "read", "deleted", "archived", NULL,
};
static const char *const	 syncs[] = {
	"local", "syncing", "synced", "failed", NULL,
};

/* body: its name in the body of a request, NULL if it is not there. */
static const struct {
	const char		*name;
	enum kind		 kind;
	bool			 required;
	const char *const	*choices;
	const char		*body;
} fields[M_FIELDS] = {
	[M_ID]		= { "id", ID, true, NULL, "message_id" },
	[M_THREAD]	= { "thread_id", ANY_TEXT, false, NULL, "thread_id" },
	[M_PARENT]	= { "parent_id", ANY_TEXT, false, NULL, "parent_id" },
	[M_FROM]	= { "from_address", EMAIL, true, NULL, "from" },
	[M_TO]		= { "to_address", EMAIL, true, NULL, "to" },
	[M_SUBJECT]	= { "subject", ANY_TEXT, false, NULL, "subject" },
	[M_BODY]	= { "body", ANY_TEXT, true, NULL, "body" },
	[M_TYPE]	= { "message_type", ANY_TEXT, false, NULL,
			    "message_type" },
	[M_METADATA]	= { "metadata", ANY_TEXT, false, NULL, NULL },
	[M_STATUS]	= { "status", CHOICE, true, statuses, NULL },
	[M_SYNC]	= { "sync_status", CHOICE, true, syncs, NULL },
	[M_CREATED]	= { "created_at", TIME, true, NULL, "created_at" },
	[M_SENT]	= { "sent_at", TIME, false, NULL, NULL },
	[M_RECEIVED]	= { "received_at", TIME, false, NULL, NULL },
	[M_READ]	= { "read_at", TIME, false, NULL, NULL },
	[M_REQUEST]	= { "rpc_request_id", ID, false, NULL, NULL },
	[M_ACK]		= { "rpc_ack_status", NUMBER, false, NULL, NULL },
	[M_ACK_AT]	= { "rpc_ack_at", TIME, false, NULL, NULL },
};

static const char *const	 names[STATES] = {
	[STATE_DRAFT]		= "draft",
	[STATE_SENT]		= "sent",
	[STATE_SYNCED]		= "synced",
	[STATE_FAILED]		= "failed",
	[STATE_RECEIVED]	= "received",
	[STATE_READ]		= "read",
	[STATE_ARCHIVED]	= "archived",
};

const char *
state_name(enum message_state s)
{
	return names[s];
}

static int
refuse(const char **why, const char *reason)
{
	*why = reason;
	return -1;
}

int
message_init(struct message *m)
{
	int	 rc = 0;

	m->json = json_object();
	for (unsigned i = 0; i < M_FIELDS; i++)
		rc |= json_object_set_new(m->json, fields[i].name, json_null());
	if (rc != 0)
		message_fini(m);
	return rc == 0 ? 0 : -1;
}

void
message_fini(struct message *m)
{
	json_decref(m->json);
	m->json = NULL;
}

const char *
message_get(const struct message *m, enum field f)
{
	return json_string_value(json_object_get(m->json, fields[f].name));
}

int
message_set(struct message *m, enum field f, const char *text)
{
	return json_object_set_new(m->json, fields[f].name,
	    text != NULL ? json_string(text) : json_null());
}

int
message_ack(const struct message *m)
{
	const json_t	*v = json_object_get(m->json, fields[M_ACK].name);

	return json_is_integer(v) ? (int)json_integer_value(v) : -1;
}

int
message_set_ack(struct message *m, unsigned status)
{
	return json_object_set_new(m->json, fields[M_ACK].name,
	    json_integer(status));
}

uint64_t
message_note(const struct message *m, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(m->json, name));
}

int
message_set_note(struct message *m, const char *name, uint64_t v)
{
	return json_object_set_new(m->json, name, json_integer((json_int_t)v));
}

const char *
message_failure(const struct message *m)
{
	return json_string_value(json_object_get(m->json, "failure_reason"));
}

bool
message_is_failure(const struct message *m)
{
	return message_failure(m) != NULL;
}

static bool
is_choice(const char *s, const char *const *choices)
{
	for (; *choices != NULL; choices++)
		if (strcmp(s, *choices) == 0)
			return true;
	return false;
}

static bool
is_value(enum kind kind, const char *const *choices, const json_t *v)
{
	const char	*s = json_string_value(v);
	uint64_t	 ms;

	if (kind == NUMBER)
		return json_is_integer(v) && json_integer_value(v) >= 0 &&
		    json_integer_value(v) <= UINT16_MAX;
	if (s == NULL)
		return false;
	switch (kind) {
	case ID:
		return rpc_id_valid(s, strlen(s));
	case EMAIL:
		return email_valid(s);
	case TIME:
		return when_parse(&ms, s) == 0;
	case CHOICE:
		return is_choice(s, choices);
	case ANY_TEXT:
	case NUMBER:
		break;
	}
	return true;
}

static int
check(const struct message *m, const char **why)
{
	static const char *const	 reasons[] = {
		[ANY_TEXT]	= "a field is not text",
		[ID]		= "an id is not 1 to 128 of A-Z a-z 0-9 - _",
		[EMAIL]		= "an address is not an email",
		[TIME]		= "a time is not that of RFC 3339",
		[CHOICE]	= "status or sync_status is unknown",
		[NUMBER]	= "rpc_ack_status is not 0 to 65535",
	};
	const json_t			*v;

	for (unsigned i = 0; i < M_FIELDS; i++) {
		v = json_object_get(m->json, fields[i].name);
		if ((v == NULL || json_is_null(v)) && !fields[i].required)
			continue;
		if (v == NULL || !is_value(fields[i].kind, fields[i].choices,
		    v))
			return refuse(why, reasons[fields[i].kind]);
	}
	return 0;
}

int
message_parse(struct message *m, const void *p, size_t n, const char **why)
{
	m->json = NULL;
	if (n > MESSAGE_MAX)
		return refuse(why, "larger than 4 MiB");
	m->json = json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object((json_t *)m->json)) {
		message_fini(m);
		return refuse(why, "not a JSON object");
	}
	if (message_is_failure(m) || check(m, why) == 0)
		return 0;
	message_fini(m);
	return -1;
}

enum message_state
message_state(const struct message *m)
{
	const char	*status = message_get(m, M_STATUS),
			*sync = message_get(m, M_SYNC);

	if (message_is_failure(m))
		return STATE_FAILED;
	if (status == NULL || sync == NULL || strcmp(status, "deleted") == 0)
		return STATES;
	if (strcmp(status, "received") == 0)
		return STATE_RECEIVED;
	if (strcmp(status, "read") == 0)
		return STATE_READ;
	if (strcmp(status, "archived") == 0)
		return STATE_ARCHIVED;
	if (strcmp(sync, "failed") == 0)
		return STATE_FAILED;
	if (strcmp(status, "draft") == 0)
		return STATE_DRAFT;
	return strcmp(sync, "synced") == 0 ? STATE_SYNCED : STATE_SENT;
}

const char *
message_name(const struct message *m)
{
	const char	*request = message_get(m, M_REQUEST);

	return message_get(m, M_RECEIVED) != NULL && request != NULL ?
	    request : message_get(m, M_ID);
}

/* text ended by a newline; takes it over. */
static char *
end_line(char *text)
{
	size_t	 n = text != NULL ? strlen(text) : 0;
	char	*longer = text != NULL ? realloc(text, n + 2) : NULL;

	if (longer == NULL) {
		free(text);
		return NULL;
	}
	memcpy(longer + n, "\n", 2);
	return longer;
}

char *
message_text(const struct message *m, bool row)
{
	json_t	*o, *v;
	char	*text;
	int	 rc = 0;

	if (!row)
		return end_line(json_dumps(m->json, JSON_INDENT(2)));
	o = json_object();
	for (unsigned i = 0; i < M_FIELDS; i++) {
		v = json_object_get(m->json, fields[i].name);
		rc |= v != NULL ? json_object_set(o, fields[i].name, v) :
		    json_object_set_new(o, fields[i].name, json_null());
	}
	text = rc == 0 ? end_line(json_dumps(o, JSON_COMPACT)) : NULL;
	json_decref(o);
	return text;
}

/* metadata is JSON as text in a row, and itself in the body of a request. */
char *
message_body(const struct message *m)
{
	const char	*metadata = message_get(m, M_METADATA), *s;
	json_t		*o = json_object(), *v;
	char		*text = NULL;
	int		 rc = 0;

	for (unsigned i = 0; i < M_FIELDS; i++) {
		s = message_get(m, i);
		if (fields[i].body != NULL && s != NULL)
			rc |= json_object_set_new(o, fields[i].body,
			    json_string(s));
	}
	if (metadata != NULL) {
		v = json_loads(metadata, JSON_DECODE_ANY, NULL);
		rc |= json_object_set_new(o, "metadata", v);
	}
	if (rc == 0)
		text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}

static int
take_metadata(struct message *m, const json_t *body)
{
	const json_t	*v = json_object_get(body, "metadata");
	char		*text;
	int		 rc;

	if (v == NULL || json_is_null(v))
		return 0;
	text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
	rc = text != NULL ? message_set(m, M_METADATA, text) : -1;
	free(text);
	return rc;
}

static int
take_body(struct message *m, const json_t *body, const char **why)
{
	const json_t	*v;

	if (!json_is_object(body))
		return refuse(why, "the body is not a JSON object");
	for (unsigned i = 0; i < M_FIELDS; i++) {
		v = fields[i].body != NULL ?
		    json_object_get(body, fields[i].body) : NULL;
		if (v == NULL || json_is_null(v))
			continue;
		if (!json_is_string(v))
			return refuse(why, "a field of the body is not text");
		if (message_set(m, i, json_string_value(v)) != 0)
			return refuse(why, "out of memory");
	}
	if (take_metadata(m, body) != 0)
		return refuse(why, "out of memory");
	/* For check(): who stores it says more. */
	if (message_set(m, M_STATUS, "received") != 0 ||
	    message_set(m, M_SYNC, "synced") != 0)
		return refuse(why, "out of memory");
	return check(m, why);
}

int
message_from_body(struct message *m, const void *p, size_t n,
    const char **why)
{
	json_t	*body = json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL);
	int	 rc;

	rc = message_init(m) == 0 ? take_body(m, body, why) :
	    refuse(why, "out of memory");
	json_decref(body);
	if (rc == -1)
		message_fini(m);
	return rc;
}

char *
failure_text(const char *id, const char *path, const char *request,
    const char *sender, const char *me, const char *reason, uint64_t now_ms)
{
	char	 now[WHEN_TEXT];
	json_t	*o;
	char	*text;

	when_text(now_ms, "+00:00", now);
	o = json_pack("{s:s, s:s?, s:s?, s:s?, s:n, s:s, s:n, s:s, s:s, s:n, "
	    "s:s, s:i}", "id", id, "request_path", path, "rpc_request_id",
	    request, "sender_identity", sender, "sender_fingerprint",
	    "recipient_identity", me, "recipient_fingerprint",
	    "failure_reason", reason, "error_details", reason,
	    "filename_hint", "created_at", now, "dismissed", 0);
	text = o != NULL ? end_line(json_dumps(o, JSON_INDENT(2))) : NULL;
	json_decref(o);
	return text;
}
