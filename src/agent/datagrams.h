#ifndef AGENT_DATAGRAMS_H
#define AGENT_DATAGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"

struct link;
struct loop;
struct datagrams;

/*
 * The local end of a link of datagrams: a UDP socket on the marker's port.
 * What comes there goes into the link; what the link brings goes to where the
 * last one came from, or always to one port if the marker says so. Of RTP the
 * last senders are two: who sends RTP and who RTCP may not have one port.
 */
struct datagrams_conf {
	struct loop	*loop;
	struct addr	 listen;
	uint16_t	 deliver;	/* 0: to the last sender */
	bool		 rtp;		/* RTCP has its own last sender */
	struct link	*link;
	/* The link was given something: have its party pumped this turn. */
	void		(*touched)(void *);
	void		*arg;
};

struct datagrams	*datagrams_new(const struct datagrams_conf *,
			     uint64_t now);
void			 datagrams_free(struct datagrams *);

bool			 datagrams_listening(const struct datagrams *);

/* There is somebody to deliver to. */
bool			 datagrams_connected(const struct datagrams *);

/* What the link's event brought. */
void			 datagrams_write(struct datagrams *, struct span);

struct datagrams_stats {
	uint64_t	 received;	/* from local senders */
	uint64_t	 delivered;
	uint64_t	 lost;		/* by the kernel: we were too slow */
	uint64_t	 unheard;	/* nobody to deliver to */
	uint64_t	 refused;	/* the kernel took it not */
};
void			 datagrams_stats(const struct datagrams *,
			     struct datagrams_stats *);

#endif
