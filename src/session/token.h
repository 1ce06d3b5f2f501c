#ifndef SESSION_TOKEN_H
#define SESSION_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * What Signal carries in tok, JSON text: descriptions and candidates
 * (hotlink-protocol.md 5.2), hello (hotlink-dialect.md 1). Encoders return
 * the length of NUL-terminated text, or -1: too long or out of memory.
 * Decoders return 0 or -1 and take untrusted bytes.
 *
 * offer is an extra key between hotlink agents: the session id of the o= line
 * of the offer that an answer or candidate belongs to, so that one which is
 * late cannot be taken for the next connection's. Empty: absent.
 */
enum { TOKEN_MAX = 40000, TOKEN_OFFER = 24 };

int	 token_sdp(char *, size_t cap, bool is_offer, const char *sdp,
	     const char *offer);
int	 token_sdp_decode(struct span, char *sdp, size_t cap,
	     char offer[TOKEN_OFFER]);

int	 token_candidate(char *, size_t cap, const char *candidate,
	     const char *offer);
int	 token_candidate_decode(struct span, char *candidate, size_t cap,
	     char offer[TOKEN_OFFER]);

struct hello {
	uint64_t	 instance;
	uint32_t	 version, max_frame;
};
int	 token_hello(char *, size_t cap, const struct hello *,
	     const char *agent);
int	 token_hello_decode(struct span, struct hello *);

/* The session id of a description's o= line; empty: none. */
void	 token_offer_id(const char *sdp, char id[TOKEN_OFFER]);

/* Does the description have this line. */
bool	 token_has_line(const char *sdp, const char *line);

/* Take the line out of it. */
void	 token_drop_line(char *sdp, const char *line);

#endif
