#ifndef FLOW_PROGRESS_H
#define FLOW_PROGRESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * How far a party is in a run, as it tells the others through the files of
 * its _progress directory (flow-and-messages.md 5.3), in both known shapes:
 * state.json and ROLE_STEP.json. A state is a JSON object of the first shape.
 * Times are RFC 3339 texts of the caller.
 */
enum progress_status {		/* a later one outweighs an earlier */
	PROGRESS_PENDING, PROGRESS_WAITING, PROGRESS_READY, PROGRESS_RUNNING,
	PROGRESS_SHARING, PROGRESS_COMPLETED, PROGRESS_SHARED, PROGRESS_FAILED,
};

enum {
	PROGRESS_FILE_MAX = 256 << 10,	/* bytes */
	PROGRESS_ERROR = 1024,		/* of an error's text */
};

/* As it is written; and as anybody writes it: unknown words are pending. */
const char		*progress_name(enum progress_status);
enum progress_status	 progress_of(const char *);

/* NULL: out of memory. */
json_t	*progress_new(const char *datasite, const char *flow, const char *run,
	     const char *time);

/*
 * A step of ours goes on: it is running, completed or failed. error may be
 * NULL. False: out of memory.
 */
bool	 progress_set(json_t *, const char *step, enum progress_status,
	     const char *error, const char *time);

/* The whole run is over for this party. */
bool	 progress_end(json_t *, const char *time);

/* What is written: malloc'd text, NULL: out of memory. */
char	*progress_state_text(const json_t *);
char	*progress_step_text(const char *step, const char *role,
	     enum progress_status, const char *time);
/* One line of progress.json and log.jsonl, which suits readers of either. */
char	*progress_line(const char *event, const char *step, const char *role,
	     const char *message, const char *time);

/*
 * A state as another party wrote it, or NULL: no object, no map of maps of
 * steps, too many of them. It is never trusted further than these readers.
 */
json_t	*progress_parse(const char *, size_t);

/* A ROLE_STEP.json outweighs what the state says of the step, or does not. */
bool	 progress_merge(json_t *, const char *, size_t);

enum progress_status	 progress_step(const json_t *, const char *step);
/* Of the run it is from; "" if it does not say. */
const char	*progress_run(const json_t *);
/* The step that failed, or NULL, and its error, which may be "". */
const char	*progress_failed(const json_t *, const char **error);
/* The step that runs; NULL: none. And is all of it over? */
const char	*progress_current(const json_t *);
bool		 progress_over(const json_t *);

#endif
