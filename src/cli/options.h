#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A command's options as a table: parsing, the help text and what the errors
 * say come from it.
 */
enum option_kind {
	OPT_FLAG,	/* to: bool */
	OPT_TEXT,	/* to: const char * */
	OPT_LIST,	/* to: struct option_list; may be given again */
	OPT_NUMBER,	/* to: uint64_t, min to max */
	OPT_SIZE,	/* to: uint64_t bytes; k, M, G are powers of 1024 */
	OPT_DURATION,	/* to: uint64_t microseconds; seconds, or ms, s, m, h */
	OPT_CHOICE,	/* to: unsigned, an index into choices */
};

enum { OPTION_LIST_MAX = 32 };

struct option_list {
	const char	*v[OPTION_LIST_MAX];
	size_t		 n;
};

struct option {
	char			 letter;	/* 0: none */
	const char		*name;		/* without the dashes */
	const char		*arg;		/* its argument in the help */
	const char		*help;
	enum option_kind	 kind;
	bool			 required;
	void			*to;		/* left alone if not given */
	uint64_t		 min, max;	/* inclusive; in units of to */
	const char *const	*choices;	/* up to NULL */
	bool			*given;		/* NULL, or set when given */
};

struct command {
	const char		*name;
	const char		*operands;	/* "DATADIR..." or NULL: none */
	const char		*help;		/* one line */
	const struct option	*options;
	size_t			 noptions;
};

/*
 * Read argv[1] and on. Operands, which may stand anywhere, are moved to
 * argv[0] and on, and argc becomes their number. Values stay pointers into
 * argv. The result is OPTIONS_RUN, or an exit status: 0 after -h or --help
 * wrote the help to standard output, 2 after a message on standard error.
 */
enum { OPTIONS_RUN = -1 };

int	 options_parse(const struct command *, int *argc, char **argv);

/* A complaint about how the command was called; returns 2. */
int	 options_misuse(const struct command *, const char *, ...)
	     __attribute__((__format__(__printf__, 2, 3)));

/* The values of one option, for the environment and files too: 0 or -1. */
int	 option_number(uint64_t *, const char *);
int	 option_size(uint64_t *, const char *);
int	 option_duration(uint64_t *, const char *);

#endif
