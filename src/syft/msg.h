#ifndef SYFT_MSG_H
#define SYFT_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * A relay message {id, typ, dat} (hotlink-protocol.md 1.5, 1.6, 2.1) in both
 * encodings: msgpack in a binary frame, JSON in a text frame. Text is not
 * NUL-terminated; an absent or nil field is empty. Decoded spans point into
 * the input or into the decoder's scratch and live until its next call.
 */
enum msg_type {
	MSG_SYSTEM, MSG_ERROR, MSG_FILE_WRITE, MSG_FILE_DELETE, MSG_ACK,
	MSG_NACK, MSG_HTTP, MSG_FILE_NOTIFY, MSG_ACL_MANIFEST,
	MSG_OPEN, MSG_ACCEPT, MSG_REJECT, MSG_DATA, MSG_CLOSE, MSG_SIGNAL,
};

struct msg {
	uint16_t	 type;
	/* Data; Error: code; FileWrite: length */
	uint64_t	 seq;
	struct span	 id, sid, path, from, to, reason, etag, payload,
			 kind, token, error, text;
	struct span	 version;	/* System */
	struct span	 ref;		/* Ack, Nack: id of what is answered */
};

struct msg_decoder;

struct msg_decoder *msg_decoder_new(void);
void		 msg_decoder_free(struct msg_decoder *);

/*
 * 0; or -1: not a message (the caller counts and drops it). text: it came in
 * a text frame. Types we do not use decode to their type and id alone. Text
 * fields are valid UTF-8; nothing else about them is checked.
 */
int		 msg_decode(struct msg_decoder *, struct msg *, bool text,
		     const uint8_t *, size_t);

enum msg_encoding { MSG_JSON, MSG_MSGPACK };

/* Encode; wr_bad says it did not fit. JSON wants a text frame. */
void		 msg_encode(struct wr *, enum msg_encoding, const struct msg *);

/* An upper bound of what encoding takes, to size the buffer. */
size_t		 msg_encoded_max(enum msg_encoding, const struct msg *);

/* Span of a C string; and whether a span holds exactly this text. */
struct span	 span_of(const char *);
bool		 span_is(struct span, const char *);

#endif
