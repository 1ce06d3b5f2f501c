/*
 * A flight that is refused could be a forger's: of what he sends from the
 * peer's address nothing may end a handshake that the peer completes.
 */
#include "support/test.h"

#include "support/dtlspair.h"

enum { LOOK_FOR = 16 };

static const struct simnet_conf	 calm = { .seed = 1, .delay = MS };
static int			 victim;

/* Its first which flights to the victim have a certificate of another's. */
static bool
forge(struct pair *p, int side, struct dgram *g)
{
	struct span	 der = cert_der(p->cert[!side]);

	if (side != victim || p->count >= p->which)
		return true;
	for (size_t i = 0; i + LOOK_FOR <= g->n; i++) {
		if (memcmp(g->p + i, der.p + der.n / 2, LOOK_FOR) != 0)
			continue;
		g->p[i] ^= 1;
		p->count++;
		break;
	}
	return true;
}

static void
begin(struct pair *p, int side, size_t flights)
{
	victim = side;
	pair_init(p, &calm);
	p->tap = forge;
	p->which = flights;
	CHECK(pair_open(p));
}

static void
forged_flights_do_not_end_a_handshake_that_the_peer_completes(void **state)
{
	struct pair	 p;

	(void)state;
	for (int side = 0; side < 2; side++)
		for (size_t flights = 1; flights < 5; flights++) {
			begin(&p, side, flights);
			pair_run(&p, 20 * (uint64_t)SEC);
			EQ(p.count, flights);
			CHECK(pair_up(&p));
			pair_send(&p, 0, "ping", 4);
			pair_run(&p, SEC);
			EQ(p.got[1], 4);
			pair_fini(&p);
		}
}

static void
a_peer_that_is_another_is_given_up_soon_and_by_name(void **state)
{
	struct pair	 p;
	uint64_t	 began;

	(void)state;
	for (int side = 0; side < 2; side++) {
		begin(&p, side, SIZE_MAX);
		began = p.now;
		while (dtls_state(p.d[side]) == DTLS_HANDSHAKE)
			pair_run(&p, 100 * MS);
		EQ(dtls_state(p.d[side]), DTLS_FAILED);
		STREQ(dtls_why(p.d[side]),
		    "the peer's certificate has another fingerprint");
		CHECK(p.now - began < 8 * (uint64_t)SEC);
		pair_fini(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
	       forged_flights_do_not_end_a_handshake_that_the_peer_completes),
		cmocka_unit_test(
		    a_peer_that_is_another_is_given_up_soon_and_by_name),
	};

	return RUN(tests);
}
