#ifndef AGENT_RENEW_H
#define AGENT_RENEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "syft/config.h"
#include "syft/key.h"

/*
 * When to ask for a new access token, and what an answer is worth
 * (hotlink-protocol.md 1.4). It asks nobody itself. The whole token service
 * takes 10 requests per minute and address: two of ours are RENEW_GAP apart,
 * and ever further as long as they fail, or the relay refuses what they bring.
 *
 * What has expired is not used but kept: a clock that was wrong is put right
 * some time, of a host without a battery for it minutes after its start.
 */
enum {
	RENEW_GAP = 7 * SEC,
	RENEW_GAP_MAX = 300 * SEC,
	RENEW_WHY = 200,
};

struct renew {
	char		 email[EMAIL_MAX + 1];
	char		 access[TOKEN_MAX], refresh[TOKEN_MAX];	/* "": none */
	bool		 stale;		/* access has expired, by the clock */
	uint64_t	 again, gap;	/* not before; from the next one on */
	char		 why[RENEW_WHY]; /* there is no token; "": there is */
};

/* NULL tokens are none. */
void		 renew_init(struct renew *, const char *email,
		     const char *access, const char *refresh);

/* The access token to use, or NULL. */
const char	*renew_access(const struct renew *);

/*
 * Before each connection: forget an access token that can never be valid. True:
 * there is none to use, and refresh is to be sent now.
 */
bool		 renew_due(struct renew *, uint64_t now, uint64_t unix_time);

/* What came of it, as post_fn has it. True: refresh is another one now. */
bool		 renew_answer(struct renew *, uint64_t unix_time, int status,
		     const char *body, size_t n, const char *why);

/* The relay did not take the access token: forget it if there may be others. */
void		 renew_refused(struct renew *);

#endif
