#include "support/test.h"

#include "rpc/acks.h"
#include "support/envelope.h"
#include "support/mangle.h"
#include "support/oom.h"

#define ME	"alice@x.io"
#define BOB	"bob@x.io"
#define NOW	1770708480000u
#define DAY	86400000u

static const char	*why;
static char		 text[512];

static struct acks *
waiting(const char *line)
{
	struct acks	*a = acks_new(ME);

	EQ(acks_add_line(a, line, strlen(line), &why), 0);
	acks_begin(a, NOW);
	return a;
}

static const char *
reply(const char *id, const char *sender, int status)
{
	snprintf(text, sizeof(text), "{\"id\":\"%s\",\"sender\":\"%s\","
	    "\"url\":\"syft://x\",\"created\":\"2026-02-10T07:28:00Z\","
	    "\"expires\":\"2026-02-11T07:28:00Z\",\"status_code\":%d,"
	    "\"body\":\"TWVzc2FnZSByZWNlaXZlZA==\"}", id, sender, status);
	return text;
}

static enum ack
input(struct acks *a, const char *bytes)
{
	return acks_file(a, acks_at(a, 0), BOB, bytes, strlen(bytes), 7);
}

static void
status_200_acknowledges_and_any_other_fails(void **state)
{
	struct acks	*a = waiting("A\t" BOB "\tm1");

	(void)state;
	EQ(input(a, reply("A", BOB, 200)), ACK_ACKED);
	EQ(acks_at(a, 0)->status, 200);
	STREQ(acks_at(a, 0)->owner, BOB);
	STREQ(acks_at(a, 0)->message, "m1");
	acks_begin(a, NOW);
	EQ(input(a, reply("A", BOB, 500)), ACK_FAILED);
	EQ(acks_at(a, 0)->status, 500);
	acks_free(a);
}

static void
another_id_or_sender_is_a_mismatch(void **state)
{
	struct acks	*a = waiting("A\t" BOB);

	(void)state;
	EQ(input(a, reply("B", BOB, 200)), ACK_MISMATCH);
	EQ(input(a, reply("a", BOB, 200)), ACK_MISMATCH);
	EQ(input(a, reply("A", "eve@x.io", 200)), ACK_MISMATCH);
	EQ(input(a, reply("A", "BOB@X.io", 200)), ACK_ACKED);
	acks_free(a);
}

static void
an_unknown_recipient_must_be_the_owner_of_the_tree(void **state)
{
	struct acks	*a = waiting("A");
	const char	*s = reply("A", BOB, 200);

	(void)state;
	EQ(acks_file(a, acks_at(a, 0), "eve@x.io", s, strlen(s), 1),
	    ACK_MISMATCH);
	EQ(acks_file(a, acks_at(a, 0), BOB, s, strlen(s), 1), ACK_ACKED);
	STREQ(acks_at(a, 0)->owner, BOB);
	acks_free(a);
}

static void
an_envelope_is_judged_by_its_header(void **state)
{
	static uint8_t	 b[ENVELOPE_ROOM];
	struct acks	*a = waiting("A\t" BOB);
	struct pending	*p = acks_at(a, 0);
	size_t		 n;

	(void)state;
	n = envelope_build(b, "SYC1", envelope_prelude("carol@x.io", 5), 5);
	EQ(acks_file(a, p, BOB, b, n, 1), ACK_FOREIGN);
	EQ(acks_file(a, p, BOB, b, n - 1, 1), ACK_CORRUPT);
	n = envelope_build(b, "SYC2", envelope_prelude(ME, 5), 5);
	EQ(acks_file(a, p, BOB, b, n, 1), ACK_ENCRYPTED);
	acks_end(a);
	EQ(p->ack, ACK_ENCRYPTED);
	reply("A", BOB, 200);
	EQ(acks_plain(a, p, BOB, text, strlen(text), 1), ACK_ACKED);
	EQ(input(a, "SBC1-not-json"), ACK_CORRUPT);
	EQ(p->ack, ACK_ACKED);
	acks_free(a);
}

static void
a_corrupt_file_is_loud_once_per_content(void **state)
{
	struct acks	*a = waiting("A\t" BOB);
	struct pending	*p = acks_at(a, 0);

	(void)state;
	EQ(acks_bad(a, p, 5), ACK_CORRUPT);
	CHECK(!p->quiet);
	acks_begin(a, NOW);
	acks_bad(a, p, 5);
	CHECK(p->quiet);
	acks_begin(a, NOW);
	acks_bad(a, p, 6);
	CHECK(!p->quiet);
	acks_free(a);
}

static void
after_a_day_without_an_answer_a_request_is_expired(void **state)
{
	struct acks		*a = waiting("A\t" BOB "\tm\t"
				     "2026-02-10T07:28:00Z");
	struct acks_stats	 s;

	(void)state;
	acks_begin(a, NOW + DAY);
	acks_end(a);
	EQ(acks_at(a, 0)->ack, ACK_NOT_YET);
	acks_begin(a, NOW + DAY + 1);
	acks_end(a);
	EQ(acks_at(a, 0)->ack, ACK_EXPIRED);
	acks_begin(a, NOW + DAY + 1);
	input(a, "garbage");
	acks_end(a);
	EQ(acks_at(a, 0)->ack, ACK_EXPIRED);
	acks_begin(a, NOW + DAY + 1);
	input(a, reply("A", BOB, 200));
	acks_end(a);
	EQ(acks_at(a, 0)->ack, ACK_ACKED);
	acks_stats(a, &s);
	EQ(s.by[ACK_ACKED], 1);
	EQ(s.by[ACK_EXPIRED], 0);
	acks_free(a);
}

static void
a_bad_line_is_refused_with_its_reason(void **state)
{
	static const struct {
		const char	*line, *why;
	} bad[] = {
		{ "", "the id is not 1 to 128 of A-Z a-z 0-9 - _" },
		{ "../A\t" BOB, "the id is not 1 to 128 of A-Z a-z 0-9 - _" },
		{ "A.b\t" BOB, "the id is not 1 to 128 of A-Z a-z 0-9 - _" },
		{ "A\x01\t" BOB, "the id is not 1 to 128 of A-Z a-z 0-9 - _" },
		{ "B\tbob", "the recipient is not an email" },
		{ "B\t../x@y.io", "the recipient is not an email" },
		{ "B\tAlice@X.io", "the recipient is the sender" },
		{ "A\t" BOB, "the id was given before" },
		{ "B\t" BOB "\t\x1b",
		  "the message id is too long or not text" },
		{ "B\t" BOB "\tm\tyesterday",
		  "the time is not that of RFC 3339" },
		{ "B\t" BOB "\tm\t\t", "the line has too many fields" },
	};
	struct acks		*a = waiting("A\t" BOB);
	struct acks_stats	 s;
	char			 big[ACKS_LINE + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EQ(acks_add_line(a, bad[i].line, strlen(bad[i].line), &why),
		    -1);
		STREQ(why, bad[i].why);
	}
	memset(big, 'a', sizeof(big));
	EQ(acks_add_line(a, big, sizeof(big), &why), -1);
	EQ(acks_add_line(a, big, 129, &why), -1);
	EQ(acks_add_line(a, "B\0C", 3, &why), -1);
	EQ(acks_add_line(a, big, 128, &why), 0);
	EQ(acks_count(a), 2);
	acks_begin(a, NOW);
	acks_stats(a, &s);
	EQ(s.refused, sizeof(bad) / sizeof(bad[0]) + 3);
	acks_free(a);
}

static void
any_of_many_ids_is_found_and_no_other(void **state)
{
	struct acks	*a = acks_new(ME);
	char		 id[16];

	(void)state;
	CHECK(acks_find(a, "1", 1) == NULL);
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		EQ(acks_add(a, id, BOB, "", 0, &why), 0);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		STREQ(acks_find(a, id, strlen(id))->id, id);
	}
	CHECK(acks_find(a, "1000", 4) == NULL);
	STREQ(acks_find(a, "999x", 3)->id, "999");
	acks_free(a);
}

static void
never_acked(void *arg, const uint8_t *p, size_t n, size_t which)
{
	(void)which;
	EQ(acks_file(arg, acks_at(arg, 0), BOB, p, n, 1), ACK_CORRUPT);
}

static void
a_response_cut_anywhere_is_corrupt(void **state)
{
	struct acks	*a = waiting("A\t" BOB);
	const char	*s = reply("A", BOB, 200);

	(void)state;
	mangle_cut((const uint8_t *)s, strlen(s), never_acked, a);
	acks_free(a);
}

static void
a_response_with_a_bit_flipped_is_no_other_answer(void **state)
{
	struct acks	*a = waiting("A\t" BOB);
	const char	*s = reply("A", BOB, 200);
	size_t		 n = strlen(s);
	char		 copy[sizeof(text)];

	(void)state;
	for (size_t i = 0; i < n * 8; i++) {
		memcpy(copy, s, n);
		copy[i / 8] ^= (char)(1 << i % 8);
		acks_begin(a, NOW);
		acks_file(a, acks_at(a, 0), BOB, copy, n, 1);
		acks_end(a);
	}
	acks_free(a);
}

static void
without_memory_nothing_is_decided(void **state)
{
	struct acks	*a;
	bool		 done = false;

	(void)state;
	for (size_t i = 1; !done; i++) {
		reply("A", BOB, 200);
		oom_after(i);
		a = acks_new(ME);
		if (a != NULL && acks_add(a, "A", "", "m", 0, &why) == 0) {
			acks_begin(a, NOW);
			input(a, text);
			acks_end(a);
			done = !oom_hit();
			oom_after(0);
			if (done)
				EQ(acks_at(a, 0)->ack, ACK_ACKED);
		}
		oom_after(0);
		acks_free(a);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(status_200_acknowledges_and_any_other_fails),
		cmocka_unit_test(another_id_or_sender_is_a_mismatch),
		cmocka_unit_test(
		    an_unknown_recipient_must_be_the_owner_of_the_tree),
		cmocka_unit_test(an_envelope_is_judged_by_its_header),
		cmocka_unit_test(a_corrupt_file_is_loud_once_per_content),
		cmocka_unit_test(
		    after_a_day_without_an_answer_a_request_is_expired),
		cmocka_unit_test(a_bad_line_is_refused_with_its_reason),
		cmocka_unit_test(any_of_many_ids_is_found_and_no_other),
		cmocka_unit_test(a_response_cut_anywhere_is_corrupt),
		cmocka_unit_test(
		    a_response_with_a_bit_flipped_is_no_other_answer),
		cmocka_unit_test(without_memory_nothing_is_decided),
	};

	return RUN(tests);
}
