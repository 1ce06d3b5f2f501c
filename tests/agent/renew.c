#include "support/test.h"

#include "agent/renew.h"
#include "base/base64.h"

#define ALICE	"alice@example.com"

static struct renew	 r;

/* A token with these claims and a signature nobody checks. */
static void
jwt(char *out, size_t cap, const char *type, const char *sub, unsigned exp)
{
	char	 claims[256], b64[512] = "";
	size_t	 n;

	snprintf(claims, sizeof(claims),
	    "{\"type\":\"%s\",\"sub\":\"%s\",\"exp\":%u}", type, sub, exp);
	base64_encode(b64, claims, strlen(claims));
	n = strcspn(b64, "=");
	for (size_t i = 0; i < n; i++)
		b64[i] = (char)(b64[i] == '+' ? '-' : b64[i] == '/' ? '_' :
		    b64[i]);
	snprintf(out, cap, "eyJ9.%.*s.c2ln", (int)n, b64);
}

static bool
answer(int status, const char *access, const char *refresh)
{
	char	 body[2048];

	snprintf(body, sizeof(body),
	    "{\"accessToken\":\"%s\",\"refreshToken\":\"%s\"}", access,
	    refresh);
	return renew_answer(&r, 1000, status, body, strlen(body), NULL);
}

static void
a_token_is_asked_for_if_there_is_none_and_a_way_to_one(void **state)
{
	char		 good[512], old[512], bobs[512], refresh[512];

	(void)state;
	jwt(good, sizeof(good), "access", ALICE, 2000);
	jwt(old, sizeof(old), "access", ALICE, 999);
	jwt(bobs, sizeof(bobs), "access", "bob@example.com", 2000);
	jwt(refresh, sizeof(refresh), "refresh", ALICE, 2000);
	const struct {
		const char	*access, *refresh;
		bool		 due, left;
		const char	*why;
	} row[] = {
		{ good, refresh, false, true, "" },
		{ "opaque", refresh, false, true, "" },
		{ NULL, refresh, true, false, "" },
		{ "", "opaque", true, false, "" },
		{ old, refresh, true, false, "the token is expired" },
		{ bobs, refresh, true, false, "the token is for another user" },
		{ refresh, refresh, true, false,
		    "the token is of another type" },
		{ old, NULL, false, false, "the token is expired" },
		{ NULL, NULL, false, false, "" },
		{ NULL, good, false, false,
		    "refreshing: the token is of another type" },
		{ "a\r\nX: y", NULL, false, false,
		    "the token is too long, or holds what no token may" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		renew_init(&r, ALICE, row[i].access, row[i].refresh);
		EQ(renew_due(&r, 0, 1000), row[i].due);
		EQ(renew_access(&r) != NULL, row[i].left);
		STREQ(r.why, row[i].why);
	}
}

static void
new_tokens_replace_the_old_ones(void **state)
{
	(void)state;
	renew_init(&r, ALICE, NULL, "r1");
	CHECK(renew_due(&r, 0, 1000));
	CHECK(answer(200, "a1", "r2"));
	STREQ(r.access, "a1");
	STREQ(r.refresh, "r2");
	STREQ(r.why, "");
	CHECK(!renew_due(&r, 1 * SEC, 1000));
}

static void
a_refresh_token_that_stays_is_not_to_be_kept_again(void **state)
{
	(void)state;
	renew_init(&r, ALICE, NULL, "r1");
	CHECK(!answer(200, "a1", "r1"));
	STREQ(r.access, "a1");
}

static void
tokens_of_the_wrong_type_user_or_shape_are_not_taken(void **state)
{
	char		 bobs[512], access[512], refresh[512];

	(void)state;
	jwt(bobs, sizeof(bobs), "refresh", "bob@example.com", 2000);
	jwt(access, sizeof(access), "access", ALICE, 2000);
	jwt(refresh, sizeof(refresh), "refresh", ALICE, 2000);
	const struct {
		const char	*access, *refresh, *why;
	} row[] = {
		{ refresh, refresh,
		    "refreshing: the token is of another type" },
		{ access, access, "refreshing: the token is of another type" },
		{ access, bobs, "refreshing: the token is for another user" },
		{ "", refresh, "refreshing: no tokens in the answer" },
		{ "a b", refresh, "refreshing: no tokens in the answer" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		renew_init(&r, ALICE, NULL, "r1");
		CHECK(!answer(200, row[i].access, row[i].refresh));
		STREQ(r.access, "");
		STREQ(r.refresh, "r1");
		STREQ(r.why, row[i].why);
	}
}

static void
a_failure_is_told_with_the_servers_words(void **state)
{
	static const char	 text[] =
	    "{\"code\":\"E\",\"error\":\"invalid token\"}";

	(void)state;
	renew_init(&r, ALICE, NULL, "r1");
	CHECK(!renew_answer(&r, 1000, 401, text, sizeof(text) - 1, NULL));
	STREQ(r.why, "refreshing: HTTP status 401: invalid token");
	CHECK(!renew_answer(&r, 1000, 502, "<html>", 6, NULL));
	STREQ(r.why, "refreshing: HTTP status 502");
	CHECK(!renew_answer(&r, 1000, 0, NULL, 0, "no answer in time"));
	STREQ(r.why, "refreshing: no answer in time");
	CHECK(answer(200, "a1", "r2"));
	STREQ(r.why, "");
}

static void
a_refused_token_is_forgotten_if_another_can_be_had(void **state)
{
	(void)state;
	renew_init(&r, ALICE, "a1", NULL);
	renew_refused(&r);
	STREQ(r.access, "a1");
	renew_init(&r, ALICE, "a1", "r1");
	CHECK(!renew_due(&r, 0, 1000));
	renew_refused(&r);
	CHECK(renew_due(&r, 0, 1000));
}

/* Asked as often as it likes for an hour, whatever the service answers. */
static void
requests_in(uint64_t *at, size_t *n, int status, bool refused)
{
	*n = 0;
	renew_init(&r, ALICE, NULL, "r1");
	for (uint64_t now = 0; now < 3600ull * SEC; now += 100 * MS) {
		if (!renew_due(&r, now, 1000))
			continue;
		CHECK(*n < 600);
		at[(*n)++] = now;
		answer(status, "a1", "r1");
		if (refused)
			renew_refused(&r);
	}
}

static void
the_token_service_is_spared(void **state)
{
	static uint64_t	 at[600];
	size_t		 n;

	(void)state;
	for (int success = 0; success < 2; success++) {
		requests_in(at, &n, success ? 200 : 401, success);
		CHECK(n >= 12);
		CHECK(n <= 24);
		for (size_t i = 10; i < n; i++)
			CHECK(at[i] - at[i - 10] > 60ull * SEC);
	}
}

static void
tokens_that_expire_are_renewed_without_a_growing_pause(void **state)
{
	char		 access[512];
	uint64_t	 now = 0;

	(void)state;
	renew_init(&r, ALICE, NULL, "r1");
	for (unsigned t = 1000; t < 1000 + 40 * 8; t += 8, now += 8 * SEC) {
		CHECK(renew_due(&r, now, t));
		jwt(access, sizeof(access), "access", ALICE, t + 8);
		answer(200, access, "r1");
	}
}

static void
what_a_wrong_clock_ended_counts_again_when_it_is_right(void **state)
{
	char	 access[512], refresh[512];

	(void)state;
	jwt(access, sizeof(access), "access", ALICE, 2000);
	jwt(refresh, sizeof(refresh), "refresh", ALICE, 3000);
	renew_init(&r, ALICE, access, refresh);
	for (uint64_t now = 0; now < 60 * SEC; now += SEC) {
		CHECK(!renew_due(&r, now, 99999));
		CHECK(renew_access(&r) == NULL);
		renew_refused(&r);	/* who came without a token */
	}
	STREQ(r.why, "refreshing: the token is expired");
	CHECK(!renew_due(&r, 60 * SEC, 1000));
	STREQ(renew_access(&r), access);
	STREQ(r.why, "");
	CHECK(renew_due(&r, 61 * SEC, 2500));
	STREQ(r.refresh, refresh);
}

/* Or the refresh token would be lost, and with it the way to all others. */
static void
new_tokens_that_the_clock_ended_are_kept_and_rarely_asked_for(void **state)
{
	char		 access[512], refresh[512];
	uint64_t	 now = 0;
	unsigned	 asked = 0;

	(void)state;
	jwt(access, sizeof(access), "access", ALICE, 900);
	jwt(refresh, sizeof(refresh), "refresh", ALICE, 2000);
	renew_init(&r, ALICE, NULL, "r1");
	for (; now < 600 * SEC; now += SEC) {
		if (!renew_due(&r, now, 1000))
			continue;
		EQ(answer(200, access, refresh), asked++ == 0);
		CHECK(renew_access(&r) == NULL);
		STREQ(r.why, "refreshing: the token is expired already: "
		    "is the clock right?");
	}
	assert_in_range(asked, 2, 10);
	CHECK(!renew_due(&r, now, 800));
	STREQ(renew_access(&r), access);
	STREQ(r.why, "");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    a_token_is_asked_for_if_there_is_none_and_a_way_to_one),
		cmocka_unit_test(new_tokens_replace_the_old_ones),
		cmocka_unit_test(
		    a_refresh_token_that_stays_is_not_to_be_kept_again),
		cmocka_unit_test(
		    tokens_of_the_wrong_type_user_or_shape_are_not_taken),
		cmocka_unit_test(a_failure_is_told_with_the_servers_words),
		cmocka_unit_test(
		    a_refused_token_is_forgotten_if_another_can_be_had),
		cmocka_unit_test(the_token_service_is_spared),
		cmocka_unit_test(
		    tokens_that_expire_are_renewed_without_a_growing_pause),
		cmocka_unit_test(
		    what_a_wrong_clock_ended_counts_again_when_it_is_right),
		cmocka_unit_test(
		    new_tokens_that_the_clock_ended_are_kept_and_rarely_asked_for),
	};

	return RUN(tests);
}
