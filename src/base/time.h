#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdint.h>

/*
 * Time is an argument: microseconds, monotonic, from any start. A deadline is
 * an absolute time; NEVER is later than all others.
 */
#define NEVER	UINT64_MAX

enum { MS = 1000, SEC = 1000000 };

static inline uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
