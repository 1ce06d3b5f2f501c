#ifndef SCENARIO_VARS_H
#define SCENARIO_VARS_H

#include <stddef.h>

/* What {{name}} in the texts of a scenario stands for. */
struct var {
	char	*name, *value;
};

struct vars {
	struct var	*v;
	size_t		 n;
};

/* Both are copied; a later value replaces an earlier. -1: out of memory. */
int		 vars_set(struct vars *, const char *name, const char *value);
const char	*vars_get(const struct vars *, const char *name);
void		 vars_free(struct vars *);

/*
 * The text with every {{name}} that is set replaced, once: values are not
 * looked into. What is not set stays as it is. NULL: out of memory.
 */
char		*vars_expand(const struct vars *, const char *text);

#endif
