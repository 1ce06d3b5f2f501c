#ifndef RPC_MESSAGE_H
#define RPC_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A message as a row: the fields of upstream's table "messages" by their
 * names, hotlink-messages(5). And what could not become one: a row of its
 * table "failed_messages".
 */
enum field {
	M_ID, M_THREAD, M_PARENT, M_FROM, M_TO, M_SUBJECT, M_BODY, M_TYPE,
	M_METADATA, M_STATUS, M_SYNC, M_CREATED, M_SENT, M_RECEIVED, M_READ,
	M_REQUEST, M_ACK, M_ACK_AT, M_FIELDS,
};

enum message_state {
	STATE_DRAFT, STATE_SENT, STATE_SYNCED, STATE_FAILED, STATE_RECEIVED,
	STATE_READ, STATE_ARCHIVED, STATES,
};

enum {
	MESSAGE_MAX = 4 << 20,		/* bytes of a row as JSON */
	MESSAGE_BODY = 512 << 10,	/* bytes of the text that is sent */
	MESSAGE_TEXT = 1024,		/* of a subject or another short text */
};

struct message {
	void	*json;
};

/* An empty row; a row from JSON: 0, or -1 and why. Ended by message_fini. */
int	 message_init(struct message *);
int	 message_parse(struct message *, const void *, size_t,
	     const char **why);
void	 message_fini(struct message *);

/*
 * NULL: no value. The text lives until the field is set again. What sets
 * returns -1 if out of memory.
 */
const char *message_get(const struct message *, enum field);
int	 message_set(struct message *, enum field, const char *);
int	 message_ack(const struct message *);		/* -1: none */
int	 message_set_ack(struct message *, unsigned status);

/* Does it tell of a request that could not be read? */
bool	 message_is_failure(const struct message *);
const char *message_failure(const struct message *);

/* A member of our own: the mtime of a bad response that was told of. */
#define MESSAGE_SEEN	"hotlink_seen"

uint64_t message_note(const struct message *, const char *name);
int	 message_set_note(struct message *, const char *name, uint64_t);

/* What its status and sync_status say; STATES: it is deleted. */
enum message_state message_state(const struct message *);
const char *state_name(enum message_state);

/* The name of its file: request id if received, else message id. */
const char *message_name(const struct message *);

/* Heap; pretty with a newline at its end, or one line of the row alone. */
char	*message_text(const struct message *, bool row);

/* As the body of a request, and from one. 0, or -1 and why. */
char	*message_body(const struct message *);
int	 message_from_body(struct message *, const void *, size_t,
	     const char **why);

/* A failure's row. NULL: out of memory. */
char	*failure_text(const char *id, const char *path, const char *request,
	     const char *sender, const char *me, const char *reason,
	     uint64_t now_ms);

#endif
