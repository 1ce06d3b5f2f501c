#ifndef SCENARIO_ENV_H
#define SCENARIO_ENV_H

/*
 * The environment of a command: ours, changed by "NAME=value" texts; a later
 * one of a name counts.
 */
struct environ {
	char	**v;		/* up to NULL */
};

void	 environ_init(struct environ *);	/* what we have */
void	 environ_put(struct environ *, const char *name, const char *value);
void	 environ_free(struct environ *);

#endif
