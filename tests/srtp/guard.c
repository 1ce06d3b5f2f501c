#include "support/test.h"

#include <bearssl.h>

#include "base/bytes.h"
#include "srtp/guard.h"
#include "support/mangle.h"
#include "support/oom.h"

/*
 * SRTP once more, from the text of RFC 3711 and on another library: what one
 * of the two seals the other opens.
 */
struct keys {
	uint8_t	 cipher[16], salt[14], auth[20];
};

/* BearSSL's counter: the last four bytes, of which the last two count. */
static uint32_t
block(const uint8_t *iv)
{
	return (uint32_t)iv[12] << 24 | (uint32_t)iv[13] << 16;
}

/* 4.3.3: the key stream of AES-CM at label * 2^48, from the master's. */
static void
derive(uint8_t *to, size_t n, const uint8_t *key, const uint8_t *salt,
    uint8_t label)
{
	br_aes_ct64_ctr_keys	 ctx;
	uint8_t			 iv[16] = { 0 };

	memcpy(iv, salt, 14);
	iv[7] ^= label;
	memset(to, 0, n);
	br_aes_ct64_ctr_init(&ctx, key, 16);
	br_aes_ct64_ctr_run(&ctx, iv, block(iv), to, n);
}

static void
derive_all(struct keys *k, const uint8_t *key, const uint8_t *salt,
    bool rtcp)
{
	uint8_t	 label = rtcp ? 3 : 0;

	derive(k->cipher, 16, key, salt, label);
	derive(k->auth, 20, key, salt, (uint8_t)(label + 1));
	derive(k->salt, 14, key, salt, (uint8_t)(label + 2));
}

/* 4.1.1: from the salt, the source and the packet's index. */
static void
crypt(const struct keys *k, uint32_t ssrc, uint64_t index, uint8_t *p,
    size_t n)
{
	br_aes_ct64_ctr_keys	 ctx;
	uint8_t			 iv[16] = { 0 };

	memcpy(iv, k->salt, 14);
	for (int i = 0; i < 4; i++)
		iv[4 + i] ^= (uint8_t)(ssrc >> (24 - 8 * i));
	for (int i = 0; i < 6; i++)
		iv[8 + i] ^= (uint8_t)(index >> (40 - 8 * i));
	br_aes_ct64_ctr_init(&ctx, k->cipher, 16);
	br_aes_ct64_ctr_run(&ctx, iv, block(iv), p, n);
}

static void
tag(const struct keys *k, const uint8_t *p, size_t n, const uint8_t *roc,
    uint8_t out[10])
{
	br_hmac_key_context	 key;
	br_hmac_context		 ctx;

	br_hmac_key_init(&key, &br_sha1_vtable, k->auth, 20);
	br_hmac_init(&ctx, &key, 10);
	br_hmac_update(&ctx, p, n);
	if (roc != NULL)
		br_hmac_update(&ctx, roc, 4);
	br_hmac_out(&ctx, out);
}

static void
put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* A packet as RFC 3711 3.1 has it, over a clear one. */
static size_t
seal_rtp(const struct keys *k, uint32_t roc, uint16_t seq, uint32_t ssrc,
    uint8_t *p, size_t n)
{
	uint8_t	 bytes[4];

	put32(bytes, roc);
	crypt(k, ssrc, (uint64_t)roc << 16 | seq, p + 12, n - 12);
	tag(k, p, n, bytes, p + n);
	return n + 10;
}

static uint8_t	 exported[GUARD_KEYS];

/* RFC 5764 4.2: client key, server key, client salt, server salt. */
static const uint8_t *
key_of(bool client)
{
	return exported + (client ? 0 : 16);
}

static const uint8_t *
salt_of(bool client)
{
	return exported + 32 + (client ? 0 : 14);
}

static struct guard	*a, *b;		/* client, server */
static struct rtp	 h;

static int
set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(exported); i++)
		exported[i] = (uint8_t)(i * 37 + 11);
	a = guard_new(true, exported);
	b = guard_new(false, exported);
	return a != NULL && b != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	guard_free(a);
	guard_free(b);
	return 0;
}

static size_t
packet(uint8_t *p, uint16_t seq, uint32_t ssrc, size_t payload)
{
	struct wr	 w = wr_of(p, 2000);

	wr_u16(&w, 0x8060);
	wr_u16(&w, seq);
	wr_u32(&w, seq * 90u);
	wr_u32(&w, ssrc);
	for (size_t i = 0; i < payload; i++)
		wr_u8(&w, (uint8_t)(i + seq));
	return w.n;
}

static void
the_keys_of_rfc_3711_b_3_are_derived(void **state)
{
	static const uint8_t	 key[] = { 0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01,
	    0x8b, 0xe0, 0xd6, 0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41, 0x39 };
	static const uint8_t	 salt[] = { 0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a,
	    0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6 };
	static const uint8_t	 cipher[] = { 0xc6, 0x1e, 0x7a, 0x93, 0x74,
	    0x4f, 0x39, 0xee, 0x10, 0x73, 0x4a, 0xfe, 0x3f, 0xf7, 0xa0,
	    0x87 };
	static const uint8_t	 salting[] = { 0x30, 0xcb, 0xbc, 0x08, 0x86,
	    0x3d, 0x8c, 0x85, 0xd4, 0x9d, 0xb3, 0x4a, 0x9a, 0xe1 };
	static const uint8_t	 auth[] = { 0xce, 0xbe, 0x32, 0x1f, 0x6f, 0xf7,
	    0x71, 0x6b, 0x6f, 0xd4, 0xab, 0x49, 0xaf, 0x25, 0x6a, 0x15,
	    0x6d, 0x38, 0xba, 0xa4 };
	struct keys		 k;

	(void)state;
	derive_all(&k, key, salt, false);
	MEMEQ(k.cipher, cipher, 16);
	MEMEQ(k.salt, salting, 14);
	MEMEQ(k.auth, auth, 20);
}

/* RFC 3711 B.2: AES-CM under the session key and salt given there. */
static void
the_key_stream_of_rfc_3711_b_2_is_made(void **state)
{
	static const struct keys	 k = {
		.cipher = { 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
		    0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c },
		.salt = { 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7,
		    0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd },
	};
	static const uint8_t		 first[] = { 0xe0, 0x3e, 0xad, 0x09,
	    0x35, 0xc9, 0x5e, 0x80, 0xe1, 0x66, 0xb1, 0x6d, 0xd9, 0x2b, 0x4e,
	    0xb4 };
	uint8_t				 out[16] = { 0 };

	(void)state;
	crypt(&k, 0, 0, out, sizeof(out));
	MEMEQ(out, first, sizeof(first));
}

static void
what_is_sealed_is_what_rfc_3711_says(void **state)
{
	uint8_t		 p[2048], q[2048];
	size_t		 n, m;
	struct keys	 k;

	(void)state;
	for (int client = 0; client < 2; client++) {
		derive_all(&k, key_of(client), salt_of(client), false);
		n = packet(p, 65535, 7, 1000);
		memcpy(q, p, n);
		EQ(guard_seal(client ? a : b, p, p, &n, &h), GUARD_OK);
		m = seal_rtp(&k, 0, 65535, 7, q, n - 10);
		EQ(n, m);
		MEMEQ(p, q, n);
		/* The next one is of the next round. */
		n = packet(p, 0, 7, 999);
		memcpy(q, p, n);
		EQ(guard_seal(client ? a : b, p, p, &n, &h), GUARD_OK);
		EQ(seal_rtp(&k, 1, 0, 7, q, n - 10), n);
		MEMEQ(p, q, n);
	}
}

static void
what_another_sealed_is_opened(void **state)
{
	uint8_t		 p[2048], q[2048];
	size_t		 n;
	struct keys	 k;

	(void)state;
	derive_all(&k, key_of(true), salt_of(true), false);
	n = packet(p, 10, 9, 1000);
	memcpy(q, p, n);
	n = seal_rtp(&k, 0, 10, 9, q, n);
	EQ(guard_open(b, q, &n, &h), GUARD_OK);
	EQ(n, 1012);
	MEMEQ(p, q, n);
	EQ(h.ssrc, 9);
	EQ(h.seq, 10);
}

/* RFC 3711 3.4: the index in clear behind, its first bit says encrypted. */
static void
rtcp_is_sealed_as_rfc_3711_says(void **state)
{
	uint8_t		 p[64] = { 0x80, 201, 0, 1, 0, 0, 0, 7,
			    0x81, 206, 0, 2, 0, 0, 0, 7, 0, 0, 0, 9 }, q[64];
	size_t		 n = 20;
	struct keys	 k;

	(void)state;
	memcpy(q, p, n);
	EQ(guard_seal(a, a, p, &n, &h), GUARD_OK);
	CHECK(h.rtcp);
	EQ(n, 20 + GUARD_GROWTH);
	derive_all(&k, key_of(true), salt_of(true), true);
	crypt(&k, 7, 1, q + 8, 12);
	put32(q + 20, 0x80000001);
	tag(&k, q, 24, NULL, q + 24);
	MEMEQ(p, q, n);
	EQ(guard_open(b, p, &n, &h), GUARD_OK);
	EQ(n, 20);
	CHECK(h.rtcp);
	EQ(h.ssrc, 7);
	n = 34;
	EQ(guard_open(b, q, &n, &h), GUARD_REPLAYED);
}

static void
is_forged(void *arg, const uint8_t *p, size_t n, size_t which)
{
	uint8_t			*copy = malloc(n + 1);
	size_t			 len = n;
	enum guard_result	 r;

	(void)arg;
	(void)which;
	memcpy(copy, p, n);
	r = guard_open(b, copy, &len, &h);
	CHECK(r == GUARD_FORGED || r == GUARD_MALFORMED ||
	    r == GUARD_REPLAYED);
	free(copy);
}

static void
nothing_that_was_changed_is_opened(void **state)
{
	uint8_t		 p[256], q[256];
	size_t		 n = packet(p, 1, 7, 60);
	uint64_t	 st[GUARD_RESULTS];

	(void)state;
	EQ(guard_seal(a, a, p, &n, &h), GUARD_OK);
	memcpy(q, p, n);
	mangle_flip(p, n, is_forged, NULL);
	mangle_cut(p, n, is_forged, NULL);
	guard_stats(b, st);
	EQ(st[GUARD_OK], 0);
	CHECK(st[GUARD_FORGED] > 0);
	EQ(guard_open(b, q, &n, &h), GUARD_OK);
}

static void
a_replay_is_dropped_and_reordering_is_not(void **state)
{
	static const uint16_t	 order[] = { 1, 5, 2, 3, 500, 4, 499, 6 };
	uint8_t			 p[8][128], q[128];
	size_t			 n[8], m;

	(void)state;
	for (int i = 0; i < 8; i++)
		n[i] = packet(p[i], order[i], 7, 50);
	/* In the sender's order; the last of 499 too, and behind 500. */
	for (uint16_t s = 1; s <= 500; s++)
		for (int i = 0; i < 8; i++)
			if (order[i] == s)
				EQ(guard_seal(a, a, p[i], &n[i], &h),
				    GUARD_OK);
	for (int i = 0; i < 8; i++) {
		memcpy(q, p[i], n[i]);
		m = n[i];
		EQ(guard_open(b, q, &m, &h), GUARD_OK);
		EQ(h.seq, order[i]);
	}
	for (int i = 0; i < 8; i++) {
		m = n[i];
		EQ(guard_open(b, p[i], &m, &h), GUARD_REPLAYED);
	}
}

/* 24 hours of 1000 packets a second are 1318 rounds of the number. */
static void
a_day_of_wraps_is_survived(void **state)
{
	uint8_t		 p[128];
	size_t		 n;
	uint64_t	 index = 40000;

	(void)state;
	for (; index < 86400000; index += 30011) {
		n = packet(p, (uint16_t)index, 7, 50);
		EQ(guard_seal(a, a, p, &n, &h), GUARD_OK);
		EQ(guard_open(b, p, &n, &h), GUARD_OK);
		EQ(h.seq, (uint16_t)index);
	}
	n = packet(p, (uint16_t)index, 7, 50);
	EQ(guard_seal(a, a, p, &n, &h), GUARD_OK);
	p[n - 1] ^= 1;
	EQ(guard_open(b, p, &n, &h), GUARD_FORGED);
}

/* The key stream of a source is used by one sender, and by it once. */
static void
no_key_stream_is_used_twice(void **state)
{
	uint8_t	 p[128];
	size_t	 n = packet(p, 100, 7, 50);

	(void)state;
	EQ(guard_seal(a, a, p, &n, &h), GUARD_OK);
	n = packet(p, 101, 7, 50);
	EQ(guard_seal(a, b, p, &n, &h), GUARD_COLLISION);
	for (size_t at = 12; at < 62; at++) {
		n = packet(p, 100, 7, 50);
		p[at] ^= 1;
		EQ(guard_seal(a, a, p, &n, &h), GUARD_REPLAYED);
	}
	n = packet(p, 100, 7, 49);
	EQ(guard_seal(a, a, p, &n, &h), GUARD_REPLAYED);
	n = packet(p, 101, 7, 50);
	EQ(guard_seal(a, a, p, &n, &h), GUARD_OK);
}

/* It is lost, the receiver asks for it, and gets it: RFC 4585 6.2.1. */
static void
a_packet_that_is_asked_for_is_sealed_again(void **state)
{
	uint8_t	 p[128], lost[128];
	size_t	 n;

	(void)state;
	for (uint32_t seq = 65000; seq < 65000 + 1024; seq++) {
		n = packet(p, (uint16_t)seq, 7, 50);
		EQ(guard_seal(a, a, p, &n, &h), GUARD_OK);
		if (seq == 65000)
			memcpy(lost, p, n);
		else
			EQ(guard_open(b, p, &n, &h), GUARD_OK);
	}
	n = packet(p, 65000, 7, 50);
	EQ(guard_seal(a, a, p, &n, &h), GUARD_OK);
	MEMEQ(p, lost, n);
	EQ(guard_open(b, p, &n, &h), GUARD_OK);
	/* That it was not lost is not to be noticed. */
	n = packet(p, 65001, 7, 50);
	EQ(guard_seal(a, a, p, &n, &h), GUARD_OK);
	EQ(guard_open(b, p, &n, &h), GUARD_REPLAYED);
	/* One more, and the first is too old to be known. */
	n = packet(p, (uint16_t)(65000 + 1024), 7, 50);
	EQ(guard_seal(a, a, p, &n, &h), GUARD_OK);
	n = packet(p, 65000, 7, 50);
	EQ(guard_seal(a, a, p, &n, &h), GUARD_REPLAYED);
}

struct use {
	uint8_t	 stream[16], text[16];
};

static int
by_stream(const void *x, const void *y)
{
	return memcmp(x, y, 16);
}

/* The first bytes of a payload, and of the key stream that hid them. */
static bool
use(struct use *u, uint16_t seq, uint8_t version)
{
	uint8_t	 p[128];
	size_t	 n = packet(p, seq, 7, 50);

	memset(p + 12, version, 16);
	memcpy(u->text, p + 12, 16);
	if (guard_seal(a, a, p, &n, &h) != GUARD_OK)
		return false;
	for (size_t i = 0; i < 16; i++)
		u->stream[i] = p[12 + i] ^ u->text[i];
	return true;
}

/* Whatever a sender does with its numbers, and from whichever it begins. */
static void
no_numbers_bring_a_key_stream_back_for_another_packet(void **state)
{
	static struct use	 u[20000];
	uint32_t		 x = 2463534242, seq = x;
	size_t			 n = 0, again = 0;

	(void)state;
	print_message("seed %u\n", x);
	for (size_t tries = 0; n < 20000; tries++) {
		CHECK(tries < 200000);
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		if ((x >> 8 & 511) == 0)
			seq += x >> 16;		/* anywhere */
		else if ((x >> 8 & 3) == 0)
			seq -= x >> 20 & 15;	/* what may be asked for */
		else
			seq++;
		n += use(&u[n], (uint16_t)seq, (uint8_t)(x & 1));
	}
	qsort(u, n, sizeof(u[0]), by_stream);
	for (size_t i = 1; i < n; i++) {
		if (memcmp(u[i - 1].stream, u[i].stream, 16) != 0)
			continue;
		again++;
		MEMEQ(u[i - 1].text, u[i].text, 16);
	}
	print_message("%zu of %zu again\n", again, n);
	CHECK(again > 1000);
}

static void
sources_are_bounded_both_ways(void **state)
{
	uint8_t		 p[128];
	size_t		 n;
	struct keys	 k;
	uint64_t	 st[GUARD_RESULTS];

	(void)state;
	derive_all(&k, key_of(true), salt_of(true), false);
	for (uint32_t i = 0; i <= GUARD_SOURCES; i++) {
		n = packet(p, 1, i, 50);
		EQ(guard_seal(a, a, p, &n, &h), i < GUARD_SOURCES ?
		    GUARD_OK : GUARD_CROWDED);
		if (i == GUARD_SOURCES)
			n = seal_rtp(&k, 0, 1, i, p, n);
		EQ(guard_open(b, p, &n, &h), i < GUARD_SOURCES ?
		    GUARD_OK : GUARD_CROWDED);
	}
	guard_stats(b, st);
	EQ(st[GUARD_CROWDED], 1);
	STREQ(guard_text(GUARD_CROWDED), "crowded");
}

static void
keys_of_another_connection_open_nothing(void **state)
{
	uint8_t		 p[128];
	size_t		 n = packet(p, 1, 7, 50);
	struct guard	*other;

	(void)state;
	exported[16]++;
	other = guard_new(false, exported);
	EQ(guard_seal(b, b, p, &n, &h), GUARD_OK);
	EQ(guard_open(other, p, &n, &h), GUARD_FORGED);
	guard_free(other);
	/* One's own packets are nobody's of the peer. */
	n = packet(p, 2, 7, 50);
	EQ(guard_seal(b, b, p, &n, &h), GUARD_OK);
	EQ(guard_open(b, p, &n, &h), GUARD_FORGED);
}

/* srtp_create of libsrtp as it is published does not survive all of them. */
static void
without_memory_there_is_no_guard(void **state)
{
	struct guard	*g = NULL;

	(void)state;
	for (size_t i = 1; g == NULL; i++) {
		CHECK(i < 100);
		oom_after(i);
		g = guard_new(true, exported);
		CHECK((g == NULL) == oom_hit());
		oom_after(0);
	}
	guard_free(g);
}

static void
without_memory_a_source_waits_for_better_times(void **state)
{
	uint8_t			 p[128], q[128];
	size_t			 n, m;
	enum guard_result	 r = GUARD_FAILED;

	(void)state;
	for (size_t i = 1; r != GUARD_OK; i++) {
		CHECK(i < 100);
		n = packet(p, (uint16_t)i, 7, 50);
		oom_after(i);
		r = guard_seal(a, a, p, &n, &h);
		CHECK(r == GUARD_OK || (r == GUARD_FAILED && oom_hit()));
		oom_after(0);
	}
	r = GUARD_FAILED;
	for (size_t i = 1; r != GUARD_OK; i++) {
		CHECK(i < 100);
		memcpy(q, p, n);
		m = n;
		oom_after(i);
		r = guard_open(b, q, &m, &h);
		CHECK(r == GUARD_OK || (r == GUARD_FAILED && oom_hit()));
		oom_after(0);
	}
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(the_keys_of_rfc_3711_b_3_are_derived),
		TEST(the_key_stream_of_rfc_3711_b_2_is_made),
		TEST(what_is_sealed_is_what_rfc_3711_says),
		TEST(what_another_sealed_is_opened),
		TEST(rtcp_is_sealed_as_rfc_3711_says),
		TEST(nothing_that_was_changed_is_opened),
		TEST(a_replay_is_dropped_and_reordering_is_not),
		TEST(a_day_of_wraps_is_survived),
		TEST(no_key_stream_is_used_twice),
		TEST(a_packet_that_is_asked_for_is_sealed_again),
		TEST(no_numbers_bring_a_key_stream_back_for_another_packet),
		TEST(sources_are_bounded_both_ways),
		TEST(keys_of_another_connection_open_nothing),
		TEST(without_memory_there_is_no_guard),
		TEST(without_memory_a_source_waits_for_better_times),
	};

	return RUN(tests);
}
