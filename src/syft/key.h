#ifndef SYFT_KEY_H
#define SYFT_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * Paths and keys of links (hotlink-protocol.md 3.4): a marker at
 * c0/middle/a_to_b/stream.tcp, below the datasites root, or stream.udp there.
 */
enum { KEY_MAX = 1024, EMAIL_MAX = 254, SID_MIN = 8, SID_MAX = 64 };

struct key {
	char		 owner[EMAIL_MAX + 1];		/* c0 */
	char		 middle[KEY_MAX];		/* may be empty */
	uint32_t	 a, b;				/* of a_to_b */
	bool		 udp;		/* stream.udp, not stream.tcp */
};

/* A marker's rel path, ".../a_to_b/stream.tcp", taken apart. 0 or -1. */
int	 key_of_marker(struct key *, const char *rel);

/* The same from ".../a_to_b/stream.tcp.request" of the wire, untrusted. */
int	 key_of_path(struct key *, struct span path);

/*
 * Text into KEY_MAX bytes. canonical: Rust's (byte-wise smaller of from and
 * to, lo_to_hi); open: the marker's own path + ".request"; data: me, lo_to_hi.
 */
void	 key_canonical(const struct key *, const char *from, const char *to,
	     char *);
void	 key_open(const struct key *, char *);
void	 key_data(const struct key *, const char *me, char *);

/* Does a received path belong to this marker's channel (3.4 [A])? */
bool	 key_matches(const struct key *, const char *from, const char *to,
	     struct span path);

/* Untrusted input (10.1 R25). */
bool	 sid_valid(struct span);
/* relative, first part an email, no .., \ or NUL */
bool	 path_valid(struct span);
bool	 email_valid(const char *);

/* Lower-case ASCII in place. */
void	 email_lower(char *);

#endif
