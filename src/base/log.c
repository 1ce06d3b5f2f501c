#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static enum log_level	 limit = LOG_INFO;

void
log_level(enum log_level level)
{
	limit = level;
}

/* One write per line, so that lines of several processes do not mix. */
static void
emit(const char *prefix, const char *fmt, va_list ap, int err)
{
	static const char	 hex[] = "0123456789abcdef";
	char			 text[2048], line[sizeof(text) * 4 + 128];
	size_t			 n = 0;
	unsigned char		 c;

	vsnprintf(text, sizeof(text), fmt, ap);
	n = (size_t)snprintf(line, 64, "hotlink: %s", prefix);
	for (const char *p = text; (c = (unsigned char)*p) != '\0'; p++) {
		if (c >= 0x20 && c < 0x7f) {
			line[n++] = (char)c;
			continue;
		}
		line[n++] = '\\';
		line[n++] = 'x';
		line[n++] = hex[c >> 4];
		line[n++] = hex[c & 15];
	}
	if (err != 0)
		n += (size_t)snprintf(line + n, 120, ": %s", strerror(err));
	line[n++] = '\n';
	fwrite(line, 1, n, stderr);
	fflush(stderr);
}

void
log_debug(const char *fmt, ...)
{
	va_list	 ap;

	if (limit < LOG_DEBUG)
		return;
	va_start(ap, fmt);
	emit("debug: ", fmt, ap, 0);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list	 ap;

	if (limit < LOG_INFO)
		return;
	va_start(ap, fmt);
	emit("", fmt, ap, 0);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	int	 err = errno;
	va_list	 ap;

	va_start(ap, fmt);
	emit("warning: ", fmt, ap, err);
	va_end(ap);
}

void
log_warnx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	emit("warning: ", fmt, ap, 0);
	va_end(ap);
}

void
log_err(const char *fmt, ...)
{
	int	 err = errno;
	va_list	 ap;

	va_start(ap, fmt);
	emit("", fmt, ap, err);
	va_end(ap);
}

void
log_errx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	emit("", fmt, ap, 0);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	int	 err = errno;
	va_list	 ap;

	va_start(ap, fmt);
	emit("", fmt, ap, err);
	va_end(ap);
	exit(1);
}

void
fatalx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	emit("", fmt, ap, 0);
	va_end(ap);
	exit(1);
}
