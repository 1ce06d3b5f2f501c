#include "sctp/pair.h"

static void
carry(const struct simnet_conf *net, unsigned pairs, unsigned channels,
    uint64_t bytes, size_t size, uint64_t within)
{
	struct assoc_conf	 conf = { .max_message = MESSAGE };

	begin(net, pairs, conf);
	for (unsigned i = 0; i < w.ends; i++) {
		w.e[i].want_channels = channels;
		w.e[i].want = bytes;
		w.e[i].size = size;
	}
	CHECK(run_until(w.now + within, all_sent));
	for (unsigned i = 0; i < w.ends; i++) {
		EQ(w.e[i].opened, channels);
		EQ(w.e[i].up, 1);
		EQ(w.e[i].lost, 0);
		EQ(w.e[i].total, bytes * channels);
		STREQ(w.e[i].label, "hotlink/p");
	}
	finish();
}

static void
both_sides_come_up_by_simultaneous_open(void **state)
{
	struct simnet_conf	 net = { .seed = 1, .delay = 20 * MS };

	(void)state;
	begin(&net, 1, (struct assoc_conf){ 0 });
	EQ(assoc_state(w.e[0].a), ASSOC_NEW);
	CHECK(run_until(w.now + SEC, all_up));
	EQ(assoc_state(w.e[0].a), ASSOC_UP);
	EQ(assoc_state(w.e[1].a), ASSOC_UP);
	finish();
}

static void
the_process_stays_one_task(void **state)
{
	struct simnet_conf	 net = { .seed = 1 };
	struct dirent		*d;
	unsigned		 n = 0;
	DIR			*dir;

	(void)state;
	begin(&net, 1, (struct assoc_conf){ 0 });
	CHECK(run_until(w.now + SEC, all_up));
	dir = opendir("/proc/self/task");
	CHECK(dir != NULL);
	while ((d = readdir(dir)) != NULL)
		n += d->d_name[0] != '.';
	closedir(dir);
	EQ(n, 1);
	finish();
}

static void
a_mebibyte_goes_both_ways_without_loss(void **state)
{
	struct simnet_conf	 net = { .seed = 2, .delay = MS };

	(void)state;
	carry(&net, 1, 1, MIB, 61440, 10 * SEC);
}

static void
sixteen_mebibytes_go_both_ways(void **state)
{
	struct simnet_conf	 net = { .seed = 3, .delay = MS };

	(void)state;
	carry(&net, 1, 1, 16 * MIB, 61440, 60 * SEC);
}

static void
messages_of_all_sizes_arrive_whole_and_in_order_per_channel(void **state)
{
	struct simnet_conf	 net = { .seed = 4, .delay = MS };

	(void)state;
	carry(&net, 1, 4, MIB, 0, 60 * SEC);
}

static void
it_works_at_one_percent_loss(void **state)
{
	struct simnet_conf	 net = { .seed = 5, .delay = 5 * MS,
	    .loss = 10 };

	(void)state;
	carry(&net, 1, 2, MIB, 0, 120 * SEC);
}

static void
it_works_at_five_percent_loss_with_reordering(void **state)
{
	struct simnet_conf	 net = { .seed = 6, .delay = 5 * MS,
	    .jitter = 3 * MS, .loss = 50, .dup = 20 };

	(void)state;
	carry(&net, 1, 2, MIB, 0, 300 * SEC);
}

static void
it_works_at_twenty_percent_loss(void **state)
{
	struct simnet_conf	 net = { .seed = 7, .delay = 5 * MS,
	    .loss = 200, .dup = 50 };

	(void)state;
	carry(&net, 1, 1, MIB, 16384, 3600 * (uint64_t)SEC);
}

static void
eight_associations_do_not_disturb_each_other(void **state)
{
	struct simnet_conf	 net = { .seed = 8, .delay = 2 * MS,
	    .loss = 10 };

	(void)state;
	carry(&net, PAIRS, 2, MIB / 4, 0, 300 * SEC);
}

static void
large_packets_carry_it_too(void **state)
{
	struct simnet_conf	 net = { .seed = 9, .delay = MS };

	(void)state;
	begin(&net, 1, (struct assoc_conf){ .mtu = 16384 });
	w.e[0].want_channels = 1;
	w.e[0].want = 4 * MIB;
	w.e[0].size = 61440;
	CHECK(run_until(w.now + 20 * SEC, all_sent));
	finish();
}

static void
whole_chunks_leave_in_packets_of_one_length(void **state)
{
	static const size_t	 mtu[] = { 1160, 1212, 8932, 16200 };
	struct simnet_conf	 net = { .seed = 11, .delay = MS };
	struct assoc_info	 info;

	(void)state;
	for (size_t i = 0; i < sizeof(mtu) / sizeof(mtu[0]); i++) {
		up(&net, (struct assoc_conf){ .mtu = mtu[i] });
		open_one();
		pass(SEC);
		assoc_info(w.e[0].a, &info);
		CHECK(info.chunk > 0 && info.chunk < mtu[i]);
		w.e[1].lax = true;
		address(&w.e[0], &w.e[1]);
		CHECK(assoc_send(w.e[0].a, w.now, (uint16_t)w.e[0].id[0],
		    message, 3 * info.chunk, &w.tx));
		EQ(w.tx.n, 3);
		for (size_t k = 0; k < 3; k++) {
			EQ(w.tx.d[k].n, w.tx.d[0].n);
			CHECK(w.tx.d[k].n <= mtu[i]);
			CHECK(w.tx.d[k].n > mtu[i] - 16);
		}
		simnet_send(w.net, w.now, &w.tx);
		pass(SEC);
		EQ(w.e[1].total, 3 * info.chunk);
		finish();
	}
}

static void
a_receiver_that_takes_nothing_stops_the_sender(void **state)
{
	struct simnet_conf	 net = { .seed = 10, .delay = MS };

	(void)state;
	up(&net, (struct assoc_conf){ .sndbuf = MIB / 2, .rcvbuf = MIB / 2 });
	open_one();
	w.e[1].deaf = true;
	w.e[0].want = 8 * MIB;
	w.e[0].size = 61440;
	pass(2 * SEC);
	CHECK(w.e[0].sent[0] >= MIB / 2 && w.e[0].sent[0] <= MIB * 5 / 4);
	pass(300 * (uint64_t)SEC);
	EQ(assoc_state(w.e[0].a), ASSOC_UP);
	CHECK(w.e[0].sent[0] <= MIB * 5 / 4);
	w.e[1].deaf = false;
	CHECK(run_until(w.now + 20 * SEC, all_sent));
	EQ(w.e[1].total, 8 * MIB);
	finish();
}

/* Its channels and its end are told, and once it ends the messages, too. */
static void
of_one_that_is_held_only_messages_wait(void **state)
{
	struct simnet_conf	 net = { .seed = 13, .delay = 5 * MS };
	uint64_t		 acked;

	(void)state;
	begin(&net, 1, (struct assoc_conf){ .rcvbuf = MIB });
	assoc_hold(w.e[1].a, true);
	CHECK(run_until(w.now + 10 * SEC, all_up));
	w.e[0].size = 16384;
	open_one();
	w.e[0].want = 4 * MIB;
	pass(10 * SEC);
	EQ(w.e[1].total, 0);
	CHECK(w.e[0].sent[w.e[0].id[0]] < w.e[0].want);
	assoc_hold(w.e[1].a, false);
	CHECK(run_until(w.now + 20 * SEC, all_sent));
	assoc_hold(w.e[1].a, true);
	w.e[0].want = 8 * MIB;
	pass(10 * SEC);
	acked = w.e[0].sent[w.e[0].id[0]] - assoc_unacked(w.e[0].a);
	CHECK(w.e[1].total < acked);
	address(&w.e[0], &w.e[1]);
	assoc_abort(w.e[0].a, w.now, &w.tx);
	flush();
	pass(SEC);
	EQ(w.e[1].lost, 1);
	STREQ(assoc_why(w.e[1].a), "aborted by the peer");
	CHECK(w.e[1].total >= acked);
	finish();
}

static void
an_abort_reaches_the_peer_behind_the_data(void **state)
{
	struct simnet_conf	 net = { .seed = 11, .delay = MS };

	(void)state;
	up(&net, (struct assoc_conf){ 0 });
	open_one();
	w.e[1].deaf = true;
	w.e[0].want = 100000;
	w.e[0].size = 50000;
	pass(SEC);
	address(&w.e[0], &w.e[1]);
	assoc_abort(w.e[0].a, w.now, &w.tx);
	flush();
	EQ(assoc_state(w.e[0].a), ASSOC_LOST);
	EQ(assoc_deadline(w.e[0].a), NEVER);
	CHECK(!assoc_send(w.e[0].a, w.now, 0, "x", 1, &w.tx));
	EQ(assoc_open(w.e[0].a, w.now, "", "", NULL, &w.tx), -1);
	EQ(assoc_room(w.e[0].a), 0);
	pass(SEC);
	EQ(w.e[1].lost, 0);
	w.e[1].deaf = false;
	pump(&w.e[1]);
	EQ(w.e[1].total, 100000);
	EQ(w.e[1].lost, 1);
	EQ(w.e[0].lost, 0);
	STREQ(assoc_why(w.e[1].a), "aborted by the peer");
	STREQ(assoc_why(w.e[0].a), "ended by us");
	finish();
}

static void
a_closed_channel_is_closed_behind_its_data(void **state)
{
	struct simnet_conf	 net = { .seed = 12, .delay = 10 * MS,
	    .loss = 50 };
	uint16_t		 id;

	(void)state;
	up(&net, (struct assoc_conf){ .sndbuf = MIB });
	w.e[0].want_channels = 1;
	w.e[0].want = 300000;
	w.e[0].size = 30000;
	pump(&w.e[0]);
	id = (uint16_t)w.e[0].id[0];
	EQ(w.e[0].sent[id], 300000);
	address(&w.e[0], &w.e[1]);
	assoc_close(w.e[0].a, w.now, id, &w.tx);
	flush();
	CHECK(!assoc_send(w.e[0].a, w.now, id, "x", 1, &w.tx));
	pass(60 * SEC);
	EQ(w.e[1].total, 300000);
	EQ(w.e[1].closed, 1);
	EQ(w.e[0].closed, 0);
	CHECK(!assoc_send(w.e[1].a, w.now, id, "x", 1, &w.tx));
	finish();
}

static void
an_id_serves_again_once_both_directions_are_reset(void **state)
{
	struct simnet_conf	 net = { .seed = 13, .delay = 10 * MS };
	int			 a, b, c;

	(void)state;
	up(&net, (struct assoc_conf){ 0 });
	a = assoc_open(w.e[0].a, w.now, "a", "", NULL, &w.tx);
	address(&w.e[0], &w.e[1]);
	flush();
	pass(SEC);
	assoc_close(w.e[0].a, w.now, (uint16_t)a, &w.tx);
	b = assoc_open(w.e[0].a, w.now, "b", "", NULL, &w.tx);
	address(&w.e[0], &w.e[1]);
	flush();
	pass(2 * SEC);
	c = assoc_open(w.e[0].a, w.now, "c", "", NULL, &w.tx);
	EQ(a, 0);
	EQ(b, 2);
	EQ(c, 0);
	flush();
	pass(2 * SEC);
	EQ(w.e[1].opened, 3);
	EQ(w.e[1].closed, 1);
	STREQ(w.e[1].label, "c/");
	finish();
}

static void
many_channels_close_from_both_sides_at_once(void **state)
{
	struct simnet_conf	 net = { .seed = 14, .delay = 10 * MS,
	    .loss = 20 };

	(void)state;
	up(&net, (struct assoc_conf){ 0 });
	w.e[0].want_channels = w.e[1].want_channels = 8;
	pass(5 * SEC);
	EQ(w.e[0].opened + w.e[1].opened, 16);
	for (int i = 0; i < 16; i++) {
		address(&w.e[i % 2], &w.e[1 - i % 2]);
		assoc_close(w.e[i % 2].a, w.now, (uint16_t)i, &w.tx);
		if (i >= 8)
			assoc_close(w.e[1 - i % 2].a, w.now, (uint16_t)i,
			    &w.tx);
		flush();
	}
	w.e[0].want_channels = w.e[1].want_channels = 0;
	pass(60 * SEC);
	EQ(w.e[0].closed + w.e[1].closed, 8);
	EQ(assoc_open(w.e[0].a, w.now, "", "", NULL, &w.tx), 0);
	EQ(assoc_open(w.e[1].a, w.now, "", "", NULL, &w.tx), 1);
	finish();
}

/* Reliability is that of the message: lost once, gone, and nothing waits. */
static void
an_unreliable_unordered_message_is_sent_once(void **state)
{
	struct simnet_conf	 net = { .seed = 9, .delay = 10 * MS };
	struct assoc_how	 how = { true, ASSOC_RETRANSMITS, 0 };
	struct assoc_how	 first = { true, ASSOC_RELIABLE, 0 };
	uint64_t		 before;
	struct assoc_info	 info;
	int			 id;

	(void)state;
	up(&net, (struct assoc_conf){ 0 });
	address(&w.e[0], &w.e[1]);
	id = assoc_open(w.e[0].a, w.now, "hotlink-udp", "p", &how, &w.tx);
	EQ(id, 0);
	flush();
	pass(SEC);
	EQ(w.e[1].opened, 1);
	w.e[1].lax = true;
	net.loss = 1000;
	simnet_set(w.net, &net);
	address(&w.e[0], &w.e[1]);
	CHECK(assoc_send_how(w.e[0].a, w.now, 0, &how, "lost", 4, &w.tx));
	flush();
	net.loss = 0;
	simnet_set(w.net, &net);
	before = w.e[1].total;
	CHECK(assoc_send_how(w.e[0].a, w.now, 0, &first, "there", 5, &w.tx));
	CHECK(assoc_send_how(w.e[0].a, w.now, 0, &how, NULL, 0, &w.tx));
	flush();
	pass(20 * MS);
	EQ(w.e[1].total - before, 5);
	EQ(w.e[1].ngot[0], 2);
	pass(10 * SEC);
	EQ(w.e[1].total - before, 5);
	assoc_info(w.e[0].a, &info);
	EQ(info.unacked, 0);
	EQ(w.e[0].lost + w.e[1].lost, 0);
	finish();
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(both_sides_come_up_by_simultaneous_open),
		TEST(an_unreliable_unordered_message_is_sent_once),
		TEST(the_process_stays_one_task),
		TEST(a_mebibyte_goes_both_ways_without_loss),
		TEST(sixteen_mebibytes_go_both_ways),
		TEST(messages_of_all_sizes_arrive_whole_and_in_order_per_channel),
		TEST(it_works_at_one_percent_loss),
		TEST(it_works_at_five_percent_loss_with_reordering),
		TEST(it_works_at_twenty_percent_loss),
		TEST(eight_associations_do_not_disturb_each_other),
		TEST(large_packets_carry_it_too),
		TEST(whole_chunks_leave_in_packets_of_one_length),
		TEST(a_receiver_that_takes_nothing_stops_the_sender),
		TEST(of_one_that_is_held_only_messages_wait),
		TEST(an_abort_reaches_the_peer_behind_the_data),
		TEST(a_closed_channel_is_closed_behind_its_data),
		TEST(an_id_serves_again_once_both_directions_are_reset),
		TEST(many_channels_close_from_both_sides_at_once),
	};

	setbuf(stdout, NULL);
	return RUN(tests);
}
