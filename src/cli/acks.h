#ifndef CLI_ACKS_H
#define CLI_ACKS_H

#include <jansson.h>

struct acks;

/* The counters of a pass, under their names, into an object. */
void	 acks_put_stats(json_t *, const struct acks *);

#endif
