#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/tree.h"
#include "syft/yaml.h"

/* The first error counts. */
static json_t *
fail(struct tree_error *e, const struct yml *y, const char *why)
{
	if (e->why[0] == '\0') {
		e->line = yml_line(y);
		e->column = yml_column(y);
		snprintf(e->why, sizeof(e->why), "%s", why);
	}
	return NULL;
}

static json_t *
scalar(struct yml *y, struct span text, struct tree_error *e)
{
	json_t	*s;

	if (memchr(text.p, '\0', text.n) != NULL)
		return fail(e, y, "a text with a NUL in it");
	s = json_stringn((const char *)text.p, text.n);
	return s != NULL ? s : fail(e, y, "a text that is not UTF-8");
}

static json_t	*value(struct yml *, enum yml_item, struct span,
		    struct tree_error *);

/* Of a value that is NULL the reason is known, else memory is short. */
static int
put(struct yml *y, json_t *in, const char *key, json_t *v,
    struct tree_error *e)
{
	if (v != NULL && (key != NULL ? json_object_set_new(in, key, v) :
	    json_array_append_new(in, v)) == 0)
		return 0;
	fail(e, y, "out of memory");
	return -1;
}

static int
read_list(struct yml *y, json_t *list, struct tree_error *e)
{
	enum yml_item	 item;
	struct span	 text;

	while ((item = yml_next(y, &text)) != YML_END)
		if (put(y, list, NULL, value(y, item, text, e), e) == -1)
			return -1;
	return 0;
}

static int
read_entry(struct yml *y, json_t *map, const char *key, struct tree_error *e)
{
	enum yml_item	 item;
	struct span	 text;

	if (json_object_get(map, key) != NULL) {
		fail(e, y, "a key that is there already");
		return -1;
	}
	item = yml_next(y, &text);
	return put(y, map, key, value(y, item, text, e), e);
}

static int
read_map(struct yml *y, json_t *map, struct tree_error *e)
{
	enum yml_item	 item;
	struct span	 text;
	json_t		*key;
	int		 rc = 0;

	while (rc == 0 && (item = yml_next(y, &text)) != YML_END) {
		if (item != YML_SCALAR) {
			fail(e, y, item == YML_BAD ? yml_why(y) :
			    "a text expected as key");
			return -1;
		}
		key = scalar(y, text, e);
		rc = key == NULL ? -1 : read_entry(y, map,
		    json_string_value(key), e);
		json_decref(key);
	}
	return rc;
}

/* As deep as YML_DEPTH lets it. */
static json_t *
value(struct yml *y, enum yml_item item, struct span text,
    struct tree_error *e)
{
	json_t	*v;

	if (item == YML_SCALAR)
		return scalar(y, text, e);
	if (item != YML_LIST && item != YML_MAP)
		return fail(e, y, item == YML_BAD ? yml_why(y) :
		    "the document is empty");
	v = item == YML_LIST ? json_array() : json_object();
	if (v == NULL)
		return fail(e, y, "out of memory");
	if ((item == YML_LIST ? read_list(y, v, e) : read_map(y, v, e)) == 0)
		return v;
	json_decref(v);
	return NULL;
}

json_t *
tree_read(const char *p, size_t n, struct tree_error *e)
{
	struct yml	*y = yml_new(p, n);
	enum yml_item	 item;
	struct span	 text;
	json_t		*tree;

	memset(e, 0, sizeof(*e));
	if (y == NULL) {
		snprintf(e->why, sizeof(e->why), "out of memory");
		return NULL;
	}
	item = yml_next(y, &text);
	tree = value(y, item, text, e);
	if (tree != NULL && (item = yml_next(y, &text)) != YML_DONE) {
		fail(e, y, item == YML_BAD ? yml_why(y) :
		    "more than one document");
		json_decref(tree);
		tree = NULL;
	}
	yml_free(y);
	return tree;
}
