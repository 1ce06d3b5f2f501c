#include "support/test.h"

#include <bearssl.h>

#include "crypto/gcm_vaes.h"
#include "crypto/rng.h"

/*
 * The fused kernel against BearSSL's portable code, and against the test
 * cases 1 to 4 of McGrew and Viega, "The Galois/Counter Mode of Operation".
 */
enum { LONGEST = 20000, AAD = 64 };

static bool
can(void)
{
	if (gcm_vaes_usable())
		return true;
	print_message("no VAES here: skipped\n");
	return false;
}

static void
reference(const uint8_t *key, const uint8_t *nonce, const uint8_t *aad,
    size_t aadlen, uint8_t *p, size_t n, uint8_t *tag)
{
	br_aes_ct64_ctr_keys	 aes;
	br_gcm_context		 gcm;

	br_aes_ct64_ctr_init(&aes, key, 16);
	br_gcm_init(&gcm, &aes.vtable, br_ghash_ctmul64);
	br_gcm_reset(&gcm, nonce, 12);
	br_gcm_aad_inject(&gcm, aad, aadlen);
	br_gcm_flip(&gcm);
	br_gcm_run(&gcm, 1, p, n);
	br_gcm_get_tag(&gcm, tag);
}

static void
agrees(struct rng *rng, const uint8_t *plain, size_t n, size_t aadlen)
{
	static uint8_t	 a[LONGEST + 64], b[LONGEST + 64];
	uint8_t		 key[16], nonce[12], aad[AAD], t1[16], t2[16];
	struct gcm_vaes	 g;

	rng_bytes(rng, key, sizeof(key));
	rng_bytes(rng, nonce, sizeof(nonce));
	rng_bytes(rng, aad, sizeof(aad));
	memcpy(a, plain, n + 64);
	memcpy(b, plain, n + 64);
	reference(key, nonce, aad, aadlen, a, n, t1);
	gcm_vaes_init(&g, key);
	gcm_vaes_run(&g, nonce, aad, aadlen, b, n, t2, true);
	if (memcmp(a, b, n + 64) != 0 || memcmp(t1, t2, 16) != 0)
		fail_msg("length %zu, %zu of aad", n, aadlen);
	gcm_vaes_run(&g, nonce, aad, aadlen, b, n, t2, false);
	if (memcmp(b, plain, n + 64) != 0 || memcmp(t1, t2, 16) != 0)
		fail_msg("opening length %zu", n);
}

static void
every_length_gives_what_bearssl_gives(void **state)
{
	struct rng	*rng = rng_seeded("gcm", 3);
	static uint8_t	 plain[LONGEST + 64];
	size_t		 step = 1;

	(void)state;
	if (!can())
		skip();
	rng_bytes(rng, plain, sizeof(plain));
	for (size_t n = 0; n <= LONGEST; n += step) {
		agrees(rng, plain, n, n % AAD);
		if (n == 2048 && getenv("GCM_ALL") == NULL)
			step = 37;	/* coprime to the chunk; all: 30 s */
	}
	rng_free(rng);
}

static size_t
unhex(uint8_t *to, const char *text)
{
	unsigned	 v;
	size_t		 n = 0;

	for (; sscanf(text, "%2x", &v) == 1; text += 2)
		to[n++] = (uint8_t)v;
	return n;
}

static const struct {
	const char	*key, *plain, *aad, *nonce, *cipher, *tag;
} cases[] = {
	{ "00000000000000000000000000000000", "", "",
	    "000000000000000000000000", "",
	    "58e2fccefa7e3061367f1d57a4e7455a" },
	{ "00000000000000000000000000000000",
	    "00000000000000000000000000000000", "",
	    "000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78",
	    "ab6e47d42cec13bdf53a67b21257bddf" },
	{ "feffe9928665731c6d6a8f9467308308",
	    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
	    "", "cafebabefacedbaddecaf888",
	    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
	    "4d5c2af327cd64a62cf35abd2ba6fab4" },
	{ "feffe9928665731c6d6a8f9467308308",
	    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	    "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	    "cafebabefacedbaddecaf888",
	    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
	    "5bc94fbc3221a5db94fae95ae7121a47" },
};

static void
the_published_cases_come_out(void **state)
{
	uint8_t		 key[16], p[64], aad[32], nonce[12], c[64], want[16],
			 tag[16];
	struct gcm_vaes	 g;
	size_t		 n, aadlen;

	(void)state;
	if (!can())
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EQ(unhex(key, cases[i].key), 16);
		n = unhex(p, cases[i].plain);
		aadlen = unhex(aad, cases[i].aad);
		EQ(unhex(nonce, cases[i].nonce), 12);
		EQ(unhex(c, cases[i].cipher), n);
		EQ(unhex(want, cases[i].tag), 16);
		gcm_vaes_init(&g, key);
		gcm_vaes_run(&g, nonce, aad, aadlen, p, n, tag, true);
		if (n > 0)
			MEMEQ(p, c, n);
		MEMEQ(tag, want, 16);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(every_length_gives_what_bearssl_gives),
		cmocka_unit_test(the_published_cases_come_out),
	};

	return RUN(tests);
}
