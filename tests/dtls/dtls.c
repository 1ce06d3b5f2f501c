#include "support/test.h"

#include "dtls/conn.h"
#include "support/dtlspair.h"
#include "support/mangle.h"

static const struct simnet_conf	 calm = { .seed = 1, .delay = 1000 };

static void
open_pair(struct pair *p, const struct simnet_conf *net)
{
	pair_init(p, net);
	CHECK(pair_open(p));
}

static void
bring_up(struct pair *p)
{
	open_pair(p, &calm);
	pair_run(p, SEC);
	CHECK(pair_up(p));
}

static struct dtls_stats
stats(const struct pair *p, int side)
{
	struct dtls_stats	 st;

	dtls_stats(p->d[side], &st);
	return st;
}

static void
client_and_server_come_up_and_exchange_data(void **state)
{
	struct pair	 p;

	(void)state;
	bring_up(&p);
	printf("handshake: %zu datagrams, %zu bytes, %s\n", p.sent, p.bytes,
	    dtls_suite(p.d[0]));
	STREQ(dtls_suite(p.d[0]), dtls_suite(p.d[1]));
	pair_send(&p, 0, "ping", 4);
	pair_send(&p, 1, "pong!", 5);
	pair_run(&p, SEC);
	EQ(p.got[1], 4);
	EQ(p.got[0], 5);
	MEMEQ(p.last[1], "ping", 4);
	MEMEQ(p.last[0], "pong!", 5);
	EQ(stats(&p, 0).bad_records + stats(&p, 1).bad_records, 0);
	pair_fini(&p);
}

static void
the_handshake_survives_loss_reordering_and_duplication(void **state)
{
	static const size_t	 mtu[] = { 256, 400, 700, 1200, 1500 };
	struct simnet_conf	 net = { .delay = 20 * MS, .jitter = 30 * MS,
		.dup = 100 };
	struct pair		 p;

	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		net.seed = seed;
		net.loss = (unsigned)(seed % 5 * 50);
		net.mtu = mtu[seed % 7 % 5];
		pair_init(&p, &net);
		p.conf[0].mtu = p.conf[1].mtu = net.mtu;
		CHECK(pair_open(&p));
		pair_run(&p, 31 * (uint64_t)SEC);
		if (!pair_up(&p))
			printf("seed %u: %d %d\n", (unsigned)seed,
			    dtls_state(p.d[0]), dtls_state(p.d[1]));
		CHECK(pair_up(&p));
		pair_fini(&p);
	}
}

/* Flip bit p->which of the datagrams of a run, counted through, once. */
static bool
flip(struct pair *p, int side, struct dgram *g)
{
	size_t	 at = p->which - p->count;

	(void)side;
	if (p->which >= p->count && at < 8 * g->n)
		g->p[at / 8] ^= (uint8_t)(1 << at % 8);
	p->count += 8 * g->n;
	return true;
}

/* Every 13th bit here; with all of them it takes minutes, and has passed. */
static void
a_handshake_with_a_flipped_bit_completes_by_retransmission(void **state)
{
	struct pair	 p;
	size_t		 bits, step = getenv("DTLS_ALL_BITS") ? 1 : 13;

	(void)state;
	bring_up(&p);
	bits = p.bytes * 8;
	pair_fini(&p);
	for (size_t i = 0; i < bits; i += step) {
		open_pair(&p, &calm);
		p.tap = flip;
		p.which = i;
		pair_run(&p, 29 * (uint64_t)SEC);
		if (!pair_up(&p))
			printf("bit %zu: %s, %s\n", i, dtls_why(p.d[0]),
			    dtls_why(p.d[1]));
		CHECK(pair_up(&p));
		pair_fini(&p);
	}
}

static bool
drop_to_client(struct pair *p, int side, struct dgram *g)
{
	(void)g;
	return side == 1 || dtls_state(p->d[1]) != DTLS_UP ||
	    p->count++ >= p->which;
}

static void
a_lost_last_flight_is_sent_again_when_asked_for(void **state)
{
	struct pair	 p;

	(void)state;
	open_pair(&p, &calm);
	p.tap = drop_to_client;
	p.which = 3;
	pair_run(&p, 10 * (uint64_t)SEC);
	CHECK(pair_up(&p));
	EQ(p.count, 4);
	CHECK(stats(&p, 1).retransmits >= 3);
	pair_fini(&p);
}

/* A copy of a datagram of application data, not delivered. */
static size_t
sealed(struct pair *p, int side, uint8_t *out, size_t n)
{
	struct dgram	 g = { .p = out + 64, .n = n };

	memset(g.p, 'x', n);
	dtls_seal(p->d[side], &g);
	memmove(out, g.p, g.n);
	return g.n;
}

static void
hand(struct pair *p, int side, uint8_t *b, size_t n)
{
	struct dgram	 g = { .p = b, .n = n };

	g.to.local = p->addr[side];
	g.to.remote = p->addr[!side];
	pair_deliver(p, &g);
}

static void
hand_mangled(void *arg, const uint8_t *b, size_t n, size_t which)
{
	struct pair	*p = arg;
	uint8_t		*copy = malloc(n + 1);

	(void)which;
	memcpy(copy, b, n);
	hand(p, 1, copy, n);
	free(copy);
	CHECK(pair_up(p));
	EQ(p->got[1], 0);
	EQ(p->sent, p->which);		/* nor is anything said of it */
}

static void
a_spoilt_record_is_dropped_and_the_true_one_still_taken(void **state)
{
	struct pair	 p;
	uint8_t		 b[256];
	size_t		 n;

	(void)state;
	bring_up(&p);
	n = sealed(&p, 0, b, 20);
	p.which = p.sent;
	mangle_cut(b, n, hand_mangled, &p);
	mangle_flip(b, n, hand_mangled, &p);
	CHECK(stats(&p, 1).bad_records >= n);
	hand(&p, 1, b, n);
	EQ(p.got[1], 20);
	pair_fini(&p);
}

static void
a_replayed_record_is_dropped(void **state)
{
	struct pair	 p;
	uint8_t		 b[3][256], c[256];
	size_t		 n = 0;

	(void)state;
	bring_up(&p);
	for (int i = 0; i < 3; i++)
		n = sealed(&p, 0, b[i], 20);
	for (int round = 0; round < 3; round++)
		for (int i = 2; i >= 0; i--) {
			memcpy(c, b[i], n);
			hand(&p, 1, c, n);
		}
	EQ(p.got[1], 60);
	EQ(stats(&p, 1).replays, 6);
	pair_fini(&p);
}

static void
several_records_in_a_datagram_are_all_taken(void **state)
{
	struct pair	 p;
	uint8_t		 b[1024];
	size_t		 n;

	(void)state;
	bring_up(&p);
	n = sealed(&p, 0, b, 20);
	n += sealed(&p, 0, b + n, 30);
	n += sealed(&p, 0, b + n, 1);
	hand(&p, 1, b, n);
	EQ(p.got[1], 51);
	pair_fini(&p);
}

static void
a_forged_alert_is_only_counted(void **state)
{
	uint8_t		 alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0,
		2, 2, 40 };
	struct pair	 p;

	(void)state;
	open_pair(&p, &calm);
	for (int i = 0; i < 2; i++)
		hand(&p, i, alert, sizeof(alert));
	EQ(dtls_state(p.d[0]), DTLS_HANDSHAKE);
	pair_run(&p, SEC);
	CHECK(pair_up(&p));
	for (int i = 0; i < 2; i++) {
		hand(&p, i, alert, sizeof(alert));
		EQ(stats(&p, i).alerts, 2);
	}
	CHECK(pair_up(&p));
	pair_fini(&p);
}

static void
a_handshake_without_an_answer_ends_after_30_seconds(void **state)
{
	uint8_t		 alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0,
		2, 2, 40 };
	struct simnet_conf	 dead = { .seed = 1, .loss = 1000 };
	struct pair		 p;

	(void)state;
	open_pair(&p, &dead);
	hand(&p, 0, alert, sizeof(alert));
	pair_run(&p, 29 * (uint64_t)SEC);
	EQ(dtls_state(p.d[0]), DTLS_HANDSHAKE);
	pair_run(&p, 2 * SEC);
	STREQ(dtls_why(p.d[0]), "the peer's alert: handshake_failure");
	STREQ(dtls_why(p.d[1]), "the DTLS handshake timed out");
	CHECK(stats(&p, 0).retransmits < 20);
	pair_fini(&p);
}

/* RFC 6347 4.2.4.1: soon at first, and never seldom. */
static void
a_flight_waits_twice_as_long_each_time_up_to_three_seconds(void **state)
{
	static const uint64_t	 first[] = { 0, 50 * MS, 100 * MS, 400 * MS };
	struct simnet_conf	 dead = { .seed = 1, .loss = 1000 };
	struct pair		 p;
	uint64_t		 wait, at, end;
	size_t			 sent;

	(void)state;
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		pair_init(&p, &dead);
		p.conf[0].rto = first[i];
		CHECK(pair_open(&p));
		pair_run(&p, MS);
		EQ(p.sent, 1);
		at = p.now - MS;
		end = at + 29 * (uint64_t)SEC;
		wait = first[i] == 0 ? 100 * MS : first[i];
		while (at + wait < end) {
			sent = p.sent;
			pair_run(&p, at + wait - MS - p.now);
			EQ(p.sent, sent);
			pair_run(&p, 2 * MS);
			EQ(p.sent, sent + 1);
			at += wait;
			wait = 2 * wait < 3 * SEC ? 2 * wait : 3 * SEC;
		}
		CHECK(wait == 3 * SEC);
		pair_fini(&p);
	}
}

static void
both_ends_export_the_same_keys(void **state)
{
	struct pair	 p;
	uint8_t		 a[60], b[60];

	(void)state;
	open_pair(&p, &calm);
	EQ(dtls_export_srtp(p.d[0], a, sizeof(a)), -1);
	pair_run(&p, SEC);
	EQ(dtls_export_srtp(p.d[0], a, sizeof(a)), 0);
	EQ(dtls_export_srtp(p.d[1], b, sizeof(b)), 0);
	MEMEQ(a, b, sizeof(a));
	pair_fini(&p);
}

static void
a_close_reaches_the_other_side(void **state)
{
	struct pair	 p;

	(void)state;
	bring_up(&p);
	p.tx.to.local = p.addr[0];
	p.tx.to.remote = p.addr[1];
	dtls_close(p.d[0], p.now, &p.tx);
	simnet_send(p.net, p.now, &p.tx);
	pair_run(&p, SEC);
	EQ(dtls_state(p.d[0]), DTLS_CLOSED);
	EQ(dtls_state(p.d[1]), DTLS_CLOSED);
	pair_fini(&p);
}

/*
 * What an authenticated side says when it wants another handshake: a message
 * of n bytes from there, in a record of epoch 1, handed to the other side.
 */
static void
ask_again(struct pair *p, int side, enum handshake type, size_t off, size_t n)
{
	uint8_t		 b[256];
	struct wr	 w = wr_of(b + 32, sizeof(b) - 64);
	struct span	 s = { w.p, 0 };
	struct dtls	*d = p->d[side];

	wr_u8(&w, type);
	wr_u24(&w, (uint32_t)(off + n));
	wr_u16(&w, 7);
	wr_u24(&w, (uint32_t)off);
	wr_u24(&w, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		wr_u8(&w, 0);
	s.n = w.n;
	record_seal(&d->sender.key, CONTENT_HANDSHAKE, d->sender.seq[1]++, &s);
	hand(p, !side, s.p, s.n);
}

static void
a_renegotiation_is_refused_with_a_warning(void **state)
{
	static const enum handshake	 wish[] = { CLIENT_HELLO,
		HELLO_REQUEST };
	struct pair			 p;

	(void)state;
	bring_up(&p);
	for (int side = 0; side < 2; side++) {
		ask_again(&p, side, wish[side], 0, side == 0 ? 90 : 0);
		pair_run(&p, SEC);
		EQ(stats(&p, side).alerts, 1);
		CHECK(pair_up(&p));
	}
	pair_send(&p, 0, "ping", 4);
	pair_send(&p, 1, "pong!", 5);
	pair_run(&p, SEC);
	EQ(p.got[1], 4);
	EQ(p.got[0], 5);
	pair_fini(&p);
}

static void
a_hello_in_pieces_is_refused_once(void **state)
{
	struct pair	 p;

	(void)state;
	bring_up(&p);
	ask_again(&p, 0, CLIENT_HELLO, 0, 90);
	ask_again(&p, 0, CLIENT_HELLO, 90, 90);
	ask_again(&p, 0, CLIENT_HELLO, 180, 60);
	pair_run(&p, SEC);
	EQ(stats(&p, 0).alerts, 1);
	CHECK(pair_up(&p));
	pair_fini(&p);
}

static void
every_fatal_alert_is_told_by_its_name(void **state)
{
	/* RFC 5246 7.2, RFC 6066 9, RFC 4279 6, RFC 7301 3.2, RFC 7507 3 */
	static const struct {
		uint8_t		 what;
		const char	*why;
	} all[] = {
		{ 10, "unexpected_message" }, { 20, "bad_record_mac" },
		{ 22, "record_overflow" }, { 40, "handshake_failure" },
		{ 42, "bad_certificate" }, { 43, "unsupported_certificate" },
		{ 44, "certificate_revoked" }, { 45, "certificate_expired" },
		{ 46, "certificate_unknown" }, { 47, "illegal_parameter" },
		{ 48, "unknown_ca" }, { 49, "access_denied" },
		{ 50, "decode_error" }, { 51, "decrypt_error" },
		{ 70, "protocol_version" }, { 71, "insufficient_security" },
		{ 80, "internal_error" }, { 86, "inappropriate_fallback" },
		{ 90, "user_canceled" }, { 109, "missing_extension" },
		{ 110, "unsupported_extension" },
		{ 112, "unrecognized_name" },
		{ 116, "certificate_required" },
		{ 120, "no_application_protocol" },
	};
	uint8_t			 alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0,
		0, 9, 0, 2, 2, 0 };
	char			 why[64];
	struct simnet_conf	 dead = { .seed = 1, .loss = 1000 };
	struct pair		 p;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		pair_init(&p, &dead);
		CHECK(pair_open(&p));
		alert[14] = all[i].what;
		hand(&p, 0, alert, sizeof(alert));
		pair_run(&p, 31 * (uint64_t)SEC);
		snprintf(why, sizeof(why), "the peer's alert: %s", all[i].why);
		STREQ(dtls_why(p.d[0]), why);
		pair_fini(&p);
	}
}

static void
nothing_is_sealed_before_up_or_after_the_last_number(void **state)
{
	struct pair	 p;
	uint8_t		 b[256];

	(void)state;
	open_pair(&p, &calm);
	EQ(sealed(&p, 0, b, 20), 0);
	pair_run(&p, SEC);
	CHECK(sealed(&p, 0, b, 20) == 20 + DTLS_OVERHEAD);
	p.d[0]->sender.seq[1] = (uint64_t)1 << 48;
	EQ(sealed(&p, 0, b, 20), 0);
	pair_fini(&p);
}

/* The client's hello as a message, with a key share as large as ML-KEM's. */
static size_t
large_hello(struct pair *p, uint8_t *out)
{
	const struct piece	*piece = &p->d[0]->out.piece[0];
	struct wr		 w = wr_of(out, 4096);
	size_t			 at;

	wr_bytes(&w, p->d[0]->out.buf, piece->n);
	at = HANDSHAKE_HEADER + 2 + 32 + 1 + 1 + 2 + 8 + 2;
	wr_patch(&w, at, piece->n - at - 2 + 4 + 1220, 2);
	wr_u16(&w, 51);
	wr_u16(&w, 1220);
	for (int i = 0; i < 1220; i++)
		wr_u8(&w, (uint8_t)i);
	wr_patch(&w, 1, w.n - HANDSHAKE_HEADER, 3);
	return w.n;
}

/* Hand the server bytes off to off + n of a message in a record. */
static void
hand_part(struct pair *p, const uint8_t *msg, size_t off, size_t n)
{
	uint8_t		 b[2048];
	struct wr	 w = wr_of(b + RECORD_HEADER, 2048 - RECORD_HEADER);
	struct span	 s = { w.p, 0 };

	wr_bytes(&w, msg, 6);
	wr_u24(&w, (uint32_t)off);
	wr_u24(&w, (uint32_t)n);
	wr_bytes(&w, msg + HANDSHAKE_HEADER + off, n);
	s.n = w.n;
	record_wrap(CONTENT_HANDSHAKE, DTLS_1_0, 0, &s);
	hand(p, 1, s.p, s.n);
}

static void
a_hello_of_two_datagrams_is_answered_once_and_then_the_same(void **state)
{
	struct pair	 p;
	uint8_t		 msg[4096], random[32];
	size_t		 n, sent;

	(void)state;
	open_pair(&p, &calm);
	n = large_hello(&p, msg) - HANDSHAKE_HEADER;
	hand_part(&p, msg, 900, n - 900);
	hand_part(&p, msg, 0, 700);
	EQ(p.sent, 0);
	EQ(p.d[1]->step, STEP_HELLO);
	hand_part(&p, msg, 600, 400);
	EQ(p.sent, 1);
	EQ(p.d[1]->step, STEP_FLIGHT);
	memcpy(random, p.d[1]->keys.server_random, 32);
	for (int i = 0; i < 5; i++) {
		sent = p.sent;
		p.now += 50 * MS;
		hand_part(&p, msg, 0, 1000);
		hand_part(&p, msg, 1000, n - 1000);
		EQ(p.sent, sent + 1);
	}
	MEMEQ(random, p.d[1]->keys.server_random, 32);
	EQ(p.d[1]->redone, 1);
	pair_fini(&p);
}

static void
a_flight_is_cut_the_same_way_every_time(void **state)
{
	struct pair	 p;
	struct batch	 again;

	(void)state;
	pair_init(&p, &calm);
	p.conf[1].mtu = 256;
	CHECK(pair_open(&p));
	CHECK(batch_init(&again, 100000) == 0);
	dtls_tick(p.d[0], p.now, &p.tx);
	{
		struct span	 s = { p.tx.d[0].p, p.tx.d[0].n }, app;

		while (dtls_input(p.d[1], p.now, &s, &app, &again))
			;
		batch_reset(&p.tx);
	}
	CHECK(again.n >= 3);
	for (int i = 0; i < 4; i++) {
		p.now = dtls_deadline(p.d[1]);
		dtls_tick(p.d[1], p.now, &p.tx);
		EQ(p.tx.n, again.n);
		for (size_t k = 0; k < again.n; k++) {
			EQ(p.tx.d[k].n, again.d[k].n);
			CHECK(again.d[k].n <= 256);
			CHECK(same_but_numbers(p.tx.d[k].p, again.d[k].p,
			    again.d[k].n));
		}
		batch_reset(&p.tx);
	}
	batch_fini(&again);
	pair_fini(&p);
}

/* How a peer may cut what it sends again: at other places each time. */
struct cutter {
	struct rng	*rng;
	size_t		 cut, lost;
};

static struct cutter	 cutter;

/* Hand on a message in parts of any size, each in a datagram; some get lost. */
static void
cut_up(struct pair *p, int side, struct fragment *f)
{
	uint8_t		 b[2048];
	struct wr	 w;
	struct span	 s;
	size_t		 n, off = 0;

	do {
		n = 1 + rng_u64(cutter.rng) % 120;
		if (n > f->n - off)
			n = f->n - off;
		w = wr_of(b + RECORD_HEADER, sizeof(b) - RECORD_HEADER);
		wr_u8(&w, f->type);
		wr_u24(&w, f->total);
		wr_u16(&w, f->seq);
		wr_u24(&w, (uint32_t)(f->off + off));
		wr_u24(&w, (uint32_t)n);
		wr_bytes(&w, f->p + off, n);
		s = (struct span){ w.p, w.n };
		record_wrap(CONTENT_HANDSHAKE, DTLS_1_2, 0, &s);
		cutter.cut++;
		if (rng_u64(cutter.rng) % 4 > 0)
			hand(p, side, s.p, s.n);
		else
			cutter.lost++;
		off += n;
	} while (off < f->n);
}

/* Everything in the clear goes another way; the rest as it came. */
static bool
recut(struct pair *p, int side, struct dgram *g)
{
	struct span	 s = { g->p, g->n };
	struct record	 rec;
	struct fragment	 f;
	struct rd	 r;

	p->tap = NULL;
	while (s.n > 0 && record_next(&rec, &s) == 0) {
		r = rd_of(rec.body.p, rec.body.n);
		if (rec.epoch > 0 || rec.type != CONTENT_HANDSHAKE) {
			hand(p, side, rec.header, RECORD_HEADER + rec.body.n);
			continue;
		}
		CHECK(fragment_next(&f, &r) == 0 && r.n == 0);
		cut_up(p, side, &f);
	}
	p->tap = recut;
	return false;
}

static void
flights_cut_elsewhere_each_time_are_put_together(void **state)
{
	struct simnet_conf	 net = calm;
	struct pair		 p;

	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		cutter = (struct cutter){ .rng = rng_seeded(&seed,
		    sizeof(seed)) };
		net.seed = seed;
		open_pair(&p, &net);
		p.tap = recut;
		pair_run(&p, 29 * (uint64_t)SEC);
		if (!pair_up(&p))
			printf("seed %u\n", (unsigned)seed);
		CHECK(pair_up(&p));
		CHECK(cutter.cut > 15 && cutter.lost > 0);
		CHECK(stats(&p, 0).retransmits > 0);
		pair_fini(&p);
		rng_free(cutter.rng);
	}
}

static void
a_cookie_is_said_back(void **state)
{
	uint8_t		 verify[] = { 22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		19, HELLO_VERIFY_REQUEST, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 7,
		0xfe, 0xff, 4, 'c', 'o', 'o', 'k' };
	struct pair	 p;
	struct flight	*f;

	(void)state;
	open_pair(&p, &calm);
	hand(&p, 0, verify, sizeof(verify));
	f = &p.d[0]->out;
	EQ(f->buf[5], 1);			/* message_seq */
	EQ(f->buf[HANDSHAKE_HEADER + 2 + 32 + 1], 4);
	MEMEQ(f->buf + HANDSHAKE_HEADER + 2 + 32 + 2, "cook", 4);
	EQ(p.sent, 1);
	hand(&p, 0, verify, sizeof(verify));
	EQ(p.sent, 1);
	pair_fini(&p);
}

/* Hold back what the server sends last; see data_before_finished. */
static bool
hold(struct pair *p, int side, struct dgram *g)
{
	if (side == 1 || dtls_state(p->d[1]) != DTLS_UP || p->which > 0)
		return true;
	memcpy(p->last[1], g->p, g->n);
	p->which = g->n;
	return false;
}

static void
data_that_overtakes_the_finished_waits_for_it(void **state)
{
	struct pair	 p;
	uint8_t		 b[256], kept[256];
	size_t		 n;

	(void)state;
	open_pair(&p, &calm);
	p.tap = hold;
	pair_run(&p, 50 * MS);
	CHECK(p.which > 0 && p.which < sizeof(kept));
	memcpy(kept, p.last[1], p.which);
	n = sealed(&p, 1, b, 20);
	hand(&p, 0, b, n);
	EQ(p.got[0], 0);
	EQ(stats(&p, 0).early, 1);
	hand(&p, 0, kept, p.which);
	CHECK(pair_up(&p));
	EQ(p.got[0], 20);
	pair_fini(&p);
}

static void
no_allocation_that_fails_does_harm(void **state)
{
	struct pair	 p;
	bool		 again = true;

	(void)state;
	for (size_t call = 1; call < 30; call++)
		for (size_t nth = 1; again || nth == 1; nth++) {
			open_pair(&p, &calm);
			p.oom_call = call;
			p.oom_nth = nth;
			pair_run(&p, 31 * (uint64_t)SEC);
			for (int i = 0; i < 2; i++)
				if (dtls_state(p.d[i]) == DTLS_FAILED)
					CHECK(p.oom_was);
			CHECK(p.oom_was || pair_up(&p));
			again = p.oom_was;
			pair_fini(&p);
		}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
#define T(x)	cmocka_unit_test(x)
		T(client_and_server_come_up_and_exchange_data),
		T(the_handshake_survives_loss_reordering_and_duplication),
		T(a_handshake_with_a_flipped_bit_completes_by_retransmission),
		T(a_lost_last_flight_is_sent_again_when_asked_for),
		T(a_spoilt_record_is_dropped_and_the_true_one_still_taken),
		T(a_replayed_record_is_dropped),
		T(several_records_in_a_datagram_are_all_taken),
		T(a_forged_alert_is_only_counted),
		T(a_handshake_without_an_answer_ends_after_30_seconds),
		T(a_flight_waits_twice_as_long_each_time_up_to_three_seconds),
		T(both_ends_export_the_same_keys),
		T(a_close_reaches_the_other_side),
		T(a_renegotiation_is_refused_with_a_warning),
		T(a_hello_in_pieces_is_refused_once),
		T(every_fatal_alert_is_told_by_its_name),
		T(nothing_is_sealed_before_up_or_after_the_last_number),
		T(a_hello_of_two_datagrams_is_answered_once_and_then_the_same),
		T(a_flight_is_cut_the_same_way_every_time),
		T(flights_cut_elsewhere_each_time_are_put_together),
		T(a_cookie_is_said_back),
		T(data_that_overtakes_the_finished_waits_for_it),
		T(no_allocation_that_fails_does_harm),
	};

	return RUN(tests);
}
