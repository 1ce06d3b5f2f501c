#include <stdlib.h>
#include <string.h>

#include "agent/post.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t		*copy = malloc(n > 0 ? n : 1);
	struct span	 body = { NULL, 0 };
	int		 status;

	if (n > 0)
		memcpy(copy, p, n);
	if (post_parse(copy, n, false, &status, &body) == 0)
		post_parse(copy, n, true, &status, &body);
	if (body.n > n)
		abort();
	free(copy);
	return 0;
}
