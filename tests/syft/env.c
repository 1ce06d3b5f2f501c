#include "support/test.h"

#include "syft/env.h"

#define HL	"SYFTBOX_HOTLINK"

static const char	*vars[16];	/* name, value, ... */
static char		 said[8][256];
static size_t		 nsaid, nerrors;
static struct env	 env;

static const char *
get(void *arg, const char *name)
{
	(void)arg;
	for (size_t i = 0; i < 16 && vars[i] != NULL; i += 2)
		if (strcmp(vars[i], name) == 0)
			return vars[i + 1];
	return NULL;
}

static void
say(void *arg, bool error, const char *line)
{
	(void)arg;
	CHECK(nsaid < 8);
	snprintf(said[nsaid++], sizeof(said[0]), "%s", line);
	nerrors += error;
}

static int
with(const char *a, const char *av, const char *b, const char *bv)
{
	static const struct env_io	 io = { .get = get, .say = say };

	memset(vars, 0, sizeof(vars));
	vars[0] = a;
	vars[1] = av;
	if (b != NULL) {
		vars[2] = b;
		vars[3] = bv;
	}
	nsaid = nerrors = 0;
	return env_read(&env, &io);
}

static void
an_empty_environment_gives_the_defaults(void **state)
{
	char		 b[64];

	(void)state;
	EQ(with(NULL, NULL, NULL, NULL), 0);
	EQ(nsaid, 0);
	CHECK(env.v[ENV_HOTLINK].on && env.v[ENV_DIALECT].on);
	CHECK(!env.v[ENV_STRICT].on && !env.v[ENV_P2P_ONLY].on);
	EQ(env.v[ENV_CHUNK_SIZE].number, 61440);
	EQ(env.v[ENV_BUFFERED_HIGH].number, 1048576);
	EQ(env.v[ENV_FALLBACK_GRACE_MS].number, 1500);
	STREQ(env_text(&env, ENV_BUFFERED_HIGH, b, sizeof(b)), "link-window");
	STREQ(env_text(&env, ENV_TCP_BIND, b, sizeof(b)), "127.0.0.1");
	STREQ(env_text(&env, ENV_CC, b, sizeof(b)), "bbr");
	STREQ(env_text(&env, ENV_ICE_SERVERS, b, sizeof(b)), "none");
	for (int i = 0; i < ENV_IDS; i++)
		assert_null(env.v[i].source);
}

/* flow-and-messages.md 4.1, every row: any name turns it on. */
static void
every_row_of_the_p2p_table_ends_in_one_value(void **state)
{
	static const char *const	 in[][2] = {
		{ NULL, NULL }, { NULL, "0" }, { NULL, "1" }, { "0", NULL },
		{ "0", "1" }, { "1", NULL }, { "1", "0" }, { "1", "1" },
	};
	static const bool		 on[] = { 0, 0, 1, 0, 1, 1, 1, 1 };
	static const bool		 warned[] = { 0, 0, 0, 0, 1, 0, 1, 0 };

	(void)state;
	for (int harness = 0; harness < 2; harness++) {
		const char	*p = harness ? "BV_" HL "_P2P_ONLY" :
		    HL "_P2P_ONLY";
		const char	*q = harness ? "BV_" HL "_QUIC_ONLY" :
		    HL "_QUIC_ONLY";

		for (size_t i = 0; i < 8; i++) {
			EQ(with(in[i][0] ? p : "X", in[i][0] ? in[i][0] : "",
			    in[i][1] ? q : "Y", in[i][1] ? in[i][1] : ""), 0);
			EQ(env.v[ENV_P2P_ONLY].on, on[i]);
			EQ(nsaid, warned[i]);
		}
	}
}

static void
the_source_is_the_name_that_turned_it_on(void **state)
{
	(void)state;
	EQ(with(HL "_P2P_ONLY", "0", HL "_QUIC_ONLY", "1"), 0);
	STREQ(env.v[ENV_P2P_ONLY].source, HL "_QUIC_ONLY");
	STREQ(said[0], HL "_QUIC_ONLY: contradicts " HL "_P2P_ONLY");
	EQ(nerrors, 0);
}

static void
strict_implies_p2p_only_and_makes_a_conflict_an_error(void **state)
{
	(void)state;
	EQ(with(HL "_BENCH_STRICT", " Yes ", NULL, NULL), 0);
	CHECK(env.v[ENV_STRICT].on && env.v[ENV_P2P_ONLY].on);
	STREQ(env.v[ENV_P2P_ONLY].source, HL "_BENCH_STRICT");
	with(HL "_BENCH_STRICT", "1", HL "_P2P_ONLY", "0");
	CHECK(env.v[ENV_P2P_ONLY].on);
	EQ(nerrors, 0);
	vars[4] = "BV_" HL "_P2P_ONLY";
	vars[5] = "1";
	nsaid = nerrors = 0;
	EQ(env_read(&env, &(struct env_io){ .get = get, .say = say }), -1);
	EQ(nerrors, 1);
}

static void
words_are_true_false_or_an_error(void **state)
{
	static const char *const	 yes[] = { "1", "true", "YES",
	    " on\n" };
	static const char *const	 no[] = { "0", "False", "no", "OFF", "",
	    " " };
	static const char *const	 bad[] = { "2", "y", "enabled",
	    "truetruetrue" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		EQ(with(HL "_DEBUG", yes[i], NULL, NULL), 0);
		CHECK(env.v[ENV_DEBUG].on);
	}
	for (size_t i = 0; i < 6; i++) {
		EQ(with(HL "_DEBUG", no[i], NULL, NULL), 0);
		CHECK(!env.v[ENV_DEBUG].on);
	}
	for (size_t i = 0; i < 4; i++) {
		EQ(with(HL "_DEBUG", bad[i], NULL, NULL), -1);
		EQ(with(HL "_P2P_ONLY", bad[i], NULL, NULL), -1);
		assert_non_null(strstr(said[0], HL "_P2P_ONLY: "));
	}
}

static void
hotlink_is_on_unless_somebody_says_no(void **state)
{
	(void)state;
	EQ(with(HL, "0", NULL, NULL), 0);
	CHECK(!env.v[ENV_HOTLINK].on);
	EQ(with(HL, "1", NULL, NULL), 0);
	CHECK(env.v[ENV_HOTLINK].on);
	EQ(with(HL, "", NULL, NULL), 0);
	CHECK(env.v[ENV_HOTLINK].on);
	EQ(with("HOTLINK_DIALECT", "0", NULL, NULL), 0);
	CHECK(!env.v[ENV_DIALECT].on);
}

static void
a_number_out_of_range_is_clamped_and_said(void **state)
{
	(void)state;
	EQ(with(HL "_TCP_PROXY_CHUNK_SIZE", " 5000 ", NULL, NULL), 0);
	EQ(env.v[ENV_CHUNK_SIZE].number, 5000);
	EQ(nsaid, 0);
	EQ(with(HL "_TCP_PROXY_CHUNK_SIZE", "1", NULL, NULL), 0);
	EQ(env.v[ENV_CHUNK_SIZE].number, 4096);
	STREQ(said[0], HL "_TCP_PROXY_CHUNK_SIZE: out of range, 4096 is used");
	EQ(with(HL "_WEBRTC_BUFFERED_HIGH", "99999999999999999999999999", NULL,
	    NULL), 0);
	EQ(env.v[ENV_BUFFERED_HIGH].number, 16777216);
	EQ(with(HL "_WEBRTC_BUFFERED_HIGH", "0", NULL, NULL), 0);
	EQ(env.v[ENV_BUFFERED_HIGH].number, 0);
	assert_non_null(env.v[ENV_BUFFERED_HIGH].source);
}

static void
what_is_no_number_is_an_error_naming_the_variable(void **state)
{
	static const char *const	 bad[] = { "x", "-1", "1.5", "0x10",
	    "1 2" };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		EQ(with(HL "_WS_FALLBACK_GRACE_MS", bad[i], NULL, NULL), -1);
		STREQ(said[0], HL "_WS_FALLBACK_GRACE_MS: not a number");
	}
	EQ(with(HL "_WS_FALLBACK_GRACE_MS", "", NULL, NULL), 0);
	EQ(env.v[ENV_FALLBACK_GRACE_MS].number, 1500);
}

static void
the_proxy_address_is_an_ip_without_a_port(void **state)
{
	(void)state;
	EQ(with(HL "_TCP_PROXY_ADDR", "0.0.0.0", NULL, NULL), 0);
	STREQ(env.v[ENV_TCP_BIND].text, "0.0.0.0");
	EQ(with(HL "_TCP_PROXY_ADDR", "[::1]", NULL, NULL), 0);
	EQ(with(HL "_TCP_PROXY_ADDR", "::1", NULL, NULL), 0);
	EQ(with(HL "_TCP_PROXY_ADDR", "127.0.0.1:80", NULL, NULL), -1);
	EQ(with(HL "_TCP_PROXY_ADDR", "localhost", NULL, NULL), -1);
	EQ(with(HL "_TCP_PROXY_ADDR", "[::1", NULL, NULL), -1);
	EQ(with(HL "_TCP_PROXY_ADDR", "", NULL, NULL), -1);
}

static void
ipc_variables_are_said_to_be_unsupported(void **state)
{
	(void)state;
	EQ(with(HL "_IPC", "tcp", HL "_TCP_ADDR", "127.0.0.1:0"), 0);
	EQ(nsaid, 2);
	EQ(nerrors, 0);
}

static void
an_empty_server_list_is_told_from_none_and_a_secret_is_not_shown(void **state)
{
	char		 b[64];

	(void)state;
	EQ(with(HL "_ICE_SERVERS", "", HL "_TURN_PASS", "hunter2"), 0);
	STREQ(env.v[ENV_ICE_SERVERS].text, "");
	assert_non_null(env.v[ENV_ICE_SERVERS].source);
	STREQ(env_text(&env, ENV_TURN_PASS, b, sizeof(b)), "set");
	STREQ(env_name(ENV_TURN_PASS), "turn-pass");
}

static void
every_setting_has_variables_and_p2p_only_has_all_four(void **state)
{
	size_t		 n = 0;

	(void)state;
	for (int i = 0; i < ENV_IDS; i++)
		assert_non_null(env_variable((enum env_id)i, 0));
	while (env_variable(ENV_P2P_ONLY, n) != NULL)
		n++;
	EQ(n, 4);
	assert_null(env_variable(ENV_STRICT, 1));
	CHECK(env_is_switch(ENV_P2P_ONLY) && !env_is_switch(ENV_TURN_PASS));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(an_empty_environment_gives_the_defaults),
		cmocka_unit_test(every_row_of_the_p2p_table_ends_in_one_value),
		cmocka_unit_test(the_source_is_the_name_that_turned_it_on),
		cmocka_unit_test(strict_implies_p2p_only_and_makes_a_conflict_an_error),
		cmocka_unit_test(words_are_true_false_or_an_error),
		cmocka_unit_test(hotlink_is_on_unless_somebody_says_no),
		cmocka_unit_test(a_number_out_of_range_is_clamped_and_said),
		cmocka_unit_test(what_is_no_number_is_an_error_naming_the_variable),
		cmocka_unit_test(the_proxy_address_is_an_ip_without_a_port),
		cmocka_unit_test(ipc_variables_are_said_to_be_unsupported),
		cmocka_unit_test(an_empty_server_list_is_told_from_none_and_a_secret_is_not_shown),
		cmocka_unit_test(every_setting_has_variables_and_p2p_only_has_all_four),
	};

	return RUN(tests);
}
