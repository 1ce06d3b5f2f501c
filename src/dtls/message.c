/*
 * Bodies of handshake messages: RFC 5246 section 7.4, RFC 6347 section 4.3.2,
 * RFC 8422 (ECDHE), RFC 7627 (extended master secret), RFC 5746
 * (renegotiation_info), RFC 5764 (use_srtp). Extensions of TLS 1.3 in a
 * ClientHello (supported_versions, key_share) mean nothing to DTLS 1.2.
 */
#include "crypto/ecdh.h"
#include "dtls/message.h"
#include "dtls/record.h"

enum extension {
	EXT_GROUPS = 10,
	EXT_POINTS = 11,
	EXT_SIGNATURES = 13,
	EXT_SRTP = 14,
	EXT_EMS = 23,
	EXT_RENEGOTIATION = 0xff01,
};

enum { RENEGOTIATION_SCSV = 0x00ff, NAMED_CURVE = 3, CERT_RSA = 1,
	CERT_ECDSA = 64 };

const struct suite	 suites[SUITES] = {
	{ 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
	    AEAD_AES128_GCM, 4, false },
	{ 0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
	    AEAD_CHACHA20_POLY1305, 12, false },
	{ 0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
	    AEAD_AES128_GCM, 4, true },
	{ 0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
	    AEAD_CHACHA20_POLY1305, 12, true },
};

/*
 * Most wanted first. P-384 is here for peers whose certificate is on it, too:
 * openssl(1) shows none of a curve that is not in this list (RFC 8422 5.1.1).
 */
static const uint16_t	 groups[] = { ECDH_X25519, ECDH_P256, ECDH_P384 };

enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

/* The signatures we verify, most wanted first. */
static const struct {
	uint16_t	 id;
	enum digest_alg	 hash;
	bool		 rsa;
} schemes[] = {
	{ SIG_ECDSA_SHA256, DIGEST_SHA256, false },
	{ 0x0401, DIGEST_SHA256, true },
	{ 0x0503, DIGEST_SHA384, false },
	{ 0x0501, DIGEST_SHA384, true },
	{ 0x0603, DIGEST_SHA512, false },
	{ 0x0601, DIGEST_SHA512, true },
};
enum { SCHEMES = sizeof(schemes) / sizeof(schemes[0]) };

const struct suite *
suite_find(uint16_t id)
{
	for (size_t i = 0; i < SUITES; i++)
		if (suites[i].id == id)
			return &suites[i];
	return NULL;
}

/* Is v in a list of 16-bit numbers? */
static bool
lists(struct rd list, uint16_t v)
{
	bool	 found = false;

	while (list.n > 0)
		found |= rd_u16(&list) == v && !list.bad;
	return found;
}

bool
suite_offered(const struct client_hello *ch, uint16_t id)
{
	return lists(ch->suites, id);
}

int
scheme_read(uint16_t id, enum digest_alg *hash, bool *rsa)
{
	for (size_t i = 0; i < SCHEMES; i++)
		if (schemes[i].id == id) {
			*hash = schemes[i].hash;
			*rsa = schemes[i].rsa;
			return 0;
		}
	return -1;
}

static uint16_t
best_group(struct rd list)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (lists(list, groups[i]))
			return groups[i];
	return 0;
}

static int
client_extension(struct client_hello *ch, uint16_t type, struct rd *v)
{
	struct rd	 list;

	switch (type) {
	case EXT_GROUPS:
		list = rd_sub(v, rd_u16(v));
		ch->groups = true;
		ch->group = best_group(list);
		break;
	case EXT_SIGNATURES:
		list = rd_sub(v, rd_u16(v));
		ch->sigs = true;
		ch->ecdsa_sha256 = lists(list, SIG_ECDSA_SHA256);
		break;
	case EXT_SRTP:
		list = rd_sub(v, rd_u16(v));
		ch->srtp = true;
		ch->srtp_ours = lists(list, SRTP_AES128_CM_SHA1_80);
		break;
	case EXT_POINTS:
		ch->points = true;
		break;
	case EXT_EMS:
		ch->ems = true;
		break;
	case EXT_RENEGOTIATION:
		/* RFC 5746 3.6: empty in an initial handshake, else abort */
		if (rd_u8(v) != 0)
			return -1;
		ch->renegotiation = true;
		break;
	}
	return v->bad ? -1 : 0;
}

int
client_hello_decode(struct client_hello *ch, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n), methods, all, v;
	uint16_t	 type;

	memset(ch, 0, sizeof(*ch));
	ch->version = rd_u16(&r);
	ch->random = rd_span(&r, RANDOM);
	rd_sub(&r, rd_u8(&r));			/* session: we resume none */
	rd_sub(&r, rd_u8(&r));			/* cookie: we sent none */
	ch->suites = rd_sub(&r, rd_u16(&r));
	methods = rd_sub(&r, rd_u8(&r));
	while (methods.n > 0)
		ch->null_compression |= rd_u8(&methods) == 0;
	if (r.bad || ch->version >> 8 != 0xfe)
		return -1;
	ch->renegotiation = suite_offered(ch, RENEGOTIATION_SCSV);
	all = r.n > 0 ? rd_sub(&r, rd_u16(&r)) : r;
	while (all.n > 0) {
		type = rd_u16(&all);
		v = rd_sub(&all, rd_u16(&all));
		if (client_extension(ch, type, &v) == -1)
			return -1;
	}
	return r.bad || all.bad || r.n > 0 ? -1 : 0;
}

static int
server_extension(struct server_hello *sh, uint16_t type, struct rd *v)
{
	struct rd	 list;
	uint8_t		 mki;

	switch (type) {
	case EXT_SRTP:
		list = rd_sub(v, rd_u16(v));
		mki = rd_u8(v);
		sh->srtp = true;
		sh->srtp_ours = list.n == 2 && mki == 0 &&
		    rd_u16(&list) == SRTP_AES128_CM_SHA1_80;
		break;
	case EXT_EMS:
		sh->ems = true;
		break;
	case EXT_RENEGOTIATION:
		if (rd_u8(v) != 0)
			return -1;
		break;
	case EXT_POINTS:
		rd_span(v, v->n);
		break;
	default:
		return -1;		/* we did not offer it */
	}
	return v->bad || v->n > 0 ? -1 : 0;
}

int
server_hello_decode(struct server_hello *sh, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n), all, v;
	uint16_t	 type;
	uint8_t		 compression;

	memset(sh, 0, sizeof(*sh));
	sh->version = rd_u16(&r);
	sh->random = rd_span(&r, RANDOM);
	rd_sub(&r, rd_u8(&r));
	sh->suite = rd_u16(&r);
	compression = rd_u8(&r);
	if (r.bad || compression != 0)
		return -1;
	all = r.n > 0 ? rd_sub(&r, rd_u16(&r)) : r;
	while (all.n > 0) {
		type = rd_u16(&all);
		v = rd_sub(&all, rd_u16(&all));
		if (server_extension(sh, type, &v) == -1)
			return -1;
	}
	return r.bad || all.bad || r.n > 0 ? -1 : 0;
}

int
verify_request_decode(struct rd *cookie, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);
	uint16_t	 version = rd_u16(&r);

	*cookie = rd_sub(&r, rd_u8(&r));
	return r.bad || r.n > 0 || version >> 8 != 0xfe ? -1 : 0;
}

int
certificate_decode(struct rd *first, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n), list;

	list = rd_sub(&r, rd_u24(&r));
	if (r.bad || r.n > 0)
		return -1;
	*first = list;
	if (list.n == 0)
		return 0;
	*first = rd_sub(&list, rd_u24(&list));
	while (list.n > 0)
		rd_sub(&list, rd_u24(&list));
	return list.bad ? -1 : 0;
}

static int
read_signature(struct key_exchange *k, struct rd *r)
{
	k->scheme = rd_u16(r);
	k->siglen = rd_u16(r);
	k->sig = rd_span(r, k->siglen);
	return r->bad || r->n > 0 ? -1 : 0;
}

int
key_exchange_decode(struct key_exchange *k, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);

	if (rd_u8(&r) != NAMED_CURVE)
		return -1;
	k->group = rd_u16(&r);
	k->pointlen = rd_u8(&r);
	k->point = rd_span(&r, k->pointlen);
	k->params.p = (uint8_t *)p;
	k->params.n = 4 + k->pointlen;
	return read_signature(k, &r);
}

int
certificate_verify_decode(struct key_exchange *k, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);

	return read_signature(k, &r);
}

int
certificate_request_decode(struct request *q, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n), types, sigs;

	types = rd_sub(&r, rd_u8(&r));
	sigs = rd_sub(&r, rd_u16(&r));
	rd_sub(&r, rd_u16(&r));			/* authorities: none of ours */
	q->ecdsa = false;
	while (types.n > 0)
		q->ecdsa |= rd_u8(&types) == CERT_ECDSA;
	q->ecdsa_sha256 = lists(sigs, SIG_ECDSA_SHA256);
	return r.bad || r.n > 0 ? -1 : 0;
}

int
client_key_decode(struct rd *point, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);

	*point = rd_sub(&r, rd_u8(&r));
	return r.bad || r.n > 0 ? -1 : 0;
}

/* Begin a vector whose length takes n bytes; end_vec fills it in. */
static size_t
begin_vec(struct wr *w, size_t n)
{
	wr_uint(w, 0, n);
	return w->n;
}

static void
end_vec(struct wr *w, size_t start, size_t n)
{
	wr_patch(w, start - n, w->n - start, n);
}

static void
put_empty(struct wr *w, uint16_t type)
{
	wr_u16(w, type);
	wr_u16(w, 0);
}

static void
put_srtp(struct wr *w)
{
	wr_u16(w, EXT_SRTP);
	wr_u16(w, 5);
	wr_u16(w, 2);
	wr_u16(w, SRTP_AES128_CM_SHA1_80);
	wr_u8(w, 0);				/* no MKI */
}

static void
put_renegotiation(struct wr *w)
{
	wr_u16(w, EXT_RENEGOTIATION);
	wr_u16(w, 1);
	wr_u8(w, 0);
}

static void
put_points(struct wr *w)
{
	wr_u16(w, EXT_POINTS);
	wr_u16(w, 2);
	wr_u16(w, 0x0100);			/* one: uncompressed */
}

static void
put_schemes(struct wr *w)
{
	wr_u16(w, 2 * SCHEMES);
	for (size_t i = 0; i < SCHEMES; i++)
		wr_u16(w, schemes[i].id);
}

void
client_hello_encode(struct wr *w, const uint8_t random[RANDOM],
    const uint8_t *cookie, size_t cookielen)
{
	size_t	 all;

	wr_u16(w, DTLS_1_2);
	wr_bytes(w, random, RANDOM);
	wr_u8(w, 0);				/* no session */
	wr_u8(w, (uint8_t)cookielen);
	wr_bytes(w, cookie, cookielen);
	wr_u16(w, 2 * SUITES);
	for (size_t i = 0; i < SUITES; i++)
		wr_u16(w, suites[i].id);
	wr_u16(w, 0x0100);			/* one method: null */

	all = begin_vec(w, 2);
	put_empty(w, EXT_EMS);
	put_renegotiation(w);
	wr_u16(w, EXT_GROUPS);
	wr_u16(w, 2 + 2 * GROUPS);
	wr_u16(w, 2 * GROUPS);
	for (size_t i = 0; i < GROUPS; i++)
		wr_u16(w, groups[i]);
	put_points(w);
	wr_u16(w, EXT_SIGNATURES);
	wr_u16(w, 2 + 2 * SCHEMES);
	put_schemes(w);
	put_srtp(w);
	end_vec(w, all, 2);
}

void
server_hello_encode(struct wr *w, const uint8_t random[RANDOM],
    uint16_t suite, const struct client_hello *ch)
{
	size_t	 all;

	wr_u16(w, DTLS_1_2);
	wr_bytes(w, random, RANDOM);
	wr_u8(w, 0);
	wr_u16(w, suite);
	wr_u8(w, 0);
	all = begin_vec(w, 2);
	put_empty(w, EXT_EMS);
	if (ch->renegotiation)
		put_renegotiation(w);
	if (ch->points)
		put_points(w);
	put_srtp(w);
	end_vec(w, all, 2);
}

void
certificate_encode(struct wr *w, struct span der)
{
	wr_u24(w, (uint32_t)der.n + 3);
	wr_u24(w, (uint32_t)der.n);
	wr_bytes(w, der.p, der.n);
}

void
key_params_encode(struct wr *w, uint16_t group, const uint8_t *point, size_t n)
{
	wr_u8(w, NAMED_CURVE);
	wr_u16(w, group);
	client_key_encode(w, point, n);
}

void
signature_encode(struct wr *w, const uint8_t *sig, size_t n)
{
	wr_u16(w, SIG_ECDSA_SHA256);
	wr_u16(w, (uint16_t)n);
	wr_bytes(w, sig, n);
}

void
certificate_request_encode(struct wr *w)
{
	wr_u8(w, 2);
	wr_u8(w, CERT_ECDSA);
	wr_u8(w, CERT_RSA);
	put_schemes(w);
	wr_u16(w, 0);				/* no authorities */
}

void
client_key_encode(struct wr *w, const uint8_t *point, size_t n)
{
	wr_u8(w, (uint8_t)n);
	wr_bytes(w, point, n);
}
