#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scenario/show.h"

void
show_init(struct show *s)
{
	s->terminal = isatty(STDERR_FILENO);
	s->status[0] = '\0';
}

static void
clear(const struct show *s)
{
	if (s->terminal && s->status[0] != '\0')
		fputs("\r\033[K", stderr);
}

static void
draw(const struct show *s)
{
	if (s->terminal && s->status[0] != '\0')
		fputs(s->status, stderr);
	fflush(stderr);
}

void
show_line(struct show *s, bool error, const char *prefix, const char *text,
    size_t n)
{
	FILE	*f = error ? stderr : stdout;

	clear(s);
	if (prefix != NULL)
		fprintf(f, "[%s] ", prefix);
	fwrite(text, 1, n, f);
	fputc('\n', f);
	fflush(f);
	draw(s);
}

void
show_text(struct show *s, bool error, const char *fmt, ...)
{
	char	 line[2048];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	show_line(s, error, NULL, line, strlen(line));
}

void
show_status(struct show *s, const char *text)
{
	clear(s);
	snprintf(s->status, sizeof(s->status), "%s", text);
	draw(s);
}
