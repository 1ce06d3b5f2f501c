#ifndef FLOW_PORTS_H
#define FLOW_PORTS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The port plan of the parties of a run (flow-and-messages.md 5.4). Every
 * party computes it from the run and their number alone, so that all have the
 * same without a word between them: no environment, no file, no look at which
 * ports are free.
 */
enum {
	PORTS_STEP = 1000,	/* from one party's base to the next's */
	PORTS_BASE_MIN = 20000,
	PORTS_RESERVED = 10000,	/* from a base to the data-sharing port */
	PORTS_PARTIES = 35,	/* more leave no base at all */
};

/*
 * The number of the pair of parties i and j, in either order, of n; from 1.
 * i and j differ and are below n.
 */
unsigned	 ports_pair(unsigned i, unsigned j, unsigned n);

/* The highest base that n parties, 2 to PORTS_PARTIES, may have. */
unsigned	 ports_base_max(unsigned n);

/* The base of a run, from PORTS_BASE_MIN to ports_base_max(n). */
unsigned	 ports_base(const char *run, unsigned n);

/* What the base comes from: SipHash-1-3, zero key, as Rust hashes. */
uint64_t	 ports_hash(const char *run, unsigned n);

/* A party's own base, and its local listener for a peer, given the run's. */
unsigned	 ports_party(unsigned base, unsigned i);
unsigned	 ports_listen(unsigned base, unsigned i, unsigned j,
	     unsigned n);

#endif
