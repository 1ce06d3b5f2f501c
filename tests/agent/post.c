#include "support/test.h"

#include "agent/post.h"
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
	};

	return RUN(tests);
}
