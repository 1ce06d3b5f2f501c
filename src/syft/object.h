#ifndef SYFT_OBJECT_H
#define SYFT_OBJECT_H

#include <jansson.h>
#include <stddef.h>

/*
 * A JSON object that a person may have written: a new reference, or NULL with
 * what is wrong with it and in which line. No text of it is in there, since
 * some have secrets. *why is good until the next call.
 */
json_t	*object_load(const char *, size_t, const char **why);

#endif
