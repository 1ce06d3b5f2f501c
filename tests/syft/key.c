#include "support/test.h"

#include "syft/key.h"
#include "syft/msg.h"

#define M	"shared/flows/f/r1/_mpc"
#define ALICE	"alice@example.com"
#define BOB	"bob@example.com"
#define AGG	"aggregator@sandbox.local"
#define CL1	"client1@sandbox.local"
#define CL2	"client2@sandbox.local"
#define ZED	"zed@example.com"
#define PATH(owner, dir)	owner "/" M "/" dir "/stream.tcp"
#define KEY(owner, dir)		PATH(owner, dir) ".request"

static const struct row {
	const char	*marker, *from, *to, *me, *peer;
	const char	*open, *canonical, *data;
	const char	*heard[5];	/* all keys upstream receives on */
} rows[] = {
	{ PATH(ALICE, "0_to_1"), ALICE, BOB, ALICE, BOB,
	  KEY(ALICE, "0_to_1"), KEY(ALICE, "0_to_1"), KEY(ALICE, "0_to_1"),
	  { KEY(ALICE, "0_to_1"), KEY(BOB, "0_to_1"), KEY(BOB, "1_to_0") } },
	{ PATH(BOB, "0_to_1"), BOB, ALICE, BOB, ALICE,
	  KEY(BOB, "0_to_1"), KEY(ALICE, "0_to_1"), KEY(BOB, "0_to_1"),
	  { KEY(ALICE, "0_to_1"), KEY(BOB, "0_to_1"), KEY(ALICE, "1_to_0") } },
	{ PATH(AGG, "0_to_1"), AGG, CL1, AGG, CL1,
	  KEY(AGG, "0_to_1"), KEY(AGG, "0_to_1"), KEY(AGG, "0_to_1"),
	  { KEY(AGG, "0_to_1"), KEY(CL1, "0_to_1"), KEY(CL1, "1_to_0") } },
	{ PATH(CL1, "1_to_0"), CL1, AGG, CL1, AGG,
	  KEY(CL1, "1_to_0"), KEY(AGG, "0_to_1"), KEY(CL1, "0_to_1"),
	  { KEY(AGG, "0_to_1"), KEY(CL1, "0_to_1"), KEY(CL1, "1_to_0") } },
	{ PATH(CL1, "1_to_2"), CL1, CL2, CL1, CL2,
	  KEY(CL1, "1_to_2"), KEY(CL1, "1_to_2"), KEY(CL1, "1_to_2"),
	  { KEY(CL1, "1_to_2"), KEY(CL2, "1_to_2"), KEY(CL2, "2_to_1") } },
	{ PATH(CL2, "2_to_1"), CL2, CL1, CL2, CL1,
	  KEY(CL2, "2_to_1"), KEY(CL1, "1_to_2"), KEY(CL2, "1_to_2"),
	  { KEY(CL1, "1_to_2"), KEY(CL2, "1_to_2"), KEY(CL2, "2_to_1") } },
	{ PATH(ALICE, "0_to_1"), ALICE, BOB, BOB, ALICE,
	  KEY(ALICE, "0_to_1"), KEY(ALICE, "0_to_1"), KEY(BOB, "0_to_1"),
	  { KEY(ALICE, "0_to_1"), KEY(BOB, "0_to_1"), KEY(ALICE, "1_to_0") } },
	{ PATH(ZED, "0_to_1"), ZED, ALICE, ZED, ALICE,
	  KEY(ZED, "0_to_1"), KEY(ALICE, "0_to_1"), KEY(ZED, "0_to_1"),
	  { KEY(ALICE, "0_to_1"), KEY(ZED, "0_to_1"), KEY(ALICE, "1_to_0") } },
	{ PATH(ALICE, "1_to_0"), ALICE, ZED, ALICE, ZED,
	  KEY(ALICE, "1_to_0"), KEY(ALICE, "0_to_1"), KEY(ALICE, "0_to_1"),
	  { KEY(ALICE, "0_to_1"), KEY(ZED, "0_to_1"), KEY(ALICE, "1_to_0") } },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void
the_keys_of_every_row_of_the_table_are_right(void **state)
{
	struct key	 k;
	char		 text[KEY_MAX];

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		EQ(key_of_marker(&k, rows[i].marker), 0);
		key_open(&k, text);
		STREQ(text, rows[i].open);
		key_canonical(&k, rows[i].from, rows[i].to, text);
		STREQ(text, rows[i].canonical);
		key_data(&k, rows[i].me, text);
		STREQ(text, rows[i].data);
	}
}

static void
every_key_upstream_listens_on_matches(void **state)
{
	struct key	 k;

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		EQ(key_of_marker(&k, rows[i].marker), 0);
		for (size_t j = 0; rows[i].heard[j] != NULL; j++)
			CHECK(key_matches(&k, rows[i].from, rows[i].to,
			    span_of(rows[i].heard[j])));
	}
}

static void
both_parties_name_a_link_alike(void **state)
{
	struct key	 k, l;
	char		 a[KEY_MAX], b[KEY_MAX];

	(void)state;
	EQ(key_of_marker(&k, PATH(CL1, "1_to_0")), 0);
	EQ(key_of_marker(&l, PATH(AGG, "0_to_1")), 0);
	key_canonical(&k, "Client1@Sandbox.local", AGG, a);
	key_canonical(&l, AGG, CL1, b);
	STREQ(a, b);
}

static void
a_path_of_another_channel_does_not_match(void **state)
{
	struct key	 k;

	(void)state;
	EQ(key_of_marker(&k, PATH(ALICE, "0_to_1")), 0);
	CHECK(key_matches(&k, ALICE, BOB, span_of(KEY("Bob@Example.com",
	    "1_to_0"))));
	CHECK(!key_matches(&k, ALICE, BOB, span_of(KEY(ZED, "0_to_1"))));
	CHECK(!key_matches(&k, ALICE, BOB, span_of(KEY(BOB, "0_to_2"))));
	CHECK(!key_matches(&k, ALICE, BOB, span_of(KEY(BOB, "0_to_1") "x")));
	CHECK(!key_matches(&k, ALICE, BOB, span_of(PATH(BOB, "0_to_1"))));
	CHECK(!key_matches(&k, ALICE, BOB,
	    span_of(BOB "/other/0_to_1/stream.tcp.request")));
}

static void
a_marker_that_is_not_in_a_pair_directory_is_refused(void **state)
{
	static const char *const	 bad[] = {
		"", "/", "stream.tcp", "0_to_1/stream.tcp",
		ALICE "/stream.tcp", ALICE "/0_to_1/stream.sock",
		ALICE "/0-1/stream.tcp", ALICE "/_to_1/stream.tcp",
		ALICE "/0_to_/stream.tcp", ALICE "/-1_to_1/stream.tcp",
		ALICE "/00_to_1/stream.tcp", ALICE "/0_to_1_to_2/stream.tcp",
		ALICE "/0_to_4294967296/stream.tcp", "/" PATH(ALICE, "0_to_1"),
		ALICE "//0_to_1/stream.tcp", ALICE "/../0_to_1/stream.tcp",
		"x/0_to_1/stream.tcp",
	};
	struct key	 k;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EQ(key_of_marker(&k, bad[i]), -1);
	EQ(key_of_marker(&k, ALICE "/4294967295_to_0/stream.tcp"), 0);
	CHECK(k.a == UINT32_MAX && k.b == 0 && k.middle[0] == '\0');
}

static void
the_longest_key_fits_and_a_longer_one_is_refused(void **state)
{
	char		 path[2 * KEY_MAX], text[KEY_MAX];
	struct key	 k;
	int		 last = 0;

	(void)state;
	for (int n = 700; n < 750; n++) {
		snprintf(path, sizeof(path),
		    "%s/%0*d/4294967295_to_4294967294/stream.tcp", ALICE, n, 1);
		if (key_of_marker(&k, path) < 0)
			break;
		key_canonical(&k, BOB, ALICE, text);
		STREQ(text + strlen(text) - 19, "/stream.tcp.request");
		last = n;
	}
	EQ(last, 724);
}

static void
hostile_paths_are_refused(void **state)
{
	static const struct {
		const char	*text;
		size_t		 n;
	} bad[] = {
#define S(s)	{ s, sizeof(s) - 1 }
		S(""), S("/etc/passwd"), S("../x"), S("alice"),
		S(ALICE "/../x"), S(ALICE "/./x"), S(ALICE "//x"),
		S(ALICE "/x/"), S(ALICE "/"), S(ALICE "\\x"),
		S(ALICE "/a\\b"), S(ALICE "/a\0b"), S(ALICE "/a\nb"),
		S(ALICE "/a\xff"), S(ALICE "/.."), S("*@x.io/a"),
		S("a@x/b"), S("a@@x.io/b"), S("@x.io/a"), S("a@.io/b"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct span	 s = { (uint8_t *)(uintptr_t)bad[i].text,
		    bad[i].n };

		CHECK(!path_valid(s));
	}
	CHECK(path_valid(span_of(KEY(ALICE, "0_to_1"))));
	CHECK(path_valid(span_of("a.b+c@x-y.io/..x/.hidden/\xc3\xa9 "
	    "\xe2\x82\xac")));
}

static void
a_path_as_long_as_a_message_is_refused(void **state)
{
	enum { N = 5000 };
	char		*p = malloc(N);
	struct span	 s = { (uint8_t *)p, N };

	(void)state;
	memset(p, 'x', N);
	memcpy(p, ALICE "/", strlen(ALICE) + 1);
	CHECK(!path_valid(s));
	s.n = 4096;
	CHECK(path_valid(s));
	free(p);
}

static void
session_ids_are_8_to_64_letters_digits_and_dashes(void **state)
{
	static const char	 long_[] =
	    "0123456789012345678901234567890123456789012345678901234567890123";

	(void)state;
	CHECK(sid_valid(span_of("6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b")));
	CHECK(sid_valid(span_of("01234567")));
	CHECK(!sid_valid(span_of("0123456")));
	CHECK(!sid_valid(span_of("0123456_")));
	CHECK(!sid_valid(span_of("0123456\xc3\xa9")));
	CHECK(sid_valid(span_of(long_)));
	CHECK(!sid_valid((struct span){ (uint8_t *)(uintptr_t)long_, 65 }));
	CHECK(!sid_valid((struct span){ NULL, 0 }));
}

static void
emails_are_what_the_reference_takes_without_wildcards(void **state)
{
	char		 s[] = "Alice+X@Example.COM", n[300];

	(void)state;
	CHECK(email_valid(s));
	CHECK(email_valid("client1@sandbox.local"));
	CHECK(!email_valid("*@*.*"));
	CHECK(!email_valid("a b@x.io"));
	CHECK(!email_valid("a@x.io/"));
	CHECK(!email_valid("a@x"));
	CHECK(!email_valid("a@x..io"));
	CHECK(!email_valid("a@x.io."));
	CHECK(!email_valid(".a@x.io"));
	CHECK(!email_valid(""));
	snprintf(n, sizeof(n), "%0*d@x.io", EMAIL_MAX - 5, 1);
	CHECK(email_valid(n));
	snprintf(n, sizeof(n), "%0*d@x.io", EMAIL_MAX - 4, 1);
	CHECK(!email_valid(n));
	email_lower(s);
	STREQ(s, "alice+x@example.com");
}

static void
a_stream_and_datagrams_of_one_directory_are_two_links(void **state)
{
	struct key	 tcp, udp;
	char		 text[KEY_MAX];

	(void)state;
	EQ(key_of_marker(&tcp, ALICE "/" M "/0_to_1/stream.tcp"), 0);
	EQ(key_of_marker(&udp, ALICE "/" M "/0_to_1/stream.udp"), 0);
	CHECK(!tcp.udp && udp.udp);
	key_canonical(&udp, ALICE, BOB, text);
	STREQ(text, ALICE "/" M "/0_to_1/stream.udp.request");
	CHECK(key_matches(&udp, ALICE, BOB, span_of(text)));
	CHECK(!key_matches(&tcp, ALICE, BOB, span_of(text)));
	EQ(key_of_marker(&udp, ALICE "/" M "/0_to_1/stream.udp.request"), -1);
	EQ(key_of_marker(&udp, ALICE "/" M "/0_to_1/stream.xyz"), -1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_keys_of_every_row_of_the_table_are_right),
		cmocka_unit_test(every_key_upstream_listens_on_matches),
		cmocka_unit_test(both_parties_name_a_link_alike),
		cmocka_unit_test(a_path_of_another_channel_does_not_match),
		cmocka_unit_test(a_marker_that_is_not_in_a_pair_directory_is_refused),
		cmocka_unit_test(the_longest_key_fits_and_a_longer_one_is_refused),
		cmocka_unit_test(
		    a_stream_and_datagrams_of_one_directory_are_two_links),
		cmocka_unit_test(hostile_paths_are_refused),
		cmocka_unit_test(a_path_as_long_as_a_message_is_refused),
		cmocka_unit_test(session_ids_are_8_to_64_letters_digits_and_dashes),
		cmocka_unit_test(emails_are_what_the_reference_takes_without_wildcards),
	};

	return RUN(tests);
}
