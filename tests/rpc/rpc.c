#include "support/test.h"

#include "rpc/rpc.h"
#include "support/mangle.h"
#include "support/oom.h"

#define TIMES	"\"created\":\"2026-02-10T07:28:00Z\"," \
		"\"expires\":\"2026-02-11T07:28:00Z\""
#define HEAD	"\"id\":\"A\",\"sender\":\"bob@x.io\",\"url\":\"syft://u\","
#define REPLY	"{" HEAD TIMES ",\"status_code\":200,\"body\":\"aGk=\"}"

static const char	*why;
static struct rpc	 r;

static int
parse(enum rpc_kind kind, const char *text)
{
	why = NULL;
	return rpc_parse(&r, kind, text, strlen(text), &why);
}

static void
a_response_is_read(void **state)
{
	(void)state;
	EQ(parse(RPC_RESPONSE, REPLY), 0);
	STREQ(r.id, "A");
	STREQ(r.sender, "bob@x.io");
	EQ(r.status, 200);
	EQ(r.nbody, 2);
	MEMEQ(r.body, "hi", 2);
	rpc_fini(&r);
}

static void
a_body_is_base64_of_either_alphabet(void **state)
{
	static const char *const	 body[] = { "++//+w==", "--__-w==",
	    "--__-w" };
	char				 text[512];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "{" HEAD TIMES
		    ",\"method\":\"POST\",\"body\":\"%s\"}", body[i]);
		EQ(parse(RPC_REQUEST, text), 0);
		EQ(r.nbody, 4);
		MEMEQ(r.body, "\xfb\xef\xff\xfb", 4);
		rpc_fini(&r);
	}
}

static void
what_is_written_is_read_again(void **state)
{
	static const uint8_t	 body[] = { 0xfb, 0xef, 0xff, 0 };
	const struct rpc_new	 m = {
		.id = "x-1", .sender = "a@x.io", .url = "syft://b@x.io/",
		.status = 500, .now_ms = 1770708480123, .body = body,
		.nbody = sizeof(body),
	};
	char			*text;

	(void)state;
	text = rpc_text(&m, RPC_RESPONSE);
	CHECK(strstr(text, "\n  \"body\": \"--__AA==\"") != NULL);
	CHECK(strstr(text, "\"created\": \"2026-02-10T07:28:00.123Z\"") !=
	    NULL);
	CHECK(strstr(text, "\"expires\": \"2026-02-11T07:28:00.123Z\"") !=
	    NULL);
	EQ(parse(RPC_RESPONSE, text), 0);
	EQ(r.status, 500);
	MEMEQ(r.body, body, sizeof(body));
	rpc_fini(&r);
	EQ(parse(RPC_REQUEST, text), -1);
	free(text);
	text = rpc_text(&m, RPC_REQUEST);
	EQ(parse(RPC_REQUEST, text), 0);
	rpc_fini(&r);
	EQ(parse(RPC_RESPONSE, text), -1);
	free(text);
}

static void
every_fault_has_its_reason(void **state)
{
	static const struct {
		const char	*text, *why;
	} bad[] = {
		{ "", "not a JSON object" },
		{ "SBC1-not-json", "not a JSON object" },
		{ "[]", "not a JSON object" },
		{ REPLY "x", "not a JSON object" },
		{ "{\"id\":\"A\"," HEAD TIMES
		  ",\"status_code\":200,\"body\":\"\"}",
		  "not a JSON object" },
		{ "{\"sender\":\"b\"}", "\"id\" is missing or not an id" },
		{ "{\"id\":\"a/../b\"}", "\"id\" is missing or not an id" },
		{ "{\"id\":7}", "\"id\" is missing or not an id" },
		{ "{\"id\":\"a\\u0000b\"}", "not a JSON object" },
		{ "{\"id\":\"A\",\"sender\":[]}",
		  "\"sender\" is missing or not text" },
		{ "{\"id\":\"A\",\"sender\":\"b\"}",
		  "\"url\" is missing or not text" },
		{ "{" HEAD "\"headers\":[]}", "\"headers\" is not an object" },
		{ "{" HEAD "\"created\":\"now\"}",
		  "\"created\" or \"expires\" is not a time" },
		{ "{" HEAD TIMES ",\"body\":\"\"}",
		  "\"status_code\" is missing or not 0 to 65535" },
		{ "{" HEAD TIMES ",\"status_code\":\"200\",\"body\":\"\"}",
		  "\"status_code\" is missing or not 0 to 65535" },
		{ "{" HEAD TIMES ",\"status_code\":65536,\"body\":\"\"}",
		  "\"status_code\" is missing or not 0 to 65535" },
		{ "{" HEAD TIMES ",\"status_code\":-1,\"body\":\"\"}",
		  "\"status_code\" is missing or not 0 to 65535" },
		{ "{" HEAD TIMES ",\"status_code\":200}",
		  "\"body\" is missing or not base64" },
		{ "{" HEAD TIMES ",\"status_code\":200,\"body\":\"a b\"}",
		  "\"body\" is missing or not base64" },
		{ "{" HEAD TIMES ",\"status_code\":200,\"body\":\"a\"}",
		  "\"body\" is missing or not base64" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EQ(parse(RPC_RESPONSE, bad[i].text), -1);
		STREQ(why, bad[i].why);
	}
}

static void
a_million_brackets_are_refused(void **state)
{
	char	*s = malloc(1000000);

	(void)state;
	memset(s, '[', 1000000);
	EQ(rpc_parse(&r, RPC_RESPONSE, s, 1000000, &why), -1);
	free(s);
	s = calloc(1, RPC_MAX + 1);
	EQ(rpc_parse(&r, RPC_RESPONSE, s, RPC_MAX + 1, &why), -1);
	STREQ(why, "larger than 1 MiB");
	free(s);
}

static void
is_refused(void *arg, const uint8_t *p, size_t n, size_t which)
{
	(void)arg;
	(void)which;
	EQ(rpc_parse(&r, RPC_RESPONSE, p, n, &why), -1);
}

static void
a_response_cut_anywhere_is_refused(void **state)
{
	(void)state;
	mangle_cut((const uint8_t *)REPLY, sizeof(REPLY) - 1, is_refused, NULL);
}

static void
without_memory_nothing_is_read_or_written(void **state)
{
	const struct rpc_new	 m = { .id = "A", .sender = "b", .url = "u",
				     .body = "hi", .nbody = 2 };
	char			*text;
	int			 rc = -1;

	(void)state;
	for (size_t i = 1; rc == -1; i++) {
		oom_after(i);
		rc = parse(RPC_RESPONSE, REPLY);
		if (rc == 0)
			rpc_fini(&r);
		if (oom_hit())
			rc = -1;
	}
	for (size_t i = 1; ; i++) {
		oom_after(i);
		text = rpc_text(&m, RPC_REQUEST);
		if (!oom_hit())
			break;
		free(text);
	}
	oom_after(0);
	CHECK(text != NULL);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_response_is_read),
		cmocka_unit_test(a_body_is_base64_of_either_alphabet),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(every_fault_has_its_reason),
		cmocka_unit_test(a_million_brackets_are_refused),
		cmocka_unit_test(a_response_cut_anywhere_is_refused),
		cmocka_unit_test(without_memory_nothing_is_read_or_written),
	};

	return RUN(tests);
}
