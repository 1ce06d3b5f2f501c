#include "session/world.h"

#include "session/link.h"
#include "srtp/guard.h"

static const struct party_conf	 one = { .dialect1 = true };
static const struct party_conf	 zero = { .dialect1 = false };

static struct world *
begin(uint64_t seed, const struct party_conf *a, const struct party_conf *b,
    int links)
{
	w_udp = w_rtp = ((uint64_t)1 << links) - 1;
	return world_new(seed, a, b, links);
}

static bool
direct(const struct world *w)
{
	struct link_info	 i;

	for (int s = 0; s < 2; s++)
		for (int l = 0; l < W_LINKS; l++) {
			if (w->side[s].app[l].link == NULL)
				continue;
			world_info(w, s, l, &i);
			if (i.carrier != CARRIER_P2P)
				return false;
		}
	return true;
}

/* A packet with the number i, which is what the other side looks for. */
static void
send(struct world *w, int s, int link, uint32_t i, uint32_t ssrc, size_t n)
{
	static uint8_t	 b[2000];
	struct wr	 out = wr_of(b, sizeof(b));

	wr_u16(&out, 0x8060);
	wr_u16(&out, (uint16_t)i);
	wr_u32(&out, i * 90);
	wr_u32(&out, ssrc);
	for (size_t k = 12; k < n; k++)
		b[k] = (uint8_t)(i * 7 + k);
	link_datagram(w->side[s].app[link].link, w->now, b, n);
	world_run(w, MS);
}

static void
send_rtcp(struct world *w, int s, int link, uint32_t ssrc)
{
	uint8_t		 b[12];
	struct wr	 out = wr_of(b, sizeof(b));

	wr_u16(&out, 0x81ce);		/* a request for a picture: 206 */
	wr_u16(&out, 2);
	wr_u32(&out, ssrc);
	wr_u32(&out, 0);
	link_datagram(w->side[s].app[link].link, w->now, b, sizeof(b));
	world_run(w, MS);
}

static struct party_info
info_of(const struct world *w, int s)
{
	struct party_info	 i;

	party_info(w->side[s].party, &i);
	return i;
}

/* How often the first side's log has a text. */
static int
says(const struct world *w, const char *text)
{
	const char	*p = w->side[0].log;
	int		 n = 0;

	while ((p = strstr(p, text)) != NULL) {
		p += strlen(text);
		n++;
	}
	return n;
}

static void
goes_both_ways(const struct party_conf *a, const struct party_conf *b)
{
	struct world	*w = begin(1, a, b, 1);

	CHECK(world_until(w, 20 * SEC, direct));
	world_run(w, SEC);
	for (int s = 0; s < 2; s++) {
		for (uint32_t i = 10; i < 110; i++)
			send(w, s, 0, i, 1000 + (uint32_t)s, 12 + i * 10);
		send_rtcp(w, s, 0, 1000 + (uint32_t)s);
		world_run(w, SEC);
		EQ(w->side[1 - s].app[0].datagrams, 101);
		EQ(w->side[1 - s].app[0].rtcp, 1);
		EQ(info_of(w, s).media[GUARD_OK], s == 0 ? 101 : 202);
	}
	EQ(w->side[0].data_said + w->side[1].data_said, 0);
	world_free(w);
}

static void
rtp_and_rtcp_go_both_ways(void **state)
{
	(void)state;
	goes_both_ways(&one, &one);
	goes_both_ways(&zero, &zero);
	goes_both_ways(&one, &zero);
}

static void
two_links_of_one_connection_do_not_mix(void **state)
{
	struct world	*w = begin(2, &one, &one, 2);

	(void)state;
	CHECK(world_until(w, 20 * SEC, direct));
	world_run(w, SEC);
	/* The first ones say whose they are; then either may come first. */
	for (uint32_t i = 0; i < 100; i++) {
		send(w, 0, 0, i, 5, 500);
		send(w, 0, 1, i, 6, 500);
	}
	world_run(w, SEC);
	for (int l = 0; l < 2; l++) {
		CHECK(w->side[1].app[l].datagrams >= 99);
		EQ(w->side[1].app[l].ssrc, 5 + l);
	}
	world_free(w);
}

static void
a_source_that_two_links_use_is_one_links_only(void **state)
{
	struct world	*w = begin(3, &one, &one, 2);

	(void)state;
	CHECK(world_until(w, 20 * SEC, direct));
	world_run(w, SEC);
	for (uint32_t i = 0; i < 10; i++)
		send(w, 0, 0, i, 5, 500);
	for (uint32_t i = 0; i < 10; i++)
		send(w, 0, 1, i + 100, 5, 500);
	world_run(w, SEC);
	EQ(info_of(w, 0).media[GUARD_COLLISION], 10);
	EQ(says(w, "dropped: of source 5: another link has this source\n"), 1);
	/* The first may come before it is known whose it is. */
	CHECK(w->side[1].app[0].datagrams >= 9 &&
	    w->side[1].app[0].datagrams <= 10);
	EQ(w->side[1].app[1].datagrams, 0);
	world_free(w);
}

/* The directions have keys of their own (RFC 3711 3.2.3). */
static void
both_ends_may_use_one_source(void **state)
{
	struct world	*w = begin(7, &one, &one, 1);

	(void)state;
	CHECK(world_until(w, 20 * SEC, direct));
	world_run(w, SEC);
	for (uint32_t i = 0; i < 10; i++)
		for (int s = 0; s < 2; s++)
			send(w, s, 0, i, 5, 500);
	world_run(w, SEC);
	for (int s = 0; s < 2; s++)
		EQ(w->side[s].app[0].datagrams, 10);
	world_free(w);
}

/*
 * A sender that sends again what it is asked for, a packet that differs, and
 * one that has begun anew far behind where it was.
 */
static void
what_is_sent_again_arrives_if_it_is_the_same(void **state)
{
	struct world	*w = begin(8, &one, &one, 1);

	(void)state;
	CHECK(world_until(w, 20 * SEC, direct));
	world_run(w, SEC);
	w->simconf.loss = 1000;
	simnet_set(w->net, &w->simconf);
	send(w, 0, 0, 2000, 5, 500);
	w->simconf.loss = 0;
	simnet_set(w->net, &w->simconf);
	for (uint32_t i = 2001; i < 2011; i++)
		send(w, 0, 0, i, 5, 500);
	send(w, 0, 0, 2000, 5, 500);
	world_run(w, SEC);
	EQ(w->side[1].app[0].datagrams, 11);
	send(w, 0, 0, 2000, 5, 501);
	send(w, 0, 0, 100, 5, 500);
	world_run(w, SEC);
	EQ(w->side[1].app[0].datagrams, 11);
	EQ(info_of(w, 0).media[GUARD_REPLAYED], 2);
	EQ(info_of(w, 1).media[GUARD_REPLAYED], 0);
	EQ(says(w, "of source 5: its sequence number was another packet's"),
	    1);
	world_free(w);
}

static void
what_is_not_rtp_is_dropped_and_counted(void **state)
{
	struct party_conf	 small = { .dialect1 = true, .mtu = PEER_MTU };
	struct world		*w = begin(4, &small, &small, 1);
	struct link_info	 i;
	struct link		*l = w->side[0].app[0].link;
	static const uint8_t	 bad[][12] = {
		{ 0x40, 96 },			/* version 1 */
		{ 0x90, 96 },			/* an extension, cut off */
		{ 0xa0, 96 },			/* padding of nothing */
		{ 0x80, 200, 0, 9 },		/* a report, cut off */
	};

	(void)state;
	CHECK(world_until(w, 20 * SEC, direct));
	world_run(w, SEC);
	for (size_t k = 0; k < 4; k++)
		link_datagram(l, w->now, bad[k], 12);
	link_datagram(l, w->now, "", 0);
	send(w, 0, 0, 1, 5, 1300);
	world_run(w, SEC);
	world_info(w, 0, 0, &i);
	EQ(info_of(w, 0).media[GUARD_MALFORMED], 5);
	EQ(says(w, "dropped: not of RTP version 2\n"), 1);
	EQ(says(w, "dropped: "), 1);
	EQ(i.dg_unfit, 1);
	EQ(i.dg_sent, 0);
	EQ(w->side[1].app[0].datagrams, 0);
	world_free(w);
}

static void
what_is_lost_or_doubled_on_the_way_is_lost_or_dropped(void **state)
{
	struct world	*w = begin(5, &one, &one, 1);
	uint32_t	 got;

	(void)state;
	CHECK(world_until(w, 20 * SEC, direct));
	world_run(w, SEC);
	w->simconf.loss = 200;
	w->simconf.dup = 200;
	simnet_set(w->net, &w->simconf);
	for (uint32_t i = 0; i < 1000; i++)
		send(w, 0, 0, i, 5, 900);
	world_run(w, SEC);
	got = w->side[1].app[0].datagrams;
	print_message("%u of 1000\n", got);
	CHECK(got > 700 && got < 900);
	CHECK(info_of(w, 1).media[GUARD_REPLAYED] > 50);
	world_free(w);
}

/* The sender knows nothing of markers and goes on. */
static void
a_link_made_anew_goes_on_with_its_source(void **state)
{
	struct world	*w = begin(10, &one, &one, 2);
	void		*place[64];

	(void)state;
	CHECK(world_until(w, 20 * SEC, direct));
	world_run(w, SEC);
	for (uint32_t i = 0; i < 10; i++)
		send(w, 0, 0, i, 5, 500);
	for (int s = 0; s < 2; s++) {
		party_remove(w->side[s].party, w->now,
		    w->side[s].app[0].link, &w->tx);
		simnet_send(w->net, w->now, &w->tx);
		/* Where it was, it must not be again. */
		for (int i = 0; i < 64; i++)
			place[i] = malloc(sizeof(struct link));
		world_add(w, s, 0);
		for (int i = 0; i < 64; i++)
			free(place[i]);
	}
	CHECK(world_until(w, 20 * SEC, direct));
	world_run(w, SEC);
	for (uint32_t i = 10; i < 20; i++)
		send(w, 0, 0, i, 5, 500);
	world_run(w, SEC);
	EQ(info_of(w, 0).media[GUARD_COLLISION], 0);
	CHECK(w->side[1].app[0].datagrams >= 9);
	for (uint32_t i = 20; i < 30; i++)
		send(w, 0, 1, i, 5, 500);
	EQ(info_of(w, 0).media[GUARD_COLLISION], 10);
	world_free(w);
}

/* Each start of a sender brings another source. */
static void
sources_of_an_earlier_connection_are_forgotten(void **state)
{
	struct world	*w = begin(11, &one, &one, 2);

	(void)state;
	for (uint32_t k = 0; k < 2; k++) {
		CHECK(world_until(w, 20 * SEC, direct));
		world_run(w, SEC);
		for (uint32_t i = 0; i < GUARD_SOURCES; i++)
			send(w, 0, 0, 1000 * k + i, 1000 * k + i, 500);
		world_run(w, SEC);
		EQ(info_of(w, 1).bad_messages, 0);
		direct_fail(w->side[0].party->direct, w->now, "a test");
		world_run(w, 500 * MS);
	}
	/* A first packet may come before it is known whose it is. */
	CHECK(w->side[1].app[0].datagrams + info_of(w, 1).unannounced ==
	    2 * GUARD_SOURCES);
	CHECK(w->side[1].app[0].datagrams > GUARD_SOURCES);
	world_free(w);
}

/* Its marker names another key than the one the connection was made with. */
static void
a_link_that_trusts_another_key_is_given_no_rtp(void **state)
{
	struct world	*w = begin(9, &one, &one, 1);
	struct link	*l = w->side[0].app[0].link;
	struct rtp	 h;
	static uint8_t	 packet[] = { 0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5 };

	(void)state;
	CHECK(world_until(w, 20 * SEC, direct));
	world_run(w, SEC);
	for (int k = 0; k < 2; k++) {
		l->marker.has_fingerprint = k > 0;
		packet[3]++;
		EQ(peer_send_media(w->side[1].party->direct->peer, l, packet,
		    sizeof(packet), &h, &w->tx), GUARD_OK);
		simnet_send(w->net, w->now, &w->tx);
		world_run(w, SEC);
		EQ(w->side[0].app[0].datagrams, 1);
		EQ(info_of(w, 0).unannounced, k);
	}
	world_free(w);
}

static void
the_relay_never_carries_rtp(void **state)
{
	struct world		*w = begin(6, &one, &one, 1);
	struct link_info	 i;

	(void)state;
	w->simconf.loss = 1000;
	simnet_set(w->net, &w->simconf);
	world_run(w, 20 * SEC);
	for (uint32_t k = 0; k < 50; k++)
		send(w, 0, 0, k, 5, 900);
	world_run(w, 20 * SEC);
	send(w, 0, 0, 51, 5, 900);
	world_info(w, 0, 0, &i);
	EQ(i.carrier, CARRIER_NONE);
	EQ(i.dg_old, 50);
	EQ(w->side[0].data_said, 0);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(rtp_and_rtcp_go_both_ways),
		cmocka_unit_test(two_links_of_one_connection_do_not_mix),
		cmocka_unit_test(a_source_that_two_links_use_is_one_links_only),
		cmocka_unit_test(both_ends_may_use_one_source),
		cmocka_unit_test(what_is_sent_again_arrives_if_it_is_the_same),
		cmocka_unit_test(what_is_not_rtp_is_dropped_and_counted),
		cmocka_unit_test(
		    what_is_lost_or_doubled_on_the_way_is_lost_or_dropped),
		cmocka_unit_test(a_link_made_anew_goes_on_with_its_source),
		cmocka_unit_test(
		    sources_of_an_earlier_connection_are_forgotten),
		cmocka_unit_test(
		    a_link_that_trusts_another_key_is_given_no_rtp),
		cmocka_unit_test(the_relay_never_carries_rtp),
	};

	return RUN(tests);
}
