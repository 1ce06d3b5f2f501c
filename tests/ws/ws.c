#include "ws/rig.h"

static void
messages_of_every_length_form_cross_both_ways(void **state)
{
	static const size_t	 len[] = { 0, 1, 7, 125, 126, 127, 65535,
	    65536, 200000, WS_MESSAGE_MAX };
	uint8_t			*b = malloc(WS_MESSAGE_MAX);
	struct ws		*side[2], *from, *to;
	struct ws_event		 ev;
	struct span		 s;

	(void)state;
	for (size_t i = 0; i < WS_MESSAGE_MAX; i++)
		b[i] = (uint8_t)(i * 131 >> 3);
	open_pair(&side[0], &side[1]);
	for (size_t i = 0; i < 2 * sizeof(len) / sizeof(len[0]); i++) {
		from = side[i & 1];
		to = side[~i & 1];
		CHECK(ws_send(from, false, b, len[i / 2]));
		while ((s = ws_output(from)).n > 0) {
			s.n = s.n < 70000 ? s.n : 70000;
			ws_input(to, 0, s.p, s.n);
			ws_sent(from, s.n);
		}
		CHECK(ws_event(to, &ev));
		EQ(ev.type, WS_EV_MESSAGE);
		CHECK(!ev.text);
		EQ(ev.data.n, len[i / 2]);
		if (ev.data.n > 0)
			MEMEQ(ev.data.p, b, ev.data.n);
		CHECK(!ws_event(to, &ev));
	}
	ws_free(side[0]);
	ws_free(side[1]);
	free(b);
}


static void
a_client_masks_every_frame_with_another_mask(void **state)
{
	struct ws	*a, *b;
	struct span	 s;
	uint8_t		 seen[200][4];

	(void)state;
	open_pair(&a, &b);
	for (size_t i = 0; i < 200; i++) {
		CHECK(ws_send(a, false, "\0\0\0\0", 4));
		s = ws_output(a);
		EQ(s.n, 10);
		EQ(s.p[1], 0x80 | 4);
		MEMEQ(s.p + 2, s.p + 6, 4);	/* zeros show the mask */
		memcpy(seen[i], s.p + 2, 4);
		for (size_t j = 0; j < i; j++)
			CHECK(memcmp(seen[i], seen[j], 4) != 0);
		skip_output(a);
	}
	ws_free(a);
	ws_free(b);
}


/* One stream with everything in it; its transcript whatever the split. */
static size_t
mixture(uint8_t *b)
{
	size_t	 n = 0;

	n += puts_frame(b + n, 0x81, "text");
	n += puts_frame(b + n, 0x01, "fr\xc3");
	n += puts_frame(b + n, 0x89, "ping");
	n += puts_frame(b + n, 0x00, "");
	n += puts_frame(b + n, 0x8a, "pong");
	n += puts_frame(b + n, 0x00, "\xa9 agm");
	n += puts_frame(b + n, 0x80, "ents");
	n += puts_frame(b + n, 0x82, "");
	n += puts_frame(b + n, 0x02, "");
	n += puts_frame(b + n, 0x80, "");
	n += puts_frame(b + n, 0x82, "0123456789 0123456789");
	n += puts_frame(b + n, 0x88, "\x03\xe8" "bye");
	return n;
}

#define MIXTURE	"message/text0(text) pong0(pong) " \
	"message/text0(fr\xc3\xa9 agments) message0() message0() " \
	"message0(0123456789 0123456789) closed1000(bye) "

static void
a_stream_is_understood_at_every_split(void **state)
{
	uint8_t	 b[256];
	size_t	 n = mixture(b);

	(void)state;
	for (size_t i = 0; i <= n; i++) {
		struct ws	*w = open_server();
		struct notes	 t = { "", 0 };
		struct span	 s;

		if (i > 0)
			feed(w, b, i, &t);
		if (i < n)
			feed(w, b + i, n - i, &t);
		STREQ(t.text, MIXTURE);
		s = ws_output(w);
		EQ(s.n, 6 + 4);
		MEMEQ(s.p, "\x8a\x04ping\x88\x02\x03\xe8", 10);
		ws_free(w);
	}
}


static void
a_stream_is_understood_byte_by_byte(void **state)
{
	struct ws	*w = open_server();
	struct notes	 t = { "", 0 };
	uint8_t		 b[256];
	size_t		 n = mixture(b);

	(void)state;
	for (size_t i = 0; i < n; i++)
		feed(w, b + i, 1, &t);
	STREQ(t.text, MIXTURE);
	ws_free(w);
}


static void
cut_stream(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct ws	*w = open_server();
	struct notes	 t = { "", 0 };

	(void)arg;
	(void)which;
	if (n > 0)
		feed(w, p, n, &t);
	feed(w, NULL, 0, &t);
	CHECK(strncmp(t.text, MIXTURE, t.n - strlen("closed1006(connection "
	    "ended) ")) == 0);
	CHECK(strstr(t.text, "closed1006(connection ended) ") != NULL);
	EQ(ws_state(w), WS_CLOSED);
	ws_free(w);
}

static void
a_stream_cut_anywhere_gives_what_came_and_then_its_end(void **state)
{
	uint8_t	 b[256];
	size_t	 n = mixture(b);

	(void)state;
	mangle_cut(b, n, cut_stream, NULL);
}


static void
flipped_stream(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct ws	*w = open_server();
	struct notes	 t = { "", 0 };

	(void)arg;
	(void)which;
	feed(w, p, n, &t);
	feed(w, NULL, 0, &t);
	CHECK(strstr(t.text, "closed") != NULL);
	CHECK(strstr(strstr(t.text, "closed") + 1, "closed") == NULL);
	ws_free(w);
}

static void
a_stream_with_any_bit_flipped_ends_and_only_once(void **state)
{
	uint8_t	 b[256];
	size_t	 n = mixture(b);

	(void)state;
	mangle_flip(b, n, flipped_stream, NULL);
}


static void
a_message_in_any_number_of_fragments_comes_whole(void **state)
{
	uint8_t	 all[600], b[8192];

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)(i * 7 + 1);
	for (size_t size = 1; size <= sizeof(all); size += size / 8 + 1) {
		struct ws	*w = open_server();
		struct ws_event	 ev;
		size_t		 n = 0, part;

		for (size_t at = 0; at < sizeof(all); at += part) {
			part = sizeof(all) - at;
			part = part < size ? part : size;
			n += put(b + n, (at == 0 ? 2u : 0u) |
			    (at + part == sizeof(all) ? 0x80 : 0), all + at,
			    part);
		}
		ws_input(w, 0, b, n);
		CHECK(ws_event(w, &ev));
		EQ(ev.data.n, sizeof(all));
		MEMEQ(ev.data.p, all, sizeof(all));
		ws_free(w);
	}
}


static void
violations_end_with_1002(void **state)
{
	static const struct {
		unsigned	 op[2];
		const char	*why;
	} bad[] = {
		{ { 0x80, 0 }, "closed1002(continuation of nothing) " },
		{ { 0x00, 0 }, "closed1002(continuation of nothing) " },
		{ { 0x01, 0x81 }, "closed1002(message inside a message) " },
		{ { 0x02, 0x02 }, "closed1002(message inside a message) " },
		{ { 0x09, 0 }, "closed1002(bad frame) " },
		{ { 0x83, 0 }, "closed1002(bad frame) " },
		{ { 0x8b, 0 }, "closed1002(bad frame) " },
		{ { 0xc1, 0 }, "closed1002(bad frame) " },
		{ { 0xa1, 0 }, "closed1002(bad frame) " },
		{ { 0x91, 0 }, "closed1002(bad frame) " },
	};
	uint8_t	 b[64];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t	 n = puts_frame(b, bad[i].op[0], "x");

		if (bad[i].op[1] != 0)
			n += puts_frame(b + n, bad[i].op[1], "y");
		expect(b, n, bad[i].why);
	}
}


static void
a_violation_is_told_and_nothing_after_it_is_read(void **state)
{
	struct ws	*w = open_server();
	struct notes	 t = { "", 0 };
	uint8_t		 b[64];
	size_t		 n = puts_frame(b, 0x80, "x");

	(void)state;
	n += puts_frame(b + n, 0x81, "never seen");
	feed(w, b, n, &t);
	STREQ(t.text, "closed1002(continuation of nothing) ");
	MEMEQ(ws_output(w).p + 2, "\x03\xea" "continuation", 14);
	feed(w, b, n, &t);
	feed(w, NULL, 0, &t);
	STREQ(t.text, "closed1002(continuation of nothing) ");
	CHECK(!ws_send(w, true, "x", 1));
	EQ(ws_room(w), 0);
	ws_free(w);
}


static void
masks_are_demanded_of_clients_and_refused_from_servers(void **state)
{
	struct ws	*a, *b;
	struct notes	 t = { "", 0 };
	uint8_t		 m[16];

	(void)state;
	expect((const uint8_t *)"\x81\x01x", 3,
	    "closed1002(frame without a mask) ");
	open_pair(&a, &b);
	feed(a, m, puts_frame(m, 0x81, "x"), &t);
	STREQ(t.text, "closed1002(masked frame) ");
	ws_free(a);
	ws_free(b);
}


static void
text_that_is_not_utf8_ends_with_1007_as_soon_as_it_is_seen(void **state)
{
	static const char	 why[] = "closed1007(text is not UTF-8) ";
	uint8_t			 b[64];
	size_t			 n;

	(void)state;
	expect(b, puts_frame(b, 0x81, "a\xff"), why);
	expect(b, puts_frame(b, 0x81, "a\xc3"), why);
	expect(b, puts_frame(b, 0x81, "\xed\xa0\x80"), why);
	expect(b, puts_frame(b, 0x01, "a\xff"), why);
	n = puts_frame(b, 0x81, "a\xff and the rest of it");
	expect(b, 8, why);		/* the rest has not come */
	n = puts_frame(b, 0x01, "\xc3");
	n += puts_frame(b + n, 0x80, "x");
	expect(b, n, why);
	expect(b, puts_frame(b, 0x82, "\xff"), "message0(\xff) ");
}


static void
a_message_over_the_limit_ends_with_1009_before_it_comes(void **state)
{
	struct ws_frame	 f = { true, true, WS_OP_BINARY, { 0 },
	    WS_MESSAGE_MAX + 1 };
	struct ws	*w;
	struct notes	 t = { "", 0 };
	uint8_t		 b[64], *big = calloc(1, WS_MESSAGE_MAX + 32);
	size_t		 n;

	(void)state;
	expect(b, ws_frame_encode(b, &f), "closed1009(message too large) ");
	w = open_server();
	n = put(big, 0x02, big + 20, WS_MESSAGE_MAX);
	ws_input(w, 0, big, n);
	feed(w, b, puts_frame(b, 0x00, ""), &t);
	STREQ(t.text, "");
	feed(w, b, puts_frame(b, 0x80, "x"), &t);
	STREQ(t.text, "closed1009(message too large) ");
	ws_free(w);
	free(big);
}


static void
close_frames_are_judged(void **state)
{
	static const struct {
		const char	*payload;
		size_t		 n;
		const char	*event;
	} c[] = {
		{ "", 0, "closed1005() " },
		{ "\x03", 1, "closed1002(bad close frame) " },
		{ "\x03\xe8", 2, "closed1000() " },
		{ "\x03\xe7", 2, "closed1002(bad close frame) " },
		{ "\x03\xec", 2, "closed1002(bad close frame) " },
		{ "\x03\xed", 2, "closed1002(bad close frame) " },
		{ "\x03\xee", 2, "closed1002(bad close frame) " },
		{ "\x03\xf7", 2, "closed1002(bad close frame) " },
		{ "\x0b\xb7", 2, "closed1002(bad close frame) " },
		{ "\x0b\xb8x", 3, "closed3000(x) " },
		{ "\x13\x87", 2, "closed4999() " },
		{ "\x13\x88", 2, "closed1002(bad close frame) " },
		{ "\x03\xe8\xff", 3, "closed1007(close reason is not UTF-8) " },
	};
	uint8_t	 b[64];

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++)
		expect(b, put(b, 0x88, c[i].payload, c[i].n), c[i].event);
}


static void
our_close_waits_for_theirs(void **state)
{
	struct ws	*a, *b;
	struct notes	 ta = { "", 0 }, tb = { "", 0 };

	(void)state;
	open_pair(&a, &b);
	CHECK(ws_send(b, true, "on its way", 10));
	ws_close(a, 1001, "going");
	EQ(ws_state(a), WS_CLOSING);
	CHECK(!ws_send(a, true, "x", 1));
	pump(a, b, &ta, &tb);
	STREQ(tb.text, "closed1001(going) ");
	STREQ(ta.text, "closed1001() ");
	EQ(ws_state(a), WS_CLOSED);
	EQ(ws_state(b), WS_CLOSED);
	ws_free(a);
	ws_free(b);
}


static void
a_long_reason_is_cut_between_characters(void **state)
{
	struct ws	*w = open_server();
	char		 why[200];
	struct span	 s;

	(void)state;
	memset(why, 'a', sizeof(why));
	memcpy(why + 121, "\xf0\x9f\x98\x80", 5);
	ws_close(w, 1000, why);
	s = ws_output(w);
	EQ(s.n, 2 + 2 + 121);
	ws_free(w);
}


static void
pings_are_answered_with_their_payload_also_in_mid_message(void **state)
{
	struct ws	*w = open_server();
	struct notes	 t = { "", 0 };
	uint8_t		 b[400], big[125];
	size_t		 n = puts_frame(b, 0x01, "a");

	(void)state;
	memset(big, 'p', sizeof(big));
	n += put(b + n, 0x89, big, 125);
	n += puts_frame(b + n, 0x80, "b");
	feed(w, b, n, &t);
	STREQ(t.text, "message/text0(ab) ");
	EQ(ws_output(w).n, 127);
	MEMEQ(ws_output(w).p, "\x8a\x7d", 2);
	MEMEQ(ws_output(w).p + 2, big, 125);
	ws_free(w);
}


static void
a_flood_of_pings_makes_bounded_output(void **state)
{
	struct ws	*w = open_server();
	struct notes	 t = { "", 0 };
	uint8_t		 b[32];
	size_t		 n = puts_frame(b, 0x89, "flood"), most;

	(void)state;
	for (size_t i = 0; i < 10000; i++)
		feed(w, b, n, &t);
	most = ws_queued(w);
	CHECK(most < 8192);
	skip_output(w);
	feed(w, b, n, &t);
	EQ(ws_queued(w), 7);
	ws_free(w);
}


static void
our_ping_is_answered(void **state)
{
	struct ws	*a, *b;
	struct notes	 ta = { "", 0 }, tb = { "", 0 };

	(void)state;
	open_pair(&a, &b);
	ws_ping(a);
	pump(a, b, &ta, &tb);
	STREQ(ta.text, "pong0() ");
	STREQ(tb.text, "");
	ws_free(a);
	ws_free(b);
}


static void
output_is_whole_or_not_at_all_and_bounded(void **state)
{
	struct ws	*w = open_server();
	uint8_t		*b = calloc(1, WS_MESSAGE_MAX);
	size_t		 room = ws_room(w), queued;

	(void)state;
	EQ(room, WS_MESSAGE_MAX);
	CHECK(!ws_send(w, false, b, WS_MESSAGE_MAX + 1));
	CHECK(ws_send(w, false, b, room));
	queued = ws_queued(w);
	room = ws_room(w);
	CHECK(room < WS_MESSAGE_MAX);
	CHECK(!ws_send(w, false, b, room + 1));
	EQ(ws_queued(w), queued);
	CHECK(ws_send(w, false, b, room));
	CHECK(ws_queued(w) <= WS_OUTPUT_MAX);
	EQ(ws_room(w), 0);
	ws_sent(w, 100000);
	CHECK(ws_room(w) > 0);
	ws_free(w);
	free(b);
}


static void
an_event_not_taken_stops_the_reading_and_keeps_the_rest(void **state)
{
	struct ws	*w = open_server();
	struct ws_event	 ev;
	uint8_t		 b[64];
	size_t		 n = puts_frame(b, 0x81, "one");

	(void)state;
	n += puts_frame(b + n, 0x81, "two");
	CHECK(ws_wants_input(w));
	ws_input(w, 0, b, n);
	CHECK(!ws_wants_input(w));
	for (size_t i = 0; i < 5000; i++)	/* who reads on loses nothing */
		ws_input(w, 0, b, n);
	for (size_t i = 0; i < 5001; i++) {
		CHECK(ws_event(w, &ev));
		MEMEQ(ev.data.p, "one", 3);
		CHECK(ws_event(w, &ev));
		MEMEQ(ev.data.p, "two", 3);
	}
	CHECK(!ws_event(w, &ev));
	CHECK(ws_wants_input(w));
	ws_free(w);
}


static void
a_lent_message_stays_while_output_is_written(void **state)
{
	struct ws	*w = open_server();
	struct ws_event	 ev;
	uint8_t		 b[64], big[5000] = { 0 };

	(void)state;
	ws_input(w, 0, b, puts_frame(b, 0x81, "lent"));
	CHECK(ws_event(w, &ev));
	CHECK(ws_send(w, false, big, sizeof(big)));
	skip_output(w);
	ws_ping(w);
	MEMEQ(ev.data.p, "lent", 4);
	ws_free(w);
}


static void
no_failing_allocation_does_harm(void **state)
{
	uint8_t	 b[256], *big = calloc(1, 70000);
	size_t	 n = mixture(b);
	bool	 hit = true;

	(void)state;
	for (size_t nth = 1; hit; nth++) {
		struct ws	*a, *w;
		struct notes	 t = { "", 0 };

		oom_after(nth);
		a = new_client();
		w = ws_server(0);
		if (w != NULL) {
			ws_input(w, 0, (const uint8_t *)REQUEST,
			    strlen(REQUEST));
			drain(w, &t);
			ws_send(w, false, big, 70000);
			ws_input(w, 0, b, n);
			drain(w, &t);
			ws_input(w, 0, NULL, 0);
			drain(w, &t);
			EQ(ws_state(w), WS_CLOSED);
		}
		hit = oom_hit();
		oom_after(0);
		if (!hit)
			STREQ(t.text, "request0() " MIXTURE);
		ws_free(a);
		ws_free(w);
	}
	free(big);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(messages_of_every_length_form_cross_both_ways),
		cmocka_unit_test(a_client_masks_every_frame_with_another_mask),
		cmocka_unit_test(a_stream_is_understood_at_every_split),
		cmocka_unit_test(a_stream_is_understood_byte_by_byte),
		cmocka_unit_test(
		    a_stream_cut_anywhere_gives_what_came_and_then_its_end),
		cmocka_unit_test(
		    a_stream_with_any_bit_flipped_ends_and_only_once),
		cmocka_unit_test(
		    a_message_in_any_number_of_fragments_comes_whole),
		cmocka_unit_test(violations_end_with_1002),
		cmocka_unit_test(
		    a_violation_is_told_and_nothing_after_it_is_read),
		cmocka_unit_test(
		    masks_are_demanded_of_clients_and_refused_from_servers),
		cmocka_unit_test(
		    text_that_is_not_utf8_ends_with_1007_as_soon_as_it_is_seen),
		cmocka_unit_test(
		    a_message_over_the_limit_ends_with_1009_before_it_comes),
		cmocka_unit_test(close_frames_are_judged),
		cmocka_unit_test(our_close_waits_for_theirs),
		cmocka_unit_test(a_long_reason_is_cut_between_characters),
		cmocka_unit_test(
		    pings_are_answered_with_their_payload_also_in_mid_message),
		cmocka_unit_test(a_flood_of_pings_makes_bounded_output),
		cmocka_unit_test(our_ping_is_answered),
		cmocka_unit_test(output_is_whole_or_not_at_all_and_bounded),
		cmocka_unit_test(
		    an_event_not_taken_stops_the_reading_and_keeps_the_rest),
		cmocka_unit_test(a_lent_message_stays_while_output_is_written),
		cmocka_unit_test(no_failing_allocation_does_harm),
	};
	int			 failed;

	rng = rng_seeded("ws", 2);
	failed = RUN(tests);
	rng_free(rng);
	return failed;
}
