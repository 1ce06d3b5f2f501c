/*
 * hotlink flow: what the parties of a flow agree on before it starts. The
 * first argument says what to show; each of these has its own options.
 */
#include <jansson.h>
#include <stdio.h>

#include "cli/actions.h"
#include "cli/cmd.h"
#include "cli/flow.h"
#include "flow/ports.h"

static struct {
	const char	*run;
	uint64_t	 parties, base;
	bool		 based, json;
} flow;

static const struct option	 ports_options[] = {
	{ .name = "run", .arg = "ID", .kind = OPT_TEXT, .required = true,
	    .help = "the run the parties take part in", .to = &flow.run },
	{ .letter = 'n', .name = "parties", .arg = "N", .kind = OPT_NUMBER,
	    .help = "how many they are", .required = true, .min = 2,
	    .max = PORTS_PARTIES, .to = &flow.parties },
	{ .name = "base", .arg = "PORT", .kind = OPT_NUMBER,
	    .help = "begin here, not where the run says",
	    .min = PORTS_BASE_MIN, .max = 65535, .to = &flow.base,
	    .given = &flow.based },
	{ .name = "json", .kind = OPT_FLAG, .help = "one object",
	    .to = &flow.json },
};

void
flow_print_plan(unsigned base, unsigned n)
{
	printf("base %u\n", base);
	for (unsigned i = 0; i < n; i++) {
		printf("party %u: base %u", i, ports_party(base, i));
		for (unsigned j = 0; j < n; j++)
			if (j != i)
				printf(", to %u port %u", j,
				    ports_listen(base, i, j, n));
		putchar('\n');
	}
}

/* NULL: out of memory. */
static json_t *
party_json(unsigned base, unsigned i, unsigned n)
{
	json_t	*listen = json_object();
	char	 peer[16];

	for (unsigned j = 0; j < n; j++) {
		snprintf(peer, sizeof(peer), "%u", j);
		if (j != i && json_object_set_new(listen, peer, json_integer(
		    ports_listen(base, i, j, n))) == -1) {
			json_decref(listen);
			return NULL;
		}
	}
	return json_pack("{s:i, s:i, s:o}", "id", (int)i, "base",
	    (int)ports_party(base, i), "listen", listen);
}

json_t *
flow_plan(unsigned base, unsigned n)
{
	json_t	*parties = json_array();

	for (unsigned i = 0; i < n; i++)
		if (json_array_append_new(parties, party_json(base, i, n)) ==
		    -1) {
			json_decref(parties);
			return NULL;
		}
	return json_pack("{s:i, s:o}", "base", (int)base, "parties", parties);
}

static int
print_json(unsigned base, unsigned n)
{
	json_t	*plan = flow_plan(base, n);
	int	 rc = plan == NULL ? -1 :
		    json_dumpf(plan, stdout, JSON_COMPACT);

	json_decref(plan);
	if (rc == 0 && putchar('\n') != EOF)
		return STATUS_OK;
	fprintf(stderr, "hotlink flow ports: the plan cannot be written\n");
	return STATUS_FAILED;
}

static int
show_ports(const struct command *c, int argc, char **argv)
{
	unsigned	 n = (unsigned)flow.parties, base;

	if (argc > 0)
		return options_misuse(c, "unexpected argument: %s", argv[0]);
	if (flow.run[0] == '\0')
		return options_misuse(c, "option --run: is empty");
	base = flow.based ? (unsigned)flow.base : ports_base(flow.run, n);
	if (base > ports_base_max(n))
		return options_misuse(c, "option --base: %u leaves no ports "
		    "for %u parties; %u is the highest", base, n,
		    ports_base_max(n));
	if (flow.json)
		return print_json(base, n);
	flow_print_plan(base, n);
	return STATUS_OK;
}

#define OPTIONS(o)	o, sizeof(o) / sizeof((o)[0])

static const struct action	 actions[] = {
	{ { "flow audit", NULL, "Compare a run's markers with its plan.",
	    flow_audit_options, FLOW_AUDIT_OPTIONS }, flow_audit },
	{ { "flow check", "FLOW.yaml", "See whether a flow can be started.",
	    flow_check_options, FLOW_CHECK_OPTIONS }, flow_check },
	{ { "flow ports", NULL, "Show the ports of every party of a run.",
	    OPTIONS(ports_options) }, show_ports },
	{ { "flow report", "DIR...", "Put the stages of all parties together.",
	    flow_report_options, FLOW_REPORT_OPTIONS }, flow_report },
	{ { "flow run", "FLOW.yaml", "Take one party's steps of a flow.",
	    flow_run_options, FLOW_RUN_OPTIONS }, flow_run_one },
};

static const struct command	 overview = {
	.name = "flow", .operands = "audit|check|ports|report|run",
	.help = "Plan and run a flow; each of these has its own -h.",
};

int
cmd_flow(int argc, char **argv)
{
	return actions_run(&overview, actions,
	    sizeof(actions) / sizeof(actions[0]), argc, argv);
}
