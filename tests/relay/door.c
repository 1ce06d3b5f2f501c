#include "support/test.h"

#include "relay/auth.h"
#include "relay/door.h"
#include "ws/ws.h"

#define KEYS	"Host: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
	"Sec-WebSocket-Version: 13\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define EVENTS	"GET /api/v1/events?user=a%40x.io HTTP/1.1\r\n" KEYS
/* echo -n token | sha256sum, and of other */
#define TOKEN	"3c469e9d6c5875d37a43f353d4f88e61" \
	"fcf812c66eee3457465a40b0da4153e0"
#define OTHER	"d9298a10d1b0735837dc4bd85dac641b" \
	"0f3cef27a47e5d53a54f2f3f5b2fcffa"

static struct door	 plain = { .ice = "" };

/* Put the request to the door; what it answers at once is in reply. */
static char		 reply[4096];

static struct ws *
ask(const struct door *d, const char *request, struct visitor *v, bool *in)
{
	struct ws	*w = ws_server(0);
	struct ws_event	 ev;
	struct span	 s;

	ws_input(w, 0, (const uint8_t *)request, strlen(request));
	CHECK(ws_event(w, &ev));
	EQ(ev.type, WS_EV_REQUEST);
	memset(v, 0, sizeof(*v));
	*in = door_request(d, w, v);
	s = ws_output(w);
	memset(reply, 0, sizeof(reply));
	if (s.n > 0)
		memcpy(reply, s.p, s.n < sizeof(reply) ? s.n :
		    sizeof(reply) - 1);
	return w;
}

static void
refused(const struct door *d, const char *request, int status)
{
	struct visitor	 v;
	bool		 in;
	struct ws	*w = ask(d, request, &v, &in);
	int		 got = 0;

	CHECK(!in);
	sscanf(reply, "HTTP/1.1 %d", &got);
	EQ(got, status);
	ws_free(w);
}

/* Named files only, and only if asked for; nothing from elsewhere in them. */
static void
the_page_is_served_if_asked_for(void **state)
{
	struct door	 d = plain;
	struct visitor	 v;
	bool		 in;
	struct ws	*w;

	(void)state;
	refused(&d, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 404);
	d.page = true;
	refused(&d, "GET /link.js HTTP/1.1\r\nHost: h\r\n\r\n", 200);
	refused(&d, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", 404);
	refused(&d, "POST / HTTP/1.1\r\nHost: h\r\n\r\n", 404);
	w = ask(&d, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", &v, &in);
	CHECK(!in);
	CHECK(strstr(reply, "Content-Security-Policy: default-src 'none';") !=
	    NULL);
	CHECK(strstr(reply, "\r\n\r\n<!DOCTYPE html>") != NULL);
	ws_free(w);
}

static bool
tells_servers(const struct door *d, const char *request)
{
	struct visitor	 v;
	bool		 in;
	struct ws	*w = ask(d, request, &v, &in);

	CHECK(!in);
	ws_free(w);
	return strstr(reply, "X-Syft-Hotlink-Turn-Pass: secret\r\n") != NULL;
}

static void
admitted(const struct door *d, const char *request, const char *user,
    enum msg_encoding encoding)
{
	struct visitor	 v;
	bool		 in;
	struct ws	*w = ask(d, request, &v, &in);

	CHECK(in);
	STREQ(v.user, user);
	EQ(v.encoding, encoding);
	EQ(ws_queued(w), 0);
	ws_free(w);
}

static struct auth *
users(void)
{
	static const char	 text[] = "# ours\r\n\r\n a@x.io  " TOKEN "\r\n"
	    "b@x.io\t" OTHER;
	size_t			 line;

	return auth_parse(text, sizeof(text) - 1, &line);
}

/* No further than those who may be parties without a proof. */
static void
the_page_is_told_the_servers_as_a_party_would_be(void **state)
{
	static const char	 near[] = "GET / HTTP/1.1\r\nHost: "
	    "localhost:8080\r\n\r\n";
	static const char	 far[] = "GET / HTTP/1.1\r\nHost: "
	    "localhost.example.com\r\n\r\n";
	struct door		 d = plain;
	struct auth		*a = users();

	(void)state;
	d.page = true;
	d.ice = "turn:t.example.com";
	d.turn_user = "user";
	d.turn_pass = "secret";
	CHECK(tells_servers(&d, near));
	CHECK(!tells_servers(&d, far));
	d.any_origin = true;
	CHECK(tells_servers(&d, far));
	d.auth = a;
	CHECK(!tells_servers(&d, near));
	CHECK(!tells_servers(&d, far));
	auth_free(a);
}

static void
a_token_has_one_user_and_a_wrong_one_none(void **state)
{
	struct auth	*a = users();

	(void)state;
	STREQ(auth_user(a, "token"), "a@x.io");
	STREQ(auth_user(a, "other"), "b@x.io");
	CHECK(auth_user(a, "") == NULL);
	CHECK(auth_user(a, "token ") == NULL);
	CHECK(auth_user(a, TOKEN) == NULL);
	auth_free(a);
}

static void
a_bad_line_of_users_is_named(void **state)
{
	static const char *const	 bad[] = {
		"a@x.io", "a@x.io " TOKEN "0", "nobody " TOKEN,
		"a@x.io 3c46", TOKEN " a@x.io", "a@x.io " TOKEN " more",
		"a@x.io g" OTHER,
	};
	char				 text[400];
	size_t				 line;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "# one\na@x.io %s\n%s\n", TOKEN,
		    bad[i]);
		CHECK(auth_parse(text, strlen(text), &line) == NULL);
		EQ(line, 3);
	}
}

static void
health_needs_no_name_and_other_paths_are_not_there(void **state)
{
	(void)state;
	refused(&plain, "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 200);
	CHECK(strstr(reply, "\r\n\r\n{\"status\":\"ok\"}") != NULL);
	refused(&plain, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 404);
	refused(&plain, "GET /healthz/x HTTP/1.1\r\nHost: h\r\n\r\n", 404);
	refused(&plain, "POST /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 405);
	refused(&plain, "GET /api/v1/events HTTP/1.1\r\nHost: h\r\n\r\n", 426);
}

static void
without_tokens_the_query_says_who_it_is(void **state)
{
	(void)state;
	admitted(&plain, EVENTS "\r\n", "a@x.io", MSG_JSON);
	admitted(&plain, "GET /api/v1/events?x-syft-from=a@x.io HTTP/1.1\r\n"
	    KEYS "\r\n", "a@x.io", MSG_JSON);
	admitted(&plain, "GET /api/v1/events HTTP/1.1\r\n" KEYS
	    "X-Syft-From: b@x.io\r\n\r\n", "b@x.io", MSG_JSON);
	refused(&plain, "GET /api/v1/events HTTP/1.1\r\n" KEYS "\r\n", 401);
	refused(&plain, "GET /api/v1/events?user=a HTTP/1.1\r\n" KEYS "\r\n",
	    401);
	refused(&plain, "GET /api/v1/events?user=a%2F..@x.io HTTP/1.1\r\n" KEYS
	    "\r\n", 401);
}

static void
with_tokens_the_query_says_nothing(void **state)
{
	struct door	 d = { .auth = users(), .any_origin = true, .ice = "" };

	(void)state;
	refused(&d, EVENTS "\r\n", 401);
	CHECK(strstr(reply, "{\"code\":\"E_AUTH_INVALID_CREDENTIALS\",") !=
	    NULL);
	refused(&d, EVENTS "Authorization: Bearer wrong\r\n\r\n", 401);
	refused(&d, EVENTS "Authorization: token\r\n\r\n", 401);
	refused(&d, EVENTS "Authorization: Bearer\r\n\r\n", 401);
	admitted(&d, EVENTS "authorization: bearer other\r\n\r\n", "b@x.io",
	    MSG_JSON);
	auth_free((struct auth *)(uintptr_t)d.auth);
}

static void
the_first_encoding_we_speak_is_taken(void **state)
{
	(void)state;
	admitted(&plain, EVENTS "X-Syft-WS-Encodings: msgpack,json\r\n\r\n",
	    "a@x.io", MSG_MSGPACK);
	admitted(&plain, EVENTS "x-syft-ws-encodings: cbor, MsgPack\r\n\r\n",
	    "a@x.io", MSG_MSGPACK);
	admitted(&plain, EVENTS "X-Syft-WS-Encodings: json,msgpack\r\n\r\n",
	    "a@x.io", MSG_JSON);
	admitted(&plain, EVENTS "X-Syft-WS-Encodings: cbor\r\n\r\n", "a@x.io",
	    MSG_JSON);
	admitted(&plain, EVENTS "X-Syft-WS-Encodings:\r\n\r\n", "a@x.io",
	    MSG_JSON);
}

static void
a_page_from_elsewhere_stays_out_where_names_are_not_proved(void **state)
{
	static const char *const	 here[] = {
		"http://localhost", "https://LOCALHOST:8080",
		"http://127.0.0.1:1", "http://[::1]:2",
	};
	static const char *const	 elsewhere[] = {
		"http://evil.io", "http://localhost.evil.io", "null", "",
		"http://127.0.0.1.evil.io", "http://evil.io:80/localhost",
		"http://localhost@evil.io",
	};
	struct door			 any = { .any_origin = true,
	    .ice = "" };
	char				 b[512];

	(void)state;
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++) {
		snprintf(b, sizeof(b), "%sOrigin: %s\r\n\r\n", EVENTS,
		    here[i]);
		admitted(&plain, b, "a@x.io", MSG_JSON);
	}
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++) {
		snprintf(b, sizeof(b), "%sOrigin: %s\r\n\r\n", EVENTS,
		    elsewhere[i]);
		refused(&plain, b, 403);
		admitted(&any, b, "a@x.io", MSG_JSON);
	}
}

static void
the_headers_of_the_answer_are_whole(void **state)
{
	struct door	 d = { .ice = "stun:h", .turn_user = "u",
	    .turn_pass = "p" };
	struct visitor	 v;
	bool		 in;
	struct ws	*w = ask(&d, EVENTS "\r\n", &v, &in);
	struct span	 s;

	(void)state;
	CHECK(in);
	door_admit(&d, w, &v);
	s = ws_output(w);
	memcpy(reply, s.p, s.n);
	CHECK(strstr(reply, "\r\nX-Syft-WS-Encoding: json\r\n"
	    "X-Syft-Hotlink-Ice-Servers: stun:h\r\n"
	    "X-Syft-Hotlink-Turn-User: u\r\n"
	    "X-Syft-Hotlink-Turn-Pass: p\r\n\r\n") != NULL);
	ws_free(w);
	CHECK(!door_text_ok("a\r\nb"));
	CHECK(door_text_ok("stun:h,turn:i?transport=tcp"));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_page_is_served_if_asked_for),
		cmocka_unit_test(
		    the_page_is_told_the_servers_as_a_party_would_be),
		cmocka_unit_test(a_token_has_one_user_and_a_wrong_one_none),
		cmocka_unit_test(a_bad_line_of_users_is_named),
		cmocka_unit_test(
		    health_needs_no_name_and_other_paths_are_not_there),
		cmocka_unit_test(without_tokens_the_query_says_who_it_is),
		cmocka_unit_test(with_tokens_the_query_says_nothing),
		cmocka_unit_test(the_first_encoding_we_speak_is_taken),
		cmocka_unit_test(
		    a_page_from_elsewhere_stays_out_where_names_are_not_proved),
		cmocka_unit_test(the_headers_of_the_answer_are_whole),
	};

	return RUN(tests);
}
