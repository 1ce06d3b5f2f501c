/* The client's side of the handshake (RFC 5246 section 7.3, RFC 6347 4.2). */
#include <string.h>

#include "crypto/cert.h"
#include "crypto/hash.h"
#include "dtls/conn.h"

void
client_hello(struct dtls *d)
{
	struct wr	 w;
	struct span	 whole;

	flight_cut(&d->out, 0);
	w = flight_open(&d->out, CLIENT_HELLO, d->hello_seq);
	client_hello_encode(&w, d->keys.client_random, d->cookie,
	    d->cookielen);
	whole = flight_done(&d->out, &w, 0);
	/* RFC 6347 4.2.1: what any server of DTLS can read */
	d->out.piece[0].version = DTLS_1_0;
	digest_reset(d->start);
	digest_add(d->start, whole.p, whole.n);
}

/*
 * A HelloVerifyRequest: say hello again, with its cookie. Neither it nor the
 * hello before it is part of the transcript (RFC 6347 section 4.2.1).
 */
bool
client_cookie(struct dtls *d, const struct fragment *f)
{
	struct rd	 cookie;

	if (d->step != STEP_FLIGHT || f->off != 0 || f->n != f->total ||
	    verify_request_decode(&cookie, f->p, f->n) == -1)
		return false;
	if (cookie.n == d->cookielen &&
	    (cookie.n == 0 || memcmp(cookie.p, d->cookie, cookie.n) == 0))
		return false;
	if (d->cookies++ >= COOKIES_MAX)
		return false;
	memcpy(d->cookie, cookie.p, cookie.n);
	d->cookielen = cookie.n;
	d->hello_seq++;
	reasm_init(&d->in, (uint16_t)(f->seq + 1), REASM_MESSAGES);
	client_hello(d);
	return true;
}

static size_t
ready(const struct dtls *d, size_t *first)
{
	const struct message	*m;

	*first = 0;
	for (size_t i = 0; i < REASM_MESSAGES; i++) {
		m = reasm_get(&d->in, i);
		if (m == NULL)
			return 0;
		if (m->type == SERVER_HELLO_DONE)
			return i + 1;
	}
	return REASM_MESSAGES;
}

static struct verdict
check_hello(struct server_hello *sh, const struct message *m)
{
	if (server_hello_decode(sh, m->body, m->n) == -1)
		return refuse("the peer's ServerHello is malformed");
	if (sh->version != DTLS_1_2)
		return refuse("the peer chose another version than DTLS 1.2");
	if (suite_find(sh->suite) == NULL)
		return refuse("the peer chose a cipher suite not offered");
	if (!sh->ems)
		return refuse("the peer lacks the extended master secret");
	if (!sh->srtp)
		return refuse("the peer's ServerHello lacks use_srtp");
	if (!sh->srtp_ours)
		return refuse("the peer's use_srtp profile is not 0x0001");
	return good();
}

/* The key exchange must be signed by the certificate's key, and for us. */
static struct verdict
check_exchange(struct dtls *d, struct secrets *s, struct key_exchange *kx,
    const struct pubkey *key, const struct message *m)
{
	uint8_t		 hash[DIGEST_MAX];
	enum digest_alg	 alg;
	bool		 rsa;

	if (key_exchange_decode(kx, m->body, m->n) == -1)
		return refuse("the peer's ServerKeyExchange is malformed");
	if (!ecdh_knows(kx->group))
		return refuse("the peer chose a group not offered");
	if (scheme_read(kx->scheme, &alg, &rsa) == -1)
		return refuse("the peer chose a signature not offered");
	keys_params_hash(s, d->scratch, alg, kx->params, hash);
	if (!conn_signed(key, kx, hash))
		return broken("the peer's ServerKeyExchange is not signed "
		    "by its certificate");
	return good();
}

static struct verdict
check_request(const struct message *m)
{
	struct request	 q;

	if (certificate_request_decode(&q, m->body, m->n) == -1)
		return refuse("the peer's CertificateRequest is malformed");
	if (!q.ecdsa)
		return refuse("the peer takes no ECDSA certificate");
	if (!q.ecdsa_sha256)
		return refuse("the peer does not verify ECDSA with SHA-256");
	return good();
}

static struct verdict
agree(struct dtls *d, const struct key_exchange *kx,
    struct ecdh_secret *premaster)
{
	ecdh_make(&d->ecdh, (enum ecdh_group)kx->group, d->conf.rng);
	if (!ecdh_shared(&d->ecdh, kx->point, kx->pointlen, premaster))
		return refuse("the peer's key exchange is no point");
	return good();
}

static struct verdict
check_order(const struct dtls *d, size_t n)
{
	static const uint8_t	 order[REASM_MESSAGES] = {
		SERVER_HELLO, CERTIFICATE, SERVER_KEY_EXCHANGE,
		CERTIFICATE_REQUEST, SERVER_HELLO_DONE,
	};

	if (n == REASM_MESSAGES - 1 &&
	    d->in.m[n - 2].type == SERVER_KEY_EXCHANGE)
		return refuse("the peer does not ask for our certificate");
	for (size_t i = 0; i < REASM_MESSAGES; i++)
		if (i >= n || d->in.m[i].type != order[i])
			return refuse("the peer's flight has other messages");
	return good();
}

static void
say_verify(struct dtls *d, uint16_t seq)
{
	struct wr	 w = flight_open(&d->out, CERTIFICATE_VERIFY, seq);
	uint8_t		 hash[DIGEST_MAX], sig[CERT_SIG];

	digest_get(d->script, DIGEST_SHA256, hash);
	signature_encode(&w, sig, cert_sign(d->conf.cert, hash, sig));
	conn_say(d, &w, 0);
}

/* Certificate to Finished; what is kept of a hello goes along if lost often. */
static void
answer(struct dtls *d, const struct ecdh_secret *premaster)
{
	uint16_t	 seq = (uint16_t)(d->hello_seq + 1);
	struct wr	 w;

	flight_cut(&d->out, 1);
	d->out.piece[0].late = true;
	w = flight_open(&d->out, CERTIFICATE, seq);
	certificate_encode(&w, cert_der(d->conf.cert));
	conn_say(d, &w, 0);
	w = flight_open(&d->out, CLIENT_KEY_EXCHANGE, (uint16_t)(seq + 1));
	client_key_encode(&w, d->ecdh.point, d->ecdh.n);
	conn_say(d, &w, 0);
	keys_master(&d->keys, premaster, d->script);
	say_verify(d, (uint16_t)(seq + 2));
	flight_ccs(&d->out);
	conn_finished(d, (uint16_t)(seq + 3));
}

static struct verdict
take(struct dtls *d, uint64_t now, size_t first, size_t n, struct batch *tx)
{
	const struct message	*m = &d->in.m[first];
	struct secrets		 s = d->keys;
	struct verdict		 v = check_order(d, n);
	struct server_hello	 sh;
	struct key_exchange	 kx;
	struct pubkey		 key;
	const struct suite	*suite;
	struct ecdh_secret	 premaster;

	if (v.is == GOOD)
		v = check_hello(&sh, &m[0]);
	if (v.is == GOOD)
		v = conn_certificate(d, &key, &m[1]);
	if (v.is != GOOD)
		return v;
	suite = suite_find(sh.suite);
	if (suite->rsa != (key.kind == KEY_RSA))
		return refuse("the peer's certificate does not fit its suite");
	memcpy(s.server_random, sh.random, RANDOM);
	v = check_request(&m[3]);
	if (v.is == GOOD)
		v = check_exchange(d, &s, &kx, &key, &m[2]);
	if (v.is == GOOD)
		v = agree(d, &kx, &premaster);
	if (v.is != GOOD)
		return v;

	d->keys = s;
	d->suite = suite;
	digest_copy(d->script, d->start);
	for (size_t i = 0; i < n; i++)
		conn_hear(d, &m[i]);
	d->step = STEP_FINISHED;
	d->expect_seq = (uint16_t)(m[n - 1].seq + 1);
	answer(d, &premaster);
	wipe(&premaster, sizeof(premaster));
	wipe(&s, sizeof(s));
	if (d->state == DTLS_HANDSHAKE)
		conn_start(d, now, tx);
	return v;
}

static void
finished(struct dtls *d, uint64_t now, struct batch *tx)
{
	(void)now;
	(void)tx;
	flight_cut(&d->out, 0);
	conn_up(d);
}

const struct role	 client_role = { ready, take, finished };
