#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "cli/options.h"
#include "session/party.h"
#include "syft/config.h"
#include "syft/env.h"

/*
 * What an agent runs with, from three sources that are asked in this order:
 * its options, the environment (hotlink-protocol.md 8), and config.json (1.4).
 */
enum { SETTINGS_LINE = 8192, SETTINGS_LIST = 2048 };

/* The options as they were given; what was not holds its default. */
struct agent_options {
	const char		*server, *user, *data_dir, *config, *token_file,
				*ca, *pin, *key, *tcp_bind;
	bool			 strict, p2p_only, lite, verbose, messages;
	const char		*spool, *encrypt, *decrypt;
	unsigned		 transport;
	uint64_t		 connect_timeout, udp_port, window, memory, mtu;
	struct option_list	 ice, bind, interfaces, no_interfaces,
				 external;
	const char		*turn_user, *turn_pass_file;
	bool			 transport_given, timeout_given, port_given,
				 window_given, memory_given, mtu_given;
};

/* A value, NULL if there is none, and who said it: "--user", a variable. */
struct said {
	const char	*value, *source;
};

struct settings {
	struct said	 server, user, data_dir, access, refresh;
	char		 config_file[CONFIG_PATH];	/* "": none */
	bool		 keep;		/* a new refresh token belongs in it */
	enum mode	 mode;
	enum transport	 transport;
	bool		 dialect1, verbose;
	struct addr	 tcp_bind;	/* without a port */
	const char	*ice_servers;	/* comma list; NULL: the relay's */
	const char	*turn_user, *turn_pass;	/* NULL: likewise */
	uint64_t	 grace, stall;
	size_t		 chunk, high;	/* high 0: no limit but the window */
	char		 line[SETTINGS_LINE]; /* "name=value (source), ..." */

	struct env	 env;		/* what said points into */
	struct config	 config;
	char		 ice_list[SETTINGS_LIST];
};

/*
 * Merge. 0, or an exit status after a message: 2 for a value nobody can use,
 * which names its option or variable, 1 for a file that cannot be used.
 */
int		 settings_read(struct settings *, const struct agent_options *,
		     const struct env_io *);

/*
 * Who said a value, for a complaint about it: with the file and its key if it
 * was the file, which may need buf.
 */
const char	*settings_origin(const struct settings *, const struct said *,
		     const char *key, char *buf, size_t cap);

#endif
