#include "session/world.h"

#include "session/flow.h"

static const struct party_conf	 one = { .dialect1 = true };
static const struct party_conf	 zero = { .dialect1 = false };

static bool
both_relay(const struct world *w)
{
	return carried(w, CARRIER_WS);
}

static void
cut_path(struct world *w, bool cut)
{
	w->simconf.loss = cut ? 1000 : 0;
	simnet_set(w->net, &w->simconf);
}

static void
comes_up(const struct party_conf *a, const struct party_conf *b, int dialect,
    world_cond *carried_so)
{
	struct world		*w = world_new(1, a, b, 1);
	struct link_info	 i;

	world_connect(w, 0, 0, 300000, false);
	world_connect(w, 1, 0, 200000, false);
	CHECK(world_until(w, 10 * SEC, carried_so));
	CHECK(world_until(w, 20 * SEC, all_arrived));
	for (int s = 0; s < 2; s++) {
		world_info(w, s, 0, &i);
		EQ(i.dialect, dialect);
		CHECK(i.up);
		STREQ(i.status, "accepted");
		if (carried_so == both_direct)
			STREQ(i.webrtc, "connected");
	}
	EQ(w->side[0].app[0].resets + w->side[1].app[0].resets, 0);
	world_free(w);
}

static void
two_agents_of_dialect_1_carry_bytes_both_ways(void **state)
{
	(void)state;
	comes_up(&one, &one, 1, both_direct);
}

static unsigned
times(const char *text, const char *what)
{
	unsigned	 n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

/* Each is said to be carried, though nobody asks before all are. */
static void
as_many_links_as_a_pair_may_have_come_up_and_say_so(void **state)
{
	struct world	*w = world_new(64, &one, &one, PARTY_LINKS);

	(void)state;
	CHECK(world_until(w, 20 * SEC, both_direct));
	world_run(w, SEC);
	for (int s = 0; s < 2; s++)
		EQ(times(w->side[s].log, "carried by the direct path"),
		    PARTY_LINKS);
	world_free(w);
}

/* Each of its connections has a port of its own, or DTLS could not tell. */
static void
two_agents_of_dialect_0_carry_bytes_both_ways(void **state)
{
	struct party_conf	 strict = zero;

	(void)state;
	comes_up(&zero, &zero, 0, both_direct);
	strict.mode = MODE_STRICT;
	comes_up(&strict, &strict, 0, both_direct);
}

static void
dialect_1_speaks_dialect_0_to_an_upstream_peer(void **state)
{
	(void)state;
	comes_up(&one, &zero, 0, both_direct);
	comes_up(&zero, &one, 0, both_direct);
}

static void
two_links_of_dialect_0_do_not_mix(void **state)
{
	struct world	*w = world_new(1, &zero, &zero, 2);

	(void)state;
	for (int l = 0; l < 2; l++)
		for (int s = 0; s < 2; s++)
			world_connect(w, s, l, 300000, false);
	CHECK(world_until(w, 20 * SEC, both_direct));
	CHECK(world_until(w, 30 * SEC, all_arrived));
	nothing_was_reset(w);
	world_free(w);
}

static void
the_relay_can_vanish_under_a_direct_path(const struct party_conf *a,
    const struct party_conf *b)
{
	struct world		*w = two_sending(2, a, b, 3 << 20);
	struct link_info	 i;
	uint64_t		 said;

	CHECK(world_until(w, 30 * SEC, half_arrived));
	CHECK(both_direct(w));
	said = w->side[0].data_said + w->side[1].data_said;
	world_relay(w, false);
	CHECK(world_until(w, 60 * SEC, all_arrived));
	world_relay(w, true);
	world_run(w, 20 * SEC);
	CHECK(both_direct(w));
	EQ(w->side[0].data_said + w->side[1].data_said, said);
	world_info(w, 1, 0, &i);
	STREQ(i.status, "accepted");
	nothing_was_reset(w);
	world_free(w);
}

static void
a_direct_path_outlives_the_relay(void **state)
{
	(void)state;
	the_relay_can_vanish_under_a_direct_path(&one, &one);
}

static void
the_relay_carries_and_resumes(const struct party_conf *a,
    const struct party_conf *b, uint64_t seed)
{
	struct party_conf	 ca = *a, cb = *b;
	struct world		*w;

	ca.transport = cb.transport = TRANSPORT_WS;
	w = two_sending(seed, &ca, &cb, 3 << 20);
	CHECK(world_until(w, 30 * SEC, half_arrived));
	CHECK(both_relay(w));
	world_relay(w, false);
	world_run(w, 3 * SEC);
	world_relay(w, true);
	CHECK(world_until(w, 60 * SEC, all_arrived));
	nothing_was_reset(w);
	EQ(w->side[0].app[0].got, 3 << 20);
	world_free(w);
}

static void
a_link_on_the_relay_resumes_when_that_restarts(void **state)
{
	(void)state;
	the_relay_carries_and_resumes(&one, &one, 3);
	the_relay_carries_and_resumes(&one, &zero, 31);
	the_relay_carries_and_resumes(&zero, &one, 32);
	the_relay_carries_and_resumes(&zero, &zero, 33);
}

/* Only one side's connection to the relay breaks, the relay knows all. */
static void
a_link_on_the_relay_survives_a_reconnect_of_either_side(void **state)
{
	struct party_conf	 ws = { .dialect1 = true,
				    .transport = TRANSPORT_WS };
	struct world		*w;

	(void)state;
	for (int s = 0; s < 2; s++) {
		w = two_sending(40 + (uint64_t)s, &ws, &ws, 3 << 20);
		CHECK(world_until(w, 30 * SEC, half_arrived));
		world_relay_side(w, s, false);
		world_run(w, SEC);
		world_relay_side(w, s, true);
		CHECK(world_until(w, 60 * SEC, all_arrived));
		nothing_was_reset(w);
		world_free(w);
	}
}

static void
falls_back_and_returns(const struct party_conf *a,
    const struct party_conf *b)
{
	struct world		*w = two_sending(5, a, b, 8 << 20);
	struct link_info	 i;
	uint64_t		 t;

	CHECK(world_until(w, 30 * SEC, half_arrived));
	CHECK(both_direct(w));
	cut_path(w, true);
	t = w->now;
	CHECK(world_until(w, 60 * SEC, both_relay));
	CHECK(w->now - t > 1500 * MS && w->now - t < 10 * SEC);
	w->side[0].app[0].to_send += 4 << 20;
	w->side[1].app[0].to_send += 4 << 20;
	world_run(w, 100 * MS);
	cut_path(w, false);
	CHECK(world_until(w, 120 * SEC, both_direct));
	CHECK(world_until(w, 60 * SEC, all_arrived));
	nothing_was_reset(w);
	world_info(w, 0, 0, &i);
	EQ(i.fallbacks, 1);
	CHECK(i.tx_ws_packets > 0 && i.tx_p2p_packets > 0);
	world_free(w);
}

static void
a_lost_path_falls_back_after_the_grace_and_comes_back(void **state)
{
	(void)state;
	falls_back_and_returns(&one, &one);
}

static bool
some_reset(const struct world *w)
{
	return w->side[0].app[0].resets > 0;
}

static void
strict_never_uses_the_relay_and_resets_with_the_reason(void **state)
{
	struct party_conf	 strict = { .dialect1 = true,
				    .mode = MODE_STRICT };
	struct world		*w = world_new(6, &strict, &strict, 1);
	struct link_info	 i;
	uint64_t		 t;

	(void)state;
	cut_path(w, true);
	world_connect(w, 0, 0, 1000, false);
	t = w->now;
	CHECK(world_until(w, 30 * SEC, some_reset));
	EQ(w->now - t, 10 * SEC);
	CHECK(strstr(w->side[0].app[0].why, "hotlink strict: websocket "
	    "fallback attempted (not ready) session=hl1-") != NULL);
	CHECK(strstr(w->side[0].app[0].why, "path=a@example.com/x/_mpc/l0/"
	    "0_to_1/stream.tcp.request offset=0") != NULL);
	world_info(w, 0, 0, &i);
	EQ(i.violations, 1);
	EQ(w->side[0].data_said + w->side[1].data_said, 0);
	/* Once there is a path it tells of the reset; the next one works. */
	cut_path(w, false);
	CHECK(world_until(w, 120 * SEC, both_direct));
	world_run(w, SEC);
	world_connect(w, 0, 0, 1000, false);
	world_connect(w, 1, 0, 1000, false);
	CHECK(world_until(w, 10 * SEC, all_arrived));
	EQ(w->side[0].data_said + w->side[1].data_said, 0);
	world_info(w, 0, 0, &i);
	EQ(i.violations, 1);
	EQ(i.fallbacks, 0);
	world_free(w);
}

static void
strict_without_accept_says_so(void **state)
{
	struct party_conf	 strict = { .dialect1 = true,
				    .mode = MODE_STRICT };
	struct world		*w = world_new(7, &strict, &strict, 1);

	(void)state;
	world_relay_side(w, 1, false);
	world_connect(w, 0, 0, 1000, false);
	CHECK(world_until(w, 30 * SEC, some_reset));
	CHECK(strstr(w->side[0].app[0].why,
	    "hotlink strict: accept timeout session=") != NULL);
	CHECK(strstr(w->side[0].app[0].why,
	    " err=the other party has not accepted: ") != NULL);
	EQ(w->side[0].data_said, 0);
	world_free(w);
}

static void
what_a_link_waits_for_is_told_once(void **state)
{
	static const char	 waits[] = "waits: the other party has not "
				    "accepted: ";
	struct world		*w = world_new(31, &one, &one, 1);
	const char		*at;

	(void)state;
	world_relay_side(w, 1, false);
	world_run(w, 20 * SEC);
	CHECK(strstr(w->side[0].log, "waits: ") == NULL);
	world_connect(w, 0, 0, 1000, false);
	world_run(w, 20 * SEC);
	at = strstr(w->side[0].log, waits);
	CHECK(at != NULL && strstr(at + 1, "waits: ") == NULL);
	world_relay_side(w, 1, true);
	world_connect(w, 1, 0, 1000, false);
	CHECK(world_until(w, 30 * SEC, all_arrived));
	EQ(w->side[0].app[0].resets, 0);
	world_free(w);
}

static void
the_path_is_lost_in_mid_transfer(bool dialect1)
{
	struct party_conf	 strict = { .dialect1 = dialect1,
				    .mode = MODE_STRICT };
	struct world		*w = two_sending(8, &strict, &strict, 8 << 20);
	struct link_info	 i;

	CHECK(world_until(w, 30 * SEC, half_arrived));
	cut_path(w, true);
	CHECK(world_until(w, 60 * SEC, some_reset));
	CHECK(strstr(w->side[0].app[0].why, "hotlink strict: websocket "
	    "fallback attempted") != NULL);
	world_run(w, 120 * SEC);
	world_info(w, 0, 0, &i);
	EQ(i.violations, 1);
	EQ(w->side[0].data_said + w->side[1].data_said, 0);
	world_free(w);
}

static void
strict_resets_a_path_lost_in_mid_transfer(void **state)
{
	(void)state;
	the_path_is_lost_in_mid_transfer(true);
	the_path_is_lost_in_mid_transfer(false);
}

/* Nobody may wait for ever for a peer that is gone. */
static void
strict_resets_a_quiet_connection_whose_path_is_gone(void **state)
{
	struct party_conf	 strict = { .dialect1 = true,
				    .mode = MODE_STRICT };
	struct world		*w = two_sending(26, &strict, &strict, 100000);
	struct link_info	 i;

	(void)state;
	CHECK(world_until(w, 30 * SEC, all_arrived));
	world_run(w, 2 * SEC);
	cut_path(w, true);
	CHECK(world_until(w, 60 * SEC, some_reset));
	CHECK(strstr(w->side[0].app[0].why, "path lost") != NULL);
	world_info(w, 0, 0, &i);
	EQ(i.violations, 0);
	world_free(w);
}

static void
a_quiet_connection_outlives_its_path_if_the_relay_may_carry_it(void **state)
{
	struct world	*w = two_sending(27, &one, &one, 100000);

	(void)state;
	CHECK(world_until(w, 30 * SEC, all_arrived));
	cut_path(w, true);
	world_run(w, 180 * SEC);
	nothing_was_reset(w);
	world_free(w);
}

static void
p2p_only_never_falls_back(void **state)
{
	struct party_conf	 p2p = { .dialect1 = true,
				    .transport = TRANSPORT_P2P };
	struct world		*w = world_new(9, &p2p, &p2p, 1);
	struct link_info	 i;

	(void)state;
	cut_path(w, true);
	world_connect(w, 0, 0, 1000, false);
	CHECK(world_until(w, 30 * SEC, some_reset));
	CHECK(strstr(w->side[0].app[0].why, "hotlink p2p_only send failed: "
	    "webrtc not ready after wait session=") != NULL);
	world_info(w, 0, 0, &i);
	EQ(i.violations, 0);
	EQ(w->side[0].data_said + w->side[1].data_said, 0);
	world_free(w);
}

static void
strict_over_ws_refuses_at_once(void **state)
{
	struct party_conf	 c = { .dialect1 = true,
				    .mode = MODE_STRICT,
				    .transport = TRANSPORT_WS };
	struct world		*w = world_new(10, &c, &c, 1);
	uint64_t		 t;

	(void)state;
	world_run(w, SEC);
	world_connect(w, 0, 0, 1000, false);
	t = w->now;
	CHECK(world_until(w, 30 * SEC, some_reset));
	EQ(w->now, t);
	EQ(simnet_deadline(w->net), NEVER);
	world_free(w);
}

static void
bytes_wait_for_a_peer_that_comes_late(void **state)
{
	struct world	*w = world_new(11, &one, &one, 1);

	(void)state;
	world_relay_side(w, 1, false);
	world_connect(w, 0, 0, 100000, false);
	world_run(w, 40 * SEC);
	EQ(w->side[0].data_said, 0);
	world_relay_side(w, 1, true);
	world_connect(w, 1, 0, 50000, false);
	CHECK(world_until(w, 2 * SEC, all_arrived));
	nothing_was_reset(w);
	world_free(w);
}

/*
 * Of two that are started at about the same time, who opens first may not be
 * heard; or is, and opening again would cost more than it gains.
 */
static void
two_that_are_started_together_are_linked_before_the_timer(void **state)
{
	static const uint64_t	 hops[] = { 2 * MS, 22 * MS, 52 * MS, 72 * MS };
	static const uint64_t	 later_by[] = { 0, 5 * MS, 50 * MS, 150 * MS };
	size_t			 i;
	int			 side;
	struct world		*w;

	(void)state;
	for (i = 0; i < 16; i++)
		for (side = 0; side < 2; side++) {
			w = world_new(13, &one, &one, 1);
			w->hop = hops[i / 4];
			world_relay_side(w, side, false);
			world_run(w, later_by[i % 4]);
			world_relay_side(w, side, true);
			CHECK(world_until(w, 850 * MS, both_direct));
			world_free(w);
		}
}

static void
a_denied_session_comes_up_once_it_is_allowed(void **state)
{
	struct world		*w = world_new(12, &one, &one, 1);
	struct link_info	 i;

	(void)state;
	w->deny = true;
	world_run(w, 10 * SEC);
	world_info(w, 0, 0, &i);
	STREQ(i.status, "rejected");
	CHECK(strstr(w->side[0].log, "rejected: permission denied") != NULL);
	w->deny = false;
	CHECK(world_until(w, 7 * SEC, both_direct));
	world_free(w);
}

static void
two_links_share_one_connection(void **state)
{
	struct world		*w = world_new(14, &one, &one, 2);
	struct party_info	 p;

	(void)state;
	for (int l = 0; l < 2; l++) {
		world_connect(w, 0, l, 1 << 20, false);
		world_connect(w, 1, l, 1 << 20, false);
	}
	CHECK(world_until(w, 60 * SEC, all_arrived));
	party_info(w->side[0].party, &p);
	EQ(p.offers, 1);
	CHECK(p.channel_open);
	nothing_was_reset(w);
	world_free(w);
}

/* All offers may come at one moment: none may find itself without a port. */
static void
links_of_the_old_dialect_all_go_direct_at_once(void **state)
{
	struct world		*w = world_new(16, &zero, &zero, 2);
	struct link_info	 i;

	(void)state;
	for (int l = 0; l < 2; l++) {
		world_connect(w, 0, l, 100000, false);
		world_connect(w, 1, l, 100000, false);
	}
	CHECK(world_until(w, 20 * SEC, all_arrived));
	for (int s = 0; s < 2; s++)
		for (int l = 0; l < 2; l++) {
			world_info(w, s, l, &i);
			EQ(i.carrier, CARRIER_P2P);
			EQ(i.tx_ws_packets, 0);
		}
	world_free(w);
}

static bool
all_ended(const struct world *w)
{
	return w->side[0].app[0].ends > 0 && w->side[1].app[0].ends > 0;
}

static void
eof_both_ways_ends_in_peace_and_the_next_connection_works(void **state)
{
	struct world	*w = world_new(16, &one, &one, 1);

	(void)state;
	for (int round = 0; round < 3; round++) {
		w->side[0].app[0].ends = w->side[1].app[0].ends = 0;
		world_connect(w, 0, 0, 100000, true);
		world_connect(w, 1, 0, 70000, true);
		CHECK(world_until(w, 30 * SEC, all_ended));
		EQ(w->side[0].app[0].got, 70000);
		EQ(w->side[1].app[0].got, 100000);
	}
	nothing_was_reset(w);
	world_free(w);
}

static void
a_fifth_of_all_datagrams_may_be_lost(void **state)
{
	struct world	*w;

	(void)state;
	for (uint64_t seed = 20; seed < 23; seed++) {
		w = world_new(seed, &one, &one, 1);
		w->simconf.loss = 200;
		simnet_set(w->net, &w->simconf);
		world_connect(w, 0, 0, 300000, false);
		world_connect(w, 1, 0, 300000, false);
		CHECK(world_until(w, 300 * SEC, all_arrived));
		nothing_was_reset(w);
		world_free(w);
	}
}

static void
a_relay_that_shuffles_and_drops_is_survived(void **state)
{
	struct party_conf	 ws = { .dialect1 = true,
				    .transport = TRANSPORT_WS };
	struct world		*w;

	(void)state;
	for (uint64_t seed = 30; seed < 34; seed++) {
		w = world_new(seed, &ws, &ws, 1);
		w->shuffle = 100;
		w->drop = 5;
		world_connect(w, 0, 0, 3 << 20, false);
		world_connect(w, 1, 0, 3 << 20, false);
		CHECK(world_until(w, 600 * SEC, all_arrived));
		nothing_was_reset(w);
		world_free(w);
	}
}

static void
send_to(struct world *w, int s, struct msg *m)
{
	party_message(w->side[s].party, w->now, m);
	pump(w, s);
}

static void
hostile_messages_are_refused_and_counted(void **state)
{
	struct world		*w = two_sending(17, &one, &one, 100000);
	struct party_info	 p;
	struct link_info	 i;
	struct msg		 m = { .type = MSG_OPEN };
	char			 sid[SID_MAX + 1];

	(void)state;
	CHECK(world_until(w, 30 * SEC, all_arrived));
	world_info(w, 0, 0, &i);
	snprintf(sid, sizeof(sid), "%s", i.sid_out);
	m.sid = span_of(sid);			/* a session of mine */
	m.from = span_of(emails[1]);
	m.path = span_of("b@example.com/x/_mpc/l0/0_to_1/stream.tcp.request");
	send_to(w, 0, &m);
	m.sid = span_of("short");
	send_to(w, 0, &m);
	m.sid = span_of("hl1-00000000000000000000000000000000");
	m.path = span_of("../x/_mpc/l0/0_to_1/stream.tcp.request");
	send_to(w, 0, &m);
	party_info(w->side[0].party, &p);
	EQ(p.refused_opens, 3);
	m.path = span_of("b@example.com/x/_mpc/l0/0_to_1/stream.tcp.request");
	m.from = span_of("eve@example.com");
	CHECK(!party_message(w->side[0].party, w->now, &m));
	m.from = span_of(emails[0]);
	CHECK(!party_message(w->side[0].party, w->now, &m));
	m.from = span_of(emails[1]);
	m.path = span_of("b@example.com/x/_mpc/zz/0_to_1/stream.tcp.request");
	CHECK(!party_message(w->side[0].party, w->now, &m));

	/* Data on my own session, or of another path, or that is no frame. */
	m = (struct msg){ .type = MSG_DATA, .sid = span_of(sid),
	    .payload = span_of("xxxxxxxxxxxxxxxxxxxxxxxxxxx") };
	send_to(w, 0, &m);
	m.sid = span_of(i.sid_in);
	send_to(w, 0, &m);
	m.path = span_of("b@example.com/x/_mpc/zz/0_to_1/stream.tcp.request");
	send_to(w, 0, &m);
	m = (struct msg){ .type = MSG_SIGNAL, .sid = span_of(i.sid_in),
	    .kind = span_of("sdp_offer"), .token = span_of("{\"sdp\":1}") };
	send_to(w, 0, &m);
	m.kind = span_of("hlc_hello");
	send_to(w, 0, &m);
	party_info(w->side[0].party, &p);
	CHECK(p.bad_messages >= 5);
	w->side[0].app[0].to_send += 100000;
	CHECK(world_until(w, 30 * SEC, all_arrived));
	nothing_was_reset(w);
	world_free(w);
}

static void
an_idle_pair_hardly_wakes_up(void **state)
{
	struct world	*w = two_sending(18, &one, &one, 1000);
	uint64_t	 before;

	(void)state;
	CHECK(world_until(w, 30 * SEC, both_direct));
	world_run(w, 60 * SEC);
	before = w->side[0].pumps;
	world_run(w, 600 * SEC);
	print_message("idle: %.2f wake-ups per second\n",
	    (double)(w->side[0].pumps - before) / 600);
	CHECK(w->side[0].pumps - before < 900);
	world_free(w);
}

static void
a_peer_that_is_away_hardly_wakes_us_up(void **state)
{
	struct world	*w = world_new(19, &one, &one, 2);
	uint64_t	 before;

	(void)state;
	world_relay_side(w, 1, false);
	world_run(w, 60 * SEC);
	before = w->side[0].pumps;
	world_run(w, 600 * SEC);
	print_message("alone: %.2f wake-ups per second\n",
	    (double)(w->side[0].pumps - before) / 600);
	CHECK(w->side[0].pumps - before < 600);
	world_free(w);
}

/* Nothing can be said, nothing can be sent: nothing is to be done at once. */
static void
everything_is_away(const struct party_conf *c)
{
	struct world	*w = two_sending(26, c, c, 1000);
	uint64_t	 before[2];

	CHECK(world_until(w, 30 * SEC, both_direct));
	world_relay(w, false);
	cut_path(w, true);
	world_run(w, 60 * SEC);
	for (int s = 0; s < 2; s++)
		before[s] = w->side[s].pumps;
	world_run(w, 600 * SEC);
	for (int s = 0; s < 2; s++)
		CHECK(w->side[s].pumps - before[s] < 900);
	world_relay(w, true);
	cut_path(w, false);
	CHECK(world_until(w, 120 * SEC, both_direct));
	world_free(w);
}

static void
a_lost_path_and_a_lost_relay_together_hardly_wake_us_up(void **state)
{
	(void)state;
	everything_is_away(&one);
	everything_is_away(&zero);
}

static void
add_with_key(struct world *w, int link, uint8_t first)
{
	struct marker	 m;
	struct app	*a = &w->side[0].app[link];

	world_marker(&m, 0, link);
	m.has_fingerprint = true;
	cert_key_id(w->side[1].cert, m.fingerprint);
	m.fingerprint[0] ^= first;
	a->link = party_add(w->side[0].party, w->now, &m, a);
	CHECK(a->link != NULL);
}

static enum carrier
carrier_of(const struct world *w, int link)
{
	struct link_info	 i;

	world_info(w, 0, link, &i);
	return i.carrier;
}

/* Whichever marker came first: no link is carried past its own key. */
static void
a_link_is_not_carried_by_the_key_of_another_links_marker(void **state)
{
	struct world	*w = world_new(27, &one, &one, 0);

	(void)state;
	for (int l = 0; l < 2; l++) {
		world_add(w, 1, l);
		add_with_key(w, l, l == 0 ? 0 : 1);
	}
	world_run(w, 20 * SEC);
	EQ(carrier_of(w, 0), CARRIER_P2P);
	EQ(carrier_of(w, 1), CARRIER_NONE);
	party_remove(w->side[0].party, w->now, w->side[0].app[0].link,
	    &w->tx);
	w->side[0].app[0].link = NULL;
	world_run(w, 60 * SEC);
	EQ(carrier_of(w, 1), CARRIER_NONE);
	add_with_key(w, 0, 0);
	party_remove(w->side[0].party, w->now, w->side[0].app[1].link,
	    &w->tx);
	w->side[0].app[1].link = NULL;
	world_run(w, 60 * SEC);
	EQ(carrier_of(w, 0), CARRIER_P2P);
	world_free(w);
}

static void
a_removed_link_resets_the_other_end_and_can_be_made_again(void **state)
{
	struct world	*w = two_sending(24, &one, &one, 8 << 20);

	(void)state;
	CHECK(world_until(w, 30 * SEC, half_arrived));
	party_remove(w->side[0].party, w->now, w->side[0].app[0].link,
	    &w->tx);
	memset(&w->side[0].app[0], 0, sizeof(w->side[0].app[0]));
	pump(w, 0);
	world_run(w, 5 * SEC);
	EQ(w->side[1].app[0].resets, 1);
	world_add(w, 0, 0);
	world_connect(w, 0, 0, 100000, false);
	world_connect(w, 1, 0, 100000, false);
	CHECK(world_until(w, 30 * SEC, all_arrived));
	EQ(w->side[1].app[0].resets, 1);
	CHECK(world_until(w, 30 * SEC, both_direct));
	world_free(w);
}

/* The other link keeps the connection, which has so many streams. */
static void
a_link_can_be_removed_and_made_again_any_number_of_times(void **state)
{
	struct world	*w = world_new(28, &one, &one, 2);

	(void)state;
	CHECK(world_until(w, 30 * SEC, both_direct));
	for (int i = 0; i < 300; i++) {
		party_remove(w->side[0].party, w->now,
		    w->side[0].app[0].link, &w->tx);
		memset(&w->side[0].app[0], 0, sizeof(w->side[0].app[0]));
		pump(w, 0);
		world_add(w, 0, 0);
		if (!world_until(w, 20 * SEC, both_direct))
			fail_msg("the %dth time", i);
		w->nsessions = w->nsessions > 32 ? 0 : w->nsessions;
	}
	world_free(w);
}

static void
a_goodbye_ends_the_peers_connection_with_a_reason(void **state)
{
	struct world	*w = two_sending(25, &one, &one, 8 << 20);
	const char	*why;

	(void)state;
	CHECK(world_until(w, 30 * SEC, half_arrived));
	party_close(w->side[1].party, w->now, &w->tx);
	simnet_send(w->net, w->now, &w->tx);
	CHECK(world_until(w, 5 * SEC, some_reset));
	why = w->side[0].app[0].why;
	CHECK(strcmp(why, "the peer's agent has ended") == 0 ||
	    strcmp(why, "the peer closed the link") == 0);
	world_free(w);
}

static void
a_failed_allocation_costs_no_more_than_a_connection(void **state)
{
	struct party_conf	 ws = { .dialect1 = true,
				    .transport = TRANSPORT_WS };
	struct world		*w;

	(void)state;
	for (uint64_t turn = 1; turn < 80; turn++) {
		/* usrsctp does not survive it once it sends: not after 20. */
		w = world_new(50 + turn, turn > 20 ? &ws : &one, &one, 1);
		w->poor = turn;
		w->nth = 1 + turn % 3;
		world_connect(w, 0, 0, 100000, false);
		world_connect(w, 1, 0, 100000, false);
		world_run(w, 100 * SEC);
		for (int s = 0; s < 2; s++)
			if (!w->side[s].app[0].attached)
				world_connect(w, s, 0, 100000, false);
		CHECK(world_until(w, 100 * SEC, all_arrived) ||
		    w->side[0].app[0].resets + w->side[1].app[0].resets > 0);
		world_free(w);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(two_agents_of_dialect_1_carry_bytes_both_ways),
		cmocka_unit_test(
		    as_many_links_as_a_pair_may_have_come_up_and_say_so),
		cmocka_unit_test(two_agents_of_dialect_0_carry_bytes_both_ways),
		cmocka_unit_test(
		    dialect_1_speaks_dialect_0_to_an_upstream_peer),
		cmocka_unit_test(two_links_of_dialect_0_do_not_mix),
		cmocka_unit_test(a_direct_path_outlives_the_relay),
		cmocka_unit_test(
		    a_link_on_the_relay_resumes_when_that_restarts),
		cmocka_unit_test(
		    a_link_on_the_relay_survives_a_reconnect_of_either_side),
		cmocka_unit_test(
		    a_lost_path_falls_back_after_the_grace_and_comes_back),
		cmocka_unit_test(
		    strict_never_uses_the_relay_and_resets_with_the_reason),
		cmocka_unit_test(strict_without_accept_says_so),
		cmocka_unit_test(what_a_link_waits_for_is_told_once),
		cmocka_unit_test(strict_resets_a_path_lost_in_mid_transfer),
		cmocka_unit_test(
		    strict_resets_a_quiet_connection_whose_path_is_gone),
		cmocka_unit_test(
	    a_quiet_connection_outlives_its_path_if_the_relay_may_carry_it),
		cmocka_unit_test(p2p_only_never_falls_back),
		cmocka_unit_test(strict_over_ws_refuses_at_once),
		cmocka_unit_test(bytes_wait_for_a_peer_that_comes_late),
		cmocka_unit_test(
		    two_that_are_started_together_are_linked_before_the_timer),
		cmocka_unit_test(a_denied_session_comes_up_once_it_is_allowed),
		cmocka_unit_test(two_links_share_one_connection),
		cmocka_unit_test(
		    links_of_the_old_dialect_all_go_direct_at_once),
		cmocka_unit_test(
		    eof_both_ways_ends_in_peace_and_the_next_connection_works),
		cmocka_unit_test(a_fifth_of_all_datagrams_may_be_lost),
		cmocka_unit_test(a_relay_that_shuffles_and_drops_is_survived),
		cmocka_unit_test(hostile_messages_are_refused_and_counted),
		cmocka_unit_test(an_idle_pair_hardly_wakes_up),
		cmocka_unit_test(a_peer_that_is_away_hardly_wakes_us_up),
		cmocka_unit_test(
		    a_lost_path_and_a_lost_relay_together_hardly_wake_us_up),
		cmocka_unit_test(
		    a_link_is_not_carried_by_the_key_of_another_links_marker),
		cmocka_unit_test(
		    a_removed_link_resets_the_other_end_and_can_be_made_again),
		cmocka_unit_test(
		    a_link_can_be_removed_and_made_again_any_number_of_times),
		cmocka_unit_test(
		    a_goodbye_ends_the_peers_connection_with_a_reason),
		cmocka_unit_test(
		    a_failed_allocation_costs_no_more_than_a_connection),
	};

	return RUN(tests);
}
