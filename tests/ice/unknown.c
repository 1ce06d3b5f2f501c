#include "ice/unknown.h"
#include "ice/world.h"

static void
an_answer_with_an_unknown_attribute_is_a_failure(void **state)
{
	struct world	 w;
	struct stun	 m;
	struct path	 path;
	struct ice_check c;
	uint8_t		 buf[STUN_MAX];
	size_t		 n;

	(void)state;
	first_check(&w, &m, &path);
	n = encode_unknown(m, ice_pwd(w.s[B].ice), ICE_PWD, buf, sizeof(buf));
	CHECK(ice_input(w.s[A].ice, w.now, &path, buf, n, &w.tx));
	EQ(w.tx.n, 0);
	CHECK(!ice_valid(w.s[A].ice, &path));
	EQ(ice_checks(w.s[A].ice, &c, 1), 1);
	STREQ(c.state, "failed");
	STREQ(c.why, "answered with an unknown attribute");
	teardown(&w);
}

/* But those of RFC 3489, which old servers still have, are none. */
static void
a_server_with_an_unknown_attribute_tells_no_address(void **state)
{
	static const uint8_t	 types[] = { 0x34, 0x04, 0x05, 0x0b };
	struct addr		 server = at("203.0.113.53:3478");
	struct world		 w;
	struct stun		 m;
	struct path		 path;
	char			 text[ICE_CANDIDATE_TEXT];
	uint8_t			 buf[STUN_MAX];
	size_t			 n;

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		neighbours(&w, true);
		EQ(ice_add_stun(w.s[A].ice, w.now, &server), 0);
		asked(&w, A, &m, &path);
		m.mapped = at("198.51.100.1:1000");
		n = encode_unknown(m, NULL, 0, buf, sizeof(buf));
		buf[STUN_HEADER + 1] = types[i];
		CHECK(ice_input(w.s[A].ice, w.now, &path, buf, n, &w.tx));
		CHECK(ice_gathered(w.s[A].ice));
		EQ(ice_candidate(w.s[A].ice, 1, text) == NULL, i == 0);
		teardown(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    an_answer_with_an_unknown_attribute_is_a_failure),
		cmocka_unit_test(
		    a_server_with_an_unknown_attribute_tells_no_address),
	};

	return RUN(tests);
}
