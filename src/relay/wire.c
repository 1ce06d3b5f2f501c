#include "crypto/tls.h"
#include "net/tcp.h"
#include "relay/wire.h"
#include "ws/ws.h"

void
wire_fini(struct wire *w)
{
	tcp_close(w->fd);
	tls_free(w->tls);
	ws_free(w->ws);
}

/*
 * All of it is decrypted at once: the WebSocket keeps what its owner does not
 * take yet, and that is less than was read.
 */
static void
decrypt(struct wire *w, uint64_t now, const uint8_t *p, size_t n)
{
	struct span	 s;
	size_t		 k;

	do {
		k = tls_input(w->tls, p, n);
		p += k;
		n -= k;
		while ((s = tls_read(w->tls)).n > 0) {
			ws_input(w->ws, now, s.p, s.n);
			tls_taken(w->tls, s.n);
			k = s.n;
		}
	} while (n > 0 && k > 0);
	if (tls_state(w->tls) == TLS_CLOSED || tls_state(w->tls) == TLS_FAILED)
		ws_input(w->ws, now, NULL, 0);
}

long
wire_read(struct wire *w, uint64_t now, uint8_t *buf, size_t cap)
{
	ssize_t	 n = tcp_read(w->fd, buf, cap);

	if (n < 0)
		return n;
	if (w->tls != NULL)
		decrypt(w, now, buf, (size_t)n);
	if (w->tls == NULL || n == 0)
		ws_input(w->ws, now, buf, (size_t)n);
	return n;
}

/* What is next for the socket; TLS takes as much as it has room for. */
static struct span
next_out(struct wire *w)
{
	struct span	 s = ws_output(w->ws);

	if (w->tls == NULL)
		return s;
	if (s.n > 0 && tls_state(w->tls) == TLS_OPEN)
		ws_sent(w->ws, tls_write(w->tls, s.p, s.n));
	else if (s.n == 0 && ws_state(w->ws) == WS_CLOSED)
		tls_close(w->tls);
	return tls_output(w->tls);
}

long
wire_write(struct wire *w)
{
	struct span	 s;
	ssize_t		 n, sum = 0;

	while ((s = next_out(w)).n > 0) {
		if ((n = tcp_write(w->fd, s.p, s.n)) == TCP_AGAIN)
			break;
		if (n < 0)
			return TCP_ERROR;
		if (w->tls != NULL)
			tls_sent(w->tls, (size_t)n);
		else
			ws_sent(w->ws, (size_t)n);
		sum += n;
	}
	return sum;
}

/* A failed TLS has an alert to send at most; the rest cannot be said. */
bool
wire_drained(const struct wire *w)
{
	if (w->tls == NULL)
		return ws_queued(w->ws) == 0;
	return tls_output(w->tls).n == 0 && (ws_queued(w->ws) == 0 ||
	    tls_state(w->tls) != TLS_OPEN);
}

const char *
wire_why(const struct wire *w)
{
	return w->tls != NULL && tls_state(w->tls) == TLS_FAILED ?
	    tls_why(w->tls) : NULL;
}
