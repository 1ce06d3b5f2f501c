#ifndef TESTS_SUPPORT_DTLSPAIR_H
#define TESTS_SUPPORT_DTLSPAIR_H

#include "base/batch.h"
#include "base/time.h"
#include "crypto/cert.h"
#include "crypto/rng.h"
#include "dtls/dtls.h"
#include "support/simnet.h"

/* A client and a server on a simulated network. */
struct pair {
	struct rng	*rng;
	struct cert	*cert[2];
	struct dtls_conf conf[2];
	struct dtls	*d[2];		/* 0: the client, 1: the server */
	struct addr	 addr[2];
	struct batch	 tx;
	struct simnet	*net;
	uint64_t	 now;
	size_t		 got[2];	/* bytes of application data */
	uint8_t		 last[2][2048];	/* the latest of it */
	size_t		 sent, bytes;	/* datagrams */
	/* may change what one side receives, or drop it (false) */
	bool		 (*tap)(struct pair *, int side, struct dgram *);
	size_t		 which, count;	/* for the tap */
	/* fail the nth allocation in that call of dtls_input; 0: never */
	size_t		 calls, oom_call, oom_nth;
	bool		 oom_was;
};

void	 pair_init(struct pair *, const struct simnet_conf *);
bool	 pair_open(struct pair *);	/* false: out of memory */
void	 pair_fini(struct pair *);

/* Let time pass until both are up, one failed, or for that long. */
void	 pair_run(struct pair *, uint64_t until);
bool	 pair_up(const struct pair *);
void	 pair_deliver(struct pair *, struct dgram *);
void	 pair_send(struct pair *, int side, const void *, size_t);

/* Record numbers aside, is one datagram the retransmission of the other? */
bool	 same_but_numbers(uint8_t *, uint8_t *, size_t);

#endif
