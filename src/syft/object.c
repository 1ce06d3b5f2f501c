#include <stdio.h>

#include "syft/object.h"

static const char *
words(const json_error_t *e)
{
	switch (json_error_code(e)) {
	case json_error_duplicate_key:
		return "a key is there twice";
	case json_error_premature_end_of_input:
		return "it ends too early";
	case json_error_invalid_utf8:
		return "not UTF-8";
	case json_error_end_of_input_expected:
		return "something after its end";
	case json_error_out_of_memory:
		return "out of memory";
	default:
		return "not JSON";
	}
}

json_t *
object_load(const char *text, size_t n, const char **why)
{
	static char	 said[80];
	json_error_t	 e;
	json_t		*root = json_loadb(text, n, JSON_REJECT_DUPLICATES,
			    &e);

	if (root == NULL) {
		snprintf(said, sizeof(said), "line %d, column %d: %s",
		    e.line < 1 ? 1 : e.line, e.column, words(&e));
		*why = said;
		return NULL;
	}
	if (!json_is_object(root)) {
		*why = "not a JSON object";
		json_decref(root);
		return NULL;
	}
	return root;
}
