#ifndef ICE_CAND_H
#define ICE_CAND_H

#include "ice/ice.h"
#include "ice/mdns.h"

/*
 * A candidate and its text (RFC 8839 5.1). The related address has family 0
 * if there is none.
 */
enum { CAND_FOUNDATION = 33 };		/* RFC 8839: 1 to 32 characters */

struct cand {
	enum ice_type	 type;
	uint32_t	 priority;
	struct addr	 addr, related;
	char		 foundation[CAND_FOUNDATION];
	char		 name[MDNS_NAME];	/* for addr's ip; or empty */
};

/*
 * Text to candidate: 1; 2: it has a name instead of an address, which has to
 * be found yet; 0: well-formed but nothing for us (empty, TCP, another name,
 * an address of all or none, another component); -1: malformed. Unknown
 * extensions are skipped.
 */
int	 cand_parse(struct cand *, const char *);

/* "candidate:..." into text (ICE_CANDIDATE_TEXT bytes), which is returned. */
const char *cand_text(const struct cand *, char *text);

/* RFC 8445 5.1.2.1 for component 1, and the preference among a host's own. */
uint32_t cand_priority(enum ice_type, unsigned preference);

/* A foundation (5.1.1.3): same type, base and server give the same. */
void	 cand_foundation(struct cand *, const struct addr *base,
	     const struct addr *server);

#endif
