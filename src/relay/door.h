#ifndef RELAY_DOOR_H
#define RELAY_DOOR_H

#include <stdbool.h>

#include "syft/key.h"
#include "syft/msg.h"

/*
 * Who may come in: what a relay answers to HTTP, hotlink-protocol.md 1.1 to
 * 1.4. Everything but an upgrade on /api/v1/events is answered here.
 */
struct auth;
struct ws;

struct door {
	const struct auth *auth;	/* NULL: they are whom they say */
	bool		 any_origin;	/* else: pages of this machine only */
	bool		 page;		/* serve the page */
	const char	*ice;		/* list of URLs, may be "" */
	const char	*turn_user, *turn_pass;		/* or NULL */
};

struct visitor {
	char			 user[EMAIL_MAX + 1];
	/* What it calls itself, if its token says otherwise; else "". */
	char			 claimed[EMAIL_MAX + 1];
	enum msg_encoding	 encoding;
};

/* Text that may stand in a header. */
bool	 door_text_ok(const char *);

/* True: a visitor to let in or to turn away. False: it was answered. */
bool	 door_request(const struct door *, struct ws *, struct visitor *);
void	 door_admit(const struct door *, struct ws *, const struct visitor *);
void	 door_full(struct ws *);

#endif
