#ifndef NET_CLOCK_H
#define NET_CLOCK_H

#include <stdint.h>

uint64_t	 clock_now(void);	/* monotonic microseconds */
uint64_t	 clock_unix_ms(void);

#endif
