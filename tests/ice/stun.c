#include "support/test.h"

#include "crypto/hash.h"
#include "ice/stun.h"
#include "support/mangle.h"

/* RFC 5769 2.1 to 2.4. */
static const uint8_t	 request[] = {
	0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42,
	0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
	0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73,
	0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74,
	0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
	0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36,
	0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76,
	0x59, 0x20, 0x20, 0x20,
	0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56,
	0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1, 0xb5, 0x71, 0xa2,
	0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf,
};
static const uint8_t	 response4[] = {
	0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42,
	0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
	0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
	0x74, 0x6f, 0x72, 0x20,
	0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
	0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3,
	0x8c, 0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7,
	0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96,
};
static const uint8_t	 response6[] = {
	0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42,
	0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
	0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
	0x74, 0x6f, 0x72, 0x20,
	0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
	0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
	0x00, 0x08, 0x00, 0x14, 0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1,
	0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75, 0xbf, 0xe3, 0xed, 0x41,
	0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c,
};
static const uint8_t	 longterm[] = {
	0x00, 0x01, 0x00, 0x60, 0x21, 0x12, 0xa4, 0x42,
	0x78, 0xad, 0x34, 0x33, 0xc6, 0xad, 0x72, 0xc0, 0x29, 0xda, 0x41, 0x2e,
	0x00, 0x06, 0x00, 0x12, 0xe3, 0x83, 0x9e, 0xe3, 0x83, 0x88, 0xe3, 0x83,
	0xaa, 0xe3, 0x83, 0x83, 0xe3, 0x82, 0xaf, 0xe3, 0x82, 0xb9, 0x00, 0x00,
	0x00, 0x15, 0x00, 0x1c, 0x66, 0x2f, 0x2f, 0x34, 0x39, 0x39, 0x6b, 0x39,
	0x35, 0x34, 0x64, 0x36, 0x4f, 0x4c, 0x33, 0x34, 0x6f, 0x4c, 0x39, 0x46,
	0x53, 0x54, 0x76, 0x79, 0x36, 0x34, 0x73, 0x41,
	0x00, 0x14, 0x00, 0x0b, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e,
	0x6f, 0x72, 0x67, 0x00,
	0x00, 0x08, 0x00, 0x14, 0xf6, 0x70, 0x24, 0x65, 0x6d, 0xd6, 0x4a, 0x3e,
	0x02, 0xb8, 0xe0, 0x71, 0x2e, 0x85, 0xc9, 0xa2, 0x8c, 0xa8, 0x96, 0x66,
};
static const char	 password[] = "VOkJxbRl1RmTxUk/WvJxBt";

static bool
text_is(const struct stun_text *t, const char *s)
{
	return t->n == strlen(s) && memcmp(t->p, s, t->n) == 0;
}

static void
the_request_of_rfc_5769_is_read_and_verified(void **state)
{
	struct stun	 m;

	(void)state;
	EQ(stun_decode(&m, request, sizeof(request)), 0);
	EQ(m.class, STUN_REQUEST);
	EQ(m.method, STUN_BINDING);
	CHECK(text_is(&m.software, "STUN test client"));
	CHECK(text_is(&m.username, "evtj:h6vY"));
	CHECK(m.has_priority && m.priority == 0x6e0001ff);
	EQ(m.role, STUN_CONTROLLED);
	CHECK(m.tiebreaker == 0x932ff9b151263b36);
	CHECK(m.fingerprint && m.nunknown == 0);
	CHECK(stun_verify(&m, password, strlen(password)));
	CHECK(!stun_verify(&m, password, strlen(password) - 1));
}

static void
the_responses_of_rfc_5769_are_read_and_verified(void **state)
{
	struct stun	 m;
	struct addr	 want;

	(void)state;
	EQ(stun_decode(&m, response4, sizeof(response4)), 0);
	EQ(m.class, STUN_SUCCESS);
	EQ(addr_parse(&want, "192.0.2.1:32853"), 0);
	CHECK(addr_equal(&m.mapped, &want));
	CHECK(stun_verify(&m, password, strlen(password)));

	EQ(stun_decode(&m, response6, sizeof(response6)), 0);
	EQ(addr_parse(&want, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
	    0);
	CHECK(addr_equal(&m.mapped, &want));
	CHECK(text_is(&m.software, "test vector"));
	CHECK(stun_verify(&m, password, strlen(password)));
}

static void
the_long_term_request_of_rfc_5769_is_read_and_written(void **state)
{
	static const char	 cred[] = "\343\203\236\343\203\210\343\203\252"
	    "\343\203\203\343\202\257\343\202\271:example.org:TheMatrIX";
	struct stun		 m;
	uint8_t			 key[16], out[STUN_MAX];

	(void)state;
	md5(key, cred, strlen(cred));
	EQ(stun_decode(&m, longterm, sizeof(longterm)), 0);
	CHECK(text_is(&m.realm, "example.org"));
	CHECK(text_is(&m.nonce, "f//499k954d6OL34oL9FSTvy64sA"));
	CHECK(stun_verify(&m, key, sizeof(key)));
	EQ(stun_encode(&m, key, sizeof(key), false, out, sizeof(out)),
	    sizeof(longterm));
	MEMEQ(out, longterm, sizeof(longterm));
}

static const struct stun	 sample = {
	.method = STUN_BINDING,
	.class = STUN_ERROR,
	.tid = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 },
	.software = { (const uint8_t *)"x", 1 },
	.username = { (const uint8_t *)"abc:defgh", 9 },
	.priority = 77, .has_priority = true, .use_candidate = true,
	.role = STUN_CONTROLLING, .tiebreaker = 0x0102030405060708,
	.mapped = { { 192, 0, 2, 9 }, 0, 4321, 4 },
	.alternate = { { 192, 0, 2, 10 }, 0, 3479, 4 },
	.domain = { (const uint8_t *)"turn.example", 12 },
	.error = 420, .unknown = { 0x7001, 0x7002, 0x7003 }, .nunknown = 3,
};

static size_t
make_sample(uint8_t *b, size_t cap)
{
	return stun_encode(&sample, "secret", 6, true, b, cap);
}

static void
what_is_written_is_read_back(void **state)
{
	uint8_t		 b[STUN_MAX];
	struct stun	 m;
	size_t		 n = make_sample(b, sizeof(b));

	(void)state;
	EQ(stun_decode(&m, b, n), 0);
	EQ(m.class, STUN_ERROR);
	CHECK(text_is(&m.username, "abc:defgh"));
	EQ(m.priority, 77);
	CHECK(m.use_candidate && m.role == STUN_CONTROLLING);
	CHECK(m.tiebreaker == sample.tiebreaker);
	CHECK(addr_equal(&m.mapped, &sample.mapped));
	EQ(m.error, 420);
	CHECK(addr_equal(&m.alternate, &sample.alternate));
	CHECK(text_is(&m.domain, "turn.example"));
	CHECK(stun_verify(&m, "secret", 6));
	for (size_t cap = 0; cap < n; cap++)
		EQ(make_sample(b, cap), 0);
}

static void
refused(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct stun	 m;

	(void)arg;
	(void)which;
	EQ(stun_decode(&m, p, n), -1);
}

static void
a_message_cut_anywhere_is_refused(void **state)
{
	uint8_t	 b[STUN_MAX];

	(void)state;
	mangle_cut(b, make_sample(b, sizeof(b)), refused, NULL);
	mangle_cut(request, sizeof(request), refused, NULL);
}

static void
does_not_verify(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct stun	 m;

	(void)arg;
	(void)which;
	CHECK(stun_decode(&m, p, n) == -1 || !stun_verify(&m, "secret", 6));
}

/* The fingerprint covers all but itself, and so its own type. */
static void
has_no_fingerprint(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct stun	 m;

	(void)arg;
	(void)which;
	CHECK(stun_decode(&m, p, n) == -1 || !m.fingerprint);
}

static void
a_message_with_any_bit_flipped_does_not_verify(void **state)
{
	uint8_t	 b[STUN_MAX];
	size_t	 n = stun_encode(&sample, "secret", 6, false, b, sizeof(b));

	(void)state;
	mangle_flip(b, n, does_not_verify, NULL);
	mangle_flip(b, make_sample(b, sizeof(b)), has_no_fingerprint, NULL);
}

static void
an_unknown_attribute_that_must_be_understood_is_listed(void **state)
{
	static const uint8_t	 b[] = {
		0x00, 0x01, 0x00, 0x10, 0x21, 0x12, 0xa4, 0x42,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0x7f, 0xff, 0x00, 0x01, 9, 0, 0, 0,
		0xc0, 0x57, 0x00, 0x04, 0, 1, 0, 10,
	};
	struct stun		 m;

	(void)state;
	EQ(stun_decode(&m, b, sizeof(b)), 0);
	EQ(m.nunknown, 1);
	EQ(m.unknown[0], 0x7fff);
}

/* RFC 8489 14.15: as MAPPED-ADDRESS, without the mask of XOR-MAPPED-ADDRESS. */
static void
an_alternate_server_is_in_the_clear(void **state)
{
	static const uint8_t	 b[] = {
		0x01, 0x13, 0x00, 0x20, 0x21, 0x12, 0xa4, 0x42,
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
		0x00, 0x09, 0x00, 0x04, 0, 0, 3, 0,
		0x80, 0x23, 0x00, 0x08, 0, 1, 0x0d, 0x97, 192, 0, 2, 10,
		0x80, 0x03, 0x00, 0x05, 'a', '.', 'b', '.', 'c', 0, 0, 0,
	};
	struct stun		 m;
	struct addr		 want;
	uint8_t			 out[sizeof(b)];

	(void)state;
	EQ(stun_decode(&m, b, sizeof(b)), 0);
	EQ(m.error, 300);
	EQ(addr_parse(&want, "192.0.2.10:3479"), 0);
	CHECK(addr_equal(&m.alternate, &want));
	CHECK(text_is(&m.domain, "a.b.c"));
	EQ(stun_encode(&m, NULL, 0, false, out, sizeof(out)), sizeof(b));
	MEMEQ(out, b, sizeof(b));
}

static void
what_follows_the_integrity_is_ignored(void **state)
{
	uint8_t		 b[STUN_MAX];
	struct stun	 m, plain = { .method = STUN_BINDING };
	size_t		 n = stun_encode(&plain, "k", 1, false, b, sizeof(b));
	static const uint8_t	 more[] = { 0x00, 0x25, 0, 0 };

	(void)state;
	memcpy(b + n, more, sizeof(more));
	n += sizeof(more);
	b[3] = (uint8_t)(n - STUN_HEADER);
	EQ(stun_decode(&m, b, n), 0);
	CHECK(!m.use_candidate);
	CHECK(stun_verify(&m, "k", 1));
}

static void
a_filled_message_has_its_length_and_its_integrity(void **state)
{
	static const char	 key[] = "a key of twenty-four char";
	struct stun		 m = { .method = STUN_BINDING }, got;
	static uint8_t		 buf[16384];

	(void)state;
	for (size_t n = 64; n <= sizeof(buf); n += n < 2100 ? 4 : 1428) {
		m.filled = n;
		EQ(stun_encode(&m, key, sizeof(key), true, buf, sizeof(buf)),
		    n);
		EQ(stun_decode(&got, buf, n), 0);
		CHECK(got.fingerprint && stun_verify(&got, key, sizeof(key)));
		EQ(got.nunknown, 0);
		EQ(stun_decode(&got, buf, n - 4), -1);
	}
	m.filled = sizeof(buf) + 4;
	EQ(stun_encode(&m, key, sizeof(key), true, buf, sizeof(buf)), 0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_request_of_rfc_5769_is_read_and_verified),
		cmocka_unit_test(
		    the_responses_of_rfc_5769_are_read_and_verified),
		cmocka_unit_test(
		    the_long_term_request_of_rfc_5769_is_read_and_written),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(a_message_cut_anywhere_is_refused),
		cmocka_unit_test(
		    a_message_with_any_bit_flipped_does_not_verify),
		cmocka_unit_test(
		    an_unknown_attribute_that_must_be_understood_is_listed),
		cmocka_unit_test(an_alternate_server_is_in_the_clear),
		cmocka_unit_test(what_follows_the_integrity_is_ignored),
		cmocka_unit_test(
		    a_filled_message_has_its_length_and_its_integrity),
	};

	return RUN(tests);
}
