#include "support/test.h"

#include "support/mangle.h"
#include "syft/server.h"

static struct server
parse(const char *text)
{
	struct server	 s;

	EQ(server_parse(&s, text, strlen(text)), 0);
	return s;
}

static void
a_host_has_a_port_or_the_usual_one(void **state)
{
	static const struct {
		const char	*text, *host;
		uint16_t	 port;
		bool		 turn, tls, stream;
	}		 v[] = {
		{ "stun:192.0.2.1", "192.0.2.1", 3478, 0, 0, 0 },
		{ "stun.example.org:99", "stun.example.org", 99, 0, 0, 0 },
		{ "stun:[2001:db8::1]", "2001:db8::1", 3478, 0, 0, 0 },
		{ "[2001:db8::1]:65535", "2001:db8::1", 65535, 0, 0, 0 },
		{ "turn:h", "h", 3478, 1, 0, 0 },
		{ "turn:h:1?transport=udp", "h", 1, 1, 0, 0 },
		{ "turn:h?transport=tcp", "h", 3478, 1, 0, 1 },
		{ "turns:h", "h", 5349, 1, 1, 1 },
		{ "turns:[::1]:7?transport=tcp", "::1", 7, 1, 1, 1 },
	};
	struct server	 s;

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		s = parse(v[i].text);
		STREQ(s.host, v[i].host);
		EQ(s.port, v[i].port);
		EQ(s.turn, v[i].turn);
		EQ(s.tls, v[i].tls);
		EQ(s.stream, v[i].stream);
	}
}

static void
what_is_no_server_is_none(void **state)
{
	static const char *const	 bad[] = {
		"", "stun:", "stun:[]", "stun:[]:1", "stun:[::1", "stun:[h]",
		"stun:[192.0.2.1]", "stun:[::1]:", "stun:[::1]:x",
		"stun:[::1]:0", "stun:[::1]:65536", "stun:[::1]x",
		"stun:2001:db8::1", "stun:h:1:2", "stun:1.2.3.4:",
		"stun:1.2.3.4:0", "stun:h:+1", "stun:h:99999999999999999999",
		"stun:a@b", "stun:a b", "stun:a\tb", "stun:h/", "http://h",
		"turn:h?transport=sctp", "turn:h?", "turn:?transport=tcp",
		"turns:h?transport=udp", "stun:h?transport=udp",
	};
	struct server			 s = { .port = 9 };
	char				 text[SERVER_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EQ(server_parse(&s, bad[i], strlen(bad[i])), -1);
	EQ(server_parse(&s, "stun:a\0b", 8), -1);
	memset(text, 'a', sizeof(text));
	EQ(server_parse(&s, text, SERVER_MAX), -1);
	EQ(s.port, 9);
	EQ(server_parse(&s, text, SERVER_MAX - 1), 0);
}

/* It is read from what it has, and what is behind a cut is not missed. */
static void
cut(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct server	 s;

	(void)which;
	if (server_parse(&s, (const char *)p, n) == 0)
		++*(unsigned *)arg;
}

static void
every_length_of_one_is_one_or_not(void **state)
{
	static const char	 text[] = "turn:[2001:db8::1]:34?transport=udp";
	unsigned		 good = 0;

	(void)state;
	mangle_cut((const uint8_t *)text, strlen(text), cut, &good);
	EQ(good, 4 + 3);	/* "t" to "turn", "...]", ":3", ":34" */
}

static void
a_list_has_what_is_between_its_commas(void **state)
{
	static const char *const	 want[] = { "a", "b c", "d" };
	const char			*list = " ,a,\t b c ,, ,d", *e;
	size_t				 n;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		e = server_next(&list, &n);
		CHECK(e != NULL);
		EQ(n, strlen(want[i]));
		MEMEQ(e, want[i], n);
	}
	CHECK(server_next(&list, &n) == NULL);
	CHECK(server_next(&list, &n) == NULL);
	list = "";
	CHECK(server_next(&list, &n) == NULL);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_host_has_a_port_or_the_usual_one),
		cmocka_unit_test(what_is_no_server_is_none),
		cmocka_unit_test(every_length_of_one_is_one_or_not),
		cmocka_unit_test(a_list_has_what_is_between_its_commas),
	};

	return RUN(tests);
}
