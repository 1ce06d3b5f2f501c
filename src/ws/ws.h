#ifndef WS_WS_H
#define WS_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct rng;

/*
 * WebSocket (RFC 6455), both sides, over any byte stream: HTTP/1.1 upgrade,
 * messages reassembled, control frames answered, no extensions. A byte-stream
 * engine: it lends its output instead of taking a batch.
 */
enum ws_state { WS_OPENING, WS_OPEN, WS_CLOSING, WS_CLOSED };

enum {
	WS_MESSAGE_MAX = 8 << 20,	/* hotlink-protocol.md 1.7 */
	WS_HEADERS_MAX = 16 << 10,
	WS_OUTPUT_MAX = 10 << 20,	/* one largest message, and some */
};

struct ws_event {
	enum ws_event_type {
		WS_EV_OPEN = 1,		/* client: ws_header answers now */
		WS_EV_REQUEST,		/* server: answer it (below) */
		WS_EV_MESSAGE,
		WS_EV_PONG,
		WS_EV_REFUSED,		/* client: not 101; data: the body */
		WS_EV_CLOSED,		/* data: reason; bad input ends here */
	} type;
	int		 status;	/* HTTP status, or close code */
	bool		 text;		/* MESSAGE: a text frame, valid UTF-8 */
	struct span	 data;		/* until ws_event, _input, _free */
};

struct ws_client_conf {
	const char	*host;		/* for Host: with port unless default */
	const char	*target;	/* "/api/v1/events?user=..." */
	const char	*headers;	/* more, each with CRLF; or NULL */
	struct rng	*rng;		/* borrowed for the life */
};

struct ws	*ws_client(const struct ws_client_conf *, uint64_t now);
struct ws	*ws_server(uint64_t now);
void		 ws_free(struct ws *);

/*
 * Bytes of the stream, at any split; n == 0: it ended. Once the state is
 * WS_CLOSED nothing more is read; what ws_output still has is to be written.
 */
void		 ws_input(struct ws *, uint64_t now, const uint8_t *, size_t n);

/* What to write next (empty: nothing), and that n of it were written. */
struct span	 ws_output(const struct ws *);
void		 ws_sent(struct ws *, size_t n);

bool		 ws_event(struct ws *, struct ws_event *);

/* Not calling ws_event is backpressure: false while a message waits. */
bool		 ws_wants_input(const struct ws *);

/* A header of the request or the 101, trimmed; NULL if absent. */
const char	*ws_header(const struct ws *, const char *name);

/* Server, after WS_EV_REQUEST: method, path, and a decoded query value. */
const char	*ws_method(const struct ws *);
const char	*ws_path(const struct ws *);
const char	*ws_query(const struct ws *, const char *name, char *, size_t);

/* Server: say 101 with more headers (or NULL); or answer and close. */
bool		 ws_is_upgrade(const struct ws *, const char **why);
void		 ws_accept(struct ws *, const char *headers);
void		 ws_reply(struct ws *, int status, const char *type,
		     const void *, size_t);
void		 ws_reply_with(struct ws *, int status, const char *headers,
		     const void *, size_t);

/* Queue a message, whole or not at all; false: no room, or not open. */
bool		 ws_send(struct ws *, bool text, const void *, size_t);
size_t		 ws_room(const struct ws *);	/* payload that fits now */
size_t		 ws_queued(const struct ws *);	/* output not yet written */
void		 ws_ping(struct ws *);
void		 ws_close(struct ws *, int code, const char *reason);

enum ws_state	 ws_state(const struct ws *);

#endif
