#ifndef SYFT_ENV_H
#define SYFT_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The environment of an agent (hotlink-protocol.md 8), normalised once: one
 * meaning per thing, whatever the names it was given by. Strict implies
 * p2p-only.
 */
enum env_id {
	ENV_HOTLINK,		/* bool; off only if said so: refuse to start */
	ENV_STRICT,		/* bool */
	ENV_P2P_ONLY,		/* bool, of four names */
	ENV_DEBUG,		/* bool */
	ENV_TCP_BIND,		/* text: IP, IPv6 perhaps in brackets */
	ENV_CHUNK_SIZE,		/* bytes */
	ENV_BUFFERED_HIGH,	/* bytes, if set */
	ENV_BACKPRESSURE_MS,
	ENV_FALLBACK_GRACE_MS,
	ENV_ICE_SERVERS,	/* text: comma list; set and empty: none */
	ENV_STUN_SERVER,	/* text */
	ENV_TURN_USER,		/* text */
	ENV_TURN_PASS,		/* text, secret */
	ENV_DIALECT,		/* bool: talk to hotlink agents as such */
	ENV_AEAD,		/* word: of crypto/, which reads it by itself */
	ENV_CC,			/* word: of sctp/, likewise */
	ENV_IDS,
};

struct env_value {
	const char	*source;	/* the variable; NULL: default */
	bool		 on;
	uint64_t	 number;
	const char	*text;		/* as get returned it; NULL: none */
};

struct env {
	struct env_value v[ENV_IDS];
};

/* As getenv(3). say gets one line without its end, naming the variable. */
struct env_io {
	void		*arg;
	const char	*(*get)(void *, const char *name);
	void		(*say)(void *, bool error, const char *line);
	bool		 strict;	/* an option asked for strict mode */
};

/* 0; or -1, and every error was said. Warnings are said and go on. */
int		 env_read(struct env *, const struct env_io *);

/*
 * The variables that give a setting, the daemon's first: the ith, NULL if
 * there is none. And whether it is a switch, which is on or off.
 */
const char	*env_variable(enum env_id, size_t i);
bool		 env_is_switch(enum env_id);

/* The name of a setting, and its value as text (a secret only as "set"). */
const char	*env_name(enum env_id);
const char	*env_text(const struct env *, enum env_id, char *, size_t);

#endif
