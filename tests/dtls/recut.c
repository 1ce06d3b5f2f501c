#include "support/test.h"

#include "dtls/conn.h"
#include "support/dtlspair.h"

/*
 * Peers that send a flight again with other boundaries, as OpenSSL does (RFC
 * 6347 4.2.3): what came before and what comes after make one message.
 */
enum { SIZES = 6, SEEDS = 60 };
static const size_t	 sizes[SIZES] = { 1200, 256, 300, 1200, 411, 277 };

/* Each time that a flight is sent its pieces are others. */
static bool
recut(struct pair *p, int side, struct dgram *g)
{
	struct dtls	*sender = p->d[!side];

	(void)g;
	sender->conf.mtu = sizes[(sender->out.sent + p->which) % SIZES];
	return true;
}

static void
a_flight_sent_again_with_other_boundaries_is_put_together(void **state)
{
	struct simnet_conf	 net = { .delay = 5 * MS, .loss = 300 };
	struct pair		 p;
	struct dtls_stats	 st;
	uint64_t		 retransmits = 0;

	(void)state;
	print_message("seeds 1 to %d\n", SEEDS);
	for (net.seed = 1; net.seed <= SEEDS; net.seed++) {
		pair_init(&p, &net);
		p.conf[0].mtu = p.conf[1].mtu = sizes[net.seed % SIZES];
		CHECK(pair_open(&p));
		p.tap = recut;
		p.which = net.seed;
		pair_run(&p, 30 * (uint64_t)SEC);
		CHECK(pair_up(&p));
		for (int side = 0; side < 2; side++) {
			dtls_stats(p.d[side], &st);
			retransmits += st.retransmits;
		}
		pair_fini(&p);
	}
	CHECK(retransmits > SEEDS);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    a_flight_sent_again_with_other_boundaries_is_put_together),
	};

	return RUN(tests);
}
