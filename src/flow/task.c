#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/time.h"
#include "flow/task.h"
#include "net/file.h"
#include "syft/acl.h"

/* One task while it is made. */
struct make {
	struct task		*t;
	const struct place	*p;
	const char		*self;
	unsigned		 base;
	struct findings		*to;
};

__attribute__((__format__(__printf__, 2, 3))) static void
problem(const struct make *m, const char *fmt, ...)
{
	char	 line[2048];
	va_list	 ap;
	int	 n;

	n = snprintf(line, sizeof(line), "step '%.200s': ", m->t->step->id);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	findings_add(m->to, false, line);
}

static const char *
text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static people
bit(size_t i)
{
	return (people)1 << i;
}

static people
targets(const struct map *m, const struct spec_step *s)
{
	people	 set = check_targets(m, s);

	return set != 0 || s->targets.n > 0 ? set : bit(m->npeople) - 1;
}

static void
add_wait(const struct make *m, const char *step, people who)
{
	struct task	*t = m->t;
	size_t		 i = 0;

	while (i < t->nwaits && strcmp(t->wait[i].step, step) != 0)
		i++;
	if (i == TASK_WAITS) {
		problem(m, "waits for more than %d steps", TASK_WAITS);
		return;
	}
	if (i == t->nwaits)
		t->wait[t->nwaits++] = (struct task_wait){ step, 0 };
	t->wait[i].who |= who & ~bit(m->p->me);
}

static const struct spec_step *
find_step(const struct spec *f, const char *id, size_t n)
{
	for (size_t i = 0; i < f->nsteps; i++)
		if (strlen(f->step[i].id) == n &&
		    memcmp(f->step[i].id, id, n) == 0)
			return &f->step[i];
	return NULL;
}

/* Outputs of a step: a map of names to paths, or a list of name and path. */
static const char *
output_file(const json_t *outputs, const char *name)
{
	const json_t	*v = json_object_get(outputs, name);

	for (size_t i = 0; v == NULL && i < json_array_size(outputs); i++) {
		v = json_array_get(outputs, i);
		if (text_of(v, "name") == NULL ||
		    strcmp(text_of(v, "name"), name) != 0)
			v = NULL;
	}
	if (json_is_string(v))
		return json_string_value(v);
	return text_of(v, "path") != NULL ? text_of(v, "path") : name;
}

static json_t *
read_module_file(const struct make *m, const char *path)
{
	struct tree_error	 e;
	char			 file[PATH_MAX];
	size_t			 n;
	char			*text;
	json_t			*tree;

	snprintf(file, sizeof(file), "%s%s%s/module.yaml", *path == '/' ? "" :
	    m->p->flow_dir, *path == '/' ? "" : "/", path);
	text = file_read(file, SPEC_FILE_MAX, &n);
	if (text == NULL) {
		problem(m, "%s: %s", file, strerror(errno));
		return NULL;
	}
	tree = tree_read(text, n, &e);
	free(text);
	if (tree == NULL)
		problem(m, "%s:%zu:%zu: %s", file, e.line, e.column, e.why);
	return tree;
}

/* Its own, with what its file says added; owned by the caller. */
static json_t *
read_module(const struct make *m, const struct spec_step *s)
{
	json_t		*own, *file, *inner, *all;
	const char	*path;

	if (s->uses == NULL)
		return NULL;
	own = json_object_get(json_object_get(m->p->map->flow->spec,
	    "modules"), s->uses);
	all = json_is_object(own) ? json_copy(own) : json_object();
	path = text_of(json_object_get(own, "source"), "path");
	if (json_object_get(own, "runner") != NULL || path == NULL)
		return all;
	file = read_module_file(m, path);
	inner = json_object_get(file, "spec");
	json_object_update_missing(all, json_is_object(inner) ? inner : file);
	json_decref(file);
	return all;
}

static const json_t *
outputs_of(const json_t *module)
{
	const json_t	*o = json_object_get(module, "outputs");

	return o != NULL ? o : json_object_get(json_object_get(module,
	    "interface"), "outputs");
}

/* My file of that output of a step. */
static bool
output_path(const struct make *m, const struct spec_step *s, const char *name,
    char *to)
{
	json_t		*module = s == m->t->step ? json_incref(m->t->module) :
			    read_module(m, s);
	const json_t	*o = json_object_get(s->json, "outputs");
	const char	*file;
	bool		 good;

	file = output_file(o != NULL ? o : outputs_of(module), name);
	good = place_name(file) && place_result(m->p, s->id, file, to);
	if (!good)
		problem(m, "output '%.100s': not the name of a file: %.200s",
		    name, file);
	json_decref(module);
	return good;
}

static void
put_text(json_t *o, const char *name, const char *text)
{
	json_object_set_new(o, name, json_string(text));
}

static void
add_output(const struct make *m, const char *name)
{
	char	 path[PATH_MAX];

	if (json_object_get(m->t->out, name) == NULL &&
	    output_path(m, m->t->step, name, path))
		put_text(m->t->out, name, path);
}

static void
add_outputs(const struct make *m)
{
	json_t		*o = json_object_get(m->t->step->json, "outputs"), *v;
	const char	*name;

	if (o == NULL)
		o = (json_t *)(uintptr_t)outputs_of(m->t->module);
	json_object_foreach(o, name, v)
		add_output(m, name);
	for (size_t i = 0; i < json_array_size(o); i++)
		if (text_of(json_array_get(o, i), "name") != NULL)
			add_output(m, text_of(json_array_get(o, i), "name"));
}

/* Where party who puts a share of a step; false after a problem. */
static bool
share_path(const struct make *m, const struct spec_step *s, size_t who,
    const char *name, char *to)
{
	const json_t	*share = json_object_get(json_object_get(s->json,
			    "share"), name);
	const char	*url = text_of(share, "url");
	char		 own[512], *text;
	size_t		 owner = who;
	bool		 good;

	if (share == NULL) {
		problem(m, "step '%s' does not share '%s'", s->id, name);
		return false;
	}
	if (url == NULL) {
		snprintf(own, sizeof(own), "syft://{datasite.current}/shared/"
		    "flows/{flow_name}/{run_id}/{step.id}/%s", name);
		url = own;
	}
	text = place_expand(m->p, who, s, url);
	good = text != NULL && place_url(m->p, text, &owner, to) &&
	    owner == who;
	if (!good)
		problem(m, "share '%s' of step '%s': no path in the datasite "
		    "of %s: %s", name, s->id, m->p->map->people[who].email,
		    text != NULL ? text : url);
	free(text);
	return good;
}

/* A file for each party of a step: one is a path, more are a list. */
static void
bind_share(const struct make *m, const char *name, const struct spec_step *s,
    const char *share, bool list)
{
	char	 path[PATH_MAX], file[128], text[32 << 10];
	people	 who = targets(m->p->map, s);
	size_t	 n = 0;

	text[0] = '\0';
	if (!list && (who & (who - 1)) != 0) {
		problem(m, "input '%s': '%s' is shared by several parties: "
		    "step.%s.share.%s.url_list has them all", name, share,
		    s->id, share);
		return;
	}
	add_wait(m, s->id, who);
	for (size_t i = 0; i < m->p->map->npeople; i++) {
		if ((who >> i & 1) == 0)
			continue;
		if (!share_path(m, s, i, share, path))
			return;
		json_array_append_new(m->t->files, json_string(path));
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\t%s\n",
		    m->p->map->people[i].email, path);
		if (n >= sizeof(text))
			n = sizeof(text) - 1;
	}
	if (list) {
		snprintf(file, sizeof(file), "%.100s_paths.txt", name);
		if (!place_name(name) ||
		    !place_result(m->p, m->t->step->id, file, path)) {
			problem(m, "not a name: '%s'", name);
			return;
		}
		put_text(m->t->lists, path, text);
	}
	put_text(m->t->in, name, path);
}

/* step.ID.outputs.NAME, step.ID.share.NAME and the latter's suffixes. */
static bool
bind_step(const struct make *m, const char *name, const char *text)
{
	static const char *const	 lists[] = { ".url_list", ".manifest",
					    ".all", ".paths" };
	const struct spec_step		*s;
	char				 rest[160], path[PATH_MAX], *dot;
	size_t				 n = strcspn(text + 5, ".");
	bool				 list = false;

	s = find_step(m->p->map->flow, text + 5, n);
	snprintf(rest, sizeof(rest), "%s", text + 5 + n);
	if (s == NULL)
		return false;		/* the check of the flow says so */
	if (strncmp(rest, ".outputs.", 9) == 0) {
		if (output_path(m, s, rest + 9, path))
			put_text(m->t->in, name, path);
		return true;
	}
	if (strncmp(rest, ".share.", 7) != 0)
		return false;
	dot = strrchr(rest + 7, '.');
	for (size_t i = 0; dot != NULL && i < 4; i++)
		list |= strcmp(dot, lists[i]) == 0;
	if (dot != NULL && (list || strcmp(dot, ".url") == 0))
		*dot = '\0';
	bind_share(m, name, s, rest + 7, list);
	return true;
}

static void
bind_input(const struct make *m, const char *name, const char *text)
{
	const json_t	*v, *inputs = json_object_get(m->p->map->flow->spec,
			    "inputs");
	char		*s;

	if (strncmp(text, "step.", 5) == 0 && bind_step(m, name, text))
		return;
	if (strncmp(text, "inputs.", 7) == 0) {
		v = json_object_get(m->p->inputs, text + 7);
		if (v == NULL)
			v = json_object_get(inputs, text + 7);
		if (json_is_object(v))
			v = json_object_get(v, "default");
		if (!json_is_string(v)) {
			problem(m, "input '%s': there is no '%s': give it by "
			    "--input %s=VALUE", name, text, text + 7);
			return;
		}
		text = json_string_value(v);
	}
	s = place_expand(m->p, m->p->me, m->t->step, text);
	if (s == NULL)
		problem(m, "input '%s' is too large", name);
	else
		put_text(m->t->in, name, s);
	free(s);
}

/* Is this party named by a text or a list; missing: the answer is or. */
static bool
named(const struct make *m, const json_t *names, bool or)
{
	people	 set = 0;

	if (json_is_string(names))
		map_expand(m->p->map, json_string_value(names), &set);
	for (size_t i = 0; i < json_array_size(names); i++)
		if (json_is_string(json_array_get(names, i)))
			map_expand(m->p->map, json_string_value(
			    json_array_get(names, i)), &set);
	return names == NULL ? or : (set >> m->p->me & 1) != 0;
}

static void
bind_inputs(const struct make *m)
{
	json_t		*with = json_object_get(m->t->step->json, "with"), *v;
	const char	*name;

	json_object_foreach(with, name, v) {
		if (json_is_object(v)) {
			if (!named(m, json_object_get(v, "only"), true) ||
			    named(m, json_object_get(v, "without"), false))
				continue;
			v = json_object_get(v, "value");
		}
		if (json_is_string(v))
			bind_input(m, name, json_string_value(v));
		else
			problem(m, "input '%s' is no text", name);
	}
}

static void
permit(const struct make *m, const json_t *names, people *set, bool *all)
{
	const json_t	*one;
	char		*text;

	for (size_t i = 0; names != NULL && (i == 0 ||
	    i < json_array_size(names)); i++) {
		one = json_is_array(names) ? json_array_get(names, i) : names;
		if (!json_is_string(one))
			continue;
		text = place_expand(m->p, m->p->me, m->t->step,
		    json_string_value(one));
		if (text != NULL && strcmp(text, "*") == 0)
			*all = true;
		else if (text == NULL || !map_expand(m->p->map, text, set))
			problem(m, "permission for '%s', who is nobody",
			    json_string_value(one));
		free(text);
	}
}

/* self.outputs.NAME, outputs.NAME, step.ID.outputs.NAME, or a file. */
static bool
share_source(const struct make *m, const char *source, char *to)
{
	const char	*name = strstr(source, "outputs.");

	name = name != NULL ? name + 8 : source;
	if (name != source)
		add_output(m, name);
	return output_path(m, m->t->step, name, to);
}

/* Its name becomes the pattern of a rule, and must not be that of rules. */
static bool
may_share(const char *file)
{
	return strcmp(file, ACL_FILE) != 0 && strpbrk(file, "*?[]{}\\") ==
	    NULL;
}

static void
add_share(const struct make *m, const char *name, const json_t *v)
{
	struct task_share	*s = &m->t->share[m->t->nshares];
	const json_t		*may = json_object_get(v, "permissions");
	const char		*source = text_of(v, "source");
	char			 from[PATH_MAX], to[PATH_MAX];
	bool			 nobody = false;

	if (m->t->nshares == TASK_SHARES) {
		problem(m, "shares more than %d files", TASK_SHARES);
		return;
	}
	memset(s, 0, sizeof(*s));
	if (!share_source(m, source != NULL ? source : name, from) ||
	    !share_path(m, m->t->step, m->p->me, name, to))
		return;
	if (!may_share(strrchr(to, '/') + 1)) {
		problem(m, "share '%s': not the name of one file: %s", name,
		    to);
		return;
	}
	s->from = strdup(from);
	s->to = strdup(to);
	if (may == NULL)
		may = v;
	permit(m, json_object_get(may, "read"), &s->read, &s->everybody);
	permit(m, json_object_get(may, "write"), &s->write, &nobody);
	m->t->nshares++;
}

static void
add_shares(const struct make *m)
{
	json_t		*share = json_object_get(m->t->step->json, "share"), *v;
	const char	*name;

	json_object_foreach(share, name, v)
		add_share(m, name, v);
}

/* As the shell takes it for one word. */
static void
quote(struct wr *w, const char *s)
{
	wr_str(w, " '");
	for (; *s != '\0'; s++)
		if (*s == '\'')
			wr_str(w, "'\\''");
		else
			wr_bytes(w, s, 1);
	wr_str(w, "'");
}

static void
quote_number(struct wr *w, size_t n)
{
	char	 text[24];

	snprintf(text, sizeof(text), "%zu", n);
	quote(w, text);
}

static void
quote_path(const struct make *m, struct wr *w, const char *path)
{
	const char	*dir = text_of(json_object_get(m->t->module, "source"),
			    "path");
	char		 full[PATH_MAX];

	if (*path == '/')
		snprintf(full, sizeof(full), "%s", path);
	else if (dir != NULL && *dir == '/')
		snprintf(full, sizeof(full), "%s/%s", dir, path);
	else
		snprintf(full, sizeof(full), "%s/%s%s%s", m->p->flow_dir,
		    dir != NULL ? dir : "", dir != NULL ? "/" : "", path);
	quote(w, full);
}

static const char *
in_of(const struct task *t, const char *name, const char *or)
{
	const char	*s = text_of(t->in, name);

	return s != NULL ? s : or;
}

static void
mpc_command(const struct make *m, struct wr *w)
{
	char	 stages[PATH_MAX];
	size_t	 id = place_number(m->p, m->p->me);

	add_output(m, "out");
	wr_str(w, "exec");
	quote(w, m->self);
	wr_str(w, " mpc --party");
	quote_number(w, id);
	wr_str(w, " --port-base");
	quote_number(w, ports_party(m->base, (unsigned)id));
	wr_str(w, " --mode");
	quote(w, in_of(m->t, "mode", "smpc"));
	wr_str(w, " --in");
	quote(w, in_of(m->t, "in", "/dev/null"));
	wr_str(w, " --out");
	quote(w, text_of(m->t->out, "out") != NULL ?
	    text_of(m->t->out, "out") : "/dev/null");
	if (place_result(m->p, m->t->step->id, "stages.jsonl", stages)) {
		wr_str(w, " --stages");
		quote(w, stages);
	}
}

static void
syqure_command(const struct make *m, struct wr *w, const json_t *runner,
    const char *entry)
{
	const char	*binary = text_of(json_object_get(runner, "syqure"),
			    "binary");

	if (entry == NULL)
		problem(m, "the module has no entrypoint");
	wr_str(w, "exec");
	quote(w, binary != NULL ? binary : "syqure");
	quote_path(m, w, entry != NULL ? entry : "");
	wr_str(w, " --");
	quote_number(w, place_number(m->p, m->p->me));
}

static void
shell_command(const struct make *m, struct wr *w, const char *command,
    const char *entry)
{
	if (command != NULL) {
		wr_str(w, command);
	} else if (entry != NULL) {
		wr_str(w, "exec bash -eo pipefail");
		quote_path(m, w, entry);
	} else
		problem(m, "there is nothing to run: run.command, or a module "
		    "with runner.command or runner.entrypoint");
}

static enum runtime
runtime_of(const struct make *m, const json_t *runner)
{
	const char	*s = text_of(runner, "runtime");

	if (s == NULL || strcmp(s, "shell") == 0 || strcmp(s, "bash") == 0)
		return RUNTIME_SHELL;
	if (strcmp(s, "syqure") == 0)
		return RUNTIME_SYQURE;
	if (strcmp(s, "mpc") == 0)
		return RUNTIME_MPC;
	problem(m, "runtime '%s' is not shell, syqure or mpc", s);
	return RUNTIME_NONE;
}

static bool
is_true(const char *s)
{
	return s != NULL && (strcmp(s, "true") == 0 || strcmp(s, "yes") == 0);
}

static void
make_command(const struct make *m)
{
	static char	 text[64 << 10];
	struct wr	 w = wr_of(text, sizeof(text) - 1);
	json_t		*run = json_object_get(m->t->step->json, "run"),
			*runner = json_object_get(m->t->module, "runner");
	const char	*command = text_of(run, "command"),
			*entry = text_of(runner, "entrypoint");

	if (runner == NULL)
		runner = run;
	if (command == NULL)
		command = text_of(runner, "command");
	m->t->runtime = runtime_of(m, runner);
	m->t->linked = m->t->runtime == RUNTIME_SYQURE ||
	    m->t->runtime == RUNTIME_MPC || is_true(text_of(runner, "links"));
	if (m->t->runtime == RUNTIME_MPC)
		mpc_command(m, &w);
	else if (m->t->runtime == RUNTIME_SYQURE)
		syqure_command(m, &w, runner, entry);
	else if (m->t->runtime == RUNTIME_SHELL)
		shell_command(m, &w, command, entry);
	if (wr_bad(&w)) {
		problem(m, "the command is too long");
		return;
	}
	text[w.n] = '\0';
	m->t->command = strdup(text);
	if (m->t->linked && targets(m->p->map, m->t->step) !=
	    bit(m->p->map->npeople) - 1)
		problem(m, "it computes over links, which all participants "
		    "do: its targets are not all of them");
}

static void
add_barrier(const struct make *m)
{
	const struct spec_step	*s;
	const struct names	*n = &m->t->step->needs;

	for (size_t i = 0; i < n->n; i++) {
		s = find_step(m->p->map->flow, n->v[i], strlen(n->v[i]));
		if (s != NULL)
			add_wait(m, s->id, m->t->step->targets.n > 0 ?
			    targets(m->p->map, m->t->step) &
			    targets(m->p->map, s) : targets(m->p->map, s));
	}
}

/* What it depends on by name, too, if others do it. */
static void
add_needs(const struct make *m)
{
	const json_t		*d = json_object_get(m->t->step->json,
				    "depends_on"), *one;
	const struct spec_step	*s;

	for (size_t i = 0; d != NULL && (i == 0 || i < json_array_size(d));
	    i++) {
		one = json_is_array(d) ? json_array_get(d, i) : d;
		if (!json_is_string(one))
			continue;
		s = find_step(m->p->map->flow, json_string_value(one),
		    json_string_length(one));
		if (s != NULL && !s->barrier)
			add_wait(m, s->id, targets(m->p->map, s));
	}
}

/* Seconds. */
static void
set_timeout(const struct make *m)
{
	const json_t	*o = m->t->step->json, *b;
	const char	*s = text_of(o, "timeout");
	char		*end;
	double		 v;

	b = json_object_get(o, "barrier");
	if (s == NULL)
		s = text_of(b, "timeout");
	if (s == NULL)
		s = text_of(json_object_get(o, "run"), "timeout");
	m->t->timeout = m->t->step->barrier ? 300ull * SEC : NEVER;
	if (s == NULL)
		return;
	v = strtod(s, &end);
	if (*s == '\0' || *end != '\0' || !(v > 0 && v < 1e6))
		problem(m, "timeout: not a number of seconds: %s", s);
	else
		m->t->timeout = (uint64_t)(v * SEC);
}

void
task_make(struct task *t, const struct place *p, const struct spec_step *s,
    const char *self, unsigned base, struct findings *to)
{
	struct make	 m = { t, p, self, base, to };

	memset(t, 0, sizeof(*t));
	t->step = s;
	t->in = json_object();
	t->out = json_object();
	t->lists = json_object();
	t->files = json_array();
	t->mine = s->barrier || (targets(p->map, s) >> p->me & 1) != 0;
	if (!place_name(s->id))
		problem(&m, "its id cannot be the name of a file");
	set_timeout(&m);
	if (s->barrier) {
		add_barrier(&m);
		return;
	}
	if (!t->mine || !place_name(s->id))
		return;
	t->module = read_module(&m, s);
	add_needs(&m);
	bind_inputs(&m);
	add_outputs(&m);
	add_shares(&m);
	make_command(&m);
}

void
task_free(struct task *t)
{
	for (size_t i = 0; i < t->nshares; i++) {
		free(t->share[i].from);
		free(t->share[i].to);
	}
	free(t->command);
	json_decref(t->module);
	json_decref(t->in);
	json_decref(t->out);
	json_decref(t->lists);
	json_decref(t->files);
	memset(t, 0, sizeof(*t));
}
