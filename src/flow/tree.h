#ifndef FLOW_TREE_H
#define FLOW_TREE_H

#include <jansson.h>
#include <stddef.h>

/* What is wrong with a text, and where: both from 1, 0: nowhere. */
struct tree_error {
	size_t	 line, column;
	char	 why[160];
};

/*
 * A YAML document (JSON is YAML) as JSON whose scalars are all strings, for
 * files whose shape is too free to be read item by item. A key that stands
 * twice is an error. NULL and the error, or a value that the caller owns.
 */
json_t	*tree_read(const char *, size_t, struct tree_error *);

#endif
