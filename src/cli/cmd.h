#ifndef CLI_CMD_H
#define CLI_CMD_H

/*
 * The subcommands. argv[0] is the command's name; the result is the exit
 * status: 0, 1 for a failure, 2 for a call that makes no sense.
 */
enum { STATUS_OK, STATUS_FAILED, STATUS_MISUSE };

int	 cmd_acks(int argc, char **argv);
int	 cmd_agent(int argc, char **argv);
int	 cmd_burst(int argc, char **argv);
int	 cmd_devstack(int argc, char **argv);
int	 cmd_env(int argc, char **argv);
int	 cmd_flow(int argc, char **argv);
int	 cmd_key(int argc, char **argv);
int	 cmd_msg(int argc, char **argv);
int	 cmd_mark(int argc, char **argv);
int	 cmd_mpc(int argc, char **argv);
int	 cmd_relay(int argc, char **argv);
int	 cmd_run(int argc, char **argv);
int	 cmd_telemetry(int argc, char **argv);
int	 cmd_version(int argc, char **argv);

/* All of the program, but its name. */
int	 cli_main(int argc, char **argv);

#endif
