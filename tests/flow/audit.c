#include "support/test.h"

#include "flow/audit.h"

static struct findings		 found;
static const struct audit	 plan = {
	{ "agg@x", "c1@x", "c2@x" }, 3, 1, 24322,
};

/* The marker of 1_to_2 that the plan asks for. */
static const char	 good[] =
    "{\"from\":\"c1@x\",\"to\":\"c2@x\",\"port\":24325,"
    "\"ports\":{\"c1@x\":25325,\"c2@x\":26325}}";

/* The findings of 1_to_2, as their codes; "" for none. */
static const char *
codes(const char *marker, const char *theirs, bool listening, bool started)
{
	static char		 text[512];
	struct audit_link	 l = { .peer = 2, .marker = marker,
	    .theirs = theirs, .listening = listening };
	size_t			 n = 0;

	l.size = marker != NULL ? strlen(marker) : 0;
	l.their_size = theirs != NULL ? strlen(theirs) : 0;
	findings_free(&found);
	memset(&found, 0, sizeof(found));
	audit_link(&found, &plan, &l, started);
	text[0] = '\0';
	for (size_t i = 0; i < found.n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s",
		    i > 0 ? " " : "", (int)strcspn(found.v[i].text, ":") - 7,
		    found.v[i].text + 7);
	return text;
}

static void
what_the_plan_asks_for_has_no_findings(void **state)
{
	(void)state;
	STREQ(codes(good, NULL, false, false), "");
	STREQ(codes(good, NULL, true, true), "");
	STREQ(codes("{\"from\":\"C1@x\",\"to\":\"c2@X\",\"port\":25325}",
	    NULL, true, false), "");
	STREQ(codes("{\"from\":\"c1@x\",\"to\":\"c2@x\",\"port\":24325,"
	    "\"ports\":{\"c1@x\":25325,\"C2@x\":26325},\"global_base\":24322,"
	    "\"party_count\":3,\"local_party_id\":1,\"remote_party_id\":2}",
	    NULL, true, false), "");
}

static void
each_difference_has_its_code(void **state)
{
	static const struct {
		const char	*marker, *codes;
	} v[] = {
		{ NULL, "CONFLICT_MARKER_MISSING" },
		{ "", "CONFLICT_MARKER_PARSE" },
		{ "[]", "CONFLICT_MARKER_PARSE" },
		{ "{\"from\":\"c2@x\",\"to\":\"c2@x\",\"port\":25325}",
		    "CONFLICT_MARKER_LOCAL_ID" },
		{ "{\"from\":\"c1@x\",\"port\":25325}",
		    "CONFLICT_MARKER_REMOTE_ID" },
		{ "{\"from\":\"c1@x\",\"to\":\"c2@x\"}",
		    "CONFLICT_MARKER_LOCAL_LISTENER" },
		{ "{\"from\":\"c1@x\",\"to\":\"c2@x\",\"port\":24326,"
		    "\"ports\":{\"c1@x\":25325,\"c2@x\":26326}}",
		    "CONFLICT_MARKER_PORT CONFLICT_MARKER_PEER_LISTENER" },
		{ "{\"from\":\"c1@x\",\"to\":\"c2@x\",\"port\":25325,"
		    "\"party_count\":3}", "CONFLICT_MISSING_BASE" },
		{ "{\"from\":\"c1@x\",\"to\":\"c2@x\",\"port\":25325,"
		    "\"global_base\":20000,\"party_count\":2,"
		    "\"local_party_id\":0,\"remote_party_id\":\"2\"}",
		    "CONFLICT_MARKER_BASE CONFLICT_MARKER_PARTY_COUNT "
		    "CONFLICT_MARKER_LOCAL_ID CONFLICT_MARKER_REMOTE_ID" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		STREQ(codes(v[i].marker, NULL, false, false), v[i].codes);
}

static void
listeners_and_peers_are_compared_too(void **state)
{
	(void)state;
	STREQ(codes(NULL, NULL, true, false),
	    "CONFLICT_MARKER_MISSING CONFLICT_LOCAL_BUSY");
	STREQ(codes(good, NULL, false, true), "NOT_LISTENING");
	STREQ(codes(good, "{\"ports\":{\"c2@x\":26325}}", true, true), "");
	STREQ(codes(good, "{\"ports\":{\"c2@x\":30003}}", true, true),
	    "CONFLICT_PARTICIPANT_BASE");
	STREQ(codes(good, "?", true, true), "CONFLICT_PARTICIPANT_BASE");
}

static void
markers_of_other_runs_are_named(void **state)
{
	static const char	 other[] =
	    "{\"ports\":{\"c1@x\":30003,\"z@x\":1}}";

	(void)state;
	findings_free(&found);
	memset(&found, 0, sizeof(found));
	audit_other(&found, &plan, "old/1_to_2", good, strlen(good));
	audit_other(&found, &plan, "old/1_to_0", other, strlen(other));
	audit_other(&found, &plan, "old/bad", "x", 1);
	EQ(found.n, 2);
	STREQ(found.v[0].text, "E_PORT_CONFLICT_LOCAL_BUSY: old/1_to_2: of "
	    "another run, and takes port 25325: remove it");
	CHECK(!found.v[0].warning && found.v[1].warning);
	STREQ(found.v[1].text,
	    "old/1_to_0: a marker of another run, port 30003");
}

static void
a_marker_is_cut_at_every_length(void **state)
{
	char	 text[sizeof(good)];

	(void)state;
	for (size_t n = 0; n < sizeof(good) - 1; n++) {
		memcpy(text, good, n);
		text[n] = '\0';
		STREQ(codes(text, text, false, false), "CONFLICT_MARKER_PARSE "
		    "CONFLICT_PARTICIPANT_BASE");
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(what_the_plan_asks_for_has_no_findings),
		cmocka_unit_test(each_difference_has_its_code),
		cmocka_unit_test(listeners_and_peers_are_compared_too),
		cmocka_unit_test(markers_of_other_runs_are_named),
		cmocka_unit_test(a_marker_is_cut_at_every_length),
	};
	int			 rc = RUN(tests);

	findings_free(&found);
	return rc;
}
