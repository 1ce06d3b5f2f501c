#include <stdio.h>

#include "net/listening.h"

enum { TCP_LISTEN_STATE = 0x0a };

/* "  sl: LOCAL:PORT REMOTE:PORT STATE ...", all but sl hexadecimal. */
static bool
is_listener(const char *line, uint16_t port)
{
	unsigned	 local, state;

	return sscanf(line, "%*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x",
	    &local, &state) == 2 && local == port &&
	    state == TCP_LISTEN_STATE;
}

static bool
listed(const char *path, uint16_t port)
{
	FILE	*f = fopen(path, "re");
	char	 line[512];
	bool	 is = false;

	if (f == NULL)
		return false;
	while (!is && fgets(line, sizeof(line), f) != NULL)
		is = is_listener(line, port);
	fclose(f);
	return is;
}

bool
listening_on(uint16_t port)
{
	return listed("/proc/net/tcp", port) || listed("/proc/net/tcp6", port);
}
