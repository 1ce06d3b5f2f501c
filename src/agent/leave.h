#ifndef AGENT_LEAVE_H
#define AGENT_LEAVE_H

#include <stdint.h>

struct agent;

/*
 * The last thing an agent does, with nothing left but its sockets and what is
 * allocated at TURN servers, which are told that it is over: wait until they
 * know, but not for long. A nonce may be over by then, and is asked for again;
 * an allocation that is not given back counts against the user's quota for ten
 * minutes.
 */
void	 leave_relays(struct agent *, uint64_t now);

#endif
