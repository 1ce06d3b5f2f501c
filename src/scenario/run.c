/*
 * A step is one wait: the loop turns until what is waited for is so, until
 * its time is up, or until a signal comes. What runs in the background goes
 * on in the same turns.
 */
#include <sys/stat.h>

#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/clock.h"
#include "scenario/env.h"
#include "scenario/files.h"
#include "scenario/job.h"
#include "scenario/run.h"

enum {
	POLL = 100 * MS,		/* of what has to be looked for */
	GRACE = 500 * MS,		/* between SIGTERM and SIGKILL */
	LAST = 2 * SEC,			/* after SIGKILL */
	BURY = 20 * MS,
	SHOWN = 10,			/* files in a complaint */
};

struct run {
	const struct run_conf	*conf;
	const struct plan	*plan;
	size_t			 at;		/* in the plan */
	struct loop		*loop;
	struct show		 show;
	struct job		**job;		/* of all steps */
	size_t			 njobs;
	uint64_t		 since;		/* this step */
	int			 signal;	/* that ends the run */
	char			 why[JOB_WHY];	/* this step failed */

	/* What the loop turns for; set and until as it needs them. */
	bool			(*over)(struct run *, uint64_t now);
	struct job		**set;
	size_t			 nset;
	uint64_t		 until;
	const char		*pattern;
	struct paths		 found, old;
};

__attribute__((__format__(__printf__, 2, 3))) static int
fail(struct run *r, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
	return -1;
}

static const struct step *
step_of(const struct run *r)
{
	return r->plan->v[r->at];
}

static double
seconds(uint64_t us)
{
	return (double)us / SEC;
}

/* Waiting */

static void
show_progress(struct run *r, uint64_t now)
{
	char	 text[160];

	if (!r->show.terminal)
		return;
	snprintf(text, sizeof(text), "[%zu/%zu] %.80s  %.0f s", r->at + 1,
	    r->plan->n, step_of(r)->name, seconds(now - r->since));
	show_status(&r->show, text);
}

/* One that is beside the step has its own limit, if any. */
static void
check_limits(struct run *r, uint64_t now)
{
	char	 why[JOB_WHY];

	for (size_t i = 0; i < r->njobs; i++) {
		struct job	*j = r->job[i];

		if (j->state != JOB_RUNNING || now < j->until)
			continue;
		snprintf(why, sizeof(why), "no end after %.3g s, killed",
		    seconds(j->until - j->since));
		job_fail(j, why);
		if (j->step->background)
			process_signal(&j->process, SIGKILL);
	}
}

static uint64_t
on_turn(void *arg, uint64_t now)
{
	struct run	*r = arg;

	check_limits(r, now);
	if (r->over(r, now) || now >= r->until)
		loop_stop(r->loop);
	show_progress(r, now);
	return earlier(r->until, now + POLL);
}

/* 0: it is so. -1: the time was up, or a signal came. */
static int
await(struct run *r, bool (*over)(struct run *, uint64_t), uint64_t until)
{
	int	 signal;

	r->over = over;
	r->until = until;
	loop_on_turn(r->loop, on_turn, r);
	signal = loop_run(r->loop);
	if (signal != 0)
		r->signal = signal;
	return signal == 0 && over(r, clock_now()) ? 0 : -1;
}

/* The first that failed of those waited for, or NULL. */
static struct job *
failed(const struct run *r)
{
	for (size_t i = 0; i < r->nset; i++)
		if (r->set[i]->state == JOB_FAILED)
			return r->set[i];
	return NULL;
}

static bool
ended_or_failed(struct run *r, uint64_t now)
{
	(void)now;
	for (size_t i = 0; i < r->nset; i++)
		if (r->set[i]->state == JOB_RUNNING)
			return failed(r) != NULL;
	return true;
}

static bool
buried(struct run *r, uint64_t now)
{
	bool	 left = false;

	(void)now;
	for (size_t i = 0; i < r->nset; i++)
		left |= process_left(&r->set[i]->process);
	if (left)
		r->until = earlier(r->until, clock_now() + BURY);
	return !left;
}

static void
signal_all(struct run *r, int sig)
{
	for (size_t i = 0; i < r->nset; i++)
		process_signal(&r->set[i]->process, sig);
}

/* In steps of BURY: nobody tells us of the end of what is not our child. */
static int
await_burial(struct run *r, uint64_t time)
{
	uint64_t	 until = clock_now() + time;

	while (!buried(r, 0)) {
		if (clock_now() >= until)
			return -1;
		await(r, buried, until);
	}
	return 0;
}

/* The groups of the set, whatever they think of it. */
static void
end_groups(struct run *r)
{
	signal_all(r, SIGTERM);
	if (await_burial(r, GRACE) == 0)
		return;
	signal_all(r, SIGKILL);
	if (await_burial(r, LAST) == -1)
		show_text(&r->show, true, "hotlink run: a process does not "
		    "end by SIGKILL");
}

/* Starting */

static void
put_datasite(struct environ *e, const char *datasite, const char *dir)
{
	char		 path[PATH_MAX + 32];
	struct stat	 st;

	environ_put(e, "SYFTBOX_EMAIL", datasite);
	environ_put(e, "SYFTBOX_DATA_DIR", dir);
	snprintf(path, sizeof(path), "%s/.syftbox/config.json", dir);
	environ_put(e, "SYFTBOX_CONFIG_PATH", path);
	snprintf(path, sizeof(path), "%s/config.yaml", dir);
	if (stat(path, &st) == 0)
		snprintf(path, sizeof(path), "%s", dir);
	else
		snprintf(path, sizeof(path), "%s/.biovault", dir);
	environ_put(e, "BIOVAULT_HOME", path);
}

static void
make_env(const struct run *r, struct environ *e, const struct step *s,
    const char *dir)
{
	const char	*equals;
	char		 name[128];

	environ_init(e);
	for (size_t i = 0; r->conf->env[i] != NULL; i++) {
		equals = strchr(r->conf->env[i], '=');
		snprintf(name, sizeof(name), "%.*s",
		    (int)(equals - r->conf->env[i]), r->conf->env[i]);
		environ_put(e, name, equals + 1);
	}
	environ_put(e, "WORKSPACE_ROOT", r->conf->workspace);
	environ_put(e, "BIOVAULT_SANDBOX_ROOT", r->conf->sandbox);
	environ_put(e, "SCENARIO_DATASITE",
	    s->datasite != NULL ? s->datasite : "");
	if (getenv("BIOVAULT_FLOW_AWAIT_TIMEOUT") == NULL)
		environ_put(e, "BIOVAULT_FLOW_AWAIT_TIMEOUT", "15");
	if (s->datasite != NULL)
		put_datasite(e, s->datasite, dir);
}

/* Where a step is at work. */
static void
name_dir(const struct run *r, const struct step *s, char *dir)
{
	if (s->datasite == NULL)
		snprintf(dir, PATH_MAX, "%s", r->conf->workspace);
	else
		snprintf(dir, PATH_MAX, "%s/%s", r->conf->sandbox,
		    s->datasite);
}

/* Likewise for a command, which needs it. 0, or -1: it is not there. */
static int
find_dir(struct run *r, const struct step *s, char *dir)
{
	char		 path[PATH_MAX + 32];
	struct stat	 st;

	name_dir(r, s, dir);
	if (stat(dir, &st) == -1 || !S_ISDIR(st.st_mode))
		return fail(r, "there is no directory %.200s", dir);
	if (s->datasite == NULL)
		return 0;
	snprintf(path, sizeof(path), "%s/.syftbox/config.json", dir);
	if (stat(path, &st) == -1)
		return fail(r, "there is no %.200s", path);
	return 0;
}

static char *
expand(const struct run *r, const char *text)
{
	char	*s = text != NULL ? vars_expand(r->conf->vars, text) : NULL;

	if (s == NULL && text != NULL)
		fatal("run");
	return s;
}

static int
add_job(struct run *r, struct job *j)
{
	struct job	**v;

	v = realloc(r->job, (r->njobs + 1) * sizeof(*v));
	if (v == NULL)
		fatal("run");
	r->job = v;
	v[r->njobs++] = j;
	return 0;
}

static int
start(struct run *r, const struct step *s)
{
	char		 dir[PATH_MAX], *command;
	struct environ	 env;
	struct job	*j;

	if (find_dir(r, s, dir) == -1)
		return -1;
	command = expand(r, s->text);
	make_env(r, &env, s, dir);
	j = job_start(s, command, expand(r, s->expect), env.v, dir, r->loop,
	    &r->show, r->why);
	environ_free(&env);
	free(command);
	return j != NULL ? add_job(r, j) : -1;
}

/* Kinds of steps */

static void
show_tail(struct run *r, const struct job *j)
{
	const char	*line;

	if (j->ntail == 0)
		return;
	show_text(&r->show, true, "hotlink run: the last lines of %s:",
	    j->step->name);
	for (size_t i = 0; (line = job_tail(j, i)) != NULL; i++)
		show_text(&r->show, true, "  | %s", line);
}

static int
blame(struct run *r, struct job *j)
{
	show_tail(r, j);
	if (j->step == step_of(r))
		return fail(r, "%s", j->why);
	return fail(r, "%.80s: %.160s", j->step->name, j->why);
}

static void
take_captures(struct run *r)
{
	for (size_t i = 0; i < r->nset; i++) {
		const char	*name = r->set[i]->step->capture;

		if (name != NULL && vars_set(r->conf->vars, name,
		    job_captured(r->set[i])) == -1)
			fatal("run");
	}
}

/* The set has the time until then; whatever fails ends all of it. */
static int
finish_set(struct run *r, uint64_t until)
{
	struct job	*j;

	if (await(r, ended_or_failed, until) == 0 && failed(r) == NULL) {
		take_captures(r);
		return 0;
	}
	for (size_t i = 0; i < r->nset && r->signal == 0 &&
	    failed(r) == NULL; i++)
		if (r->set[i]->state == JOB_RUNNING)
			job_fail(r->set[i], "no end in time, killed");
	j = failed(r);
	end_groups(r);
	return j != NULL ? blame(r, j) : fail(r, "interrupted");
}

/* What the commands of a step, from the first job on, came to. */
static int
run_jobs(struct run *r, const struct step *s, size_t n, uint64_t limit)
{
	size_t	 first = r->njobs;
	int	 rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = start(r, &s[i]);
	r->set = r->job + first;
	r->nset = r->njobs - first;
	if (rc == -1) {
		char	 why[JOB_WHY];

		memcpy(why, r->why, sizeof(why));
		end_groups(r);
		return fail(r, "%s", why);
	}
	return finish_set(r, limit == NEVER ? NEVER : r->since + limit);
}

static int
do_run(struct run *r, const struct step *s)
{
	if (s->background)
		return start(r, s);
	return run_jobs(r, s, 1, NEVER);	/* the job has its limit */
}

static int
do_parallel(struct run *r, const struct step *s)
{
	return run_jobs(r, s->child.v, s->child.n,
	    earlier(s->timeout, r->conf->together));
}

static int
do_wait_background(struct run *r, const struct step *s)
{
	uint64_t	  limit = earlier(s->timeout, r->conf->together);
	struct job	**set = calloc(r->njobs + 1, sizeof(*set));
	int		  rc;

	if (set == NULL)
		fatal("run");
	r->set = set;
	r->nset = 0;
	for (size_t i = 0; i < r->njobs; i++)
		if (r->job[i]->step->background && !r->job[i]->awaited) {
			r->job[i]->awaited = true;
			set[r->nset++] = r->job[i];
		}
	rc = finish_set(r, limit == NEVER ? NEVER : r->since + limit);
	r->set = NULL;
	r->nset = 0;
	free(set);
	return rc;
}

/* The path or pattern of a step, absolute; malloc'd. */
static char *
full_pattern(const struct run *r, const struct step *s)
{
	char	 dir[PATH_MAX], *text, *full;
	size_t	 n;

	name_dir(r, s, dir);
	text = expand(r, s->text);
	if (*text == '/')
		return text;
	n = strlen(dir) + strlen(text) + 2;
	full = malloc(n);
	if (full == NULL)
		fatal("run");
	snprintf(full, n, "%s/%s", dir, text);
	free(text);
	return full;
}

/* What went away since the start may come again, and is new then. */
static void
forget_gone(struct run *r)
{
	size_t	 n = 0;

	for (size_t i = 0; i < r->old.n; i++)
		if (paths_have(&r->found, r->old.v[i]))
			r->old.v[n++] = r->old.v[i];
		else
			free(r->old.v[i]);
	r->old.n = n;
}

static const char *
first_new(const struct run *r)
{
	for (size_t i = 0; i < r->found.n; i++)
		if (!paths_have(&r->old, r->found.v[i]))
			return r->found.v[i];
	return NULL;
}

static bool
is_found(struct run *r, uint64_t now)
{
	(void)now;
	paths_free(&r->found);
	if (files_find(&r->found, r->pattern) == -1)
		fatal("run");
	forget_gone(r);
	return first_new(r) != NULL;
}

static int
do_wait_for(struct run *r, const struct step *s)
{
	char	*pattern = full_pattern(r, s);
	int	 rc;

	r->pattern = pattern;
	if (s->fresh && files_find(&r->old, pattern) == -1)
		fatal("run");
	rc = await(r, is_found, s->timeout == NEVER ? NEVER :
	    r->since + s->timeout);
	if (rc == 0)
		show_text(&r->show, false, "[%s] found %s", s->name,
		    first_new(r));
	else if (r->signal != 0)
		fail(r, "interrupted");
	else
		fail(r, "not there after %.3g s: %.180s",
		    seconds(s->timeout), pattern);
	paths_free(&r->found);
	paths_free(&r->old);
	free(pattern);
	return rc;
}

/* Files that are not as wanted are named, the first few of them. */
static int
do_encryption(struct run *r, const struct step *s)
{
	bool		 want = s->kind == STEP_ENCRYPTED;
	char		*pattern = full_pattern(r, s);
	struct paths	 files;
	size_t		 bad = 0, n;
	int		 is;

	if (files_below(&files, pattern) == -1)
		fatal("run");
	for (size_t i = 0; i < files.n; i++) {
		is = files_encrypted(files.v[i]);
		if (is == want || (is == -1 && !want))
			continue;
		if (bad++ < SHOWN)
			show_text(&r->show, true, "[%s] %s: %s", s->name,
			    files.v[i], is == -1 ? "unreadable" : is ?
			    "encrypted" : "not encrypted");
	}
	n = files.n;
	paths_free(&files);
	if (want && n == 0)
		fail(r, "no file to look at: %.180s", pattern);
	else if (bad > 0)
		fail(r, "%zu of %zu files %s", bad, n, want ?
		    "not encrypted" : "encrypted");
	else
		show_text(&r->show, false, "[%s] %zu files %s", s->name, n,
		    want ? "encrypted" : "not encrypted");
	free(pattern);
	return bad > 0 || (want && n == 0) ? -1 : 0;
}

static int	(*const doing[])(struct run *, const struct step *) = {
	[STEP_RUN] = do_run, [STEP_PARALLEL] = do_parallel,
	[STEP_WAIT_FOR] = do_wait_for,
	[STEP_WAIT_BACKGROUND] = do_wait_background,
	[STEP_ENCRYPTED] = do_encryption,
	[STEP_NOT_ENCRYPTED] = do_encryption,
};

/* Results */

static json_t *
entry(const struct step *s, const char *result)
{
	json_t	*e = json_pack("{s:s, s:s, s:I, s:s}", "name", s->name,
	    "kind", step_kind_name(s->kind), "line", (json_int_t)s->line,
	    "result", result);

	if (e == NULL)
		fatalx("run: %s: not a text of UTF-8", s->name);
	if (s->datasite != NULL)
		json_object_set_new(e, "datasite", json_string(s->datasite));
	return e;
}

static void
set_why(json_t *e, const char *why)
{
	/* May have been cut inside a character, or come from a command. */
	json_t	*text = json_string(why);

	json_object_set_new(e, "why", text != NULL ? text :
	    json_string("not a text of UTF-8"));
}

static const char *
result_of(const struct job *j)
{
	return j->state == JOB_PASSED ? "passed" :
	    j->why[0] != '\0' ? "failed" : "ended";
}

/* The jobs of a parallel step, from the first on. */
static void
put_children(const struct run *r, json_t *e, size_t first)
{
	json_t	*list = json_array(), *c;

	for (size_t i = first; i < r->njobs; i++) {
		const struct job	*j = r->job[i];

		c = entry(j->step, result_of(j));
		json_object_set_new(c, "seconds", json_real(seconds(
		    j->state == JOB_RUNNING ? clock_now() - j->since :
		    j->took)));
		if (j->why[0] != '\0')
			set_why(c, j->why);
		json_array_append_new(list, c);
	}
	json_object_set_new(e, "children", list);
}

static void
put_result(const struct run *r, const struct step *s, int rc, size_t first)
{
	json_t	*e = entry(s, rc == 0 ? "passed" : "failed");

	json_object_set_new(e, "seconds", json_real(seconds(clock_now() -
	    r->since)));
	if (rc == -1)
		set_why(e, r->why);
	if (s->kind == STEP_PARALLEL)
		put_children(r, e, first);
	json_array_append_new(r->conf->steps, e);
}

static int
do_step(struct run *r)
{
	const struct step	*s = step_of(r);
	size_t			 first = r->njobs;
	int			 rc;

	show_text(&r->show, false, "=== %s ===", s->name);
	r->since = clock_now();
	r->why[0] = '\0';
	rc = doing[s->kind](r, s);
	show_status(&r->show, "");
	put_result(r, s, rc, first);
	if (rc == 0) {
		show_text(&r->show, false, "--- %s: %s%.3f s", s->name,
		    s->background ? "started after " : "",
		    seconds(clock_now() - r->since));
		return 0;
	}
	show_text(&r->show, true, "hotlink run: step %zu (%s, line %zu) failed "
	    "after %.3f s: %s", r->at + 1, s->name, s->line,
	    seconds(clock_now() - r->since), r->why);
	return -1;
}

/* What failed behind our back, in the background, and nobody waited for. */
static int
check_background(struct run *r)
{
	for (size_t i = 0; i < r->njobs; i++) {
		struct job	*j = r->job[i];

		if (!j->step->background || j->awaited ||
		    j->state != JOB_FAILED)
			continue;
		show_tail(r, j);
		show_text(&r->show, true, "hotlink run: %s (line %zu) failed "
		    "in the background after %.3f s: %s", j->step->name,
		    j->step->line, seconds(j->took), j->why);
		return -1;
	}
	return 0;
}

static void
release(struct run *r)
{
	r->set = r->job;
	r->nset = r->njobs;
	r->at = r->plan->n > 0 ? r->plan->n - 1 : 0;
	if (r->nset > 0)
		end_groups(r);
	show_status(&r->show, "");
	for (size_t i = 0; i < r->njobs; i++)
		job_free(r->job[i]);
	free(r->job);
	loop_free(r->loop);
}

int
scenario_run(const struct run_conf *conf, const struct plan *plan)
{
	struct run	 r = { .conf = conf, .plan = plan };
	int		 rc = 0;

	r.loop = loop_new();
	if (r.loop == NULL)
		fatal("run");
	process_adopt();
	show_init(&r.show);
	for (r.at = 0; rc == 0 && r.at < plan->n; r.at++)
		rc = do_step(&r);
	for (size_t i = r.at; i < plan->n; i++)
		json_array_append_new(conf->steps, entry(plan->v[i],
		    "not run"));
	if (rc == 0)
		rc = check_background(&r);
	release(&r);
	return rc;
}
