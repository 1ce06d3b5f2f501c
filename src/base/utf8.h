#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * UTF-8 (RFC 3629) checked as it arrives, at any split: no overlong forms, no
 * surrogates, nothing above U+10FFFF. Start from all zeros.
 */
struct utf8 {
	uint8_t		 need;		/* continuation bytes still to come */
	uint8_t		 lo, hi;	/* range of the next one */
};

/* False: these bytes cannot continue valid text; the state is spent then. */
bool	 utf8_feed(struct utf8 *, const void *, size_t);

/* True between characters: the text may end here. */
static inline bool
utf8_done(const struct utf8 *u)
{
	return u->need == 0;
}

bool	 utf8_valid(const void *, size_t);

#endif
