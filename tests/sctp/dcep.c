#include "sctp/dcep.h"
#include "support/mangle.h"
#include "support/test.h"

/* hotlink-protocol.md, A.5 */
static const uint8_t	 sample[] = {
	3, 0, 1, 0, 0, 0, 0, 0, 0, 7, 0, 0,
	'h', 'o', 't', 'l', 'i', 'n', 'k',
};

static void
the_open_of_the_reference_is_read_and_written(void **state)
{
	struct dcep	 d;
	uint8_t		 b[DCEP_MAX];

	(void)state;
	EQ(dcep_decode(&d, sample, sizeof(sample)), 0);
	EQ(d.type, DCEP_OPEN);
	EQ(d.channel, 0);
	EQ(d.priority, 256);
	EQ(d.reliability, 0);
	EQ(d.label.n, 7);
	MEMEQ(d.label.p, "hotlink", 7);
	EQ(d.protocol.n, 0);
	EQ(dcep_encode(&d, b, sizeof(b)), sizeof(sample));
	MEMEQ(b, sample, sizeof(sample));
	EQ(dcep_encode(&d, b, sizeof(sample) - 1), 0);
}

static void
an_ack_is_one_byte_and_read_with_more_after_it(void **state)
{
	struct dcep	 d = { .type = DCEP_ACK };
	uint8_t		 b[4] = { 0 };		/* so does pion send it */

	(void)state;
	EQ(dcep_encode(&d, b, 1), 1);
	EQ(b[0], 2);
	EQ(dcep_decode(&d, b, 1), 0);
	EQ(d.type, DCEP_ACK);
	EQ(dcep_decode(&d, b, 4), 0);
	EQ(d.type, DCEP_ACK);
}

static void
refused(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct dcep	 d;

	(void)arg;
	(void)which;
	EQ(dcep_decode(&d, p, n), -1);
}

static void
survived(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct dcep	 d;

	(void)arg;
	(void)which;
	if (dcep_decode(&d, p, n) == 0 && d.type == DCEP_OPEN)
		EQ(d.label.n + d.protocol.n, n - 12);
}

static void
an_open_cut_anywhere_is_refused(void **state)
{
	(void)state;
	mangle_cut(sample, sizeof(sample), refused, NULL);
	mangle_flip(sample, sizeof(sample), survived, NULL);
}

static void
too_long_texts_and_unknown_types_are_refused(void **state)
{
	struct dcep	 d;
	uint8_t		 b[12 + 1025] = { 3, 0, 1, 0, 0, 0, 0, 0, 4, 1 };

	(void)state;
	EQ(dcep_decode(&d, b, sizeof(b)), -1);
	b[9] = 0;
	EQ(dcep_decode(&d, b, sizeof(b) - 1), 0);
	EQ(d.label.n, 1024);
	b[1] = 0x82;
	EQ(dcep_decode(&d, b, sizeof(b) - 1), 0);
	b[1] = 3;
	EQ(dcep_decode(&d, b, sizeof(b) - 1), -1);
	b[1] = 0;
	b[0] = 1;
	EQ(dcep_decode(&d, b, sizeof(b) - 1), -1);
}

/* RFC 8832 8.2.2: the high bit is of its own, and nothing to refuse. */
static void
every_channel_type_is_read_in_and_out_of_order(void **state)
{
	struct dcep	 d;
	uint8_t		 b[sizeof(sample)], back[DCEP_MAX];

	(void)state;
	memcpy(b, sample, sizeof(b));
	b[7] = 9;			/* the reliability's parameter */
	for (unsigned type = 0; type < 256; type++) {
		b[1] = (uint8_t)type;
		if ((type & 0x7f) > 2) {
			EQ(dcep_decode(&d, b, sizeof(b)), -1);
			continue;
		}
		EQ(dcep_decode(&d, b, sizeof(b)), 0);
		EQ(d.channel, type);
		EQ(d.channel & DCEP_UNORDERED, type & 0x80);
		EQ(d.reliability, 9);
		EQ(dcep_encode(&d, back, sizeof(back)), sizeof(b));
		MEMEQ(back, b, sizeof(b));
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_open_of_the_reference_is_read_and_written),
		cmocka_unit_test(an_ack_is_one_byte_and_read_with_more_after_it),
		cmocka_unit_test(an_open_cut_anywhere_is_refused),
		cmocka_unit_test(too_long_texts_and_unknown_types_are_refused),
		cmocka_unit_test(
		    every_channel_type_is_read_in_and_out_of_order),
	};

	return RUN(tests);
}
