#include "session/world.h"

#include "session/direct.h"
#include "session/token.h"

/*
 * Signals that cannot be used: what comes of them is said, once, by name, and
 * the link goes on trying or is carried otherwise.
 */
static const struct party_conf	 one = { .dialect1 = true };
static const struct party_conf	 zero = { .dialect1 = false };

#define DIGEST "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:" \
	"10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F"
#define HEAD "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
#define M "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
#define CREDS "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
#define PRINT "a=fingerprint:sha-256 " DIGEST "\r\n"

static const struct {
	const char	*sdp, *why;
} bad[] = {
	{ HEAD M CREDS, "no sha-256 fingerprint" },
	{ HEAD M CREDS "a=fingerprint:sha-1 00:01\r\n",
	    "no sha-256 fingerprint" },
	{ HEAD M CREDS PRINT M CREDS PRINT,
	    "more than one application section" },
	{ HEAD M PRINT, "no ICE credentials" },
	{ "", "not a session description" },
};

static bool
is_accepted(const struct world *w)
{
	struct link_info	 i;

	world_info(w, 0, 0, &i);
	return strcmp(i.status, "accepted") == 0 && i.sid_in[0] != '\0';
}

/* Two parties that have met at the relay and have no way to each other. */
static struct world *
apart(const struct party_conf *conf)
{
	struct world	*w = world_new(3, conf, conf, 1);

	w->simconf.loss = 1000;
	simnet_set(w->net, &w->simconf);
	CHECK(world_until(w, 10 * SEC, is_accepted));
	world_run(w, SEC);
	w->side[0].log[0] = '\0';
	return w;
}

static void
signal_to_0(struct world *w, const char *kind, const char *sid,
    const char *token)
{
	struct msg	 m = { .type = MSG_SIGNAL, .sid = span_of(sid),
		.kind = span_of(kind), .token = span_of(token) };

	CHECK(party_message(w->side[0].party, w->now, &m));
	pump(w, 0);
}

static unsigned
times_said(const struct world *w, const char *text)
{
	unsigned	 n = 0;

	for (const char *p = w->side[0].log; (p = strstr(p, text)) != NULL;
	    p++)
		n++;
	return n;
}

static void
an_offer_that_cannot_be_used_is_refused_by_name(void **state)
{
	struct world		*w;
	struct link_info	 i;
	char			 token[4096], want[128];

	(void)state;
	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		w = apart(&zero);
		world_info(w, 0, 0, &i);
		CHECK(token_sdp(token, sizeof(token), true, bad[k].sdp,
		    "") > 0);
		signal_to_0(w, "sdp_offer", i.sid_out, token);
		snprintf(want, sizeof(want), "direct path failed: %s\n",
		    bad[k].why);
		EQ(times_said(w, want), 1);
		world_run(w, 200 * MS);
		EQ(times_said(w, want), 1);
		/* A way appears, and nothing of it is left. */
		w->simconf.loss = 0;
		simnet_set(w->net, &w->simconf);
		world_connect(w, 0, 0, 10000, false);
		world_connect(w, 1, 0, 10000, false);
		CHECK(world_until(w, 120 * SEC, all_arrived));
		CHECK(world_until(w, 120 * SEC, both_direct));
		nothing_was_reset(w);
		world_free(w);
	}
}

/* Before there was a good one: later ones change nothing (peer/hostile.c). */
static void
an_answer_that_cannot_be_used_is_refused_by_name(void **state)
{
	struct batch		 tx;
	struct rng		*rng = rng_seeded("refused", 7);
	struct cert		*cert = cert_new(rng);
	struct direct_conf	 conf = {
		.peer = { .rng = rng, .cert = cert, .offerer = true },
	};
	struct direct		*d;
	struct peer_event	 ev;
	char			 token[TOKEN_MAX];

	(void)state;
	EQ(batch_init(&tx, 1 << 16), 0);
	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		d = direct_new(&conf);
		direct_start(d, SEC);
		STREQ(direct_say(d, SEC, token), "sdp_offer");
		CHECK(token_sdp(token, sizeof(token), false, bad[k].sdp,
		    "") > 0);
		direct_answer(d, SEC, span_of(token));
		EQ(d->answers_err, 1);
		CHECK(direct_event(d, SEC, &ev, &tx));
		EQ(ev.type, PEER_EV_FAILED);
		STREQ(d->why, bad[k].why);
		CHECK(!direct_event(d, SEC, &ev, &tx));
		EQ(d->state, DIRECT_PAUSE);	/* and tries again */
		CHECK(direct_deadline(d) <= 3 * SEC);
		direct_free(d);
	}
	cert_free(cert);
	rng_free(rng);
	batch_fini(&tx);
}

static void
an_offer_of_a_mebibyte_is_ignored_by_name_and_once(void **state)
{
	static const char	 start[] = "{\"type\":\"offer\",\"sdp\":\""
		"v=0\\r\\n", said[] = "an offer is ignored";
	struct world		*w = apart(&zero);
	struct link_info	 i;
	struct party_info	 p;
	size_t			 n = 1 << 20;
	char			*token = malloc(n + 1);

	(void)state;
	memset(token, 'x', n);
	memcpy(token, start, sizeof(start) - 1);
	memcpy(token + n - 2, "\"}", 3);
	world_info(w, 0, 0, &i);
	for (int k = 0; k < 5; k++) {
		signal_to_0(w, "sdp_offer", i.sid_out, token);
		signal_to_0(w, "sdp_offer", i.sid_out, "{\"sdp\":1}");
		signal_to_0(w, "sdp_offer", i.sid_out, "[");
	}
	EQ(times_said(w, said), 1);
	party_info(w->side[0].party, &p);
	EQ(p.bad_messages, 15);
	free(token);
	world_free(w);
}

/* Of two lite agents each learns it, whoever offers. */
static void
two_lite_agents_both_say_so(void **state)
{
	static const char	 said[] = "direct path failed: both agents "
		"are ice-lite, this one and the peer: one must be full\n";
	struct party_conf	 conf[2] = { one, zero };
	struct world		*w;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		conf[k].lite = true;
		w = world_new(4, &conf[k], &conf[k], 1);
		world_run(w, 5 * SEC);
		for (int s = 0; s < 2; s++)
			assert_non_null(strstr(w->side[s].log, said));
		world_free(w);
	}
}

/* That nothing answers in time is said, too. */
static void
a_path_that_does_not_come_in_time_is_told(void **state)
{
	struct world	*w = apart(&one);

	(void)state;
	world_run(w, 40 * SEC);
	CHECK(times_said(w, "direct path failed: no direct path in time\n") >=
	    1);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    an_offer_that_cannot_be_used_is_refused_by_name),
		cmocka_unit_test(
		    an_answer_that_cannot_be_used_is_refused_by_name),
		cmocka_unit_test(
		    an_offer_of_a_mebibyte_is_ignored_by_name_and_once),
		cmocka_unit_test(two_lite_agents_both_say_so),
		cmocka_unit_test(a_path_that_does_not_come_in_time_is_told),
	};

	return RUN(tests);
}
