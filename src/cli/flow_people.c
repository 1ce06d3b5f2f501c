#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/flow_people.h"
#include "net/file.h"

int
flow_complain(const struct command *c, const char *file, const char *what)
{
	fprintf(stderr, "hotlink %s: %s: %s\n", c->name, file, what);
	return STATUS_MISUSE;
}

int
flow_complain_at(const struct command *c, const char *file,
    const struct tree_error *e)
{
	if (e->line == 0)
		return flow_complain(c, file, e->why);
	fprintf(stderr, "hotlink %s: %s:%zu:%zu: %s\n", c->name, file,
	    e->line, e->column, e->why);
	return STATUS_MISUSE;
}

static int
add(struct flow_people *p, const struct command *c, const char *email,
    const char *role)
{
	if (p->n == MAP_PEOPLE)
		return flow_complain(c, email, "there are more participants "
		    "than ports for them");
	p->v[p->n].email = email;
	p->v[p->n++].role = role;
	return STATUS_OK;
}

static int
read_option(struct flow_people *p, const struct command *c, const char *s)
{
	const char	*equals = strrchr(s, '=');

	if (equals == NULL)
		return options_misuse(c,
		    "option --participant: not EMAIL=ROLE: %s", s);
	if (add(p, c, "", equals + 1) != STATUS_OK)
		return STATUS_MISUSE;
	p->email[p->n - 1] = strndup(s, (size_t)(equals - s));
	if (p->email[p->n - 1] == NULL)
		return flow_complain(c, s, "out of memory");
	p->v[p->n - 1].email = p->email[p->n - 1];
	return STATUS_OK;
}

static int
read_one(struct flow_people *p, const struct command *c, const char *file,
    const json_t *one)
{
	const char	*email, *role;

	email = json_string_value(json_object_get(one, "email"));
	role = json_string_value(json_object_get(one, "role"));
	if (email == NULL || role == NULL)
		return flow_complain(c, file,
		    "a participant without email or role");
	return add(p, c, email, role);
}

static int
read_file(struct flow_people *p, const struct command *c, const char *file)
{
	struct tree_error	 e;
	size_t			 n;
	char			*text = file_read(file, SPEC_FILE_MAX, &n);
	int			 status = STATUS_OK;

	if (text == NULL)
		return flow_complain(c, file, strerror(errno));
	p->tree = tree_read(text, n, &e);
	free(text);
	if (p->tree == NULL)
		return flow_complain_at(c, file, &e);
	if (!json_is_array(p->tree))
		return flow_complain(c, file,
		    "a list of participants expected");
	for (size_t i = 0; status == STATUS_OK &&
	    i < json_array_size(p->tree); i++)
		status = read_one(p, c, file, json_array_get(p->tree, i));
	return status;
}

int
flow_people_read(struct flow_people *p, const struct command *c,
    const struct option_list *list, const char *file)
{
	int	 status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < list->n; i++)
		status = read_option(p, c, list->v[i]);
	return status == STATUS_OK && file != NULL ? read_file(p, c, file) :
	    status;
}

void
flow_people_free(struct flow_people *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->email[i]);
	json_decref(p->tree);
	memset(p, 0, sizeof(*p));
}

int
flow_read(struct spec *s, const struct command *command, const char *file)
{
	struct tree_error	 e;
	size_t			 n;
	char			*text = file_read(file, SPEC_FILE_MAX, &n);
	int			 rc;

	if (text == NULL)
		return flow_complain(command, file, strerror(errno));
	rc = spec_parse(s, text, n, &e);
	free(text);
	return rc == -1 ? flow_complain_at(command, file, &e) : STATUS_OK;
}
