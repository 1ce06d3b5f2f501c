#include "support/test.h"

#include "base/time.h"
#include "crypto/cert.h"
#include "crypto/rng.h"
#include "peer/peer.h"
#include "peer/sdp.h"
#include "support/oom.h"
#include "support/simnet.h"

/*
 * Two peer connections on a simulated network in virtual time; A offers. Each
 * sends the other a stream of messages whose bytes follow from their place.
 */
enum { A, B, SIDES, CHANNELS = 4, MESSAGE = 16384 };

struct side {
	struct peer	*peer;
	struct addr	 host;
	struct cert	*cert;
	bool		 up, lost, failed;
	unsigned	 paths;
	uint16_t	 channel;
	bool		 open;
	size_t		 sent, got, want;	/* stream offsets */
	bool		 wrong;
};

struct world {
	struct simnet	*net;
	struct rng	*rng;
	struct batch	 tx;
	struct side	 s[SIDES];
	uint64_t	 now, seed;
	bool		 down;
};

static uint8_t
byte_at(int side, size_t offset)
{
	return (uint8_t)(offset * 31 + offset / 251 + (size_t)side * 77);
}

static void
world_init(struct world *w, uint64_t seed, unsigned loss)
{
	struct simnet_conf	 conf = { .seed = seed, .delay = 5 * MS,
		.jitter = loss > 0 ? 2 * MS : 0, .loss = loss,
		.dup = loss / 2 };
	struct addr		 a;

	memset(w, 0, sizeof(*w));
	w->seed = seed;
	w->net = simnet_new(&conf);
	w->rng = rng_seeded(&seed, sizeof(seed));
	EQ(batch_init(&w->tx, 4 << 20), 0);
	w->now = 1000 * SEC;
	EQ(addr_parse(&a, "192.0.2.1:5000"), 0);
	w->s[A].host = a;
	EQ(addr_parse(&a, "192.0.2.2:5000"), 0);
	w->s[B].host = a;
	for (int i = 0; i < SIDES; i++)
		w->s[i].cert = cert_new(w->rng);
}

static struct peer *
make(struct world *w, int i)
{
	struct peer_conf	 conf = {
		.rng = w->rng, .cert = w->s[i].cert, .offerer = i == A,
		.hosts = &w->s[i].host, .nhosts = 1,
	};

	return peer_new(&conf, w->now);
}

static void
world_fini(struct world *w)
{
	for (int i = 0; i < SIDES; i++) {
		peer_free(w->s[i].peer);
		cert_free(w->s[i].cert);
	}
	simnet_free(w->net);
	rng_free(w->rng);
	batch_fini(&w->tx);
}

static void
describe(struct world *w, int from, int to)
{
	char	 text[SDP_TEXT];
	int	 n = peer_local_sdp(w->s[from].peer, text, sizeof(text));

	CHECK(n > 0);
	peer_remote_sdp(w->s[to].peer, w->now, text, (size_t)n);
}

static void
send_more(struct world *w, struct side *s, int i)
{
	uint8_t		 bytes[MESSAGE];
	struct span	 head, body;

	while (s->open && s->sent < s->want) {
		for (size_t k = 0; k < MESSAGE; k++)
			bytes[k] = byte_at(i, s->sent + k);
		head = (struct span){ bytes, 20 };
		body = (struct span){ bytes + 20, MESSAGE - 20 };
		if (!peer_send(s->peer, w->now, s->channel, &head, &body,
		    &w->tx))
			return;
		s->sent += MESSAGE;
	}
}

static void
receive(struct side *s, int from, const struct span *data)
{
	for (size_t k = 0; k < data->n; k++)
		s->wrong |= data->p[k] != byte_at(from, s->got + k);
	s->got += data->n;
}

static void
take_events(struct world *w, struct side *s, int i)
{
	struct peer_event	 ev;
	int			 id;

	while (peer_event(s->peer, w->now, &ev, &w->tx)) {
		switch (ev.type) {
		case PEER_EV_UP:
			s->up = true;
			if (i != A)
				break;
			id = peer_open(s->peer, w->now, "hotlink", "key", NULL,
			    &w->tx);
			CHECK(id >= 0);
			s->channel = (uint16_t)id;
			s->open = true;
			break;
		case PEER_EV_OPEN:
			STREQ(ev.label, "hotlink");
			STREQ(ev.protocol, "key");
			s->channel = ev.channel;
			s->open = true;
			break;
		case PEER_EV_MEDIA:
			fail_msg("nobody sent media");
			break;
		case PEER_EV_DATA:
			EQ(ev.channel, s->channel);
			receive(s, 1 - i, &ev.data);
			break;
		case PEER_EV_PATH:
			s->paths++;
			break;
		case PEER_EV_LOST:
			s->lost = true;
			break;
		case PEER_EV_FAILED:
			s->failed = true;
			break;
		case PEER_EV_REOPENED:
		case PEER_EV_CLOSED:
		case PEER_EV_CANDIDATE:
		case PEER_EV_NAME:
		case PEER_EV_SERVER:
			break;
		}
	}
}

static void
flush(struct world *w)
{
	if (w->down)
		batch_reset(&w->tx);
	else
		simnet_send(w->net, w->now, &w->tx);
}

static void
step(struct world *w)
{
	struct dgram	 d;
	uint64_t	 next = simnet_deadline(w->net);

	for (int i = 0; i < SIDES; i++)
		next = earlier(next, peer_deadline(w->s[i].peer));
	if (next > w->now)
		w->now = next;
	while (simnet_recv(w->net, w->now, &d))
		for (int i = 0; i < SIDES; i++)
			if (addr_equal(&d.to.local, &w->s[i].host))
				peer_input(w->s[i].peer, w->now, &d.to, d.p,
				    d.n, &w->tx);
	for (int i = 0; i < SIDES; i++) {
		if (peer_deadline(w->s[i].peer) <= w->now)
			peer_tick(w->s[i].peer, w->now, &w->tx);
		take_events(w, &w->s[i], i);
		send_more(w, &w->s[i], i);
	}
	flush(w);
}

/* Until both have what they want or failed; false: not within limit. */
static bool
run(struct world *w, uint64_t limit)
{
	uint64_t	 end = w->now + limit;

	while (w->now < end) {
		step(w);
		if (w->s[A].failed && w->s[B].failed)
			return true;
		if (w->s[A].open && w->s[B].open &&
		    w->s[A].got == w->s[B].want && w->s[B].got == w->s[A].want)
			return true;
	}
	return false;
}

static void
connect_both(struct world *w)
{
	w->s[A].peer = make(w, A);
	w->s[B].peer = make(w, B);
	assert_non_null(w->s[A].peer);
	assert_non_null(w->s[B].peer);
	describe(w, A, B);
	describe(w, B, A);
}

static void
a_mebibyte_crosses_both_ways(unsigned loss, uint64_t limit)
{
	struct world	 w;

	for (uint64_t seed = 1; seed <= 3; seed++) {
		print_message("seed %llu, loss %u/1000\n",
		    (unsigned long long)seed, loss);
		world_init(&w, seed, loss);
		w.s[A].want = w.s[B].want = 1 << 20;
		connect_both(&w);
		CHECK(run(&w, limit));
		CHECK(!w.s[A].wrong && !w.s[B].wrong);
		CHECK(!w.s[A].failed && !w.s[B].failed);
		CHECK(peer_is_hotlink(w.s[A].peer));
		world_fini(&w);
	}
}

static void
a_mebibyte_crosses_both_ways_on_a_clean_path(void **state)
{
	(void)state;
	a_mebibyte_crosses_both_ways(0, 10 * SEC);
}

static void
a_mebibyte_crosses_both_ways_at_twenty_per_cent_loss(void **state)
{
	(void)state;
	a_mebibyte_crosses_both_ways(200, 2000 * (uint64_t)SEC);
}

static void
a_connection_on_one_host_is_up_within_some_round_trips(void **state)
{
	struct world	 w;
	uint64_t	 began;

	(void)state;
	world_init(&w, 1, 0);
	connect_both(&w);
	began = w.now;
	CHECK(run(&w, 10 * SEC));
	print_message("up after %llu ms at 10 ms round trip\n",
	    (unsigned long long)((w.now - began) / MS));
	CHECK(w.now - began < 300 * MS);
	world_fini(&w);
}

/* What a relay that puts itself between the two would do. */
/* SRTP on a path that is good, before the handshake that brings its keys. */
static void
media_before_there_are_keys_is_counted_and_dropped(void **state)
{
	struct world	 w;
	struct peer_info info;
	struct path	 from;
	uint8_t		 p[64] = { 0x80, 96, 0, 1 };
	struct rtp	 h;

	(void)state;
	world_init(&w, 4, 0);
	connect_both(&w);
	from = (struct path){ w.s[A].host, w.s[B].host };
	while (w.s[A].paths == 0)
		step(&w);
	CHECK(!w.s[A].up);
	CHECK(peer_input(w.s[A].peer, w.now, &from, p, sizeof(p), &w.tx));
	EQ(peer_send_media(w.s[A].peer, &w, p, sizeof(p), &h, &w.tx),
	    GUARD_UNKEYED);
	peer_info(w.s[A].peer, &info);
	EQ(info.media[GUARD_UNKEYED], 2);
	EQ(info.forged, 0);
	world_fini(&w);
}

static void
another_certificate_than_announced_fails_both(void **state)
{
	struct world	 w;
	struct sdp	*sdp = calloc(1, sizeof(*sdp));
	char		 text[SDP_TEXT];
	const char	*why;
	int		 n;

	(void)state;
	world_init(&w, 7, 0);
	w.s[A].peer = make(&w, A);
	w.s[B].peer = make(&w, B);
	describe(&w, A, B);
	n = peer_local_sdp(w.s[B].peer, text, sizeof(text));
	EQ(sdp_decode(sdp, text, (size_t)n, &why), 0);
	sdp->fingerprint[31] ^= 1;
	n = sdp_encode(sdp, false, 1, text, sizeof(text));
	EQ(peer_remote_sdp(w.s[A].peer, w.now, text, (size_t)n), 0);
	for (uint64_t end = w.now + 60 * SEC; w.now < end &&
	    !w.s[A].failed;)
		step(&w);
	CHECK(w.s[A].failed && !w.s[A].up && !w.s[B].up);
	assert_non_null(strstr(peer_why(w.s[A].peer), "fingerprint"));
	free(sdp);
	world_fini(&w);
}

static void
a_path_that_dies_is_lost_and_comes_back(void **state)
{
	struct world	 w;
	uint64_t	 end;

	(void)state;
	world_init(&w, 4, 0);
	connect_both(&w);
	CHECK(run(&w, 10 * SEC));
	w.down = true;
	for (end = w.now + 40 * SEC; w.now < end && !w.s[A].lost;)
		step(&w);
	CHECK(w.s[A].lost);
	CHECK(!w.s[A].failed);
	w.down = false;
	w.s[A].want = w.s[B].want = 1 << 18;
	CHECK(run(&w, 60 * SEC));
	CHECK(!w.s[A].wrong && !w.s[B].wrong);
	world_fini(&w);
}

static void
a_goodbye_is_heard(void **state)
{
	struct world	 w;
	uint64_t	 end;

	(void)state;
	world_init(&w, 5, 0);
	connect_both(&w);
	CHECK(run(&w, 10 * SEC));
	peer_close(w.s[A].peer, w.now, &w.tx);
	flush(&w);
	for (end = w.now + SEC; w.now < end && !w.s[B].failed;)
		step(&w);
	CHECK(w.s[B].failed);
	assert_non_null(peer_why(w.s[B].peer));
	world_fini(&w);
}

static void
any_allocation_may_fail_while_connecting(void **state)
{
	struct world	 w;
	size_t		 n;

	(void)state;
	for (n = 1; n < 400; n++) {
		world_init(&w, 6, 0);
		oom_after(n);
		w.s[A].peer = make(&w, A);
		oom_after(0);
		if (w.s[A].peer != NULL) {
			world_fini(&w);
			return;
		}
		world_fini(&w);
	}
	CHECK(false);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_mebibyte_crosses_both_ways_on_a_clean_path),
		cmocka_unit_test(
		    a_mebibyte_crosses_both_ways_at_twenty_per_cent_loss),
		cmocka_unit_test(
		    a_connection_on_one_host_is_up_within_some_round_trips),
		cmocka_unit_test(
		    media_before_there_are_keys_is_counted_and_dropped),
		cmocka_unit_test(another_certificate_than_announced_fails_both),
		cmocka_unit_test(a_path_that_dies_is_lost_and_comes_back),
		cmocka_unit_test(a_goodbye_is_heard),
		cmocka_unit_test(any_allocation_may_fail_while_connecting),
	};

	return RUN(tests);
}
