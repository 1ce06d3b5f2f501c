#include <stdlib.h>

#include "net/source.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Any bytes as the lines of the kernel's table, and a choice among them. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct source	 s[16];
	size_t		 k = 0, from = 0, kept;

	for (size_t i = 0; i <= n && k < 16; i++)
		if (i == n || p[i] == '\n') {
			k += source_parse(&s[k], (const char *)p + from,
			    i - from) == 0;
			from = i + 1;
		}
	for (size_t i = 0; i < k; i++)
		if (s[i].addr.family != 6)
			abort();
	kept = source_choose(s, k, NULL, 0);
	if (kept > k || source_choose(s, kept, NULL, 0) != kept)
		abort();
	return 0;
}
