#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>

#define PRINTF(f, a)	__attribute__((__format__(__printf__, f, a)))

/*
 * Diagnostics to standard error, one line each, the subject first. Control
 * and non-ASCII bytes of the result are escaped, so text from a peer may be
 * passed as an argument; never as the format. Never payload, keys or tokens.
 */
enum log_level { LOG_WARN, LOG_INFO, LOG_DEBUG };

void	 log_level(enum log_level);
void	 log_debug(const char *, ...) PRINTF(1, 2);
void	 log_info(const char *, ...) PRINTF(1, 2);
void	 log_warn(const char *, ...) PRINTF(1, 2);	/* adds errno's text */
void	 log_warnx(const char *, ...) PRINTF(1, 2);

/* Why the command fails: what follows is no more than its exit status. */
void	 log_err(const char *, ...) PRINTF(1, 2);	/* adds errno's text */
void	 log_errx(const char *, ...) PRINTF(1, 2);

/* Start-up only: the message, then exit 1. fatal adds errno's text. */
void	 fatal(const char *, ...) PRINTF(1, 2) __attribute__((__noreturn__));
void	 fatalx(const char *, ...) PRINTF(1, 2) __attribute__((__noreturn__));

#endif
