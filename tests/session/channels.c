/*
 * Channels that an upstream peer opens and closes while its connections stay.
 * A party never does that, so the tests do it behind its back, on its side 1.
 */
#include "session/world.h"

#include "session/link.h"

enum { BYTES = 2 << 20, UNREAD = 64 << 20 };

/* What is closed in mid-transfer would be lost: dialect 0 has no ack. */
static const struct party_conf	 strict = { .mode = MODE_STRICT };
static const struct party_conf	 patient = {
	.mode = MODE_STRICT, .connect_timeout = 300 * SEC,
};

static bool
channel_up(const struct link *l)
{
	return l->channel >= 0 && l->channel_in >= 0;
}

static bool
all_up(const struct world *w)
{
	return channel_up(w->side[0].app[0].link) &&
	    channel_up(w->side[1].app[0].link);
}

static bool
side_1_may_send(const struct world *w)
{
	return w->side[1].app[0].link->channel >= 0;
}

static bool
side_0_may_not_send(const struct world *w)
{
	return w->side[0].app[0].link->channel < 0;
}

static struct world *
connected_as(uint64_t seed, const struct party_conf *c)
{
	struct world	*w = two_sending(seed, c, c, BYTES);

	CHECK(world_until(w, 30 * SEC, all_arrived));
	CHECK(all_up(w));
	return w;
}

static struct world *
connected(uint64_t seed)
{
	return connected_as(seed, &strict);
}

static struct link *
upstream(struct world *w)
{
	return w->side[1].app[0].link;
}

static void
close_channel(struct world *w, struct direct *d, int channel)
{
	peer_close_channel(d->peer, w->now, (uint16_t)channel, &w->tx);
	simnet_send(w->net, w->now, &w->tx);
}

static void
goes_on(struct world *w)
{
	for (int s = 0; s < 2; s++) {
		w->side[s].app[0].to_send += BYTES;
		pump(w, s);
	}
	CHECK(world_until(w, 30 * SEC, all_arrived));
	for (int s = 0; s < 2; s++) {
		EQ(w->side[s].app[0].resets, 0);
		EQ(w->side[s].data_said, 0);
	}
}

/* The one we send on: a new offer is asked for, in the same session. */
static void
the_channel_the_peer_opened_is_asked_for_again(void **state)
{
	struct world	*w = connected(41);
	struct link	*l = upstream(w);
	uint64_t	 opens = w->side[0].opens_said;
	char		 sid[SID_MAX + 1];

	(void)state;
	memcpy(sid, w->side[0].app[0].link->out.sid, sizeof(sid));
	close_channel(w, l->from_peer, l->channel_in);
	direct_fail(l->from_peer, w->now, "closed");
	l->channel_in = -1;
	CHECK(world_until(w, 2 * SEC, side_0_may_not_send));
	CHECK(world_until(w, 5 * SEC, all_up));
	EQ(w->side[0].opens_said, opens + 1);
	STREQ(w->side[0].app[0].link->out.sid, sid);
	goes_on(w);
	world_free(w);
}

/* What it announces is for the messages that it is sent. */
static void
no_message_is_longer_than_the_peer_announces(void **state)
{
	enum { MOST = 5000 };
	struct world		*w = connected(46);
	struct link		*l = upstream(w);
	struct legacy_stats	 before, st;

	(void)state;
	legacy_stats(l->m.legacy, &before);
	l->from_peer->conf.peer.max_message = MOST;
	close_channel(w, l->from_peer, l->channel_in);
	direct_fail(l->from_peer, w->now, "closed");
	l->channel_in = -1;
	CHECK(world_until(w, 2 * SEC, side_0_may_not_send));
	CHECK(world_until(w, 5 * SEC, all_up));
	goes_on(w);
	legacy_stats(l->m.legacy, &st);
	CHECK(st.rx_frames - before.rx_frames >= BYTES / MOST);
	CHECK(st.rx_frames - before.rx_frames <= BYTES / (MOST / 2));
	world_free(w);
}

/* It came before the peer had noticed the end: it accepted and that was all. */
static void
an_open_that_came_too_early_is_said_again_in_time(void **state)
{
	struct world	*w = connected(45);
	struct link	*l = upstream(w);

	(void)state;
	close_channel(w, l->from_peer, l->channel_in);
	direct_close(l->from_peer, w->now, &w->tx);
	batch_reset(&w->tx);
	l->channel_in = -1;
	l->from_peer->state = DIRECT_CONNECTING;
	world_connect(w, 0, 0, 2 * BYTES, false);
	world_run(w, SEC);
	CHECK(side_0_may_not_send(w));
	l->from_peer->state = DIRECT_OFF;
	CHECK(world_until(w, 8 * SEC, all_up));
	goes_on(w);
	world_free(w);
}

/* Nobody reads at side 0, and what side 1 sends has filled all there is. */
static struct world *
unread(uint64_t seed, const struct party_conf *c)
{
	struct world	*w = connected_as(seed, c);

	w->side[0].app[0].stopped = true;
	world_connect(w, 1, 0, UNREAD, false);
	world_run(w, 20 * SEC);
	CHECK(w->side[1].app[0].sent < UNREAD);
	return w;
}

static void
all_of_it_is_read(struct world *w)
{
	w->side[0].app[0].stopped = false;
	pump(w, 0);
	CHECK(world_until(w, 60 * SEC, all_arrived));
	goes_on(w);
	world_free(w);
}

/*
 * Nothing is taken of it then, but what becomes of the connections is heard:
 * else the one to send on never comes up again.
 */
static void
what_nobody_reads_keeps_no_connection_down(void **state)
{
	struct world	*w = unread(47, &strict);
	struct link	*l = upstream(w);
	struct app	*a = &w->side[0].app[0];

	(void)state;
	close_channel(w, l->from_peer, l->channel_in);
	direct_fail(l->from_peer, w->now, "closed");
	l->channel_in = -1;
	CHECK(world_until(w, 2 * SEC, side_0_may_not_send));
	CHECK(world_until(w, 5 * SEC, all_up));
	a->to_send += BYTES;
	pump(w, 0);
	world_run(w, 20 * SEC);
	EQ(w->side[1].app[0].got, a->to_send);
	all_of_it_is_read(w);
}

/* The peer has it acknowledged, and will not send it again. */
static void
what_nobody_reads_outlives_the_path(void **state)
{
	struct world	*w = unread(48, &patient);

	(void)state;
	w->simconf.loss = 1000;
	simnet_set(w->net, &w->simconf);
	world_run(w, 120 * SEC);
	w->simconf.loss = 0;
	simnet_set(w->net, &w->simconf);
	CHECK(world_until(w, 60 * SEC, all_up));
	all_of_it_is_read(w);
}

static void
what_nobody_reads_outlives_its_connection(void **state)
{
	struct world	*w = unread(49, &strict);
	struct link	*l = upstream(w);

	(void)state;
	direct_close(l->to_peer, w->now, &w->tx);
	l->channel = -1;
	simnet_send(w->net, w->now, &w->tx);
	CHECK(world_until(w, 5 * SEC, all_up));
	all_of_it_is_read(w);
}

static bool
side_1_by_relay(const struct world *w)
{
	return w->side[1].app[0].link->carrier == CARRIER_WS;
}

/* What comes by the relay meanwhile waits for it, and not the other way. */
static void
what_nobody_reads_comes_before_what_the_relay_brings(void **state)
{
	static const struct party_conf	 any = { .grace = SEC };
	struct world			*w = connected_as(50, &any);
	struct app			*a = &w->side[1].app[0];

	(void)state;
	w->side[0].app[0].stopped = true;
	a->to_send += FLOW_WINDOW + (1 << 20);
	pump(w, 1);
	world_run(w, 10 * SEC);
	EQ(a->sent, a->to_send);
	EQ(peer_unacked(a->link->to_peer->peer), 0);
	w->simconf.loss = 1000;
	simnet_set(w->net, &w->simconf);
	a->to_send += 100000;
	pump(w, 1);
	CHECK(world_until(w, 10 * SEC, side_1_by_relay));
	world_run(w, 10 * SEC);
	CHECK(w->side[1].data_said > 0);
	w->side[0].app[0].stopped = false;
	pump(w, 0);
	CHECK(world_until(w, 60 * SEC, all_arrived));
	nothing_was_reset(w);
	world_free(w);
}

/* The one it sends on: on the same connection. */
static void
the_channel_we_opened_is_opened_again(void **state)
{
	struct world	*w = connected(42);
	struct link	*l = upstream(w);
	uint64_t	 opens, offers = w->side[0].app[0].link->
			    from_peer->offers;

	(void)state;
	opens = w->side[0].opens_said + w->side[1].opens_said;
	for (int i = 0; i < 3; i++) {
		close_channel(w, l->to_peer, l->channel);
		l->channel = -1;
		CHECK(world_until(w, 3 * SEC, side_1_may_send));
		CHECK(all_up(w));
		goes_on(w);
	}
	EQ(w->side[0].app[0].link->from_peer->offers, offers);
	EQ(w->side[0].opens_said + w->side[1].opens_said, opens);
	world_free(w);
}

/* The last one opened is sent on, and any other when that is closed. */
static void
of_several_channels_one_that_is_open_is_sent_on(void **state)
{
	struct world	*w = connected(43);
	struct link	*l = upstream(w), *near = w->side[0].app[0].link;
	int		 first = near->channel, more[3];
	uint64_t	 opens = w->side[0].opens_said;

	(void)state;
	for (int i = 0; i < 3; i++) {
		more[i] = peer_open(l->from_peer->peer, w->now, "hotlink", "",
		    NULL, &w->tx);
		CHECK(more[i] >= 0);
		simnet_send(w->net, w->now, &w->tx);
		world_run(w, SEC);
		EQ(near->channel, more[i]);
		goes_on(w);
	}
	close_channel(w, l->from_peer, first);
	close_channel(w, l->from_peer, more[2]);
	world_run(w, SEC);
	CHECK(near->channel == more[0] || near->channel == more[1]);
	goes_on(w);
	EQ(w->side[0].opens_said, opens);
	world_free(w);
}

/* Not when its consent expires, and without the relay's help. */
static void
a_removed_link_ends_its_connections(void **state)
{
	struct world	*w = world_new(44, &strict, &strict, 2);
	struct link	*l;

	(void)state;
	CHECK(world_until(w, 30 * SEC, all_up));
	world_run(w, SEC);
	l = w->side[1].app[1].link;
	CHECK(channel_up(l));
	world_relay(w, false);
	party_remove(w->side[0].party, w->now, w->side[0].app[1].link,
	    &w->tx);
	simnet_send(w->net, w->now, &w->tx);
	w->side[0].app[1].link = NULL;
	world_run(w, SEC);
	CHECK(!channel_up(l) && l->channel == -1 && l->channel_in == -1);
	CHECK(all_up(w));
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    the_channel_the_peer_opened_is_asked_for_again),
		cmocka_unit_test(no_message_is_longer_than_the_peer_announces),
		cmocka_unit_test(
		    an_open_that_came_too_early_is_said_again_in_time),
		cmocka_unit_test(the_channel_we_opened_is_opened_again),
		cmocka_unit_test(what_nobody_reads_keeps_no_connection_down),
		cmocka_unit_test(what_nobody_reads_outlives_the_path),
		cmocka_unit_test(what_nobody_reads_outlives_its_connection),
		cmocka_unit_test(
		    what_nobody_reads_comes_before_what_the_relay_brings),
		cmocka_unit_test(
		    of_several_channels_one_that_is_open_is_sent_on),
		cmocka_unit_test(a_removed_link_ends_its_connections),
	};

	return RUN(tests);
}
