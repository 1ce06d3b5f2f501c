#include "session/flowing.h"

static bool
give_reset(struct flow *f, uint64_t now, uint32_t gen, const char *why)
{
	return give(f, now, HLNK_RESET, gen, 0, 0, why, strlen(why));
}

static void
the_end_waits_for_the_bytes_before_it_to_be_written(void **state)
{
	struct flow		*f = talking();
	struct flow_event	 ev;

	(void)state;
	CHECK(give_eof(f, T0, 1, 3));
	CHECK(quiet(f, T0));
	CHECK(give_data(f, T0, 1, 0, "abc"));
	CHECK(flow_event(f, T0, &ev) && ev.type == FLOW_EV_WRITE);
	flow_wrote(f, T0, 2);
	CHECK(quiet(f, T0));
	EQ(control(f, T0).offset, 2);
	EQ(flow_pending(f).n, 1);
	flow_wrote(f, T0, 1);
	expect(f, T0, FLOW_EV_SHUT, NULL);
	EQ(control(f, T0).offset, 4);
	CHECK(quiet(f, T0));
	flow_free(f);
}

static void
a_generation_ends_when_both_ends_are_confirmed(void **state)
{
	struct flow	*f = talking();
	struct hlnk2	 h;

	(void)state;
	flow_local_eof(f, T0);
	h = control(f, T0);
	EQ(h.type, HLNK_EOF);
	EQ(h.offset, 5);
	EQ(flow_space(f).n, 0);
	CHECK(give_ack(f, T0, 1, 6, 100));
	CHECK(quiet(f, T0));
	CHECK(give_eof(f, T0, 1, 0));
	expect(f, T0, FLOW_EV_SHUT, NULL);
	expect(f, T0, FLOW_EV_END, NULL);
	CHECK(flow_idle(f) && flow_attachable(f));
	h = control(f, T0);
	CHECK(h.type == HLNK_ACK && h.generation == 1 && h.offset == 1);
	flow_attach(f, T0);
	say(f, T0, "next");
	EQ(data(f, T0, 100).generation, 2);
	flow_free(f);
}

/* Generation 1 ended in peace, all said and done. */
static struct flow *
ended(void)
{
	struct flow	*f = talking();

	flow_local_eof(f, T0);
	control(f, T0);
	CHECK(give_ack(f, T0, 1, 6, 100));
	CHECK(give_eof(f, T0, 1, 0));
	expect(f, T0, FLOW_EV_SHUT, NULL);
	expect(f, T0, FLOW_EV_END, NULL);
	control(f, T0);
	CHECK(no_control(f, T0));
	return f;
}

static void
the_last_ack_is_told_again_when_asked_and_after_a_rewind(void **state)
{
	struct flow	*f = ended();
	struct hlnk2	 h;

	(void)state;
	CHECK(give_eof(f, T0, 1, 0));
	h = control(f, T0);
	CHECK(h.type == HLNK_ACK && h.generation == 1 && h.offset == 1);
	CHECK(no_control(f, T0));
	flow_rewind(f, T0);
	EQ(control(f, T0).offset, 1);
	CHECK(no_control(f, T0));
	CHECK(give_ack(f, T0, 1, 6, 100));
	CHECK(no_control(f, T0));	/* or it would echo for ever */
	flow_free(f);
}

static void
an_end_unconfirmed_is_told_again_after_a_rewind(void **state)
{
	struct flow	*f = talking();

	(void)state;
	flow_local_eof(f, T0);
	EQ(control(f, T0).type, HLNK_EOF);
	CHECK(no_control(f, T0));
	flow_rewind(f, T0);
	EQ(control(f, T0).type, HLNK_EOF);
	flow_free(f);
}

static void
the_next_generation_stands_for_the_last_confirmation(void **state)
{
	struct flow	*f = talking();

	(void)state;
	CHECK(give_eof(f, T0, 1, 0));
	expect(f, T0, FLOW_EV_SHUT, NULL);
	flow_local_eof(f, T0);
	while (!no_control(f, T0))
		control(f, T0);
	CHECK(give_data(f, T0, 2, 0, "next"));
	expect(f, T0, FLOW_EV_END, NULL);
	CHECK(quiet(f, T0));
	flow_attach(f, T0);
	expect(f, OLD, FLOW_EV_WRITE, "next");
	flow_free(f);
}

static void
the_next_generation_stands_for_a_reset_that_it_overtook(void **state)
{
	struct flow	*f = talking();

	(void)state;
	CHECK(give_data(f, T0, 2, 0, "next"));
	expect(f, T0, FLOW_EV_RESET, "the peer has ended this connection");
	flow_attach(f, T0);
	expect(f, OLD, FLOW_EV_WRITE, "next");
	CHECK(give_reset(f, OLD, 1, "late"));
	CHECK(quiet(f, OLD));
	CHECK(!flow_idle(f));
	flow_free(f);
}

static void
both_starting_at_once_is_one_generation(void **state)
{
	struct flow	*f = talking();

	(void)state;
	CHECK(give_data(f, T0, 1, 0, "hi"));
	expect(f, T0, FLOW_EV_WRITE, "hi");
	CHECK(give_ack(f, T0, 1, 5, 100));
	CHECK(!flow_idle(f));
	flow_free(f);
}

static void
frames_of_a_generation_that_is_over_are_dropped(void **state)
{
	struct flow		*f = ended();
	struct flow_stats	 st;

	(void)state;
	flow_attach(f, T0);
	say(f, T0, "two");
	CHECK(give_data(f, T0, 1, 0, "old"));
	CHECK(quiet(f, OLD));
	flow_stats(f, &st);
	EQ(st.late_frames, 1);
	EQ(st.generation, 2);
	flow_free(f);
}

static void
a_generation_skipped_is_an_error_and_both_agree_again(void **state)
{
	struct flow	*f = talking();
	struct hlnk2	 h;

	(void)state;
	CHECK(!give_data(f, T0, 7, 0, "x"));
	expect(f, T0, FLOW_EV_RESET, "the peer skipped one");
	h = control(f, T0);
	CHECK(h.type == HLNK_RESET && h.generation == 7);
	CHECK(give_ack(f, T0, 7, UINT64_MAX, 0));
	flow_attach(f, T0);
	say(f, T0, "y");
	EQ(data(f, T0, 10).generation, 8);
	flow_free(f);
}

static void
the_last_number_of_all_starts_nothing_more(void **state)
{
	struct flow	*f = new_flow(0);

	(void)state;
	CHECK(!give_data(f, T0, UINT32_MAX, 0, "x"));
	CHECK(give_ack(f, T0, UINT32_MAX, UINT64_MAX, 0));
	flow_attach(f, T0);
	say(f, T0, "y");
	CHECK(flow_idle(f) && no_data(f, T0));
	flow_free(f);
}

static void
a_local_reset_is_told_until_confirmed_and_holds_the_next(void **state)
{
	struct flow	*f = talking();
	struct hlnk2	 h;

	(void)state;
	flow_local_reset(f, T0, "it broke");
	CHECK(quiet(f, T0) && flow_idle(f));
	h = control(f, T0);
	CHECK(h.type == HLNK_RESET && h.generation == 1);
	MEMEQ(h.payload.p, "it broke", 8);
	CHECK(no_control(f, T0));
	flow_rewind(f, T0);
	EQ(control(f, T0).type, HLNK_RESET);
	flow_attach(f, T0);
	say(f, T0, "next");
	CHECK(no_data(f, T0));
	CHECK(give_ack(f, T0, 1, 5, 100));	/* sent before it knew */
	CHECK(no_data(f, T0));
	CHECK(give_ack(f, T0, 1, UINT64_MAX, 0));
	EQ(data(f, T0, 100).generation, 2);
	flow_rewind(f, T0);
	CHECK(no_control(f, T0));
	flow_free(f);
}

static void
a_frame_of_the_next_generation_confirms_a_reset(void **state)
{
	struct flow	*f = talking();

	(void)state;
	flow_local_reset(f, T0, "it broke");
	control(f, T0);
	CHECK(give_data(f, T0, 2, 0, "new"));
	flow_rewind(f, T0);
	CHECK(control(f, T0).type == HLNK_ACK);
	CHECK(no_control(f, T0));
	flow_free(f);
}

static void
a_reset_by_the_peer_resets_the_local_connection_and_is_confirmed(void **state)
{
	struct flow	*f = talking();
	struct hlnk2	 h;

	(void)state;
	CHECK(give_reset(f, T0, 1, "gone\n"));
	expect(f, T0, FLOW_EV_RESET, "gone?");
	CHECK(flow_attachable(f));
	for (int i = 0; i < 2; i++) {
		h = control(f, T0);
		CHECK(h.type == HLNK_ACK && h.generation == 1 &&
		    h.offset == UINT64_MAX);
		CHECK(no_control(f, T0));
		CHECK(give_reset(f, T0, 1, "gone"));
	}
	CHECK(quiet(f, T0));
	flow_free(f);
}

static void
a_probe_leaves_no_trace(void **state)
{
	struct flow	*f = new_flow(0);

	(void)state;
	CHECK(give_data(f, T0, 1, 0, "for the real one"));
	while (!no_control(f, T0))
		control(f, T0);
	flow_attach(f, T0);
	CHECK(quiet(f, OLD - 1));
	CHECK(flow_deadline(f) == OLD);
	flow_local_eof(f, OLD - 1);
	expect(f, OLD - 1, FLOW_EV_END, NULL);
	flow_attach(f, OLD);
	flow_local_reset(f, OLD, "probe");
	CHECK(quiet(f, OLD) && no_control(f, OLD));
	flow_attach(f, OLD);
	expect(f, OLD + FLOW_PROBE, FLOW_EV_WRITE, "for the real one");
	flow_free(f);
}

static void
a_connection_that_took_nothing_is_still_a_probe(void **state)
{
	struct flow		*f = new_flow(0);
	struct flow_event	 ev;

	(void)state;
	CHECK(give_data(f, T0, 1, 0, "abc"));
	flow_attach(f, T0);
	CHECK(flow_event(f, OLD, &ev) && ev.type == FLOW_EV_WRITE);
	flow_wrote(f, OLD, 0);
	EQ(flow_pending(f).n, 3);
	flow_local_reset(f, OLD, "refused");
	CHECK(!flow_idle(f));
	flow_attach(f, OLD);
	say(f, OLD, "me");
	expect(f, OLD, FLOW_EV_WRITE, "abc");
	flow_free(f);
}

static void
a_connection_that_speaks_gets_waiting_bytes_at_once(void **state)
{
	struct flow	*f = new_flow(0);

	(void)state;
	CHECK(give_data(f, T0, 1, 0, "abc"));
	flow_attach(f, T0);
	say(f, T0, "x");
	expect(f, T0, FLOW_EV_WRITE, "abc");
	EQ(data(f, T0, 10).generation, 1);
	flow_free(f);
}

static void
a_restarted_peer_resets_what_was_under_way(void **state)
{
	struct flow	*f = ended();

	(void)state;
	flow_attach(f, T0);
	say(f, T0, "two");
	EQ(data(f, T0, 10).generation, 2);
	flow_restart(f, T0);
	expect(f, T0, FLOW_EV_RESET, "the peer was started anew");
	CHECK(no_control(f, T0));
	flow_attach(f, T0);
	say(f, T0, "one again");
	EQ(data(f, T0, 100).generation, 1);
	flow_free(f);
}

static void
what_a_restarted_peer_never_saw_goes_to_the_new_one(void **state)
{
	struct flow	*f = ended();

	(void)state;
	flow_attach(f, T0);
	say(f, T0, "two");
	flow_restart(f, T0);
	CHECK(quiet(f, T0));
	EQ(data(f, T0, 10).generation, 1);
	flow_free(f);
	f = talking();
	flow_local_reset(f, T0, "x");
	flow_attach(f, T0);
	say(f, T0, "waits");
	flow_restart(f, T0);
	EQ(data(f, T0, 10).generation, 1);
	flow_free(f);
}

static void
an_abort_resets_both_sides_with_its_reason(void **state)
{
	struct flow	*f = talking();
	struct hlnk2	 h;

	(void)state;
	flow_abort(f, T0, "hotlink strict: too late");
	expect(f, T0, FLOW_EV_RESET, "hotlink strict: too late");
	h = control(f, T0);
	EQ(h.type, HLNK_RESET);
	EQ(h.payload.n, strlen("hotlink strict: too late"));
	flow_free(f);
	f = new_flow(0);
	flow_attach(f, T0);
	flow_abort(f, T0, "going down");
	expect(f, T0, FLOW_EV_RESET, "going down");
	CHECK(no_control(f, T0));
	flow_free(f);
}

static void
waiting_counts_from_the_last_progress(void **state)
{
	struct flow	*f = new_flow(0);

	(void)state;
	CHECK(flow_waiting_since(f) == NEVER);
	flow_attach(f, T0);
	say(f, T0, "hello");
	say(f, T0 + 5, "more");
	CHECK(flow_waiting_since(f) == T0);
	data(f, T0 + 5, 100);
	CHECK(give_ack(f, T0 + 9, 1, 5, 100));
	CHECK(flow_waiting_since(f) == T0 + 9);
	CHECK(give_ack(f, T0 + 10, 1, 9, 100));
	CHECK(flow_waiting_since(f) == NEVER);
	flow_local_eof(f, T0 + 20);
	CHECK(flow_waiting_since(f) == T0 + 20);
	control(f, T0 + 20);
	CHECK(give_ack(f, T0 + 30, 1, 10, 100));
	CHECK(flow_waiting_since(f) == NEVER);
	flow_free(f);
}

static void
count_refused(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct flow	*f = arg;
	bool		 ok = flow_input(f, T0, (uint8_t *)(uintptr_t)p, n);

	if (which <= HLNK2_HEAD)
		CHECK(!ok);
	flow_pending(f);
}

static void
a_frame_cut_in_its_head_or_without_bytes_is_refused(void **state)
{
	struct hlnk2		 h = { .type = HLNK_DATA, .generation = 1 };
	struct flow		*f = new_flow(0);
	struct flow_stats	 st;
	uint8_t			 b[64];
	struct wr		 w = wr_of(b, sizeof(b));

	(void)state;
	hlnk2_encode_head(&w, &h);
	wr_str(&w, "payload");
	mangle_cut(b, w.n, count_refused, f);
	flow_stats(f, &st);
	EQ(st.bad_frames, HLNK2_HEAD + 1);
	CHECK(!give_data(f, T0, 0, 0, "generation 0"));
	flow_free(f);
}

static void
flip(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct flow	*f = talking();

	(void)arg;
	(void)which;
	flow_input(f, T0, (uint8_t *)(uintptr_t)p, n);
	while (!quiet(f, OLD))
		;
	flow_free(f);
}

static void
no_flipped_bit_does_harm(void **state)
{
	(void)state;
	for (int type = HLNK_DATA; type <= HLNK_RESET; type++) {
		struct hlnk2	 h = { .type = (enum hlnk2_type)type,
				    .generation = 1, .limit = 70000 };
		uint8_t		 b[64];
		struct wr	 w = wr_of(b, sizeof(b));

		hlnk2_encode_head(&w, &h);
		if (type == HLNK_DATA || type == HLNK_RESET)
			wr_str(&w, "text");
		mangle_flip(b, w.n, flip, NULL);
	}
}

/* One connection's life, with the nth allocation failing. */
static void
live(void)
{
	struct flow_conf	 conf = { 0 };
	struct flow		*f = flow_new(&conf);
	struct flow_event	 ev;
	struct span		 s;
	static uint8_t		 b[128];
	struct hlnk2		 h = { .type = HLNK_DATA, .generation = 1 };
	struct wr		 w = wr_of(b, sizeof(b));

	if (f == NULL)
		return;
	flow_attach(f, T0);
	s = flow_space(f);
	if (s.n > 0)
		flow_filled(f, T0, 1);
	hlnk2_encode_head(&w, &h);
	wr_str(&w, "bytes that wait");
	flow_input(f, T0, b, w.n);
	if (flow_event(f, T0, &ev) && ev.type == FLOW_EV_WRITE)
		flow_wrote(f, T0, 3);
	if (!flow_idle(f))
		CHECK(flow_pending(f).n == 12 || s.n == 0);
	else
		CHECK(flow_control(f, T0, &h) && h.type == HLNK_RESET);
	flow_free(f);
}

static void
without_memory_a_link_is_reset_or_waits(void **state)
{
	size_t	 n = 0;

	(void)state;
	do {
		oom_after(++n);
		live();
	} while (oom_hit());
	oom_after(0);
	CHECK(n > 2);
}

static void
an_ended_generation_holds_no_memory(void **state)
{
	struct flow		*f = ended();
	struct flow_stats	 st;

	(void)state;
	flow_stats(f, &st);
	EQ(st.up_bytes + st.down_bytes, 0);
	oom_after(1);		/* no memory is held, so it must be asked for */
	flow_attach(f, T0);
	EQ(flow_space(f).n, 0);
	CHECK(oom_hit());
	oom_after(0);
	CHECK(flow_space(f).n > 0);
	flow_free(f);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    the_end_waits_for_the_bytes_before_it_to_be_written),
		cmocka_unit_test(
		    a_generation_ends_when_both_ends_are_confirmed),
		cmocka_unit_test(
		    the_last_ack_is_told_again_when_asked_and_after_a_rewind),
		cmocka_unit_test(
		    an_end_unconfirmed_is_told_again_after_a_rewind),
		cmocka_unit_test(
		    the_next_generation_stands_for_the_last_confirmation),
		cmocka_unit_test(
		    the_next_generation_stands_for_a_reset_that_it_overtook),
		cmocka_unit_test(both_starting_at_once_is_one_generation),
		cmocka_unit_test(
		    frames_of_a_generation_that_is_over_are_dropped),
		cmocka_unit_test(
		    a_generation_skipped_is_an_error_and_both_agree_again),
		cmocka_unit_test(the_last_number_of_all_starts_nothing_more),
		cmocka_unit_test(
		    a_local_reset_is_told_until_confirmed_and_holds_the_next),
		cmocka_unit_test(
		    a_frame_of_the_next_generation_confirms_a_reset),
		cmocka_unit_test(
		    a_reset_by_the_peer_resets_the_local_connection_and_is_confirmed),
		cmocka_unit_test(a_probe_leaves_no_trace),
		cmocka_unit_test(
		    a_connection_that_took_nothing_is_still_a_probe),
		cmocka_unit_test(
		    a_connection_that_speaks_gets_waiting_bytes_at_once),
		cmocka_unit_test(a_restarted_peer_resets_what_was_under_way),
		cmocka_unit_test(
		    what_a_restarted_peer_never_saw_goes_to_the_new_one),
		cmocka_unit_test(an_abort_resets_both_sides_with_its_reason),
		cmocka_unit_test(waiting_counts_from_the_last_progress),
		cmocka_unit_test(
		    a_frame_cut_in_its_head_or_without_bytes_is_refused),
		cmocka_unit_test(no_flipped_bit_does_harm),
		cmocka_unit_test(without_memory_a_link_is_reset_or_waits),
		cmocka_unit_test(an_ended_generation_holds_no_memory),
	};

	return RUN(tests);
}
