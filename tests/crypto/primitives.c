#include "support/test.h"

#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/ecdh.h"
#include "crypto/hash.h"
#include "crypto/prf.h"
#include "crypto/rng.h"
#include "crypto/sign.h"

/* Hexadecimal to bytes; returns how many. */
static size_t
unhex(uint8_t *out, const char *text)
{
	size_t		 n = 0;
	unsigned	 b;

	for (; sscanf(text, "%2x", &b) == 1; text += 2)
		out[n++] = (uint8_t)b;
	return n;
}

/* Test case 4 of the GCM specification (McGrew and Viega), AES-128. */
static void
aes_gcm_gives_the_known_ciphertext(void **state)
{
	uint8_t		 key[16], iv[12], aad[20], p[60], c[60], tag[16];
	uint8_t		 got[16], plain[60];
	struct aead	*a;

	(void)state;
	unhex(key, "feffe9928665731c6d6a8f9467308308");
	unhex(iv, "cafebabefacedbaddecaf888");
	unhex(aad, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
	EQ(unhex(p, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d"
	    "8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"),
	    60);
	EQ(unhex(c, "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e23"
	    "29aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"),
	    60);
	unhex(tag, "5bc94fbc3221a5db94fae95ae7121a47");
	memcpy(plain, p, sizeof(plain));
	a = aead_new(AEAD_AES128_GCM, key);
	aead_seal(a, iv, aad, sizeof(aad), p, sizeof(p), got);
	MEMEQ(p, c, sizeof(c));
	MEMEQ(got, tag, 16);
	CHECK(aead_open(a, iv, aad, sizeof(aad), p, sizeof(p), got));
	MEMEQ(p, plain, sizeof(p));
	aead_free(a);
}

/* RFC 8439 section 2.8.2 */
static void
chacha20_poly1305_gives_the_known_tag(void **state)
{
	static const char	 text[] = "Ladies and Gentlemen of the class "
	    "of '99: If I could offer you only one tip for the future, "
	    "sunscreen would be it.";
	uint8_t			 key[32], iv[12], aad[12], tag[16], got[16];
	uint8_t			 b[114], head[16];
	struct aead		*a;

	(void)state;
	for (int i = 0; i < 32; i++)
		key[i] = (uint8_t)(0x80 + i);
	unhex(iv, "070000004041424344454647");
	unhex(aad, "50515253c0c1c2c3c4c5c6c7");
	unhex(tag, "1ae10b594f09e26a7e902ecbd0600691");
	unhex(head, "d31a8d34648e60db7b86afbc53ef7ec2");
	memcpy(b, text, sizeof(b));
	a = aead_new(AEAD_CHACHA20_POLY1305, key);
	aead_seal(a, iv, aad, sizeof(aad), b, sizeof(b), got);
	MEMEQ(got, tag, 16);
	MEMEQ(b, head, 16);
	CHECK(aead_open(a, iv, aad, sizeof(aad), b, sizeof(b), got));
	MEMEQ(b, text, sizeof(b));
	aead_free(a);
}

static void
every_flipped_bit_of_a_sealed_text_is_noticed(void **state)
{
	uint8_t		 key[32] = { 1 }, iv[12] = { 2 }, aad[3] = { 3 };
	uint8_t		 b[20 + 16], c[20 + 16];
	struct aead	*a;

	(void)state;
	for (int alg = 0; alg < 2; alg++) {
		a = aead_new((enum aead_alg)alg, key);
		memset(b, 7, sizeof(b));
		aead_seal(a, iv, aad, 3, b, 20, b + 20);
		for (size_t i = 0; i < 8 * sizeof(b); i++) {
			memcpy(c, b, sizeof(c));
			c[i / 8] ^= (uint8_t)(1 << i % 8);
			CHECK(!aead_open(a, iv, aad, 3, c, 20, c + 20));
		}
		aad[0] ^= 1;
		memcpy(c, b, sizeof(c));
		CHECK(!aead_open(a, iv, aad, 3, c, 20, c + 20));
		aad[0] ^= 1;
		aead_free(a);
	}
}

/* The vector for P_SHA256 that went round the TLS working group. */
static void
the_prf_gives_the_known_stream(void **state)
{
	uint8_t	 secret[16], seed[16], want[100], got[100];

	(void)state;
	unhex(secret, "9bbe436ba940f017b17652849a71db35");
	unhex(seed, "a0ba9f936cda311827a6f796ffd5198c");
	EQ(unhex(want, "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52"
	    "d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797"
	    "c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a51"
	    "10fff70187347b66"), 100);
	prf_sha256(got, sizeof(got), secret, 16, "test label", seed, 9,
	    seed + 9, 7);
	MEMEQ(got, want, sizeof(got));
}

/* The group's secret of ours and the point of the peer's. */
static void
gives(enum ecdh_group group, const char *secret, const char *peer,
    const char *want)
{
	struct ecdh		 e = { .group = group };
	uint8_t			 point[ECDH_POINT], x[ECDH_SECRET];
	struct ecdh_secret	 got;

	unhex(e.secret, secret);
	e.n = strlen(peer) / 2;
	unhex(point, peer);
	unhex(x, want);
	CHECK(ecdh_shared(&e, point, e.n, &got));
	EQ(got.n, strlen(want) / 2);
	MEMEQ(got.p, x, got.n);
}

/* RFC 7748 section 5.2, the first vector */
static void
x25519_gives_the_known_secret(void **state)
{
	(void)state;
	gives(ECDH_X25519, "a546e36bf0527c9d3b16154b82465edd"
	    "62144c0ac1fc5a18506a2244ba449ac4",
	    "e6db6867583030db3594c1a424b15f7c"
	    "726624ec26b3353b10a903a6d0ab1c4c",
	    "c3da55379de9c6908e94ea4df28d084f"
	    "32eccf03491c71f754b4075577a28552");
}

/* RFC 5903 section 8.2; a point begins with a 4 */
static void
p384_gives_the_known_secret(void **state)
{
	(void)state;
	gives(ECDH_P384, "099f3c7034d4a2c699884d73a375a67f"
	    "7624ef7c6b3c0f160647b67414dce655e35b538041e649ee3faef896783ab194",
	    "04e558dbef53eecde3d3fccfc1aea08a89"
	    "a987475d12fd950d83cfa41732bc509d0d1ac43a0336def96fda41d0774a3571"
	    "dcfbec7aacf3196472169e838430367f66eebe3c6e70c416dd5f0c68759dd1ff"
	    "f83fa40142209dff5eaad96db9e6386c",
	    "11187331c279962d93d604243fd592cb"
	    "9d0a926f422e47187521287e7156c5c4d603135569b9e9d09cf5d4a270f59746");
}

static void
both_ends_agree_on_a_secret_in_any_group(void **state)
{
	static const enum ecdh_group	 groups[] = { ECDH_P256, ECDH_X25519,
		ECDH_P384 };
	struct rng			*rng = rng_seeded("x", 1);
	struct ecdh			 a, b;
	struct ecdh_secret		 x, y;

	(void)state;
	for (int i = 0; i < 3; i++) {
		ecdh_make(&a, groups[i], rng);
		ecdh_make(&b, groups[i], rng);
		CHECK(ecdh_shared(&a, b.point, b.n, &x));
		CHECK(ecdh_shared(&b, a.point, a.n, &y));
		EQ(x.n, y.n);
		MEMEQ(x.p, y.p, x.n);
	}
	rng_free(rng);
}

static void
points_that_are_none_are_refused(void **state)
{
	struct rng	*rng = rng_seeded("x", 1);
	struct ecdh	 a;
	uint8_t		 zero[97] = { 0 };
	struct ecdh_secret	 out;

	(void)state;
	ecdh_make(&a, ECDH_X25519, rng);
	CHECK(!ecdh_shared(&a, zero, 32, &out));
	CHECK(!ecdh_shared(&a, zero, 31, &out));
	ecdh_make(&a, ECDH_P256, rng);
	CHECK(!ecdh_shared(&a, zero, 65, &out));
	CHECK(!ecdh_shared(&a, a.point, 64, &out));
	a.point[40] ^= 1;			/* off the curve */
	CHECK(!ecdh_shared(&a, a.point, 65, &out));
	ecdh_make(&a, ECDH_P384, rng);
	CHECK(!ecdh_shared(&a, zero, 97, &out));
	CHECK(!ecdh_shared(&a, a.point, 65, &out));
	a.point[70] ^= 1;
	CHECK(!ecdh_shared(&a, a.point, 97, &out));
	rng_free(rng);
}

static void
only_scalars_below_the_order_are_keys(void **state)
{
	uint8_t	 k[32] = { 0 };

	(void)state;
	CHECK(!p256_valid(k));
	k[31] = 1;
	CHECK(p256_valid(k));
	unhex(k, "ffffffff00000000ffffffffffffffff"
	    "bce6faada7179e84f3b9cac2fc632551");
	CHECK(!p256_valid(k));
	k[31]--;
	CHECK(p256_valid(k));
	memset(k, 0xff, 32);
	CHECK(!p256_valid(k));
}

/* RFC 6979 appendix A.2.5: P-256, SHA-256, "sample" */
static void
ecdsa_is_deterministic_and_verifies(void **state)
{
	uint8_t		 x[32], hash[32], sig[SIGN_MAX], r[32], point[65];
	struct pubkey	 key = { .kind = KEY_P256, .p = point, .n = 65 };
	size_t		 n;

	(void)state;
	unhex(x, "c9afa9d845ba75166b5c215767b1d693"
	    "4e50c3db36e89b127b8a622b120f6721");
	unhex(r, "efd48b2aacb6a8fd1140dd9cd45e81d6"
	    "9d2c877b56aaf991c34d0ea84eaf3716");
	sha256(hash, "sample", 6);
	n = ecdsa_sign(x, hash, sig);
	MEMEQ(sig + 5, r, 32);			/* 30 len 02 21 00 r... */
	p256_public(x, point);
	CHECK(verify_hash(&key, DIGEST_SHA256, hash, sig, n));
	hash[0] ^= 1;
	CHECK(!verify_hash(&key, DIGEST_SHA256, hash, sig, n));
	hash[0] ^= 1;
	sig[n - 1] ^= 1;
	CHECK(!verify_hash(&key, DIGEST_SHA256, hash, sig, n));
	CHECK(!verify_hash(&key, DIGEST_SHA256, hash, sig, 0));
}

static void
a_running_hash_can_be_read_and_goes_on(void **state)
{
	struct digest	*d = digest_new(), *e = digest_new();
	uint8_t		 want[32], got[DIGEST_MAX];

	(void)state;
	digest_add(d, "ab", 2);
	digest_copy(e, d);
	EQ(digest_get(d, DIGEST_SHA384, got), 48);
	digest_add(d, "c", 1);
	EQ(digest_get(d, DIGEST_SHA256, got), 32);
	sha256(want, "abc", 3);
	MEMEQ(got, want, 32);
	digest_get(e, DIGEST_SHA256, got);
	sha256(want, "ab", 2);
	MEMEQ(got, want, 32);
	digest_free(d);
	digest_free(e);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(aes_gcm_gives_the_known_ciphertext),
		cmocka_unit_test(chacha20_poly1305_gives_the_known_tag),
		cmocka_unit_test(every_flipped_bit_of_a_sealed_text_is_noticed),
		cmocka_unit_test(the_prf_gives_the_known_stream),
		cmocka_unit_test(x25519_gives_the_known_secret),
		cmocka_unit_test(p384_gives_the_known_secret),
		cmocka_unit_test(both_ends_agree_on_a_secret_in_any_group),
		cmocka_unit_test(points_that_are_none_are_refused),
		cmocka_unit_test(only_scalars_below_the_order_are_keys),
		cmocka_unit_test(ecdsa_is_deterministic_and_verifies),
		cmocka_unit_test(a_running_hash_can_be_read_and_goes_on),
	};

	return RUN(tests);
}
