/*
 * The public key of an X.509 certificate (RFC 5280 section 4.1), read with
 * cursors. What lies before the key is stepped over by its lengths, which
 * must be definite and minimal (DER) and fit into what holds them.
 */
#include <string.h>

#include "crypto/der.h"
#include "crypto/x509.h"

enum {
	DER_VERSION = DER_CONTEXT_0,
	RSA_MIN = 2048 / 8, RSA_MAX = 4096 / 8,
};

static const uint8_t	 oid_ec[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1 };
static const uint8_t	 oid_rsa[] = {
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1
};

static void
der_skip(struct rd *r)
{
	rd_u8(r);
	rd_span(r, der_length(r));
}

static bool
is(const struct rd *r, const uint8_t *oid, size_t n)
{
	return !r->bad && r->n == n && memcmp(r->p, oid, n) == 0;
}

/* A positive INTEGER without its sign byte. */
static struct rd
der_unsigned(struct rd *r)
{
	struct rd	 i = der_in(r, DER_INTEGER);

	if (i.n > 1 && i.p[0] == 0 && i.p[1] >= 0x80)
		rd_u8(&i);
	if (i.n == 0 || i.p[0] == 0)
		der_latch(r);
	return i;
}

static const char *
ec_key(struct pubkey *k, struct rd *alg, const struct rd *bits)
{
	struct rd	 curve = der_in(alg, DER_OID);
	size_t		 want;

	if (is(&curve, oid_p256, sizeof(oid_p256))) {
		k->kind = KEY_P256;
		want = 65;
	} else if (is(&curve, oid_p384, sizeof(oid_p384))) {
		k->kind = KEY_P384;
		want = 97;
	} else
		return "the certificate's curve is neither P-256 nor P-384";
	if (bits->n != want || bits->p[0] != 4)
		return "the certificate's point is not uncompressed";
	k->p = bits->p;
	k->n = bits->n;
	return NULL;
}

static const char *
rsa_key(struct pubkey *k, struct rd *bits)
{
	struct rd	 seq = der_in(bits, DER_SEQUENCE);
	struct rd	 n = der_unsigned(&seq), e = der_unsigned(&seq);

	if (seq.bad || bits->bad || seq.n > 0 || bits->n > 0)
		return "the certificate's RSA key is malformed";
	if (n.n < RSA_MIN || n.n > RSA_MAX || n.p[0] < 0x80)
		return "the certificate's RSA key is not of 2048 to 4096 bits";
	if (e.n > 4 || (e.p[e.n - 1] & 1) == 0 || (e.n == 1 && e.p[0] < 3))
		return "the certificate's RSA exponent is unusual";
	k->kind = KEY_RSA;
	k->p = n.p;
	k->n = n.n;
	k->e = e.p;
	k->elen = e.n;
	return NULL;
}

static const char *
read_spki(struct pubkey *k, struct rd *tbs)
{
	const uint8_t	*start = tbs->p;
	struct rd	 spki = der_in(tbs, DER_SEQUENCE);
	struct rd	 alg = der_in(&spki, DER_SEQUENCE);
	struct rd	 oid = der_in(&alg, DER_OID);
	struct rd	 bits = der_in(&spki, DER_BITS);

	if (tbs->bad || rd_u8(&bits) != 0 || bits.bad || bits.n == 0 ||
	    oid.bad || spki.n > 0)
		return "the certificate is malformed";
	k->spki = start;
	k->spkilen = (size_t)(tbs->p - start);
	if (is(&oid, oid_ec, sizeof(oid_ec)))
		return ec_key(k, &alg, &bits);
	if (is(&oid, oid_rsa, sizeof(oid_rsa)))
		return rsa_key(k, &bits);
	return "the certificate's key is neither EC nor RSA";
}

const char *
x509_key(struct pubkey *k, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);
	struct rd	 cert = der_in(&r, DER_SEQUENCE);
	struct rd	 tbs = der_in(&cert, DER_SEQUENCE);

	memset(k, 0, sizeof(*k));
	der_in(&cert, DER_SEQUENCE);		/* the signature's algorithm */
	der_in(&cert, DER_BITS);
	if (r.bad || r.n > 0 || cert.bad || cert.n > 0)
		return "the certificate is malformed";
	if (tbs.n > 0 && tbs.p[0] == DER_VERSION)
		der_skip(&tbs);
	der_in(&tbs, DER_INTEGER);		/* serial */
	der_in(&tbs, DER_SEQUENCE);		/* algorithm */
	der_in(&tbs, DER_SEQUENCE);		/* issuer */
	der_in(&tbs, DER_SEQUENCE);		/* validity */
	der_in(&tbs, DER_SEQUENCE);		/* subject */
	if (tbs.bad)
		return "the certificate is malformed";
	return read_spki(k, &tbs);
}
