#ifndef SESSION_FLOW_H
#define SESSION_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/time.h"
#include "session/budget.h"
#include "syft/hlnk.h"

/*
 * Dialect 1's link (hotlink-dialect.md 3 to 5): the two byte streams between
 * one local TCP connection and the peer's, in generations, acknowledged and
 * resumable. It knows neither sockets nor transports: bytes come and go on
 * the local side, frames on the wire side, over any transport that may lose
 * its tail, repeat, or be exchanged for another in mid-transfer.
 */
struct flow;

enum {
	FLOW_WINDOW	= 4 << 20,
	FLOW_INITIAL	= LEASE_LEAST,	/* may be sent before the first ack */
	FLOW_ACK_DELAY	= 20 * MS,
	FLOW_ACK_GAP	= 2 * MS,	/* for a 16th of the window */
	FLOW_LAP	= 250 * MS,	/* a quarter of a small window */
	FLOW_KEEP	= 1 * SEC,	/* memory that nothing is in */
	/* a younger, silent connection gets nothing */
	FLOW_PROBE	= 100 * MS,
};

struct flow_conf {
	/* each way; 0: FLOW_WINDOW; >= FLOW_INITIAL */
	size_t		 window;
	/* unacknowledged bytes; 0: the window */
	size_t		 high;
	/*
	 * What may be offered to the peer, and read from the local side and
	 * not acknowledged, follows use from FLOW_INITIAL to the window, within
	 * this. Borrowed for the life; NULL: no bound.
	 */
	struct budget	*budget;
};

struct flow_event {
	enum flow_event_type {
		FLOW_EV_WRITE = 1,	/* data: write to the local socket */
		/* all was written: shut its sending side */
		FLOW_EV_SHUT,
		FLOW_EV_RESET,		/* reset the local connection; why */
		/* generation over in peace: detach, close */
		FLOW_EV_END,
	} type;
	struct span	 data;
	const char	*why;
};

struct flow	*flow_new(const struct flow_conf *);
void		 flow_free(struct flow *);

/*
 * Local side. A connection may be attached when flow_attachable (since is when
 * it was made: a silent one is given nothing for FLOW_PROBE); it joins the
 * open generation or, once it has something to say, starts the next. A probe
 * (detached or ended without having sent or been given a byte) leaves no trace:
 * its EOF yields FLOW_EV_END at once, its reset nothing. After
 * flow_local_reset, FLOW_EV_RESET and FLOW_EV_END nothing is attached any more.
 */
bool		 flow_attachable(const struct flow *);
void		 flow_attach(struct flow *, uint64_t since);
/* read here; empty: do not read */
struct span	 flow_space(struct flow *);
void		 flow_filled(struct flow *, uint64_t now, size_t);
void		 flow_local_eof(struct flow *, uint64_t now);
void		 flow_local_reset(struct flow *, uint64_t now, const char *why);

/*
 * After FLOW_EV_WRITE: n bytes of it were taken. The rest is kept (within the
 * window) and offered by flow_pending, to be tried when the socket is ready.
 */
void		 flow_wrote(struct flow *, uint64_t now, size_t n);
struct span	 flow_pending(struct flow *);

/*
 * Wire side. A frame from the peer, whatever transport brought it: repeated,
 * early and late ones are dealt with. Malformed: false, counted, no change;
 * breaking the protocol (beyond the limit): false, counted, link reset.
 * The data of the FLOW_EV_WRITE it causes may lie in the frame: pull events
 * until there are none before the frame's memory is used again.
 */
bool		 flow_input(struct flow *, uint64_t now, uint8_t *, size_t);

/*
 * The next frame to send; false: none now. Control frames (ack, eof, reset)
 * and data frames are asked for apart, because they may travel apart. A data
 * payload is at most max bytes and lies in the ring until acknowledged; any
 * part of it that it begins with may be sent instead. The frame counts as sent
 * when flow_sent says so, else it comes again.
 */
bool		 flow_control(struct flow *, uint64_t now, struct hlnk2 *);
bool		 flow_data(struct flow *, uint64_t now, size_t max,
		     struct hlnk2 *);
void		 flow_sent(struct flow *, uint64_t now, const struct hlnk2 *);

/*
 * The transport was lost or changed: everything sent and not acknowledged
 * goes again, control frames included.
 */
void		 flow_rewind(struct flow *, uint64_t now);

/*
 * The peer is another process now (its instance changed): what was under way
 * can not be continued, and is reset; numbering starts afresh. What was never
 * sent to the old process goes to the new one.
 */
void		 flow_restart(struct flow *, uint64_t now);

/* The generation ends now, both ways: strict mode, a deadline, shutdown. */
void		 flow_abort(struct flow *, uint64_t now, const char *why);

bool		 flow_event(struct flow *, uint64_t now, struct flow_event *);
/* an ack or event is due */
uint64_t	 flow_deadline(const struct flow *);

/*
 * Since when local bytes wait that were never sent or are unacknowledged;
 * NEVER.
 */
uint64_t	 flow_waiting_since(const struct flow *);
/* no generation is open */
bool		 flow_idle(const struct flow *);
/* the local side could not take all that came */
bool		 flow_is_behind(const struct flow *);

struct flow_stats {
	/* payload accepted / written locally */
	uint64_t	 tx_bytes, rx_bytes;
	uint64_t	 tx_frames, rx_frames, resent_bytes, duplicate_bytes,
			 bad_frames, late_frames;
	uint64_t	 up_offset, down_offset, acked_offset, peer_limit;
	uint32_t	 generation;
	size_t		 up_bytes, down_bytes;	/* held in memory now */
	size_t		 up_window, down_window;	/* may be, now */
};
void		 flow_stats(const struct flow *, struct flow_stats *);

#endif
