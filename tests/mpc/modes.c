#include "support/test.h"

#include "mpc/program.h"
#include "mpc/stages.h"

static void
modes_are_read(void **state)
{
	struct program	 g;

	(void)state;
	EQ(program_parse(&g, "smpc"), 0);
	EQ(g.n, 1);
	EQ(g.v[0].mode, MODE_SUM);
	CHECK(program_has_vectors(&g) && !program_has_polys(&g));
	EQ(program_parse(&g, "mhe,mul:1000000,he,smpc"), 0);
	EQ(g.n, 4);
	EQ(g.v[0].mode, MODE_KEYS);
	EQ(g.v[1].mode, MODE_MULTIPLY);
	EQ(g.v[1].k, 1000000);
	EQ(g.v[2].mode, MODE_CIPHERTEXTS);
	CHECK(program_has_vectors(&g) && program_has_polys(&g));
	EQ(program_parse(&g, "mhe"), 0);
	CHECK(!program_has_vectors(&g) && program_has_polys(&g));
}

static void
other_text_is_no_mode(void **state)
{
	static const char *const	 bad[] = {
		"", ",", "smpc,", ",smpc", "smp", "smpcx", "SMPC", "mul",
		"mul:", "mul:0", "mul:-1", "mul:1x", "mul: 1", "mul:1000001",
		"mul:99999999999999999999", "he,,he", "smpc mhe",
		"he,he,he,he,he,he,he,he,he",
		"mul:0000000000000000000000000000000000000000000000000000001",
		("mul:00000000000000000000000000000000000000000000000000000001"
		",he,he"),
	};
	struct program	 g;

	(void)state;
	EQ(program_parse(&g, bad[18]), 0);	/* zeros are digits */
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (i != 18 && program_parse(&g, bad[i]) == 0)
			fail_msg("'%s' is taken for a mode", bad[i]);
}

/* Two times in one stage, of 3 and 4 ms, and what moved in them. */
static void
stages_add_up(void **state)
{
	struct stages	 s = { 0 };
	struct amounts	 a[] = {
		{ 1000, 10, 20, 1, 2, { 0, 5, 0 } },
		{ 4000, 110, 20, 3, 2, { 0, 1005, 7 } },
		{ 6000, 200, 20, 4, 2, { 0, 1005, 7 } },
		{ 10000, 200, 50, 4, 3, { 0, 1005, 2007 } },
	};
	char		*text = NULL;
	size_t		 n;
	FILE		*f = open_memstream(&text, &n);

	(void)state;
	CHECK(f != NULL);
	stages_add(&s, STAGE_REVEAL, &a[0], &a[1]);
	stages_add(&s, STAGE_WRITE, &a[1], &a[2]);
	stages_add(&s, STAGE_REVEAL, &a[2], &a[3]);
	stages_record(f, &s, STAGE_CONNECT, &(struct stage_owner){ 1, "", "" });
	stages_record(f, &s, STAGE_REVEAL,
	    &(struct stage_owner){ 2, "r", "s" });
	fclose(f);
	STREQ(text, "{\"t_ms\":10.000,\"party\":2,\"run\":\"r\","
	    "\"step\":\"s\",\"stage\":\"reveal\",\"from_ms\":1.000,"
	    "\"dur_ms\":7.000,\"tx_bytes\":100,\"rx_bytes\":30,"
	    "\"tx_msgs\":2,\"rx_msgs\":1,\"wait_ms\":3.007,"
	    "\"waits_ms\":[0.000,1.000,2.007]}\n");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(modes_are_read),
		cmocka_unit_test(other_text_is_no_mode),
		cmocka_unit_test(stages_add_up),
	};

	return RUN(tests);
}
