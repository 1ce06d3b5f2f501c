#include <stdlib.h>
#include <string.h>

#include "ice/cand.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Any text as a candidate; what is read reads the same when written. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct cand	 c, again;
	char		 text[ICE_CANDIDATE_TEXT], *s = malloc(n + 1);

	if (s == NULL)
		return 0;
	memcpy(s, p, n);
	s[n] = '\0';
	if (cand_parse(&c, s) == 1 &&
	    (cand_parse(&again, cand_text(&c, text)) != 1 ||
	    !addr_equal(&c.addr, &again.addr) || c.type != again.type))
		abort();
	if (cand_parse(&c, s) == 2 && !mdns_is_name(c.name))
		abort();
	free(s);
	return 0;
}
