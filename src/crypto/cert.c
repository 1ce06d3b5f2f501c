/*
 * Our certificate: X.509 v3 (RFC 5280 section 4.1) without extensions, issued
 * by "hotlink" to itself. Everything in it follows from the key. The serial
 * number does too, because NSS refuses a second certificate with the issuer
 * and serial number of one it has seen. Nobody checks the dates of a
 * certificate that is known by its fingerprint; these are always right.
 *
 * About 280 bytes: 65 of point, at most 72 of signature, 50 of names, the
 * rest object identifiers and lengths.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/cert.h"
#include "crypto/ecdh.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "crypto/sign.h"

enum { DER_MAX = 350 };

struct cert {
	uint8_t	 scalar[32];
	uint8_t	 der[DER_MAX];
	size_t	 n;
	uint8_t	 fingerprint[32], key_id[32];
};

/* AlgorithmIdentifier ecdsa-with-SHA256 */
static const uint8_t	 ecdsa_sha256[] = {
	0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02
};

/* Name: commonName "hotlink" */
static const uint8_t	 name[] = {
	0x30, 0x12, 0x31, 0x10, 0x30, 0x0e, 0x06, 0x03, 0x55, 0x04, 0x03,
	0x0c, 0x07, 'h', 'o', 't', 'l', 'i', 'n', 'k'
};

/* Validity: 2020-01-01 to 2049-12-31, the last that UTCTime can say */
static const uint8_t	 validity[] = {
	0x30, 0x1e,
	0x17, 0x0d, '2', '0', '0', '1', '0', '1',
	    '0', '0', '0', '0', '0', '0', 'Z',
	0x17, 0x0d, '4', '9', '1', '2', '3', '1',
	    '2', '3', '5', '9', '5', '9', 'Z',
};

/* SubjectPublicKeyInfo of an uncompressed P-256 point, up to the point */
static const uint8_t	 spki[] = {
	0x30, 0x59, 0x30, 0x13,
	0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
	0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
	0x03, 0x42, 0x00
};

/* Begin a SEQUENCE of 128 to 255 bytes; end_seq writes its length. */
static size_t
begin_seq(struct wr *w)
{
	wr_u8(w, 0x30);
	wr_u8(w, 0x81);
	wr_u8(w, 0);
	return w->n;
}

static void
end_seq(struct wr *w, size_t start)
{
	wr_patch(w, start - 1, w->n - start, 1);
}

static void
write_tbs(struct wr *w, const uint8_t point[P256_POINT])
{
	uint8_t		 serial[32];
	size_t		 seq = begin_seq(w);

	sha256(serial, point, P256_POINT);
	serial[0] = (serial[0] & 0x3f) | 0x40;	/* positive and minimal */
	wr_bytes(w, "\xa0\x03\x02\x01\x02", 5);	/* version 3 */
	wr_u16(w, 0x0208);			/* INTEGER of 8 bytes */
	wr_bytes(w, serial, 8);
	wr_bytes(w, ecdsa_sha256, sizeof(ecdsa_sha256));
	wr_bytes(w, name, sizeof(name));
	wr_bytes(w, validity, sizeof(validity));
	wr_bytes(w, name, sizeof(name));
	wr_bytes(w, spki, sizeof(spki));
	wr_bytes(w, point, P256_POINT);
	end_seq(w, seq);
}

static void
write_cert(struct cert *c, const uint8_t point[P256_POINT])
{
	uint8_t		 tbs[256], hash[32], sig[SIGN_MAX];
	struct wr	 t = wr_of(tbs, sizeof(tbs));
	struct wr	 w = wr_of(c->der, sizeof(c->der));
	size_t		 n;

	write_tbs(&t, point);
	sha256(hash, tbs, t.n);
	n = ecdsa_sign(c->scalar, hash, sig);

	wr_u16(&w, 0x3082);
	wr_u16(&w, (uint16_t)(t.n + sizeof(ecdsa_sha256) + 3 + n));
	wr_bytes(&w, tbs, t.n);
	wr_bytes(&w, ecdsa_sha256, sizeof(ecdsa_sha256));
	wr_u8(&w, 0x03);
	wr_u8(&w, (uint8_t)(n + 1));
	wr_u8(&w, 0);
	wr_bytes(&w, sig, n);
	c->n = w.n;
}

struct cert *
cert_from_scalar(const uint8_t scalar[32])
{
	struct cert	*c;
	uint8_t		 point[P256_POINT], info[sizeof(spki) + P256_POINT];

	if (!p256_valid(scalar) || (c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	memcpy(c->scalar, scalar, 32);
	p256_public(scalar, point);
	write_cert(c, point);
	sha256(c->fingerprint, c->der, c->n);
	memcpy(info, spki, sizeof(spki));
	memcpy(info + sizeof(spki), point, P256_POINT);
	sha256(c->key_id, info, sizeof(info));
	return c;
}

struct cert *
cert_new(struct rng *rng)
{
	uint8_t		 scalar[32];
	struct cert	*c;

	p256_scalar(rng, scalar);
	c = cert_from_scalar(scalar);
	wipe(scalar, sizeof(scalar));
	return c;
}

void
cert_free(struct cert *c)
{
	if (c == NULL)
		return;
	wipe(c, sizeof(*c));
	free(c);
}

void
cert_scalar(const struct cert *c, uint8_t scalar[32])
{
	memcpy(scalar, c->scalar, 32);
}

struct span
cert_der(const struct cert *c)
{
	struct span	 s = { (uint8_t *)c->der, c->n };

	return s;
}

void
cert_fingerprint(const struct cert *c, uint8_t fp[32])
{
	memcpy(fp, c->fingerprint, 32);
}

void
cert_key_id(const struct cert *c, uint8_t id[32])
{
	memcpy(id, c->key_id, 32);
}

size_t
cert_sign(const struct cert *c, const uint8_t hash[32], uint8_t sig[CERT_SIG])
{
	return ecdsa_sign(c->scalar, hash, sig);
}
