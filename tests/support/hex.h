#ifndef TESTS_SUPPORT_HEX_H
#define TESTS_SUPPORT_HEX_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes from hex digits, on the heap: a sanitizer sees their end. */
static inline uint8_t *
from_hex(const char *hex, size_t *n)
{
	uint8_t		*p = malloc(strlen(hex) / 2 + 1);
	unsigned	 v;

	for (*n = 0; sscanf(hex + 2 * *n, "%2x", &v) == 1; (*n)++)
		p[*n] = (uint8_t)v;
	return p;
}

#endif
