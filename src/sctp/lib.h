#ifndef SCTP_LIB_H
#define SCTP_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct socket;
struct timeval;

/*
 * What usrsctp has one of: its initialisation, clock, timers and settings;
 * and what our build of it answers and a packager's does not. With the latter
 * everything works, with rougher numbers and ticks instead of deadlines.
 */
enum lib_number {
	LIB_QUEUED,		/* bytes taken and not yet acknowledged */
	LIB_ROOM,		/* bytes a message may have */
	LIB_FLIGHT, LIB_CWND,
	LIB_RTT, LIB_RTO,	/* microseconds */
	LIB_ACKED,		/* the highest TSN acknowledged in order */
	LIB_WINDOW,		/* what the peer still takes */
	LIB_OPEN,		/* 1: established */
	LIB_UNSENT,		/* bytes queued and not under way */
	LIB_NUMBERS,
};

enum {
	LIB_STREAMS = 1024,	/* more cost memory (Chromium's old limit) */
	LIB_PORT = 5000,
};

struct lib_conf {
	size_t	 mtu;		/* chunks of a packet, no common header */
	size_t	 sndbuf, rcvbuf;
	size_t	 message;	/* up to this, at most rcvbuf / 2, whole */
};

/*
 * A socket that connects (RFC 8841: both do) and its upcall sets woken in the
 * outlet of that id. NULL: refused or out of memory.
 */
struct socket	*lib_open(const struct lib_conf *, uintptr_t id);

/* Abort, and let go of it. */
void		 lib_close(struct socket *, uintptr_t id);

/* The time of this call, for all of usrsctp. Nothing expires yet. */
void		 lib_now(uint64_t);

uint64_t	 lib_time(void);
uint64_t	 lib_when(const struct timeval *);	/* by usrsctp's clock */

/* Run the timers that are due. */
void		 lib_expire(void);

/* When the next timer is due. The stock library: soon if busy. */
uint64_t	 lib_next(uint64_t now, bool busy);

/* False: there is no association. */
bool		 lib_numbers(struct socket *, uint64_t[LIB_NUMBERS]);

/* Bytes of a message in each of its packets but the last; 0: unknown. */
size_t		 lib_chunk(struct socket *);

/* A packet from the peer, which is not changed. */
void		 lib_input(uintptr_t, const void *, size_t);

/* Make sure a timer runs while something is outstanding; send again. */
void		 lib_assure(struct socket *);
void		 lib_kick(struct socket *);

/* What it may hold from now on. */
void		 lib_space(struct socket *, size_t sndbuf);

/*
 * The path is another one: nothing waits for what was lost on the old one.
 * False: nothing did.
 */
bool		 lib_hurry(struct socket *);

/* One message of two pieces, whole or not at all. */
bool		 lib_send(struct socket *, uint16_t stream, uint32_t ppid,
		     const void *, size_t, const void *, size_t);

/* What is done for a message that is lost: SCTP-PR (RFC 3758, 7496). */
enum lib_limit { LIB_RELIABLE, LIB_RETRANSMITS, LIB_LIFETIME_MS };

struct lib_how {
	bool		 unordered;
	enum lib_limit	 limit;
	uint32_t	 value;		/* of the limit */
};

bool		 lib_send_how(struct socket *, uint16_t stream, uint32_t ppid,
		     const struct lib_how *, const void *, size_t);

/* Reset our direction of a stream. Later: another reset is under way. */
enum lib_reset { LIB_RESET_SENT, LIB_RESET_LATER, LIB_RESET_NEVER };
enum lib_reset	 lib_reset(struct socket *, uint16_t stream);

bool		 lib_patched(void);

/* If our model of the path is there and wanted; and what is in use. */
bool		 lib_has_model(void);
const char	*lib_cc(void);
const char	*lib_name(void);

#endif
