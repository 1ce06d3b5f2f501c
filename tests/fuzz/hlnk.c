#include <stdlib.h>

#include "syft/hlnk.h"
#include "syft/key.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t		*copy = malloc(n > 0 ? n : 1);
	struct hlnk1	 one;
	struct hlnk2	 two;
	struct key	 k;

	if (n > 0)
		memcpy(copy, p, n);
	if (hlnk1_decode(&one, copy, n) == 0)
		key_of_path(&k, one.path);
	hlnk2_decode(&two, copy, n);
	free(copy);
	return 0;
}
