#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "crypto/hash.h"
#include "ice/stun.h"

/*
 * RFC 8489: header (5), attributes (14), MESSAGE-INTEGRITY (14.5) and
 * FINGERPRINT (14.7); those of ICE are in RFC 8445 16.1,
 * those of TURN in RFC 8656 18.
 * Integrity covers the header with the length as if the integrity attribute
 * were the last one, and everything before that attribute.
 */
enum {
	COOKIE = 0x2112a442,
	FINGERPRINT_XOR = 0x5354554e,
	INTEGRITY_LEN = 20,
	ATTR_HEADER = 4,
};

enum {
	A_MAPPED	= 0x0001,
	A_SOURCE	= 0x0004,	/* these three are of RFC 3489, */
	A_CHANGED	= 0x0005,	/* and some servers have them still */
	A_USERNAME	= 0x0006,
	A_INTEGRITY	= 0x0008,
	A_ERROR		= 0x0009,
	A_UNKNOWN	= 0x000a,
	A_REFLECTED	= 0x000b,
	A_CHANNEL	= 0x000c,
	A_LIFETIME	= 0x000d,
	A_PEER		= 0x0012,
	A_DATA		= 0x0013,
	A_REALM		= 0x0014,
	A_NONCE		= 0x0015,
	A_RELAYED	= 0x0016,
	A_FAMILY	= 0x0017,
	A_TRANSPORT	= 0x0019,
	A_INTEGRITY256	= 0x001c,
	A_XOR_MAPPED	= 0x0020,
	A_PRIORITY	= 0x0024,
	A_USE_CANDIDATE	= 0x0025,
	A_OPTIONAL	= 0x8000,	/* and above: ignored if unknown */
	A_DOMAIN	= 0x8003,	/* of the alternate */
	A_SOFTWARE	= 0x8022,
	A_ALTERNATE	= 0x8023,
	A_PADDING	= 0x0026,
	A_FINGERPRINT	= 0x8028,
	A_CONTROLLED	= 0x8029,
	A_CONTROLLING	= 0x802a,
};

static size_t
padding(size_t n)
{
	return (4 - n % 4) % 4;
}

/* XOR with the cookie and, for IPv6, the transaction id: RFC 8489 14.2. */
static void
mask(struct addr *a, const uint8_t *tid)
{
	uint8_t	 key[16] = { 0x21, 0x12, 0xa4, 0x42 };

	memcpy(key + 4, tid, STUN_TID);
	a->port ^= COOKIE >> 16;
	for (int i = 0; i < (a->family == 4 ? 4 : 16); i++)
		a->ip[i] ^= key[i];
}

static void
get_address(struct addr *a, struct rd *v)
{
	const uint8_t	*ip;
	size_t		 n;
	uint8_t		 family;

	memset(a, 0, sizeof(*a));
	rd_u8(v);
	family = rd_u8(v);
	a->port = rd_u16(v);
	n = family == 2 ? 16 : 4;
	ip = rd_span(v, n);
	if (ip == NULL || (family != 1 && family != 2) || v->n != 0) {
		v->bad = true;
		return;
	}
	a->family = family == 2 ? 6 : 4;
	memcpy(a->ip, ip, n);
}

static void
get_text(struct stun_text *t, struct rd *v)
{
	static const uint8_t	 none;

	t->n = v->n;
	t->p = v->n > 0 ? rd_span(v, v->n) : &none;
}

static void
get_error(struct stun *m, struct rd *v)
{
	uint8_t	 class, number;

	rd_u16(v);
	class = rd_u8(v) & 7;
	number = rd_u8(v);
	m->error = (uint16_t)(class * 100 + number);
	if (class < 3 || class > 6 || number > 99)
		v->bad = true;
}

static void
get_role(struct stun *m, enum stun_role role, struct rd *v)
{
	m->role = role;
	m->tiebreaker = rd_u64(v);
}

/* True: it is one of TURN's (RFC 8656 18). */
static bool
get_turn(struct stun *m, uint16_t type, struct rd *v)
{
	switch (type) {
	case A_CHANNEL:
		m->channel = rd_u16(v);
		break;
	case A_LIFETIME:
		m->has_lifetime = true;
		m->lifetime = rd_u32(v);
		break;
	case A_PEER:
		get_address(&m->peer, v);
		mask(&m->peer, m->tid);
		break;
	case A_RELAYED:
		get_address(&m->relayed, v);
		mask(&m->relayed, m->tid);
		break;
	case A_DATA:
		get_text(&m->data, v);
		break;
	case A_FAMILY:
		m->family = rd_u8(v) == 2 ? 6 : 4;
		break;
	case A_TRANSPORT:
		m->transport = rd_u8(v);
		break;
	default:
		return false;
	}
	return true;
}

static void
get_attribute(struct stun *m, uint16_t type, struct rd *v)
{
	switch (type) {
	case A_USERNAME:
		get_text(&m->username, v);
		break;
	case A_REALM:
		get_text(&m->realm, v);
		break;
	case A_NONCE:
		get_text(&m->nonce, v);
		break;
	case A_SOFTWARE:
		get_text(&m->software, v);
		break;
	case A_ERROR:
		get_error(m, v);
		break;
	case A_ALTERNATE:		/* not masked: 14.15 */
		get_address(&m->alternate, v);
		break;
	case A_DOMAIN:
		get_text(&m->domain, v);
		break;
	case A_XOR_MAPPED:
		get_address(&m->mapped, v);
		mask(&m->mapped, m->tid);
		break;
	case A_PRIORITY:
		m->has_priority = true;
		m->priority = rd_u32(v);
		break;
	case A_USE_CANDIDATE:
		m->use_candidate = true;
		break;
	case A_CONTROLLED:
		get_role(m, STUN_CONTROLLED, v);
		break;
	case A_CONTROLLING:
		get_role(m, STUN_CONTROLLING, v);
		break;
	case A_MAPPED:			/* a NAT may have meddled with it */
	case A_SOURCE:
	case A_CHANGED:
	case A_REFLECTED:
	case A_UNKNOWN:
	case A_INTEGRITY256:
		break;
	default:
		if (!get_turn(m, type, v) && type < A_OPTIONAL &&
		    m->nunknown < STUN_UNKNOWN)
			m->unknown[m->nunknown++] = type;
	}
}

/* FINGERPRINT at offset at: it must be the last, and right. */
static void
get_fingerprint(struct stun *m, size_t at, const struct rd *r, struct rd *v)
{
	uint32_t	 want = crc32_of(m->raw, at) ^ FINGERPRINT_XOR;

	m->fingerprint = rd_u32(v) == want && v->n == 0 && r->n == 0;
	if (!m->fingerprint)
		v->bad = true;
}

static int
get_header(struct stun *m, struct rd *r)
{
	uint16_t	 type = rd_u16(r), n = rd_u16(r);
	uint32_t	 cookie = rd_u32(r);
	const uint8_t	*tid = rd_span(r, STUN_TID);

	if (r->bad || type > 0x3fff || cookie != COOKIE || r->n != n ||
	    n % 4 != 0)
		return -1;
	m->class = (enum stun_class)(type & 0x110);
	m->method = (uint16_t)((type & 0xf) | (type & 0xe0) >> 1 |
	    (type & 0x3e00) >> 2);
	memcpy(m->tid, tid, STUN_TID);
	return 0;
}

int
stun_decode(struct stun *m, const uint8_t *buf, size_t len)
{
	struct rd	 r = rd_of(buf, len), v;
	uint16_t	 type, n;
	size_t		 at;

	memset(m, 0, sizeof(*m));
	m->raw = buf;
	if (get_header(m, &r) == -1)
		return -1;
	while (r.n > 0) {
		at = len - r.n;
		type = rd_u16(&r);
		n = rd_u16(&r);
		v = rd_sub(&r, n);
		rd_span(&r, padding(n));
		if (r.bad)
			return -1;
		if (type == A_FINGERPRINT)
			get_fingerprint(m, at, &r, &v);
		else if (m->integrity != 0)
			continue;
		else if (type == A_INTEGRITY) {
			m->integrity = at;
			v.bad = n != INTEGRITY_LEN;
		} else
			get_attribute(m, type, &v);
		if (v.bad)
			return -1;
	}
	return 0;
}

bool
stun_succeeds(const struct stun *m)
{
	return m->class == STUN_SUCCESS && m->nunknown == 0;
}

/*
 * The MAC of the n bytes before an integrity attribute. The length field must
 * count that attribute, whatever follows it, so the bytes are copied.
 */
static void
integrity_of(uint8_t mac[INTEGRITY_LEN], const uint8_t *p, size_t n,
    const void *key, size_t keylen)
{
	uint8_t		 copy[2048];
	struct wr	 w = wr_of(copy, sizeof(copy));

	wr_bytes(&w, p, n);
	wr_patch(&w, 2, n + ATTR_HEADER + INTEGRITY_LEN - STUN_HEADER, 2);
	hmac_sha1(mac, key, keylen, copy, n);
}

bool
stun_verify(const struct stun *m, const void *key, size_t keylen)
{
	uint8_t	 mac[INTEGRITY_LEN];

	if (m->integrity == 0 || m->integrity > 2048)
		return false;
	integrity_of(mac, m->raw, m->integrity, key, keylen);
	return same_bytes(mac, m->raw + m->integrity + ATTR_HEADER,
	    sizeof(mac));
}

static void
put_header(struct wr *w, uint16_t type, size_t n)
{
	wr_u16(w, type);
	wr_u16(w, (uint16_t)n);
}

static void
put_text(struct wr *w, uint16_t type, const struct stun_text *t)
{
	if (t->p == NULL)
		return;
	put_header(w, type, t->n);
	wr_bytes(w, t->p, t->n);
	wr_uint(w, 0, padding(t->n));
}

static void
put_address(struct wr *w, uint16_t type, const struct stun *m, struct addr a)
{
	size_t		 n = a.family == 4 ? 4 : 16;

	if (a.family == 0)
		return;
	mask(&a, m->tid);
	put_header(w, type, 4 + n);
	wr_u16(w, a.family == 4 ? 1 : 2);
	wr_u16(w, a.port);
	wr_bytes(w, a.ip, n);
}

static void
put_turn(struct wr *w, const struct stun *m)
{
	if (m->channel != 0) {
		put_header(w, A_CHANNEL, 4);
		wr_u32(w, (uint32_t)m->channel << 16);
	}
	if (m->has_lifetime) {
		put_header(w, A_LIFETIME, 4);
		wr_u32(w, m->lifetime);
	}
	if (m->family != 0) {
		put_header(w, A_FAMILY, 4);
		wr_u32(w, m->family == 6 ? 2u << 24 : 1u << 24);
	}
	if (m->transport != 0) {
		put_header(w, A_TRANSPORT, 4);
		wr_u32(w, (uint32_t)m->transport << 24);
	}
	put_address(w, A_PEER, m, m->peer);
	put_address(w, A_RELAYED, m, m->relayed);
	put_text(w, A_DATA, &m->data);
}

static void
put_error(struct wr *w, const struct stun *m)
{
	struct addr	 clear = m->alternate;

	if (m->error != 0) {
		put_header(w, A_ERROR, 4);
		wr_u16(w, 0);
		wr_u8(w, (uint8_t)(m->error / 100));
		wr_u8(w, (uint8_t)(m->error % 100));
	}
	if (m->nunknown > 0) {
		put_header(w, A_UNKNOWN, m->nunknown * 2);
		for (size_t i = 0; i < m->nunknown; i++)
			wr_u16(w, m->unknown[i]);
		wr_uint(w, 0, padding(m->nunknown * 2));
	}
	mask(&clear, m->tid);		/* and put_address once more */
	put_address(w, A_ALTERNATE, m, clear);
	put_text(w, A_DOMAIN, &m->domain);
}

static void
put_check(struct wr *w, const struct stun *m)
{
	if (m->has_priority) {
		put_header(w, A_PRIORITY, 4);
		wr_u32(w, m->priority);
	}
	if (m->use_candidate)
		put_header(w, A_USE_CANDIDATE, 0);
	if (m->role != STUN_NO_ROLE) {
		put_header(w, m->role == STUN_CONTROLLING ? A_CONTROLLING :
		    A_CONTROLLED, 8);
		wr_u64(w, m->tiebreaker);
	}
}

static void
put_integrity(struct wr *w, const void *key, size_t keylen)
{
	uint8_t	 mac[INTEGRITY_LEN];

	if (wr_bad(w) || w->n > 2048)
		return;
	integrity_of(mac, w->p, w->n, key, keylen);
	put_header(w, A_INTEGRITY, sizeof(mac));
	wr_bytes(w, mac, sizeof(mac));
}

/* Behind the integrity it concerns nobody (RFC 8489 14.5; RFC 5780 7.6). */
static void
put_padding(struct wr *w, size_t filled, bool fingerprint)
{
	size_t	 n = w->n + ATTR_HEADER + (fingerprint ? ATTR_HEADER + 4 : 0);

	if (n >= filled)
		return;
	put_header(w, A_PADDING, filled - n);
	for (; n < filled && !wr_bad(w); n += 4)
		wr_u32(w, 0);
}

static void
put_fingerprint(struct wr *w)
{
	wr_patch(w, 2, w->n + ATTR_HEADER + 4 - STUN_HEADER, 2);
	if (wr_bad(w))
		return;
	put_header(w, A_FINGERPRINT, 4);
	wr_u32(w, crc32_of(w->p, w->n - ATTR_HEADER) ^ FINGERPRINT_XOR);
}

size_t
stun_encode(const struct stun *m, const void *key, size_t keylen,
    bool fingerprint, uint8_t *buf, size_t cap)
{
	struct wr	 w = wr_of(buf, cap);

	wr_u16(&w, (uint16_t)(m->class | (m->method & 0xf) |
	    (m->method & 0x70) << 1 | (m->method & 0xf80) << 2));
	wr_u16(&w, 0);
	wr_u32(&w, COOKIE);
	wr_bytes(&w, m->tid, STUN_TID);
	put_text(&w, A_SOFTWARE, &m->software);
	put_check(&w, m);
	put_text(&w, A_USERNAME, &m->username);
	put_text(&w, A_NONCE, &m->nonce);
	put_text(&w, A_REALM, &m->realm);
	put_address(&w, A_XOR_MAPPED, m, m->mapped);
	put_turn(&w, m);
	put_error(&w, m);
	if (key != NULL)
		put_integrity(&w, key, keylen);
	put_padding(&w, m->filled, fingerprint);
	wr_patch(&w, 2, w.n - STUN_HEADER, 2);
	if (fingerprint)
		put_fingerprint(&w);
	return wr_bad(&w) ? 0 : w.n;
}
