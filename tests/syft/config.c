#include "support/test.h"

#include "base/base64.h"
#include "support/mangle.h"
#include "syft/config.h"

#define ALICE	"alice@example.com"

static const char	*vars[8];
static size_t		 errors;
static struct config	 c;
static const char	*why;

static const char *
get(void *arg, const char *name)
{
	(void)arg;
	for (size_t i = 0; i < 8 && vars[i] != NULL; i += 2)
		if (strcmp(vars[i], name) == 0)
			return vars[i + 1];
	return NULL;
}

static void
say(void *arg, bool error, const char *line)
{
	(void)arg;
	(void)line;
	errors += error;
}

static const struct env_io	 io = { .get = get, .say = say };

static void
with(const char *name, const char *value)
{
	memset(vars, 0, sizeof(vars));
	vars[0] = "HOME";
	vars[1] = "/home/a";
	vars[2] = name;
	vars[3] = value;
	errors = 0;
}

static int
parse(const char *text)
{
	config_init(&c, &io);
	return config_parse(&c, text, strlen(text), &why);
}

static void
the_file_is_searched_where_the_reference_does(void **state)
{
	char		 p[CONFIG_CANDIDATES][CONFIG_PATH];

	(void)state;
	with(NULL, NULL);
	EQ(config_paths(NULL, &io, p), 2);
	STREQ(p[0], "/home/a/.syftbox/config.json");
	STREQ(p[1], "/home/a/.config/syftbox/config.json");
	with("SYFTBOX_CONFIG_PATH", "/x.json");
	EQ(config_paths(NULL, &io, p), 1);
	STREQ(p[0], "/x.json");
	EQ(config_paths("/y.json", &io, p), 1);
	STREQ(p[0], "/y.json");
	vars[0] = NULL;
	EQ(config_paths(NULL, &io, p), 0);
}

static void
the_environment_overrides_the_file_and_the_file_the_defaults(void **state)
{
	(void)state;
	with("SYFTBOX_SERVER_URL", "http://env");
	EQ(parse("{\"email\":\"Alice@Example.COM\","
	    "\"server_url\":\"http://file\","
	    "\"refresh_token\":\"r\",\"x\":1,\"client_url\":null,"
	    "\"data_dir\":\"\"}"), 0);
	EQ(config_env(&c, &io), 0);
	STREQ(c.email, ALICE);
	STREQ(c.server_url, "http://env");
	STREQ(c.source[CONFIG_SERVER_URL], "SYFTBOX_SERVER_URL");
	STREQ(c.source[CONFIG_EMAIL], "config file");
	STREQ(c.data_dir, "/home/a/SyftBox");
	assert_null(c.source[CONFIG_DATA_DIR]);
	with(NULL, NULL);
	EQ(parse("{}"), 0);
	STREQ(c.server_url, "https://syftbox.net");
}

static void
a_value_that_is_not_text_or_too_long_is_named(void **state)
{
	char		 big[TOKEN_MAX + 100];

	(void)state;
	with(NULL, NULL);
	EQ(parse("{\"email\":7}"), -1);
	STREQ(why, "\"email\" is not text, or too long");
	EQ(parse("[]"), -1);
	STREQ(why, "not a JSON object");
	EQ(parse("{\n\"access_token\": \"secret\n"), -1);
	STREQ(why, "line 2, column 23: not JSON");
	snprintf(big, sizeof(big), "{\"client_token\":\"%0*d\"}", TOKEN_MAX, 0);
	EQ(parse(big), -1);
	snprintf(big, sizeof(big), "%0*d", TOKEN_MAX, 0);
	with("SYFTBOX_ACCESS_TOKEN", big);
	EQ(config_env(&c, &io), -1);
	EQ(errors, 1);
}

static void
a_rotated_token_leaves_the_rest_of_the_file(void **state)
{
	static const char	 text[] =
	    "{\"zeta\":[1],\"refresh_token\":\"old\",\"email\":\"" ALICE "\"}";
	char			*out = config_rotated(text, sizeof(text) - 1,
	    "new"), *a, *b;

	(void)state;
	assert_non_null(out);
	a = strstr(out, "\"zeta\"");
	b = strstr(out, "\"refresh_token\": \"new\"");
	CHECK(a != NULL && b != NULL && a < b);
	assert_non_null(strstr(out, ALICE));
	assert_null(strstr(out, "old"));
	free(out);
	assert_null(config_rotated("[]", 2, "x"));
}

/* A token with these claims and a signature nobody checks. */
static const char *
jwt(const char *text)
{
	static char	 out[1024];
	char		 b64[512];
	size_t		 n = base64_len(strlen(text));

	base64_encode(b64, text, strlen(text));
	while (n > 0 && b64[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++)
		b64[i] = (char)(b64[i] == '+' ? '-' : b64[i] == '/' ? '_' :
		    b64[i]);
	snprintf(out, sizeof(out), "eyJ9.%.*s.c2ln", (int)n, b64);
	return out;
}

static int
check(const char *token, enum token_type type)
{
	return token_check(token, type, ALICE, 1000, &why);
}

static void
a_token_is_of_its_type_its_user_and_its_time(void **state)
{
	(void)state;
	EQ(check(jwt("{\"type\":\"access\",\"sub\":\"" ALICE "\"}"),
	    TOKEN_ACCESS), 0);
	EQ(check(jwt("{\"type\":\"access\",\"sub\":\"Alice@example.com\","
	    "\"exp\":1001,\"x\":\"~~~>>>\"}"), TOKEN_ACCESS), 0);
	EQ(check(jwt("{\"type\":\"access\",\"sub\":\"" ALICE "\"}"),
	    TOKEN_REFRESH), -1);
	STREQ(why, "the token is of another type");
	EQ(check(jwt("{\"type\":\"access\",\"sub\":\"bob@example.com\"}"),
	    TOKEN_ACCESS), -1);
	STREQ(why, "the token is for another user");
	EQ(check(jwt("{\"type\":\"access\"}"), TOKEN_ACCESS), -1);
	EQ(check(jwt("{\"type\":\"access\",\"sub\":\"" ALICE
	    "\",\"exp\":1000}"),
	    TOKEN_ACCESS), TOKEN_EXPIRED);
	STREQ(why, "the token is expired");
	EQ(check(jwt("{\"type\":\"access\",\"sub\":\"" ALICE
	    "\",\"exp\":\"x\"}"),
	    TOKEN_ACCESS), -1);
}

static void
a_token_that_is_no_jwt_is_opaque_if_a_header_can_hold_it(void **state)
{
	(void)state;
	EQ(check("0123456789abcdef", TOKEN_ACCESS), 1);
	EQ(check("a.b", TOKEN_ACCESS), 1);
	EQ(check("a.b.c.d", TOKEN_ACCESS), 1);
	EQ(check("a.!!!.c", TOKEN_ACCESS), 1);
	EQ(check("a\r\nX: y", TOKEN_ACCESS), -1);
	EQ(check("", TOKEN_ACCESS), -1);
	EQ(check("a b", TOKEN_ACCESS), -1);
	EQ(check("a\"b", TOKEN_ACCESS), -1);
}

static void
the_refresh_exchange_is_as_the_server_has_it(void **state)
{
	static const char	 reply[] =
	    "{\"accessToken\":\"a.b.c\",\"refreshToken\":\"d.e.f\"}";
	struct tokens		 t;
	uint8_t			 b[64];
	struct wr		 w = wr_of(b, sizeof(b));

	(void)state;
	token_refresh_request(&w, "r.s.t");
	EQ(w.n, 24);
	MEMEQ(b, "{\"refreshToken\":\"r.s.t\"}", 24);
	EQ(token_refresh_reply(&t, reply, sizeof(reply) - 1), 0);
	STREQ(t.access, "a.b.c");
	STREQ(t.refresh, "d.e.f");
	EQ(token_refresh_reply(&t, "{\"accessToken\":\"a\"}", 19), -1);
	EQ(token_refresh_reply(&t, "", 0), -1);
	EQ(token_refresh_reply(&t, "{\"accessToken\":\"a\\r\\nb\","
	    "\"refreshToken\":\"c\"}", 44), -1);
}

static void
the_text_of_a_refusal_is_found(void **state)
{
	static const char	 body[] =
	    "{\"code\":\"E_AUTH_INVALID_CREDENTIALS\",\"error\":\"no such "
	    "user\"}";
	char			 b[8];

	(void)state;
	EQ(reply_error(body, sizeof(body) - 1, b, sizeof(b)), 0);
	STREQ(b, "no such");
	EQ(reply_error("<html>", 6, b, sizeof(b)), -1);
	EQ(reply_error("{\"error\":1}", 11, b, sizeof(b)), -1);
}

static void
survives(void *arg, const uint8_t *p, size_t n, size_t which)
{
	char		*copy = malloc(n + 1);
	struct tokens	 t;

	(void)arg;
	(void)which;
	memcpy(copy, p, n);
	copy[n] = '\0';
	config_parse(&c, copy, n, &why);
	token_refresh_reply(&t, copy, n);
	check(copy, TOKEN_ACCESS);
	free(copy);
}

static void
no_spoiled_text_does_harm(void **state)
{
	static const char	 text[] =
	    "{\"email\":\"a@b.c\",\"accessToken\":\"x\"}";
	const char		*token;

	(void)state;
	with(NULL, NULL);
	config_init(&c, &io);
	mangle_cut((const uint8_t *)text, sizeof(text) - 1, survives, NULL);
	mangle_flip((const uint8_t *)text, sizeof(text) - 1, survives, NULL);
	token = jwt("{\"type\":\"access\",\"sub\":\"" ALICE "\",\"exp\":9999}");
	mangle_cut((const uint8_t *)token, strlen(token), survives, NULL);
	mangle_flip((const uint8_t *)token, strlen(token), survives, NULL);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_file_is_searched_where_the_reference_does),
		cmocka_unit_test(the_environment_overrides_the_file_and_the_file_the_defaults),
		cmocka_unit_test(a_value_that_is_not_text_or_too_long_is_named),
		cmocka_unit_test(a_rotated_token_leaves_the_rest_of_the_file),
		cmocka_unit_test(a_token_is_of_its_type_its_user_and_its_time),
		cmocka_unit_test(a_token_that_is_no_jwt_is_opaque_if_a_header_can_hold_it),
		cmocka_unit_test(the_refresh_exchange_is_as_the_server_has_it),
		cmocka_unit_test(the_text_of_a_refusal_is_found),
		cmocka_unit_test(no_spoiled_text_does_harm),
	};

	return RUN(tests);
}
