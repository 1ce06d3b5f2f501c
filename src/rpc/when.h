#ifndef RPC_WHEN_H
#define RPC_WHEN_H

#include <stdint.h>

/*
 * RFC 3339 times as milliseconds since 1970, from text and to text: with "Z"
 * in files that parties exchange, with "+00:00" in rows of the data base.
 */
enum { WHEN_TEXT = 32 };

int	 when_parse(uint64_t *ms, const char *);	/* 0 or -1 */
void	 when_text(uint64_t ms, const char *zone, char buf[WHEN_TEXT]);

#endif
