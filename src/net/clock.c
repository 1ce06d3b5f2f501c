#include <time.h>

#include "net/clock.h"

static uint64_t
read_clock(clockid_t id, uint64_t per_second)
{
	struct timespec	 ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * per_second +
	    (uint64_t)ts.tv_nsec / (1000000000 / per_second);
}

uint64_t
clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC, 1000000);
}

uint64_t
clock_unix_ms(void)
{
	return read_clock(CLOCK_REALTIME, 1000);
}
