/*
 * The random of a hello (RFC 8446 section 4.1.3): one whose end says that a
 * server of TLS 1.3 was talked down to 1.2 ends the handshake at a client that
 * speaks 1.3, as browsers do. Chance must not say so.
 */
#include "support/test.h"

#include "dtls/message.h"
#include "dtls/record.h"
#include "support/dtlspair.h"

enum { AT = 24 };			/* where the last eight bytes are */

static const struct simnet_conf	 calm = { .seed = 1, .delay = MS };
/* The next draws of so many bytes end so. */
static const char		*ending;
static unsigned			 left, drawn;
static uint8_t			 seen[2][RANDOM];	/* by who said it */

void	 __real_rng_bytes(struct rng *, void *, size_t);
void	 __wrap_rng_bytes(struct rng *, void *, size_t);

void
__wrap_rng_bytes(struct rng *rng, void *p, size_t n)
{
	__real_rng_bytes(rng, p, n);
	if (left == 0 || n != RANDOM)
		return;
	left--;
	drawn++;
	memcpy((uint8_t *)p + AT, ending, RANDOM - AT);
}

/* A hello is the first message of its record, and whole. */
static bool
note_hello(struct pair *p, int side, struct dgram *g)
{
	struct span	 s = { g->p, g->n };
	struct record	 rec;
	struct rd	 r;
	uint8_t		 type;
	const uint8_t	*random;

	(void)p;
	if (record_next(&rec, &s) == -1 || rec.type != CONTENT_HANDSHAKE)
		return true;
	r = rd_of(rec.body.p, rec.body.n);
	type = rd_u8(&r);
	rd_span(&r, 11 + 2);		/* the rest of the header, version */
	random = rd_span(&r, RANDOM);
	if (random != NULL && (type == CLIENT_HELLO || type == SERVER_HELLO))
		memcpy(seen[!side], random, RANDOM);
	return true;
}

/* Both ends' first draws end so; what they say in their hellos is in seen. */
static void
shake_hands(const char *end, unsigned draws)
{
	struct pair	 p;

	pair_init(&p, &calm);
	p.tap = note_hello;
	ending = end;
	drawn = 0;
	for (int i = 0; i < 2; i++) {
		left = draws;
		p.d[i] = dtls_new(&p.conf[i], p.now);
		CHECK(p.d[i] != NULL);
		left = 0;
	}
	pair_run(&p, SEC);
	CHECK(pair_up(&p));
	pair_fini(&p);
}

static void
a_random_that_looks_like_a_downgrade_is_drawn_again(void **state)
{
	static const char *const	 ends[] = {
		"DOWNGRD\x01", "DOWNGRD\0", "DOWNGRDx",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		shake_hands(ends[i], 3);
		EQ(drawn, 6);
		for (int who = 0; who < 2; who++)
			CHECK(memcmp(seen[who] + AT, "DOWNGRD", 7) != 0);
	}
}

static void
a_random_that_only_nearly_does_is_said(void **state)
{
	(void)state;
	shake_hands("xDOWNGRD", 1);
	EQ(drawn, 2);
	for (int who = 0; who < 2; who++)
		MEMEQ(seen[who] + AT, "xDOWNGRD", RANDOM - AT);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    a_random_that_looks_like_a_downgrade_is_drawn_again),
		cmocka_unit_test(a_random_that_only_nearly_does_is_said),
	};

	return RUN(tests);
}
