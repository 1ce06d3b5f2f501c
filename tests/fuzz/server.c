#include <stdlib.h>
#include <string.h>

#include "syft/server.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Any text as a list; of what is taken there is a host and a port to ask. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char		*text = malloc(n + 1);
	const char	*list = text, *entry;
	struct server	 s;
	size_t		 len;

	if (text == NULL)
		abort();
	memcpy(text, p, n);
	text[n] = '\0';
	while ((entry = server_next(&list, &len)) != NULL)
		if (server_parse(&s, entry, len) == 0 && (s.port == 0 ||
		    s.host[0] == '\0' || (s.tls && !s.stream)))
			abort();
	server_parse(&s, (const char *)p, n);
	free(text);
	return 0;
}
