#include "sctp/pair.h"

#include "base/crc.h"

/*
 * Rules of data channels that other stacks broke, besides those in rules.c:
 * both ends are ours, so what one sends is made wrong on the way.
 */

/*
 * RFC 9653: whoever does not say that it needs no checksums gets them, in
 * each direction by itself. By end that they go to:
 */
static unsigned	 packets[2], bare[2], wrong[2], accepting[2];
static bool	 wants[2];		/* its word is lost on the way */

static bool
is_summed(const uint8_t *p, size_t n)
{
	uint8_t		 copy[2048], sum[4];
	uint32_t	 crc;

	CHECK(n >= 16 && n <= sizeof(copy));
	memcpy(copy, p, n);
	memset(copy + 8, 0, 4);
	crc = crc32c(copy, n);
	for (int i = 0; i < 4; i++)
		sum[i] = (uint8_t)(crc >> 8 * i);
	return memcmp(sum, p + 8, 4) == 0;
}

static void
look_at_checksum(struct world *wo, struct end *e, uint8_t *p, size_t n)
{
	static const uint8_t	 zero[4], method[8] = { 0x80, 1, 0, 8, 0, 0,
				     0, 1 };
	int			 to = e == &wo->e[1];

	packets[to]++;
	if (memcmp(p + 8, zero, 4) == 0) {
		bare[to]++;
		wrong[to] += p[12] == 1 || p[12] == 2 || p[12] == 10;
	} else {
		wrong[to] += !is_summed(p, n);
	}
	/* Zero Checksum Acceptable ends INIT and INIT ACK. */
	if (p[12] != 1 && p[12] != 2)
		return;
	if (memcmp(p + n - 8, method, 8) != 0)
		return;
	EQ((p[14] << 8) + p[15] + 12, n);
	accepting[!to]++;
	if (wants[!to])
		p[n - 7] = 9;		/* unknown, to be skipped */
}

static bool	 told;

static void
carry_with_checksums(bool first_wants, bool second_wants)
{
	struct simnet_conf	 net = { .seed = 31, .delay = MS, .loss = 10 };

	memset(packets, 0, sizeof(packets));
	memset(bare, 0, sizeof(bare));
	memset(wrong, 0, sizeof(wrong));
	memset(accepting, 0, sizeof(accepting));
	wants[0] = first_wants;
	wants[1] = second_wants;
	begin(&net, 1, (struct assoc_conf){ .bare = told });
	w.tamper = look_at_checksum;
	CHECK(run_until(w.now + 10 * SEC, all_up));
	open_one();
	w.e[0].want = MIB;
	CHECK(run_until(w.now + 60 * SEC, all_sent));
	CHECK(packets[0] + packets[1] > 800);
	EQ(wrong[0] + wrong[1], 0);
	EQ(accepting[0] > 0, told);
	EQ(accepting[1] > 0, told);
	finish();
}

static void
every_packet_has_its_checksum(void **state)
{
	(void)state;
	told = true;
	carry_with_checksums(true, true);
	EQ(bare[0] + bare[1], 0);
}

/* pion 3.1.56 drops an INIT with a parameter that it does not know. */
static void
nothing_is_said_of_checksums_unless_wanted(void **state)
{
	(void)state;
	told = false;
	carry_with_checksums(false, false);
	EQ(bare[0] + bare[1], 0);
}

static void
who_needs_no_checksum_gets_none_and_the_other_all(void **state)
{
	(void)state;
	told = true;
	carry_with_checksums(true, false);
	EQ(bare[0], 0);
	CHECK(bare[1] > 800);
	carry_with_checksums(false, true);
	EQ(bare[1], 0);
	CHECK(bare[0] > 300);
	carry_with_checksums(false, false);
	CHECK(bare[0] > 300 && bare[1] > 800);
}

/* A DCEP ACK to end 0 comes in a packet of another association. */
static void
hold_acks(struct world *wo, struct end *e, uint8_t *p, size_t n)
{
	if (e == &wo->e[0] && n >= 29 && p[12] == 0 && p[27] == 50 &&
	    p[28] == 2)
		p[4] ^= 0xff;		/* of the verification tag */
}

/* RFC 8832 6: a sender need not wait for the ACK, and a receiver not either. */
static void
data_may_come_before_the_ack(void **state)
{
	struct simnet_conf	 net = { .seed = 32, .delay = 20 * MS };

	(void)state;
	up(&net, (struct assoc_conf){ 0 });
	w.tamper = hold_acks;
	w.e[0].want_channels = 1;
	w.e[0].want = 100000;
	pass(5 * SEC);
	EQ(w.e[1].opened, 1);
	EQ(w.e[1].total, 100000);
	EQ(w.e[0].acked, 0);
	EQ(w.e[0].closed + w.e[1].closed, 0);
	EQ(w.e[0].lost + w.e[1].lost, 0);
	finish();
}

/* The first byte of end 0's DCEP messages becomes another type. */
static uint8_t	 dcep_other;

static void
change_dcep(struct world *wo, struct end *e, uint8_t *p, size_t n)
{
	if (e == &wo->e[1] && n >= 29 && p[12] == 0 && p[27] == 50 &&
	    p[28] == 3)
		p[28] = dcep_other;
}

static void
an_unknown_message_of_dcep_opens_nothing(void **state)
{
	static const uint8_t	 types[] = { 0, 1, 2, 4, 255 };
	struct simnet_conf	 net = { .seed = 33, .delay = MS };

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		up(&net, (struct assoc_conf){ 0 });
		w.tamper = change_dcep;
		dcep_other = types[i];
		w.e[0].want_channels = 1;
		pass(3 * SEC);
		EQ(w.e[1].opened, 0);
		EQ(w.e[0].acked, 0);
		EQ(assoc_state(w.e[1].a), ASSOC_UP);
		finish();
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(every_packet_has_its_checksum),
		TEST(nothing_is_said_of_checksums_unless_wanted),
		TEST(who_needs_no_checksum_gets_none_and_the_other_all),
		TEST(data_may_come_before_the_ack),
		TEST(an_unknown_message_of_dcep_opens_nothing),
	};

	setbuf(stdout, NULL);
	return RUN(tests);
}
