#include <stdlib.h>
#include <yaml.h>

#include "syft/yaml.h"

struct yml {
	yaml_parser_t	 parser;
	yaml_event_t	 event;
	size_t		 depth, line, column;
	const char	*why;
};

struct yml *
yml_new(const char *text, size_t n)
{
	struct yml	*y = calloc(1, sizeof(*y));

	if (y == NULL)
		return NULL;
	if (!yaml_parser_initialize(&y->parser)) {
		free(y);
		return NULL;
	}
	yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y->parser,
	    (const unsigned char *)text, n);
	return y;
}

void
yml_free(struct yml *y)
{
	if (y == NULL)
		return;
	yaml_event_delete(&y->event);
	yaml_parser_delete(&y->parser);
	free(y);
}

static void
set_place(struct yml *y, yaml_mark_t mark)
{
	y->line = mark.line + 1;
	y->column = mark.column + 1;
}

static enum yml_item
bad(struct yml *y, const char *why)
{
	y->why = why;
	return YML_BAD;
}

static enum yml_item
deeper(struct yml *y, enum yml_item item, const yaml_char_t *anchor)
{
	if (anchor != NULL)
		return bad(y, "anchors are not supported");
	if (++y->depth > YML_DEPTH)
		return bad(y, "nested too deeply");
	return item;
}

static enum yml_item
scalar(struct yml *y, struct span *text)
{
	if (y->event.data.scalar.anchor != NULL)
		return bad(y, "anchors are not supported");
	text->p = y->event.data.scalar.value;
	text->n = y->event.data.scalar.length;
	return YML_SCALAR;
}

/* -1: nothing to tell the caller about. */
static int
translate(struct yml *y, struct span *text)
{
	switch (y->event.type) {
	case YAML_SCALAR_EVENT:
		return (int)scalar(y, text);
	case YAML_SEQUENCE_START_EVENT:
		return (int)deeper(y, YML_LIST,
		    y->event.data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return (int)deeper(y, YML_MAP,
		    y->event.data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		y->depth--;
		return YML_END;
	case YAML_ALIAS_EVENT:
		return (int)bad(y, "aliases are not supported");
	case YAML_STREAM_END_EVENT:
		return YML_DONE;
	default:
		return -1;
	}
}

/* One document: a second one's start comes after the first one's end. */
static bool
second_document(const struct yml *y, bool ended)
{
	return ended && y->event.type == YAML_DOCUMENT_START_EVENT;
}

enum yml_item
yml_next(struct yml *y, struct span *text)
{
	bool		 ended = false;
	int		 item = -1;

	text->p = NULL;
	text->n = 0;
	while (y->why == NULL && item < 0) {
		yaml_event_delete(&y->event);
		if (!yaml_parser_parse(&y->parser, &y->event)) {
			set_place(y, y->parser.problem_mark);
			return bad(y, y->parser.problem != NULL ?
			    y->parser.problem : "out of memory");
		}
		set_place(y, y->event.start_mark);
		if (second_document(y, ended))
			return bad(y, "more than one document");
		ended |= y->event.type == YAML_DOCUMENT_END_EVENT;
		item = translate(y, text);
	}
	return y->why != NULL ? YML_BAD : (enum yml_item)item;
}

void
yml_skip(struct yml *y, enum yml_item item)
{
	struct span	 text;
	size_t		 depth = 0;

	for (;; item = yml_next(y, &text)) {
		if (item == YML_LIST || item == YML_MAP)
			depth++;
		else if (item == YML_END && depth > 0)
			depth--;
		if (depth == 0 || item == YML_BAD || item == YML_DONE)
			return;
	}
}

const char *
yml_why(const struct yml *y)
{
	return y->why != NULL ? y->why : "not as expected";
}

size_t
yml_line(const struct yml *y)
{
	return y->line;
}

size_t
yml_column(const struct yml *y)
{
	return y->column;
}

const char *
yml_library(void)
{
	return yaml_get_version_string();
}
