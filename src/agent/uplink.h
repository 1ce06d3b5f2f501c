#ifndef AGENT_UPLINK_H
#define AGENT_UPLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/url.h"
#include "base/bytes.h"
#include "syft/msg.h"

struct loop;
struct resolver;
struct rng;
struct bearer;
struct tls_client_conf;
struct uplink;

/*
 * The WebSocket to the relay (hotlink-protocol.md 1): connects, keeps alive,
 * reconnects with backoff and jitter, says so once per change. Messages go in
 * and out decoded.
 */
struct uplink_user {
	/* name: gives a response header's value, or NULL. */
	void	(*up)(void *, uint64_t now, const char *ice_servers,
		    const char *turn_user, const char *turn_pass);
	void	(*message)(void *, uint64_t now, const struct msg *);
	void	(*down)(void *, uint64_t now);
};

struct uplink_conf {
	struct loop		*loop;
	struct resolver		*resolver;
	struct rng		*rng;
	struct url		 url;
	const char		*email;
	struct bearer		*bearer;		/* NULL: none is sent */
	const struct tls_client_conf *tls;	/* used if url.tls */
	const struct uplink_user *user;
	void			*arg;
};

struct uplink	*uplink_new(const struct uplink_conf *, uint64_t now);
void		 uplink_free(struct uplink *);

bool		 uplink_is_up(const struct uplink *);

/*
 * This host's addresses have changed: a connection from one that is gone is
 * lost, and there is no waiting for the next try.
 */
void		 uplink_network(struct uplink *, uint64_t now);

/* Room for another message of control, of Data: the backpressure. */
bool		 uplink_wants_control(const struct uplink *);
bool		 uplink_wants_data(const struct uplink *);
void		 uplink_send(struct uplink *, const struct msg *);

/* Once per turn, after all else: writes, and frees what has closed. */
/* Read nothing for now; the relay will hold who sends to us. */
void		 uplink_brake(struct uplink *, bool);
void		 uplink_pump(struct uplink *, uint64_t now);

struct uplink_stats {
	uint64_t	 connects, bad_messages, messages_in, messages_out;
};
void		 uplink_stats(const struct uplink *, struct uplink_stats *);

#endif
