#ifndef SESSION_BUDGET_H
#define SESSION_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The memory that all links of an agent share, and who has how much of it. A
 * lease is what one way of one link may hold, or has promised the peer to
 * take. LEASE_LEAST of it is always there, or a link could not begin; whoever
 * moves bytes asks for twice as much, and gets it if then at least as much is
 * left over as it has beyond the least. So one that is busy alone has up to
 * half of all, n have the n + 1st part each, and one that begins finds a part
 * like theirs. (Choudhury and Hahne, "Dynamic queue length thresholds for
 * shared-memory packet switches", 1998.)
 *
 * Nothing is taken away: a lease is asked to be less (lease_due), and is when
 * it can, since a promise to the peer cannot be taken back.
 */
enum { LEASE_LEAST = 64 << 10 };

struct budget {
	size_t		 most;
	size_t		 held;		/* the sum of all leases */
};

struct lease {
	struct budget	*budget;	/* NULL: there is always more */
	size_t		 size;		/* LEASE_LEAST and doublings, to most */
	size_t		 most;
};

void		 budget_init(struct budget *, size_t most);

void		 lease_init(struct lease *, struct budget *, size_t most);
void		 lease_fini(struct lease *);

/* Twice as much; false: it is as large as it can be for now. */
bool		 lease_grow(struct lease *);

/* What it should be now: its size, or half, if too little is left. */
size_t		 lease_due(const struct lease *);

/* It is that much from now on, whatever is left. */
void		 lease_set(struct lease *, size_t);

#endif
