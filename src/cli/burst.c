/*
 * hotlink burst: both ends of a link in one process, so that what comes out
 * can be compared with what went in, byte by byte.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cmd.h"
#include "cli/frames.h"
#include "cli/options.h"
#include "net/clock.h"
#include "net/file.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "net/tcp.h"

enum {
	BUFFER = 256 << 10,	/* moved by one call */
	PIECES = 4,		/* calls per direction and turn */
	TRIES = 30,		/* connecting, as the reference's driver does */
	PAUSE = 500 * MS,	/* between them */
	ADDRESSES = 8,
	PROGRESS = 500 * MS,
	WHY = 256,
};

enum end_state { ASKING, CONNECTING, PAUSING, UP };

struct burst;

struct end {
	struct burst	*b;
	const char	*name, *where;
	char		*host;
	uint16_t	 port;
	enum end_state	 state;
	struct addr	 addrs[ADDRESSES];
	size_t		 naddrs, next;
	unsigned	 tries;
	int		 err;		/* of the last try, or 0 */
	struct io	 io;		/* fd -1: none */
	struct alarm	 retry;
	struct frames	 make, check;	/* count 0: not in this direction */
	uint8_t		*buf;		/* made and not yet written */
	size_t		 off, len;
};

struct burst {
	const char	*tx, *rx, *label, *json;
	uint64_t	 count, size, timeout;
	bool		 bidir;

	struct loop	*loop;
	struct resolver	*resolver;
	struct end	 end[2];
	struct alarm	 limit, progress;
	bool		 terminal;
	uint8_t		*in;
	uint64_t	 started, ended;	/* 0: not yet */
	char		 why[WHY];		/* "": all is well */
};

/* The first reason counts. */
static void
fail(struct burst *b, const char *what, const char *which, const char *why)
{
	if (b->why[0] == '\0')
		snprintf(b->why, sizeof(b->why), "%s%s%s%s%s", what,
		    which != NULL ? " " : "", which != NULL ? which : "",
		    why != NULL ? ": " : "", why != NULL ? why : "");
	loop_stop(b->loop);
}

static uint64_t
arrived(const struct burst *b)
{
	return b->end[0].check.frame + b->end[1].check.frame;
}

static uint64_t
expected(const struct burst *b)
{
	return b->end[0].check.count + b->end[1].check.count;
}

static uint64_t
arrived_bytes(const struct burst *b)
{
	uint64_t	 n = arrived(b) * b->size;

	for (size_t i = 0; i < 2; i++)
		if (b->end[i].check.at > 4)
			n += b->end[i].check.at - 4;
	return n;
}

static double
mib_per_s(uint64_t bytes, uint64_t us)
{
	return us > 0 ? (double)bytes / (1 << 20) * SEC / (double)us : 0;
}

static void
set_state(struct end *e, enum end_state state)
{
	log_debug("burst: %s: %d -> %d", e->name, (int)e->state, (int)state);
	e->state = state;
}

static void
drop(struct end *e)
{
	if (e->io.fd == -1)
		return;
	loop_del(e->b->loop, &e->io);
	tcp_close(e->io.fd);
	e->io.fd = -1;
}

/* What is wanted of a socket follows from what is left to do. */
static void
set_want(struct end *e)
{
	e->io.want = 0;
	if (e->state == CONNECTING)
		e->io.want = IO_OUT;
	if (e->state != UP || e->b->started == 0)
		return;
	if (e->off < e->len || !frames_done(&e->make))
		e->io.want |= IO_OUT;
	if (!frames_done(&e->check))
		e->io.want |= IO_IN;
}

static void
send_frames(struct end *e)
{
	ssize_t	 n;

	for (int i = 0; i < PIECES; i++) {
		if (e->off == e->len) {
			e->len = frames_make(&e->make, e->buf, BUFFER);
			e->off = 0;
		}
		if (e->len == 0)
			return;
		n = tcp_write(e->io.fd, e->buf + e->off, e->len - e->off);
		if (n == TCP_AGAIN)
			return;
		if (n == TCP_ERROR) {
			fail(e->b, e->name, "connection lost", strerror(errno));
			return;
		}
		e->off += (size_t)n;
	}
}

static void
take_frames(struct end *e, const uint8_t *p, size_t n, uint64_t now)
{
	struct burst	*b = e->b;
	char		 why[FRAMES_WHY];

	if (frames_check(&e->check, p, n, why) == -1) {
		fail(b, why, NULL, NULL);
		return;
	}
	if (arrived(b) < expected(b))
		return;
	b->ended = now;
	loop_stop(b->loop);
}

static void
receive_frames(struct end *e)
{
	struct burst	*b = e->b;
	ssize_t		 n;

	for (int i = 0; i < PIECES && !frames_done(&e->check); i++) {
		n = tcp_read(e->io.fd, b->in, BUFFER);
		if (n == TCP_AGAIN)
			return;
		if (n == TCP_ERROR)
			fail(b, e->name, "connection lost", strerror(errno));
		else if (n == 0)
			fail(b, e->name, "connection closed by the link", NULL);
		else
			take_frames(e, b->in, (size_t)n, clock_now());
		if (b->why[0] != '\0')
			return;
	}
}

static void
start_if_both_are_up(struct burst *b, uint64_t now)
{
	if (b->end[0].state != UP || b->end[1].state != UP)
		return;
	b->started = now;
	for (size_t i = 0; i < 2; i++)
		set_want(&b->end[i]);
}

static void	 try_next(struct end *, uint64_t);

static void
on_connected(struct end *e, uint64_t now)
{
	if (tcp_connected(e->io.fd) == -1) {
		drop(e);
		try_next(e, now);
		return;
	}
	set_state(e, UP);
	set_want(e);
	start_if_both_are_up(e->b, now);
}

static void
on_ready(void *arg, unsigned got, uint64_t now)
{
	struct end	*e = arg;

	if (e->state == CONNECTING) {
		on_connected(e, now);
		return;
	}
	if (got & IO_OUT)
		send_frames(e);
	if ((got & IO_IN) && e->b->why[0] == '\0')
		receive_frames(e);
	set_want(e);
}

static int
try_one(struct end *e)
{
	e->io.fd = tcp_connect(&e->addrs[e->next++]);
	if (e->io.fd == -1)
		return -1;
	set_state(e, CONNECTING);
	set_want(e);
	if (loop_add(e->b->loop, &e->io) == 0)
		return 0;
	tcp_close(e->io.fd);
	e->io.fd = -1;
	errno = ENOMEM;
	return -1;
}

/* The next address; after the last a pause, until there were enough. */
static void
try_next(struct end *e, uint64_t now)
{
	int	 err = errno;

	while (e->next < e->naddrs) {
		if (try_one(e) == 0)
			return;
		err = errno;
	}
	e->err = err;
	if (++e->tries >= TRIES) {
		fail(e->b, "cannot connect to", e->where, strerror(err));
		return;
	}
	e->next = 0;
	set_state(e, PAUSING);
	alarm_set(e->b->loop, &e->retry, now + PAUSE);
}

static void
on_retry(void *arg, uint64_t now)
{
	try_next(arg, now);
}

static void
on_addresses(void *arg, const struct addr *a, size_t n, const char *why,
    uint64_t now)
{
	struct end	*e = arg;

	if (n == 0) {
		fail(e->b, "no address of", e->where, why);
		return;
	}
	e->naddrs = n < ADDRESSES ? n : ADDRESSES;
	memcpy(e->addrs, a, e->naddrs * sizeof(*a));
	try_next(e, now);
}

static void
on_limit(void *arg, uint64_t now)
{
	struct burst	*b = arg;
	char		 after[80];

	(void)now;
	snprintf(after, sizeof(after), "timeout after %gs%s",
	    (double)b->timeout / SEC, b->started == 0 ? ": not connected to" :
	    "");
	for (size_t i = 0; i < 2; i++)
		if (b->end[i].state != UP)
			fail(b, after, b->end[i].where, b->end[i].err != 0 ?
			    strerror(b->end[i].err) : NULL);
	fail(b, after, NULL, NULL);
}

static void
on_progress(void *arg, uint64_t now)
{
	struct burst	*b = arg;

	if (b->started != 0)
		fprintf(stderr, "\r  %s  files=%" PRIu64 "/%" PRIu64
		    "  %.2f MiB/s  ", b->label, arrived(b), expected(b),
		    mib_per_s(arrived_bytes(b), now - b->started));
	alarm_set(b->loop, &b->progress, now + PROGRESS);
}

static void
report(const struct burst *b)
{
	uint64_t	 n = arrived(b), bytes = n * b->size;
	double		 s = (double)(b->ended - b->started) / SEC;

	if (b->terminal)
		fprintf(stderr, "\r%*s\r", 72, "");
	if (b->why[0] != '\0') {
		printf("  %s  FAIL  files=%" PRIu64 "/%" PRIu64 "  %s\n",
		    b->label, n, expected(b), b->why);
		return;
	}
	printf("  %s  PASS  files=%" PRIu64 "/%" PRIu64 "  file_size=%" PRIu64
	    "  total_bytes=%" PRIu64 "  time=%.4fs  avg_file=%.3fms"
	    "  throughput=%.2f MiB/s\n", b->label, n, expected(b), b->size,
	    bytes, s, s * 1000 / (double)n,
	    mib_per_s(bytes, b->ended - b->started));
}

static int
write_json(const struct burst *b)
{
	uint64_t	 us = b->started != 0 ? b->ended - b->started : 0;
	uint64_t	 bytes = arrived(b) * b->size;
	bool		 ok = b->why[0] == '\0';
	json_t		*j;
	char		*text = NULL;
	size_t		 n;
	int		 status = -1;

	j = json_pack("{s:s, s:b, s:b, s:I, s:I, s:I, s:I, s:f, s:f, s:s}",
	    "label", b->label, "pass", ok, "bidir", b->bidir,
	    "files", (json_int_t)arrived(b),
	    "files_expected", (json_int_t)expected(b),
	    "file_size", (json_int_t)b->size, "total_bytes", (json_int_t)bytes,
	    "time_s", (double)us / SEC, "throughput_mib_s",
	    mib_per_s(bytes, us), "why", b->why);
	if (j != NULL)
		text = json_dumps(j, JSON_INDENT(2));
	if (text != NULL) {
		n = strlen(text);
		text[n++] = '\n';	/* in the place of its NUL */
		status = file_write(b->json, text, n, 0644);
	}
	free(text);
	json_decref(j);
	return status;
}

/* "HOST:PORT" or "[IPV6]:PORT", into e. */
static int
parse_where(struct end *e)
{
	const char	*colon = strrchr(e->where, ':');
	uint64_t	 port;

	if (colon == NULL || colon == e->where ||
	    option_number(&port, colon + 1) == -1 || port == 0 || port > 65535)
		return -1;
	e->host = strdup(e->where);
	if (e->host == NULL)
		fatal("burst");
	e->host[colon - e->where] = '\0';
	e->port = (uint16_t)port;
	return 0;
}

static void
init_end(struct burst *b, struct end *e, uint64_t key, bool sends, bool gets)
{
	e->b = b;
	e->io.fd = -1;
	e->io.ready = on_ready;
	e->io.arg = e;
	e->retry.fire = on_retry;
	e->retry.arg = e;
	frames_init(&e->make, key, sends ? b->count : 0, (uint32_t)b->size);
	frames_init(&e->check, ~key, gets ? b->count : 0, (uint32_t)b->size);
	e->buf = malloc(BUFFER);
	if (e->buf == NULL)
		fatal("burst");
}

static void
prepare(struct burst *b)
{
	uint64_t	 key = clock_unix_ms() << 20 ^ clock_now();

	init_end(b, &b->end[0], key, true, b->bidir);
	init_end(b, &b->end[1], ~key, b->bidir, true);
	b->limit.fire = on_limit;
	b->progress.fire = on_progress;
	b->limit.arg = b->progress.arg = b;
	b->terminal = isatty(STDERR_FILENO) == 1;
	b->in = malloc(BUFFER);
	b->loop = loop_new();
	b->resolver = b->loop != NULL ? resolver_new(b->loop) : NULL;
	if (b->in == NULL || b->resolver == NULL)
		fatal("burst");
}

static void
run(struct burst *b)
{
	uint64_t	 now = clock_now();

	alarm_set(b->loop, &b->limit, now + b->timeout);
	if (b->terminal)
		alarm_set(b->loop, &b->progress, now + PROGRESS);
	for (size_t i = 0; i < 2; i++)
		resolve(b->resolver, b->end[i].host, b->end[i].port,
		    on_addresses, &b->end[i], now);
	if (b->why[0] == '\0' && loop_run(b->loop) != 0)
		fail(b, "interrupted", NULL, NULL);
	if (b->ended == 0)
		b->ended = clock_now();
}

static void
finish(struct burst *b)
{
	for (size_t i = 0; i < 2; i++) {
		drop(&b->end[i]);
		alarm_clear(b->loop, &b->end[i].retry);
		free(b->end[i].buf);
		free(b->end[i].host);
	}
	resolver_free(b->resolver);
	loop_free(b->loop);
	free(b->in);
}

int
cmd_burst(int argc, char **argv)
{
	struct burst		 b = { .label = "burst-c1->c2", .count = 750,
	    .size = 1677722, .timeout = 180ull * SEC };
	const struct option	 options[] = {
		{ 0, "tx", "HOST:PORT", "the end of the link to send to",
		    OPT_TEXT, true, &b.tx, 0, 0, NULL, NULL },
		{ 0, "rx", "HOST:PORT", "the end to receive from",
		    OPT_TEXT, true, &b.rx, 0, 0, NULL, NULL },
		{ 'n', "count", "N", "frames to send (750)", OPT_NUMBER, false,
		    &b.count, 1, 1000000000, NULL, NULL },
		{ 's', "size", "BYTES", "of a frame's payload (1677722)",
		    OPT_SIZE, false, &b.size, 1, UINT32_MAX, NULL, NULL },
		{ 't', "timeout", "SECONDS", "for all of it (180)",
		    OPT_DURATION, false, &b.timeout, MS, 86400ull * SEC, NULL,
		    NULL },
		{ 0, "bidir", NULL, "send both ways at once", OPT_FLAG, false,
		    &b.bidir, 0, 0, NULL, NULL },
		{ 0, "label", "NAME", "what the result line is called "
		    "(burst-c1->c2)", OPT_TEXT, false, &b.label, 0, 0, NULL,
		    NULL },
		{ 0, "json", "FILE", "write the result there too", OPT_TEXT,
		    false, &b.json, 0, 0, NULL, NULL },
	};
	const struct command	 command = { "burst", NULL,
	    "Push frames through a link and verify every byte of them.",
	    options, sizeof(options) / sizeof(options[0]) };
	int			 status;

	status = options_parse(&command, &argc, argv);
	if (status != OPTIONS_RUN)
		return status;
	if (b.json != NULL && file_check_writable(b.json) == -1) {
		log_err("--json %s", b.json);
		return STATUS_FAILED;
	}
	b.end[0].name = "tx";
	b.end[1].name = "rx";
	b.end[0].where = b.tx;
	b.end[1].where = b.rx;
	for (size_t i = 0; i < 2; i++)
		if (parse_where(&b.end[i]) == -1)
			return options_misuse(&command,
			    "option --%s: not HOST:PORT: %s", b.end[i].name,
			    b.end[i].where);
	prepare(&b);
	run(&b);
	report(&b);
	status = b.why[0] == '\0' ? STATUS_OK : STATUS_FAILED;
	if (b.json != NULL && write_json(&b) == -1) {
		log_err("--json %s", b.json);
		status = STATUS_FAILED;
	}
	finish(&b);
	return status;
}
