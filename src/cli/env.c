/*
 * hotlink env: what the environment means to an agent, after the one
 * normalisation that agents and the runner use.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "syft/env.h"

static const char *
get(void *arg, const char *name)
{
	(void)arg;
	return getenv(name);
}

static void
say(void *arg, bool error, const char *line)
{
	(void)arg;
	fprintf(stderr, "hotlink env: %s%s\n", error ? "" : "warning: ", line);
}

/* The environment's text is not for a terminal as it is. */
static void
print_text(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= ' ' && *s < 0x7f)
			printf("%c", *s);
		else
			printf("\\x%02x", (unsigned char)*s);
}

static void
print_value(const struct env *env, enum env_id id)
{
	const struct env_value	*v = &env->v[id];
	char			 text[4096];

	for (size_t i = 0; env_variable(id, i) != NULL; i++) {
		printf("%s=", env_variable(id, i));
		if (env_is_switch(id))
			printf("%d", v->on);
		else
			print_text(env_text(env, id, text, sizeof(text)));
		printf(" (%s)\n", v->source != NULL ? v->source : "default");
	}
}

/*
 * Switches alone: those are what has several names and several words for one
 * meaning. A number or text is in the environment already if it is anywhere.
 */
static void
print_export(const struct env *env, enum env_id id)
{
	if (!env_is_switch(id))
		return;
	for (size_t i = 0; env_variable(id, i) != NULL; i++)
		printf("export %s='%d'\n", env_variable(id, i),
		    env->v[id].on);
}

int
cmd_env(int argc, char **argv)
{
	static const struct env_io	 io = { .get = get, .say = say };
	bool				 export = false;
	const struct option		 options[] = {
		{ 'x', "export", NULL, "print lines for a shell",
		    OPT_FLAG, false, &export, 0, 0, NULL, NULL },
	};
	const struct command		 command = { "env", NULL,
	    "Show the value and the source of every variable.", options,
	    sizeof(options) / sizeof(options[0]) };
	struct env			 env;
	int				 status;

	status = options_parse(&command, &argc, argv);
	if (status != OPTIONS_RUN)
		return status;
	if (env_read(&env, &io) == -1)
		return STATUS_MISUSE;
	for (int id = 0; id < ENV_IDS; id++)
		if (export)
			print_export(&env, (enum env_id)id);
		else
			print_value(&env, (enum env_id)id);
	return STATUS_OK;
}
