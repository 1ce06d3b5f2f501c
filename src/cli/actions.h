#ifndef CLI_ACTIONS_H
#define CLI_ACTIONS_H

#include <stddef.h>

#include "cli/options.h"

/*
 * A command whose first argument says what to do, each with options of its
 * own. The command's name is "msg", that of an action "msg send".
 */
struct action {
	struct command	 command;
	int		(*run)(const struct command *, int argc, char **argv);
};

/* Run the one that argv[1] names; the result is the exit status. */
int	 actions_run(const struct command *, const struct action *, size_t n,
	     int argc, char **argv);

#endif
