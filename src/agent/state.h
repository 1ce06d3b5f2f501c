#ifndef AGENT_STATE_H
#define AGENT_STATE_H

#include "agent/agent.h"
#include "agent/chatter.h"
#include "base/batch.h"
#include "session/budget.h"

/* What the files of agent/ share: who there is and what is carried. */

/* How a link got to its steady state (telemetry's three timings). */
struct warmup {
	uint64_t	 window_end;	/* of the present 100 ms window */
	uint64_t	 seen;		/* bytes at its start */
	uint64_t	 rate[3];	/* bytes in each of the last three */
	/* complete ones since the first payload */
	unsigned	 windows;
	uint64_t	 first_payload;	/* a time; 0: none yet */
	uint64_t	 steady;	/* duration; NEVER: not yet */
};

/* A channel: one marker, its link, its local end. */
struct channel {
	struct agent		*agent;
	struct node		*node;		/* the party at the other end */
	struct link		*link;
	struct proxy		*proxy;		/* one of the two, the other */
	struct datagrams	*datagrams;	/* is NULL: by the marker */
	const struct marker	*marker;	/* markers.c owns it */
	char			*key;
	bool			 touched;
	enum carrier		 carrier;	/* last said to the operator */
	struct warmup		 warmup;
	struct channel		*next;
};

/* A party and what it has to do with this turn. */
struct node {
	struct party	*party;
	struct chatter	 chatter;	/* of lines it causes */
	size_t		 nchannels;
	bool		 dirty;		/* it was given something */
	bool		 pumped;	/* its channels are to be looked at */
	struct node	*next;
};

enum { ROUTES = 64 };

struct agent {
	const struct agent_conf	*conf;
	struct loop		*loop;
	struct resolver		*resolver;
	struct sockets		*sockets;	/* NULL with --transport ws */
	struct batch		 batch;
	struct uplink		*uplink;
	struct bearer		*bearer;
	struct markers		*markers;
	struct servers		*servers;
	struct relays		*relays;
	struct names		*names;
	struct held		*held;
	struct telemetry	*telemetry;
	struct messages		*messages;	/* NULL without them */
	struct node		*nodes;
	struct channel		*channels;
	struct budget		 budget;	/* of --memory */
	struct netwatch		*netwatch;	/* NULL: nobody tells */
	struct addr		 host[AGENT_HOSTS];
	size_t			 nhosts;
	struct node		*turn;		/* whose say it is first */
	uint64_t		 instance;
	/* a party was pumped since the last write */
	bool			 busy;
	uint64_t		 busy_at;	/* and when */
	/* Opens that no link of ours allows */
	uint64_t		 refused;
	uint64_t		 unrouted;	/* datagrams nobody claimed */
	struct {
		struct path	 path;
		struct node	*node;
	}			 route[ROUTES];
};

/* What is in the batch goes out: by sockets, and to TURN servers (agent.c). */
void	 agent_send(struct agent *, uint64_t now);

#endif
