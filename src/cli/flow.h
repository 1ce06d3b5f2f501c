#ifndef CLI_FLOW_H
#define CLI_FLOW_H

#include <jansson.h>

#include "cli/options.h"
#include "flow/audit.h"

/* The actions of hotlink flow, and the options of each. */
int	 flow_check(const struct command *, int argc, char **argv);

int	 flow_audit(const struct command *, int argc, char **argv);
int	 flow_report(const struct command *, int argc, char **argv);
int	 flow_run_one(const struct command *, int argc, char **argv);

enum { STATUS_PREFLIGHT = 3 };	/* exit status: something was found */
enum { FLOW_AUDIT_OPTIONS = 8, FLOW_CHECK_OPTIONS = 5,
	FLOW_REPORT_OPTIONS = 4, FLOW_RUN_OPTIONS = 10 };
extern const struct option	 flow_audit_options[FLOW_AUDIT_OPTIONS];
extern const struct option	 flow_check_options[FLOW_CHECK_OPTIONS];

extern const struct option	 flow_report_options[FLOW_REPORT_OPTIONS];
extern const struct option	 flow_run_options[FLOW_RUN_OPTIONS];

/* What markers of other runs have to do with this one. */
void	 flow_audit_others(struct findings *, const struct audit *,
	     const char *data, const char *run);

/* The port plan of n parties: as JSON (NULL: out of memory), and as text. */
json_t	*flow_plan(unsigned base, unsigned n);
void	 flow_print_plan(unsigned base, unsigned n);

#endif
