#include "session/world.h"

static const struct party_conf	 one = { .dialect1 = true };
static const struct party_conf	 zero = { .dialect1 = false };

static void
restart(struct world *w, int s)
{
	world_relay_side(w, s, false);
	party_free(w->side[s].party);
	memset(w->side[s].app, 0, sizeof(w->side[s].app));
	world_start(w, s, 1);
	world_relay_side(w, s, true);
}

static void
restarts_are_noticed(const struct party_conf *c)
{
	struct world	*w;

	for (int s = 0; s < 2; s++) {
		w = two_sending(13, c, c, 8 << 20);
		CHECK(world_until(w, 30 * SEC, half_arrived));
		restart(w, s);
		world_run(w, 5 * SEC);
		EQ(w->side[1 - s].app[0].resets, 1);
		world_connect(w, 0, 0, 200000, false);
		world_connect(w, 1, 0, 200000, false);
		CHECK(world_until(w, 60 * SEC, all_arrived));
		EQ(w->side[1 - s].app[0].resets, 1);
		EQ(w->side[s].app[0].resets, 0);
		world_free(w);
	}
}

/* An Open of the other side that was on its way when this one restarted. */
static void
open_again(struct world *w, int from)
{
	struct msg	 m = { .type = MSG_OPEN, .id = span_of("abc") };

	for (size_t i = 0; i < w->nsessions; i++)
		if (w->session[i].from == from) {
			m.sid = span_of(w->session[i].sid);
			m.path = span_of(w->session[i].path);
		}
	m.from = span_of(emails[from]);
	m.to = span_of(emails[1 - from]);
	CHECK(party_message(w->side[1 - from].party, w->now, &m));
}

static void
two_of_dialect_0_do_not_renew_their_sessions_for_ever(void **state)
{
	struct world	*w = two_sending(13, &zero, &zero, 8 << 20);
	uint64_t	 opens;

	(void)state;
	CHECK(world_until(w, 30 * SEC, half_arrived));
	opens = w->side[0].opens_said + w->side[1].opens_said;
	restart(w, 1);
	open_again(w, 0);
	world_run(w, 5 * SEC);
	EQ(w->side[0].app[0].resets, 1);
	CHECK(w->side[0].opens_said + w->side[1].opens_said < opens + 10);
	world_connect(w, 0, 0, 200000, false);
	world_connect(w, 1, 0, 200000, false);
	CHECK(world_until(w, 60 * SEC, all_arrived));
	world_free(w);
}

/* The peer accepts what 0 has opened, and is gone before its offer. */
static uint64_t
accept_and_go(struct world *w, bool candidate)
{
	static const char	 token[] = "{\"candidate\":\"candidate:1 1 udp "
		"1 192.0.2.7 5 typ host\"}";
	struct msg		 m = { .type = MSG_ACCEPT,
		.id = span_of("abc") };
	struct link_info	 i;

	world_relay_side(w, 1, false);
	world_run(w, 8 * SEC);
	world_info(w, 0, 0, &i);
	m.sid = span_of(i.sid_out);
	CHECK(party_message(w->side[0].party, w->now, &m));
	m.type = MSG_SIGNAL;
	m.kind = span_of("ice_candidate");
	m.token = span_of(token);
	if (candidate)
		CHECK(party_message(w->side[0].party, w->now, &m));
	pump(w, 0);
	world_info(w, 0, 0, &i);
	STREQ(i.status, "accepted");
	return w->side[0].opens_said;
}

static void
a_session_whose_offer_never_comes_is_opened_again(void **state)
{
	static const struct party_conf	 ws = { .transport = TRANSPORT_WS };
	struct world			*w;
	uint64_t			 opens;

	(void)state;
	for (int candidate = 0; candidate < 2; candidate++) {
		w = world_new(14, &zero, &zero, 1);
		opens = accept_and_go(w, candidate);
		world_run(w, 4 * SEC);
		EQ(w->side[0].opens_said, opens);
		world_run(w, 1500 * MS);
		EQ(w->side[0].opens_said, opens + 1);
		world_free(w);
	}
	w = world_new(14, &ws, &ws, 1);
	opens = accept_and_go(w, false);
	world_run(w, 60 * SEC);
	EQ(w->side[0].opens_said, opens);
	world_free(w);
}

static void
a_peer_that_restarts_resets_the_link_and_serves_the_next(void **state)
{
	struct party_conf	 ws = { .dialect1 = true,
				    .transport = TRANSPORT_WS };

	(void)state;
	restarts_are_noticed(&one);
	restarts_are_noticed(&ws);
}

/*
 * What an agent does when its only marker of a peer changes: it has closed
 * all with the peer, and on other ports begins anew.
 */
static void
change(struct world *w, int s)
{
	struct side	*d = &w->side[s];
	struct msg	 m;

	party_close(d->party, w->now, &w->tx);
	simnet_send(w->net, w->now, &w->tx);
	while (party_say(d->party, w->now, false, &m))
		push(w, &w->in, s, d->conn, &m);
	party_free(d->party);
	memset(d->app, 0, sizeof(d->app));
	d->host.port += 10;
	d->party = party_new(&d->conf, w->now);
	party_relay(d->party, w->now, true);
	world_add(w, s, 0);
}

/*
 * What stays opened its session just before it hears that the other process is
 * another, so that one hears of two sessions, and begins anew for the second.
 */
static void
who_opened_just_before_a_restart_is_soon_direct_again(void **state)
{
	struct world	*w = two_sending(15, &zero, &zero, 8 << 20);

	(void)state;
	CHECK(world_until(w, 30 * SEC, half_arrived));
	world_relay_side(w, 0, false);
	restart(w, 1);
	world_relay_side(w, 0, true);
	pump(w, 0);
	world_connect(w, 1, 0, 200000, false);
	world_run(w, 100 * MS);
	CHECK(world_until(w, 3 * SEC, both_direct));
	world_connect(w, 0, 0, 200000, false);
	CHECK(world_until(w, 10 * SEC, all_arrived));
	world_free(w);
}

/* The second may change in the middle of what the first one's change began. */
static void
a_marker_that_both_change_is_soon_direct_again(void **state)
{
	struct world	*w;
	uint64_t	 gap, most = 0, from;

	(void)state;
	for (int first = 0; first < 2; first++)
		for (gap = 0; gap < 60 * MS; gap += 3 * MS) {
			w_udp = 1;
			w_rtp = 0;
			w = world_new(gap / MS + 1, &one, &one, 1);
			CHECK(world_until(w, 30 * SEC, both_direct));
			world_run(w, 2 * SEC);
			w_rtp = 1;
			change(w, first);
			world_run(w, gap);
			change(w, 1 - first);
			from = w->now;
			CHECK(world_until(w, 60 * SEC, both_direct));
			most = w->now - from > most ? w->now - from : most;
			world_free(w);
		}
	w_udp = w_rtp = 0;
	print_message("%llu ms\n", (unsigned long long)most / MS);
	CHECK(most < 2 * SEC);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    a_session_whose_offer_never_comes_is_opened_again),
		cmocka_unit_test(
		    a_peer_that_restarts_resets_the_link_and_serves_the_next),
		cmocka_unit_test(
		    two_of_dialect_0_do_not_renew_their_sessions_for_ever),
		cmocka_unit_test(
		    who_opened_just_before_a_restart_is_soon_direct_again),
		cmocka_unit_test(
		    a_marker_that_both_change_is_soon_direct_again),
	};

	return RUN(tests);
}
