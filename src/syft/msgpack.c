#include "syft/msgpack.h"

/* The first byte of an item where it is not a small value itself. */
enum {
	FIXMAP = 0x80, FIXARRAY = 0x90, FIXSTR = 0xa0,
	NIL = 0xc0, NEVER_USED = 0xc1, FALSE_ = 0xc2, TRUE_ = 0xc3,
	BIN8 = 0xc4, BIN32 = 0xc6, EXT8 = 0xc7, EXT32 = 0xc9,
	FLOAT32 = 0xca, FLOAT64 = 0xcb,
	UINT8 = 0xcc, UINT64 = 0xcf, INT8 = 0xd0, INT64 = 0xd3,
	FIXEXT1 = 0xd4, FIXEXT16 = 0xd8,
	STR8 = 0xd9, STR32 = 0xdb, ARRAY16 = 0xdc, ARRAY32 = 0xdd,
	MAP16 = 0xde, MAP32 = 0xdf,
	NEGATIVE_FIXINT = 0xe0,
};

static struct mp
item(enum mp_kind kind, uint64_t u)
{
	struct mp	 m = { kind, u, { NULL, 0 } };

	return m;
}

static struct mp
bytes(struct rd *r, enum mp_kind kind, uint64_t n)
{
	struct mp	 m = item(kind, 0);

	/* An absurd length must not become a small one where size_t is. */
	m.bytes.n = n > r->n ? r->n + 1 : (size_t)n;
	m.bytes.p = (uint8_t *)(uintptr_t)rd_span(r, m.bytes.n);
	return m;
}

static struct mp
other(struct rd *r, uint64_t n)
{
	struct mp	 m = bytes(r, MP_OTHER, n);

	m.bytes.n = 0;
	return m;
}

/* Each element takes a byte at least: no loop is longer than the input. */
static struct mp
elements(struct rd *r, enum mp_kind kind, uint64_t n)
{
	uint64_t	 each = kind == MP_MAP ? 2 : 1;

	if (n > r->n / each) {
		r->bad = true;
		r->n = 0;
	}
	return item(kind, n);
}

static struct mp
signed_int(struct rd *r, size_t width)
{
	uint64_t	 v = rd_uint(r, width);

	if ((v >> (8 * width - 1) & 1) != 0)
		return item(MP_OTHER, 0);
	return item(MP_UINT, v);
}

static struct mp
small(struct rd *r, uint8_t b)
{
	if (b < FIXMAP)
		return item(MP_UINT, b);
	if (b >= NEGATIVE_FIXINT)
		return item(MP_OTHER, 0);
	if (b < FIXARRAY)
		return elements(r, MP_MAP, b & 0x0f);
	if (b < FIXSTR)
		return elements(r, MP_ARRAY, b & 0x0f);
	return bytes(r, MP_STR, b & 0x1f);
}

static struct mp
large(struct rd *r, uint8_t b)
{
	if (b >= BIN8 && b <= BIN32)
		return bytes(r, MP_BIN, rd_uint(r, 1U << (b - BIN8)));
	if (b >= EXT8 && b <= EXT32)
		return other(r, rd_uint(r, 1U << (b - EXT8)) + 1);
	if (b >= UINT8 && b <= UINT64)
		return item(MP_UINT, rd_uint(r, 1U << (b - UINT8)));
	if (b >= INT8 && b <= INT64)
		return signed_int(r, 1U << (b - INT8));
	if (b >= FIXEXT1 && b <= FIXEXT16)
		return other(r, 1 + (1U << (b - FIXEXT1)));
	if (b >= STR8 && b <= STR32)
		return bytes(r, MP_STR, rd_uint(r, 1U << (b - STR8)));
	if (b == ARRAY16 || b == ARRAY32)
		return elements(r, MP_ARRAY, rd_uint(r, b == ARRAY16 ? 2 : 4));
	return elements(r, MP_MAP, rd_uint(r, b == MAP16 ? 2 : 4));
}

static struct mp
any(struct rd *r, uint8_t b)
{
	if (b < NIL || b >= NEGATIVE_FIXINT)
		return small(r, b);
	switch (b) {
	case NIL:
		return item(MP_NIL, 0);
	case NEVER_USED:
		r->bad = true;
		r->n = 0;
		return item(MP_NONE, 0);
	case FALSE_:
	case TRUE_:
		return item(MP_OTHER, 0);
	case FLOAT32:
		return other(r, 4);
	case FLOAT64:
		return other(r, 8);
	default:
		return large(r, b);
	}
}

struct mp
mp_next(struct rd *r)
{
	struct mp	 m = item(MP_NONE, 0);
	uint8_t		 b = rd_u8(r);

	if (!r->bad)
		m = any(r, b);
	return r->bad ? item(MP_NONE, 0) : m;
}

static uint64_t
children(const struct mp *m)
{
	return m->kind == MP_MAP ? 2 * m->u : m->kind == MP_ARRAY ? m->u : 0;
}

void
mp_skip(struct rd *r, const struct mp *m)
{
	struct mp	 in;

	/* Sums of counts that each fit the input cannot overflow 64 bits. */
	for (uint64_t left = children(m); left > 0 && !r->bad; left--) {
		in = mp_next(r);
		left += children(&in);
	}
}

/* A length behind the first of up to three codes, for 1, 2 and 4 bytes. */
static void
head(struct wr *w, uint8_t code8, size_t n)
{
	size_t		 log = n < 1 << 8 ? 0 : n < 1 << 16 ? 1 : 2;

	wr_u8(w, (uint8_t)(code8 + log));
	wr_uint(w, n, (size_t)1 << log);
}

void
mp_map(struct wr *w, size_t pairs)
{
	wr_u8(w, (uint8_t)(FIXMAP | pairs));
}

void
mp_uint(struct wr *w, uint64_t v)
{
	if (v < FIXMAP)
		wr_u8(w, (uint8_t)v);
	else if (v >> 32 == 0)
		head(w, UINT8, (size_t)v);
	else {
		wr_u8(w, UINT64);
		wr_u64(w, v);
	}
}

void
mp_str(struct wr *w, struct span s)
{
	if (s.n < 32)
		wr_u8(w, (uint8_t)(FIXSTR | s.n));
	else
		head(w, STR8, s.n);
	wr_bytes(w, s.p, s.n);
}

void
mp_bin_head(struct wr *w, size_t n)
{
	head(w, BIN8, n);
}

void
mp_bin(struct wr *w, struct span s)
{
	mp_bin_head(w, s.n);
	wr_bytes(w, s.p, s.n);
}
