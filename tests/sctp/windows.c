/*
 * A peer that lies about its receive window (a_rwnd): in every SACK, and in
 * the INIT and INIT ACK before. What it can do is stop or slow down its own
 * association; the memory it costs is bounded by the buffers all the same.
 */
#include "sctp/pair.h"

enum {
	COMMON = 12, INIT = 1, INIT_ACK = 2, SACK = 3,
	BUFFER = MIB / 2,
};

static uint32_t		 (*window)(struct world *);

static uint32_t
all_of_it(struct world *wo)
{
	(void)wo;
	return 0xffffffff;
}

static uint32_t
a_byte(struct world *wo)
{
	(void)wo;
	return 1;
}

static uint32_t
nothing(struct world *wo)
{
	(void)wo;
	return 0;
}

static uint32_t
whatever(struct world *wo)
{
	static const uint32_t	 some[] = {
		0, 1, 1200, 65536, 0x7fffffff, 0x80000000, 0xffffffff,
	};

	return some[simnet_random(wo->net, sizeof(some) / sizeof(some[0]))];
}

/*
 * Packets to end 0, the sender, say what window says. All three chunks have
 * a_rwnd behind a word of 4 bytes.
 */
static void
lie(struct world *wo, struct end *e, uint8_t *p, size_t n)
{
	size_t		 at = COMMON, len;
	struct wr	 w32;

	while (e == &wo->e[0] && at + 12 <= n) {
		len = (size_t)p[at + 2] << 8 | p[at + 3];
		w32 = (struct wr){ p + at + 8, 0, 4 };
		if (p[at] == SACK || p[at] == INIT || p[at] == INIT_ACK)
			wr_u32(&w32, window(wo));
		if (len < 4)
			return;
		at += (len + 3) / 4 * 4;
	}
}

static void
start(uint64_t seed, uint32_t (*fn)(struct world *), bool from_the_start)
{
	struct simnet_conf	 net = { .seed = seed, .delay = 5 * MS };

	window = fn;
	begin(&net, 1, (struct assoc_conf){ .sndbuf = BUFFER,
	    .rcvbuf = BUFFER });
	if (from_the_start)
		w.tamper = lie;
	CHECK(run_until(w.now + 10 * SEC, all_up));
	w.tamper = lie;
	open_one();
	w.e[0].size = 16384;
}

static void
a_window_of_four_gigabytes_costs_a_bounded_memory(void **state)
{
	size_t	 blocks = 0, most;

	(void)state;
	start(201, all_of_it, true);
	w.e[1].deaf = true;
	w.e[0].want = 256 * (uint64_t)MIB;
	/* A full buffer each, in chunks, with what usrsctp keeps of each. */
	most = pool_used() + 2 * 4 * BUFFER / 1000;
	for (int i = 0; i < 600 && w.e[0].lost == 0; i++) {
		pass(100 * MS);
		blocks = pool_used() > blocks ? pool_used() : blocks;
		CHECK(assoc_unacked(w.e[0].a) <= BUFFER);
	}
	CHECK(blocks > most / 8 && blocks <= most);
	CHECK(w.e[0].sent[0] <= 3 * BUFFER);
	/* That nothing goes on is noticed, and has a name. */
	EQ(w.e[0].lost, 1);
	STREQ(assoc_why(w.e[0].a), "nothing is acknowledged any more");
	finish();
}

static void
carry(uint64_t seed, uint32_t (*fn)(struct world *), bool from_the_start,
    uint64_t bytes)
{
	start(seed, fn, from_the_start);
	w.e[0].want = bytes;
	CHECK(run_until(w.now + 3600 * (uint64_t)SEC, all_sent));
	EQ(w.e[1].total, bytes);
	EQ(w.e[0].lost + w.e[1].lost, 0);
	finish();
}

static void
a_window_of_four_gigabytes_carries_every_byte(void **state)
{
	(void)state;
	carry(202, all_of_it, true, 8 * MIB);
}

static void
a_window_of_one_byte_is_slow_but_not_the_end(void **state)
{
	(void)state;
	carry(203, a_byte, false, 65536);
}

static void
a_window_that_never_opens_is_slow_but_not_the_end(void **state)
{
	(void)state;
	carry(204, nothing, false, 65536);
}

static void
a_window_that_jumps_carries_every_byte(void **state)
{
	(void)state;
	for (uint64_t seed = 210; seed < 220; seed++)
		carry(seed, whatever, false, MIB / 4);
}

/* RFC 9260 3.3.2 has 1500 bytes at least, so it never begins. */
static void
an_init_with_hardly_a_window_is_not_answered(void **state)
{
	struct simnet_conf	 net = { .seed = 220, .delay = 5 * MS };

	(void)state;
	window = a_byte;
	begin(&net, 1, (struct assoc_conf){ 0 });
	w.tamper = lie;
	pass(300 * (uint64_t)SEC);
	EQ(w.e[0].up + w.e[1].up, 0);
	EQ(w.e[0].lost, 1);
	STREQ(assoc_why(w.e[0].a),
	    "no association: the peer does not answer");
	finish();
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(a_window_of_four_gigabytes_costs_a_bounded_memory),
		TEST(a_window_of_four_gigabytes_carries_every_byte),
		TEST(a_window_of_one_byte_is_slow_but_not_the_end),
		TEST(a_window_that_never_opens_is_slow_but_not_the_end),
		TEST(a_window_that_jumps_carries_every_byte),
		TEST(an_init_with_hardly_a_window_is_not_answered),
	};

	return RUN(tests);
}
