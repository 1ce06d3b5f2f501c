#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/url.h"
#include "base/addr.h"
#include "net/udp.h"
#include "session/party.h"

struct box;
struct cert;
struct rng;
struct tls_client_conf;

/*
 * One party of the computation: joins descriptors and engines. It finds the
 * markers, listens on their ports, keeps the relay connection and carries the
 * bytes, until a signal ends it.
 */
enum { AGENT_SERVERS = 8, AGENT_HOSTS = ICE_HOSTS };

struct agent_conf {
	const char		*email;		/* lower case */
	const char		*root;		/* the datasites root */
	struct url		 server;
	const struct tls_client_conf *tls;
	const char		*access_token, *refresh_token, *config;
	enum mode		 mode;
	enum transport		 transport;
	bool			 dialect1;
	bool			 lite;
	uint16_t		 udp_port;	/* 0: any */
	struct addr		 bind[AGENT_HOSTS];
	size_t			 nbind;		/* 0: all interfaces */
	struct net_filter	 interfaces;	/* of which, if nbind is 0 */
	struct ice_nat		 nat[AGENT_HOSTS];
	size_t			 nnat;
	/* address of the local listeners */
	struct addr		 tcp_bind;
	/* comma list; NULL: the relay's */
	const char		*ice_servers;
	const char		*turn_user, *turn_pass;	/* NULL: the relay's */
	uint64_t		 connect_timeout, grace, stall;
	size_t			 window, memory, chunk, high, mtu;
	struct rng		*rng;
	const struct cert	*cert;
	/* --messages: where they are exchanged, and kept; or NULL */
	const struct box	*messages;
	const char		*spool;
};

/* 0 when a signal ended it; 1 after a message if it could not start. */
int	 agent_run(const struct agent_conf *);

#endif
