#include "support/test.h"

#include "crypto/cert.h"
#include "crypto/rng.h"
#include "ice/ice.h"
#include "session/direct.h"
#include "session/token.h"
#include "syft/msg.h"

/* What is learned of addresses after the description that names them. */

struct two {
	struct rng	*rng;
	struct cert	*cert;
	struct batch	 tx;
	struct direct	*offerer, *answerer;
	struct addr	 host[ICE_HOSTS];
};

static void
begin(struct two *t)
{
	struct direct_conf	 conf;

	memset(t, 0, sizeof(*t));
	memset(&conf, 0, sizeof(conf));
	conf.peer.rng = t->rng = rng_seeded("trickle", 7);
	conf.peer.cert = t->cert = cert_new(t->rng);
	EQ(batch_init(&t->tx, 1 << 16), 0);
	t->answerer = direct_new(&conf);
	conf.peer.offerer = true;
	t->offerer = direct_new(&conf);
	for (size_t i = 0; i < ICE_HOSTS; i++)
		t->host[i] = (struct addr){ .family = 4, .port = 41000,
		    .ip = { 192, 0, 2, (uint8_t)(1 + i) } };
}

static void
end(struct two *t)
{
	direct_free(t->offerer);
	direct_free(t->answerer);
	cert_free(t->cert);
	rng_free(t->rng);
	batch_fini(&t->tx);
}

static void
pull(struct two *t, struct direct *d)
{
	struct peer_event	 ev;

	while (direct_event(d, SEC, &ev, &t->tx))
		EQ(ev.type, PEER_EV_CANDIDATE);
}

/* The rest of an agent's addresses that there is room for in ICE. */
static void
add_all(struct two *t, struct direct *d)
{
	struct addr	 relayed = { .family = 4, .port = 50000,
		.ip = { 198, 51, 100, 1 } };

	direct_set_hosts(d, SEC, t->host, ICE_HOSTS);
	for (size_t i = 0; i < ICE_RELAYED; i++) {
		relayed.port++;
		direct_add_relay(d, SEC, &relayed, i + 1);
	}
	pull(t, d);
}

static unsigned
told(struct direct *d)
{
	char		 token[TOKEN_MAX];
	const char	*kind;
	unsigned	 n = 0;

	while ((kind = direct_say(d, SEC, token)) != NULL) {
		STREQ(kind, "ice_candidate");
		n++;
	}
	return n;
}

static void
all_that_is_learned_until_the_answer_is_told_then(void **state)
{
	struct two	 t;
	char		 token[TOKEN_MAX], sdp[TOKEN_MAX], id[TOKEN_OFFER];

	(void)state;
	begin(&t);
	direct_start(t.offerer, SEC);
	pull(&t, t.offerer);
	STREQ(direct_say(t.offerer, SEC, token), "sdp_offer");
	EQ(token_sdp_decode(span_of(token), sdp, sizeof(sdp), id), 0);
	add_all(&t, t.offerer);
	EQ(told(t.offerer), 0);
	direct_offer(t.answerer, SEC, sdp, "session1");
	pull(&t, t.answerer);
	STREQ(direct_say(t.answerer, SEC, token), "sdp_answer");
	direct_answer(t.offerer, SEC, span_of(token));
	EQ(told(t.offerer), ICE_HOSTS + ICE_RELAYED);
	add_all(&t, t.answerer);
	EQ(told(t.answerer), ICE_HOSTS + ICE_RELAYED);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    all_that_is_learned_until_the_answer_is_told_then),
	};

	return RUN(tests);
}
