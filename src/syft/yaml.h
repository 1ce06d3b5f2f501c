#ifndef SYFT_YAML_H
#define SYFT_YAML_H

#include <stddef.h>

#include "base/bytes.h"

/*
 * One YAML document as a flat sequence of items. Anchors, aliases, tags of
 * collections, more than one document and deep nesting are refused, so what
 * is read is never larger than the text. yml, because yaml_free is libyaml's.
 */
enum yml_item {
	YML_SCALAR,
	YML_LIST,		/* its items follow, then YML_END */
	YML_MAP,		/* keys and values in turn, then YML_END */
	YML_END,
	YML_DONE,		/* the document is over, or there was none */
	YML_BAD,		/* for good; yml_why */
};

enum { YML_DEPTH = 32 };

struct yml;

/* Borrows the text. NULL: out of memory. */
struct yml	*yml_new(const char *, size_t);
void		 yml_free(struct yml *);

/* The next item; a scalar's text lives until the next call. */
enum yml_item	 yml_next(struct yml *, struct span *text);

/* The rest of an item that yml_next returned. */
void		 yml_skip(struct yml *, enum yml_item);

const char	*yml_why(const struct yml *);

/* Where the last item is, or what is bad: both from 1. */
size_t		 yml_line(const struct yml *);
size_t		 yml_column(const struct yml *);

/* The library's version, as "0.2.5". */
const char	*yml_library(void);

#endif
