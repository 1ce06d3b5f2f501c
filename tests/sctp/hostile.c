#include "sctp/pair.h"

#include "base/crc.h"

/*
 * Rules of data channels that other stacks broke, besides those in rules.c:
 * both ends are ours, so what one sends is made wrong on the way.
 */

/* RFC 9653 is one-way and not ours: every packet has its checksum. */
static unsigned	 packets, wrong, zero_offered;

static void
look_at_checksum(struct world *wo, struct end *e, uint8_t *p, size_t n)
{
	uint8_t		 copy[2048], sum[4];
	uint32_t	 crc;

	(void)wo;
	(void)e;
	CHECK(n >= 12 && n <= sizeof(copy));
	memcpy(copy, p, n);
	memset(copy + 8, 0, 4);
	crc = crc32c(copy, n);
	for (int i = 0; i < 4; i++)
		sum[i] = (uint8_t)(crc >> 8 * i);
	packets++;
	wrong += memcmp(sum, p + 8, 4) != 0;
	/* Zero Checksum Acceptable, a parameter of INIT and INIT ACK. */
	for (size_t i = 12; p[12] <= 2 && i + 4 <= n; i += 4)
		zero_offered += p[i] == 0x80 && p[i + 1] == 1;
}

static void
every_packet_has_its_checksum(void **state)
{
	struct simnet_conf	 net = { .seed = 31, .delay = MS, .loss = 10 };

	(void)state;
	packets = wrong = zero_offered = 0;
	begin(&net, 1, (struct assoc_conf){ 0 });
	w.tamper = look_at_checksum;
	CHECK(run_until(w.now + 10 * SEC, all_up));
	open_one();
	w.e[0].want = MIB;
	CHECK(run_until(w.now + 60 * SEC, all_sent));
	CHECK(packets > 800);
	EQ(wrong, 0);
	EQ(zero_offered, 0);
	finish();
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
		TEST(data_may_come_before_the_ack),
		TEST(an_unknown_message_of_dcep_opens_nothing),
	};

	setbuf(stdout, NULL);
	return RUN(tests);
}
