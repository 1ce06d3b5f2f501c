/*
 * What a handshake is refused for: another certificate than the one announced,
 * and hellos and requests without what we need. Each has a reason of its own.
 */
#include "support/test.h"

#include "support/dtlspair.h"

static const struct simnet_conf	 calm = { .seed = 1, .delay = MS };

static void
fails_with(struct pair *p, int side, const char *why)
{
	pair_run(p, 40 * (uint64_t)SEC);
	EQ(dtls_state(p->d[side]), DTLS_FAILED);
	STREQ(dtls_why(p->d[side]), why);
	EQ(p->got[0] + p->got[1], 0);
	CHECK(!pair_up(p));
	pair_fini(p);
}

static void
another_fingerprint_fails_with_the_reason(void **state)
{
	struct pair	 p;

	(void)state;
	for (int side = 0; side < 2; side++) {
		pair_init(&p, &calm);
		p.conf[side].fingerprint[31] ^= 1;
		CHECK(pair_open(&p));
		fails_with(&p, side,
		    "the peer's certificate has another fingerprint");
	}
}

static void
another_key_than_the_pinned_one_fails_with_the_reason(void **state)
{
	struct pair	 p;
	uint8_t		 id[32];

	(void)state;
	for (int side = 0; side < 2; side++) {
		pair_init(&p, &calm);
		cert_key_id(p.cert[!side], id);
		p.conf[side].key_id = id;
		CHECK(pair_open(&p));
		pair_run(&p, SEC);
		CHECK(pair_up(&p));
		pair_fini(&p);

		pair_init(&p, &calm);
		cert_key_id(p.cert[side], id);
		p.conf[side].key_id = id;
		CHECK(pair_open(&p));
		fails_with(&p, side, "the peer's key is not the one expected");
	}
}

/* What an edited hello lacks: bytes found and replaced in it. */
static const struct edit {
	const char	*from, *to;
	size_t		 n;
	int		 side;		/* who hears it */
	const char	*why;
} edits[] = {
	{ "\xfe\xfd", "\xfe\xff", 2, 1, "the peer offers no DTLS 1.2" },
	{ "\xfe\xfd", "\xfe\xff", 2, 0,
	    "the peer chose another version than DTLS 1.2" },
	{ "\0\x17\0\0", "\x12\x34\0\0", 4, 1,
	    "the peer lacks the extended master secret" },
	{ "\0\x0e\0\x05\0\x02", "\x12\x34\0\x05\0\x02", 6, 1,
	    "the peer's ClientHello lacks use_srtp" },
	{ "\0\x0e\0\x05\0\x02\0\x01", "\0\x0e\0\x05\0\x02\0\x07", 8, 1,
	    "the peer's use_srtp profiles lack 0x0001" },
	{ "\xc0\x2b\xcc\xa9", "\xc0\x09\xc0\x0a", 4, 1,
	    "the peer offers no cipher suite of ours" },
	{ "\0\x1d\0\x17\0\x18", "\0\x19\0\x1a\0\x1b", 6, 1,
	    "the peer offers no group of ours" },
	{ "\x04\x03\x04\x01", "\x08\x04\x04\x01", 4, 1,
	    "the peer does not verify ECDSA with SHA-256" },
	{ "\0\x17\0\0\xff\x01\0\x01\0\0\x0b\0\x02\x01\0",
	    "\xff\x01\0\x01\0\0\x0b\0\x06\x05\0\0\0\0\0", 15, 0,
	    "the peer lacks the extended master secret" },
	{ "\0\x0e\0\x05\0\x02\0\x01\0", "\0\x0b\0\x05\0\x02\0\x01\0", 9, 0,
	    "the peer's ServerHello lacks use_srtp" },
	{ "\0\x0e\0\x05\0\x02\0\x01", "\0\x0e\0\x05\0\x02\0\x07", 8, 0,
	    "the peer's use_srtp profile is not 0x0001" },
	{ "\xc0\x2b\0", "\xc0\x09\0", 3, 0,
	    "the peer chose a cipher suite not offered" },
};

static bool
edit(struct pair *p, int side, struct dgram *g)
{
	const struct edit	*e = &edits[p->which];
	size_t			 end = g->n < 150 ? g->n : 150;

	for (size_t i = 0; side == e->side && i + e->n <= end; i++)
		if (memcmp(g->p + i, e->from, e->n) == 0)
			memcpy(g->p + i, e->to, e->n);
	return true;
}

static void
a_hello_without_what_we_need_fails_with_the_reason(void **state)
{
	struct pair	 p;

	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		pair_init(&p, &calm);
		CHECK(pair_open(&p));
		p.tap = edit;
		p.which = i;
		fails_with(&p, edits[i].side, edits[i].why);
	}
}

/* A CertificateRequest: its types, and the first of its signatures. */
static bool
ask_for_others(struct pair *p, int side, struct dgram *g)
{
	static const char *const	 ours = "\x02\x40\x01\0\x0c\x04\x03",
			    *const theirs[] = {
		"\x02\x02\x01\0\x0c\x04\x03", "\x02\x40\x01\0\x0c\x05\x03",
		"\x02\x40\x01\0\x0d\x04\x03",
	};

	for (size_t i = 0; side == 0 && i + 7 <= g->n; i++)
		if (memcmp(g->p + i, ours, 7) == 0)
			memcpy(g->p + i, theirs[p->which], 7);
	return true;
}

static void
a_request_for_what_we_lack_fails_with_the_reason(void **state)
{
	static const char *const	 why[] = {
		"the peer takes no ECDSA certificate",
		"the peer does not verify ECDSA with SHA-256",
		"the peer's CertificateRequest is malformed",
	};
	struct pair			 p;

	(void)state;
	for (size_t i = 0; i < sizeof(why) / sizeof(why[0]); i++) {
		pair_init(&p, &calm);
		CHECK(pair_open(&p));
		p.tap = ask_for_others;
		p.which = i;
		fails_with(&p, 0, why[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
#define T(x)	cmocka_unit_test(x)
		T(another_fingerprint_fails_with_the_reason),
		T(another_key_than_the_pinned_one_fails_with_the_reason),
		T(a_hello_without_what_we_need_fails_with_the_reason),
		T(a_request_for_what_we_lack_fails_with_the_reason),
	};

	return RUN(tests);
}
