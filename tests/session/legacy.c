#include "support/test.h"

#include "session/legacy.h"
#include "support/oom.h"

enum { T0 = 1000000, OLD = T0 + FLOW_PROBE };

static struct legacy *
new_legacy(size_t high)
{
	struct legacy_conf	 conf = { .path = "a/b", .high = high };
	struct legacy		*l = legacy_new(&conf);

	assert_non_null(l);
	return l;
}

static void
say(struct legacy *l, size_t n)
{
	struct span	 s;

	while (n > 0) {
		s = legacy_space(l);
		CHECK(s.n > 0);
		s.n = s.n < n ? s.n : n;
		memset(s.p, 'x', s.n);
		legacy_filled(l, T0, s.n);
		n -= s.n;
	}
}

static struct legacy *
attached(void)
{
	struct legacy	*l = new_legacy(0);

	legacy_attach(l, T0);
	return l;
}

static struct hlnk1
send(struct legacy *l, enum legacy_way way)
{
	struct hlnk1	 h;

	CHECK(legacy_data(l, T0, way, &h));
	legacy_sent(l, T0, way, &h);
	return h;
}

static bool
nothing(struct legacy *l, enum legacy_way way)
{
	struct hlnk1	 h;

	return !legacy_data(l, T0, way, &h);
}

static bool
give(struct legacy *l, uint64_t now, uint64_t seq, const char *text)
{
	size_t	 n = strlen(text);
	char	*b = malloc(n + 1);
	bool	 ok;

	memcpy(b, text, n + 1);
	ok = legacy_input(l, now, LEGACY_THEIRS, LEGACY_WS, seq, (uint8_t *)b,
	    n);
	legacy_pending(l);
	free(b);
	return ok;
}

static void
expect(struct legacy *l, uint64_t now, enum flow_event_type type,
    const char *text)
{
	struct flow_event	 ev;

	CHECK(legacy_event(l, now, &ev));
	EQ(ev.type, type);
	if (type == FLOW_EV_RESET)
		STREQ(ev.why, text);
	if (type != FLOW_EV_WRITE)
		return;
	EQ(ev.data.n, strlen(text));
	MEMEQ(ev.data.p, text, ev.data.n);
	legacy_wrote(l, now, ev.data.n);
}

static bool
quiet(struct legacy *l, uint64_t now)
{
	struct flow_event	 ev;

	return !legacy_event(l, now, &ev);
}

static void
frames_are_numbered_from_one_and_carry_the_path(void **state)
{
	struct legacy	*l = attached();
	struct hlnk1	 h;

	(void)state;
	CHECK(nothing(l, LEGACY_DIRECT));
	say(l, LEGACY_CHUNK + 5);
	h = send(l, LEGACY_DIRECT);
	EQ(h.seq, 1);
	EQ(h.payload.n, LEGACY_CHUNK);
	EQ(h.path.n, 3);
	MEMEQ(h.path.p, "a/b", 3);
	h = send(l, LEGACY_DIRECT);
	EQ(h.seq, 2);
	EQ(h.payload.n, 5);
	CHECK(nothing(l, LEGACY_DIRECT));
	legacy_free(l);
}

static void
a_number_is_taken_with_the_send_only(void **state)
{
	struct legacy	*l = attached();
	struct hlnk1	 a, b;

	(void)state;
	say(l, 10);
	CHECK(legacy_data(l, T0, LEGACY_DIRECT, &a));
	say(l, 10);
	CHECK(legacy_data(l, T0, LEGACY_DIRECT, &b));
	CHECK(a.seq == 1 && b.seq == 1);
	EQ(b.payload.n, 20);
	legacy_free(l);
}

static void
a_message_never_exceeds_what_upstream_reads(void **state)
{
	char			 path[4801];
	struct legacy_conf	 conf = { .path = path, .chunk = 1 << 20 };
	struct legacy		*l;
	struct hlnk1		 h;

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	l = legacy_new(&conf);
	legacy_attach(l, T0);
	say(l, 600000);
	h = send(l, LEGACY_DIRECT);
	EQ(LEGACY_HEAD + h.path.n + h.payload.n, LEGACY_MESSAGE);
	EQ(send(l, LEGACY_WS).payload.n, LEGACY_RELAY);
	legacy_free(l);
}

/* It announces that (RFC 8841, 6.1); a longer one may end its channel. */
static void
a_message_never_exceeds_what_the_peer_takes(void **state)
{
	struct legacy	*l = attached();

	(void)state;
	say(l, 600000);
	legacy_set_limit(l, 16384);
	EQ(LEGACY_HEAD + 3 + send(l, LEGACY_DIRECT).payload.n, 16384);
	legacy_set_limit(l, 1 << 20);
	EQ(send(l, LEGACY_DIRECT).payload.n, LEGACY_CHUNK);
	/* What has a number keeps its length, so it is the relay's now. */
	legacy_set_limit(l, 16384);
	legacy_rewind(l, T0, LEGACY_DIRECT);
	EQ(send(l, LEGACY_DIRECT).seq, 1);
	CHECK(legacy_relay_only(l));
	CHECK(nothing(l, LEGACY_DIRECT));
	EQ(send(l, LEGACY_WS).seq, 2);
	legacy_free(l);
}

static void
to_whom_no_message_is_short_enough_only_the_relay_leads(void **state)
{
	struct legacy	*l = attached();

	(void)state;
	legacy_set_limit(l, LEGACY_HEAD + 3);
	CHECK(!legacy_relay_only(l));
	say(l, 10);
	CHECK(legacy_relay_only(l));
	CHECK(nothing(l, LEGACY_DIRECT));
	EQ(send(l, LEGACY_WS).payload.n, 10);
	CHECK(!legacy_relay_only(l));
	legacy_set_limit(l, LEGACY_HEAD + 4);
	say(l, 10);
	EQ(send(l, LEGACY_DIRECT).payload.n, 1);
	legacy_free(l);
}

static void
a_path_that_leaves_no_room_is_refused(void **state)
{
	static char		 path[LEGACY_MESSAGE];
	struct legacy_conf	 conf = { .path = path };

	(void)state;
	memset(path, 'p', LEGACY_MESSAGE - LEGACY_HEAD);
	CHECK(legacy_new(&conf) == NULL);
	path[LEGACY_MESSAGE - LEGACY_HEAD - 1] = '\0';
	legacy_free(legacy_new(&conf));
}

static void
unconfirmed_frames_go_again_with_their_old_numbers(void **state)
{
	struct legacy		*l = attached();
	struct legacy_stats	 st;
	struct hlnk1		 h;

	(void)state;
	for (int i = 0; i < 4; i++) {
		say(l, 100);
		send(l, LEGACY_DIRECT);
	}
	/* Frame 3 is partly, frame 4 not at all acknowledged. */
	legacy_unacked(l, T0, 124 + 1);
	legacy_stats(l, &st);
	EQ(st.unconfirmed, 200);
	legacy_rewind(l, T0, LEGACY_DIRECT);
	say(l, 50);
	h = send(l, LEGACY_DIRECT);
	EQ(h.seq, 3);
	EQ(h.payload.n, 100);
	EQ(send(l, LEGACY_WS).seq, 4);
	h = send(l, LEGACY_WS);
	EQ(h.seq, 5);
	EQ(h.payload.n, 50);
	CHECK(nothing(l, LEGACY_WS));
	/* Only what the lost way carried goes again. */
	legacy_rewind(l, T0, LEGACY_DIRECT);
	EQ(send(l, LEGACY_DIRECT).seq, 3);
	CHECK(nothing(l, LEGACY_DIRECT));
	legacy_unacked(l, T0, 0);
	legacy_rewind(l, T0, LEGACY_WS);
	EQ(send(l, LEGACY_WS).seq, 4);
	legacy_free(l);
}

static void
a_resent_frame_is_confirmed_by_its_last_sending(void **state)
{
	struct legacy	*l = attached();

	(void)state;
	say(l, 100);
	send(l, LEGACY_WS);
	say(l, 100);
	send(l, LEGACY_DIRECT);
	legacy_rewind(l, T0, LEGACY_WS);
	EQ(send(l, LEGACY_DIRECT).seq, 1);	/* after 2 in SCTP */
	legacy_unacked(l, T0, 124);
	legacy_rewind(l, T0, LEGACY_DIRECT);
	EQ(send(l, LEGACY_DIRECT).seq, 1);
	legacy_free(l);
}

static void
a_frame_cut_for_the_relay_waits_for_it(void **state)
{
	struct legacy	*l = attached();

	(void)state;
	say(l, 200000);
	EQ(send(l, LEGACY_WS).payload.n, 200000);
	CHECK(!legacy_relay_only(l));
	legacy_rewind(l, T0, LEGACY_WS);
	CHECK(legacy_relay_only(l));
	CHECK(nothing(l, LEGACY_DIRECT));
	EQ(send(l, LEGACY_WS).seq, 1);
	CHECK(!legacy_relay_only(l));
	legacy_free(l);
}

static void
the_relay_keeps_half_a_window_and_never_stalls(void **state)
{
	struct legacy		*l = new_legacy(1 << 20);
	struct legacy_stats	 st;
	size_t			 sent = 0;

	(void)state;
	legacy_attach(l, T0);
	while (sent < 10 << 20) {
		say(l, 100000);
		while (!nothing(l, LEGACY_WS))
			sent += send(l, LEGACY_WS).payload.n;
		legacy_stats(l, &st);
		CHECK(st.unconfirmed <= 1 << 20);
	}
	CHECK(st.unconfirmed >= 1 << 19);
	legacy_free(l);
	l = new_legacy(7);	/* the smallest, too */
	legacy_attach(l, T0);
	for (int i = 0; i < 100; i++) {
		say(l, 1);
		send(l, LEGACY_WS);
	}
	legacy_free(l);
}

static void
frames_are_put_in_order_and_written_once(void **state)
{
	struct legacy		*l = attached();
	struct legacy_stats	 st;

	(void)state;
	say(l, 1);
	CHECK(give(l, T0, 3, "three"));
	CHECK(give(l, T0, 2, "two"));
	CHECK(quiet(l, T0));
	CHECK(give(l, T0, 3, "again"));
	CHECK(give(l, T0, 1, "one"));
	expect(l, T0, FLOW_EV_WRITE, "onetwothree");
	CHECK(give(l, T0, 2, "two"));
	CHECK(give(l, T0, 4, "four"));
	expect(l, T0, FLOW_EV_WRITE, "four");
	legacy_stats(l, &st);
	EQ(st.duplicates, 2);
	EQ(st.held, 0);
	CHECK(!give(l, T0, 0, "no number"));
	CHECK(!give(l, T0, 5, ""));
	legacy_free(l);
}

static void
a_frame_in_order_is_lent_where_it_lies(void **state)
{
	struct legacy		*l = attached();
	struct flow_event	 ev;
	uint8_t			 b[] = "payload";

	(void)state;
	say(l, 1);
	CHECK(legacy_input(l, T0, LEGACY_THEIRS, LEGACY_WS, 1, b, 7));
	CHECK(legacy_event(l, T0, &ev));
	CHECK(ev.type == FLOW_EV_WRITE && ev.data.p == b);
	legacy_wrote(l, T0, 3);
	EQ(legacy_pending(l).n, 4);
	legacy_free(l);
}

static void
a_frame_lent_and_not_taken_is_kept(void **state)
{
	struct legacy		*l = attached();
	struct flow_event	 ev;
	uint8_t			 b[] = "payload";

	(void)state;
	say(l, 1);
	CHECK(legacy_input(l, T0, LEGACY_THEIRS, LEGACY_WS, 1, b, 7));
	CHECK(legacy_event(l, T0, &ev));
	CHECK(!legacy_event(l, T0, &ev));
	memset(b, 0, sizeof(b));
	EQ(legacy_pending(l).n, 7);
	MEMEQ(legacy_pending(l).p, "payload", 7);
	legacy_free(l);
}

static void
the_two_sessions_count_apart(void **state)
{
	struct legacy	*l = attached();
	uint8_t		 b[] = "back";

	(void)state;
	say(l, 1);
	CHECK(give(l, T0, 1, "a"));
	expect(l, T0, FLOW_EV_WRITE, "a");
	CHECK(legacy_input(l, T0, LEGACY_OURS, LEGACY_WS, 1, b, 4));
	expect(l, T0, FLOW_EV_WRITE, "back");
	legacy_free(l);
}

static void
a_number_missing_for_5_s_resets_the_connection(void **state)
{
	struct legacy	*l = attached();

	(void)state;
	say(l, 1);
	CHECK(give(l, T0, 2, "two"));
	CHECK(legacy_deadline(l) == T0 + LEGACY_GAP);
	CHECK(quiet(l, T0 + LEGACY_GAP - 1));
	expect(l, T0 + LEGACY_GAP, FLOW_EV_RESET,
	    "frames of the peer are missing");
	CHECK(legacy_deadline(l) == NEVER);
	/* The next connection goes on after what was lost. */
	legacy_attach(l, OLD);
	CHECK(give(l, OLD, 1, "late"));
	CHECK(give(l, OLD, 3, "three"));
	expect(l, OLD + FLOW_PROBE, FLOW_EV_WRITE, "three");
	legacy_free(l);
}

static void
too_far_ahead_or_too_much_is_never_held(void **state)
{
	struct legacy		*l = attached();
	struct legacy_stats	 st;
	static char		 big[100001];

	(void)state;
	say(l, 1);
	CHECK(give(l, T0, LEGACY_HELD, "x"));
	CHECK(!give(l, T0, LEGACY_HELD + 1, "x"));
	expect(l, T0, FLOW_EV_RESET, "frames of the peer are missing");
	legacy_free(l);

	l = new_legacy(0);
	memset(big, 'x', sizeof(big) - 1);
	for (uint64_t i = 1; give(l, T0, i, big); i++) {
		legacy_stats(l, &st);
		CHECK(st.pending <= FLOW_WINDOW && st.held <= FLOW_WINDOW);
		CHECK(i * 100000 < 3 * FLOW_WINDOW);
	}
	legacy_attach(l, T0);
	CHECK(quiet(l, OLD - 1));
	expect(l, OLD, FLOW_EV_RESET,
	    "the peer sends faster than the local side reads");
	legacy_free(l);
}

/* A connection that ended gives all it has: it will not come again. */
static void
what_sctp_acknowledged_is_not_too_much(void **state)
{
	struct legacy		*l = attached();
	struct legacy_stats	 st;
	static char		 big[50001];
	uint64_t		 i = 0, n;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	while (legacy_want(l))
		CHECK(give(l, T0, ++i, big));
	for (n = 0; n + 50000 <= LEGACY_ACKED; n += 50000)
		CHECK(legacy_input(l, T0, LEGACY_THEIRS, LEGACY_DIRECT, ++i,
		    (uint8_t *)big, 50000));
	legacy_stats(l, &st);
	EQ(st.pending, i * 50000);
	EQ(st.gaps, 0);
	legacy_free(l);
}

static void
a_full_window_asks_for_no_more(void **state)
{
	struct legacy	*l = attached();
	static char	 big[50001];
	uint64_t	 i = 0;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	while (legacy_want(l))
		CHECK(give(l, T0, ++i, big));
	CHECK(i * 50000 > FLOW_WINDOW - LEGACY_RELAY - 50000);
	CHECK(i * 50000 + LEGACY_RELAY <= FLOW_WINDOW + 50000);
	legacy_free(l);
}

static void
a_probe_swallows_nothing(void **state)
{
	struct legacy	*l = attached();

	(void)state;
	CHECK(give(l, T0, 1, "bytes"));
	CHECK(quiet(l, OLD - 1));
	CHECK(legacy_deadline(l) == OLD);
	legacy_local_eof(l, OLD - 1);
	expect(l, OLD - 1, FLOW_EV_END, NULL);
	legacy_attach(l, OLD);
	legacy_local_reset(l, OLD, "probe");
	legacy_attach(l, OLD);
	say(l, 1);
	expect(l, OLD, FLOW_EV_WRITE, "bytes");
	legacy_free(l);
}

static void
half_closed_a_connection_still_hears_and_ends_when_quiet(void **state)
{
	struct legacy	*l = attached();

	(void)state;
	say(l, 1);
	legacy_local_eof(l, T0);
	EQ(legacy_space(l).n, 0);
	CHECK(give(l, T0 + SEC, 1, "still"));
	expect(l, T0 + SEC, FLOW_EV_WRITE, "still");
	CHECK(legacy_deadline(l) == T0 + SEC + LEGACY_LINGER);
	CHECK(quiet(l, T0 + LEGACY_LINGER));
	expect(l, T0 + SEC + LEGACY_LINGER, FLOW_EV_END, NULL);
	legacy_attach(l, T0);
	say(l, 3);
	send(l, LEGACY_DIRECT);		/* the first connection's byte, too */
	CHECK(nothing(l, LEGACY_DIRECT));
	legacy_free(l);
}

static void
new_sessions_count_from_one_and_continue_nothing(void **state)
{
	struct legacy	*l = attached();

	(void)state;
	say(l, 10);
	legacy_renumber(l, T0);		/* nothing was sent yet */
	CHECK(quiet(l, T0));
	EQ(send(l, LEGACY_DIRECT).payload.n, 10);
	legacy_renumber(l, T0);
	expect(l, T0, FLOW_EV_RESET, "the peer was started anew");
	legacy_attach(l, T0);
	say(l, 2);
	EQ(send(l, LEGACY_DIRECT).seq, 1);
	CHECK(give(l, T0, 1, "a"));
	expect(l, T0, FLOW_EV_WRITE, "a");
	legacy_renew(l, T0, LEGACY_THEIRS);
	expect(l, T0, FLOW_EV_RESET, "the peer was started anew");
	CHECK(give(l, T0, 1, "b"));
	legacy_attach(l, T0);
	expect(l, OLD, FLOW_EV_WRITE, "b");
	legacy_free(l);
}

static void
an_abort_keeps_what_has_a_number(void **state)
{
	struct legacy	*l = attached();

	(void)state;
	say(l, 10);
	send(l, LEGACY_DIRECT);
	say(l, 20);
	legacy_rewind(l, T0, LEGACY_DIRECT);
	legacy_abort(l, T0, "too late");
	expect(l, T0, FLOW_EV_RESET, "too late");
	EQ(send(l, LEGACY_DIRECT).seq, 1);
	CHECK(nothing(l, LEGACY_DIRECT));
	CHECK(legacy_waiting_since(l) == NEVER);
	legacy_free(l);
}

static void
live(void)
{
	struct legacy_conf	 conf = { .path = "p" };
	struct legacy		*l = legacy_new(&conf);
	uint8_t			 one[] = "one", two[] = "two";
	struct flow_event	 ev;

	if (l == NULL)
		return;
	legacy_input(l, T0, LEGACY_THEIRS, LEGACY_WS, 2, two, 3);
	legacy_input(l, T0, LEGACY_THEIRS, LEGACY_WS, 1, one, 3);
	legacy_attach(l, T0);
	if (legacy_space(l).n > 0)
		legacy_filled(l, T0, 1);
	if (legacy_event(l, T0 + 2 * LEGACY_GAP, &ev) &&
	    ev.type == FLOW_EV_WRITE)
		MEMEQ(ev.data.p, "onetwo", ev.data.n);
	legacy_free(l);
}

static void
without_memory_nothing_is_delivered_out_of_order(void **state)
{
	size_t	 n = 0;

	(void)state;
	do {
		oom_after(++n);
		live();
	} while (oom_hit());
	oom_after(0);
	CHECK(n > 4);
}

static uint64_t	 rng;

static uint64_t
rnd(uint64_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 11) % n;
}

enum { AIR = 64 };

/* A way: what is in flight, in order or not. */
struct air {
	struct { uint64_t seq; size_t n; uint8_t *p; } f[AIR];
	size_t	 n;
};

static void
fly(struct air *a, const struct hlnk1 *h)
{
	a->f[a->n].seq = h->seq;
	a->f[a->n].n = h->payload.n;
	a->f[a->n].p = malloc(h->payload.n);
	memcpy(a->f[a->n++].p, h->payload.p, h->payload.n);
}

static size_t
in_flight(const struct air *a)
{
	size_t	 n = 0;

	for (size_t i = 0; i < a->n; i++)
		n += LEGACY_HEAD + 3 + a->f[i].n;
	return n;
}

static void
take_event(struct legacy *l, uint64_t now, uint64_t *got)
{
	struct flow_event	 ev;
	size_t			 n;

	while (legacy_event(l, now, &ev)) {
		EQ(ev.type, FLOW_EV_WRITE);
		n = (size_t)rnd(ev.data.n + 1);
		for (size_t i = 0; i < n; i++)
			EQ(ev.data.p[i], (uint8_t)((*got + i) * 7 >> 2));
		*got += n;
		legacy_wrote(l, now, n);
	}
}

static void
read_pending(struct legacy *l, uint64_t now, uint64_t *got)
{
	struct span	 s = legacy_pending(l);

	for (size_t i = 0; i < s.n; i++)
		EQ(s.p[i], (uint8_t)((*got + i) * 7 >> 2));
	*got += s.n;
	legacy_wrote(l, now, s.n);
}

static void
land(struct air *a, size_t i, struct legacy *l, uint64_t now, uint64_t *got)
{
	CHECK(legacy_input(l, now, LEGACY_THEIRS, LEGACY_WS, a->f[i].seq,
	    a->f[i].p, a->f[i].n));
	take_event(l, now, got);
	legacy_pending(l);
	free(a->f[i].p);
	a->n--;
	memmove(a->f + i, a->f + i + 1, (a->n - i) * sizeof(*a->f));
}

static void
lose(struct air *a, struct legacy *from, uint64_t now, enum legacy_way way)
{
	while (a->n > 0)
		free(a->f[--a->n].p);
	legacy_rewind(from, now, way);
}

static void
transfer(uint64_t seed)
{
	struct legacy_conf	 conf = { .path = "a/b", .chunk = 3000 };
	struct legacy		*a = legacy_new(&conf), *b = legacy_new(&conf);
	struct air		 air[2] = { { .n = 0 }, { .n = 0 } };
	uint64_t		 said = 0, got = 0, now = T0, total = 60000;
	enum legacy_way		 way;
	struct hlnk1		 h;
	struct span		 s;

	rng = seed * 0x9e3779b97f4a7c15u + 1;
	legacy_attach(a, now);
	legacy_attach(b, now);
	now += SEC;
	for (unsigned turns = 0; got < total; turns++) {
		CHECK(turns < 100000);
		now += 10;
		way = rnd(2) ? LEGACY_WS : LEGACY_DIRECT;
		s = legacy_space(a);
		s.n = s.n < total - said ? s.n : (size_t)(total - said);
		s.n = s.n > 0 ? (size_t)rnd(s.n < 5000 ? s.n + 1 : 5000) : 0;
		for (size_t i = 0; i < s.n; i++)
			s.p[i] = (uint8_t)((said + i) * 7 >> 2);
		said += s.n;
		legacy_filled(a, now, s.n);
		legacy_unacked(a, now, in_flight(&air[LEGACY_DIRECT]));
		if (air[way].n < AIR && legacy_data(a, now, way, &h)) {
			fly(&air[way], &h);
			legacy_sent(a, now, way, &h);
		}
		if (air[way].n > 0 && rnd(3) > 0)
			land(&air[way], way == LEGACY_WS ?
			    (size_t)rnd(air[way].n) : 0, b, now, &got);
		if (rnd(60) == 0)
			lose(&air[way], a, now, way);
		if (rnd(4) == 0)
			read_pending(b, now, &got);
	}
	EQ(got, total);
	lose(&air[0], a, now, LEGACY_DIRECT);
	lose(&air[1], a, now, LEGACY_WS);
	legacy_free(a);
	legacy_free(b);
}

static void
a_stream_survives_lost_ways_and_reordering(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 1500; seed++)
		transfer(seed);
	printf("seeds 1 to 1500\n");
}

static void
a_link_holds_no_more_than_its_share(void **state)
{
	struct legacy	*l = attached();

	(void)state;
	legacy_set_window(l, LEGACY_LEAST);
	say(l, LEGACY_LEAST);
	EQ(legacy_space(l).n, 0);
	legacy_set_window(l, 2 * LEGACY_LEAST);
	EQ(legacy_space(l).n, LEGACY_LEAST);
	legacy_free(l);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    frames_are_numbered_from_one_and_carry_the_path),
		cmocka_unit_test(a_number_is_taken_with_the_send_only),
		cmocka_unit_test(a_message_never_exceeds_what_upstream_reads),
		cmocka_unit_test(a_message_never_exceeds_what_the_peer_takes),
		cmocka_unit_test(
		    to_whom_no_message_is_short_enough_only_the_relay_leads),
		cmocka_unit_test(a_path_that_leaves_no_room_is_refused),
		cmocka_unit_test(
		    unconfirmed_frames_go_again_with_their_old_numbers),
		cmocka_unit_test(
		    a_resent_frame_is_confirmed_by_its_last_sending),
		cmocka_unit_test(a_frame_cut_for_the_relay_waits_for_it),
		cmocka_unit_test(
		    the_relay_keeps_half_a_window_and_never_stalls),
		cmocka_unit_test(frames_are_put_in_order_and_written_once),
		cmocka_unit_test(a_frame_in_order_is_lent_where_it_lies),
		cmocka_unit_test(a_frame_lent_and_not_taken_is_kept),
		cmocka_unit_test(the_two_sessions_count_apart),
		cmocka_unit_test(
		    a_number_missing_for_5_s_resets_the_connection),
		cmocka_unit_test(too_far_ahead_or_too_much_is_never_held),
		cmocka_unit_test(what_sctp_acknowledged_is_not_too_much),
		cmocka_unit_test(a_full_window_asks_for_no_more),
		cmocka_unit_test(a_probe_swallows_nothing),
		cmocka_unit_test(
		    half_closed_a_connection_still_hears_and_ends_when_quiet),
		cmocka_unit_test(
		    new_sessions_count_from_one_and_continue_nothing),
		cmocka_unit_test(an_abort_keeps_what_has_a_number),
		cmocka_unit_test(
		    without_memory_nothing_is_delivered_out_of_order),
		cmocka_unit_test(a_stream_survives_lost_ways_and_reordering),
		cmocka_unit_test(a_link_holds_no_more_than_its_share),
	};

	return RUN(tests);
}
