#include <stddef.h>
#include <stdint.h>

#include "rpc/acks.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Two bytes: how many of the rest are a pending line; then a response. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct acks	*a = acks_new("alice@example.com");
	const char	*why;
	size_t		 line;

	if (n < 2 || a == NULL) {
		acks_free(a);
		return 0;
	}
	line = (size_t)p[0] << 8 | p[1];
	p += 2;
	n -= 2;
	line = line < n ? line : n;
	acks_add_line(a, (const char *)p, line, &why);
	acks_add(a, "A", "", "m", 1, &why);
	acks_begin(a, 1);
	for (size_t i = 0; i < acks_count(a); i++)
		acks_file(a, acks_at(a, i), "bob@example.com", p + line,
		    n - line, 1);
	acks_end(a);
	acks_free(a);
	return 0;
}
