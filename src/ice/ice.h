#ifndef ICE_ICE_H
#define ICE_ICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/batch.h"

struct rng;

/*
 * An ICE agent for one stream with one component (RFC 8445, 8838, 7675): full
 * or lite, IPv4 and IPv6, host, server-reflexive and peer-reflexive
 * candidates, trickle, regular nomination, consent. It shares its sockets
 * with other agents: a datagram's path says which, the ufrag whose it is.
 */
enum ice_state { ICE_NEW, ICE_CHECKING, ICE_CONNECTED, ICE_FAILED };
enum ice_type { ICE_HOST, ICE_SRFLX, ICE_PRFLX, ICE_RELAY };

enum {
	ICE_UFRAG = 8, ICE_PWD = 24,		/* ours; RFC: 4, 22 or more */
	ICE_CRED_MAX = 256,			/* of theirs */
	ICE_CANDIDATE_TEXT = 256,
	/* Local candidates by type, so that none is without room for others. */
	ICE_HOSTS = 16, ICE_REFLEXIVE = 16, ICE_RELAYED = 8,
	ICE_LOCALS = ICE_HOSTS + ICE_REFLEXIVE + ICE_RELAYED,
	ICE_REMOTES = 64, ICE_SERVERS = 8,
	ICE_PAIRS = 100,			/* RFC 8445 6.1.2.5 */
	ICE_SHOWN = 16,		/* of the pairs, for people */
	ICE_NAMES = 8,		/* candidates whose address is not known yet */
	ICE_MTU_LEAST = 1000,	/* a UDP payload that every path carries */
};

/* 1:1 NAT: what leaves from one arrives from the other; ports are the same. */
struct ice_nat {
	struct addr	 outside, inside;
};

struct ice_conf {
	struct rng	*rng;			/* borrowed for the life */
	bool		 controlling;		/* ignored when lite */
	bool		 lite;
	uint64_t	 consent;		/* a path's silence; 0: 15 s */
	const struct ice_nat *nat;		/* borrowed for the life */
	size_t		 nnat;
};

/*
 * Every local candidate is told of once, those of ice_add_host too: events
 * taken before the description is written name what it contains. A server of
 * which no address of ours has had an answer is told of once, too.
 */
struct ice_event {
	enum ice_event_type {
		ICE_EV_CANDIDATE = 1,	/* trickle: text of a new local one */
		ICE_EV_PATH,		/* the selected path is new, or was */
					/* found again by a restart */
		ICE_EV_LOST,		/* consent expired: no path now */
		ICE_EV_FAILED,		/* no pair can work; see ice_why */
		/* text: a name of mDNS to look up; then ice_resolved */
		ICE_EV_NAME,
		ICE_EV_SERVER,	/* text: a STUN server's, that is silent */
	} type;
	char		 text[ICE_CANDIDATE_TEXT];	/* "candidate:..." */
};

struct ice_info {				/* of the selected pair */
	enum ice_type	 local, remote;
	struct path	 path;
	uint64_t	 rtt;			/* microseconds; 0: unknown */
};

struct ice_stats {
	uint64_t	 checks_sent, checks_received, responses, bad_messages;
};

/* What became of a pair's checks; whys are constant texts. */
struct ice_check {
	struct path	 path;
	enum ice_type	 local, remote;
	const char	*state;		/* waiting, checking, selected, ... */
	const char	*why;		/* it does not work; NULL: it may */
	uint64_t	 sent, answered, heard;	/* heard: the peer's */
	uint64_t	 rtt;		/* microseconds; 0: unknown */
};

struct ice	*ice_new(const struct ice_conf *, uint64_t now);
void		 ice_free(struct ice *);

const char	*ice_ufrag(const struct ice *);
const char	*ice_pwd(const struct ice *);
bool		 ice_is_lite(const struct ice *);

/*
 * Local side, before or after the remote side is known: a host address with
 * its port, and a STUN server to learn reflexive addresses from. -1: the
 * table is full. What is outside of a host's NAT is a server-reflexive
 * candidate that no server had to tell; a lite agent, which has none of these
 * (RFC 8445 5.2), announces it in the host's place.
 */
int		 ice_add_host(struct ice *, uint64_t now, const struct addr *);
int		 ice_add_stun(struct ice *, uint64_t now, const struct addr *);

/*
 * An address at a TURN server that datagrams leave from and come to like from
 * one of ours: whoever passes them on sees to that.
 */
int		 ice_add_relay(struct ice *, uint64_t now, const struct addr *);

/*
 * Our host addresses are these now: others than before are added, and those
 * that are gone take their candidates with them, and the path if it was
 * theirs. ice_drop: one address, host or relayed, is no more.
 */
void		 ice_set_hosts(struct ice *, uint64_t now,
		     const struct addr *, size_t);
void		 ice_drop(struct ice *, uint64_t now, const struct addr *);

/* Something above says that the path may be gone: ask at once. */
void		 ice_doubt(struct ice *, uint64_t now);

/* The nth local candidate's text, for the SDP; NULL past the last. */
const char	*ice_candidate(const struct ice *, size_t n, char *text);
bool		 ice_gathered(const struct ice *);	/* all servers asked */

/*
 * Remote side. A candidate is "candidate:..." text (the prefix optional) or
 * empty; unknown extensions, components other than 1, TCP, and names that are
 * not those of mDNS for an address are accepted and ignored. -1: malformed, or
 * too many. Checks start when credentials and a candidate are there. New
 * credentials restart (RFC 8445 2.4 and ice_restart below).
 */
int		 ice_set_remote(struct ice *, uint64_t now, const char *ufrag,
		     const char *pwd, bool lite);
int		 ice_add_remote(struct ice *, uint64_t now, const char *text);

/* The address of a name, without a port; its family is 0: nobody knows it. */
void		 ice_resolved(struct ice *, uint64_t now, const char *name,
		     const struct addr *);

/*
 * The peer follows when a better path is nominated later, which others may
 * not do and ignore (RFC 8445 8.1.1). To them the first nomination stands as
 * long as its path works.
 */
void		 ice_peer_follows(struct ice *);

/* New local credentials, checks from the start; the path stays until then. */
void		 ice_restart(struct ice *, uint64_t now);

/*
 * A datagram that looks like STUN. False: not for this agent (its USERNAME
 * names another ufrag, no transaction of ours): ask the next. Whatever does
 * not authenticate is counted and changes nothing.
 */
bool		 ice_input(struct ice *, uint64_t now, const struct path *,
		     const uint8_t *, size_t, struct batch *tx);
void		 ice_tick(struct ice *, uint64_t now, struct batch *tx);
uint64_t	 ice_deadline(const struct ice *);
bool		 ice_event(struct ice *, struct ice_event *);

enum ice_state	 ice_state(const struct ice *);
const char	*ice_why(const struct ice *);
void		 ice_stats(const struct ice *, struct ice_stats *);

/* Where to send: the selected path; NULL if there is none. */
const struct path *ice_path(const struct ice *);
bool		 ice_info(const struct ice *, struct ice_info *);
const char	*ice_type_text(enum ice_type);

/* The pairs, the best first. Count, at most cap. */
size_t		 ice_checks(const struct ice *, struct ice_check *,
		     size_t cap);

/*
 * The system did not send a datagram on this path, for that reason, a constant
 * text. It may the next time: the pair is checked as before, and the reason is
 * kept for ice_checks.
 */
void		 ice_unsendable(struct ice *, const struct path *,
		     const char *why);

/*
 * How large a UDP payload the selected path carries (RFC 8899): a search up
 * to most (a multiple of 4) is over when ice_searches_mtu says so, and found
 * ice_mtu, or 0 if nothing was answered. A look says some time later that
 * size got lost, if smaller ones do not. A lite agent does neither.
 */
void		 ice_search_mtu(struct ice *, uint64_t now, size_t most,
		     struct batch *tx);
bool		 ice_searches_mtu(const struct ice *);
size_t		 ice_mtu(const struct ice *);
void		 ice_look_at_mtu(struct ice *, uint64_t now, size_t size,
		     struct batch *tx);
bool		 ice_mtu_lost(const struct ice *);

/*
 * May other than STUN be taken from here: the peer has answered or checked us
 * with our credentials on this path.
 */
bool		 ice_valid(const struct ice *, const struct path *);

/* Is it a pair of ours at all, validated or not: then it may be soon. */
bool		 ice_knows(const struct ice *, const struct path *);

/* True if the first byte says STUN (RFC 7983). */
bool		 ice_looks_like_stun(const uint8_t *, size_t);

#endif
