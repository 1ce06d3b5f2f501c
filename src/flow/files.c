#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/files.h"
#include "net/file.h"
#include "syft/acl.h"

enum { SHARE_MAX = 1 << 30 };

static const char *
email(const struct place *p, size_t who)
{
	return p->map->people[who].email;
}

/* Takes the object; JSON is YAML. */
static int
put_json(const char *path, json_t *o)
{
	char	*text = o != NULL ? json_dumps(o, JSON_INDENT(2)) : NULL;
	int	 rc = -1;

	json_decref(o);
	errno = ENOMEM;
	if (text != NULL && file_make_parents(path) == 0)
		rc = file_write(path, text, strlen(text), 0644);
	free(text);
	return rc;
}

static json_t *
emails(const struct place *p, people set, bool everybody)
{
	json_t	*list = json_array();

	if (everybody)
		json_array_append_new(list, json_string("*"));
	for (size_t i = 0; i < p->map->npeople; i++)
		if ((set >> i & 1) != 0)
			json_array_append_new(list, json_string(email(p, i)));
	return list;
}

/* The owner may do anything. */
static json_t *
rule(const struct place *p, const char *pattern, people read, people write,
    bool everybody)
{
	people	 me = (people)1 << p->me;

	return json_pack("{s:s, s:{s:o, s:o, s:o}}", "pattern", pattern,
	    "access", "admin", emails(p, me, false), "read",
	    emails(p, read | me, everybody), "write",
	    emails(p, write | me, false));
}

static json_t *
acl(json_t *rules)
{
	return json_pack("{s:o}", "rules", rules);
}

static json_t *
one_rule(json_t *r)
{
	json_t	*rules = json_array();

	json_array_append_new(rules, r);
	return acl(rules);
}

int
files_progress(const struct place *p, char *path)
{
	errno = ENAMETOOLONG;
	if (!place_shared(p, p->me, "_progress", ACL_FILE, path))
		return -1;
	return put_json(path, one_rule(rule(p, "**", 0, 0, true)));
}

static int
put_text(const char *path, const char *text)
{
	return file_make_parents(path) == -1 ? -1 :
	    file_write(path, text, strlen(text), 0644);
}

/* All of it, when an agent sees the marker. */
static int
put_marker(const struct place *p, unsigned base, unsigned i, unsigned j,
    size_t peer, char *path)
{
	unsigned	 n = (unsigned)p->map->npeople;
	char		 dir[64];

	snprintf(dir, sizeof(dir), "_mpc/%u_to_%u", i, j);
	errno = ENAMETOOLONG;
	if (!place_shared(p, p->me, dir, ACL_FILE, path) ||
	    put_json(path, one_rule(rule(p, "**", (people)1 << peer,
	    (people)1 << peer, false))) == -1 ||
	    !place_shared(p, p->me, dir, "stream.accept", path) ||
	    put_text(path, "1") == -1 ||
	    !place_shared(p, p->me, dir, "stream.tcp", path))
		return -1;
	return put_json(path, json_pack("{s:s, s:s, s:i, s:{s:i, s:i}}",
	    "from", email(p, p->me), "to", email(p, peer), "port",
	    (int)(base + ports_pair(i, j, n)), "ports", email(p, p->me),
	    (int)ports_listen(base, i, j, n), email(p, peer),
	    (int)ports_listen(base, j, i, n)));
}

int
files_markers(const struct place *p, unsigned base, char *path)
{
	unsigned	 me = (unsigned)place_number(p, p->me);

	for (size_t i = 0; i < p->map->npeople; i++)
		if (i != p->me && put_marker(p, base, me,
		    (unsigned)place_number(p, i), i, path) == -1)
			return -1;
	return 0;
}

static size_t
dir_length(const char *path)
{
	return (size_t)(strrchr(path, '/') - path) + 1;
}

/* The rules of all files that are ever shared into that directory. */
static int
put_rules(const struct place *p, const struct task *all, size_t n,
    const char *file, char *path)
{
	size_t				 dir = dir_length(file);
	const struct task_share		*s;
	json_t				*rules = json_array();

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < all[i].nshares; k++) {
			s = &all[i].share[k];
			if (dir_length(s->to) == dir &&
			    strncmp(s->to, file, dir) == 0)
				json_array_append_new(rules, rule(p, s->to +
				    dir, s->read, s->write, s->everybody));
		}
	snprintf(path, PATH_MAX, "%.*s" ACL_FILE, (int)dir, file);
	return put_json(path, acl(rules));
}

/* Its rules first: nobody sees it without them. */
int
files_share(const struct place *p, const struct task *all, size_t n,
    const struct task *t, char *path)
{
	const struct task_share	*s;
	char			*bytes;
	size_t			 size;
	int			 rc;

	for (size_t i = 0; i < t->nshares; i++) {
		s = &t->share[i];
		snprintf(path, PATH_MAX, "%s", s->from);
		bytes = file_read(s->from, SHARE_MAX, &size);
		if (bytes == NULL)
			return -1;
		rc = put_rules(p, all, n, s->to, path);
		if (rc == 0) {
			snprintf(path, PATH_MAX, "%s", s->to);
			rc = file_write(s->to, bytes, size, 0644);
		}
		free(bytes);
		if (rc == -1)
			return -1;
	}
	return 0;
}
