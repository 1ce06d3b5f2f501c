#include <string.h>

#include "cli/actions.h"

int
actions_run(const struct command *c, const struct action *a, size_t n,
    int argc, char **argv)
{
	size_t	 skip = strlen(c->name) + 1;
	int	 status;

	for (size_t i = 0; argc > 1 && i < n; i++) {
		if (strcmp(argv[1], a[i].command.name + skip) != 0)
			continue;
		argc--;
		argv++;
		status = options_parse(&a[i].command, &argc, argv);
		return status == OPTIONS_RUN ?
		    a[i].run(&a[i].command, argc, argv) : status;
	}
	status = options_parse(c, &argc, argv);
	return status == OPTIONS_RUN ? options_misuse(c, "say what to do: %s",
	    c->operands) : status;
}
