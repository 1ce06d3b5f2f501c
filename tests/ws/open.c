#include "ws/rig.h"

static void
the_accept_is_that_of_the_rfc(void **state)
{
	struct ws	*w = ws_server(0);
	struct ws_event	 ev;
	struct span	 s;
	char		*out;

	(void)state;
	ws_input(w, 0, (const uint8_t *)REQUEST, strlen(REQUEST));
	CHECK(ws_event(w, &ev));
	EQ(ev.type, WS_EV_REQUEST);
	CHECK(ws_is_upgrade(w, NULL));
	STREQ(ws_method(w), "GET");
	STREQ(ws_path(w), "/api/v1/events");
	STREQ(ws_header(w, "x-extra"), "yes");
	ws_accept(w, "X-Ours: 1\r\n");
	s = ws_output(w);
	out = calloc(1, s.n + 1);
	memcpy(out, s.p, s.n);
	CHECK(strstr(out, "HTTP/1.1 101 ") == out);
	CHECK(strstr(out, "\r\nSec-WebSocket-Accept: " ACCEPT "\r\n") != NULL);
	CHECK(strstr(out, "\r\nX-Ours: 1\r\n\r\n") != NULL);
	free(out);
	ws_free(w);
}


static void
client_and_server_open_at_every_split(void **state)
{
	(void)state;
	for (size_t at = 1; at < 300; at++) {
		struct ws	*a = new_client(), *b = ws_server(0);
		struct notes	 ta = { "", 0 }, tb = { "", 0 };
		struct span	 s = ws_output(a);
		size_t		 cut = at < s.n ? at : s.n;

		feed(b, s.p, cut, &tb);
		if (s.n > cut)
			feed(b, s.p + cut, s.n - cut, &tb);
		skip_output(a);
		s = ws_output(b);
		cut = at < s.n ? at : s.n;
		feed(a, s.p, cut, &ta);
		if (s.n > cut)
			feed(a, s.p + cut, s.n - cut, &ta);
		STREQ(ta.text, "open101() ");
		STREQ(ws_header(a, "x-ours"), "1");
		EQ(ws_state(b), WS_OPEN);
		ws_free(a);
		ws_free(b);
	}
}


static void
requests_that_are_no_upgrade_are_told_apart(void **state)
{
	static const char *const	 bad[] = {
		"POST / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: " KEY "\r\n\r\n",
		"GET / HTTP/1.1\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: " KEY "\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
		"Connection: close\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: " KEY "\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"
		"Sec-WebSocket-Key: " KEY "\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: short\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Key: " KEY
		"\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ws	*w = ws_server(0);
		struct ws_event	 ev;
		const char	*why = NULL;

		ws_input(w, 0, (const uint8_t *)bad[i], strlen(bad[i]));
		CHECK(ws_event(w, &ev) && ev.type == WS_EV_REQUEST);
		CHECK(!ws_is_upgrade(w, &why) && why != NULL);
		ws_accept(w, NULL);
		EQ(ws_queued(w), 0);
		ws_reply(w, 426, "application/json", "{}", 2);
		CHECK(ws_output(w).n > 0);
		CHECK(memcmp(ws_output(w).p, "HTTP/1.1 426 ", 13) == 0);
		CHECK(ws_event(w, &ev) && ev.type == WS_EV_CLOSED);
		CHECK(!ws_event(w, &ev));
		ws_free(w);
	}
}


static void
a_head_without_end_is_refused_at_its_limit(void **state)
{
	struct ws	*w = ws_server(0);
	struct notes	 t = { "", 0 };
	uint8_t		*junk = malloc(WS_HEADERS_MAX + 1);

	(void)state;
	memset(junk, 'a', WS_HEADERS_MAX + 1);
	feed(w, junk, WS_HEADERS_MAX, &t);
	STREQ(t.text, "");
	feed(w, junk, 1, &t);
	STREQ(t.text, "closed1002(head too large) ");
	CHECK(memcmp(ws_output(w).p, "HTTP/1.1 431 ", 13) == 0);
	ws_free(w);
	w = new_client();
	t.n = 0;
	feed(w, junk, WS_HEADERS_MAX + 1, &t);
	STREQ(t.text, "closed1002(head too large) ");
	ws_free(w);
	free(junk);
}


static void
a_malformed_request_is_answered_400(void **state)
{
	struct ws	*w = ws_server(0);
	struct notes	 t = { "", 0 };

	(void)state;
	feed(w, "\x16\x03\x01\r\n\r\n", 7, &t);
	STREQ(t.text, "closed1002(bad head) ");
	CHECK(memcmp(ws_output(w).p, "HTTP/1.1 400 ", 13) == 0);
	ws_free(w);
}


static void
expect_client(const char *response, bool eof, const char *events)
{
	for (size_t cut = 0; cut <= strlen(response); cut++) {
		struct ws	*w = new_client();
		struct notes	 t = { "", 0 };

		if (cut > 0)
			feed(w, response, cut, &t);
		if (cut < strlen(response))
			feed(w, response + cut, strlen(response) - cut, &t);
		if (eof)
			feed(w, NULL, 0, &t);
		STREQ(t.text, events);
		CHECK(ws_state(w) == WS_CLOSED);
		ws_free(w);
	}
}

static void
a_101_without_the_right_accept_is_no_websocket(void **state)
{
#define UP "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	(void)state;
	expect_client(UP "\r\n", false, "closed1002(101 with a wrong accept) ");
	expect_client(UP "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n", false,
	    "closed1002(101 with a wrong accept) ");
	expect_client("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n", false,
	    "closed1002(101 without an upgrade) ");
}


static void
a_refusal_is_told_with_its_status_and_body(void **state)
{
	(void)state;
	expect_client("HTTP/1.1 401 x\r\nContent-Length: 5\r\n\r\nhello", false,
	    "refused401(hello) ");
	expect_client("HTTP/1.1 403 x\r\nContent-Length: 2\r\n\r\nhe", false,
	    "refused403(he) ");
	expect_client("HTTP/1.1 500 x\r\n\r\nhel", true, "refused500(hel) ");
	expect_client("HTTP/1.1 502 x\r\nContent-Length: 9\r\n\r\nhel", true,
	    "refused502(hel) ");
	expect_client("HTTP/1.1 401 x\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", false, "refused401(hello) ");
	expect_client("HTTP/1.1 100 Continue\r\n\r\n"
	    "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", false,
	    "refused404() ");
	expect_client("HTTP/1.1 404 x\r\n", true,
	    "closed1006(connection ended) ");
}


static void
a_request_line_cannot_be_broken_out_of(void **state)
{
	struct ws_client_conf	 c = { "h", "/x HTTP/1.1\r\nA: b", NULL, rng };

	(void)state;
	CHECK(ws_client(&c, 0) == NULL);
	c = (struct ws_client_conf){ "h\r\nA: b", "/x", NULL, rng };
	CHECK(ws_client(&c, 0) == NULL);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_accept_is_that_of_the_rfc),
		cmocka_unit_test(client_and_server_open_at_every_split),
		cmocka_unit_test(requests_that_are_no_upgrade_are_told_apart),
		cmocka_unit_test(a_head_without_end_is_refused_at_its_limit),
		cmocka_unit_test(a_malformed_request_is_answered_400),
		cmocka_unit_test(
		    a_101_without_the_right_accept_is_no_websocket),
		cmocka_unit_test(a_refusal_is_told_with_its_status_and_body),
		cmocka_unit_test(a_request_line_cannot_be_broken_out_of),
	};
	int			 failed;

	rng = rng_seeded("ws", 2);
	failed = RUN(tests);
	rng_free(rng);
	return failed;
}
