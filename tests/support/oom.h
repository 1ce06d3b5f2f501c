#ifndef TESTS_SUPPORT_OOM_H
#define TESTS_SUPPORT_OOM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Fail the nth allocation from now (1: the next); 0 fails none. Only objects
 * linked statically into the test see it: ours and our libraries.
 */
void	 oom_after(size_t n);

/* True if an allocation was failed since oom_after: the loop's end is false. */
bool	 oom_hit(void);

#endif
