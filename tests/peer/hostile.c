/*
 * What a peer, or a stranger with a peer's addresses, may do to a connection
 * below its channels. The outcome is a reason that is named or a datagram that
 * is counted, and never a wait without an end.
 *
 * Where each thing that other stacks got wrong is tested, besides here:
 *
 *	wrong fingerprint, other key	dtls/dtls.c, peer.c, here
 *	wrong or no SRTP profile	dtls/dtls.c (edits)
 *	keys of another connection	srtp/guard.c
 *	unvalidated source		here
 *	a hello before our own check	here
 *	wrong stream parity		sctp/rules.c
 *	USERNAME mismatch		ice/rules.c
 *	answer from another address	ice/rules.c
 *	no USERNAME in answers		ice/hostile.c
 *	unknown attributes (420)	ice/rules.c, ice/hostile.c
 *	role conflict (487)		ice/rules.c, both ends of it
 *	a lite agent sends no check	ice/ice.c, live/ice
 *	a lite agent and the first	ice/hostile.c
 *	    USE-CANDIDATE
 *	two lite agents			ice/ice.c, session/refused.c, live/ice
 *	names that hide addresses	ice/mdns.c, ice/named.c, interop/mdns
 *	DCEP OPEN twice			sctp/rules.c
 *	data on an unopened stream	sctp/rules.c
 *	channel types, old PPIDs,	sctp/dcep.c, sctp/rules.c
 *	    empty messages
 *	data before the ACK, checksums	sctp/hostile.c
 *	no fingerprint, sha-1 only, two	sdp.c, here, session/refused.c,
 *	    sections, 1 MiB		    live/hostile
 *	SDP and STUN that is new to us	here, ice/hostile.c
 *	renegotiation			dtls/dtls.c
 *	retransmissions cut otherwise	dtls/recut.c, dtls/reassembly.c
 *	last flight lost, replay,	dtls/dtls.c
 *	    forged alert, cookie
 */
#include "support/test.h"

#include "base/time.h"
#include "crypto/cert.h"
#include "crypto/rng.h"
#include "peer/peer.h"
#include "peer/sdp.h"

enum { A, B, SIDES, KEPT = 64 };

struct side {
	struct peer	*peer;
	struct addr	 host;
	struct cert	*cert;
	bool		 up, failed;
	size_t		 data;
};

struct datagram {
	struct path	 to;
	uint8_t		 bytes[2048];
	size_t		 n;
};

static struct world {
	struct rng	*rng;
	struct batch	 tx;
	struct side	 s[SIDES];
	uint64_t	 now;
	struct datagram	 kept[KEPT];	/* on their way to the other side */
	size_t		 n;
} w;

static int
begin(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.rng = rng_seeded("hostile", 7);
	w.now = 1000 * SEC;
	EQ(batch_init(&w.tx, 1 << 20), 0);
	EQ(addr_parse(&w.s[A].host, "192.0.2.1:5000"), 0);
	EQ(addr_parse(&w.s[B].host, "192.0.2.2:5000"), 0);
	for (int i = 0; i < SIDES; i++) {
		struct peer_conf	 conf = {
			.rng = w.rng, .offerer = i == A,
			.hosts = &w.s[i].host, .nhosts = 1, .mtu = 1200,
		};

		w.s[i].cert = cert_new(w.rng);
		conf.cert = w.s[i].cert;
		w.s[i].peer = peer_new(&conf, w.now);
		assert_non_null(w.s[i].peer);
	}
	return 0;
}

static int
end(void **state)
{
	(void)state;
	for (int i = 0; i < SIDES; i++) {
		peer_free(w.s[i].peer);
		cert_free(w.s[i].cert);
	}
	rng_free(w.rng);
	batch_fini(&w.tx);
	return 0;
}

static int
describe(int from, int to)
{
	char	 text[SDP_TEXT];
	int	 n = peer_local_sdp(w.s[from].peer, text, sizeof(text));

	CHECK(n > 0);
	return peer_remote_sdp(w.s[to].peer, w.now, text, (size_t)n);
}

static void
events(int i)
{
	struct peer_event	 ev;

	while (peer_event(w.s[i].peer, w.now, &ev, &w.tx)) {
		w.s[i].up |= ev.type == PEER_EV_UP;
		w.s[i].failed |= ev.type == PEER_EV_FAILED;
		w.s[i].data += ev.type == PEER_EV_DATA;
	}
}

/* What was sent is kept as its receiver will see it. */
static void
take(void)
{
	for (size_t i = 0; i < w.tx.n && w.n < KEPT; i++) {
		struct datagram	*d = &w.kept[w.n++];

		d->to = (struct path){ w.tx.d[i].to.remote,
		    w.tx.d[i].to.local };
		CHECK(w.tx.d[i].n <= sizeof(d->bytes));
		d->n = w.tx.d[i].n;
		memcpy(d->bytes, w.tx.d[i].p, d->n);
	}
	batch_reset(&w.tx);
}

static bool
hand(int i, const struct datagram *d)
{
	uint8_t	 copy[2048];
	bool	 ours;

	memcpy(copy, d->bytes, d->n);
	ours = peer_input(w.s[i].peer, w.now, &d->to, copy, d->n, &w.tx);
	events(i);
	take();
	return ours;
}

static bool
is_for(const struct datagram *d, int i)
{
	return addr_equal(&d->to.local, &w.s[i].host);
}

static bool
is_dtls(const struct datagram *d)
{
	return d->bytes[0] >= 20 && d->bytes[0] <= 63;
}

/* A millisecond: time, and delivery of what wanted does not hold back. */
static void
step(bool (*wanted)(const struct datagram *))
{
	struct datagram	 d;

	w.now += MS;
	for (int i = 0; i < SIDES; i++) {
		peer_tick(w.s[i].peer, w.now, &w.tx);
		events(i);
		take();
	}
	for (size_t left = w.n; left > 0; left--) {
		d = w.kept[0];
		memmove(w.kept, w.kept + 1, --w.n * sizeof(d));
		if (wanted == NULL || wanted(&d))
			hand(is_for(&d, A) ? A : B, &d);
	}
}

static void
run(unsigned ms, bool (*wanted)(const struct datagram *))
{
	while (ms-- > 0 && !(w.s[A].up && w.s[B].up))
		step(wanted);
}

static void
connect_both(void)
{
	EQ(describe(A, B), 0);
	EQ(describe(B, A), 0);
	run(5000, NULL);
	CHECK(w.s[A].up && w.s[B].up);
	for (int i = 0; i < 50; i++)
		step(NULL);
}

/* A record of A's with a message, which is not delivered. */
static void
keep_a_record(struct datagram *d)
{
	struct span	 none = { NULL, 0 }, body = { (uint8_t *)"hello", 5 };
	int		 id = peer_open(w.s[A].peer, w.now, "hotlink", "", NULL,
			    &w.tx);

	CHECK(id >= 0);
	take();
	for (int i = 0; i < 50; i++)
		step(NULL);
	w.n = 0;
	CHECK(peer_send(w.s[A].peer, w.now, (uint16_t)id, &none, &body,
	    &w.tx));
	take();
	CHECK(w.n > 0 && is_dtls(&w.kept[0]));
	*d = w.kept[0];
	w.n = 0;
}

static void
a_record_from_an_unvalidated_source_is_dropped(void **state)
{
	static const char *const	 sources[] = { "192.0.2.1:5001",
		"192.0.2.9:5000", "198.51.100.1:5000" };
	struct datagram			 good, d;
	struct addr			 from;

	(void)state;
	connect_both();
	keep_a_record(&good);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		EQ(addr_parse(&from, sources[i]), 0);
		d = good;
		d.to.remote = from;
		CHECK(!hand(B, &d));
		EQ(w.s[B].data, 0);
		d.bytes[0] = 0x80;		/* nor is it media */
		CHECK(!hand(B, &d));
	}
	d = good;
	d.to.local.port++;
	CHECK(!hand(B, &d));
	EQ(w.s[B].data, 0);
	CHECK(hand(B, &good));
	EQ(w.s[B].data, 1);
	EQ(peer_state(w.s[B].peer), PEER_UP);
}

/* Whoever's hello it is: without a check there is no answer to it. */
static void
dtls_does_not_begin_on_a_path_without_a_check(void **state)
{
	static const uint8_t	 start[] = { 22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 60, 1 };
	struct peer_info	 info;
	struct datagram		 d = { .to = { w.s[B].host, w.s[A].host },
		.n = 73 };

	(void)state;
	EQ(describe(A, B), 0);
	memcpy(d.bytes, start, sizeof(start));
	for (int i = 0; i < 100; i++)
		hand(B, &d);
	for (size_t i = 0; i < w.n; i++)
		CHECK(!is_dtls(&w.kept[i]));
	peer_info(w.s[B].peer, &info);
	assert_null(info.suite);
	w.n = 0;
	EQ(describe(B, A), 0);
	run(5000, NULL);
	CHECK(w.s[A].up && w.s[B].up);
}

static size_t		 held;
static struct datagram	 hello;

/* B hears A's hello, but nothing of STUN any more from then on. */
static bool
hold_stun_to_a(const struct datagram *d)
{
	if (is_dtls(d) && is_for(d, A) && held == 0) {
		hello = *d;
		held = 1;
	}
	return !(held == 0 && is_for(d, A) && is_dtls(d));
}

/* Who has not checked takes no place of those that are kept. */
static void
strangers(const struct datagram *d)
{
	struct datagram	 other = *d;

	EQ(addr_parse(&other.to.remote, "198.51.100.1:5000"), 0);
	for (int i = 0; i < 100; i++)
		CHECK(!hand(A, &other));
}

/*
 * The client is B, which begins as soon as its path is there; A may hear of
 * that later. The hello must not have to be sent again: it would cost as much
 * as a retransmission takes.
 */
static void
a_hello_that_overtakes_the_answer_to_our_check_is_kept(void **state)
{
	struct datagram	 stun[KEPT];
	size_t		 n = 0;
	uint64_t	 began;

	(void)state;
	held = 0;
	EQ(describe(A, B), 0);
	EQ(describe(B, A), 0);
	/* Until the hello leaves, STUN passes; then it waits behind it. */
	for (int i = 0; i < 1000 && held == 0; i++) {
		w.now += MS;
		for (int k = 0; k < SIDES; k++) {
			peer_tick(w.s[k].peer, w.now, &w.tx);
			events(k);
			take();
		}
		for (size_t left = w.n; left > 0; left--) {
			struct datagram	 d = w.kept[0];

			memmove(w.kept, w.kept + 1, --w.n * sizeof(d));
			if (!is_dtls(&d) && is_for(&d, A) && n < KEPT)
				stun[n++] = d;
			else if (hold_stun_to_a(&d))
				hand(is_for(&d, A) ? A : B, &d);
			if (held != 0)
				break;
			while (n > 0 && w.n == 0 && held == 0) {
				d = stun[0];
				memmove(stun, stun + 1, --n * sizeof(d));
				hand(A, &d);
			}
		}
	}
	EQ(held, 1);
	began = w.now;
	strangers(&hello);
	hand(A, &hello);
	while (n > 0) {
		n--;
		hand(A, &stun[n]);
	}
	run(45, NULL);
	CHECK(w.s[A].up && w.s[B].up);
	CHECK(w.now - began < 50 * MS);		/* the first timer of DTLS */
}

#define DIGEST "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:" \
	"10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F"
#define HEAD "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
#define M "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
#define CREDS "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
#define PRINT "a=fingerprint:sha-256 " DIGEST "\r\n"

/* An offer of theirs fails, for that reason, and it is said once. */
static void
is_refused(const char *text, size_t n, const char *why)
{
	EQ(peer_remote_sdp(w.s[B].peer, w.now, text, n), -1);
	EQ(peer_state(w.s[B].peer), PEER_FAILED);
	STREQ(peer_why(w.s[B].peer), why);
	events(B);
	CHECK(w.s[B].failed);
	w.s[B].failed = false;
	events(B);
	CHECK(!w.s[B].failed);
	EQ(peer_deadline(w.s[B].peer), NEVER);
	EQ(w.tx.n, 0);
}

static void
an_offer_that_cannot_be_used_fails_with_the_reason(void **state)
{
	static const struct {
		const char	*text, *why;
	} t[] = {
		{ HEAD M CREDS, "no sha-256 fingerprint" },
		{ HEAD M CREDS "a=fingerprint:sha-1 00:01\r\n",
		    "no sha-256 fingerprint" },
		{ HEAD M CREDS PRINT M CREDS PRINT,
		    "more than one application section" },
		{ HEAD CREDS PRINT, "no application section" },
		{ HEAD M PRINT, "no ICE credentials" },
		{ "", "not a session description" },
		{ "{\"type\":\"offer\"}", "not a session description" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		is_refused(t[i].text, strlen(t[i].text), t[i].why);
		end(state);
		begin(state);
	}
}

static void
an_offer_of_a_mebibyte_fails_with_the_reason(void **state)
{
	size_t	 n = 1 << 20;
	char	*text = malloc(n);

	(void)state;
	memset(text, '\n', n);
	memcpy(text, HEAD M CREDS PRINT, sizeof(HEAD M CREDS PRINT) - 1);
	is_refused(text, n, "the description is too long");
	free(text);
}

static void
an_answer_that_leaves_the_role_open_fails_with_the_reason(void **state)
{
	static const char	 answer[] = HEAD M CREDS PRINT
		"a=setup:actpass\r\n";

	(void)state;
	EQ(peer_remote_sdp(w.s[A].peer, w.now, answer, strlen(answer)), -1);
	EQ(peer_state(w.s[A].peer), PEER_FAILED);
	STREQ(peer_why(w.s[A].peer), "answer with setup:actpass");
}

static void
another_fingerprint_in_a_later_description_fails(void **state)
{
	static const char	 other[] = HEAD M CREDS PRINT
		"a=setup:active\r\n";

	(void)state;
	connect_both();
	EQ(peer_remote_sdp(w.s[A].peer, w.now, other, strlen(other)), -1);
	EQ(peer_state(w.s[A].peer), PEER_FAILED);
	STREQ(peer_why(w.s[A].peer),
	    "fingerprint changed in a later description");
}

/* A description that makes no sense later is not the end of what works. */
static void
a_later_description_that_is_broken_changes_nothing(void **state)
{
	(void)state;
	connect_both();
	EQ(peer_remote_sdp(w.s[A].peer, w.now, HEAD, strlen(HEAD)), -1);
	EQ(peer_state(w.s[A].peer), PEER_UP);
}

/* What drafts and later stacks add (SNAP, SPED): not for us, no harm. */
static void
what_is_new_in_a_description_is_ignored(void **state)
{
	static const char	 added[] = "a=sctp-init:AQAAFAAAAAE=\r\n"
		"a=ice-options:trickle ice2 goog-sped-v1\r\n"
		"a=tls-id:abcdefghijklmnopqrstuvwxyz\r\n"
		"a=x-new\r\nb=AS:30\r\nz=what\r\n"
		"a=candidate:1 1 udp 5 192.0.2.77 9 typ future\r\n"
		"a=candidate:1 1 quic 5 192.0.2.77 9 typ host\r\n";
	char			 text[SDP_TEXT];
	int			 n;

	(void)state;
	n = peer_local_sdp(w.s[A].peer, text, sizeof(text));
	CHECK(n > 0 && (size_t)n + sizeof(added) < sizeof(text));
	memcpy(text + n, added, sizeof(added));
	EQ(peer_remote_sdp(w.s[B].peer, w.now, text, strlen(text)), 0);
	EQ(describe(B, A), 0);
	run(5000, NULL);
	CHECK(w.s[A].up && w.s[B].up);
}

/* Who never answers a check, or never DTLS: ended by time, and by name. */
static bool
no_dtls(const struct datagram *d)
{
	return !is_dtls(d);
}

static void
a_peer_that_never_speaks_dtls_is_given_up(void **state)
{
	(void)state;
	EQ(describe(A, B), 0);
	EQ(describe(B, A), 0);
	for (int i = 0; i < 40000 && !w.s[A].failed; i++)
		step(no_dtls);
	CHECK(w.s[A].failed && w.s[B].failed);
	STREQ(peer_why(w.s[A].peer), "the DTLS handshake timed out");
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(a_record_from_an_unvalidated_source_is_dropped),
		TEST(dtls_does_not_begin_on_a_path_without_a_check),
		TEST(a_hello_that_overtakes_the_answer_to_our_check_is_kept),
		TEST(an_offer_that_cannot_be_used_fails_with_the_reason),
		TEST(an_offer_of_a_mebibyte_fails_with_the_reason),
		TEST(an_answer_that_leaves_the_role_open_fails_with_the_reason),
		TEST(another_fingerprint_in_a_later_description_fails),
		TEST(a_later_description_that_is_broken_changes_nothing),
		TEST(what_is_new_in_a_description_is_ignored),
		TEST(a_peer_that_never_speaks_dtls_is_given_up),
	};

	return RUN(tests);
}
