#include <stdlib.h>

#include "base/addr.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "crypto/tls_id.h"
#include "crypto/x509.h"

/*
 * TLS on BearSSL's engine, which works in memory alone. Its two own habits
 * are avoided: it gets its entropy from us and does not open /dev/urandom,
 * and without a server name it would check none, so there must be one or a
 * pin.
 */

enum { PIN_CERT_MAX = 8 << 10 };

/* An X.509 engine that takes exactly one key and looks at nothing else. */
struct pinned {
	const br_x509_class	*vtable;	/* first: BearSSL casts */
	uint8_t			 pin[32];
	uint8_t			 der[PIN_CERT_MAX];
	size_t			 n, index;
	bool			 too_large;
	br_x509_pkey		 key;
};

struct tls {
	union {
		br_ssl_client_context	 client;
		br_ssl_server_context	 server;
	} c;
	br_ssl_engine_context	*eng;
	br_x509_minimal_context	 minimal;
	struct pinned		 pinned;
	bool			 has_pin, opened, closing;
	const char		*why;
	uint8_t			 buf[BR_SSL_BUFSIZE_BIDI];
};

static void
start_chain(const br_x509_class **c, const char *name)
{
	struct pinned	*p = (struct pinned *)(void *)c;

	(void)name;
	p->n = p->index = 0;
	p->too_large = false;
}

static void
start_cert(const br_x509_class **c, uint32_t n)
{
	struct pinned	*p = (struct pinned *)(void *)c;

	if (p->index == 0 && n > sizeof(p->der))
		p->too_large = true;
}

static void
append(const br_x509_class **c, const unsigned char *b, size_t n)
{
	struct pinned	*p = (struct pinned *)(void *)c;

	if (p->index > 0 || p->too_large || n > sizeof(p->der) - p->n)
		return;
	memcpy(p->der + p->n, b, n);
	p->n += n;
}

static void
end_cert(const br_x509_class **c)
{
	((struct pinned *)(void *)c)->index++;
}

static void
take_key(br_x509_pkey *to, const struct pubkey *k)
{
	if (k->kind == KEY_RSA) {
		to->key_type = BR_KEYTYPE_RSA;
		to->key.rsa.n = (unsigned char *)(uintptr_t)k->p;
		to->key.rsa.nlen = k->n;
		to->key.rsa.e = (unsigned char *)(uintptr_t)k->e;
		to->key.rsa.elen = k->elen;
		return;
	}
	to->key_type = BR_KEYTYPE_EC;
	to->key.ec.curve = k->kind == KEY_P256 ? BR_EC_secp256r1 :
	    BR_EC_secp384r1;
	to->key.ec.q = (unsigned char *)(uintptr_t)k->p;
	to->key.ec.qlen = k->n;
}

static unsigned
end_chain(const br_x509_class **c)
{
	struct pinned	*p = (struct pinned *)(void *)c;
	struct pubkey	 k;
	uint8_t		 id[32];

	if (p->too_large || x509_key(&k, p->der, p->n) != NULL)
		return BR_ERR_X509_UNSUPPORTED;
	sha256(id, k.spki, k.spkilen);
	if (!same_bytes(id, p->pin, sizeof(id)))
		return BR_ERR_X509_NOT_TRUSTED;
	take_key(&p->key, &k);
	return 0;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *c, unsigned *usages)
{
	const struct pinned	*p = (const struct pinned *)(const void *)c;

	if (usages != NULL)
		*usages = BR_KEYTYPE_SIGN;
	return &p->key;
}

static const br_x509_class	 pinned_class = {
	sizeof(struct pinned), start_chain, start_cert, append, end_cert,
	end_chain, get_pkey,
};

static const uint16_t	 suites[] = {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};
enum { SUITES = sizeof(suites) / sizeof(suites[0]) };

/* What both sides have in common; before their reset. */
static void
restrict_engine(struct tls *t, struct rng *rng)
{
	uint8_t		 seed[48];

	br_ssl_engine_set_versions(t->eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_suites(t->eng, suites, SUITES);
	br_ssl_engine_set_all_flags(t->eng, BR_OPT_NO_RENEGOTIATION);
	br_ssl_engine_set_buffer(t->eng, t->buf, sizeof(t->buf), 1);
	rng_bytes(rng, seed, sizeof(seed));
	br_ssl_engine_inject_entropy(t->eng, seed, sizeof(seed));
	t->eng->rng_os_rand_done = 1;
	wipe(seed, sizeof(seed));
}

static bool
is_ip(const char *name)
{
	struct addr	 a;

	return addr_parse_ip(&a, name) == 0;
}

/* Why this cannot be checked, or NULL. */
static const char *
unusable(const struct tls_client_conf *c)
{
	if (c->pin != NULL)
		return NULL;
	if (c->trust == NULL)
		return "no certificate authority is trusted and no key is "
		    "pinned";
	if (c->name == NULL || *c->name == '\0')
		return "no server name to check";
	if (is_ip(c->name))
		return "an address has no name to check: use a name, or pin "
		    "the server's key";
	return NULL;
}

/* BearSSL counts days from year 0; 1970 began on day 719528. */
static void
set_time(struct tls *t, uint64_t unix_time)
{
	br_x509_minimal_set_time(&t->minimal,
	    (uint32_t)(unix_time / 86400 + 719528),
	    (uint32_t)(unix_time % 86400));
}

static void
start_client(struct tls *t, const struct tls_client_conf *c, struct rng *rng)
{
	const char	*name = c->name;

	if (name != NULL && (*name == '\0' || is_ip(name)))
		name = NULL;
	br_ssl_client_init_full(&t->c.client, &t->minimal,
	    c->trust != NULL ? c->trust->anchors : NULL,
	    c->trust != NULL ? c->trust->n : 0);
	t->eng = &t->c.client.eng;
	set_time(t, c->unix_time);
	if (c->pin != NULL) {
		t->has_pin = true;
		t->pinned.vtable = &pinned_class;
		memcpy(t->pinned.pin, c->pin, sizeof(t->pinned.pin));
		br_ssl_engine_set_x509(t->eng, &t->pinned.vtable);
	}
	restrict_engine(t, rng);
	br_ssl_client_reset(&t->c.client, name, 0);
}

struct tls *
tls_client(const struct tls_client_conf *c, struct rng *rng)
{
	struct tls	*t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->why = unusable(c);
	if (t->why == NULL)
		start_client(t, c, rng);
	return t;
}

struct tls *
tls_server(const struct tls_identity *id, struct rng *rng)
{
	struct tls	*t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	if (id->rsa)
		br_ssl_server_init_full_rsa(&t->c.server, id->chain, id->n,
		    &id->rsa_key);
	else
		br_ssl_server_init_full_ec(&t->c.server, id->chain, id->n,
		    BR_KEYTYPE_EC, &id->ec_key);
	t->eng = &t->c.server.eng;
	restrict_engine(t, rng);
	br_ssl_server_reset(&t->c.server);
	return t;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	wipe(t, sizeof(*t));
	free(t);
}

static const struct {
	int		 code;
	const char	*text;
} reasons[] = {
	{ BR_ERR_UNSUPPORTED_VERSION, "the peer speaks no TLS 1.2" },
	{ BR_ERR_BAD_VERSION, "the peer changed the protocol version" },
	{ BR_ERR_BAD_MAC, "a record does not authenticate" },
	{ BR_ERR_BAD_CIPHER_SUITE, "no cipher suite in common" },
	{ BR_ERR_BAD_SIGNATURE, "the peer does not hold its certificate's "
	    "key" },
	{ BR_ERR_BAD_FINISHED, "the handshake was tampered with" },
	{ BR_ERR_X509_EMPTY_CHAIN, "the peer sent no certificate" },
	{ BR_ERR_X509_EXPIRED, "the certificate is expired or not yet valid" },
	{ BR_ERR_X509_BAD_SERVER_NAME, "the certificate is for another name" },
	{ BR_ERR_X509_NOT_CA, "a certificate was issued by one that may not "
	    "issue" },
	{ BR_ERR_X509_BAD_SIGNATURE, "a certificate's signature is wrong" },
	{ BR_ERR_X509_WEAK_PUBLIC_KEY, "a certificate's key is too short" },
	{ BR_ERR_X509_NOT_TRUSTED, "the certificate is of no trusted "
	    "authority" },
	{ BR_ERR_X509_UNSUPPORTED, "the certificate's key or signature is of "
	    "an unsupported kind" },
	{ BR_ERR_RECV_FATAL_ALERT + 40, "the peer found no parameters in "
	    "common (alert 40): it may need TLS 1.3" },
	{ BR_ERR_RECV_FATAL_ALERT + 42, "the peer says bad certificate" },
	{ BR_ERR_RECV_FATAL_ALERT + 48, "the peer says unknown authority" },
	{ BR_ERR_RECV_FATAL_ALERT + 70, "the peer needs TLS 1.3 (alert 70); "
	    "only TLS 1.2 is supported" },
	{ BR_ERR_RECV_FATAL_ALERT + 112, "the peer does not know the name "
	    "(alert 112)" },
};

static const char *
reason(int code)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].code == code)
			return reasons[i].text;
	if (code >= BR_ERR_X509_OK && code <= BR_ERR_X509_NOT_TRUSTED)
		return "the certificate is malformed or not supported";
	if (code >= BR_ERR_SEND_FATAL_ALERT)
		return "the handshake failed";
	if (code >= BR_ERR_RECV_FATAL_ALERT)
		return "the peer refused with an alert";
	return "the peer broke the protocol";
}

/* After anything that may have moved the engine. */
static void
look(struct tls *t)
{
	unsigned	 s = br_ssl_engine_current_state(t->eng);
	int		 code = br_ssl_engine_last_error(t->eng);

	if ((s & (BR_SSL_SENDAPP | BR_SSL_RECVAPP)) != 0)
		t->opened = true;
	if ((s & BR_SSL_CLOSED) == 0 || t->why != NULL || code == BR_ERR_OK)
		return;
	if (t->has_pin && code == BR_ERR_X509_NOT_TRUSTED)
		t->why = "the server's key is not the pinned one";
	else
		t->why = reason(code);
}

static bool
is_closed(const struct tls *t)
{
	return t->why != NULL ||
	    br_ssl_engine_current_state(t->eng) == BR_SSL_CLOSED;
}

/* The other end is gone. Only a closed TLS connection ends without loss. */
static void
end_of_stream(struct tls *t)
{
	if (is_closed(t) || t->closing)
		return;
	t->why = t->opened ? "the stream ended without a goodbye" :
	    "the stream ended during the handshake";
}

size_t
tls_input(struct tls *t, const void *p, size_t n)
{
	const uint8_t	*from = p;
	size_t		 took = 0, room;
	unsigned char	*to;

	if (n == 0)
		end_of_stream(t);
	while (took < n && t->why == NULL) {
		to = br_ssl_engine_recvrec_buf(t->eng, &room);
		if (to == NULL)
			break;
		room = room < n - took ? room : n - took;
		memcpy(to, from + took, room);
		br_ssl_engine_recvrec_ack(t->eng, room);
		took += room;
		look(t);
	}
	return took;
}

struct span
tls_output(struct tls *t)
{
	struct span	 s = { NULL, 0 };

	if (t->eng != NULL)
		s.p = br_ssl_engine_sendrec_buf(t->eng, &s.n);
	if (s.p == NULL)
		s.n = 0;
	return s;
}

void
tls_sent(struct tls *t, size_t n)
{
	if (n == 0 || t->eng == NULL)
		return;
	br_ssl_engine_sendrec_ack(t->eng, n);
	look(t);
}

size_t
tls_write(struct tls *t, const void *p, size_t n)
{
	const uint8_t	*from = p;
	size_t		 took = 0, room;
	unsigned char	*to;

	while (took < n && t->why == NULL && !t->closing) {
		to = br_ssl_engine_sendapp_buf(t->eng, &room);
		if (to == NULL)
			break;
		room = room < n - took ? room : n - took;
		memcpy(to, from + took, room);
		br_ssl_engine_sendapp_ack(t->eng, room);
		took += room;
	}
	if (took > 0)
		br_ssl_engine_flush(t->eng, 0);
	return took;
}

struct span
tls_read(struct tls *t)
{
	struct span	 s = { NULL, 0 };

	if (t->why == NULL && !t->closing)
		s.p = br_ssl_engine_recvapp_buf(t->eng, &s.n);
	if (s.p == NULL)
		s.n = 0;
	return s;
}

void
tls_taken(struct tls *t, size_t n)
{
	if (n == 0 || t->eng == NULL)
		return;
	br_ssl_engine_recvapp_ack(t->eng, n);
	look(t);
}

void
tls_close(struct tls *t)
{
	if (t->closing || is_closed(t))
		return;
	t->closing = true;
	br_ssl_engine_close(t->eng);
	look(t);
}

enum tls_state
tls_state(const struct tls *t)
{
	if (t->why != NULL)
		return TLS_FAILED;
	if (is_closed(t))
		return TLS_CLOSED;
	if (t->closing)
		return TLS_CLOSING;
	return t->opened ? TLS_OPEN : TLS_OPENING;
}

const char *
tls_why(const struct tls *t)
{
	return t->why != NULL ? t->why : "nothing is wrong";
}
