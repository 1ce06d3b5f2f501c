/*
 * What an association makes of a path: rate, queue, delay and loss, in virtual
 * time. Throughputs are of the link's, headers included.
 */
#include <usrsctp.h>

#include "sctp/pair.h"

enum {
	RATE = 5000000,			/* bytes a second */
	DELAY = 25 * MS,		/* one way */
	QUEUE = RATE / 20,		/* a round trip of it */
};

static struct simnet_conf	 link = { .seed = 50, .delay = DELAY,
	.rate = RATE, .queue = QUEUE };

/* Pairs with a channel each, none sending yet. */
static void
ready(unsigned pairs)
{
	begin(&link, pairs, (struct assoc_conf){ 0 });
	CHECK(run_until(w.now + 10 * SEC, all_up));
	for (unsigned i = 0; i < w.ends; i += 2) {
		w.e[i].want_channels = 1;
		w.e[i].size = 61440;
		w.e[i + 1].lax = true;
	}
	pass(SEC);
}

static void
bulk(unsigned pair)
{
	w.e[2 * pair].want = (uint64_t)1 << 40;
	pump(&w.e[2 * pair]);
}

/* Per cent of the link in that time, of each of the first so many pairs. */
static void
shares(unsigned pairs, uint64_t time, unsigned *got)
{
	uint64_t	 before[PAIRS];

	for (unsigned i = 0; i < pairs; i++)
		before[i] = w.e[2 * i + 1].total;
	pass(time);
	for (unsigned i = 0; i < pairs; i++)
		got[i] = (unsigned)((w.e[2 * i + 1].total - before[i]) * 100 /
		    (RATE * time / SEC));
}

static unsigned
share(unsigned pair, uint64_t time)
{
	unsigned	 got[PAIRS];

	shares(pair + 1, time, got);
	return got[pair];
}

static uint64_t
again(void)
{
	struct assoc_info	 info;

	assoc_info(w.e[0].a, &info);
	return info.retransmits;
}

static uint64_t
round_trip(void)
{
	struct assoc_info	 info;

	assoc_info(w.e[0].a, &info);
	return info.rtt;
}

static bool
has_model(void)
{
	return strcmp(assoc_congestion_control(), "bbr") == 0;
}

/* A packaged library does as it does; there is nothing of ours to test. */
#define MODEL_ONLY()	if (!has_model()) skip()

static unsigned
lossy(unsigned per_thousand)
{
	struct simnet_conf	 net = link;
	unsigned		 n;

	ready(1);
	net.loss = per_thousand;
	simnet_set(w.net, &net);
	bulk(0);
	pass(2 * SEC);
	n = share(0, 6 * SEC);
	printf("%u%% of the link\n", n);
	finish();
	return n;
}

static void
a_path_without_loss_is_filled(void **state)
{
	(void)state;
	MODEL_ONLY();
	CHECK(lossy(0) >= 92);
}

static void
a_loss_of_one_in_a_thousand_leaves_the_path_filled(void **state)
{
	(void)state;
	MODEL_ONLY();
	CHECK(lossy(1) >= 90);
}

static void
a_loss_of_one_in_a_hundred_leaves_the_path_filled(void **state)
{
	(void)state;
	MODEL_ONLY();
	CHECK(lossy(10) >= 88);
}

/* Somebody else's congestion control does ten times worse, which is why. */
static void
ours_is_ten_times_better_under_loss_than_usrsctps(void **state)
{
	unsigned	 theirs;

	(void)state;
	MODEL_ONLY();
	newreno_from = 0;
	theirs = lossy(10);
	newreno_from = PAIRS;
	CHECK(lossy(10) >= 10 * theirs);
}

static void
the_queue_stays_short_in_front_of_a_steady_flow(void **state)
{
	(void)state;
	MODEL_ONLY();
	ready(1);
	bulk(0);
	pass(3 * SEC);
	for (int i = 0; i < 40; i++) {
		pass(100 * MS);
		CHECK(round_trip() < 2 * DELAY + 2 * DELAY / 2);
	}
	finish();
}

/* What two flows get, of which the second starts that much later. */
static void
beside(unsigned models, uint64_t later, uint64_t settle, uint64_t time,
    unsigned got[2])
{
	newreno_from = models;
	ready(2);
	newreno_from = PAIRS;
	bulk(0);
	pass(later);
	bulk(1);
	pass(settle);
	shares(2, time, got);
	printf("%u%% and %u%%\n", got[0], got[1]);
	finish();
}

static void
two_flows_share_a_bottleneck(void **state)
{
	unsigned	 got[2];

	(void)state;
	MODEL_ONLY();
	beside(2, 3 * SEC, 20 * SEC, 10 * SEC, got);
	CHECK(got[0] >= 25 && got[1] >= 25 && got[0] + got[1] >= 90);
}

/* Over 100 ms it was 28 per cent after so long, in the mean. */
static void
who_comes_later_has_as_much_before_long(void **state)
{
	enum { TIMES = 4 };

	const struct simnet_conf	 was = link;
	unsigned			 got[2], first = 0, second = 0;

	(void)state;
	MODEL_ONLY();
	link.rate /= 2;
	link.delay *= 2;
	for (uint64_t i = 0; i < TIMES; i++) {
		beside(2, 2 * SEC + i * 300 * MS, 20 * SEC, 10 * SEC, got);
		first += got[0] * 2;	/* of half the rate */
		second += got[1] * 2;
	}
	link = was;
	printf("%u%% and %u%% in the mean\n", first / TIMES, second / TIMES);
	CHECK(first + second >= 90 * TIMES);
	CHECK(second >= 38 * TIMES && second <= 62 * TIMES);
}

static void
a_flow_of_usrsctps_own_control_is_not_starved(void **state)
{
	unsigned	 got[2];

	(void)state;
	MODEL_ONLY();
	beside(1, 0, 5 * SEC, 20 * SEC, got);
	CHECK(got[1] >= 15 && got[1] <= 85);
}

/* A tenth of the rate, in messages: neither a reason to forget it nor proof. */
static void
little_to_say_changes_nothing(void **state)
{
	uint64_t	 before;

	(void)state;
	MODEL_ONLY();
	ready(1);
	bulk(0);
	pass(4 * SEC);
	w.e[0].want = w.e[0].sent[w.e[0].id[0]];
	pass(SEC);
	for (int i = 0; i < 800; i++) {
		w.e[0].want += RATE / 10 / 100;
		pump(&w.e[0]);
		pass(10 * MS);
	}
	before = again();
	bulk(0);
	pass(200 * MS);
	CHECK(share(0, SEC) >= 85);
	CHECK(again() <= before + 5);
	finish();
}

static void
after_a_rest_the_rate_is_still_known(void **state)
{
	uint64_t	 before;

	(void)state;
	MODEL_ONLY();
	ready(1);
	bulk(0);
	pass(4 * SEC);
	w.e[0].want = w.e[0].sent[w.e[0].id[0]];
	pass(10 * SEC);
	before = again();
	bulk(0);
	pass(200 * MS);
	CHECK(share(0, SEC) >= 85);
	CHECK(again() <= before + 5);
	finish();
}

static void
a_path_that_slows_down_to_a_tenth_is_followed(void **state)
{
	struct simnet_conf	 slow = link;
	unsigned		 n;

	(void)state;
	MODEL_ONLY();
	ready(1);
	bulk(0);
	pass(4 * SEC);
	slow.rate /= 10;
	simnet_set(w.net, &slow);
	pass(6 * SEC);
	n = share(0, 4 * SEC);
	printf("%u%% of a tenth, round trip %llu us\n", n * 10,
	    (unsigned long long)round_trip());
	CHECK(n >= 8);
	CHECK(round_trip() < 4 * DELAY);
	simnet_set(w.net, &link);
	pass(12 * SEC);
	CHECK(share(0, 2 * SEC) >= 85);
	finish();
}

static void
a_path_that_becomes_longer_is_followed(void **state)
{
	struct simnet_conf	 far = link;

	(void)state;
	MODEL_ONLY();
	ready(1);
	bulk(0);
	pass(4 * SEC);
	far.delay = 4 * DELAY;
	simnet_set(w.net, &far);
	pass(8 * SEC);
	CHECK(share(0, 4 * SEC) >= 80);
	finish();
}

/* Told so, it need not find out by the round trip. */
static void
another_path_is_learnt_anew(void **state)
{
	struct simnet_conf	 far = link;
	unsigned		 n;

	(void)state;
	MODEL_ONLY();
	ready(1);
	bulk(0);
	pass(4 * SEC);
	far.delay = 4 * DELAY;
	simnet_set(w.net, &far);
	assoc_moved(w.e[0].a, w.now);
	pass(4 * SEC);
	n = share(0, 4 * SEC);
	printf("%u%%\n", n);
	CHECK(n >= 80);
	finish();
}

static void
two_seconds_of_darkness_are_survived(void **state)
{
	struct simnet_conf	 dark = link;

	(void)state;
	MODEL_ONLY();
	ready(1);
	bulk(0);
	pass(4 * SEC);
	dark.loss = 1000;
	simnet_set(w.net, &dark);
	pass(2 * SEC);
	simnet_set(w.net, &link);
	pass(3 * SEC);
	CHECK(share(0, 2 * SEC) >= 85);
	finish();
}

static void
a_clock_of_whole_milliseconds_is_enough(void **state)
{
	(void)state;
	MODEL_ONLY();
	grain = MS;
	CHECK(lossy(10) >= 85);
	grain = 1;
}

/* Per cent of the link, and how many packets in a thousand were sent again. */
struct outcome {
	unsigned	 share, again;
};

static struct outcome
out_of_order(struct simnet_conf net)
{
	struct outcome	 o;
	uint64_t	 before, total;

	ready(1);
	simnet_set(w.net, &net);
	bulk(0);
	pass(4 * SEC);
	before = again();
	total = w.e[1].total;
	o.share = share(0, 8 * SEC);
	total = (w.e[1].total - total) / MTU + 1;
	o.again = (unsigned)((again() - before) * 1000 / total);
	printf("%u%% of the link, %u in a thousand sent again\n", o.share,
	    o.again);
	finish();
	return o;
}

/* Every packet is late by up to a fifth of the round trip, and by two. */
static void
packets_that_overtake_each_other_are_not_taken_for_lost(void **state)
{
	struct simnet_conf	 net = link;
	struct outcome		 o;

	(void)state;
	MODEL_ONLY();
	net.jitter = 10 * MS;
	o = out_of_order(net);
	CHECK(o.share >= 80 && o.again <= 10);
	net.jitter = 100 * MS;
	o = out_of_order(net);
	CHECK(o.share >= 60 && o.again <= 20);
	net.jitter = 0;
	net.reorder = 50;
	net.hold = 20 * MS;
	o = out_of_order(net);
	CHECK(o.share >= 85 && o.again <= 10);
}

/* And what is lost among them is sent again. */
static void
loss_among_them_is_made_good(void **state)
{
	struct simnet_conf	 net = link;
	struct outcome		 o;

	(void)state;
	MODEL_ONLY();
	net.loss = 10;
	net.jitter = 10 * MS;
	o = out_of_order(net);
	CHECK(o.share >= 75 && o.again <= 25);
}

static unsigned		 spoilt;

/* The second packet of data. */
static void
spoil(struct world *net, struct end *e, uint8_t *p, size_t n)
{
	(void)net;
	if (e == &w.e[1] && n > MTU / 2 && ++spoilt == 2)
		p[n / 2] ^= 1;
}

/*
 * On a path of which we know that it reorders a little, the second packet of
 * a few is lost and nothing comes after them: no report says so a third time,
 * but the time does, long before T3.
 */
static void
a_loss_before_the_end_is_found_by_the_time_that_goes(void **state)
{
	struct simnet_conf	 net = link;
	uint64_t		 total;

	(void)state;
	MODEL_ONLY();
	ready(1);
	net.reorder = 50;
	net.hold = 5 * MS;
	simnet_set(w.net, &net);
	bulk(0);
	pass(2 * SEC);
	w.e[0].want = w.e[0].sent[w.e[0].id[0]];
	pass(SEC);
	simnet_set(w.net, &link);
	w.e[0].size = 8 * (MTU - 60);
	total = w.e[1].total + w.e[0].size;
	w.tamper = spoil;
	spoilt = 0;
	w.e[0].want += w.e[0].size;
	pump(&w.e[0]);
	pass(2 * DELAY + 2 * DELAY + 30 * MS);
	CHECK(spoilt > 2);
	EQ(w.e[1].total, total);
	finish();
}

/* RFC 9260 allows a receiver 500 ms, some take 200. */
static void
a_receiver_that_acknowledges_late_is_no_slow_path(void **state)
{
	unsigned	 n;

	(void)state;
	MODEL_ONLY();
	ready(1);
	finish();
	usrsctp_sysctl_set_sctp_delayed_sack_time_default(200);
	n = lossy(1);
	usrsctp_sysctl_set_sctp_delayed_sack_time_default(20);
	CHECK(n >= 90);
}

/* What waits unsent is bounded, whatever the path needs. */
static void
the_backlog_does_not_grow_with_the_path(void **state)
{
	struct assoc_info	 info;

	(void)state;
	MODEL_ONLY();
	link.rate *= 8;
	link.queue *= 8;
	ready(1);
	bulk(0);
	pass(2 * SEC);
	assoc_info(w.e[0].a, &info);
	printf("%llu bytes, cwnd %llu\n", (unsigned long long)info.unacked,
	    (unsigned long long)info.cwnd);
	CHECK(info.unacked > 2 * MIB);
	CHECK(info.unacked < info.cwnd + MIB);
	finish();
	link.rate /= 8;
	link.queue /= 8;
}

/* Two that hand each other all they have at once, 20 us later. */
static struct assoc	*near[2];
static struct batch	 ready_to_go[2];

/* Bytes of messages that came at the second. */
static size_t
exchange(uint64_t *now)
{
	struct assoc_event	 ev;
	uint64_t		 next = NEVER;
	size_t			 got = 0, moved = 0;

	for (int i = 0; i < 2; i++) {
		struct batch	*b = &ready_to_go[i];

		while (assoc_event(near[i], *now, &ev, b))
			got += ev.type == ASSOC_EV_DATA ? ev.data.n : 0;
		if (assoc_deadline(near[i]) <= *now)
			assoc_tick(near[i], *now, b);
		*now += 20;
		moved += b->n;
		for (size_t k = 0; k < b->n; k++)
			assoc_input(near[1 - i], *now, b->d[k].p, b->d[k].n,
			    &ready_to_go[1 - i]);
		batch_reset(b);
		next = earlier(next, assoc_deadline(near[i]));
	}
	if (moved == 0 && next != NEVER && next > *now)
		*now = next;
	return got;
}

/*
 * Whichever call finds that more may leave by now: one that sends nothing
 * itself must not take the reminder away.
 */
static void
a_pace_holds_nothing_up_for_ever(void **state)
{
	static const uint8_t	 bytes[61440];
	struct assoc_conf	 conf = { .mtu = 9000 };
	uint64_t		 now = 5 * SEC, until = 15 * SEC;
	size_t			 sent = 0, got = 0, most = 64 * sizeof(bytes);
	int			 ch = -1;

	(void)state;
	for (int i = 0; i < 2; i++) {
		conf.client = i == 0;
		near[i] = assoc_new(&conf, now);
		CHECK(near[i] != NULL);
		EQ(batch_init(&ready_to_go[i], 4 << 20), 0);
		assoc_start(near[i], now, &ready_to_go[i]);
	}
	while (got < most && now < until) {
		if (ch < 0)
			ch = assoc_open(near[0], now, "x", "", NULL,
			    &ready_to_go[0]);
		while (ch >= 0 && sent < most && assoc_send(near[0], now,
		    (uint16_t)ch, bytes, sizeof(bytes), &ready_to_go[0]))
			sent += sizeof(bytes);
		got += exchange(&now);
	}
	EQ(got, most);
	for (int i = 0; i < 2; i++) {
		assoc_free(near[i]);
		batch_fini(&ready_to_go[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(a_path_without_loss_is_filled),
		TEST(a_loss_of_one_in_a_thousand_leaves_the_path_filled),
		TEST(a_loss_of_one_in_a_hundred_leaves_the_path_filled),
		TEST(ours_is_ten_times_better_under_loss_than_usrsctps),
		TEST(the_queue_stays_short_in_front_of_a_steady_flow),
		TEST(two_flows_share_a_bottleneck),
		TEST(who_comes_later_has_as_much_before_long),
		TEST(a_flow_of_usrsctps_own_control_is_not_starved),
		TEST(little_to_say_changes_nothing),
		TEST(after_a_rest_the_rate_is_still_known),
		TEST(a_path_that_slows_down_to_a_tenth_is_followed),
		TEST(a_path_that_becomes_longer_is_followed),
		TEST(another_path_is_learnt_anew),
		TEST(two_seconds_of_darkness_are_survived),
		TEST(a_clock_of_whole_milliseconds_is_enough),
		TEST(packets_that_overtake_each_other_are_not_taken_for_lost),
		TEST(loss_among_them_is_made_good),
		TEST(a_loss_before_the_end_is_found_by_the_time_that_goes),
		TEST(a_receiver_that_acknowledges_late_is_no_slow_path),
		TEST(the_backlog_does_not_grow_with_the_path),
		TEST(a_pace_holds_nothing_up_for_ever),
	};

	setbuf(stdout, NULL);
	return RUN(tests);
}
