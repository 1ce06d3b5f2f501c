#ifndef FLOW_PLACE_H
#define FLOW_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "flow/map.h"

/*
 * Where the files of a run are, and what the texts of a flow stand for there
 * (flow-and-messages.md 5.1). A party's datasite is below the data directory,
 * or, in a sandbox, below its owner's.
 */
struct place {
	const struct map	*map;
	size_t			 me;		/* participant */
	const char		*run;
	const char		*data;		/* absolute, as the next two */
	const char		*sandbox;	/* NULL: none */
	const char		*flow_dir;
	const json_t		*inputs;	/* that count first */
};

/* May it be the name of a file or directory? */
bool	 place_name(const char *);

/*
 * Into PATH_MAX bytes: a file of a party's _progress or _mpc directory of the
 * run; of the results of a step of mine; false: it is too long.
 */
bool	 place_shared(const struct place *, size_t who, const char *dir,
	     const char *file, char *);
bool	 place_result(const struct place *, const char *step,
	     const char *file, char *);

/*
 * The text with its {tokens} replaced as party who in the step (or NULL) would
 * have it; malloc'd. What is not known stays. NULL: out of memory, or it grew
 * without end.
 */
char	*place_expand(const struct place *, size_t who,
	     const struct spec_step *, const char *);

/*
 * syft://EMAIL/PATH as a path here, PATH_MAX bytes, and whose it is. False: it
 * is no such thing, leaves its place, or is nobody's.
 */
bool	 place_url(const struct place *, const char *url, size_t *who, char *);

/* The emails of all parties in the order of their numbers; malloc'd. */
char	*place_emails(const struct place *);

/* The number of a participant. */
size_t	 place_number(const struct place *, size_t who);

#endif
