#include <stdlib.h>
#include <string.h>

#include "crypto/rng.h"
#include "ws/ws.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define REQUEST	"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n" \
	"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static void
drain(struct ws *w)
{
	struct ws_event	 ev;
	static char	 sum;

	while (ws_event(w, &ev)) {
		for (size_t i = 0; i < ev.data.n; i++)
			sum = (char)(sum ^ ev.data.p[i]);
		if (ev.type == WS_EV_REQUEST && ws_is_upgrade(w, NULL))
			ws_accept(w, NULL);
		else if (ev.type == WS_EV_REQUEST)
			ws_reply(w, 404, NULL, "no", 2);
	}
}

/* The first byte: which role, whether already open, and how it is split. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct rng		*rng = rng_seeded("fuzz", 4);
	struct ws_client_conf	 c = { "h", "/", NULL, rng };
	struct ws		*w;
	size_t			 step, part;

	if (n > 0) {
		w = p[0] & 1 ? ws_client(&c, 0) : ws_server(0);
		if ((p[0] & 3) == 2) {
			ws_input(w, 0, (const uint8_t *)REQUEST,
			    strlen(REQUEST));
			drain(w);
		}
		step = (size_t)(p[0] >> 2) + 1;
		for (p++, n--; n > 0; p += part, n -= part) {
			part = n < step ? n : step;
			ws_input(w, 0, p, part);
			drain(w);
			ws_sent(w, ws_output(w).n / 2);
		}
		ws_input(w, 0, p, 0);
		drain(w);
		ws_free(w);
	}
	rng_free(rng);
	return 0;
}
