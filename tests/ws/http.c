#include "support/mangle.h"
#include "support/test.h"

#include "ws/http.h"

#define REQUEST	"GET /api/v1/events?user=a%40x.io&n=1+2%2B&e=&bad=%zz " \
	"HTTP/1.1\r\n" \
	"Host: h:80\r\nCONNECTION: keep-alive, Upgrade\r\nX: \t a b \t\r\n" \
	"connection:foo\r\nEmpty:\r\n\r\n"

static const uint8_t *
bytes(const char *s)
{
	return (const uint8_t *)s;
}

static void
a_request_is_taken_apart(void **state)
{
	struct http	 h;
	char		 b[16];

	(void)state;
	EQ(http_request(&h, bytes(REQUEST), strlen(REQUEST)), 0);
	STREQ(h.method, "GET");
	STREQ(h.target, "/api/v1/events");
	STREQ(http_header(&h, "host"), "h:80");
	STREQ(http_header(&h, "x"), "a b");
	STREQ(http_header(&h, "empty"), "");
	CHECK(http_header(&h, "none") == NULL);
	EQ(http_count(&h, "Connection"), 2);
	CHECK(http_has_token(&h, "connection", "upgrade"));
	CHECK(http_has_token(&h, "connection", "FOO"));
	CHECK(!http_has_token(&h, "connection", "keep"));
	STREQ(http_query(&h, "user", b, sizeof(b)), "a@x.io");
	STREQ(http_query(&h, "n", b, sizeof(b)), "1 2+");
	STREQ(http_query(&h, "e", b, sizeof(b)), "");
	CHECK(http_query(&h, "bad", b, sizeof(b)) == NULL);
	CHECK(http_query(&h, "use", b, sizeof(b)) == NULL);
	CHECK(http_query(&h, "user", b, 6) == NULL);
	CHECK(http_query(&h, "user", b, 7) != NULL);
	http_fini(&h);
}

static void
refuse_cut(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct http	 h;

	(void)arg;
	(void)which;
	EQ(http_head_end(p, 0, n), 0);
	EQ(http_request(&h, p, n), -1);
	http_fini(&h);
	EQ(http_response(&h, p, n), -1);
	http_fini(&h);
}

static void
a_head_cut_anywhere_is_not_a_head(void **state)
{
	(void)state;
	mangle_cut(bytes(REQUEST), strlen(REQUEST), refuse_cut, NULL);
}

static void
take_flipped(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct http	 h;

	(void)arg;
	(void)which;
	http_request(&h, p, n);
	http_fini(&h);
	http_response(&h, p, n);
	http_fini(&h);
}

static void
a_spoiled_head_is_survived(void **state)
{
	(void)state;
	mangle_flip(bytes(REQUEST), strlen(REQUEST), take_flipped, NULL);
}

static void
the_end_is_found_from_any_earlier_position(void **state)
{
	size_t	 n = strlen(REQUEST);

	(void)state;
	for (size_t from = 0; from < n; from++)
		EQ(http_head_end(bytes(REQUEST "rest"), from, n + 4), n);
}

static void
malformed_heads_are_refused(void **state)
{
	static const char *const	 bad[] = {
		"GET / HTTP/1.1\n\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/2\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
		"GET /\r\n\r\n", "GET\r\n\r\n", "\r\n\r\n",
		"GET x HTTP/1.1\r\n\r\n", "G(T / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nno colon\r\n\r\n",
		"GET / HTTP/1.1\r\n: v\r\n\r\n",
		"GET / HTTP/1.1\r\nName : v\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b\nc: d\r\n\r\n",
		"GET / HTTP/1.1\r\nA: \x01\r\n\r\n",
	};
	static const char		 nul[] =
	    "GET / HTTP/1.1\r\nA: \0\r\n\r\n";
	struct http			 h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EQ(http_request(&h, bytes(bad[i]), strlen(bad[i])), -1);
		http_fini(&h);
	}
	EQ(http_request(&h, bytes(nul), sizeof(nul) - 1), -1);
	http_fini(&h);
}

static void
more_fields_than_the_limit_are_refused(void **state)
{
	char		 b[2048] = "GET / HTTP/1.1\r\n";
	struct http	 h;

	(void)state;
	for (size_t i = 0; i < HTTP_FIELDS; i++)
		strcat(b, "A: b\r\n");
	strcat(b, "\r\n");
	EQ(http_request(&h, bytes(b), strlen(b)), 0);
	http_fini(&h);
	b[strlen(b) - 2] = '\0';
	strcat(b, "A: b\r\n\r\n");
	EQ(http_request(&h, bytes(b), strlen(b)), -1);
	http_fini(&h);
}

static void
status_lines_are_read_and_bad_ones_refused(void **state)
{
	static const char *const	 bad[] = {
		"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.2 200 OK\r\n\r\n",
		"HTTP/1.0 101 OK\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n",
		"HTTP/1.1 abc\r\n\r\n", "http/1.1 200 OK\r\n\r\n",
	};
	struct http			 h;

	(void)state;
	EQ(http_response(&h, bytes("HTTP/1.1 401 No\r\nA: b\r\n\r\n"), 25), 0);
	EQ(h.status, 401);
	http_fini(&h);
	EQ(http_response(&h, bytes("HTTP/1.0 403 No\r\n\r\n"), 19), 0);
	EQ(h.status, 403);
	http_fini(&h);
	EQ(http_response(&h, bytes("HTTP/1.1 204\r\n\r\n"), 16), 0);
	EQ(h.status, 204);
	http_fini(&h);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EQ(http_response(&h, bytes(bad[i]), strlen(bad[i])), -1);
		http_fini(&h);
	}
}

#define CHUNKS	"5\r\nhello\r\n06;ext=1\r\n world\r\n0\r\n"

static void
chunks_are_joined_once_all_of_them_came(void **state)
{
	uint8_t	 b[64];
	size_t	 n;

	(void)state;
	for (size_t cut = 0; cut < strlen(CHUNKS); cut++) {
		memcpy(b, CHUNKS, cut);
		n = cut;
		EQ(http_dechunk(b, &n), 0);
		EQ(n, cut);
		MEMEQ(b, CHUNKS, cut);
	}
	n = strlen(CHUNKS);
	memcpy(b, CHUNKS, n);
	EQ(http_dechunk(b, &n), 1);
	EQ(n, 11);
	MEMEQ(b, "hello world", 11);
}

static void
what_is_not_chunks_is_refused(void **state)
{
	static const char *const	 bad[] = {
		"x\r\n", "\r\n", "5x\r\n", "123456\r\n", "5\n", "-1\r\n",
	};
	uint8_t				 b[16];
	size_t				 n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		n = strlen(bad[i]);
		memcpy(b, bad[i], n);
		EQ(http_dechunk(b, &n), -1);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_request_is_taken_apart),
		cmocka_unit_test(a_head_cut_anywhere_is_not_a_head),
		cmocka_unit_test(a_spoiled_head_is_survived),
		cmocka_unit_test(the_end_is_found_from_any_earlier_position),
		cmocka_unit_test(malformed_heads_are_refused),
		cmocka_unit_test(more_fields_than_the_limit_are_refused),
		cmocka_unit_test(status_lines_are_read_and_bad_ones_refused),
		cmocka_unit_test(chunks_are_joined_once_all_of_them_came),
		cmocka_unit_test(what_is_not_chunks_is_refused),
	};

	return RUN(tests);
}
