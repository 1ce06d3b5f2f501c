#include "support/test.h"

#include <unistd.h>

#include "base/time.h"
#include "cli/settings.h"
#include "net/file.h"

#define PARTY	.server = "http://opt", .user = "O@x.io", .data_dir = "/opt"
#define HL	"SYFTBOX_HOTLINK_"

static const char *const	*vars;		/* name, value, ..., NULL */
static char			 said[1024];
static size_t			 errors;
static struct settings		 s;
static char			 dir[] = "/tmp/hotlink-settings-XXXXXX";
static char			 file[64];

static const char *
get(void *arg, const char *name)
{
	(void)arg;
	if (strcmp(name, "HOME") == 0)
		return dir;
	for (size_t i = 0; vars != NULL && vars[i] != NULL; i += 2)
		if (strcmp(vars[i], name) == 0)
			return vars[i + 1];
	return NULL;
}

static void
say(void *arg, bool error, const char *line)
{
	size_t	 n = strlen(said);

	(void)arg;
	errors += error;
	snprintf(said + n, sizeof(said) - n, "%s;", line);
}

static int
merge(const struct agent_options *o, const char *const *env)
{
	static const struct env_io	 io = { .get = get, .say = say };
	struct agent_options		 full = *o;

	if (!full.timeout_given)
		full.connect_timeout = 10 * SEC;
	vars = env;
	said[0] = '\0';
	errors = 0;
	return settings_read(&s, &full, &io);
}

static void
shows(const char *what)
{
	if (strstr(s.line, what) == NULL)
		fail_msg("no \"%s\" in \"%s\"", what, s.line);
}

static void
write_config(const char *text)
{
	EQ(file_write(file, text, strlen(text), 0600), 0);
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/config.json", dir);
	return 0;
}

static int
tear_down(void **state)
{
	char	 path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/.syftbox/config.json", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/.syftbox", dir);
	rmdir(path);
	unlink(file);
	return rmdir(dir);
}

static void
options_count_before_the_environment_and_that_before_files(void **state)
{
	static const char *const	 env[] = {
		"SYFTBOX_EMAIL", "e@x.io", "SYFTBOX_SERVER_URL", "http://env",
		"SYFTBOX_DATA_DIR", "/env", NULL,
	};
	struct agent_options		 o = { PARTY, .config = file };

	(void)state;
	write_config("{\"email\":\"F@x.io\",\"server_url\":\"http://file\","
	    "\"data_dir\":\"/file\"}");
	EQ(merge(&o, env), 0);
	shows("server=http://opt (--server), user=o@x.io (--user), "
	    "data-dir=/opt (--data-dir)");
	o = (struct agent_options){ .config = file };
	EQ(merge(&o, env), 0);
	shows("server=http://env (SYFTBOX_SERVER_URL), "
	    "user=e@x.io (SYFTBOX_EMAIL), data-dir=/env (SYFTBOX_DATA_DIR)");
	EQ(merge(&o, NULL), 0);
	shows("(--config), server=http://file (config file), "
	    "user=f@x.io (config file), data-dir=/file (config file)");
	STREQ(s.config_file, file);
}

static void
a_party_nobody_names_is_an_error_that_says_how_to_name_it(void **state)
{
	static const struct {
		struct agent_options	 o;
		const char		*named;
	} row[] = {
		{ { .user = "o@x.io", .data_dir = "/d" },
		    "SYFTBOX_SERVER_URL" },
		{ { .server = "http://h", .data_dir = "/d" }, "SYFTBOX_EMAIL" },
		{ { .server = "http://h", .user = "o@x.io" },
		    "SYFTBOX_DATA_DIR" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		EQ(merge(&row[i].o, NULL), 2);
		EQ(errors, 1);
		assert_non_null(strstr(said, row[i].named));
	}
}

static void
the_files_own_defaults_count_only_with_a_file(void **state)
{
	const struct agent_options	 o = { .config = file };

	(void)state;
	write_config("{\"email\":\"f@x.io\"}");
	EQ(merge(&o, NULL), 0);
	shows("server=https://syftbox.net (config file's default)");
	CHECK(strncmp(s.data_dir.value, dir, strlen(dir)) == 0);
}

static void
a_file_that_was_named_must_be_there_and_be_right(void **state)
{
	const struct agent_options	 opt = { PARTY, .config = "/none/x" };
	const struct agent_options	 bad = { PARTY, .config = file };
	const struct agent_options	 o = { PARTY };
	static const char *const	 env[] = {
		"SYFTBOX_CONFIG_PATH", "/none/x", NULL,
	};

	(void)state;
	EQ(merge(&opt, NULL), 1);
	EQ(merge(&o, env), 1);
	EQ(merge(&o, NULL), 0);
	shows("config=none (default)");
	write_config("[]");
	EQ(merge(&bad, NULL), 1);
}

static void
a_wrong_file_found_by_chance_keeps_nobody_from_starting(void **state)
{
	const struct agent_options	 o = { PARTY };
	static const char		 text[] =
	    "{\"email\":\"x@y.z\",\"server_url\":7}";
	char				 path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/.syftbox/config.json", dir);
	EQ(file_make_parents(path), 0);
	EQ(file_write(path, text, strlen(text), 0600), 0);
	EQ(merge(&o, NULL), 0);
	shows("config=none (default)");
	assert_null(s.config.source[CONFIG_EMAIL]);
	unlink(path);
}

/* What the environment says of the mode, with and without an option. */
static void
modes_come_from_any_of_their_names(void **state)
{
	static const struct {
		struct agent_options	 o;
		const char		*name, *value;
		enum mode		 mode;
		const char		*shown;
	} row[] = {
		{ { PARTY }, NULL, NULL, MODE_NORMAL, "mode=normal (default)" },
		{ { PARTY, .strict = true }, NULL, NULL, MODE_STRICT,
		    "mode=strict (--strict)" },
		{ { PARTY, .p2p_only = true }, HL "BENCH_STRICT", "1",
		    MODE_STRICT, "mode=strict (" HL "BENCH_STRICT)" },
		{ { PARTY, .p2p_only = true }, HL "P2P_ONLY", "0",
		    MODE_P2P_ONLY, "mode=p2p-only (--p2p-only)" },
		{ { PARTY }, HL "QUIC_ONLY", "yes", MODE_P2P_ONLY,
		    "mode=p2p-only (" HL "QUIC_ONLY)" },
		{ { PARTY }, "BV_" HL "QUIC_ONLY", " ON ", MODE_P2P_ONLY,
		    "mode=p2p-only (BV_" HL "QUIC_ONLY)" },
		{ { PARTY }, HL "P2P_ONLY", "off", MODE_NORMAL,
		    "mode=normal (" HL "P2P_ONLY)" },
		{ { PARTY, .transport = TRANSPORT_P2P,
		    .transport_given = true }, NULL, NULL, MODE_P2P_ONLY,
		    "mode=p2p-only (--transport), transport=p2p (" },
		{ { PARTY, .strict = true, .transport = TRANSPORT_WS }, NULL,
		    NULL, MODE_STRICT, "mode=strict (--strict), transport=ws" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const char *const	 env[] = {
			row[i].name, row[i].value, NULL
		};

		EQ(merge(&row[i].o, env), 0);
		EQ(s.mode, row[i].mode);
		shows(row[i].shown);
	}
}

static void
names_that_disagree_warn_and_in_strict_mode_fail(void **state)
{
	static const char *const	 env[] = {
		HL "P2P_ONLY", "1", HL "QUIC_ONLY", "0", NULL,
	};
	const struct agent_options	 o = { PARTY };
	const struct agent_options	 strict = { PARTY, .strict = true };

	(void)state;
	EQ(merge(&o, env), 0);
	EQ(s.mode, MODE_P2P_ONLY);
	EQ(errors, 0);
	assert_non_null(strstr(said, HL "QUIC_ONLY: contradicts " HL
	    "P2P_ONLY"));
	EQ(merge(&strict, env), 2);
	EQ(errors, 1);
}

static void
ice_servers_come_from_the_first_that_says_any_even_none(void **state)
{
	static const struct {
		const char	*option, *list, *stun, *servers, *source;
	} row[] = {
		{ "stun:a", "stun:b", "stun:c", "stun:a", "(--ice-server)" },
		{ NULL, "stun:b", "stun:c", "stun:b", "(" HL "ICE_SERVERS)" },
		{ NULL, "", "stun:c", "", "=none (" HL "ICE_SERVERS)" },
		{ NULL, NULL, "stun:c", "stun:c", "(" HL "STUN_SERVER)" },
		{ NULL, NULL, "off", "", "=none (" HL "STUN_SERVER)" },
		{ NULL, NULL, NULL, NULL, "ice-servers=its list (the relay)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const char		*env[5] = { NULL };
		struct agent_options	 o = { PARTY };
		size_t			 n = 0;

		if (row[i].option != NULL)
			o.ice.v[o.ice.n++] = row[i].option;
		if (row[i].list != NULL) {
			env[n++] = HL "ICE_SERVERS";
			env[n++] = row[i].list;
		}
		if (row[i].stun != NULL) {
			env[n++] = HL "STUN_SERVER";
			env[n++] = row[i].stun;
		}
		EQ(merge(&o, env), 0);
		if (row[i].servers == NULL)
			assert_null(s.ice_servers);
		else
			STREQ(s.ice_servers, row[i].servers);
		shows(row[i].source);
	}
}

static void
too_many_ice_servers_are_refused(void **state)
{
	struct agent_options	 o = { PARTY };
	char			 name[200];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	while (o.ice.n < OPTION_LIST_MAX)
		o.ice.v[o.ice.n++] = name;
	EQ(merge(&o, NULL), 2);
	assert_non_null(strstr(said, "--ice-server"));
}

static void
numbers_of_the_environment_reach_the_links(void **state)
{
	static const char *const	 env[] = {
		HL "TCP_PROXY_CHUNK_SIZE", "1", HL "WEBRTC_BUFFERED_HIGH",
		"70000", HL "WEBRTC_BACKPRESSURE_WAIT_MS", "0",
		HL "WS_FALLBACK_GRACE_MS", "20000", NULL,
	};
	static const char *const	 none[] = {
		HL "WEBRTC_BUFFERED_HIGH", "0", NULL,
	};
	const struct agent_options	 o = { PARTY };

	(void)state;
	EQ(merge(&o, NULL), 0);
	EQ(s.chunk, 61440);
	EQ(s.high, 0);
	EQ(s.stall, 1500 * MS);
	EQ(s.grace, 1500 * MS);
	shows("buffered-high=link-window (default)");
	EQ(merge(&o, env), 0);
	EQ(s.chunk, 4096);
	EQ(s.high, 70000);
	EQ(s.stall, 0);
	EQ(s.grace, 10 * SEC);
	assert_non_null(strstr(said, HL "TCP_PROXY_CHUNK_SIZE: out of range, "
	    "4096 is used"));
	shows("ws-fallback-grace-ms=10000 (" HL "WS_FALLBACK_GRACE_MS)");
	EQ(merge(&o, none), 0);
	EQ(s.high, 61440);
}

static void
the_local_address_may_stand_in_brackets(void **state)
{
	static const struct {
		const char	*option, *variable, *shown;
	} row[] = {
		{ NULL, NULL, "tcp-bind=127.0.0.1 (default)" },
		{ NULL, "[::1]", "tcp-bind=::1 (" HL "TCP_PROXY_ADDR)" },
		{ "0.0.0.0", "[::1]", "tcp-bind=0.0.0.0 (--tcp-bind)" },
		{ "[::1]", NULL, "tcp-bind=::1 (--tcp-bind)" },
	};
	static const char *const	 bad[] = {
		"", "[", "[]", "[::1", "localhost", "127.0.0.1:80",
	};
	struct agent_options		 o = { PARTY };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const char *const	 env[] = {
			row[i].variable != NULL ? HL "TCP_PROXY_ADDR" : NULL,
			row[i].variable, NULL
		};

		o.tcp_bind = row[i].option;
		EQ(merge(&o, env), 0);
		shows(row[i].shown);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		o.tcp_bind = bad[i];
		EQ(merge(&o, NULL), 2);
		assert_non_null(strstr(said, "--tcp-bind"));
	}
}

static void
a_wrong_value_names_its_variable(void **state)
{
	static const char *const	 bad[][2] = {
		{ "SYFTBOX_HOTLINK", "2" }, { HL "P2P_ONLY", "si" },
		{ HL "QUIC_ONLY", "2" }, { "BV_" HL "P2P_ONLY", "x" },
		{ "BV_" HL "QUIC_ONLY", "x" }, { HL "BENCH_STRICT", "x" },
		{ HL "DEBUG", "x" }, { HL "TCP_PROXY_ADDR", "1.2.3.4:5" },
		{ HL "TCP_PROXY_CHUNK_SIZE", "x" },
		{ HL "WEBRTC_BUFFERED_HIGH", "-1" },
		{ HL "WEBRTC_BACKPRESSURE_WAIT_MS", "1s" },
		{ HL "WS_FALLBACK_GRACE_MS", "1.5" },
		{ "HOTLINK_DIALECT", "3" }, { "HOTLINK_AEAD", "fastest" },
		{ "HOTLINK_CC", "reno" },
	};
	const struct agent_options	 o = { PARTY };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const	 env[] = { bad[i][0], bad[i][1], NULL };

		EQ(merge(&o, env), 2);
		EQ(errors, 1);
		assert_non_null(strstr(said, bad[i][0]));
	}
}

static void
the_switch_refuses_only_if_it_says_no(void **state)
{
	const struct agent_options	 o = { PARTY };
	const char			*env[] = {
		"SYFTBOX_HOTLINK", "0", NULL
	};

	(void)state;
	EQ(merge(&o, env), 1);
	env[1] = "1";
	EQ(merge(&o, env), 0);
	env[1] = "";
	EQ(merge(&o, env), 0);
}

static void
what_has_no_use_here_is_said_and_goes_on(void **state)
{
	static const char *const	 env[] = {
		HL "IPC", "tcp", HL "TCP_ADDR", "127.0.0.1:0", NULL,
	};
	const struct agent_options	 o = { PARTY };

	(void)state;
	EQ(merge(&o, env), 0);
	EQ(errors, 0);
	assert_non_null(strstr(said, HL "IPC: not supported"));
	assert_non_null(strstr(said, HL "TCP_ADDR: not supported"));
}

static void
tokens_are_told_of_and_never_shown(void **state)
{
	static const char *const	 env[] = {
		"SYFTBOX_ACCESS_TOKEN", "envsecret", NULL,
	};
	struct agent_options		 o = { PARTY, .config = file };

	(void)state;
	write_config("{\"access_token\":\"filesecret\","
	    "\"refresh_token\":\"refreshsecret\"}");
	EQ(merge(&o, NULL), 0);
	STREQ(s.access.value, "filesecret");
	STREQ(s.refresh.value, "refreshsecret");
	CHECK(s.keep);
	shows("token=set (config file), refresh-token=set (config file)");
	EQ(merge(&o, env), 0);
	STREQ(s.access.value, "envsecret");
	shows("token=set (SYFTBOX_ACCESS_TOKEN)");
	o.token_file = "/x";
	EQ(merge(&o, env), 0);
	shows("token=set (--token-file)");
	assert_null(strstr(s.line, "secret"));
}

static void
a_refresh_token_of_the_environment_is_not_kept_in_the_file(void **state)
{
	static const char *const	 env[] = {
		"SYFTBOX_REFRESH_TOKEN", "r", NULL,
	};
	const struct agent_options	 o = { PARTY, .config = file };

	(void)state;
	write_config("{\"refresh_token\":\"f\"}");
	EQ(merge(&o, env), 0);
	STREQ(s.refresh.value, "r");
	CHECK(!s.keep);
}

/* A demo of two options must not show somebody's real token to a stranger. */
static void
tokens_of_a_file_found_by_chance_go_to_its_server_only(void **state)
{
	static const char *const	 env[] = {
		"SYFTBOX_SERVER_URL", "http://other", NULL,
	};
	static const char		 text[] = "{\"email\":\"f@x.io\","
	    "\"server_url\":\"http://file\",\"refresh_token\":\"r\","
	    "\"access_token\":\"a\",\"data_dir\":\"/d\"}";
	const struct agent_options	 party = { PARTY }, none = { 0 };
	char				 path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/.syftbox/config.json", dir);
	EQ(file_make_parents(path), 0);
	EQ(file_write(path, text, strlen(text), 0600), 0);
	EQ(merge(&none, NULL), 0);
	STREQ(s.access.value, "a");
	STREQ(s.refresh.value, "r");
	EQ(merge(&party, NULL), 0);
	assert_null(s.access.value);
	assert_null(s.refresh.value);
	CHECK(!s.keep);
	EQ(merge(&none, env), 0);
	assert_null(s.access.value);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    options_count_before_the_environment_and_that_before_files),
		cmocka_unit_test(
		    a_party_nobody_names_is_an_error_that_says_how_to_name_it),
		cmocka_unit_test(the_files_own_defaults_count_only_with_a_file),
		cmocka_unit_test(
		    a_file_that_was_named_must_be_there_and_be_right),
		cmocka_unit_test(
		    a_wrong_file_found_by_chance_keeps_nobody_from_starting),
		cmocka_unit_test(modes_come_from_any_of_their_names),
		cmocka_unit_test(
		    names_that_disagree_warn_and_in_strict_mode_fail),
		cmocka_unit_test(
		    ice_servers_come_from_the_first_that_says_any_even_none),
		cmocka_unit_test(too_many_ice_servers_are_refused),
		cmocka_unit_test(numbers_of_the_environment_reach_the_links),
		cmocka_unit_test(the_local_address_may_stand_in_brackets),
		cmocka_unit_test(a_wrong_value_names_its_variable),
		cmocka_unit_test(
		    the_switch_refuses_only_if_it_says_no),
		cmocka_unit_test(what_has_no_use_here_is_said_and_goes_on),
		cmocka_unit_test(tokens_are_told_of_and_never_shown),
		cmocka_unit_test(
		    a_refresh_token_of_the_environment_is_not_kept_in_the_file),
		cmocka_unit_test(
		    tokens_of_a_file_found_by_chance_go_to_its_server_only),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
