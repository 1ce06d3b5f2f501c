#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/time.h"
#include "net/clock.h"
#include "net/tcp.h"
#include "net/wires.h"

enum {
	PAUSE_MS = 50,			/* between two tries to connect */
	MOMENT = 500 * MS,		/* until others have noticed, too */
};

struct wire {
	int			 fd;	/* -1: none */
	const char		*name;
	struct wire_stats	 st;
};

struct wires {
	struct wire	 v[WIRES];
	uint64_t	 patience;
	bool		 ending;
	size_t		 lost;		/* who came to an end, unasked */
	uint64_t	 lost_at;	/* NEVER: nobody */
	char		 why[WIRES_WHY];	/* "": all is well */
};

/* The first reason counts. */
__attribute__((__format__(__printf__, 2, 3))) static int
fail(struct wires *w, const char *fmt, ...)
{
	va_list	 ap;

	if (w->why[0] != '\0')
		return -1;
	va_start(ap, fmt);
	vsnprintf(w->why, sizeof(w->why), fmt, ap);
	va_end(ap);
	return -1;
}

static int
left_ms(uint64_t until)
{
	uint64_t	 now = clock_now();

	return now >= until ? 0 : (int)((until - now) / MS + 1);
}

/* What it said last is nobody's any more. Has it come to its end? */
static bool
discard(struct wire *x)
{
	uint8_t	 rest[4096];
	ssize_t	 n;

	do {
		n = tcp_read(x->fd, rest, sizeof(rest));
		if (n > 0)
			x->st.rx += (uint64_t)n;
	} while (n > 0);
	return n != TCP_AGAIN;
}

/*
 * Whoever ends has others end, too, and who was the first is not who is
 * noticed first: look a moment longer who else is gone.
 */
static const struct wire *
gone_too(struct wires *w, const struct wire *x)
{
	struct pollfd	 fds[WIRES];
	uint64_t	 until = earlier(clock_now(), w->lost_at) + MOMENT;

	for (size_t k = 0; k < WIRES; k++) {
		fds[k].fd = &w->v[k] == x ? -1 : w->v[k].fd;
		fds[k].events = POLLIN;
	}
	do {
		poll(fds, WIRES, left_ms(until));
		for (size_t k = 0; k < WIRES; k++)
			if (fds[k].fd != -1 && fds[k].revents != 0 &&
			    discard(&w->v[k]))
				return &w->v[k];
	} while (left_ms(until) > 0);
	return NULL;
}

static int
gone(struct wires *w, const struct wire *x)
{
	const struct wire	*y = gone_too(w, x);

	if (y == NULL)
		return fail(w, "%s is gone after %llu bytes from it", x->name,
		    (unsigned long long)x->st.rx);
	return fail(w, "%s and %s are gone after %llu and %llu bytes from "
	    "them", x->name, y->name, (unsigned long long)x->st.rx,
	    (unsigned long long)y->st.rx);
}

struct wires *
wires_new(uint64_t patience)
{
	struct wires	*w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->patience = patience;
	w->lost_at = NEVER;
	for (size_t i = 0; i < WIRES; i++)
		w->v[i].fd = -1;
	return w;
}

void
wires_free(struct wires *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < WIRES; i++)
		if (w->v[i].fd != -1)
			tcp_close(w->v[i].fd);
	free(w);
}

/* Has a wire that nobody reads from now come to its end? */
static bool
ended(const struct wire *x)
{
	uint8_t	 byte;
	ssize_t	 n = tcp_peek(x->fd, &byte, 1);

	return n == 0 || n == TCP_ERROR;
}

/*
 * Who has something to say that nobody reads now is not asked again: it would
 * end the sleep at once, and more bytes than that come before its end.
 */
static void
look_around(struct wires *w, size_t i, struct pollfd *fds)
{
	for (size_t k = 0; k < WIRES; k++) {
		if (k == i || fds[k].revents == 0)
			continue;
		fds[k].fd = -1;
		if (w->lost_at != NEVER || w->ending || !ended(&w->v[k]))
			continue;
		w->lost = k;
		w->lost_at = clock_now();
	}
}

/* Without another's end, whoever is waited for has all the patience. */
static uint64_t
give_up_at(const struct wires *w, uint64_t patient)
{
	return w->lost_at == NEVER ? patient :
	    earlier(patient, w->lost_at + MOMENT);
}

static int
gave_up(struct wires *w, const struct wire *x)
{
	if (w->lost_at != NEVER)
		return gone(w, &w->v[w->lost]);
	return fail(w, "%s says nothing, after %llu bytes from it", x->name,
	    (unsigned long long)x->st.rx);
}

/*
 * Until there is something to do on the ith. When another has ended, what the
 * ith has to say may tell why, if it comes within a moment.
 */
static int
wait_for(struct wires *w, size_t i, short events)
{
	struct pollfd	 fds[WIRES];
	uint64_t	 patient = clock_now() + w->patience;

	for (size_t k = 0; k < WIRES; k++) {
		fds[k].fd = w->v[k].fd;
		fds[k].events = k == i ? events : POLLIN;
	}
	for (;;) {
		if (poll(fds, WIRES, left_ms(give_up_at(w, patient))) == -1 &&
		    errno != EINTR)
			return fail(w, "poll: %s", strerror(errno));
		look_around(w, i, fds);
		if (left_ms(give_up_at(w, patient)) == 0)
			return gave_up(w, &w->v[i]);
		if (fds[i].revents != 0)
			return 0;
	}
}

static int
connect_once(struct wires *w, size_t i, const struct addr *to)
{
	struct wire	*x = &w->v[i];
	struct pollfd	 p = { .events = POLLOUT };

	x->fd = tcp_connect(to);
	if (x->fd == -1)
		return -1;
	p.fd = x->fd;
	if (poll(&p, 1, (int)(w->patience / MS)) == 1 &&
	    tcp_connected(x->fd) == 0)
		return 0;
	tcp_close(x->fd);
	x->fd = -1;
	return -1;
}

int
wires_connect(struct wires *w, size_t i, const char *name,
    const struct addr *to)
{
	uint64_t	 until = clock_now() + w->patience;
	char		 text[ADDR_TEXT];

	w->v[i].name = name;
	while (w->why[0] == '\0') {
		if (connect_once(w, i, to) == 0)
			return 0;
		if (left_ms(until) == 0)
			return fail(w, "%s cannot be reached: nobody listens "
			    "on %s", name, addr_text(to, text));
		poll(NULL, 0, PAUSE_MS);
	}
	return -1;
}

int
wires_accept(struct wires *w, size_t i, const char *name,
    const struct addr *at)
{
	struct wire	*x = &w->v[i];
	struct addr	 bound, from;
	char		 text[ADDR_TEXT];
	int		 listener, rc;

	if (w->why[0] != '\0')
		return -1;
	listener = tcp_listen(at, &bound);
	if (listener == -1)
		return fail(w, "cannot listen on %s for %s: %s",
		    addr_text(at, text), name, strerror(errno));
	x->name = name;
	x->fd = listener;
	rc = wait_for(w, i, POLLIN);
	x->fd = rc == 0 ? tcp_accept(listener, &from) : -1;
	tcp_close(listener);
	if (rc == 0 && x->fd < 0) {
		x->fd = -1;
		return fail(w, "%s cannot be accepted: %s", name,
		    strerror(errno));
	}
	return rc;
}

void
wires_delay(struct wires *w, size_t i)
{
	int	 off = 0;

	setsockopt(w->v[i].fd, IPPROTO_TCP, TCP_NODELAY, &off, sizeof(off));
}

int
wires_send(struct wires *w, size_t i, const void *p, size_t n)
{
	const uint8_t	*from = p;
	struct wire	*x = &w->v[i];
	ssize_t		 m;

	while (n > 0 && w->why[0] == '\0') {
		m = tcp_write(x->fd, from, n);
		if (m == TCP_AGAIN)
			wait_for(w, i, POLLOUT);
		else if (m < 0)
			gone(w, x);
		if (m < 0)
			continue;
		from += m;
		n -= (size_t)m;
		x->st.tx += (uint64_t)m;
	}
	return w->why[0] == '\0' ? 0 : -1;
}

int
wires_recv(struct wires *w, size_t i, void *p, size_t n)
{
	uint8_t		*to = p;
	struct wire	*x = &w->v[i];
	uint64_t	 since;
	ssize_t		 m;

	while (n > 0 && w->why[0] == '\0') {
		m = tcp_read(x->fd, to, n);
		if (m == TCP_AGAIN) {
			since = clock_now();
			wait_for(w, i, POLLIN);
			x->st.waited += clock_now() - since;
		} else if (m <= 0) {
			gone(w, x);
		}
		if (m <= 0)
			continue;
		to += m;
		n -= (size_t)m;
		x->st.rx += (uint64_t)m;
	}
	return w->why[0] == '\0' ? 0 : -1;
}

void
wires_expect_end(struct wires *w)
{
	w->ending = true;
}

/* What still comes is nobody's, and ends. */
static void
drain(struct wires *w, size_t i)
{
	uint8_t	 rest[64];
	ssize_t	 n;

	while (w->v[i].fd != -1 && w->why[0] == '\0') {
		n = tcp_read(w->v[i].fd, rest, sizeof(rest));
		if (n == 0 || n == TCP_ERROR)
			return;
		if (n == TCP_AGAIN)
			wait_for(w, i, POLLIN);
	}
}

void
wires_end(struct wires *w)
{
	w->ending = true;
	for (size_t i = 0; i < WIRES; i++)
		if (w->v[i].fd != -1)
			tcp_shutdown(w->v[i].fd);
	for (size_t i = 0; i < WIRES; i++)
		drain(w, i);
}

void
wires_stats(const struct wires *w, size_t i, struct wire_stats *st)
{
	*st = w->v[i].st;
}

const char *
wires_why(const struct wires *w)
{
	return w->why;
}
