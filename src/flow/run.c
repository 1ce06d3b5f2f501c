/*
 * As in a scenario, each wait is one turning of the loop: until what is waited
 * for is so. In every turn we show that we live, and look who else does.
 */
#include <sys/stat.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "flow/files.h"
#include "flow/progress.h"
#include "flow/run.h"
#include "net/clock.h"
#include "net/file.h"
#include "net/listening.h"
#include "net/notify.h"
#include "rpc/when.h"
#include "scenario/env.h"
#include "scenario/job.h"

enum {
	SOON = 10 * MS,		/* events are taken together */
	EVERY = 1 * SEC,	/* what they missed is looked for */
	GRACE = 500 * MS,	/* between SIGTERM and SIGKILL */
	LAST = 2 * SEC,
	BURY = 20 * MS,
	GATE = 250 * MS,	/* is the agent there? */
};

/* What the agent of this party carried, as it last said. */
struct count {
	bool		 known;
	long long	 sent, received;
};

struct run {
	const struct flow_run	*conf;
	const struct place	*place;
	const struct spec	*flow;
	const char		*me, *role;
	struct peers		 peers;
	json_t			*state;
	struct loop		*loop;
	struct notify		*notify;
	struct show		 show;
	uint64_t		 beat;		/* when the next is due */
	unsigned long		 beats;
	bool			 changed;	/* files of others may have */
	uint64_t		 end;		/* of the whole run */
	int			 signal;

	const struct task	*task;		/* that goes on */
	struct job		*job;
	bool			(*over)(struct run *, uint64_t now);
	uint64_t		 until;
	struct count		 since;		/* at the step's start */
	char			 why[RUN_WHY];	/* it failed */
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

static const char *
now_text(char buf[WHEN_TEXT])
{
	when_text(clock_unix_ms(), "Z", buf);
	return buf;
}

/* Our own progress */

static int
put_progress(struct run *r, const char *name, const char *text)
{
	char	 path[PATH_MAX];

	errno = ENAMETOOLONG;
	if (text != NULL && place_shared(r->place, r->place->me, "_progress",
	    name, path) && file_write(path, text, strlen(text), 0644) == 0)
		return 0;
	return fail(r, "_progress/%s cannot be written: %s", name,
	    strerror(errno));
}

static int
put_state(struct run *r)
{
	char	*text = progress_state_text(r->state);
	int	 rc = put_progress(r, "state.json", text);

	free(text);
	return rc;
}

static void
put_beat(struct run *r, uint64_t now)
{
	char	 text[96];

	snprintf(text, sizeof(text), "{\"beat\":%lu,\"pid\":%ld}\n",
	    ++r->beats, (long)getpid());
	if (put_progress(r, "heartbeat.json", text) == -1)
		log_warnx("flow: %s", r->why);
	r->beat = now + PEERS_BEAT_MS * MS;
}

static void
append(struct run *r, const char *name, const char *line)
{
	char	 path[PATH_MAX];
	FILE	*f;

	if (!place_shared(r->place, r->place->me, "_progress", name, path) ||
	    (f = fopen(path, "ae")) == NULL)
		return;
	fprintf(f, "%s\n", line);
	fclose(f);
}

static void
put_event(struct run *r, const char *event, const char *message)
{
	const char	*step = r->task != NULL ? r->task->step->id : "";
	char		 time[WHEN_TEXT], *line;

	line = progress_line(event, step, r->role, message, now_text(time));
	if (line != NULL) {
		append(r, "progress.json", line);
		append(r, "log.jsonl", line);
	}
	free(line);
}

/* The state last: who sees it finds the rest. */
static int
put_status(struct run *r, enum progress_status is, const char *error)
{
	const char	*step = r->task->step->id;
	char		 time[WHEN_TEXT], name[320], *text;
	int		 rc = 0;

	now_text(time);
	if (!progress_set(r->state, step, is, error, time))
		return fail(r, "out of memory");
	if (place_name(r->role)) {
		snprintf(name, sizeof(name), "%.128s_%.128s.json", r->role,
		    step);
		text = progress_step_text(step, r->role, is, time);
		rc = put_progress(r, name, text);
		free(text);
	}
	return rc == 0 ? put_state(r) : rc;
}

/* That of the others */

static char *
read_of(struct run *r, size_t who, const char *name, size_t *n)
{
	char	 path[PATH_MAX];

	if (!place_shared(r->place, who, "_progress", name, path))
		return NULL;
	return file_read(path, PROGRESS_FILE_MAX, n);
}

/* Of who writes no state. */
static void
read_steps(struct run *r, size_t who)
{
	const char	*role = r->place->map->people[who].role;
	char		 name[320], *text;
	size_t		 n;

	for (size_t i = 0; place_name(role) && i < r->flow->nsteps; i++) {
		snprintf(name, sizeof(name), "%.128s_%.128s.json", role,
		    r->flow->step[i].id);
		text = read_of(r, who, name, &n);
		if (text != NULL)
			peers_step(&r->peers, who, text, n);
		free(text);
	}
}

static void
read_peer(struct run *r, size_t who, uint64_t now)
{
	char	 dir[PATH_MAX], *text;
	size_t	 n;

	if (place_shared(r->place, who, "_progress", "", dir)) {
		dir[strlen(dir) - 1] = '\0';
		notify_add(r->notify, dir);
	}
	text = read_of(r, who, "state.json", &n);
	if (text != NULL)
		peers_state(&r->peers, who, text, n);
	else
		read_steps(r, who);
	free(text);
	text = read_of(r, who, "heartbeat.json", &n);
	if (text != NULL)
		peers_beat(&r->peers, who, text, n, now);
	free(text);
}

static void
on_change(void *arg, uint64_t now)
{
	struct run	*r = arg;

	(void)now;
	r->changed = true;
}

/* Waiting */

static uint64_t
on_turn(void *arg, uint64_t now)
{
	struct run	*r = arg;
	uint64_t	 next;

	if (now >= r->beat)
		put_beat(r, now);
	if (r->changed)
		for (size_t i = 0; i < r->place->map->npeople; i++)
			if (i != r->place->me)
				read_peer(r, i, now);
	r->changed = false;
	next = earlier(r->until, r->end);
	if (now >= next || r->over(r, now) ||
	    peers_lost(&r->peers, now, r->why) != MAP_NOBODY)
		loop_stop(r->loop);
	if (r->job != NULL)
		next = earlier(next, r->job->until);
	return earlier(earlier(next, r->beat), peers_deadline(&r->peers));
}

/*
 * 0: it is so. -1: somebody is lost, a signal came, or the time is up; what
 * says what for.
 */
static int
await(struct run *r, bool (*over)(struct run *, uint64_t), uint64_t until,
    const char *what)
{
	uint64_t	 now = clock_now();

	r->over = over;
	r->until = until;
	r->changed = true;
	loop_on_turn(r->loop, on_turn, r);
	r->signal = loop_run(r->loop);
	if (r->signal != 0)
		return fail(r, "interrupted by signal %d", r->signal);
	if (over(r, clock_now()))
		return 0;
	if (peers_lost(&r->peers, clock_now(), r->why) != MAP_NOBODY)
		return -1;
	return fail(r, "%s after %.3g s%s", what,
	    (double)(clock_now() - now) / SEC,
	    clock_now() >= r->end ? ": the time of the run is up" : "");
}

/* Those whose parts are missing for the task. */
static people
missing(const struct run *r, size_t i)
{
	const struct task_wait	*w = &r->task->wait[i];

	return w->who & ~peers_done(&r->peers, w->who, w->step);
}

static const char *
missing_file(const struct run *r)
{
	const char	*path;
	struct stat	 st;

	for (size_t i = 0; i < json_array_size(r->task->files); i++) {
		path = json_string_value(json_array_get(r->task->files, i));
		if (stat(path, &st) == -1)
			return path;
	}
	return NULL;
}

static void
watch_files(struct run *r)
{
	const char	*path;
	char		 dir[PATH_MAX];

	for (size_t i = 0; i < json_array_size(r->task->files); i++) {
		path = json_string_value(json_array_get(r->task->files, i));
		snprintf(dir, sizeof(dir), "%.*s",
		    (int)(strrchr(path, '/') - path), path);
		notify_add(r->notify, dir);
	}
}

static bool
inputs_there(struct run *r, uint64_t now)
{
	(void)now;
	for (size_t i = 0; i < r->task->nwaits; i++)
		if (missing(r, i) != 0)
			return false;
	if (missing_file(r) == NULL)
		return true;
	watch_files(r);
	return false;
}

/* "step 'x' of a@x, b@x, ..." that did not come. */
static void
say_missing(const struct run *r, char *to, size_t cap)
{
	size_t	 n = (size_t)snprintf(to, cap, "still waiting for");
	people	 set;

	for (size_t i = 0; i < r->task->nwaits; i++) {
		set = missing(r, i);
		if (set != 0 && n < cap)
			n += (size_t)snprintf(to + n, cap - n, " step '%s' of",
			    r->task->wait[i].step);
		for (size_t k = 0; k < r->place->map->npeople; k++)
			if ((set >> k & 1) != 0 && n < cap)
				n += (size_t)snprintf(to + n, cap - n, " %s",
				    r->place->map->people[k].email);
	}
	if (missing_file(r) != NULL && n < cap)
		snprintf(to + n, cap - n, " file %.300s", missing_file(r));
}

static int
await_inputs(struct run *r)
{
	uint64_t	 limit = r->task->step->barrier ? r->task->timeout :
			    NEVER;
	char		 what[RUN_WHY / 2], why[RUN_WHY];
	int		 rc;

	rc = await(r, inputs_there, limit == NEVER ? NEVER :
	    clock_now() + limit, "");
	if (rc == 0 || r->signal != 0 ||
	    peers_lost(&r->peers, clock_now(), why) != MAP_NOBODY)
		return rc;
	say_missing(r, what, sizeof(what));
	memcpy(why, r->why, sizeof(why));
	return fail(r, "%s%.1000s", what, why);
}

static bool
agent_there(struct run *r, uint64_t now)
{
	unsigned	 n = (unsigned)r->place->map->npeople,
			 me = (unsigned)place_number(r->place, r->place->me);

	(void)now;
	r->beat = earlier(r->beat, clock_now() + GATE);
	for (unsigned j = 0; j < n; j++)
		if (j != me && !listening_on((uint16_t)ports_listen(
		    r->conf->base, me, j, n)))
			return false;
	return true;
}

static struct count
count(const struct run *r)
{
	char		 path[PATH_MAX], *text;
	struct count	 c = { .known = false };
	size_t		 n;
	json_t		*o;

	if ((size_t)snprintf(path, sizeof(path), "%s/datasites/%s/.syftbox/"
	    "hotlink_telemetry.json", r->place->data, r->me) >= sizeof(path) ||
	    (text = file_read(path, PROGRESS_FILE_MAX, &n)) == NULL)
		return c;
	o = json_loadb(text, n, 0, NULL);
	c.known = json_is_integer(json_object_get(o, "tx_bytes"));
	c.sent = json_integer_value(json_object_get(o, "tx_bytes"));
	c.received = json_integer_value(json_object_get(o, "rx_bytes"));
	json_decref(o);
	free(text);
	return c;
}

/* After how much of its work over the links a step failed. */
static void
add_count(struct run *r)
{
	struct count	 c = count(r);
	size_t		 n = strlen(r->why);

	if (r->task->linked && r->since.known && c.known)
		snprintf(r->why + n, sizeof(r->why) - n, ", after %lld bytes "
		    "sent and %lld received", c.sent - r->since.sent,
		    c.received - r->since.received);
}

/* A step's program */

static bool
ended(struct run *r, uint64_t now)
{
	if (r->job->state == JOB_RUNNING && now >= r->job->until)
		job_fail(r->job, "no end in time, killed");
	return r->job->state != JOB_RUNNING;
}

static uint64_t
on_burial(void *arg, uint64_t now)
{
	struct run	*r = arg;

	if (!process_left(&r->job->process) || now >= r->until)
		loop_stop(r->loop);
	return earlier(r->until, now + BURY);
}

static void
end_group(struct run *r)
{
	static const struct {
		int		 signal;
		uint64_t	 time;
	} how[] = { { SIGTERM, GRACE }, { SIGKILL, LAST } };

	for (size_t i = 0; i < 2; i++) {
		if (!process_left(&r->job->process))
			return;
		process_signal(&r->job->process, how[i].signal);
		r->until = clock_now() + how[i].time;
		loop_on_turn(r->loop, on_burial, r);
		loop_run(r->loop);
	}
	if (process_left(&r->job->process))
		show_text(&r->show, true, "hotlink flow run: a process does "
		    "not end by SIGKILL");
}

static void
put_upper(struct environ *e, const char *prefix, const char *name,
    const char *value)
{
	char	 full[160];
	size_t	 n;

	n = (size_t)snprintf(full, sizeof(full), "%s%.128s", prefix, name);
	for (size_t i = strlen(prefix); i < n; i++)
		full[i] = (char)(full[i] >= 'a' && full[i] <= 'z' ?
		    full[i] - 32 : (full[i] >= 'A' && full[i] <= 'Z') ||
		    (full[i] >= '0' && full[i] <= '9') ? full[i] : '_');
	environ_put(e, full, value);
}

static void
put_number(struct environ *e, const char *name, size_t v)
{
	char	 text[24];

	snprintf(text, sizeof(text), "%zu", v);
	environ_put(e, name, text);
}

static void
put_bindings(struct environ *e, const struct task *t)
{
	const char	*name, *s;
	json_t		*v;
	char		*length;
	size_t		 n;

	json_object_foreach(t->in, name, v) {
		s = json_string_value(v);
		put_upper(e, "BV_INPUT_", name, s);
		put_upper(e, "SEQURE_INPUT_", name, s);
		if (strcmp(name, "array_length") != 0)
			continue;
		length = file_read(s, 64, &n);
		if (length != NULL)
			length[strcspn(length, " \t\r\n")] = '\0';
		environ_put(e, "SEQURE_ARRAY_LENGTH", length != NULL ?
		    length : s);
		free(length);
	}
	json_object_foreach(t->out, name, v) {
		put_upper(e, "BV_OUTPUT_", name, json_string_value(v));
		put_upper(e, "SEQURE_OUTPUT_", name, json_string_value(v));
	}
}

static void
put_sequre(const struct run *r, struct environ *e)
{
	size_t		 n = r->place->map->npeople,
			 me = place_number(r->place, r->place->me);
	unsigned	 base = ports_party(r->conf->base, (unsigned)me);
	char		 path[PATH_MAX], ips[MAP_PEOPLE * 10 + 1] = "";
	char		*emails = place_emails(r->place);

	for (size_t i = 0; i < n; i++)
		strcat(strcat(ips, i > 0 ? "," : ""), "127.0.0.1");
	environ_put(e, "SEQURE_TRANSPORT", "tcp");
	environ_put(e, "SEQURE_TCP_PROXY", "1");
	environ_put(e, "SEQURE_CP_IPS", ips);
	put_number(e, "SEQURE_COMMUNICATION_PORT", base);
	put_number(e, "SEQURE_DATA_SHARING_PORT", base + PORTS_RESERVED);
	put_number(e, "SEQURE_CP_COUNT", n);
	environ_put(e, "SEQURE_PARTY_EMAILS", emails != NULL ? emails : "");
	environ_put(e, "SEQURE_LOCAL_EMAIL", r->me);
	if (place_shared(r->place, r->place->me, "_mpc", "", path))
		environ_put(e, "SEQURE_FILE_DIR", path);
	snprintf(path, sizeof(path), "%.4000s/datasites", r->place->data);
	environ_put(e, "SEQURE_DATASITES_ROOT", path);
	environ_put(e, "SEQURE_FILE_POLL_MS", "50");
	environ_put(e, "SEQURE_FILE_KEEP", "1");
	environ_put(e, "SEQURE_FILE_DEBUG", "1");
	put_number(e, "BV_SYQURE_PORT_BASE", r->conf->base);
	free(emails);
}

static void
make_env(const struct run *r, struct environ *e, const char *results)
{
	char	*emails = place_emails(r->place);

	environ_init(e);
	environ_put(e, "BV_STEP_ID", r->task->step->id);
	environ_put(e, "BV_DATASITES", emails != NULL ? emails : "");
	environ_put(e, "BV_CURRENT_DATASITE", r->me);
	put_number(e, "BV_DATASITE_INDEX", place_number(r->place,
	    r->place->me));
	environ_put(e, "BV_RESULTS_DIR", results);
	environ_put(e, "BV_FLOW_NAME", r->flow->name);
	environ_put(e, "BIOVAULT_FLOW_RUN_ID", r->place->run);
	environ_put(e, "SYFTBOX_EMAIL", r->me);
	environ_put(e, "SYFTBOX_DATA_DIR", r->place->data);
	put_bindings(e, r->task);
	if (r->task->linked)
		put_sequre(r, e);
	free(emails);
}

/* Its directory, without what an earlier run left; and its lists. */
static int
prepare(struct run *r, char *results)
{
	const char	*path;
	json_t		*v;

	if (!place_result(r->place, r->task->step->id, "", results) ||
	    file_make_parents(results) == -1)
		return fail(r, "%s: %s", results, strerror(errno));
	json_object_foreach(r->task->out, path, v)
		unlink(json_string_value(v));
	json_object_foreach(r->task->lists, path, v)
		if (file_write(path, json_string_value(v),
		    json_string_length(v), 0600) == -1)
			return fail(r, "%s: %s", path, strerror(errno));
	return 0;
}

static void
show_tail(struct run *r)
{
	const char	*line;

	if (r->job->ntail > 0)
		show_text(&r->show, true, "hotlink flow run: the last lines "
		    "of %s:", r->task->step->id);
	for (size_t i = 0; (line = job_tail(r->job, i)) != NULL; i++)
		show_text(&r->show, true, "  | %s", line);
}

static int
run_program(struct run *r)
{
	struct step	 step = { .kind = STEP_RUN, .errexit = true };
	char		 results[PATH_MAX], why[JOB_WHY];
	struct environ	 env;
	int		 rc;

	if (prepare(r, results) == -1)
		return -1;
	step.name = (char *)(uintptr_t)r->task->step->id;
	step.timeout = r->task->timeout;
	make_env(r, &env, results);
	r->job = job_start(&step, r->task->command, NULL, env.v, results,
	    r->loop, &r->show, why);
	environ_free(&env);
	if (r->job == NULL)
		return fail(r, "%s", why);
	rc = await(r, ended, NEVER, "no end");
	if (rc == 0 && r->job->state == JOB_FAILED)
		rc = fail(r, "%s", r->job->why);
	end_group(r);
	if (rc == -1)
		show_tail(r);
	job_free(r->job);
	r->job = NULL;
	return rc;
}

static int
check_outputs(struct run *r)
{
	const char	*name;
	struct stat	 st;
	json_t		*v;

	json_object_foreach(r->task->out, name, v)
		if (stat(json_string_value(v), &st) == -1)
			return fail(r, "did not write its output '%s': %s",
			    name, json_string_value(v));
	return 0;
}

static int
do_step(struct run *r)
{
	char	 path[PATH_MAX];

	if (await_inputs(r) == -1)
		return -1;
	if (r->task->step->barrier)
		return 0;
	if (r->task->linked && await(r, agent_there, clock_now() +
	    r->conf->gate, "no agent listens on this party's ports (hotlink "
	    "agent; hotlink flow audit says which)") == -1)
		return -1;
	r->since = count(r);
	if (run_program(r) == -1 || check_outputs(r) == -1)
		return -1;
	if (files_share(r->place, r->conf->task, r->flow->nsteps, r->task,
	    path) == -1)
		return fail(r, "%s: %s", path, strerror(errno));
	return 0;
}

/* What failed here is told to the others; output of programs is not. */
static int
blame(struct run *r)
{
	char	 why[RUN_WHY];

	add_count(r);
	memcpy(why, r->why, sizeof(why));
	put_status(r, PROGRESS_FAILED, why);
	put_event(r, "step_failed", why);
	show_text(&r->show, true, "hotlink flow run: step '%s' of %s: %s",
	    r->task->step->id, r->me, why);
	return -1;
}

static int
take_step(struct run *r, const struct task *t)
{
	uint64_t	 since = clock_now();

	r->task = t;
	r->since.known = false;
	if (put_status(r, PROGRESS_RUNNING, NULL) == -1)
		return blame(r);
	put_event(r, "step_started", "");
	show_text(&r->show, false, "=== %s ===", t->step->id);
	if (do_step(r) == -1 || put_status(r, PROGRESS_COMPLETED, NULL) == -1)
		return blame(r);
	put_event(r, t->step->barrier ? "barrier_completed" :
	    "step_completed", "");
	if (t->nshares > 0)
		put_event(r, "step_shared", "");
	show_text(&r->show, false, "%s: %.3f s", t->step->id,
	    (double)(clock_now() - since) / SEC);
	if (t->runtime == RUNTIME_SYQURE)
		show_text(&r->show, false, "Syqure step duration: %.3fs",
		    (double)(clock_now() - since) / SEC);
	return 0;
}

/* Every step once, when those of ours that it needs are over. */
static int
take_steps(struct run *r)
{
	bool	 over[SPEC_STEPS] = { false }, more = true, ready;

	while (more) {
		more = false;
		for (size_t i = 0; i < r->flow->nsteps; i++) {
			const struct names	*n = &r->flow->step[i].needs;

			ready = !over[i];
			for (size_t k = 0; ready && k < r->flow->nsteps; k++)
				ready = over[k] || !names_have(n,
				    r->flow->step[k].id);
			if (!ready)
				continue;
			if (r->conf->task[i].mine &&
			    take_step(r, &r->conf->task[i]) == -1)
				return -1;
			over[i] = more = true;
			break;
		}
	}
	return 0;
}

static int
begin(struct run *r)
{
	char	 path[PATH_MAX], time[WHEN_TEXT];
	bool	 linked = false;

	r->state = progress_new(r->me, r->flow->name, r->place->run,
	    now_text(time));
	if (r->state == NULL)
		return fail(r, "out of memory");
	if (files_progress(r->place, path) == -1)
		return fail(r, "%s: %s", path, strerror(errno));
	for (size_t i = 0; i < r->flow->nsteps; i++)
		linked |= r->conf->task[i].linked;
	if (linked && files_markers(r->place, r->conf->base, path) == -1)
		return fail(r, "%s: %s", path, strerror(errno));
	put_event(r, "joined", "");
	put_beat(r, clock_now());
	return put_state(r);
}

static int
run_all(struct run *r)
{
	char	 time[WHEN_TEXT];

	if (begin(r) == -1) {
		show_text(&r->show, true, "hotlink flow run: %s", r->why);
		return -1;
	}
	if (take_steps(r) == -1)
		return -1;
	progress_end(r->state, now_text(time));
	if (put_state(r) == 0)
		return 0;
	show_text(&r->show, true, "hotlink flow run: %s", r->why);
	return -1;
}

int
flow_run(const struct flow_run *conf)
{
	const struct map	*m = conf->place->map;
	struct run		 r = { .conf = conf, .place = conf->place };
	int			 rc;

	r.flow = m->flow;
	r.me = m->people[conf->place->me].email;
	r.role = m->people[conf->place->me].role;
	peers_init(&r.peers, conf->place->run, conf->silence, m->people,
	    m->npeople, conf->place->me);
	show_init(&r.show);
	r.end = clock_now() + conf->timeout;
	r.loop = loop_new();
	if (r.loop == NULL || (r.notify = notify_new(r.loop, SOON, EVERY,
	    on_change, &r, clock_now())) == NULL)
		fatal("flow run");
	process_adopt();
	rc = run_all(&r);
	notify_free(r.notify);
	loop_free(r.loop);
	peers_free(&r.peers);
	json_decref(r.state);
	return rc;
}
