#include "support/test.h"

#include "rpc/message.h"
#include "support/mangle.h"
#include "support/oom.h"

#define ROW	"{\"id\":\"m1\",\"from_address\":\"a@x.io\"," \
		"\"to_address\":\"b@x.io\",\"body\":\"hi\"," \
		"\"status\":\"sent\",\"sync_status\":\"syncing\"," \
		"\"created_at\":\"2026-02-10T07:28:00+00:00\"," \
		"\"rpc_request_id\":\"r1\",\"metadata\":\"{\\\"k\\\":1}\"}"
#define BODY	"{\"message_id\":\"m1\",\"from\":\"a@x.io\"," \
		"\"to\":\"b@x.io\",\"body\":\"hi\",\"message_type\":\"text\"," \
		"\"metadata\":{\"k\":[1]}," \
		"\"created_at\":\"2026-02-10T07:28:00Z\"}"

static struct message	 m;
static const char	*why;

static int
parse(const char *text)
{
	return message_parse(&m, text, strlen(text), &why);
}

static void
a_row_is_read_and_written_the_same(void **state)
{
	char	*text;

	(void)state;
	EQ(parse(ROW), 0);
	STREQ(message_get(&m, M_ID), "m1");
	STREQ(message_name(&m), "m1");
	EQ(message_ack(&m), -1);
	CHECK(message_get(&m, M_SUBJECT) == NULL);
	EQ(message_set_ack(&m, 500), 0);
	EQ(message_set_note(&m, "hotlink_seen", 1770708480123456789), 0);
	text = message_text(&m, false);
	message_fini(&m);
	EQ(parse(text), 0);
	free(text);
	EQ(message_ack(&m), 500);
	CHECK(message_note(&m, "hotlink_seen") == 1770708480123456789);
	text = message_text(&m, true);
	CHECK(strstr(text, "hotlink_seen") == NULL);
	CHECK(strstr(text, "\"subject\":null") != NULL);
	EQ(text[strlen(text) - 1], '\n');
	free(text);
	message_fini(&m);
}

static void
the_state_follows_from_both_statuses(void **state)
{
	static const struct {
		const char		*status, *sync;
		enum message_state	 state;
	} t[] = {
		{ "draft", "local", STATE_DRAFT },
		{ "draft", "failed", STATE_FAILED },
		{ "sent", "syncing", STATE_SENT },
		{ "sent", "local", STATE_SENT },
		{ "sent", "synced", STATE_SYNCED },
		{ "sent", "failed", STATE_FAILED },
		{ "received", "synced", STATE_RECEIVED },
		{ "read", "synced", STATE_READ },
		{ "archived", "failed", STATE_ARCHIVED },
		{ "deleted", "synced", STATES },
	};

	(void)state;
	EQ(parse(ROW), 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		EQ(message_set(&m, M_STATUS, t[i].status), 0);
		EQ(message_set(&m, M_SYNC, t[i].sync), 0);
		EQ(message_state(&m), t[i].state);
	}
	message_fini(&m);
}

static void
a_received_message_is_named_by_its_request(void **state)
{
	(void)state;
	EQ(parse(ROW), 0);
	EQ(message_set(&m, M_RECEIVED, "2026-02-10T07:28:00Z"), 0);
	STREQ(message_name(&m), "r1");
	message_fini(&m);
}

static void
a_bad_row_is_refused_with_its_reason(void **state)
{
	static const struct {
		const char	*text, *why;
	} bad[] = {
		{ "", "not a JSON object" },
		{ "[]", "not a JSON object" },
		{ "{\"id\":\"a\",\"id\":\"b\"}", "not a JSON object" },
		{ "{}", "an id is not 1 to 128 of A-Z a-z 0-9 - _" },
		{ "{\"id\":\"../x\"}",
		  "an id is not 1 to 128 of A-Z a-z 0-9 - _" },
		{ "{\"id\":\"a\",\"thread_id\":7}", "a field is not text" },
		{ "{\"id\":\"a\",\"from_address\":\"x\"}",
		  "an address is not an email" },
		{ "{\"id\":\"a\",\"from_address\":\"a@x.io\","
		  "\"to_address\":\"b@x.io\",\"body\":\"\",\"status\":\"odd\"}",
		  "status or sync_status is unknown" },
		{ "{\"id\":\"a\",\"from_address\":\"a@x.io\","
		  "\"to_address\":\"b@x.io\",\"body\":\"\",\"status\":\"sent\","
		  "\"sync_status\":\"local\",\"created_at\":\"now\"}",
		  "a time is not that of RFC 3339" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EQ(parse(bad[i].text), -1);
		STREQ(why, bad[i].why);
	}
}

static void
a_body_is_read_and_written_the_same(void **state)
{
	char	*text;

	(void)state;
	EQ(message_from_body(&m, BODY, strlen(BODY), &why), 0);
	STREQ(message_get(&m, M_METADATA), "{\"k\":[1]}");
	text = message_body(&m);
	message_fini(&m);
	CHECK(strstr(text, "\"metadata\":{\"k\":[1]}") != NULL);
	EQ(message_from_body(&m, text, strlen(text), &why), 0);
	STREQ(message_get(&m, M_FROM), "a@x.io");
	message_fini(&m);
	free(text);
}

static void
a_failure_is_told_apart(void **state)
{
	char	*text = failure_text("unread-1", "/p", "r", NULL, "a@x.io",
		    "not a JSON object", 1770708480123);

	(void)state;
	EQ(parse(text), 0);
	CHECK(message_is_failure(&m));
	STREQ(message_failure(&m), "not a JSON object");
	EQ(message_state(&m), STATE_FAILED);
	message_fini(&m);
	free(text);
}

static void
is_no_row(void *arg, const uint8_t *p, size_t n, size_t which)
{
	(void)arg;
	(void)which;
	EQ(message_parse(&m, p, n, &why), -1);
	EQ(message_from_body(&m, p, n, &why), -1);
}

static void
a_row_or_body_cut_anywhere_is_refused(void **state)
{
	(void)state;
	mangle_cut((const uint8_t *)ROW, sizeof(ROW) - 1, is_no_row, NULL);
	mangle_cut((const uint8_t *)BODY, sizeof(BODY) - 1, is_no_row, NULL);
}

static void
without_memory_nothing_is_read_or_written(void **state)
{
	char	*text;
	bool	 done = false;

	(void)state;
	for (size_t i = 1; !done; i++) {
		oom_after(i);
		text = NULL;
		if (message_from_body(&m, BODY, strlen(BODY), &why) == 0) {
			free(message_body(&m));
			text = message_text(&m, true);
			message_fini(&m);
		}
		done = !oom_hit();
		oom_after(0);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_row_is_read_and_written_the_same),
		cmocka_unit_test(the_state_follows_from_both_statuses),
		cmocka_unit_test(a_received_message_is_named_by_its_request),
		cmocka_unit_test(a_bad_row_is_refused_with_its_reason),
		cmocka_unit_test(a_body_is_read_and_written_the_same),
		cmocka_unit_test(a_failure_is_told_apart),
		cmocka_unit_test(a_row_or_body_cut_anywhere_is_refused),
		cmocka_unit_test(without_memory_nothing_is_read_or_written),
	};

	return RUN(tests);
}
