/*
 * c-ares, driven by our loop. Its channel lives while there are questions and
 * is made anew for the next, so a changed resolv.conf counts. Services are
 * never looked up, only names: its look-up of services uses the C library's
 * databases, which a static program does not have. The linker gives it the
 * functions below instead of getservbyname(3) and its like.
 */
#include <sys/select.h>

#include <netinet/in.h>

#include <ares.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "net/loop.h"
#include "net/resolve.h"
#include "net/sockaddr.h"

enum {
	SOCKETS = 16,		/* c-ares has no more under way */
	RESULTS = 16,		/* addresses of one name that are kept */
	TRY_MS = 2000,		/* per server and try */
	TRIES = 2,
	LIMIT = 10 * SEC,	/* for all of it, search domains included */
};

struct question {
	struct question	*next;
	struct resolver	*resolver;
	resolve_fn	*fn;		/* NULL: nobody waits for it any more */
	void		*arg;
	uint16_t	 port;
	bool		 local;		/* it is this host's name for itself */
	struct alarm	 limit;
};

struct socket {
	struct io	 io;		/* fd -1: free */
	struct resolver	*resolver;
};

struct resolver {
	struct loop	*loop;
	ares_channel	 channel;	/* NULL: none */
	const char	*server;	/* NULL: the system's */
	bool		 inside;	/* c-ares is on the stack */
	struct question	*questions;
	struct socket	 sockets[SOCKETS];
	struct alarm	 alarm;
	uint64_t	 now;
};

struct servent	*__wrap_getservbyname(const char *, const char *);
int		 __wrap_getservbyport_r(int, const char *, struct servent *,
		     char *, size_t, struct servent **);

struct servent *
__wrap_getservbyname(const char *name, const char *protocol)
{
	(void)name;
	(void)protocol;
	return NULL;
}

int
__wrap_getservbyport_r(int port, const char *protocol, struct servent *s,
    char *buf, size_t len, struct servent **result)
{
	(void)port;
	(void)protocol;
	(void)s;
	(void)buf;
	(void)len;
	*result = NULL;
	return 0;
}

static void
rearm(struct resolver *r)
{
	struct timeval	 tv;
	uint64_t	 at = NEVER;

	if (r->channel != NULL && ares_timeout(r->channel, NULL, &tv) != NULL)
		at = r->now + (uint64_t)tv.tv_sec * SEC + (uint64_t)tv.tv_usec +
		    MS;
	alarm_set(r->loop, &r->alarm, at);
}

static void
process(struct resolver *r, int in, int out, uint64_t now)
{
	r->now = now;
	r->inside = true;
	ares_process_fd(r->channel, in, out);
	r->inside = false;
	rearm(r);
}

static void
on_ready(void *arg, unsigned got, uint64_t now)
{
	struct socket	*s = arg;

	process(s->resolver, got & IO_IN ? s->io.fd : ARES_SOCKET_BAD,
	    got & IO_OUT ? s->io.fd : ARES_SOCKET_BAD, now);
}

static void
on_alarm(void *arg, uint64_t now)
{
	process(arg, ARES_SOCKET_BAD, ARES_SOCKET_BAD, now);
}

static struct socket *
socket_of(struct resolver *r, int fd)
{
	for (size_t i = 0; i < SOCKETS; i++)
		if (r->sockets[i].io.fd == fd)
			return &r->sockets[i];
	return NULL;
}

/* c-ares says what it wants of a socket; nothing: it closes it. */
static void
on_want(void *arg, ares_socket_t fd, int in, int out)
{
	struct resolver	*r = arg;
	struct socket	*s = socket_of(r, fd);

	if (s == NULL && (in || out)) {
		s = socket_of(r, -1);
		if (s == NULL || loop_add(r->loop, &s->io) == -1)
			return;		/* its time-out ends it */
		s->io.fd = fd;
	}
	if (s == NULL)
		return;
	s->io.want = (in ? IO_IN : 0u) | (out ? IO_OUT : 0u);
	if (s->io.want == 0) {
		loop_del(r->loop, &s->io);
		s->io.fd = -1;
	}
}

/* Tell whoever asked, once. */
static void
answer(struct question *q, const struct addr *a, size_t n, const char *why,
    uint64_t now)
{
	resolve_fn	*fn = q->fn;

	q->fn = NULL;
	if (fn != NULL)
		fn(q->arg, a, n, why, now);
}

static void
on_limit(void *arg, uint64_t now)
{
	answer(arg, NULL, 0, "no answer from the name server", now);
}

static void
drop_question(struct question *q)
{
	struct question	**p = &q->resolver->questions;

	while (*p != q)
		p = &(*p)->next;
	*p = q->next;
	alarm_clear(q->resolver->loop, &q->limit);
	free(q);
}

/* Those of one family, in the order given. */
static size_t
take(const struct ares_addrinfo *list, int family, uint16_t port,
    struct addr *a, size_t n)
{
	const struct ares_addrinfo_node	*node;

	for (node = list->nodes; node != NULL && n < RESULTS;
	    node = node->ai_next) {
		if (node->ai_family != family)
			continue;
		sockaddr_to(&a[n], node->ai_addr);
		a[n++].port = port;
	}
	return n;
}

/* RFC 6761 6.3: "localhost" is the loopback even where no file says so. */
static bool
is_localhost(const char *host)
{
	static const char	 name[] = "localhost";
	size_t			 n = strlen(host);

	return n + 1 >= sizeof(name) &&
	    strcmp(host + n + 1 - sizeof(name), name) == 0 &&
	    (n + 1 == sizeof(name) || host[n - sizeof(name)] == '.');
}

static size_t
loopback(uint16_t port, struct addr *a)
{
	addr_parse_ip(&a[0], "::1");
	addr_parse_ip(&a[1], "127.0.0.1");
	a[0].port = a[1].port = port;
	return 2;
}

static void
on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *list)
{
	struct question	*q = arg;
	struct addr	 a[RESULTS];
	const char	*why = "no address";
	size_t		 n = 0;

	(void)timeouts;
	if (status == ARES_SUCCESS && list != NULL) {
		n = take(list, AF_INET6, q->port, a, 0);
		n = take(list, AF_INET, q->port, a, n);
	} else if (q->local)
		n = loopback(q->port, a);
	else
		why = ares_strerror(status);
	if (list != NULL)
		ares_freeaddrinfo(list);
	answer(q, a, n, n > 0 ? NULL : why, q->resolver->now);
	drop_question(q);
}

/* A channel for the next question: a new one if none is under way. */
static int
prepare(struct resolver *r)
{
	struct ares_options	 o;
	int			 mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
				     ARES_OPT_SOCK_STATE_CB;
	int			 status;

	if (r->channel != NULL && (r->inside || r->questions != NULL))
		return ARES_SUCCESS;
	if (r->channel != NULL)
		ares_destroy(r->channel);
	r->channel = NULL;
	memset(&o, 0, sizeof(o));
	o.timeout = TRY_MS;
	o.tries = TRIES;
	o.sock_state_cb = on_want;
	o.sock_state_cb_data = r;
	status = ares_init_options(&r->channel, &o, mask);
	if (status == ARES_SUCCESS && r->server != NULL)
		status = ares_set_servers_ports_csv(r->channel, r->server);
	return status;
}

static struct question *
new_question(struct resolver *r, uint16_t port, resolve_fn *fn, void *arg,
    uint64_t now)
{
	struct question	*q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->resolver = r;
	q->port = port;
	q->fn = fn;
	q->arg = arg;
	q->limit.fire = on_limit;
	q->limit.arg = q;
	if (alarm_set(r->loop, &q->limit, now + LIMIT) == -1) {
		free(q);
		return NULL;
	}
	q->next = r->questions;
	r->questions = q;
	return q;
}

/* "192.0.2.1", "2001:db8::1" or "[2001:db8::1]". */
static int
parse_numeric(struct addr *a, const char *host)
{
	char	 buf[ADDR_TEXT];
	size_t	 n = strlen(host);

	if (n < 2 || host[0] != '[' || host[n - 1] != ']')
		return addr_parse_ip(a, host);
	if (n - 2 >= sizeof(buf))
		return -1;
	memcpy(buf, host + 1, n - 2);
	buf[n - 2] = '\0';
	return addr_parse_ip(a, buf);
}

void
resolve(struct resolver *r, const char *host, uint16_t port, resolve_fn *fn,
    void *arg, uint64_t now)
{
	struct ares_addrinfo_hints	 hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = ARES_AI_NOSORT,
	};
	struct addr			 a;
	struct question			*q;
	bool				 was_inside = r->inside;
	int				 status;

	if (parse_numeric(&a, host) == 0) {
		a.port = port;
		fn(arg, &a, 1, NULL, now);
		return;
	}
	status = prepare(r);
	q = status == ARES_SUCCESS ? new_question(r, port, fn, arg, now) : NULL;
	if (q == NULL) {
		fn(arg, NULL, 0, status == ARES_SUCCESS ? "out of memory" :
		    ares_strerror(status), now);
		return;
	}
	q->local = is_localhost(host);
	r->now = now;
	r->inside = true;
	ares_getaddrinfo(r->channel, host, NULL, &hints, on_answer, q);
	r->inside = was_inside;
	rearm(r);
}

void
resolve_cancel(struct resolver *r, void *arg)
{
	for (struct question *q = r->questions; q != NULL; q = q->next)
		if (q->arg == arg)
			q->fn = NULL;
}

void
resolver_server(struct resolver *r, const char *server)
{
	r->server = server;
}

const char *
resolver_library(void)
{
	return ares_version(NULL);
}

struct resolver *
resolver_new(struct loop *loop)
{
	struct resolver	*r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
		free(r);
		return NULL;
	}
	r->loop = loop;
	r->alarm.at = NEVER;
	r->alarm.fire = on_alarm;
	r->alarm.arg = r;
	for (size_t i = 0; i < SOCKETS; i++) {
		r->sockets[i].resolver = r;
		r->sockets[i].io.fd = -1;
		r->sockets[i].io.ready = on_ready;
		r->sockets[i].io.arg = &r->sockets[i];
	}
	return r;
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	for (struct question *q = r->questions; q != NULL; q = q->next)
		q->fn = NULL;
	if (r->channel != NULL)
		ares_destroy(r->channel);	/* ends every question */
	alarm_clear(r->loop, &r->alarm);
	ares_library_cleanup();
	free(r);
}
