#ifndef SESSION_LEGACY_H
#define SESSION_LEGACY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/time.h"
#include "session/flow.h"
#include "syft/hlnk.h"

/*
 * Dialect 0's link, towards upstream peers (hotlink-protocol.md 4, 5.5, 11):
 * one byte stream each way as numbered frames, without generations, acks or
 * EOF. The local side and its events are those of session/flow.h; there is no
 * FLOW_EV_SHUT. A local connection that ends leaves the stream as it is, and
 * the next one continues it, as upstream does.
 */
struct legacy;

enum {
	LEGACY_MESSAGE	= 65535,	/* upstream's buffer */
	LEGACY_HEAD	= 21,		/* of an HLNK frame, before the path */
	/* payload per frame, upstream's default */
	LEGACY_CHUNK	= 61440,
	LEGACY_RELAY	= 256 << 10,	/* payload per Data over the relay */
	LEGACY_ACKED	= 5 << 20,	/* in SCTP's buffer, at most */
	LEGACY_HELD	= 1024,		/* numbers ahead kept */
	LEGACY_FRAMES	= 1024,		/* sent, not confirmed */
	LEGACY_GAP	= 5 * SEC,	/* for a missing number */
	/* window: a few frames of the largest */
	LEGACY_LEAST	= 1 << 20,
	LEGACY_LINGER	= 10 * SEC,	/* half-closed and quiet */
};

/* What carries a frame. */
enum legacy_way { LEGACY_DIRECT, LEGACY_WS };

/*
 * Numbers count per session. The peer sends on the session it opened, or back
 * on the peer connection of ours (5.5): two domains of numbers.
 */
enum legacy_session { LEGACY_THEIRS, LEGACY_OURS, LEGACY_SESSIONS };

struct legacy_conf {
	const char	*path;		/* in each frame we send; copied */
	size_t		 window;	/* sent, waiting, held; 0: default */
	size_t		 chunk;		/* payload, directly; 0: default */
	size_t		 high;		/* unconfirmed bytes; 0: the window */
};

/* NULL: out of memory, or a path that leaves no room in a message. */
struct legacy	*legacy_new(const struct legacy_conf *);
void		 legacy_free(struct legacy *);
void		 legacy_set_window(struct legacy *, size_t);

/* The most that one message the direct way may have: the peer's limit. */
void		 legacy_set_limit(struct legacy *, size_t);

/* Local side: as in flow.h. */
bool		 legacy_attachable(const struct legacy *);
void		 legacy_attach(struct legacy *, uint64_t since);
struct span	 legacy_space(struct legacy *);
void		 legacy_filled(struct legacy *, uint64_t now, size_t);
void		 legacy_local_eof(struct legacy *, uint64_t now);
void		 legacy_local_reset(struct legacy *, uint64_t now,
		     const char *why);
void		 legacy_wrote(struct legacy *, uint64_t now, size_t n);
struct span	 legacy_pending(struct legacy *);

/*
 * Wire side. A frame's payload and number, whatever brought it; the caller
 * has compared the path. False: not taken (counted). The data of the event it
 * causes lies in the payload given: pull events before that memory goes.
 */
bool		 legacy_input(struct legacy *, uint64_t now,
		     enum legacy_session, enum legacy_way,
		     uint64_t seq, uint8_t *, size_t);

/*
 * False: nothing more should be read from the data channel now, so that SCTP
 * stops the sender; when its connection ends, all that it has acknowledged is
 * taken. What comes all the same (the relay has no such means) is held while a
 * window lasts, then the local connection is reset; so is the next one, if
 * there is none.
 */
bool		 legacy_want(const struct legacy *);

/*
 * But while a number is missing and later ones are here, it may be one that
 * SCTP has acknowledged and nobody has read: the peer sends on by the relay.
 */
bool		 legacy_misses(const struct legacy *, enum legacy_session);

/* The peer's session was replaced: its numbers start again at 1. */
void		 legacy_renew(struct legacy *, uint64_t now,
		     enum legacy_session);

/*
 * The next frame to send this way; false: none now. The number is taken with
 * legacy_sent, not before; a frame that comes again (legacy_rewind) has its old
 * number and its old payload. legacy_relay_only: the next frame is too long
 * for the direct way, since it was cut for the relay or for a greater limit,
 * or none is short enough. On the relay the caller adds an etag that is unique
 * per session and number.
 */
bool		 legacy_data(struct legacy *, uint64_t now, enum legacy_way,
		     struct hlnk1 *);
void		 legacy_sent(struct legacy *, uint64_t now, enum legacy_way,
		     const struct hlnk1 *);
bool		 legacy_relay_only(const struct legacy *);

/*
 * How many bytes of the messages sent the direct way since legacy_rewind are
 * not acknowledged by the peer's SCTP yet: all before them are confirmed, and
 * leave memory. On the relay nothing is ever confirmed; half a window is kept.
 */
void		 legacy_unacked(struct legacy *, uint64_t now, size_t);

/* A way was lost: what was sent on it and is not confirmed goes again. */
void		 legacy_rewind(struct legacy *, uint64_t now, enum legacy_way);

/*
 * The outbound session is a new one: numbers start again at 1. If anything was
 * sent on the old one the stream can not be continued: the local connection is
 * reset. What was never sent goes to the new one.
 */
void		 legacy_renumber(struct legacy *, uint64_t now);

/*
 * Reset the local connection, drop what waits in both directions. What has a
 * number is sent (again) all the same: the peer would wait for it for ever.
 */
void		 legacy_abort(struct legacy *, uint64_t now, const char *why);

bool		 legacy_event(struct legacy *, uint64_t now,
		     struct flow_event *);
/* call legacy_event */
uint64_t	 legacy_deadline(const struct legacy *);
/* never sent; NEVER */
uint64_t	 legacy_waiting_since(const struct legacy *);

struct legacy_stats {
	/* payload sent / written locally */
	uint64_t	 tx_bytes, rx_bytes;
	uint64_t	 tx_frames, rx_frames, resent_frames, duplicates,
			 refused, gaps;
	uint64_t	 seq;		/* the last number sent */
	size_t		 unconfirmed, held, pending;	/* bytes */
};
void		 legacy_stats(const struct legacy *, struct legacy_stats *);

#endif
