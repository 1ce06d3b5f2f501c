#ifndef SYFT_MSG_BODY_H
#define SYFT_MSG_BODY_H

#include "syft/msg.h"

/* What msg.c and msg_json.c share: the bodies of hotlink-protocol.md 1.6. */
enum msg_form { MSG_TEXT, MSG_BYTES, MSG_NUMBER };

struct msg_field {
	/* in JSON; in msgpack unless go is set */
	const char	*key;
	const char	*go;		/* bodies older than hotlink */
	size_t		 at;		/* where in struct msg */
	enum msg_form	 form;
	bool		 always;	/* encode it empty, too */
};

struct msg_body {
	const struct msg_field	*fields;
	size_t			 n;	/* 0: not a type of ours */
};

/* Bytes that live as long as a decoded message. */
struct msg_scratch {
	uint8_t		*p;
	size_t		 n, cap;
};

struct msg_body	 msg_body(uint16_t type);

struct span	*msg_span(struct msg *, const struct msg_field *);
const struct span *msg_get(const struct msg *, const struct msg_field *);
bool		 msg_wanted(const struct msg *, const struct msg_field *);

/*
 * Room for n more bytes, of at most total in this message: its first call
 * decides the size, so that spans stay where they are. NULL: no memory.
 */
uint8_t		*msg_room(struct msg_scratch *, size_t n, size_t total);

/* JSON. The root, if any, belongs to the decoder until its next message. */
struct json_t	*msg_json_decode(struct msg *, struct msg_scratch *,
		     const uint8_t *, size_t);
void		 msg_json_free(struct json_t *);
void		 msg_json_encode(struct wr *, const struct msg *);

#endif
