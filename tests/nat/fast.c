#define _GNU_SOURCE	/* ppoll */
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "net/clock.h"

/*
 * hotlink in a hurry: linked into it in place of clock_now and ppoll, and its
 * minutes are six seconds. What it renews in time then, at a server whose
 * lifetimes are as much shorter, it renews in time.
 */
enum { SPEED = 10, NS = 1000000000 };

uint64_t	 __real_clock_now(void);
uint64_t	 __wrap_clock_now(void);
int		 __real_ppoll(struct pollfd *, nfds_t, const struct timespec *,
		    const sigset_t *);
int		 __wrap_ppoll(struct pollfd *, nfds_t, const struct timespec *,
		    const sigset_t *);

uint64_t
__wrap_clock_now(void)
{
	static uint64_t	 began;
	uint64_t	 now = __real_clock_now();

	if (began == 0)
		began = now;
	return began + SPEED * (now - began);
}

int
__wrap_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask)
{
	struct timespec	 t;
	uint64_t	 ns;

	if (timeout == NULL)
		return __real_ppoll(fds, n, NULL, mask);
	ns = ((uint64_t)timeout->tv_sec * NS + (uint64_t)timeout->tv_nsec) /
	    SPEED;
	t.tv_sec = (time_t)(ns / NS);
	t.tv_nsec = (long)(ns % NS);
	return __real_ppoll(fds, n, &t, mask);
}
