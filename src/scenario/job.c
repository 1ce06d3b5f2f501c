#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/clock.h"
#include "scenario/job.h"

static void
append(struct job_line *l, const char *p, size_t n)
{
	size_t	 cap = l->cap > 0 ? l->cap : 256;
	char	*text;

	while (cap < l->n + n + 1)
		cap *= 2;
	if (cap > l->cap) {
		text = realloc(l->text, cap);
		if (text == NULL)
			fatal("run");
		l->text = text;
		l->cap = cap;
	}
	memcpy(l->text + l->n, p, n);
	l->n += n;
	l->text[l->n] = '\0';
}

static void
remember(struct job *j, const char *text, size_t n)
{
	char	**slot = &j->tail[j->ntail++ % JOB_TAIL];

	free(*slot);
	*slot = strndup(text, n < JOB_TAIL_LINE ? n : JOB_TAIL_LINE);
}

static void
finish_line(struct job *j, int which)
{
	struct job_line	*l = &j->line[which];

	show_line(j->show, which == PROCESS_ERR, j->step->name, l->text, l->n);
	remember(j, l->text, l->n);
	l->n = 0;
}

static void
keep(struct job *j, const char *p, size_t n)
{
	if (j->kept.n + n > JOB_KEEP)
		job_fail(j, "more output than expect and capture take");
	else
		append(&j->kept, p, n);
}

static void
on_output(void *arg, int which, const char *p, size_t n)
{
	struct job	*j = arg;
	const char	*end;
	size_t		 part;

	if (which == PROCESS_OUT && j->keep && j->state == JOB_RUNNING)
		keep(j, p, n);
	while (n > 0) {
		end = memchr(p, '\n', n);
		part = end != NULL ? (size_t)(end - p) : n;
		append(&j->line[which], p, part);
		if (end != NULL || j->line[which].n >= JOB_LINE)
			finish_line(j, which);
		part += end != NULL;
		p += part;
		n -= part;
	}
}

static void
judge(struct job *j, int status)
{
	char	 why[JOB_WHY];

	if (WIFSIGNALED(status)) {
		snprintf(why, sizeof(why), "killed by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
		job_fail(j, why);
	} else if (WEXITSTATUS(status) != 0) {
		snprintf(why, sizeof(why), "exit status %d",
		    WEXITSTATUS(status));
		job_fail(j, why);
	} else if (j->expect != NULL && (j->kept.text == NULL ||
	    strstr(j->kept.text, j->expect) == NULL)) {
		snprintf(why, sizeof(why), "not in its output: %.200s",
		    j->expect);
		job_fail(j, why);
	}
}

static void
on_end(void *arg, int status)
{
	struct job	*j = arg;

	for (int i = 0; i < PROCESS_FDS; i++)
		if (j->line[i].n > 0)
			finish_line(j, i);
	if (j->state != JOB_RUNNING)
		return;
	judge(j, status);
	if (j->state != JOB_RUNNING)
		return;
	j->state = JOB_PASSED;
	j->took = clock_now() - j->since;
}

void
job_fail(struct job *j, const char *why)
{
	if (j->state != JOB_RUNNING)
		return;
	j->state = JOB_FAILED;
	j->took = clock_now() - j->since;
	snprintf(j->why, sizeof(j->why), "%s", why);
}

struct job *
job_start(const struct step *s, const char *command, char *expect,
    char *const *env, const char *cwd, struct loop *loop, struct show *show,
    char *why)
{
	/* posix_spawn does not write to its arguments. */
	char		*strict[] = { "bash", "-eo", "pipefail", "-c",
			    (char *)(uintptr_t)command, NULL };
	char		*plain[] = { "bash", "-c",
			    (char *)(uintptr_t)command, NULL };
	struct job	*j = calloc(1, sizeof(*j));

	if (j == NULL)
		fatal("run");
	j->step = s;
	j->show = show;
	j->expect = expect;
	j->keep = expect != NULL || s->capture != NULL;
	j->since = clock_now();
	j->until = s->timeout == NEVER ? NEVER : j->since + s->timeout;
	j->process.output = on_output;
	j->process.ended = on_end;
	j->process.arg = j;
	if (process_start(&j->process, loop, s->errexit ? strict : plain, env,
	    cwd) == 0)
		return j;
	snprintf(why, JOB_WHY, "cannot start bash: %s", strerror(errno));
	job_free(j);
	return NULL;
}

void
job_free(struct job *j)
{
	process_close(&j->process);
	for (int i = 0; i < PROCESS_FDS; i++)
		free(j->line[i].text);
	for (size_t i = 0; i < JOB_TAIL; i++)
		free(j->tail[i]);
	free(j->kept.text);
	free(j->expect);
	free(j);
}

const char *
job_captured(struct job *j)
{
	static const char	 blanks[] = " \t\r\n\v\f";
	char			*s = j->kept.text;

	if (s == NULL)
		return "";
	while (j->kept.n > 0 && strchr(blanks, s[j->kept.n - 1]) != NULL)
		s[--j->kept.n] = '\0';
	return s + strspn(s, blanks);
}

const char *
job_tail(const struct job *j, size_t i)
{
	size_t	 first = j->ntail > JOB_TAIL ? j->ntail - JOB_TAIL : 0;

	return first + i < j->ntail ? j->tail[(first + i) % JOB_TAIL] : NULL;
}
