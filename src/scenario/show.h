#ifndef SCENARIO_SHOW_H
#define SCENARIO_SHOW_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a run shows: whole lines, each written at once, and below them, if
 * standard error is a terminal, one line of what is going on.
 */
struct show {
	bool	 terminal;
	char	 status[160];	/* "": none is on the screen */
};

void	 show_init(struct show *);

/* A line for standard error, or else standard output; prefix may be NULL. */
void	 show_line(struct show *, bool error, const char *prefix,
	     const char *text, size_t n);
void	 show_text(struct show *, bool error, const char *fmt, ...)
	     __attribute__((__format__(__printf__, 3, 4)));

/* "": none any more. */
void	 show_status(struct show *, const char *text);

#endif
