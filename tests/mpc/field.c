#include "support/test.h"

#include "crypto/rng.h"
#include "mpc/field.h"
#include "mpc/prg.h"

static bool
same(struct fe a, struct fe b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static const char *
text(struct fe a)
{
	static char	 buf[FE_TEXT];

	return fe_text(a, buf);
}

static void
known_numbers_come_out(void **state)
{
	uint8_t		 p[FE_BYTES], ones[FE_BYTES];
	struct fe	 a;

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	memset(p, 0xff, sizeof(p));
	p[0] = 0xf7;
	STREQ(text(fe_of(0)), "0");
	STREQ(text(fe_of(-1)), "-1");
	STREQ(text(fe_of(INT64_MAX)), "9223372036854775807");
	STREQ(text(fe_of(INT64_MIN)), "-9223372036854775808");
	/* 2^256 - 1 is 32 * 9 - 1, p is 0, p - 1 is -1 */
	STREQ(text(fe_load(ones)), "287");
	p[31] = 0x07;
	STREQ(text(fe_load(p)), "0");
	p[0] = 0xf6;
	STREQ(text(fe_load(p)), "-1");
	/* 3^200 mod p, by 200 multiplications */
	a = fe_of(1);
	for (int i = 0; i < 200; i++)
		a = fe_mul(a, fe_of(3));
	STREQ(text(a), "9515815792041651594050182618290827868540"
	    "31098548764201360145267572446077753");
	STREQ(text(fe_mul(fe_of(-7), fe_of(6))), "-42");
}

static struct fe
any(struct rng *r)
{
	uint8_t	 p[FE_BYTES];

	rng_bytes(r, p, sizeof(p));
	/* often near the edges, where carries are */
	if (rng_u64(r) % 4 == 0)
		memset(p + 1, rng_u64(r) % 2 ? 0xff : 0, sizeof(p) - 1);
	return fe_load(p);
}

static void
the_laws_of_a_field_hold(void **state)
{
	struct rng	*r = rng_seeded("field", 5);
	struct fe	 a, b, c;
	uint8_t		 p[FE_BYTES];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		a = any(r);
		b = any(r);
		c = any(r);
		CHECK(same(fe_add(a, b), fe_add(b, a)));
		CHECK(same(fe_mul(a, b), fe_mul(b, a)));
		CHECK(same(fe_sub(fe_add(a, b), b), a));
		CHECK(same(fe_add(fe_add(a, b), c), fe_add(a, fe_add(b, c))));
		CHECK(same(fe_mul(fe_mul(a, b), c), fe_mul(a, fe_mul(b, c))));
		CHECK(same(fe_mul(a, fe_add(b, c)),
		    fe_add(fe_mul(a, b), fe_mul(a, c))));
		fe_store(p, a);
		CHECK(same(fe_load(p), a));
	}
	rng_free(r);
}

/* a^(p-2) is its inverse: every bit of the modulus counts. */
static void
every_element_has_an_inverse(void **state)
{
	struct rng	*r = rng_seeded("inverse", 7);
	struct fe	 a, inverse;

	(void)state;
	for (int i = 0; i < 50; i++) {
		a = any(r);
		if (same(a, fe_of(0)))
			continue;
		inverse = fe_of(1);
		/* p - 2 is 2^251 - 11: 247 ones, then 0101 */
		for (int bit = 250; bit >= 0; bit--) {
			inverse = fe_mul(inverse, inverse);
			if (bit != 1 && bit != 3)
				inverse = fe_mul(inverse, a);
		}
		CHECK(same(fe_mul(a, inverse), fe_of(1)));
	}
	rng_free(r);
}

static void
both_ends_of_a_secret_have_the_same_stream(void **state)
{
	static const uint8_t	 a[PRG_SEED] = { 1 }, b[PRG_SEED] = { 2 };
	struct prg		*g = prg_new(a, b), *h = prg_new(a, b),
				*other = prg_new(b, a);
	uint8_t			 x[10000], y[10000];

	(void)state;
	prg_bytes(g, x, sizeof(x));
	for (size_t i = 0; i < sizeof(y); i += 100)
		prg_bytes(h, y + i, 100);
	MEMEQ(x, y, sizeof(x));
	CHECK(memcmp(x, x + 4096, 4096) != 0);
	CHECK(same(prg_element(g), prg_element(h)));
	CHECK(!same(prg_element(g), prg_element(other)));
	prg_free(g);
	prg_free(h);
	prg_free(other);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(known_numbers_come_out),
		cmocka_unit_test(the_laws_of_a_field_hold),
		cmocka_unit_test(every_element_has_an_inverse),
		cmocka_unit_test(both_ends_of_a_secret_have_the_same_stream),
	};

	return RUN(tests);
}
