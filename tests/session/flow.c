#include "session/flowing.h"

static void
bytes_start_the_next_generation_and_are_sliced(void **state)
{
	struct flow	*f = new_flow(0);
	struct hlnk2	 h;

	(void)state;
	CHECK(flow_idle(f));
	flow_attach(f, T0);
	CHECK(flow_idle(f));
	say(f, T0, "hello");
	CHECK(!flow_idle(f));
	h = data(f, T0, 3);
	EQ(h.generation, 1);
	EQ(h.offset, 0);
	EQ(h.payload.n, 3);
	h = data(f, T0, 3);
	EQ(h.offset, 3);
	MEMEQ(h.payload.p, "lo", 2);
	CHECK(no_data(f, T0));
	flow_free(f);
}

static void
a_frame_not_sent_comes_again(void **state)
{
	struct flow	*f = new_flow(0);
	struct hlnk2	 a, b;

	(void)state;
	flow_attach(f, T0);
	say(f, T0, "hello");
	CHECK(flow_data(f, T0, 3, &a));
	CHECK(flow_data(f, T0, 3, &b));
	CHECK(a.offset == b.offset && a.payload.p == b.payload.p);
	flow_free(f);
}

static void
bytes_stay_until_acknowledged_and_go_again_after_a_rewind(void **state)
{
	struct flow		*f = talking();
	struct flow_stats	 st;
	struct hlnk2		 h;

	(void)state;
	CHECK(give_ack(f, T0, 1, 2, 1 << 20));
	flow_rewind(f, T0);
	h = data(f, T0, 100);
	EQ(h.offset, 2);
	MEMEQ(h.payload.p, "llo", 3);
	CHECK(give_ack(f, T0, 1, 5, 1 << 20));
	flow_rewind(f, T0);
	CHECK(no_data(f, T0));
	flow_stats(f, &st);
	EQ(st.resent_bytes, 3);
	EQ(st.tx_bytes, 5);
	EQ(st.up_bytes, 0);
	flow_free(f);
}

static void
the_limit_of_the_peer_is_respected(void **state)
{
	struct flow	*f = new_flow(0);
	struct span	 s;
	size_t		 n = 0;
	struct hlnk2	 h;

	(void)state;
	flow_attach(f, T0);
	for (int i = 0; i < 2; i++) {
		s = flow_space(f);
		EQ(s.n, FLOW_INITIAL);
		memset(s.p, 'x', s.n);
		flow_filled(f, T0, s.n);
	}
	while (flow_data(f, T0, 5000, &h)) {
		n += h.payload.n;
		flow_sent(f, T0, &h);
	}
	EQ(n, FLOW_INITIAL);
	CHECK(give_ack(f, T0, 1, 0, FLOW_INITIAL + 7));
	EQ(data(f, T0, 5000).payload.n, 7);
	/* A limit never shrinks. */
	CHECK(give_ack(f, T0, 1, 0, 5));
	CHECK(no_data(f, T0));
	CHECK(give_ack(f, T0, 1, 0, FLOW_INITIAL + 8));
	EQ(data(f, T0, 5000).payload.n, 1);
	flow_free(f);
}

/* All that may be read is, and all that may be sent; bytes sent. */
static uint64_t
fill_and_send(struct flow *f)
{
	struct span	 s;
	struct hlnk2	 h;
	uint64_t	 n = 0;

	while ((s = flow_space(f)).n > 0) {
		memset(s.p, 'x', s.n);
		flow_filled(f, T0, s.n);
	}
	for (; flow_data(f, T0, 65535, &h); n += h.payload.n)
		flow_sent(f, T0, &h);
	return n;
}

static void
an_absurd_limit_is_worth_no_more_than_the_window(void **state)
{
	static const uint64_t	 limits[] = { (uint64_t)1 << 63, UINT64_MAX,
				    0, UINT64_MAX - 1, 5 };
	struct flow		*f = new_flow(0);
	struct flow_stats	 st;
	uint64_t		 sent;

	(void)state;
	flow_attach(f, T0);
	sent = fill_and_send(f);
	EQ(sent, FLOW_INITIAL);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		CHECK(give_ack(f, T0, 1, FLOW_INITIAL, limits[i]));
		sent += fill_and_send(f);
		EQ(sent, FLOW_INITIAL + FLOW_WINDOW);
		flow_stats(f, &st);
		EQ(st.up_bytes, FLOW_WINDOW);
	}
	CHECK(!give_ack(f, T0, 1, sent + 1, UINT64_MAX));
	flow_free(f);
}

static void
high_bounds_what_is_read_ahead(void **state)
{
	struct flow_conf	 conf = { .high = 10 };
	struct flow		*f = flow_new(&conf);

	(void)state;
	flow_attach(f, T0);
	EQ(flow_space(f).n, 10);
	say(f, T0, "0123456789");
	EQ(flow_space(f).n, 0);
	data(f, T0, 100);
	CHECK(give_ack(f, T0, 1, 4, 100));
	EQ(flow_space(f).n, 4);
	flow_free(f);
}

static void
a_frame_in_order_is_lent_where_it_lies(void **state)
{
	struct flow		*f = talking();
	struct hlnk2		 h = { .type = HLNK_DATA, .generation = 1 };
	struct flow_event	 ev;
	uint8_t			 b[64];
	struct wr		 w = wr_of(b, sizeof(b));

	(void)state;
	hlnk2_encode_head(&w, &h);
	wr_str(&w, "answer");
	CHECK(flow_input(f, T0, b, w.n));
	CHECK(flow_event(f, T0, &ev));
	EQ(ev.type, FLOW_EV_WRITE);
	CHECK(ev.data.p == b + HLNK2_HEAD);
	EQ(ev.data.n, 6);
	flow_wrote(f, T0, 2);
	memset(b, 0, sizeof(b));
	CHECK(quiet(f, T0));		/* the socket is full: not now */
	EQ(flow_pending(f).n, 4);
	MEMEQ(flow_pending(f).p, "swer", 4);
	flow_wrote(f, T0, 4);
	EQ(flow_pending(f).n, 0);
	flow_free(f);
}

/* A full socket takes nothing of it, and its owner says nothing. */
static void
a_frame_lent_and_not_taken_is_kept(void **state)
{
	struct flow		*f = talking();
	struct hlnk2		 h = { .type = HLNK_DATA, .generation = 1 };
	struct flow_event	 ev;
	uint8_t			 b[64];
	struct wr		 w = wr_of(b, sizeof(b));

	(void)state;
	hlnk2_encode_head(&w, &h);
	wr_str(&w, "answer");
	CHECK(flow_input(f, T0, b, w.n));
	CHECK(flow_event(f, T0, &ev));
	CHECK(quiet(f, T0));
	memset(b, 0, sizeof(b));
	EQ(flow_pending(f).n, 6);
	MEMEQ(flow_pending(f).p, "answer", 6);
	flow_free(f);
}

static void
old_bytes_are_skipped_and_acknowledged_again(void **state)
{
	struct flow		*f = talking();
	struct flow_stats	 st;

	(void)state;
	CHECK(give_data(f, T0, 1, 0, "abc"));
	expect(f, T0, FLOW_EV_WRITE, "abc");
	EQ(control(f, T0).offset, 3);
	CHECK(no_control(f, T0));
	CHECK(give_data(f, T0, 1, 0, "abc"));
	CHECK(quiet(f, T0));
	EQ(control(f, T0).offset, 3);
	CHECK(give_data(f, T0, 1, 1, "bcde"));
	expect(f, T0, FLOW_EV_WRITE, "de");
	flow_stats(f, &st);
	EQ(st.duplicate_bytes, 5);
	EQ(st.rx_bytes, 5);
	flow_free(f);
}

static void
what_is_beyond_a_gap_waits_for_it(void **state)
{
	struct flow	*f = talking();

	(void)state;
	CHECK(give_data(f, T0, 1, 3, "def"));
	CHECK(give_data(f, T0, 1, 7, "hi"));
	CHECK(give_data(f, T0, 1, 4, "ef"));
	CHECK(quiet(f, T0));
	CHECK(give_data(f, T0, 1, 0, "abc"));
	expect(f, T0, FLOW_EV_WRITE, "abcdef");
	CHECK(give_data(f, T0, 1, 5, "fg"));
	expect(f, T0, FLOW_EV_WRITE, "ghi");
	flow_free(f);
}

static void
too_many_gaps_reset_the_link(void **state)
{
	struct flow	*f = talking();
	unsigned	 i;

	(void)state;
	for (i = 1; i <= 32; i++)
		CHECK(give_data(f, T0, 1, 2 * i, "x"));
	CHECK(give_data(f, T0, 1, 6, "x"));
	CHECK(!give_data(f, T0, 1, 2 * i, "x"));
	expect(f, T0, FLOW_EV_RESET, "the transport reorders too much");
	EQ(control(f, T0).type, HLNK_RESET);
	flow_free(f);
}

static void
the_first_bytes_are_acknowledged_at_once_later_ones_in_20_ms(void **state)
{
	struct flow	*f = talking();
	struct hlnk2	 h;

	(void)state;
	CHECK(give_data(f, T0, 1, 0, "abc"));
	expect(f, T0, FLOW_EV_WRITE, "abc");
	h = control(f, T0);
	EQ(h.type, HLNK_ACK);
	CHECK(h.limit == FLOW_INITIAL + 3);
	CHECK(give_data(f, T0, 1, 3, "def"));
	expect(f, T0, FLOW_EV_WRITE, "def");
	CHECK(no_control(f, T0));
	CHECK(flow_deadline(f) == T0 + FLOW_ACK_DELAY);
	CHECK(give_data(f, T0 + 9, 1, 6, "g"));
	expect(f, T0 + 9, FLOW_EV_WRITE, "g");
	CHECK(flow_deadline(f) == T0 + FLOW_ACK_DELAY);
	EQ(control(f, T0 + FLOW_ACK_DELAY).offset, 7);
	CHECK(flow_deadline(f) == NEVER);
	flow_free(f);
}

static void
a_quarter_of_the_window_is_acknowledged_at_once(void **state)
{
	static char	 block[FLOW_INITIAL / 8 + 1];
	struct flow	*f = new_flow(FLOW_INITIAL);
	uint64_t	 at = 1;

	(void)state;
	memset(block, 'x', sizeof(block) - 1);
	flow_attach(f, T0);
	say(f, T0, "x");
	CHECK(give_data(f, T0, 1, 0, "x"));
	expect(f, T0, FLOW_EV_WRITE, "x");
	control(f, T0);
	CHECK(give_data(f, T0, 1, at, block));
	expect(f, T0, FLOW_EV_WRITE, block);
	CHECK(no_control(f, T0));
	at += sizeof(block) - 1;
	CHECK(give_data(f, T0, 1, at, block));
	expect(f, T0, FLOW_EV_WRITE, block);
	EQ(control(f, T0).offset, at + sizeof(block) - 1);
	flow_free(f);
}

static void
a_peer_that_sends_beyond_its_limit_is_reset(void **state)
{
	struct flow		*f = talking();
	struct flow_stats	 st;

	(void)state;
	CHECK(!give_data(f, T0, 1, FLOW_INITIAL, "x"));
	expect(f, T0, FLOW_EV_RESET, "the peer sent beyond its limit");
	EQ(control(f, T0).type, HLNK_RESET);
	flow_stats(f, &st);
	EQ(st.bad_frames, 1);
	CHECK(flow_idle(f));
	flow_free(f);
}

static void
an_offset_that_overflows_is_refused(void **state)
{
	struct flow	*f = talking();

	(void)state;
	CHECK(!give_data(f, T0, 1, UINT64_MAX - 1, "xyz"));
	flow_free(f);
	f = talking();
	CHECK(!give_eof(f, T0, 1, UINT64_MAX));
	flow_free(f);
}

static void
an_ack_of_what_was_not_sent_is_refused(void **state)
{
	struct flow	*f = talking();

	(void)state;
	CHECK(!give_ack(f, T0, 1, 6, 100));
	expect(f, T0, FLOW_EV_RESET, "the peer acknowledged what was not sent");
	flow_free(f);
}

static void
an_end_below_what_was_sent_or_moved_is_refused(void **state)
{
	struct flow	*f = talking();

	(void)state;
	CHECK(give_data(f, T0, 1, 0, "abc"));
	CHECK(!give_eof(f, T0, 1, 2));
	flow_free(f);
	f = talking();
	CHECK(give_eof(f, T0, 1, 9));
	CHECK(!give_eof(f, T0, 1, 8));
	flow_free(f);
	f = talking();
	CHECK(give_eof(f, T0, 1, 2));
	CHECK(!give_data(f, T0, 1, 0, "abc"));
	flow_free(f);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    bytes_start_the_next_generation_and_are_sliced),
		cmocka_unit_test(a_frame_not_sent_comes_again),
		cmocka_unit_test(
		    bytes_stay_until_acknowledged_and_go_again_after_a_rewind),
		cmocka_unit_test(the_limit_of_the_peer_is_respected),
		cmocka_unit_test(
		    an_absurd_limit_is_worth_no_more_than_the_window),
		cmocka_unit_test(high_bounds_what_is_read_ahead),
		cmocka_unit_test(a_frame_in_order_is_lent_where_it_lies),
		cmocka_unit_test(a_frame_lent_and_not_taken_is_kept),
		cmocka_unit_test(old_bytes_are_skipped_and_acknowledged_again),
		cmocka_unit_test(what_is_beyond_a_gap_waits_for_it),
		cmocka_unit_test(too_many_gaps_reset_the_link),
		cmocka_unit_test(
		    the_first_bytes_are_acknowledged_at_once_later_ones_in_20_ms),
		cmocka_unit_test(
		    a_quarter_of_the_window_is_acknowledged_at_once),
		cmocka_unit_test(a_peer_that_sends_beyond_its_limit_is_reset),
		cmocka_unit_test(an_offset_that_overflows_is_refused),
		cmocka_unit_test(an_ack_of_what_was_not_sent_is_refused),
		cmocka_unit_test(
		    an_end_below_what_was_sent_or_moved_is_refused),
	};

	return RUN(tests);
}
