#ifndef FLOW_MAP_H
#define FLOW_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/spec.h"
#include "flow/ports.h"

/*
 * Who takes which part of a flow (flow-and-messages.md 3.5). A placeholder is
 * a slot; each slot gets a participant of its own as long as there are any,
 * so that two slots meet in one person only where two participants were given
 * one email. clientN, contributorN and either @sandbox.local or
 * @openmined.org name one slot: they are looked up, and change nothing.
 */
struct participant {
	const char	*email, *role;
};

enum { MAP_PEOPLE = PORTS_PARTIES, MAP_SLOTS = 256, MAP_NOBODY = -1 };

struct slot {
	const char	*name;		/* the placeholder as first written */
	int		 who;		/* participant, or MAP_NOBODY */
};

struct map {
	const struct spec		*flow;
	const struct participant	*people;
	size_t				 npeople;
	struct slot			 slot[MAP_SLOTS];
	size_t				 nslots;
	size_t				 ndefaults;	/* the first of them */
};

/* Participants, a bit each. */
typedef uint64_t	 people;

/*
 * Fill the slots of a flow: its default datasites in their order, then what
 * else its steps and groups name. All is borrowed; n is at most MAP_PEOPLE.
 * False: more than MAP_SLOTS slots.
 */
bool	 map_make(struct map *, const struct spec *,
	     const struct participant *, size_t n);

/* Who takes a placeholder, or has that email: or MAP_NOBODY. */
int	 map_find(const struct map *, const char *);

/*
 * Everyone a target stands for: all, a selector as {datasites[*]}, [i] or
 * [a:b], a group of the flow, a placeholder, an email, a group of a role.
 * False: nobody is known by that name, or a slot of it is empty.
 */
bool	 map_expand(const struct map *, const char *, people *);

/* The same for a group of the flow. */
bool	 map_group(const struct map *, const struct spec_group *, people *);

/*
 * A group by roles: participants of that role, those of role1, role2 as its
 * plural, and clients and contributors as one.
 */
people	 map_role(const struct map *, const char *);

/* Is the target one placeholder, not a group or a selector? */
bool	 map_is_slot(const struct map *, const char *);

/* Do two placeholders name the same slot? */
bool	 map_same(const char *, const char *);

/* CP ids: the aggregators, then the others, in the order they were given. */
void	 map_order(const struct map *, size_t cp[MAP_PEOPLE]);

#endif
