#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "rpc/message.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* A row of the spool, or the body of a request; what is read is written. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char	*why;
	struct message	 m;
	int		 rc;

	if (n == 0)
		return 0;
	rc = p[0] & 1 ? message_parse(&m, p + 1, n - 1, &why) :
	    message_from_body(&m, p + 1, n - 1, &why);
	if (rc == -1)
		return 0;
	message_state(&m);
	if (!message_is_failure(&m)) {
		message_name(&m);
		free(message_body(&m));
	}
	free(message_text(&m, true));
	free(message_text(&m, false));
	message_fini(&m);
	return 0;
}
