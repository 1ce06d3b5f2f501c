#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* The value of a digit of either case, or -1. */
int	 hex_digit(char);

/* n bytes as 2 * n lower-case digits and NUL. */
void	 hex_encode(char *, const void *, size_t n);

/* Exactly 2 * n digits of either case into n bytes. 0 or -1. */
int	 hex_decode(void *, size_t n, const char *, size_t len);

#endif
