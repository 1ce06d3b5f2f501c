#include "support/test.h"

#include <bearssl.h>

#include "crypto/aead.h"
#include "crypto/gcm.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "vectors/gcm.h"

/*
 * Each kernel against BearSSL and against published answers. What this CPU
 * cannot run is skipped by its name.
 */
enum { LONGEST = 20000, AAD = 64, MARGIN = 64, PORTABLE = 2048 };

struct subject {
	const struct gcm_kernel	*k;
};

static struct subject	 subjects[GCM_KERNELS];

static const struct gcm_kernel *
kernel(void **state)
{
	const struct gcm_kernel	*k = ((struct subject *)*state)->k;

	if (!k->usable()) {
		print_message("%s: not on this CPU, skipped\n", k->name);
		skip();
	}
	return k;
}

/* BearSSL's portable code; for what is long its fast one, if it has one. */
static bool
fast_reference(void)
{
	return br_aes_x86ni_ctr_get_vtable() != NULL &&
	    br_ghash_pclmul_get() != 0;
}

static void
reference(const uint8_t *key, const uint8_t *nonce, const uint8_t *aad,
    size_t aadlen, uint8_t *p, size_t n, uint8_t *tag)
{
	bool			 fast = n > PORTABLE && fast_reference();
	const br_block_ctr_class *ctr = fast ? br_aes_x86ni_ctr_get_vtable() :
	    &br_aes_ct64_ctr_vtable;
	br_aes_gen_ctr_keys	 aes;
	br_gcm_context		 gcm;

	ctr->init(&aes.vtable, key, 16);
	br_gcm_init(&gcm, &aes.vtable, fast ? br_ghash_pclmul_get() :
	    br_ghash_ctmul64);
	br_gcm_reset(&gcm, nonce, 12);
	br_gcm_aad_inject(&gcm, aad, aadlen);
	br_gcm_flip(&gcm);
	br_gcm_run(&gcm, 1, p, n);
	br_gcm_get_tag(&gcm, tag);
}

static void
agrees(const struct gcm_kernel *k, struct rng *rng, const uint8_t *plain,
    size_t n)
{
	static uint8_t	 a[LONGEST + 2 * MARGIN], b[LONGEST + 2 * MARGIN];
	uint8_t		 key[16], nonce[12], aad[AAD], t1[16], t2[16];
	size_t		 from = n % MARGIN, aadlen = n % AAD;
	struct gcm	 g;

	rng_bytes(rng, key, sizeof(key));
	rng_bytes(rng, nonce, sizeof(nonce));
	rng_bytes(rng, aad, sizeof(aad));
	memcpy(a, plain, n + 2 * MARGIN);
	memcpy(b, plain, n + 2 * MARGIN);
	reference(key, nonce, aad, aadlen, a + from, n, t1);
	k->init(&g, key);
	k->run(&g, nonce, aad, aadlen, b + from, n, t2, true);
	if (memcmp(a, b, n + 2 * MARGIN) != 0 || memcmp(t1, t2, 16) != 0)
		fail_msg("%s: sealing %zu bytes", k->name, n);
	k->run(&g, nonce, aad, aadlen, b + from, n, t2, false);
	if (memcmp(b, plain, n + 2 * MARGIN) != 0 || memcmp(t1, t2, 16) != 0)
		fail_msg("%s: opening %zu bytes", k->name, n);
}

/* Where BearSSL is slow, all of them takes a minute: GCM_ALL=1. */
static void
gives_at_every_length_what_bearssl_gives(void **state)
{
	const struct gcm_kernel	*k = kernel(state);
	static uint8_t		 plain[LONGEST + 2 * MARGIN];
	struct rng		*rng = rng_seeded("gcm", 3);
	bool			 all = fast_reference() ||
	    getenv("GCM_ALL") != NULL;

	rng_bytes(rng, plain, sizeof(plain));
	for (size_t n = 0; n <= LONGEST; n += all || n < PORTABLE ? 1 : 37)
		agrees(k, rng, plain, n);
	rng_free(rng);
}

/* A sanitizer, or a wall of the heap's, sees what is read or written past. */
static void
stays_within_the_bytes_it_is_given(void **state)
{
	const struct gcm_kernel	*k = kernel(state);
	uint8_t			 nonce[12] = { 1 }, tag[2][16], *p, *aad;
	struct gcm		 g;

	k->init(&g, (const uint8_t *)"0123456789abcdef");
	for (size_t n = 0; n < 700; n++) {
		p = calloc(1, n + 1);
		aad = calloc(1, n % 40 + 1);
		CHECK(p != NULL && aad != NULL);
		k->run(&g, nonce, aad + 1, n % 40, p + 1, n, tag[0], true);
		k->run(&g, nonce, aad + 1, n % 40, p + 1, n, tag[1], false);
		MEMEQ(tag[0], tag[1], 16);
		for (size_t i = 0; i <= n; i++)
			EQ(p[i], 0);
		free(aad);
		free(p);
	}
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

static void
answers(const struct gcm_kernel *k, const struct gcm_case *c)
{
	uint8_t		 key[16], nonce[12], want[16], tag[16], aad[1024],
			 plain[1024], cipher[1024], p[1024];
	size_t		 n = unhex(plain, c->plain);
	size_t		 aadlen = unhex(aad, c->aad);
	struct gcm	 g;

	EQ(unhex(key, c->key), 16);
	EQ(unhex(nonce, c->nonce), 12);
	EQ(unhex(cipher, c->cipher), n);
	EQ(unhex(want, c->tag), 16);
	k->init(&g, key);
	memcpy(p, plain, sizeof(p));
	k->run(&g, nonce, aad, aadlen, p, n, tag, true);
	EQ(memcmp(tag, want, 16) == 0, c->valid);
	EQ(memcmp(p, cipher, n), 0);
	k->run(&g, nonce, aad, aadlen, p, n, tag, false);
	EQ(same_bytes(tag, want, 16), c->valid);
	EQ(memcmp(p, plain, n), 0);
}

static void
gives_the_answers_of_nist(void **state)
{
	const struct gcm_kernel	*k = kernel(state);

	for (size_t i = 0; i < sizeof(gcm_nist) / sizeof(gcm_nist[0]); i++)
		answers(k, &gcm_nist[i]);
}

static void
gives_the_answers_of_wycheproof(void **state)
{
	const struct gcm_kernel	*k = kernel(state);

	for (size_t i = 0; i < sizeof(gcm_wycheproof) /
	    sizeof(gcm_wycheproof[0]); i++)
		answers(k, &gcm_wycheproof[i]);
}

/* A record as it is sealed, with a bit of its parts flipped, or none. */
struct record {
	uint8_t	 nonce[AEAD_NONCE], aad[13], body[600], tag[AEAD_TAG];
};

static bool
opens_with(struct aead *a, struct record r, size_t n, uint8_t *part,
    const struct record *of, size_t bit)
{
	uint8_t	*bytes = (uint8_t *)&r;

	if (part != NULL)
		bytes[part - (const uint8_t *)of + bit / 8] ^=
		    (uint8_t)(1 << bit % 8);
	return aead_open(a, r.nonce, r.aad, sizeof(r.aad), r.body, n, r.tag);
}

static void
refuses_every_flipped_bit(const char *name)
{
	static const size_t	 lengths[] = { 0, 1, 16, 100, 255, 256, 600 };
	struct record		 r;
	struct aead		*a;

	setenv("HOTLINK_AEAD", name, 1);
	a = aead_new(AEAD_AES128_GCM, (const uint8_t *)"fedcba9876543210");
	CHECK(a != NULL);
	EQ(strncmp(aead_gcm_path(), name, strlen(name)), 0);
	unsetenv("HOTLINK_AEAD");
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(&r, 0x5a, sizeof(r));
		aead_seal(a, r.nonce, r.aad, sizeof(r.aad), r.body, lengths[i],
		    r.tag);
		CHECK(opens_with(a, r, lengths[i], NULL, &r, 0));
		for (size_t b = 0; b < 8 * sizeof(r.tag); b++)
			CHECK(!opens_with(a, r, lengths[i], r.tag, &r, b));
		for (size_t b = 0; b < 8 * sizeof(r.aad); b++)
			CHECK(!opens_with(a, r, lengths[i], r.aad, &r, b));
		for (size_t b = 0; b < 8 * lengths[i]; b++)
			CHECK(!opens_with(a, r, lengths[i], r.body, &r, b));
	}
	aead_free(a);
}

static void
is_what_its_name_gets_and_refuses_every_flipped_bit(void **state)
{
	refuses_every_flipped_bit(kernel(state)->name);
}

static void
bearssl_is_what_its_name_gets_and_refuses_every_flipped_bit(void **state)
{
	(void)state;
	refuses_every_flipped_bit("bearssl");
}

/* What one sealed, each opens. */
static void
every_name_of_this_machine_opens_what_the_first_sealed(void **state)
{
	struct record	 r;
	struct aead	*a;
	size_t		 i;

	(void)state;
	memset(&r, 0x33, sizeof(r));
	for (i = 0; aead_name(i) != NULL; i++) {
		setenv("HOTLINK_AEAD", aead_name(i), 1);
		a = aead_new(AEAD_AES128_GCM,
		    (const uint8_t *)"0123456789abcdef");
		unsetenv("HOTLINK_AEAD");
		CHECK(a != NULL);
		if (i == 0)
			aead_seal(a, r.nonce, r.aad, sizeof(r.aad), r.body,
			    sizeof(r.body), r.tag);
		CHECK(opens_with(a, r, sizeof(r.body), NULL, &r, 0));
		aead_free(a);
	}
	STREQ(aead_name(i - 1), "bearssl");
}

static void
a_name_this_machine_does_not_have_changes_nothing(void **state)
{
	const char	*path = aead_gcm_path();

	(void)state;
	for (size_t i = 0; i < GCM_KERNELS; i++) {
		if (gcm_kernels[i]->usable())
			continue;
		setenv("HOTLINK_AEAD", gcm_kernels[i]->name, 1);
		STREQ(aead_gcm_path(), path);
	}
	setenv("HOTLINK_AEAD", "nonsense", 1);
	STREQ(aead_gcm_path(), path);
	unsetenv("HOTLINK_AEAD");
}

static const struct {
	const char	*claim;
	void		(*test)(void **);
} claims[] = {
	{ "gives_at_every_length_what_bearssl_gives",
	    gives_at_every_length_what_bearssl_gives },
	{ "stays_within_the_bytes_it_is_given",
	    stays_within_the_bytes_it_is_given },
	{ "gives_the_answers_of_nist", gives_the_answers_of_nist },
	{ "gives_the_answers_of_wycheproof", gives_the_answers_of_wycheproof },
	{ "is_what_its_name_gets_and_refuses_every_flipped_bit",
	    is_what_its_name_gets_and_refuses_every_flipped_bit },
};
enum { CLAIMS = sizeof(claims) / sizeof(claims[0]), OTHERS = 3 };

int
main(void)
{
	static char		 names[GCM_KERNELS * CLAIMS][96];
	struct CMUnitTest	 tests[GCM_KERNELS * CLAIMS + OTHERS] = {
		cmocka_unit_test(
bearssl_is_what_its_name_gets_and_refuses_every_flipped_bit),
		cmocka_unit_test(
every_name_of_this_machine_opens_what_the_first_sealed),
		cmocka_unit_test(
a_name_this_machine_does_not_have_changes_nothing),
	};

	for (size_t i = 0; i < GCM_KERNELS * CLAIMS; i++) {
		struct subject	*s = &subjects[i / CLAIMS];

		s->k = gcm_kernels[i / CLAIMS];
		snprintf(names[i], sizeof(names[i]), "%s_%s", s->k->name,
		    claims[i % CLAIMS].claim);
		tests[OTHERS + i] = (struct CMUnitTest){ names[i],
		    claims[i % CLAIMS].test, NULL, NULL, s };
	}
	unsetenv("HOTLINK_AEAD");
	printf("aes: %s\n", aead_gcm_path());
	return RUN(tests);
}
