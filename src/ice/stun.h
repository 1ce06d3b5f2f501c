#ifndef ICE_STUN_H
#define ICE_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * STUN messages (RFC 8489) with the attributes ICE (RFC 8445 16.1) and TURN
 * clients (RFC 8656 18) use.
 */
enum stun_class {
	STUN_REQUEST	= 0x000,
	STUN_INDICATION	= 0x010,
	STUN_SUCCESS	= 0x100,
	STUN_ERROR	= 0x110,
};

enum stun_role { STUN_NO_ROLE, STUN_CONTROLLING, STUN_CONTROLLED };

enum {
	STUN_BINDING	= 0x001,
	STUN_ALLOCATE	= 0x003,
	STUN_REFRESH	= 0x004,
	STUN_SEND	= 0x006,
	STUN_DATA	= 0x007,
	STUN_PERMIT	= 0x008,	/* CreatePermission */
	STUN_BIND	= 0x009,	/* ChannelBind */
	STUN_HEADER	= 20,
	STUN_TID	= 12,
	STUN_UNKNOWN	= 8,	/* unknown attributes that are listed */
	STUN_MAX	= 768,	/* of ours: two credentials of 256 and 200 */
};

/* Text somewhere else; p is NULL if the attribute is absent. */
struct stun_text {
	const uint8_t	*p;
	size_t		 n;
};

struct stun {
	uint16_t	 method;
	enum stun_class	 class;
	uint8_t		 tid[STUN_TID];
	struct stun_text software, username, nonce, realm, data;
	uint32_t	 priority;
	enum stun_role	 role;
	uint64_t	 tiebreaker;
	bool		 has_priority, use_candidate;
	struct addr	 mapped;	/* family 0: absent */
	struct addr	 peer, relayed;	/* of TURN, like all up to error */
	uint32_t	 lifetime;	/* seconds, if has_lifetime */
	bool		 has_lifetime;
	uint16_t	 channel;	/* 0: absent */
	uint8_t		 transport;	/* an IP protocol; 0: absent */
	uint8_t		 family;	/* 4 or 6, as in an addr; 0: absent */
	/* encoded: at least as long as this, a multiple of 4, by padding */
	size_t		 filled;
	uint16_t	 error;		/* 0: absent */
	struct addr	 alternate;	/* of a 300; family 0: absent */
	struct stun_text domain;	/* the alternate's name */
	/*
	 * Decoded: comprehension-required attributes that we do not know.
	 * Encoded: the contents of UNKNOWN-ATTRIBUTES.
	 */
	uint16_t	 unknown[STUN_UNKNOWN];
	size_t		 nunknown;

	const uint8_t	*raw;		/* of a decoded one: its bytes, */
	size_t		 integrity;	/* where integrity is, or 0, */
	bool		 fingerprint;	/* and whether it has one, right */
};

/*
 * Bytes to struct, whose texts point into the bytes. 0, or -1: malformed, or
 * its FINGERPRINT is wrong. What follows MESSAGE-INTEGRITY is ignored.
 */
int	 stun_decode(struct stun *, const uint8_t *, size_t);

/*
 * Is it an answer that succeeds, with nothing that we had to know and do not:
 * then it is as good as an error (RFC 8489 6.3.3).
 */
bool	 stun_succeeds(const struct stun *);

/* True if the decoded message has an integrity made with this key. */
bool	 stun_verify(const struct stun *, const void *key, size_t keylen);

/*
 * Struct to bytes, with integrity if there is a key and, if asked for,
 * with a fingerprint. The length, or 0: it does not fit.
 */
size_t	 stun_encode(const struct stun *, const void *key, size_t keylen,
	     bool fingerprint, uint8_t *, size_t cap);

#endif
