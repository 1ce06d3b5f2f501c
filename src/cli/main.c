/* The table of commands, and which one is meant. */
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"

static int	 cmd_help(int, char **);

static const struct {
	const char	*name;
	int		(*run)(int, char **);
	const char	*help;
} commands[] = {
	{ "acks", cmd_acks, "see which requests were answered" },
	{ "agent", cmd_agent, "run one party's end of its links" },
	{ "burst", cmd_burst, "push verified frames through a link" },
	{ "flow", cmd_flow, "check, plan, run and report a flow" },
	{ "msg", cmd_msg, "send, receive and keep messages" },
	{ "relay", cmd_relay, "introduce agents, carry what they cannot" },
	{ "key", cmd_key, "print the identity of a key file" },
	{ "telemetry", cmd_telemetry, "show what agents counted" },
	{ "mark", cmd_mark, "write one party's marker of a link" },
	{ "run", cmd_run, "run a scenario, step by step" },
	{ "mpc", cmd_mpc, "compute with secrets, as one of three" },
	{ "devstack", cmd_devstack, "run a relay and agents, to try things" },
	{ "env", cmd_env, "show what the environment means" },
	{ "version", cmd_version, "show versions and fast paths" },
	{ "help", cmd_help, "show this, or the help of a command" },
};

enum { NCOMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void
print_commands(FILE *f)
{
	fprintf(f, "usage: hotlink command [options]\n\n");
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(f, "  %-12s%s\n", commands[i].name, commands[i].help);
	fprintf(f, "\nhotlink command -h tells the options of one.\n");
}

static int
run(int argc, char **argv)
{
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (strcmp(commands[i].name, argv[0]) == 0)
			return commands[i].run(argc, argv);
	fprintf(stderr, "hotlink: unknown command %s (hotlink help lists them)"
	    "\n", argv[0]);
	return STATUS_MISUSE;
}

static int
cmd_help(int argc, char **argv)
{
	char	 ask[] = "-h";
	char	*forward[] = { argc > 1 ? argv[1] : NULL, ask, NULL };

	if (argc > 1 && strcmp(argv[1], "help") != 0 && argv[1][0] != '-')
		return run(2, forward);
	print_commands(stdout);
	return STATUS_OK;
}

/* Whatever was written must have arrived: a full disk is a failure. */
static int
finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "hotlink: cannot write to standard output\n");
	return status == STATUS_OK ? STATUS_FAILED : status;
}

int
cli_main(int argc, char **argv)
{
	static const struct {
		const char	*option, *command;
	} alias[] = {
		{ "-h", "help" }, { "--help", "help" },
		{ "-V", "version" }, { "--version", "version" },
	};
	char	 name[16];

	if (argc < 2) {
		print_commands(stderr);
		return STATUS_MISUSE;
	}
	for (size_t i = 0; i < sizeof(alias) / sizeof(alias[0]); i++)
		if (strcmp(argv[1], alias[i].option) == 0) {
			snprintf(name, sizeof(name), "%s", alias[i].command);
			argv[1] = name;
			break;
		}
	if (argv[1][0] == '-') {
		fprintf(stderr, "hotlink: unknown option %s\n", argv[1]);
		return STATUS_MISUSE;
	}
	return finish(run(argc - 1, argv + 1));
}
