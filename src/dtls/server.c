/* The server's side of the handshake (RFC 5246 section 7.3, RFC 6347 4.2). */
#include <string.h>

#include "crypto/cert.h"
#include "crypto/hash.h"
#include "dtls/conn.h"

/*
 * AES-128-GCM first, as everybody has it; ChaCha20 first where AES would be
 * computed without instructions for it, ten times slower.
 */
static const struct suite *
choose_suite(const struct client_hello *ch)
{
	size_t	 first = aead_fast_aes() ? 0 : 1;

	if (suite_offered(ch, suites[first].id))
		return &suites[first];
	if (suite_offered(ch, suites[1 - first].id))
		return &suites[1 - first];
	return NULL;
}

static struct verdict
check_hello(struct client_hello *ch, const struct message *m)
{
	if (m->type != CLIENT_HELLO ||
	    client_hello_decode(ch, m->body, m->n) == -1)
		return refuse("the peer's ClientHello is malformed");
	if (ch->version > DTLS_1_2)
		return refuse("the peer offers no DTLS 1.2");
	if (!ch->null_compression || choose_suite(ch) == NULL)
		return refuse("the peer offers no cipher suite of ours");
	if (!ch->ems)
		return refuse("the peer lacks the extended master secret");
	if (!ch->srtp)
		return refuse("the peer's ClientHello lacks use_srtp");
	if (!ch->srtp_ours)
		return refuse("the peer's use_srtp profiles lack 0x0001");
	if (!ch->ecdsa_sha256)
		return refuse("the peer does not verify ECDSA with SHA-256");
	/* RFC 8422 5.1: without a list, any group goes */
	if (ch->groups && ch->group == 0)
		return refuse("the peer offers no group of ours");
	return good();
}

static void
say_exchange(struct dtls *d, uint16_t seq)
{
	struct wr	 w = flight_open(&d->out, SERVER_KEY_EXCHANGE, seq);
	uint8_t		 hash[DIGEST_MAX], sig[CERT_SIG];
	struct span	 params = { w.p + w.n, 0 };
	size_t		 start = w.n;

	key_params_encode(&w, d->ecdh.group, d->ecdh.point, d->ecdh.n);
	params.n = w.n - start;
	keys_params_hash(&d->keys, d->scratch, DIGEST_SHA256, params, hash);
	signature_encode(&w, sig, cert_sign(d->conf.cert, hash, sig));
	conn_say(d, &w, 0);
}

static void
answer(struct dtls *d, const struct client_hello *ch)
{
	struct wr	 w;

	flight_cut(&d->out, 0);
	w = flight_open(&d->out, SERVER_HELLO, 0);
	server_hello_encode(&w, d->keys.server_random, d->suite->id, ch);
	conn_say(d, &w, 0);
	w = flight_open(&d->out, CERTIFICATE, 1);
	certificate_encode(&w, cert_der(d->conf.cert));
	conn_say(d, &w, 0);
	say_exchange(d, 2);
	w = flight_open(&d->out, CERTIFICATE_REQUEST, 3);
	certificate_request_encode(&w);
	conn_say(d, &w, 0);
	w = flight_open(&d->out, SERVER_HELLO_DONE, 4);
	conn_say(d, &w, 0);
}

static struct verdict
take_hello(struct dtls *d, uint64_t now, const struct message *m,
    struct batch *tx)
{
	struct client_hello	 ch;
	struct verdict		 v = check_hello(&ch, m);
	uint16_t		 group;

	if (v.is != GOOD)
		return v;
	d->suite = choose_suite(&ch);
	group = ch.groups ? ch.group : ECDH_P256;
	if (d->ecdh.n == 0 || d->ecdh.group != group)
		ecdh_make(&d->ecdh, (enum ecdh_group)group, d->conf.rng);
	memcpy(d->keys.client_random, ch.random, RANDOM);
	digest_reset(d->script);
	conn_hear(d, m);
	answer(d, &ch);
	digest_copy(d->start, d->script);
	d->step = STEP_FLIGHT;
	conn_start(d, now, tx);
	return v;
}

/* The signature over all before it settles that client and hello are real. */
static struct verdict
check_verify(struct dtls *d, const struct pubkey *key, const struct message *m)
{
	struct key_exchange	 cv;
	uint8_t			 hash[DIGEST_MAX];
	enum digest_alg		 alg;
	bool			 rsa;

	if (certificate_verify_decode(&cv, m->body, m->n) == -1 ||
	    scheme_read(cv.scheme, &alg, &rsa) == -1)
		return refuse("the peer's CertificateVerify is malformed");
	digest_get(d->script, alg, hash);
	if (!conn_signed(key, &cv, hash))
		return broken("the peer's CertificateVerify does not verify");
	return good();
}

static void
derive(struct dtls *d, const struct ecdh_secret *premaster)
{
	keys_master(&d->keys, premaster, d->script);
	if (keys_derive(&d->keys, d->suite, &d->reader, &d->sender.key) == -1)
		conn_fail(d, "out of memory");
	memset(&d->window, 0, sizeof(d->window));
}

static struct verdict
take_flight(struct dtls *d, const struct message *m)
{
	struct pubkey		 key;
	struct rd		 point;
	struct ecdh_secret	 premaster;
	struct verdict		 v = conn_certificate(d, &key, &m[0]);
	struct digest		*session = d->scratch;

	if (v.is != GOOD)
		return v;
	if (m[1].type != CLIENT_KEY_EXCHANGE ||
	    m[2].type != CERTIFICATE_VERIFY)
		return refuse("the peer's flight has other messages");
	if (client_key_decode(&point, m[1].body, m[1].n) == -1 ||
	    !ecdh_shared(&d->ecdh, point.p, point.n, &premaster))
		return refuse("the peer's key exchange is no point");
	digest_copy(d->script, d->start);
	conn_hear(d, &m[0]);
	conn_hear(d, &m[1]);
	digest_copy(session, d->script);
	v = check_verify(d, &key, &m[2]);
	if (v.is == GOOD) {
		derive(d, &premaster);
		conn_hear(d, &m[2]);
		keys_finished(&d->keys, true, d->script, d->expect);
		d->expect_seq = (uint16_t)(m[2].seq + 1);
		keys_transcribe(d->script, FINISHED, d->expect_seq, d->expect,
		    VERIFY_DATA);
		d->step = STEP_FINISHED;
	}
	wipe(&premaster, sizeof(premaster));
	return v;
}

static size_t
ready(const struct dtls *d, size_t *first)
{
	const struct message	*m = reasm_get(&d->in, 1);

	*first = 0;
	if (reasm_get(&d->in, 0) != NULL)
		return 1;
	*first = 1;
	if (d->step != STEP_FLIGHT || m == NULL)
		return 0;
	if (m->type == CERTIFICATE && m->n == 3)
		return 1;		/* an empty list: no proof follows */
	return reasm_get(&d->in, 2) != NULL && reasm_get(&d->in, 3) != NULL ?
	    3 : 0;
}

static struct verdict
take(struct dtls *d, uint64_t now, size_t first, size_t n, struct batch *tx)
{
	(void)n;
	if (first == 0)
		return take_hello(d, now, &d->in.m[0], tx);
	return take_flight(d, &d->in.m[1]);
}

/* The last flight. No timer: the client asks again if it was lost. */
static void
finished(struct dtls *d, uint64_t now, struct batch *tx)
{
	flight_cut(&d->out, 0);
	flight_ccs(&d->out);
	conn_finished(d, 5);
	flight_send(&d->out, &d->sender, d->conf.mtu, now, tx);
	conn_up(d);
}

const struct role	 server_role = { ready, take, finished };
