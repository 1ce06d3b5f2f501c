#include "support/test.h"

#include "agent/url.h"

static void
a_server_is_taken_apart(void **state)
{
	static const struct {
		const char	*text, *host, *authority, *path;
		uint16_t	 port;
		bool		 tls;
	} good[] = {
		{ "http://h", "h", "h", "", 80, false },
		{ "ws://h:81/", "h", "h:81", "", 81, false },
		{ "https://example.com", "example.com", "example.com", "",
		    443, true },
		{ "wss://[::1]:8443/a/b/", "::1", "[::1]:8443", "/a/b", 8443,
		    true },
		{ "http://[::1]", "::1", "[::1]", "", 80, false },
	};
	struct url	 u;
	const char	*why;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		EQ(url_parse(&u, good[i].text, &why), 0);
		STREQ(u.host, good[i].host);
		STREQ(u.authority, good[i].authority);
		STREQ(u.path, good[i].path);
		EQ(u.port, good[i].port);
		EQ(u.tls, good[i].tls);
	}
}

static void
what_is_no_server_is_refused_with_a_reason(void **state)
{
	static const char *const	 bad[] = {
		"", "h", "ftp://h", "http://", "http://:80", "http://h:",
		"http://h:0", "http://h:65536", "http://h:8o", "http://[::1",
		"http://[::1]x", "http://u@h", "http://h/?q", "http://h/#f",
		"http://h /", "http://h\r\nX: y", "http://h:-1", "http://[]",
	};
	struct url	 u;
	const char	*why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why = NULL;
		EQ(url_parse(&u, bad[i], &why), -1);
		CHECK(why != NULL);
	}
}

static void
an_over_long_host_or_path_is_refused(void **state)
{
	char		 text[2048] = "http://";
	struct url	 u;
	const char	*why;

	(void)state;
	memset(text + 7, 'a', 400);
	EQ(url_parse(&u, text, &why), -1);
	text[8] = '/';
	memset(text + 9, 'a', 1000);
	EQ(url_parse(&u, text, &why), -1);
}

static void
an_email_is_escaped_for_the_query(void **state)
{
	char	 buf[64], small[8];

	(void)state;
	STREQ(url_escape("a+b@x.io", buf, sizeof(buf)), "a%2Bb%40x.io");
	STREQ(url_escape("abcdefgh", small, sizeof(small)), "abcde");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_server_is_taken_apart),
		cmocka_unit_test(what_is_no_server_is_refused_with_a_reason),
		cmocka_unit_test(an_over_long_host_or_path_is_refused),
		cmocka_unit_test(an_email_is_escaped_for_the_query),
	};

	return RUN(tests);
}
