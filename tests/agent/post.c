#include "support/test.h"

#include "agent/post.h"
#include "agent/url.h"
#include "net/clock.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "net/tcp.h"
#include "support/mangle.h"
#include "support/oom.h"

#define OK	"HTTP/1.1 200 OK\r\n"

static int		 status;
static struct span	 body;

/* The last parse's body points into this. */
static int
parse(const char *text, bool ended)
{
	static uint8_t	 buf[POST_ANSWER_MAX];
	size_t		 n = strlen(text);

	memcpy(buf, text, n);
	status = 0;
	body = (struct span){ NULL, 0 };
	return post_parse(buf, n, ended, &status, &body);
}

static void
a_body_ends_where_its_length_its_chunks_or_the_stream_say(void **state)
{
	static const struct {
		const char	*text;
		bool		 ended;
		int		 result;
	} row[] = {
		{ OK "Content-Length: 5\r\n\r\nhello", false, 1 },
		{ OK "content-length: 5\r\n\r\nhello and more", false, 1 },
		{ OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0"
		    "\r\n\r\n", false, 1 },
		{ OK "\r\nhello", true, 1 },
		{ "HTTP/1.0 200 OK\r\n\r\nhello", true, 1 },
		{ OK "\r\nhello", false, 0 },
		{ OK "Content-Length: 6\r\n\r\nhello", false, 0 },
		{ OK "Content-Length: 6\r\n\r\nhello", true, -1 },
		{ OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false,
		    0 },
		{ OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", true,
		    -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		EQ(parse(row[i].text, row[i].ended), row[i].result);
		if (row[i].result != 1)
			continue;
		EQ(status, 200);
		EQ(body.n, 5);
		MEMEQ(body.p, "hello", 5);
	}
}

static void
what_is_no_answer_is_refused(void **state)
{
	static const char *const	 bad[] = {
		"SSH-2.0-x\r\n\r\n", "\r\n\r\n", "HTTP/2 200\r\n\r\n",
		OK "Content-Length: 1x\r\n\r\n", OK "Content-Length: \r\n\r\n",
		OK "Content-Length: -1\r\n\r\n",
		OK "Content-Length: 99999999999999999999999\r\n\r\n",
		OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		OK "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EQ(parse(bad[i], false), -1);
	EQ(parse("", true), -1);
	EQ(parse("HTTP/1.1 200", true), -1);
}

static void
cut(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct span	 b;
	int		 st;

	(void)arg;
	(void)which;
	EQ(post_parse((uint8_t *)(uintptr_t)p, n, false, &st, &b), 0);
	EQ(post_parse((uint8_t *)(uintptr_t)p, n, true, &st, &b), -1);
}

static void
an_answer_cut_anywhere_waits_and_then_is_refused(void **state)
{
	static const char *const	 whole[] = {
		OK "A: b\r\nContent-Length: 5\r\n\r\nhello",
		OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		EQ(parse(whole[i], false), 1);
		mangle_cut((const uint8_t *)whole[i], strlen(whole[i]), cut,
		    NULL);
	}
}

static void
without_memory_an_answer_is_none(void **state)
{
	(void)state;
	oom_after(1);
	EQ(parse(OK "Content-Length: 0\r\n\r\n", false), -1);
	oom_after(0);
	EQ(parse(OK "Content-Length: 0\r\n\r\n", false), 1);
}

/* A server on loopback, in the same loop, that says answer and hangs up. */
struct scene {
	struct loop	*loop;
	struct io	 listener, conn;
	struct alarm	 limit;
	struct post	*post;
	const char	*answer;
	size_t		 repeat;
	char		 asked[512];
	size_t		 nasked;
	unsigned	 calls;
	int		 status;
	char		 body[64], why[64];
};

static void
stop(void *arg, uint64_t now)
{
	(void)now;
	loop_stop(((struct scene *)arg)->loop);
}

static void
done(void *arg, uint64_t now, int st, const char *text, size_t n,
    const char *why)
{
	struct scene	*s = arg;

	s->calls++;
	s->status = st;
	if (n < sizeof(s->body) && n > 0)
		memcpy(s->body, text, n);
	snprintf(s->why, sizeof(s->why), "%s", why != NULL ? why : "");
	alarm_set(s->loop, &s->limit, now);
}

static void
on_conn(void *arg, unsigned got, uint64_t now)
{
	struct scene	*s = arg;
	ssize_t		 n;

	(void)got;
	(void)now;
	n = tcp_read(s->conn.fd, s->asked + s->nasked,
	    sizeof(s->asked) - 1 - s->nasked);
	if (n <= 0)
		return;
	s->nasked += (size_t)n;
	if (strstr(s->asked, "{}") == NULL)
		return;
	for (size_t i = 0; i <= s->repeat; i++)
		tcp_write(s->conn.fd, s->answer, strlen(s->answer));
	tcp_shutdown(s->conn.fd);
	s->conn.want = 0;
}

static void
on_listener(void *arg, unsigned got, uint64_t now)
{
	struct scene	*s = arg;
	int		 fd = tcp_accept(s->listener.fd, NULL);

	(void)got;
	(void)now;
	if (fd < 0)
		return;
	s->conn = (struct io){ .fd = fd, .want = IO_IN, .ready = on_conn,
	    .arg = s };
	loop_add(s->loop, &s->conn);
}

static void
play(struct scene *s, bool served)
{
	struct addr		 a, bound;
	struct url		 url;
	char			 text[64];
	const char		*why;
	struct post_conf	 conf = { .url = &url, .body = "{}",
		.path = "/auth/refresh", .done = done, .arg = s };

	CHECK(addr_parse(&a, "127.0.0.1:0") == 0);
	s->loop = conf.loop = loop_new();
	conf.resolver = resolver_new(s->loop);
	s->listener = (struct io){ .fd = tcp_listen(&a, &bound),
	    .want = IO_IN, .ready = on_listener, .arg = s };
	CHECK(s->listener.fd >= 0);
	s->conn.fd = -1;
	s->limit = (struct alarm){ .fire = stop, .arg = s };
	snprintf(text, sizeof(text), "http://127.0.0.1:%u/base", bound.port);
	EQ(url_parse(&url, text, &why), 0);
	if (served)
		EQ(loop_add(s->loop, &s->listener), 0);
	else
		tcp_close(s->listener.fd);
	s->post = post_new(&conf, clock_now());
	assert_non_null(s->post);
	EQ(s->calls, 0);
	EQ(alarm_set(s->loop, &s->limit, clock_now() + 5 * SEC), 0);
	loop_run(s->loop);
	EQ(s->calls, 1);
	post_free(s->post);
	EQ(s->calls, 1);
	if (s->conn.fd != -1) {
		loop_del(s->loop, &s->conn);
		tcp_close(s->conn.fd);
	}
	if (served) {
		loop_del(s->loop, &s->listener);
		tcp_close(s->listener.fd);
	}
	resolver_free(conf.resolver);
	loop_free(s->loop);
}

static void
a_request_is_made_and_its_answer_given_once(void **state)
{
	struct scene	 s = { .answer = OK "\r\nhello" };

	(void)state;
	play(&s, true);
	EQ(s.status, 200);
	STREQ(s.body, "hello");
	STREQ(s.why, "");
	CHECK(strncmp(s.asked, "POST /base/auth/refresh HTTP/1.1\r\n", 34) ==
	    0);
	assert_non_null(strstr(s.asked, "Host: 127.0.0.1:"));
	assert_non_null(strstr(s.asked, "\r\nContent-Length: 2\r\n"));
}

static void
without_an_answer_the_reason_is_given(void **state)
{
	static const struct {
		const char	*answer, *why;
		size_t		 repeat;
		bool		 served;
	} row[] = {
		{ "", "Connection refused", 0, false },
		{ "", "connection closed by the server", 0, true },
		{ "SSH-2.0\r\n\r\n", "not an HTTP answer", 0, true },
		{ "HTTP/1.1 200", "the answer was cut off", 0, true },
		{ "0123456789012345678901234567890123456789012345678901234567",
		    "the answer is too long", 1200, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct scene	 s = { .answer = row[i].answer,
			.repeat = row[i].repeat };

		play(&s, row[i].served);
		EQ(s.status, 0);
		STREQ(s.why, row[i].why);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    a_body_ends_where_its_length_its_chunks_or_the_stream_say),
		cmocka_unit_test(what_is_no_answer_is_refused),
		cmocka_unit_test(
		    an_answer_cut_anywhere_waits_and_then_is_refused),
		cmocka_unit_test(without_memory_an_answer_is_none),
		cmocka_unit_test(a_request_is_made_and_its_answer_given_once),
		cmocka_unit_test(without_an_answer_the_reason_is_given),
	};

	return RUN(tests);
}
