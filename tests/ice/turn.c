#include "ice/turn_world.h"

static void
a_401_is_answered_with_credentials(void **state)
{
	struct world	 w;
	struct addr	 relayed = at("203.0.113.53:49152");

	(void)state;
	up(&w);
	CHECK(addr_equal(turn_relayed(w.t), &relayed));
	EQ(w.seen[STUN_ALLOCATE], 1);
	EQ(w.seen[STUN_PERMIT], 1);
	EQ(w.seen[STUN_BIND], 1);
	teardown(&w);
}

static void
check_sent(struct world *w, bool channel)
{
	struct dgram	*d;
	struct stun	 m;

	w->tx.to.remote = w->peer;
	batch_put(&w->tx, "hello", 5);
	d = &w->tx.d[0];
	CHECK(turn_wrap(w->t, w->now, d));
	CHECK(path_equal(&d->to, &w->conf.path));
	if (channel) {
		EQ(d->n, 9);
		MEMEQ(d->p, "\x40\x00\x00\x05hello", 9);
	} else {
		EQ(stun_decode(&m, d->p, d->n), 0);
		EQ(m.method, STUN_SEND);
		CHECK(addr_equal(&m.peer, &w->peer));
		EQ(m.data.n, 5);
		MEMEQ(m.data.p, "hello", 5);
	}
	batch_reset(&w->tx);
}

/* Time with something to send now and then, as consent sees to. */
static void
run_in_use(struct world *w, const struct addr *peer, unsigned minutes)
{
	for (; minutes > 0; minutes--) {
		run(w, 60 * SEC);
		w->tx.to.remote = *peer;
		batch_put(&w->tx, "hello", 5);
		CHECK(turn_wrap(w->t, w->now, &w->tx.d[0]));
		batch_reset(&w->tx);
	}
}

static void
all_is_renewed_and_stale_nonces_followed_for_an_hour(void **state)
{
	static const char *const	 nonce[] = { "n1", "n2", "n3", "n4" };
	struct world			 w;

	(void)state;
	up(&w);
	for (unsigned i = 0; i < 60; i++) {
		w.nonce = nonce[i % 4];
		run_in_use(&w, &w.peer, 1);
	}
	EQ(turn_state(w.t), TURN_UP);
	CHECK(w.seen[STUN_REFRESH] >= 6);
	CHECK(w.seen[STUN_PERMIT] >= 14);
	CHECK(w.seen[STUN_BIND] >= 6);
	CHECK(w.stale > 10);
	teardown(&w);
}

/* Whichever request meets the end of a nonce is answered 438, and repeated. */
static void
a_stale_nonce_is_followed_by_every_method(void **state)
{
	static const uint16_t	 methods[] = { STUN_ALLOCATE, STUN_PERMIT,
		STUN_BIND, STUN_REFRESH };
	struct world		 w;

	(void)state;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		setup(&w);
		w.ends_method = methods[i];
		EQ(turn_permit(w.t, w.now, &w.peer), 0);
		run(&w, SEC);
		hear(&w);
		run_in_use(&w, &w.peer, 12);
		EQ(w.ends_method, 0);
		EQ(w.stale, 1);
		EQ(turn_state(w.t), TURN_UP);
		CHECK(w.seen[methods[i]] >= 1);
		check_sent(&w, true);
		/* Giving it back is a Refresh, too. */
		w.ends_method = STUN_REFRESH;
		turn_close(w.t, w.now, &w.tx);
		run(&w, 5 * SEC);
		EQ(w.stale, 2);
		EQ(w.released, 1);
		EQ(turn_state(w.t), TURN_OVER);
		teardown(&w);
	}
}

static void
data_with_an_unknown_attribute_is_dropped(void **state)
{
	struct world	 w;
	struct stun	 m = { .method = STUN_DATA, .class = STUN_INDICATION,
		.data = text("hello") };
	uint8_t		 b[128];
	size_t		 n;

	(void)state;
	up(&w);
	m.peer = w.peer;
	n = encode_unknown(m, NULL, 0, b, sizeof(b));
	CHECK(turn_input(w.t, w.now, &w.conf.path, b, n, &w.data, &w.tx));
	EQ(w.data.bytes.n, 0);
	teardown(&w);
}

/* RFC 8489 6.2.3. Not on a stream, where it is given up as soon. */
static void
what_is_not_answered_is_sent_again_on_udp_alone(void **state)
{
	struct world	 w;

	(void)state;
	for (int stream = 0; stream < 2; stream++) {
		setup(&w);
		turn_free(w.t);
		w.conf.stream = stream;
		w.t = turn_new(&w.conf, w.now);
		w.dead = true;
		run(&w, 9 * SEC);
		EQ(turn_state(w.t), TURN_ASKING);
		EQ(w.sent, stream ? 1 : 5);
		run(&w, SEC);
		EQ(turn_state(w.t), TURN_FAILED);
		STREQ(turn_why(w.t), "the server does not answer");
		EQ(w.sent, stream ? 1 : 5);
		teardown(&w);
	}
}

static void
what_finds_no_room_on_a_stream_is_sent_again(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w);
	turn_free(w.t);
	w.conf.stream = true;
	w.t = turn_new(&w.conf, w.now);
	while (batch_add(&w.tx, 1 << 15) != NULL)
		;
	while (batch_add(&w.tx, 1) != NULL)
		;
	turn_tick(w.t, w.now, &w.tx);
	batch_reset(&w.tx);
	run(&w, SEC);
	EQ(turn_state(w.t), TURN_UP);
	EQ(w.sent, 2);			/* with the one that is signed */
	teardown(&w);
}

static void
on_a_stream_all_is_renewed_for_an_hour(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w);
	turn_free(w.t);
	w.conf.stream = true;
	w.t = turn_new(&w.conf, w.now);
	EQ(turn_permit(w.t, w.now, &w.peer), 0);
	run(&w, SEC);
	hear(&w);
	run_in_use(&w, &w.peer, 60);
	EQ(turn_state(w.t), TURN_UP);
	CHECK(w.seen[STUN_REFRESH] >= 6);
	CHECK(w.seen[STUN_PERMIT] >= 14);
	CHECK(w.seen[STUN_BIND] >= 6);
	teardown(&w);
}

static void
an_unsigned_success_is_dropped(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w);
	w.unsigned_answers = true;
	run(&w, 30 * SEC);
	EQ(turn_state(w.t), TURN_FAILED);
	STREQ(turn_why(w.t), "the server does not answer");
	teardown(&w);
}

static void
a_server_that_dies_is_noticed_when_the_allocation_ends(void **state)
{
	struct world	 w;

	(void)state;
	up(&w);
	w.dead = true;
	run(&w, 500 * SEC);
	EQ(turn_state(w.t), TURN_UP);
	run(&w, 200 * SEC);
	EQ(turn_state(w.t), TURN_FAILED);
	teardown(&w);
}

static void
closing_gives_the_allocation_back(void **state)
{
	struct world	 w;

	(void)state;
	up(&w);
	turn_close(w.t, w.now, &w.tx);
	run(&w, 5 * SEC);
	EQ(w.released, 1);
	EQ(turn_state(w.t), TURN_OVER);
	teardown(&w);
}

static void
closing_follows_a_stale_nonce(void **state)
{
	struct world	 w;

	(void)state;
	setup(&w);
	run(&w, SEC);
	EQ(turn_state(w.t), TURN_UP);
	w.ends_method = STUN_REFRESH;
	turn_close(w.t, w.now, &w.tx);
	run(&w, SEC);
	EQ(w.stale, 1);
	EQ(w.released, 1);
	EQ(turn_state(w.t), TURN_OVER);
	teardown(&w);
}

static void
bytes_go_by_channel_or_by_indication(void **state)
{
	struct world	 w;

	(void)state;
	up(&w);
	check_sent(&w, true);
	teardown(&w);
	setup(&w);
	w.fail_method = STUN_BIND;
	w.fail_code = 400;
	w.peer = at("[2001:db8::9]:9000");
	turn_permit(w.t, w.now, &w.peer);
	run(&w, SEC);
	hear(&w);
	check_sent(&w, false);
	w.tx.to.remote = at("198.51.100.10:9000");
	batch_put(&w.tx, "hello", 5);
	CHECK(!turn_wrap(w.t, w.now, &w.tx.d[0]));
	EQ(w.tx.d[0].n, 5);
	teardown(&w);
}

static void
send_for(struct world *w, unsigned seconds, bool answered)
{
	uint8_t	 ch[] = "\x40\x00\x00\x05hello";

	for (; seconds > 0 && turn_state(w->t) == TURN_UP; seconds--) {
		check_sent(w, true);
		run(w, SEC);
		if (answered)
			turn_input(w->t, w->now, &w->conf.path, ch, 9,
			    &w->data, &w->tx);
	}
}

/* A server that was started anew, or a NAT that gave us another port. */
static void
a_server_that_has_forgotten_us_is_found_out_by_silence(void **state)
{
	struct world	 w;

	(void)state;
	up(&w);
	w.fail_method = STUN_REFRESH;
	w.fail_code = 437;
	send_for(&w, 60, true);
	EQ(turn_state(w.t), TURN_UP);
	run(&w, 60 * SEC);		/* nothing is expected */
	EQ(turn_state(w.t), TURN_UP);
	send_for(&w, 7, false);
	EQ(turn_state(w.t), TURN_FAILED);
	CHECK(strstr(turn_why(w.t), "no such allocation") != NULL);
	teardown(&w);
}

static void
a_peer_that_is_silent_costs_a_question_now_and_then(void **state)
{
	struct world	 w;

	(void)state;
	up(&w);
	send_for(&w, 60, false);
	EQ(turn_state(w.t), TURN_UP);
	CHECK(w.seen[STUN_REFRESH] >= 9 && w.seen[STUN_REFRESH] <= 12);
	teardown(&w);
}

static void
take_cut(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct world	*w = arg;

	(void)which;
	turn_input(w->t, w->now, &w->conf.path, (uint8_t *)(uintptr_t)p, n,
	    &w->data, &w->tx);
	EQ(w->data.bytes.n, 0);
}

static void
what_a_peer_sends_is_taken_and_cut_anywhere_dropped(void **state)
{
	struct world	 w;
	struct stun	 m = { .method = STUN_DATA, .class = STUN_INDICATION };
	uint8_t		 ch[] = "\x40\x00\x00\x05hello", b[128];
	size_t		 n;

	(void)state;
	up(&w);
	CHECK(turn_input(w.t, w.now, &w.conf.path, ch, 9, &w.data, &w.tx));
	EQ(w.data.bytes.n, 5);
	CHECK(addr_equal(&w.data.peer, &w.peer));
	mangle_cut(ch, 9, take_cut, &w);
	m.peer = w.peer;
	m.data = text("hello");
	n = stun_encode(&m, NULL, 0, true, b, sizeof(b));
	CHECK(turn_input(w.t, w.now, &w.conf.path, b, n, &w.data, &w.tx));
	EQ(w.data.bytes.n, 5);
	MEMEQ(w.data.bytes.p, "hello", 5);
	mangle_cut(b, n, take_cut, &w);
	m.peer = at("198.51.100.10:9000");
	n = stun_encode(&m, NULL, 0, true, b, sizeof(b));
	take_cut(&w, b, n, 0);
	teardown(&w);
}

/*
 * RFC 8656 9: permissions know addresses, not ports, and a peer behind a
 * symmetric NAT comes from a port that nobody could tell.
 */
static void
a_permitted_address_is_heard_from_any_port(void **state)
{
	struct world	 w;
	struct stun	 m = { .method = STUN_DATA, .class = STUN_INDICATION };
	uint8_t		 b[128];
	size_t		 n;

	(void)state;
	up(&w);
	m.peer = w.peer;
	m.peer.port = 12345;
	m.data = text("hello");
	n = stun_encode(&m, NULL, 0, true, b, sizeof(b));
	CHECK(turn_input(w.t, w.now, &w.conf.path, b, n, &w.data, &w.tx));
	EQ(w.data.bytes.n, 5);
	CHECK(addr_equal(&w.data.peer, &m.peer));
	/* And is answered without asking for another permission first. */
	w.tx.to.remote = m.peer;
	batch_put(&w.tx, "hello", 5);
	CHECK(!turn_wrap(w.t, w.now, &w.tx.d[0]));
	EQ(turn_permit(w.t, w.now, &m.peer), 0);
	CHECK(turn_wrap(w.t, w.now, &w.tx.d[0]));
	batch_reset(&w.tx);
	run_in_use(&w, &m.peer, 12);
	n = stun_encode(&m, NULL, 0, true, b, sizeof(b));
	CHECK(turn_input(w.t, w.now, &w.conf.path, b, n, &w.data, &w.tx));
	EQ(w.data.bytes.n, 5);
	teardown(&w);
}

/* A peer whose NAT gives it ever new ports: most are never used again. */
static void
peers_that_are_not_sent_to_make_room_in_time(void **state)
{
	struct world	 w;
	struct addr	 a = at("198.51.100.10:1000");
	unsigned	 before;

	(void)state;
	up(&w);
	for (int i = 1; i < TURN_PEERS; i++) {
		a.port++;
		EQ(turn_permit(w.t, w.now, &a), 0);
	}
	a.port++;
	EQ(turn_permit(w.t, w.now, &a), -1);
	run_in_use(&w, &w.peer, 15);
	EQ(turn_permit(w.t, w.now, &a), 0);
	run_in_use(&w, &a, 1);
	check_sent(&w, true);
	run(&w, 600 * SEC);
	before = w.seen[STUN_PERMIT];
	run(&w, 3600 * (uint64_t)SEC);
	EQ(w.seen[STUN_PERMIT], before);	/* nobody is sent to now */
	/* Who sleeps is woken by what is to be sent. */
	w.tx.to.remote = w.peer;
	batch_put(&w.tx, "hello", 5);
	CHECK(!turn_wrap(w.t, w.now, &w.tx.d[0]));
	batch_reset(&w.tx);
	EQ(turn_permit(w.t, w.now, &w.peer), 0);
	run(&w, SEC);
	check_sent(&w, true);
	teardown(&w);
}

/*
 * One allocation serves all parties, and most of their candidates answer
 * nothing: that costs neither a channel nor a place for longer than it is
 * tried.
 */
static void
who_never_answers_makes_room_in_seconds(void **state)
{
	struct world	 w;
	struct addr	 a = at("198.51.100.10:1000");

	(void)state;
	up(&w);
	for (int round = 0; round < 3; round++) {
		for (int i = 1; i < TURN_PEERS; i++) {
			a.port++;
			EQ(turn_permit(w.t, w.now, &a), 0);
		}
		a.port++;
		EQ(turn_permit(w.t, w.now, &a), -1);
		run(&w, 6 * SEC);
	}
	EQ(turn_permit(w.t, w.now, &a), 0);
	run(&w, SEC);
	w.peer = a;
	check_sent(&w, false);
	EQ(w.seen[STUN_BIND], 1);
	teardown(&w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_401_is_answered_with_credentials),
		cmocka_unit_test(
		    all_is_renewed_and_stale_nonces_followed_for_an_hour),
		cmocka_unit_test(a_stale_nonce_is_followed_by_every_method),
		cmocka_unit_test(data_with_an_unknown_attribute_is_dropped),
		cmocka_unit_test(
		    what_is_not_answered_is_sent_again_on_udp_alone),
		cmocka_unit_test(what_finds_no_room_on_a_stream_is_sent_again),
		cmocka_unit_test(on_a_stream_all_is_renewed_for_an_hour),
		cmocka_unit_test(an_unsigned_success_is_dropped),
		cmocka_unit_test(
		    a_server_that_dies_is_noticed_when_the_allocation_ends),
		cmocka_unit_test(closing_gives_the_allocation_back),
		cmocka_unit_test(closing_follows_a_stale_nonce),
		cmocka_unit_test(bytes_go_by_channel_or_by_indication),
		cmocka_unit_test(
		    a_server_that_has_forgotten_us_is_found_out_by_silence),
		cmocka_unit_test(
		    a_peer_that_is_silent_costs_a_question_now_and_then),
		cmocka_unit_test(
		    what_a_peer_sends_is_taken_and_cut_anywhere_dropped),
		cmocka_unit_test(a_permitted_address_is_heard_from_any_port),
		cmocka_unit_test(peers_that_are_not_sent_to_make_room_in_time),
		cmocka_unit_test(who_never_answers_makes_room_in_seconds),
	};

	return RUN(tests);
}
