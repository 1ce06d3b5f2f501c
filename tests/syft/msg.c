#include "support/test.h"

#include "support/hex.h"
#include "support/mangle.h"
#include "support/oom.h"
#include "syft/msg.h"
#include "vectors/msg.h"

enum { ROOM = 12 << 20 };

static struct msg_decoder	*decoder;
static uint8_t			*room;

static int
set_up(void **state)
{
	(void)state;
	decoder = msg_decoder_new();
	room = malloc(ROOM);
	return decoder == NULL || room == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	msg_decoder_free(decoder);
	free(room);
	return 0;
}

/* Encode into room, which must take no more than was promised. */
static size_t
encode(enum msg_encoding e, const struct msg *m)
{
	struct wr	 w = wr_of(room, ROOM);

	msg_encode(&w, e, m);
	CHECK(!wr_bad(&w));
	CHECK(w.n <= msg_encoded_max(e, m));
	return w.n;
}

static void
expect_json(const struct msg *m, const char *json)
{
	size_t		 n = encode(MSG_JSON, m);

	EQ(n, strlen(json));
	MEMEQ(room, json, n);
}

static int
decode(struct msg *m, bool text, const void *p, size_t n)
{
	return msg_decode(decoder, m, text, p, n);
}

static void
check_vector(const struct msg_vector *v)
{
	struct msg	 m;
	size_t		 n;
	uint8_t		*p = from_hex(v->hex, &n);

	EQ(decode(&m, false, p, n), 0);
	expect_json(&m, v->json);
	EQ(decode(&m, true, v->json, strlen(v->json)), 0);
	expect_json(&m, v->json);
	free(p);
}

static void
every_message_of_the_go_server_is_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(go_vectors) / sizeof(go_vectors[0]); i++)
		check_vector(&go_vectors[i]);
}

static void
every_message_of_the_rust_client_is_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rust_vectors) / sizeof(rust_vectors[0]);
	    i++)
		check_vector(&rust_vectors[i]);
}

static void
what_is_encoded_is_the_shortest_form_byte_for_byte(void **state)
{
	struct msg	 m;
	size_t		 n, len;
	uint8_t		*p;

	(void)state;
	for (size_t i = 0; i < sizeof(short_vectors) / sizeof(short_vectors[0]);
	    i++) {
		check_vector(&short_vectors[i]);
		p = from_hex(short_vectors[i].hex, &n);
		EQ(decode(&m, false, p, n), 0);
		len = encode(MSG_MSGPACK, &m);
		EQ(len, n);
		MEMEQ(room, p, n);
		free(p);
	}
}

static void
the_fields_of_data_are_where_they_belong(void **state)
{
	struct msg	 m;
	size_t		 n;
	uint8_t		*p = from_hex(short_vectors[4].hex, &n);

	(void)state;
	EQ(decode(&m, false, p, n), 0);
	EQ(m.type, MSG_DATA);
	EQ(m.seq, 300);
	CHECK(span_is(m.id, "0000a1"));
	CHECK(span_is(m.sid, "6f1a2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b"));
	CHECK(span_is(m.path, "a@x.io/p/0_to_1/stream.tcp.request"));
	CHECK(span_is(m.etag, "6f1a2b3c-300"));
	EQ(m.payload.n, 4);
	MEMEQ(m.payload.p, "\0\1\2\xff", 4);
	EQ(m.to.n, 0);
	free(p);
}

static void
older_bodies_use_their_long_names_in_msgpack(void **state)
{
	struct msg	 m = { .type = MSG_ACK }, out;
	size_t		 n;

	(void)state;
	m.id = span_of("0000a1");
	m.ref = span_of("deadbe");
	n = encode(MSG_MSGPACK, &m);
	MEMEQ(room + n - 18, "\xaaOriginalId\xa6" "deadbe", 18);
	EQ(decode(&out, false, room, n), 0);
	CHECK(span_is(out.ref, "deadbe"));

	m.type = MSG_NACK;
	m.error = span_of("no");
	n = encode(MSG_MSGPACK, &m);
	EQ(decode(&out, false, room, n), 0);
	CHECK(span_is(out.error, "no"));
}

/* An envelope of Open around a body given as hex. */
static int
decode_open(struct msg *m, const char *body)
{
	static const char	 head[] =
	    "\x53\x42\1\1\x83\xa2id\xa1x\xa3typ\x09"
	    "\xa3" "dat\xc4";
	uint8_t			 b[512], *p;
	size_t			 n;

	p = from_hex(body, &n);
	memcpy(b, head, sizeof(head) - 1);
	b[sizeof(head) - 1] = (uint8_t)n;
	memcpy(b + sizeof(head), p, n);
	free(p);
	/* Not on the stack after this: spans point into it. */
	memcpy(room, b, sizeof(head) + n);
	return decode(m, false, room, sizeof(head) + n);
}

static void
a_nil_option_is_an_absent_one(void **state)
{
	struct msg	 m;

	(void)state;
	EQ(decode_open(&m, "82a3736964a3616263a366726dc0"), 0);
	CHECK(span_is(m.sid, "abc"));
	EQ(m.from.n, 0);
}

static void
unknown_keys_are_skipped_whatever_they_hold(void **state)
{
	struct msg	 m;

	(void)state;
	EQ(decode_open(&m, "82a3787878929192c0c3c1a3736964a3616263"), -1);
	EQ(decode_open(&m, "8305c3a3787878929192c0c307a3736964a3616263"), 0);
	CHECK(span_is(m.sid, "abc"));
}

static void
text_may_come_as_binary(void **state)
{
	struct msg	 m;

	(void)state;
	EQ(decode_open(&m, "81a3736964c403616263"), 0);
	CHECK(span_is(m.sid, "abc"));
}

static void
text_that_is_not_utf8_is_refused(void **state)
{
	struct msg	 m;

	(void)state;
	EQ(decode_open(&m, "81a3736964a3ff6263"), -1);
	EQ(decode_open(&m, "81a3736964c403eda080"), -1);
}

static void
a_number_where_text_belongs_is_refused(void **state)
{
	struct msg	 m;

	(void)state;
	EQ(decode_open(&m, "81a373696405"), -1);
	EQ(decode_open(&m, "81a37369649161"), -1);
}

#define HEAD	"53420101"

static int
decode_hex(struct msg *m, const char *hex)
{
	size_t		 n;
	uint8_t		*p = from_hex(hex, &n);

	memcpy(room, p, n);
	free(p);
	return decode(m, false, room, n);
}

static void
bytes_may_come_as_text_or_as_an_array_of_numbers(void **state)
{
	struct msg	 m;

	(void)state;
	EQ(decode_hex(&m, HEAD "82a37479700ca3646174c40981a3706179a3616263"),
	    0);
	MEMEQ(m.payload.p, "abc", 3);
	EQ(decode_hex(&m,
	    HEAD "82a37479700ca3646174c40981a3706179930061cc" "ff"),
	    -1);	/* the binary ends inside the array */
	EQ(decode_hex(&m, HEAD "82a37479700ca3646174c40a81a3706179930061ccff"),
	    0);
	EQ(m.payload.n, 3);
	MEMEQ(m.payload.p, "\0a\xff", 3);
	EQ(decode_hex(&m,
	    HEAD "82a37479700ca3646174c40b81a3706179930061cd0100"),
	    -1);
}

static void
the_keys_of_a_message_come_in_any_order(void **state)
{
	struct msg	 m;

	(void)state;
	EQ(decode_hex(&m, HEAD "83a3646174c40981a3736964a3616263a37479700a"
	    "a26964a178"), 0);
	EQ(m.type, MSG_ACCEPT);
	CHECK(span_is(m.sid, "abc"));
	CHECK(span_is(m.id, "x"));
}

static void
a_type_we_do_not_use_is_its_type_and_id(void **state)
{
	struct msg	 m;

	(void)state;
	EQ(decode_hex(&m, HEAD "83a26964a178a3747970cd0006a3646174c403c1c1c1"),
	    0);
	EQ(m.type, MSG_HTTP);
	CHECK(span_is(m.id, "x"));
	EQ(decode_hex(&m, HEAD "82a3747970cdffffa3646174c0"), 0);
	EQ(m.type, 65535);
	EQ(decode(&m, true, "{\"id\":\"x\",\"typ\":77,\"dat\":[1]}", 29), 0);
	EQ(m.type, 77);
}

static void
an_envelope_of_another_kind_is_refused(void **state)
{
	struct msg	 m;

	(void)state;
	EQ(decode_hex(&m, HEAD "81a3747970" "0a"), 0);
	EQ(decode_hex(&m, "5342020181a37479700a"), -1);
	EQ(decode_hex(&m, "5342010281a37479700a"), -1);
	EQ(decode_hex(&m, "5343010181a37479700a"), -1);
	EQ(decode_hex(&m, HEAD "81a3747970ce00010000"), -1);
	EQ(decode_hex(&m, HEAD "81a3747970ff"), -1);
	EQ(decode_hex(&m, HEAD "80"), -1);
	EQ(decode_hex(&m, HEAD "90"), -1);
	EQ(decode_hex(&m, HEAD "81a37479700a00"), -1);	/* and more */
	EQ(decode_hex(&m, ""), -1);
}

static void
json_in_a_binary_frame_is_understood(void **state)
{
	struct msg	 m;
	static const char	 b[] =
	    "SB\1\0{\"typ\":10,\"dat\":{\"sid\":\"abc\"}}";

	(void)state;
	EQ(decode(&m, false, b, sizeof(b) - 1), 0);
	CHECK(span_is(m.sid, "abc"));
	EQ(decode(&m, false, b, 4), -1);
}

static int
decode_text(struct msg *m, const char *json)
{
	return decode(m, true, json, strlen(json));
}

static void
json_bytes_may_be_an_array_of_numbers(void **state)
{
	struct msg	 m;

	(void)state;
	EQ(decode_text(&m, "{\"typ\":12,\"dat\":{\"pay\":[0,97,255]}}"), 0);
	EQ(m.payload.n, 3);
	MEMEQ(m.payload.p, "\0a\xff", 3);
	EQ(decode_text(&m, "{\"typ\":12,\"dat\":{\"pay\":[256]}}"), -1);
	EQ(decode_text(&m, "{\"typ\":12,\"dat\":{\"pay\":[-1]}}"), -1);
	EQ(decode_text(&m, "{\"typ\":12,\"dat\":{\"pay\":[\"a\"]}}"), -1);
	EQ(decode_text(&m, "{\"typ\":12,\"dat\":{\"pay\":[]}}"), 0);
	EQ(m.payload.n, 0);
}

static void
hostile_json_is_refused(void **state)
{
	static const char *const	 bad[] = {
		"", "{", "[]", "null", "{\"typ\":10} x", "{\"typ\":\"10\"}",
		"{\"typ\":65536}", "{\"typ\":-1}", "{\"typ\":1e1}",
		    "{\"id\":\"x\"}",
		"{\"typ\":10,\"id\":7}",
		"{\"typ\":10,\"typ\":10}",
		"{\"typ\":10,\"dat\":{\"sid\":\"a\",\"sid\":\"b\"}}",
		"{\"typ\":10,\"dat\":{\"sid\":\"a\\u0000b\"}}",
		"{\"typ\":10,\"dat\":{\"sid\":\"\xff\"}}",
		"{\"typ\":10,\"dat\":{\"sid\":\"\\ud800\"}}",
		"{\"typ\":10,\"dat\":{\"sid\":7}}",
		"{\"typ\":10,\"dat\":[]}", "{\"typ\":10,\"dat\":\"{}\"}",
		"{\"typ\":12,\"dat\":{\"seq\":-1}}",
		"{\"typ\":12,\"dat\":{\"seq\":1.5}}",
		"{\"typ\":12,\"dat\":{\"seq\":99999999999999999999999}}",
		"{\"typ\":12,\"dat\":{\"pay\":\"a\"}}",
		"{\"typ\":12,\"dat\":{\"pay\":\"a===\"}}",
		"{\"typ\":12,\"dat\":{\"pay\":7}}",
		"{\"typ\":10,\"x\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}",
	};
	struct msg	 m;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EQ(decode_text(&m, bad[i]), -1);
}

static void
json_with_more_values_than_any_message_is_refused(void **state)
{
	struct msg	 m;
	size_t		 n = 0;

	(void)state;
	n += (size_t)sprintf((char *)room, "{\"typ\":12,\"x\":[0");
	for (size_t i = 0; i < 100000; i++, n += 2)
		memcpy(room + n, ",0", 2);
	memcpy(room + n, "]}", 2);
	EQ(decode(&m, true, room, n + 2), -1);
}

static void
text_is_escaped_and_repaired_for_json(void **state)
{
	struct msg	 m = { .type = MSG_SIGNAL }, out;
	size_t		 n;

	(void)state;
	m.sid = span_of("s");
	m.kind = span_of("k");
	m.error = span_of("\"\\\n\x01\xc3\xa9\xff");
	n = encode(MSG_JSON, &m);
	EQ(decode(&out, true, room, n), 0);
	CHECK(span_is(out.error, "\"\\\n\x01\xc3\xa9\xef\xbf\xbd"));
}

static void
is_refused(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct msg	 m;

	(void)which;
	EQ(decode(&m, *(bool *)arg, p, n), -1);
}

static void
is_survived(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct msg	 m;
	struct wr	 w = wr_of(NULL, 0);

	(void)which;
	if (decode(&m, *(bool *)arg, p, n) == 0)
		msg_encode(&w, MSG_JSON, &m);
}

static void
a_message_cut_anywhere_is_refused(void **state)
{
	bool		 text = false;
	size_t		 n;
	uint8_t		*p;

	(void)state;
	for (size_t i = 0; i < sizeof(go_vectors) / sizeof(go_vectors[0]);
	    i++) {
		p = from_hex(go_vectors[i].hex, &n);
		text = false;
		mangle_cut(p, n, is_refused, &text);
		mangle_flip(p, n, is_survived, &text);
		free(p);
		text = true;
		mangle_cut((const uint8_t *)go_vectors[i].json,
		    strlen(go_vectors[i].json), is_refused, &text);
		mangle_flip((const uint8_t *)go_vectors[i].json,
		    strlen(go_vectors[i].json), is_survived, &text);
	}
}

static void
eight_mebibytes_go_through_either_encoding(void **state)
{
	enum { N = 8 << 20 };
	uint8_t		*big = malloc(N), *copy = malloc(ROOM);
	struct msg	 m = { .type = MSG_DATA, .seq = 1 }, out;
	size_t		 n;

	(void)state;
	for (size_t i = 0; i < N; i++)
		big[i] = (uint8_t)(i * 7 >> 3);
	m.sid = m.path = span_of("x");
	m.payload.p = big;
	m.payload.n = N;
	for (int e = MSG_JSON; e <= MSG_MSGPACK; e++) {
		n = encode((enum msg_encoding)e, &m);
		memcpy(copy, room, n);
		EQ(decode(&out, e == MSG_JSON, copy, n), 0);
		EQ(out.payload.n, N);
		MEMEQ(out.payload.p, big, N);
	}
	free(big);
	free(copy);
}

static void
without_memory_a_message_is_refused_and_nothing_leaks(void **state)
{
	static const char	 text[] =
	    "{\"typ\":12,\"dat\":{\"sid\":\"abcdefgh\",\"pay\":\"aGVsbG8=\"}}";
	struct msg_decoder	*d;
	struct msg		 m;
	int			 rc = -1;

	(void)state;
	for (size_t i = 1; rc < 0; i++) {
		CHECK(i < 1000);
		oom_after(i);
		d = msg_decoder_new();
		if (d != NULL)
			rc = msg_decode(d, &m, true, (const uint8_t *)text,
			    sizeof(text) - 1);
		if (rc == 0 && oom_hit())
			rc = -1;
		oom_after(0);
		msg_decoder_free(d);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(every_message_of_the_go_server_is_understood),
		cmocka_unit_test(every_message_of_the_rust_client_is_understood),
		cmocka_unit_test(what_is_encoded_is_the_shortest_form_byte_for_byte),
		cmocka_unit_test(the_fields_of_data_are_where_they_belong),
		cmocka_unit_test(older_bodies_use_their_long_names_in_msgpack),
		cmocka_unit_test(a_nil_option_is_an_absent_one),
		cmocka_unit_test(unknown_keys_are_skipped_whatever_they_hold),
		cmocka_unit_test(text_may_come_as_binary),
		cmocka_unit_test(text_that_is_not_utf8_is_refused),
		cmocka_unit_test(a_number_where_text_belongs_is_refused),
		cmocka_unit_test(bytes_may_come_as_text_or_as_an_array_of_numbers),
		cmocka_unit_test(the_keys_of_a_message_come_in_any_order),
		cmocka_unit_test(a_type_we_do_not_use_is_its_type_and_id),
		cmocka_unit_test(an_envelope_of_another_kind_is_refused),
		cmocka_unit_test(json_in_a_binary_frame_is_understood),
		cmocka_unit_test(json_bytes_may_be_an_array_of_numbers),
		cmocka_unit_test(hostile_json_is_refused),
		cmocka_unit_test(json_with_more_values_than_any_message_is_refused),
		cmocka_unit_test(text_is_escaped_and_repaired_for_json),
		cmocka_unit_test(a_message_cut_anywhere_is_refused),
		cmocka_unit_test(eight_mebibytes_go_through_either_encoding),
		cmocka_unit_test(without_memory_a_message_is_refused_and_nothing_leaks),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
