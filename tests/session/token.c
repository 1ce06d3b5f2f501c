#include "support/test.h"
#include "support/mangle.h"

#include "session/token.h"
#include "syft/msg.h"

static const char	 sdp[] = "v=0\r\no=- 4611731400430051336 1 IN IP4 "
			    "0.0.0.0\r\ns=-\r\na=x-hotlink:1\r\n";

static void
a_description_comes_back_as_it_went(void **state)
{
	char	 buf[1000], text[500], offer[TOKEN_OFFER];

	(void)state;
	CHECK(token_sdp(buf, sizeof(buf), true, sdp, "") > 0);
	EQ(token_sdp_decode(span_of(buf), text, sizeof(text), offer), 0);
	STREQ(text, sdp);
	STREQ(offer, "");
	CHECK(token_sdp(buf, sizeof(buf), false, sdp, "77") > 0);
	EQ(token_sdp_decode(span_of(buf), text, sizeof(text), offer), 0);
	STREQ(offer, "77");
	EQ(token_sdp_decode(span_of(buf), text, 10, offer), -1);
	EQ(token_sdp(buf, 20, true, sdp, ""), -1);
}

static void
an_upstream_candidate_is_understood(void **state)
{
	char	 text[256], offer[TOKEN_OFFER];

	(void)state;
	EQ(token_candidate_decode(span_of("{\"candidate\":\"candidate:1 1 udp "
	    "2 192.0.2.7 50000 typ host\",\"sdpMid\":\"\","
	    "\"sdpMLineIndex\":0,\"usernameFragment\":null}"), text,
	    sizeof(text), offer), 0);
	STREQ(text, "candidate:1 1 udp 2 192.0.2.7 50000 typ host");
	EQ(token_candidate_decode(span_of("{\"candidate\":null}"), text,
	    sizeof(text), offer), -1);
	EQ(token_candidate_decode(span_of("[1]"), text, sizeof(text), offer),
	    -1);
	EQ(token_candidate_decode(span_of("{\"candidate\":\"a\\u0000b\"}"),
	    text, sizeof(text), offer), -1);
}

static void
a_candidate_has_the_shape_upstream_sends(void **state)
{
	char	 buf[300];

	(void)state;
	CHECK(token_candidate(buf, sizeof(buf), "candidate:x", "") > 0);
	STREQ(buf, "{\"candidate\":\"candidate:x\",\"sdpMid\":\"\","
	    "\"sdpMLineIndex\":0,\"usernameFragment\":null}");
}

static void
hello_says_who_we_are(void **state)
{
	struct hello	 h = { 0x1122334455667788, 1, 65536 }, got;
	char		 buf[200];

	(void)state;
	CHECK(token_hello(buf, sizeof(buf), &h, "hotlink 0.1") > 0);
	EQ(token_hello_decode(span_of(buf), &got), 0);
	CHECK(got.instance == h.instance && got.max_frame == 65536);
	EQ(token_hello_decode(span_of("{\"v\":1,\"instance\":\"12\"}"), &got),
	    -1);
	EQ(token_hello_decode(span_of("{\"v\":0,\"instance\":"
	    "\"1122334455667788\"}"), &got), -1);
	EQ(token_hello_decode(span_of("{\"v\":1,\"instance\":"
	    "\"112233445566778Z\"}"), &got), -1);
}

static void
cut(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct span	 s = { (uint8_t *)(uintptr_t)p, n };
	char		 text[500], offer[TOKEN_OFFER];
	struct hello	 h;

	(void)arg;
	(void)which;
	EQ(token_sdp_decode(s, text, sizeof(text), offer), -1);
	EQ(token_candidate_decode(s, text, sizeof(text), offer), -1);
	EQ(token_hello_decode(s, &h), -1);
}

static void
text_cut_anywhere_is_refused(void **state)
{
	char	 buf[1000];
	int	 n = token_sdp(buf, sizeof(buf), true, sdp, "1");

	(void)state;
	mangle_cut((uint8_t *)buf, (size_t)n, cut, NULL);
}

static void
lines_are_found_and_taken_out(void **state)
{
	char	 buf[200], id[TOKEN_OFFER];

	(void)state;
	memcpy(buf, sdp, sizeof(sdp));
	token_offer_id(buf, id);
	STREQ(id, "4611731400430051336");
	CHECK(token_has_line(buf, "a=x-hotlink:1"));
	CHECK(!token_has_line(buf, "a=x-hotlink"));
	token_drop_line(buf, "a=x-hotlink:1");
	CHECK(!token_has_line(buf, "a=x-hotlink:1"));
	CHECK(strstr(buf, "s=-\r\n") != NULL);
	token_offer_id("v=0\no=-\n", id);
	STREQ(id, "");
	token_offer_id("o=- 123456789012345678901234567890 1", id);
	STREQ(id, "");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_description_comes_back_as_it_went),
		cmocka_unit_test(an_upstream_candidate_is_understood),
		cmocka_unit_test(a_candidate_has_the_shape_upstream_sends),
		cmocka_unit_test(hello_says_who_we_are),
		cmocka_unit_test(text_cut_anywhere_is_refused),
		cmocka_unit_test(lines_are_found_and_taken_out),
	};

	return RUN(tests);
}
