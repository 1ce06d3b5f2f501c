#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "flow/progress.h"
#include "flow/spec.h"

static const struct {
	const char		*word;
	enum progress_status	 is;
} words[] = {
	/* the first of each is what is written */
	{ "pending", PROGRESS_PENDING },
	{ "waiting", PROGRESS_WAITING },
	{ "ready", PROGRESS_READY },
	{ "in_progress", PROGRESS_RUNNING },
	{ "sharing", PROGRESS_SHARING },
	{ "completed", PROGRESS_COMPLETED },
	{ "shared", PROGRESS_SHARED },
	{ "failed", PROGRESS_FAILED },
	{ "waitingforinputs", PROGRESS_WAITING },
	{ "waiting_for_inputs", PROGRESS_WAITING },
	{ "running", PROGRESS_RUNNING },
	{ "in-progress", PROGRESS_RUNNING },
	{ "started", PROGRESS_RUNNING },
	{ "complete", PROGRESS_COMPLETED },
	{ "success", PROGRESS_COMPLETED },
	{ "succeeded", PROGRESS_COMPLETED },
	{ "done", PROGRESS_COMPLETED },
	{ "error", PROGRESS_FAILED },
};

const char *
progress_name(enum progress_status is)
{
	return words[is].word;
}

enum progress_status
progress_of(const char *word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i].word, word) == 0)
			return words[i].is;
	return PROGRESS_PENDING;
}

static bool
put(json_t *o, const char *key, const char *text)
{
	return json_object_set_new(o, key, json_string(text)) == 0;
}

json_t *
progress_new(const char *datasite, const char *flow, const char *run,
    const char *time)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:{}}", "datasite", datasite,
	    "flow_name", flow, "run_id", run, "started_at", time, "steps");
}

/* The step's own map, made if it is not there. */
static json_t *
step_map(json_t *state, const char *step)
{
	json_t	*steps = json_object_get(state, "steps"),
		*s = json_object_get(steps, step);

	if (s != NULL)
		return s;
	json_object_set_new(steps, step, json_object());
	return json_object_get(steps, step);
}

bool
progress_set(json_t *state, const char *step, enum progress_status is,
    const char *error, const char *time)
{
	json_t	*s = step_map(state, step);

	if (s == NULL || !put(s, "status", progress_name(is)))
		return false;
	if (is == PROGRESS_RUNNING)
		return put(s, "started_at", time) &&
		    put(state, "current_step", step);
	json_object_del(state, "current_step");
	return put(s, "completed_at", time) &&
	    (error == NULL || put(s, "error", error));
}

bool
progress_end(json_t *state, const char *time)
{
	return put(state, "completed_at", time);
}

char *
progress_state_text(const json_t *state)
{
	return json_dumps(state, JSON_INDENT(2));
}

/* Takes the object. */
static char *
one_line(json_t *o)
{
	char	*text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	return text;
}

char *
progress_step_text(const char *step, const char *role,
    enum progress_status is, const char *time)
{
	return one_line(json_pack("{s:s, s:s, s:s, s:s}", "step_id", step,
	    "role", role, "status", progress_name(is), "timestamp", time));
}

char *
progress_line(const char *event, const char *step, const char *role,
    const char *message, const char *time)
{
	return one_line(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}",
	    "timestamp", time, "event", event, "step", step, "step_id", step,
	    "role", role, "message", message));
}

static const char *
text_of(const json_t *o, const char *key)
{
	const char	*s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

/* A map of maps; nothing is none. */
static bool
steps_valid(const json_t *steps)
{
	json_t		*s;
	const char	*id;

	if (!json_is_object(steps) || json_object_size(steps) > SPEC_STEPS)
		return false;
	json_object_foreach((json_t *)(uintptr_t)steps, id, s)
		if (!json_is_object(s))
			return false;
	return true;
}

json_t *
progress_parse(const char *text, size_t n)
{
	json_t	*o;

	if (n > PROGRESS_FILE_MAX)
		return NULL;
	o = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(o) && json_object_get(o, "steps") == NULL)
		json_object_set_new(o, "steps", json_object());
	if (json_is_object(o) && steps_valid(json_object_get(o, "steps")))
		return o;
	json_decref(o);
	return NULL;
}

bool
progress_merge(json_t *state, const char *text, size_t n)
{
	json_t		*o, *s;
	const char	*id;
	bool		 good = false;

	if (n > PROGRESS_FILE_MAX)
		return false;
	o = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	id = text_of(o, "step_id");
	if (*id != '\0' && *text_of(o, "status") != '\0' && (json_object_size(
	    json_object_get(state, "steps")) < SPEC_STEPS ||
	    json_object_get(json_object_get(state, "steps"), id) != NULL)) {
		s = step_map(state, id);
		good = s != NULL;
		if (good && progress_of(text_of(o, "status")) >=
		    progress_step(state, id))
			good = put(s, "status", text_of(o, "status"));
	}
	json_decref(o);
	return good;
}

enum progress_status
progress_step(const json_t *state, const char *step)
{
	const json_t	*s = json_object_get(json_object_get(state, "steps"),
			    step);

	return progress_of(text_of(s, "status"));
}

const char *
progress_run(const json_t *state)
{
	return text_of(state, "run_id");
}

const char *
progress_failed(const json_t *state, const char **error)
{
	json_t		*steps = json_object_get(state, "steps"), *s;
	const char	*id;

	json_object_foreach(steps, id, s)
		if (progress_step(state, id) == PROGRESS_FAILED) {
			*error = text_of(s, "error");
			return id;
		}
	return NULL;
}

const char *
progress_current(const json_t *state)
{
	const char	*id = text_of(state, "current_step");

	return *id != '\0' ? id : NULL;
}

bool
progress_over(const json_t *state)
{
	return *text_of(state, "completed_at") != '\0';
}
