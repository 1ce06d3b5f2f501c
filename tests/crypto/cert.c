#include "support/test.h"

#include "crypto/cert.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "crypto/sign.h"
#include "support/mangle.h"
#include "support/oom.h"

static const uint8_t	 scalar[32] = { 1, 2, 3, 4 };

static void
a_certificate_is_a_function_of_its_key(void **state)
{
	struct cert	*a = cert_from_scalar(scalar), *b;
	uint8_t		 x[32], y[32];

	(void)state;
	cert_scalar(a, x);
	MEMEQ(x, scalar, 32);
	b = cert_from_scalar(x);
	cert_fingerprint(a, x);
	cert_fingerprint(b, y);
	MEMEQ(x, y, 32);
	sha256(y, cert_der(a).p, cert_der(a).n);
	MEMEQ(x, y, 32);
	CHECK(cert_der(a).n < 350);
	cert_free(a);
	cert_free(b);
}

static void
two_keys_have_two_fingerprints(void **state)
{
	struct rng	*rng = rng_seeded("y", 1);
	struct cert	*a = cert_new(rng), *b = cert_new(rng);
	uint8_t		 x[32], y[32];

	(void)state;
	cert_fingerprint(a, x);
	cert_fingerprint(b, y);
	CHECK(memcmp(x, y, 32) != 0);
	cert_free(a);
	cert_free(b);
	rng_free(rng);
}

static void
the_reader_finds_the_key_of_our_certificate(void **state)
{
	struct cert	*c = cert_from_scalar(scalar);
	struct span	 der = cert_der(c);
	uint8_t		 id[32], got[32], hash[32] = { 5 }, sig[CERT_SIG];
	struct pubkey	 k;
	size_t		 n;

	(void)state;
	CHECK(x509_key(&k, der.p, der.n) == NULL);
	EQ(k.kind, KEY_P256);
	cert_key_id(c, id);
	sha256(got, k.spki, k.spkilen);
	MEMEQ(got, id, 32);
	n = cert_sign(c, hash, sig);
	CHECK(verify_hash(&k, DIGEST_SHA256, hash, sig, n));
	cert_free(c);
}

static void
impossible_scalars_make_no_certificate(void **state)
{
	uint8_t	 k[32] = { 0 };

	(void)state;
	CHECK(cert_from_scalar(k) == NULL);
	memset(k, 0xff, 32);
	CHECK(cert_from_scalar(k) == NULL);
}

static void
refused(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct pubkey	 k;

	(void)arg;
	(void)which;
	CHECK(x509_key(&k, p, n) != NULL);
}

static void
survived(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct pubkey	 k;

	(void)arg;
	(void)which;
	if (x509_key(&k, p, n) == NULL)
		CHECK(k.p >= p && k.p + k.n <= p + n);
}

static void
a_certificate_cut_anywhere_is_refused(void **state)
{
	struct cert	*c = cert_from_scalar(scalar);
	struct span	 der = cert_der(c);

	(void)state;
	mangle_cut(der.p, der.n, refused, NULL);
	mangle_flip(der.p, der.n, survived, NULL);
	cert_free(c);
}

/*
 * A certificate around the public key given: the reader steps over the rest,
 * so that is empty, but for 256 bytes that make all lengths take two.
 */
static size_t
wrap(uint8_t *out, const uint8_t *spki, size_t n)
{
	static const uint8_t	 front[] = {
		0x02, 1, 1, 0x30, 0, 0x30, 0, 0x30, 0, 0x30, 0x82, 1, 0 };
	static const uint8_t	 subject[256];
	struct wr		 w = wr_of(out, 2048);
	size_t			 tbs = sizeof(front) + sizeof(subject) + n;

	wr_u16(&w, 0x3082);
	wr_u16(&w, (uint16_t)(4 + tbs + 2 + 3));
	wr_u16(&w, 0x3082);
	wr_u16(&w, (uint16_t)tbs);
	wr_bytes(&w, front, sizeof(front));
	wr_bytes(&w, subject, sizeof(subject));
	wr_bytes(&w, spki, n);
	wr_u16(&w, 0x3000);
	wr_u24(&w, 0x030100);
	return w.n;
}

/* SubjectPublicKeyInfo with an RSA key of that many bytes. */
static size_t
rsa_spki(uint8_t *out, size_t bytes)
{
	static const uint8_t	 alg[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86,
		0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 0x05, 0 };
	uint8_t			 modulus[1024];
	struct wr		 w = wr_of(out, 2048);

	memset(modulus, 0xc3, sizeof(modulus));
	wr_u16(&w, 0x3082);
	wr_u16(&w, (uint16_t)(sizeof(alg) + 5 + 4 + 5 + bytes + 5));
	wr_bytes(&w, alg, sizeof(alg));
	wr_u16(&w, 0x0382);
	wr_u16(&w, (uint16_t)(1 + 4 + 5 + bytes + 5));
	wr_u8(&w, 0);
	wr_u16(&w, 0x3082);
	wr_u16(&w, (uint16_t)(5 + bytes + 5));
	wr_u16(&w, 0x0282);
	wr_u16(&w, (uint16_t)(bytes + 1));
	wr_u8(&w, 0);
	wr_bytes(&w, modulus, bytes);
	wr_bytes(&w, "\x02\x03\x01\x00\x01", 5);
	return w.n;
}

static void
rsa_keys_of_2048_to_4096_bits_are_taken(void **state)
{
	uint8_t		 spki[2048], der[2048];
	struct pubkey	 k;
	size_t		 n;

	(void)state;
	n = wrap(der, spki, rsa_spki(spki, 256));
	CHECK(x509_key(&k, der, n) == NULL);
	EQ(k.kind, KEY_RSA);
	EQ(k.n, 256);
	EQ(k.elen, 3);
	mangle_cut(der, n, refused, NULL);
	n = wrap(der, spki, rsa_spki(spki, 512));
	CHECK(x509_key(&k, der, n) == NULL);
	n = wrap(der, spki, rsa_spki(spki, 255));
	STREQ(x509_key(&k, der, n),
	    "the certificate's RSA key is not of 2048 to 4096 bits");
	n = wrap(der, spki, rsa_spki(spki, 513));
	STREQ(x509_key(&k, der, n),
	    "the certificate's RSA key is not of 2048 to 4096 bits");
}

static void
keys_of_other_kinds_are_refused_by_name(void **state)
{
	static const uint8_t	 ed25519[] = { 0x30, 0x0b, 0x30, 5, 0x06, 3,
		0x2b, 0x65, 0x70, 0x03, 2, 0, 7 };
	static const uint8_t	 p521[] = { 0x30, 0x16, 0x30, 0x10, 0x06, 7,
		0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 0x06, 5, 0x2b, 0x81, 4, 0,
		35, 0x03, 2, 0, 4 };
	uint8_t			 der[2048];
	struct pubkey		 k;
	size_t			 n;

	(void)state;
	n = wrap(der, ed25519, sizeof(ed25519));
	STREQ(x509_key(&k, der, n),
	    "the certificate's key is neither EC nor RSA");
	n = wrap(der, p521, sizeof(p521));
	STREQ(x509_key(&k, der, n),
	    "the certificate's curve is neither P-256 nor P-384");
}

static void
no_memory_is_no_certificate(void **state)
{
	(void)state;
	oom_after(1);
	CHECK(cert_from_scalar(scalar) == NULL);
	oom_after(0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_certificate_is_a_function_of_its_key),
		cmocka_unit_test(two_keys_have_two_fingerprints),
		cmocka_unit_test(the_reader_finds_the_key_of_our_certificate),
		cmocka_unit_test(impossible_scalars_make_no_certificate),
		cmocka_unit_test(a_certificate_cut_anywhere_is_refused),
		cmocka_unit_test(rsa_keys_of_2048_to_4096_bits_are_taken),
		cmocka_unit_test(keys_of_other_kinds_are_refused_by_name),
		cmocka_unit_test(no_memory_is_no_certificate),
	};

	return RUN(tests);
}
