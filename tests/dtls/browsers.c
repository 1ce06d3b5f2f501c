/*
 * Recorded handshakes of browsers (tests/vectors/browsers.h): hellos of two
 * datagrams, as they come and as a network may make of them; and all that the
 * two sides of a handshake have signed.
 */
#include "support/test.h"

#include "dtls/conn.h"
#include "support/dtlspair.h"
#include "support/hex.h"
#include "support/mangle.h"
#include "vectors/browsers.h"

enum { HELLO_PARTS = 2, HELLO_ONLY = 2 };

/* A server that nobody has talked to, and what it says. */
struct fixture {
	struct dtls	*d;
	struct batch	 tx;
	uint64_t	 now;
};

static void
init(struct fixture *f)
{
	static const uint8_t	 scalar[32] = { 7 };
	static struct cert	*cert;
	static struct rng	*rng;
	struct dtls_conf	 conf = { .client = false };

	if (cert == NULL) {
		cert = cert_from_scalar(scalar);
		rng = rng_seeded("browsers", 8);
	}
	memset(f, 0, sizeof(*f));
	conf.cert = cert;
	conf.rng = rng;
	f->now = SEC;
	f->d = dtls_new(&conf, f->now);
	EQ(batch_init(&f->tx, 100000), 0);
}

static void
fini(struct fixture *f)
{
	dtls_free(f->d);
	batch_fini(&f->tx);
}

/* Give it a datagram; how many it says. They stay until the next. */
static size_t
give(struct fixture *f, const uint8_t *p, size_t n)
{
	uint8_t		*copy = malloc(n + 1);
	struct span	 s = { copy, n }, app;

	memcpy(copy, p, n);
	batch_reset(&f->tx);
	while (dtls_input(f->d, f->now, &s, &app, &f->tx))
		;
	free(copy);
	return f->tx.n;
}

static size_t
give_part(struct fixture *f, const struct browser *b, int part)
{
	size_t	 n;
	uint8_t	*p = from_hex(b->datagram[part], &n);

	n = give(f, p, n);
	free(p);
	return n;
}

/* Add the messages in a recorded datagram, as far as they are in the clear. */
static void
collect(struct reasm *in, const char *hex)
{
	size_t		 n;
	uint8_t		*p = from_hex(hex, &n);
	struct span	 s = { p, n };
	struct record	 rec;
	struct fragment	 f;
	struct rd	 r;

	while (s.n > 0) {
		EQ(record_next(&rec, &s), 0);
		r = rd_of(rec.body.p, rec.body.n);
		while (rec.epoch == 0 && rec.type == CONTENT_HANDSHAKE &&
		    r.n > 0)
			CHECK(fragment_next(&f, &r) == 0 && reasm_put(in, &f));
	}
	free(p);
}

static const struct message *
hello_of(struct reasm *in, const struct browser *b)
{
	memset(in, 0, sizeof(*in));
	reasm_init(in, 0, 1);
	for (int i = 0; i < HELLO_PARTS; i++)
		collect(in, b->datagram[i]);
	CHECK(reasm_get(in, 0) != NULL);
	EQ(in->m[0].type, CLIENT_HELLO);
	return &in->m[0];
}

/* For each browser that is a client. */
#define EACH_CLIENT(b)	for (const struct browser *b = browsers; \
    b < browsers + BROWSERS; b++) if (b->client)

static void
answered(const struct fixture *f)
{
	struct span	 s = { f->tx.d[0].p, f->tx.d[0].n };
	struct record	 rec;

	EQ(f->tx.n, 1);
	EQ(record_next(&rec, &s), 0);
	EQ(rec.body.p[0], SERVER_HELLO);
	EQ(rec.version, DTLS_1_2);
	EQ(f->d->step, STEP_FLIGHT);
	EQ(f->d->ecdh.group, ECDH_X25519);
	CHECK(!f->d->suite->rsa);
}

static void
a_hello_of_two_datagrams_in_any_order_is_answered(void **state)
{
	struct fixture	 f;

	(void)state;
	EACH_CLIENT(b)
		for (int first = 0; first < HELLO_PARTS; first++) {
			init(&f);
			EQ(give_part(&f, b, first), 0);
			EQ(give_part(&f, b, first), 0);
			EQ(f.d->step, STEP_HELLO);
			EQ(give_part(&f, b, !first), 1);
			answered(&f);
			EQ(f.d->stats.bad_records, 0);
			fini(&f);
		}
}

/* Chromium says its hello again after 50 ms, 100 ms and so on. */
static void
a_hello_that_comes_again_gets_the_same_flight_again(void **state)
{
	struct fixture	 f;
	uint8_t		 first[2048];
	size_t		 n;

	(void)state;
	EACH_CLIENT(b) {
		init(&f);
		give_part(&f, b, 0);
		EQ(give_part(&f, b, 1), 1);
		n = f.tx.d[0].n;
		memcpy(first, f.tx.d[0].p, n);
		EQ(give_part(&f, b, 0) + give_part(&f, b, 1), 0);
		for (uint64_t gap = 50 * MS; gap < SEC; gap *= 2) {
			f.now += gap;
			EQ(give_part(&f, b, 1), 0);
			EQ(give_part(&f, b, 0), 1);
			EQ(f.tx.d[0].n, n);
			CHECK(same_but_numbers(f.tx.d[0].p, first, n));
			EQ(f.d->redone, 1);
		}
		fini(&f);
	}
}

/* Bytes off to off + n of the message, in a record of their own. */
static size_t
give_cut(struct fixture *f, const struct message *m, size_t off, size_t n)
{
	uint8_t		 b[2048];
	struct wr	 w = wr_of(b + RECORD_HEADER,
			     sizeof(b) - RECORD_HEADER);
	struct span	 s = { w.p, 0 };

	wr_u8(&w, m->type);
	wr_u24(&w, m->n);
	wr_u16(&w, m->seq);
	wr_u24(&w, (uint32_t)off);
	wr_u24(&w, (uint32_t)n);
	wr_bytes(&w, m->body + off, n);
	s.n = w.n;
	record_wrap(CONTENT_HANDSHAKE, DTLS_1_0, 0, &s);
	return give(f, s.p, s.n);
}

/* RFC 6347 4.2.3: half of it as first sent, the rest cut in other places. */
static void
a_hello_that_comes_again_cut_elsewhere_is_put_together(void **state)
{
	static const size_t	 size[] = { 100, 333, 700, 1000, 1500 };
	struct fixture		 f;
	struct reasm		 in;
	const struct message	*m;
	size_t			 said, off, n;

	(void)state;
	EACH_CLIENT(b) {
		m = hello_of(&in, b);
		for (int i = 0; i < 10; i++) {
			init(&f);
			said = give_part(&f, b, i % 2);
			n = size[i / 2];
			for (off = 0; off < m->n && said == 0; off += n)
				said = give_cut(&f, m, off,
				    n < m->n - off ? n : m->n - off);
			answered(&f);
			fini(&f);
		}
		reasm_fini(&in);
	}
}

struct cutting {
	const struct browser	*b;
	int			 other;
};

/* Enough of them are completed afterwards: each costs a signature. */
static void
cut(void *arg, const uint8_t *p, size_t n, size_t which)
{
	const struct cutting	*c = arg;
	struct fixture		 f;

	init(&f);
	EQ(give_part(&f, c->b, c->other), 0);
	EQ(give(&f, p, n), 0);
	EQ(f.d->step, STEP_HELLO);
	if (which % 100 == 0)
		EQ(give_part(&f, c->b, !c->other), 1);
	fini(&f);
}

static void
a_datagram_cut_anywhere_is_no_part_of_a_hello(void **state)
{
	struct cutting	 c = { browsers, 0 };
	uint8_t		*p;
	size_t		 n;

	(void)state;
	EACH_CLIENT(b)
		for (int part = 0; part < HELLO_PARTS; part++) {
			c.b = b;
			c.other = !part;
			p = from_hex(b->datagram[part], &n);
			mangle_cut(p, n, cut, &c);
			free(p);
		}
}

static void
decode(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct client_hello	 ch;
	int			 r = client_hello_decode(&ch, p, n);

	(void)which;
	if (arg != NULL && r == 0)
		CHECK(!ch.ems && !ch.srtp);	/* cut before extensions */
}

static void
a_hello_is_read_and_a_spoilt_one_does_no_harm(void **state)
{
	struct reasm		 in;
	const struct message	*m;
	struct client_hello	 ch;

	(void)state;
	EACH_CLIENT(b) {
		m = hello_of(&in, b);
		EQ(client_hello_decode(&ch, m->body, m->n), 0);
		CHECK(ch.null_compression && ch.ems && ch.renegotiation &&
		    ch.points && ch.groups && ch.group == ECDH_X25519 &&
		    ch.ecdsa_sha256 && ch.srtp_ours);
		for (size_t i = 0; i < SUITES; i++)
			CHECK(suite_offered(&ch, suites[i].id));
		mangle_cut(m->body, m->n, decode, &ch);
		mangle_flip(m->body, m->n, decode, NULL);
		reasm_fini(&in);
	}
}

/* The types of a hello's extensions, as they come. */
static size_t
extensions(const struct browser *b, uint16_t type[32])
{
	struct reasm	 in;
	struct rd	 r, all;
	size_t		 n = 0;

	hello_of(&in, b);
	r = rd_of(in.m[0].body, in.m[0].n);
	rd_span(&r, 2 + RANDOM);
	rd_sub(&r, rd_u8(&r));
	rd_sub(&r, rd_u8(&r));
	rd_sub(&r, rd_u16(&r));
	rd_sub(&r, rd_u8(&r));
	for (all = rd_sub(&r, rd_u16(&r)); all.n > 0 && n < 32; n++) {
		type[n] = rd_u16(&all);
		rd_sub(&all, rd_u16(&all));
	}
	CHECK(!all.bad && !r.bad);
	reasm_fini(&in);
	return n;
}

/* So that the tests before are about more than one order. */
static void
chromiums_hellos_differ_in_the_order_of_their_extensions(void **state)
{
	uint16_t	 a[32], c[32];
	size_t		 pairs = 0, n;

	(void)state;
	for (int i = 0; i < BROWSERS; i++)
		for (int j = i + 1; j < BROWSERS; j++) {
			if (!browsers[i].client || !browsers[j].client ||
			    strcmp(browsers[j].name, CHROMIUM) != 0)
				continue;
			n = extensions(&browsers[i], a);
			EQ(extensions(&browsers[j], c), n);
			CHECK(memcmp(a, c, n * sizeof(a[0])) != 0);
			pairs++;
		}
	EQ(pairs, 3);
}

/* A handshake as recorded: both sides' messages, and a transcript. */
struct recorded {
	struct reasm		 client, server;
	struct client_hello	 ch;
	struct server_hello	 sh;
	struct secrets		 s;
	struct digest		*script, *scratch;
};

static void
transcribe(struct recorded *r, const struct message *m)
{
	CHECK(m != NULL);
	keys_transcribe(r->script, m->type, m->seq, m->body, m->n);
}

static void
record_of(struct recorded *r, const struct browser *b)
{
	const char *const	*at = b->datagram;

	memset(r, 0, sizeof(*r));
	reasm_init(&r->client, 0, 4);
	reasm_init(&r->server, 0, 5);
	for (int i = 0; i < (b->client ? HELLO_PARTS : 1); i++)
		collect(&r->client, *at++);
	collect(&r->server, *at++);
	collect(&r->client, *at);
	r->script = digest_new();
	r->scratch = digest_new();
	EQ(client_hello_decode(&r->ch, r->client.m[0].body,
	    r->client.m[0].n), 0);
	EQ(server_hello_decode(&r->sh, r->server.m[0].body,
	    r->server.m[0].n), 0);
	memcpy(r->s.client_random, r->ch.random, RANDOM);
	memcpy(r->s.server_random, r->sh.random, RANDOM);
	transcribe(r, reasm_get(&r->client, 0));
	for (size_t i = 0; i < 5; i++)
		transcribe(r, reasm_get(&r->server, i));
	for (size_t i = 1; i < 3; i++)
		transcribe(r, reasm_get(&r->client, i));
}

static void
drop(struct recorded *r)
{
	reasm_fini(&r->client);
	reasm_fini(&r->server);
	digest_free(r->script);
	digest_free(r->scratch);
}

static struct pubkey
key_in(const struct message *m)
{
	struct pubkey	 key;
	struct rd	 der;

	EQ(m->type, CERTIFICATE);
	EQ(certificate_decode(&der, m->body, m->n), 0);
	CHECK(x509_key(&key, der.p, der.n) == NULL);
	EQ(key.kind, KEY_P256);
	return key;
}

static bool
server_signed(struct recorded *r)
{
	const struct message	*m = r->server.m;
	struct pubkey		 key = key_in(&m[1]);
	struct key_exchange	 kx;
	uint8_t			 hash[DIGEST_MAX];
	enum digest_alg		 alg;
	bool			 rsa;

	EQ(key_exchange_decode(&kx, m[2].body, m[2].n), 0);
	EQ(kx.group, ECDH_X25519);
	EQ(scheme_read(kx.scheme, &alg, &rsa), 0);
	keys_params_hash(&r->s, r->scratch, alg, kx.params, hash);
	return conn_signed(&key, &kx, hash);
}

static bool
client_signed(struct recorded *r)
{
	const struct message	*m = r->client.m;
	struct pubkey		 key = key_in(&m[1]);
	struct key_exchange	 cv;
	struct rd		 point;
	uint8_t			 hash[DIGEST_MAX];
	enum digest_alg		 alg;
	bool			 rsa;

	EQ(client_key_decode(&point, m[2].body, m[2].n), 0);
	EQ(point.n, 32);
	EQ(certificate_verify_decode(&cv, m[3].body, m[3].n), 0);
	EQ(scheme_read(cv.scheme, &alg, &rsa), 0);
	digest_get(r->script, alg, hash);
	return conn_signed(&key, &cv, hash);
}

static void
what_browsers_and_we_have_signed_is_verified(void **state)
{
	struct recorded	 r;
	struct request	 q;
	size_t		 whole = 0;

	(void)state;
	for (size_t i = 0; i < BROWSERS; i++) {
		if (browsers[i].datagram[HELLO_ONLY] == NULL)
			continue;
		whole++;
		record_of(&r, &browsers[i]);
		CHECK(r.sh.ems && r.sh.srtp_ours);
		EQ(certificate_request_decode(&q, r.server.m[3].body,
		    r.server.m[3].n), 0);
		CHECK(q.ecdsa && q.ecdsa_sha256);
		EQ(r.server.m[4].type, SERVER_HELLO_DONE);
		CHECK(server_signed(&r));
		CHECK(client_signed(&r));
		r.s.client_random[0] ^= 1;
		CHECK(!server_signed(&r));
		transcribe(&r, &r.client.m[3]);
		CHECK(!client_signed(&r));
		drop(&r);
	}
	EQ(whole, 4);
}

/* RFC 6347 4.2.8 would let it begin anew; here ICE does that. */
static void
a_hello_in_the_clear_leaves_an_established_connection_alone(void **state)
{
	struct simnet_conf	 calm = { .seed = 1, .delay = MS };
	struct pair		 p;
	struct dgram		 g;
	uint8_t			*b;
	size_t			 sent;

	(void)state;
	pair_init(&p, &calm);
	CHECK(pair_open(&p));
	pair_run(&p, SEC);
	CHECK(pair_up(&p));
	sent = p.sent;
	for (int i = 0; i < 2 * HELLO_PARTS; i++) {
		memset(&g, 0, sizeof(g));
		b = from_hex(browsers[0].datagram[i % HELLO_PARTS], &g.n);
		g.p = b;
		g.to.local = p.addr[i / HELLO_PARTS];
		g.to.remote = p.addr[!(i / HELLO_PARTS)];
		pair_deliver(&p, &g);
		free(b);
	}
	EQ(p.sent, sent);
	pair_send(&p, 0, "ping", 4);
	pair_send(&p, 1, "pong!", 5);
	pair_run(&p, SEC);
	CHECK(pair_up(&p));
	EQ(p.got[1], 4);
	EQ(p.got[0], 5);
	pair_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
#define T(x)	cmocka_unit_test(x)
		T(a_hello_of_two_datagrams_in_any_order_is_answered),
		T(a_hello_that_comes_again_gets_the_same_flight_again),
		T(a_hello_that_comes_again_cut_elsewhere_is_put_together),
		T(a_datagram_cut_anywhere_is_no_part_of_a_hello),
		T(a_hello_is_read_and_a_spoilt_one_does_no_harm),
		T(chromiums_hellos_differ_in_the_order_of_their_extensions),
		T(what_browsers_and_we_have_signed_is_verified),
		T(a_hello_in_the_clear_leaves_an_established_connection_alone),
	};

	return RUN(tests);
}
