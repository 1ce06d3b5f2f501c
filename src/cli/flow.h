#ifndef CLI_FLOW_H
#define CLI_FLOW_H

#include <jansson.h>

#include "cli/options.h"

/* The actions of hotlink flow, and the options of each. */
int	 flow_check(const struct command *, int argc, char **argv);

enum { FLOW_CHECK_OPTIONS = 5 };
extern const struct option	 flow_check_options[FLOW_CHECK_OPTIONS];

/* The port plan of n parties: as JSON (NULL: out of memory), and as text. */
json_t	*flow_plan(unsigned base, unsigned n);
void	 flow_print_plan(unsigned base, unsigned n);

#endif
