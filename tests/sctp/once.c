/*
 * Messages that may be given up (RFC 3758), as many as the path carries, in
 * virtual time: 100 Mbit/s, 50 ms there and back, a queue of as much.
 */
#include "sctp/pair.h"

enum {
	RATE = 12500000,		/* bytes a second */
	DELAY = 25 * MS,		/* one way */
	QUEUE = RATE / 20,
	STEP = MS,			/* between looks at the room */
	FLOWS = 3,
	KEPT = 1 << 18,			/* messages that are told apart */
	HEAD = 8,			/* of a message: flow, number */
	DATA = 0, SACK = 3, FORWARD = 192,	/* chunk types */
	PACKET = 12, TSN = 4,		/* its header, and after a chunk's */
	TSNS = 65536,
};

static struct simnet_conf	 link = { .seed = 50, .delay = DELAY,
	.rate = RATE, .queue = QUEUE };

/* What is sent on a channel of end 0. */
static struct flow {
	struct assoc_how	 how;
	size_t			 size;		/* of a message, or at most */
	bool			 vary;
	uint64_t		 rate;		/* 0: what there is room for */
	int			 id;
	uint64_t		 due;		/* bytes, at its rate */
	uint32_t		 sent, got, next;
	uint64_t		 bytes;		/* that arrived */
	uint8_t			 seen[KEPT / 8];
} flow[FLOWS];
static unsigned			 flows;

static struct flow		 once = {
	.how = { true, ASSOC_RETRANSMITS, 0 }, .size = 1000,
};
static struct flow		 stream = {
	.how = { false, ASSOC_RELIABLE, 0 }, .size = 60000,
};

/* What reached either end. */
static struct {
	uint64_t	 data, sack, forward;
	uint32_t	 acked;			/* cumulative, at the sender */
	bool		 deaf;			/* no FORWARD TSN arrives */
	bool		 careful;		/* see passes_a_stream */
	bool		 stream[TSNS];		/* DATA of flow 0 */
} wire;

/* DATA of the stream that was not acknowledged for good. */
static bool
passes_a_stream(uint32_t tsn)
{
	for (uint32_t t = wire.acked + 1; t != tsn + 1; t++)
		if (wire.stream[t % TSNS])
			return true;
	return false;
}

static void
look_at(uint8_t type, uint32_t tsn, uint16_t id)
{
	wire.data += type == DATA;
	wire.sack += type == SACK;
	wire.forward += type == FORWARD;
	if (type == SACK)
		wire.acked = tsn;
	if (type == DATA)
		wire.stream[tsn % TSNS] = id == flow[0].id;
	if (type == FORWARD && (int32_t)(tsn - wire.acked) > 0)
		CHECK(!wire.careful || !passes_a_stream(tsn));
}

static void
tap(struct world *wo, struct end *e, uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n), chunk;
	uint32_t	 tsn;
	uint8_t		 type;
	size_t		 len;

	(void)wo;
	(void)e;
	rd_span(&r, PACKET);
	while (r.n >= 2 * TSN) {
		type = rd_u8(&r);
		rd_u8(&r);
		len = rd_u16(&r) - TSN;
		chunk = rd_sub(&r, len);
		rd_span(&r, -len & 3);
		tsn = rd_u32(&chunk);
		look_at(type, tsn, rd_u16(&chunk));
		/* With another tag it is nobody's. */
		if (type == FORWARD && wire.deaf)
			p[TSN] ^= 0xff;
	}
}

static size_t
length_of(const struct flow *f, uint32_t n)
{
	return f->vary ? HEAD + n * 7919u % (f->size - HEAD) : f->size;
}

/* Whole, of that flow, not twice, and in order if it should be. */
static void
taken(struct end *e, const struct assoc_event *ev)
{
	struct rd	 r = rd_of(ev->data.p, ev->data.n);
	uint32_t	 k = rd_u32(&r), n = rd_u32(&r);
	struct flow	*f = &flow[k];

	CHECK(e == &w.e[1] && !r.bad && k < flows && n < f->sent);
	EQ(f->id, ev->channel);
	CHECK((f->seen[n / 8] & 1 << n % 8) == 0);
	f->seen[n / 8] |= (uint8_t)(1 << n % 8);
	CHECK(f->how.unordered || n >= f->next);
	CHECK(f->how.limit != ASSOC_RELIABLE || n == f->next);
	f->next = n + 1;
	EQ(ev->data.n, length_of(f, n));
	for (size_t i = HEAD; i < ev->data.n; i++)
		if (ev->data.p[i] != pattern((uint16_t)k, n, i))
			fail_msg("message %u of %u differs at %zu", n, k, i);
	f->got++;
	f->bytes += ev->data.n;
}

static bool
send_of(struct flow *f)
{
	size_t		 n = length_of(f, f->sent);
	struct wr	 head = wr_of(message, HEAD);

	if (w.tx.n > BATCH_DGRAMS / 2 || f->sent == KEPT ||
	    assoc_room(w.e[0].a) < n || (f->rate > 0 && f->due < n))
		return false;
	wr_u32(&head, (uint32_t)(f - flow));
	wr_u32(&head, f->sent);
	for (size_t i = HEAD; i < n; i++)
		message[i] = pattern((uint16_t)(f - flow), f->sent, i);
	if (!assoc_send_how(w.e[0].a, w.now, (uint16_t)f->id, &f->how,
	    message, n, &w.tx))
		return false;
	f->sent++;
	f->due -= f->rate > 0 ? n : 0;
	return true;
}

static void
run_for(uint64_t time)
{
	uint64_t	 until = w.now + time;
	bool		 more;

	for (; w.now < until; pass(STEP)) {
		for (unsigned i = 0; i < flows; i++)
			flow[i].due += flow[i].rate * STEP / SEC;
		do {
			more = false;
			address(&w.e[0], &w.e[1]);
			for (unsigned i = 0; i < flows; i++)
				more |= send_of(&flow[i]);
			flush();
		} while (more);
	}
}

/* Two associations, and a channel per flow. */
static void
ready(const struct flow *f, unsigned n, bool keeps)
{
	/* A packaged library does as it does. */
	if (strcmp(assoc_congestion_control(), "bbr") != 0)
		skip();
	begin(&link, 1, (struct assoc_conf){ .keeps = keeps });
	CHECK(run_until(w.now + 10 * SEC, all_up));
	memset(flow, 0, sizeof(flow));
	memset(&wire, 0, sizeof(wire));
	flows = n;
	w.taken = taken;
	w.tamper = tap;
	address(&w.e[0], &w.e[1]);
	for (unsigned i = 0; i < n; i++) {
		flow[i] = f[i];
		flow[i].id = assoc_open(w.e[0].a, w.now, "x", "",
		    &flow[i].how, &w.tx);
		CHECK(flow[i].id >= 0);
	}
	flush();
	pass(SEC);
}

static void
loses(unsigned per_thousand)
{
	struct simnet_conf	 net = link;

	net.loss = per_thousand;
	simnet_set(w.net, &net);
}

/* Per cent of the link that a flow has in that time. */
static unsigned
share(const struct flow *f, uint64_t time)
{
	uint64_t	 before = f->bytes;

	run_for(time);
	return (unsigned)((f->bytes - before) * 100 / (RATE * time / SEC));
}

/* All is delivered or given up; what must arrive has. */
static void
settle(void)
{
	struct assoc_info	 info;

	pass(5 * SEC);
	assoc_info(w.e[0].a, &info);
	EQ(info.unacked, 0);
	EQ(w.e[0].lost + w.e[1].lost, 0);
	for (unsigned i = 0; i < flows; i++) {
		printf("%u: %u of %u\n", i, flow[i].got, flow[i].sent);
		CHECK(flow[i].how.limit != ASSOC_RELIABLE ||
		    flow[i].got == flow[i].sent);
	}
	finish();
}

/*
 * A share of the link in per cent, of messages sent without end. Nobody says
 * more than once that one will not come, and each is said within a round trip.
 */
static unsigned
fill(struct flow f, unsigned per_thousand)
{
	unsigned	 n;

	ready(&f, 1, false);
	loses(per_thousand);
	run_for(SEC);
	wire.data = wire.sack = wire.forward = 0;
	n = share(&flow[0], SEC);
	printf("%u%%; DATA %llu, FORWARD TSN %llu, SACK %llu\n", n,
	    (unsigned long long)wire.data, (unsigned long long)wire.forward,
	    (unsigned long long)wire.sack);
	CHECK(wire.forward <= wire.data * per_thousand * 3 / 2000 + 10);
	CHECK(wire.sack <= wire.data + wire.data / 10);
	return n;
}

static void
a_path_without_loss_is_filled(void **state)
{
	(void)state;
	CHECK(fill(once, 0) >= 90);
	settle();
}

static void
a_loss_of_one_in_a_hundred_leaves_the_path_filled(void **state)
{
	(void)state;
	CHECK(fill(once, 10) >= 88);
	settle();
}

static void
what_has_a_time_to_live_fills_the_path_too(void **state)
{
	struct flow	 f = once;

	(void)state;
	f.how = (struct assoc_how){ true, ASSOC_LIFETIME_MS, 100 };
	CHECK(fill(f, 10) >= 85);
	settle();
}

/* The longer it is, the more likely a piece of it gets lost. */
static void
a_message_of_any_size_arrives_whole_and_once(void **state)
{
	struct flow		 f = once;
	struct simnet_conf	 net = link;

	(void)state;
	f.size = 60000;
	f.vary = true;
	ready(&f, 1, false);
	net.loss = 10;
	net.dup = 10;
	net.reorder = 10;
	net.hold = 2 * MS;
	simnet_set(w.net, &net);
	CHECK(share(&flow[0], 2 * SEC) >= 30);
	CHECK(flow[0].got < flow[0].sent);
	settle();
}

/*
 * Of the longest messages much has arrived when they are given up. No part of
 * one is taken for a message, nor for the beginning of another.
 */
static void
the_longest_messages_arrive_whole_or_not_at_all(void **state)
{
	struct flow	 all[] = { stream, once, once };

	(void)state;
	all[0].rate = RATE / 50;
	all[1].size = all[2].size = MESSAGE;
	all[1].vary = all[2].vary = true;
	all[1].rate = all[2].rate = RATE / 4;
	all[2].how = (struct assoc_how){ false, ASSOC_LIFETIME_MS, 60 };
	ready(all, 3, false);
	loses(10);
	run_for(10 * SEC);
	for (int i = 1; i < 3; i++)
		CHECK(flow[i].got > 0 && flow[i].got < flow[i].sent);
	settle();
}

/* RFC 3758, 3.5: a duplicate waits for a round trip. */
static void
a_forward_tsn_that_is_lost_is_sent_again(void **state)
{
	struct flow	 f = once;
	uint64_t	 n;

	(void)state;
	f.rate = RATE / 20;
	ready(&f, 1, false);
	run_for(SEC);
	wire.deaf = true;
	loses(1000);
	run_for(2 * MS);
	loses(0);
	n = wire.forward;
	run_for(SEC);
	n = wire.forward - n;
	printf("%llu times\n", (unsigned long long)n);
	CHECK(n >= 10 && n <= SEC / (2 * DELAY) + 2);
	wire.deaf = false;
	run_for(4 * DELAY);
	n = wire.forward;
	run_for(SEC);
	EQ(wire.forward, n);
	settle();
}

/* A hole in a round trip, if the stream's DATA were not passed. */
static void
a_stream_beside_them_loses_nothing(void **state)
{
	struct flow	 both[] = { stream, once };
	unsigned	 n;

	(void)state;
	both[1].rate = RATE / 8;
	ready(both, 2, true);
	loses(10);
	run_for(2 * SEC);
	n = share(&flow[0], 2 * SEC);
	printf("%u%%\n", n);
	CHECK(n >= 60);
	CHECK(flow[1].got > flow[1].sent / 100 * 90);
	settle();
}

static void
a_peer_that_may_forget_is_told_to_pass_no_stream(void **state)
{
	struct flow	 both[] = { stream, once };

	(void)state;
	both[1].rate = RATE / 8;
	ready(both, 2, false);
	wire.careful = true;
	loses(10);
	run_for(2 * SEC);
	CHECK(wire.forward > 0);
	settle();
}

/* Its messages are named in FORWARD TSN, and no other stream's. */
static void
an_ordered_channel_that_gives_up_goes_on(void **state)
{
	struct flow	 all[] = { stream, once, once };

	(void)state;
	all[0].rate = RATE / 20;
	all[1].rate = all[2].rate = RATE / 50;
	all[2].how.unordered = false;
	for (int keeps = 0; keeps < 2; keeps++) {
		ready(all, 3, keeps);
		loses(10);
		run_for(3 * SEC);
		CHECK(flow[1].got < flow[1].sent);
		CHECK(flow[2].got < flow[2].sent);
		CHECK(flow[2].got > flow[2].sent / 100 * 90);
		settle();
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(a_path_without_loss_is_filled),
		TEST(a_loss_of_one_in_a_hundred_leaves_the_path_filled),
		TEST(what_has_a_time_to_live_fills_the_path_too),
		TEST(a_message_of_any_size_arrives_whole_and_once),
		TEST(the_longest_messages_arrive_whole_or_not_at_all),
		TEST(a_forward_tsn_that_is_lost_is_sent_again),
		TEST(a_stream_beside_them_loses_nothing),
		TEST(a_peer_that_may_forget_is_told_to_pass_no_stream),
		TEST(an_ordered_channel_that_gives_up_goes_on),
	};

	setbuf(stdout, NULL);
	return RUN(tests);
}
