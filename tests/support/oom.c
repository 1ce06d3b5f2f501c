#include "support/oom.h"

static size_t	 left;
static bool	 hit;

void	*__real_malloc(size_t);
void	*__real_calloc(size_t, size_t);
void	*__real_realloc(void *, size_t);
void	*__wrap_malloc(size_t);
void	*__wrap_calloc(size_t, size_t);
void	*__wrap_realloc(void *, size_t);

void
oom_after(size_t n)
{
	left = n;
	hit = false;
}

bool
oom_hit(void)
{
	return hit;
}

static bool
fails(void)
{
	if (left == 0 || --left > 0)
		return false;
	return hit = true;
}

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}
