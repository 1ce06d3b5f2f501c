#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* n bytes as 2 * n lower-case digits and NUL. */
void	 hex_encode(char *, const void *, size_t n);

/* Exactly 2 * n digits of either case into n bytes. 0 or -1. */
int	 hex_decode(void *, size_t n, const char *, size_t len);

#endif
