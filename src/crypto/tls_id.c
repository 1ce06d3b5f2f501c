#include <stdlib.h>

#include "crypto/der.h"
#include "crypto/hash.h"
#include "crypto/pem.h"
#include "crypto/tls_id.h"
#include "crypto/x509.h"

/*
 * Certificates and keys from PEM files. Keys are read by cursors of our own:
 * BearSSL 0.6's br_skey_decoder writes past its buffer on a large key.
 */

enum {
	DER_PARAMETERS = DER_CONTEXT_0,
	DER_MAX = 16 << 10,	/* base64 of a certificate or key */
	DN_MAX = 1024,
	RSA_HALF = 256,		/* a prime of a 4096-bit key */
};


static bool
is(struct span s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

static void *
copy_of(const void *p, size_t n)
{
	void		*to = malloc(n > 0 ? n : 1);

	if (to != NULL)
		memcpy(to, p, n);
	return to;
}

/* A distinguished name as the decoder reports it, in pieces. */
struct dn {
	uint8_t		 p[DN_MAX];
	size_t		 n;
	bool		 bad;
};

static void
on_dn(void *arg, const void *p, size_t n)
{
	struct dn	*dn = arg;

	if (dn->bad || n > sizeof(dn->p) - dn->n) {
		dn->bad = true;
		return;
	}
	memcpy(dn->p + dn->n, p, n);
	dn->n += n;
}

/* Copies of what points into the decoder. */
static int
copy_key(br_x509_pkey *to, const br_x509_pkey *from)
{
	*to = *from;
	if (from->key_type == BR_KEYTYPE_EC) {
		to->key.ec.q = copy_of(from->key.ec.q, from->key.ec.qlen);
		return to->key.ec.q == NULL ? -1 : 0;
	}
	to->key.rsa.n = copy_of(from->key.rsa.n, from->key.rsa.nlen);
	to->key.rsa.e = copy_of(from->key.rsa.e, from->key.rsa.elen);
	if (to->key.rsa.n != NULL && to->key.rsa.e != NULL)
		return 0;
	free(to->key.rsa.n);
	free(to->key.rsa.e);
	return -1;
}

/* 1: one more; 0: not one we can use; -1: no memory. */
static int
add_anchor(struct tls_trust *t, struct span der)
{
	br_x509_decoder_context	 d;
	br_x509_trust_anchor	*a = &t->anchors[t->n];
	br_x509_pkey		*key;
	struct dn		 dn = { .n = 0 };

	br_x509_decoder_init(&d, on_dn, &dn);
	br_x509_decoder_push(&d, der.p, der.n);
	key = br_x509_decoder_get_pkey(&d);
	if (key == NULL || dn.bad)
		return 0;
	if (copy_key(&a->pkey, key) < 0)
		return -1;
	a->dn.data = copy_of(dn.p, dn.n);
	a->dn.len = dn.n;
	a->flags = br_x509_decoder_isCA(&d) ? BR_X509_TA_CA : 0;
	t->n++;		/* from here on free knows of it */
	return a->dn.data == NULL ? -1 : 1;
}

static int
grow(struct tls_trust *t)
{
	size_t			 cap = t->cap == 0 ? 16 : 2 * t->cap;
	br_x509_trust_anchor	*a;

	if (t->n < t->cap)
		return 0;
	a = realloc(t->anchors, cap * sizeof(*a));
	if (a == NULL)
		return -1;
	t->anchors = a;
	t->cap = cap;
	return 0;
}

static int
add_all(struct tls_trust *t, struct pem *pem, uint8_t *buf)
{
	struct span	 label, der;

	while (t->n < TLS_TRUST_MAX &&
	    pem_next(pem, &label, &der, buf, DER_MAX)) {
		if (!is(label, "CERTIFICATE"))
			continue;
		if (grow(t) < 0 || add_anchor(t, der) < 0)
			return -1;
	}
	return 0;
}

struct tls_trust *
tls_trust_new(const char *text, size_t n)
{
	struct tls_trust	*t = calloc(1, sizeof(*t));
	uint8_t			*buf = malloc(DER_MAX);
	struct pem		 pem = { text, n };

	if (t == NULL || buf == NULL || n > TLS_PEM_MAX ||
	    add_all(t, &pem, buf) < 0 || t->n == 0) {
		tls_trust_free(t);
		t = NULL;
	}
	free(buf);
	return t;
}

size_t
tls_trust_count(const struct tls_trust *t)
{
	return t->n;
}

void
tls_trust_free(struct tls_trust *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++) {
		br_x509_trust_anchor	*a = &t->anchors[i];

		free(a->dn.data);
		if (a->pkey.key_type == BR_KEYTYPE_EC)
			free(a->pkey.key.ec.q);
		else {
			free(a->pkey.key.rsa.n);
			free(a->pkey.key.rsa.e);
		}
	}
	free(t->anchors);
	free(t);
}

/* A positive integer without leading zeros, as BearSSL wants it. */
static struct rd
der_number(struct rd *r)
{
	struct rd	 i = der_in(r, DER_INTEGER);

	while (i.n > 0 && i.p[0] == 0)
		rd_u8(&i);
	return i;
}

static int
curve_of(struct rd oid)
{
	if (oid.n == sizeof(oid_p256) && memcmp(oid.p, oid_p256, oid.n) == 0)
		return BR_EC_secp256r1;
	if (oid.n == sizeof(oid_p384) && memcmp(oid.p, oid_p384, oid.n) == 0)
		return BR_EC_secp384r1;
	return 0;
}

/* ECPrivateKey (RFC 5915); the curve may be known from around it. */
static int
take_ec(struct tls_identity *id, struct rd r, int curve)
{
	struct rd	 seq = der_in(&r, DER_SEQUENCE), key, in;

	if (der_number(&seq).n != 1)
		return -1;
	key = der_in(&seq, DER_OCTETS);
	if (!seq.bad && seq.n > 0 && seq.p[0] == DER_PARAMETERS) {
		in = der_in(&seq, DER_PARAMETERS);
		curve = curve_of(der_in(&in, DER_OID));
	}
	if (seq.bad || key.n != (curve == BR_EC_secp256r1 ? 32U :
	    curve == BR_EC_secp384r1 ? 48U : 0U) || key.n == 0)
		return -1;
	id->ec_key.curve = curve;
	id->ec_key.x = (unsigned char *)(uintptr_t)key.p;
	id->ec_key.xlen = key.n;
	return 0;
}

static uint32_t
bits(struct rd n)
{
	uint32_t	 b = (uint32_t)n.n * 8;

	for (uint8_t top = n.p[0]; (top & 0x80) == 0; top = (uint8_t)(top << 1))
		b--;
	return b;
}

static void
part(struct rd *r, unsigned char **p, size_t *n, struct rd *bad)
{
	struct rd	 i = der_number(r);

	if (r->bad || i.n == 0 || i.n > RSA_HALF)
		der_latch(bad);
	*p = (unsigned char *)(uintptr_t)i.p;
	*n = i.n;
}

/* RSAPrivateKey (RFC 8017 A.1.2), of 2048 to 4096 bits. */
static int
take_rsa(struct tls_identity *id, struct rd r)
{
	struct rd		 seq = der_in(&r, DER_SEQUENCE), n;
	br_rsa_private_key	*k = &id->rsa_key;

	der_number(&seq);		/* version */
	n = der_number(&seq);
	der_number(&seq);		/* public exponent */
	der_number(&seq);		/* private exponent */
	part(&seq, &k->p, &k->plen, &seq);
	part(&seq, &k->q, &k->qlen, &seq);
	part(&seq, &k->dp, &k->dplen, &seq);
	part(&seq, &k->dq, &k->dqlen, &seq);
	part(&seq, &k->iq, &k->iqlen, &seq);
	if (seq.bad || n.n < 256 || n.n > 512)
		return -1;
	k->n_bitlen = bits(n);
	id->modulus = n;
	id->rsa = true;
	return 0;
}

/* PrivateKeyInfo (RFC 5208): says what is inside. */
static int
take_pkcs8(struct tls_identity *id, struct rd r)
{
	struct rd	 seq = der_in(&r, DER_SEQUENCE), alg, key;
	int		 curve = 0;

	der_number(&seq);
	alg = der_in(&seq, DER_SEQUENCE);
	key = der_in(&seq, DER_OCTETS);
	if (seq.bad)
		return -1;
	der_in(&alg, DER_OID);
	if (!alg.bad && alg.n > 0 && alg.p[0] == DER_OID)
		curve = curve_of(der_in(&alg, DER_OID));
	return curve != 0 ? take_ec(id, key, curve) : take_rsa(id, key);
}

static const char *
take_key(struct tls_identity *id, const char *text, size_t n, uint8_t *buf)
{
	struct pem	 pem = { text, n };
	struct span	 label, der;
	struct rd	 r;

	while (pem_next(&pem, &label, &der, buf, DER_MAX)) {
		if (!is(label, "EC PRIVATE KEY") &&
		    !is(label, "RSA PRIVATE KEY") && !is(label, "PRIVATE KEY"))
			continue;
		if ((id->secret = copy_of(der.p, der.n)) == NULL)
			return "out of memory";
		id->secretlen = der.n;
		r = rd_of(id->secret, der.n);
		if ((label.p[0] == 'E' && take_ec(id, r, 0) == 0) ||
		    (label.p[0] == 'R' && take_rsa(id, r) == 0) ||
		    (label.p[0] == 'P' && take_pkcs8(id, r) == 0))
			return NULL;
		return "the key is neither P-256, P-384 nor RSA of 2048 to "
		    "4096 bits";
	}
	return "no private key in PEM";
}

static const char *
take_chain(struct tls_identity *id, const char *text, size_t n, uint8_t *buf)
{
	struct pem	 pem = { text, n };
	struct span	 label, der;

	while (pem_next(&pem, &label, &der, buf, DER_MAX)) {
		if (!is(label, "CERTIFICATE"))
			continue;
		if (id->n == TLS_CHAIN_MAX)
			return "too many certificates";
		if ((id->chain[id->n].data = copy_of(der.p, der.n)) == NULL)
			return "out of memory";
		id->chain[id->n++].data_len = der.n;
	}
	return id->n > 0 ? NULL : "no certificate in PEM";
}

static bool
same_key(const struct tls_identity *id, const struct pubkey *k)
{
	uint8_t			 buf[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_public_key	 pub;

	if (id->rsa)
		return k->kind == KEY_RSA && k->n == id->modulus.n &&
		    memcmp(k->p, id->modulus.p, k->n) == 0;
	if (br_ec_compute_pub(br_ec_get_default(), &pub, buf, &id->ec_key) == 0)
		return false;
	return pub.qlen == k->n && memcmp(pub.q, k->p, k->n) == 0;
}

static const char *
take_all(struct tls_identity *id, const char *chain, size_t nchain,
    const char *key, size_t nkey, uint8_t *buf)
{
	struct pubkey	 k;
	const char	*why;

	if (nchain > TLS_PEM_MAX || nkey > TLS_PEM_MAX)
		return "larger than 4 MiB";
	if ((why = take_chain(id, chain, nchain, buf)) != NULL ||
	    (why = x509_key(&k, id->chain[0].data, id->chain[0].data_len)) !=
	    NULL || (why = take_key(id, key, nkey, buf)) != NULL)
		return why;
	return same_key(id, &k) ? NULL : "the key is not the certificate's";
}

struct tls_identity *
tls_identity_new(const char *chain, size_t nchain, const char *key,
    size_t nkey, const char **why)
{
	struct tls_identity	*id = calloc(1, sizeof(*id));
	uint8_t			*buf = malloc(DER_MAX);

	*why = "out of memory";
	if (id != NULL && buf != NULL)
		*why = take_all(id, chain, nchain, key, nkey, buf);
	if (buf != NULL)
		wipe(buf, DER_MAX);
	free(buf);
	if (*why == NULL)
		return id;
	tls_identity_free(id);
	return NULL;
}

void
tls_identity_free(struct tls_identity *id)
{
	if (id == NULL)
		return;
	for (size_t i = 0; i < id->n; i++)
		free(id->chain[i].data);
	if (id->secret != NULL)
		wipe(id->secret, id->secretlen);
	free(id->secret);
	free(id);
}
