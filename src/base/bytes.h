#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes somewhere else; never owned. */
struct span {
	uint8_t		*p;
	size_t		 n;
};

/*
 * A reader of bytes somebody else wrote. The first read past the end latches
 * bad and empties the reader, and from then on every read yields zero: parse
 * to the end, then ask once. Spans point into the bytes; nothing is copied.
 * Integers are big-endian.
 */
struct rd {
	const uint8_t	*p;
	size_t		 n;		/* bytes left */
	bool		 bad;
};

static inline struct rd
rd_of(const void *p, size_t n)
{
	struct rd	 r = { p, n, false };

	return r;
}

static inline const uint8_t *
rd_span(struct rd *r, size_t n)
{
	const uint8_t	*p = r->p;

	if (n > r->n) {
		r->bad = true;
		r->n = 0;
		return NULL;
	}
	if (n == 0)
		return p;	/* of nothing, p may be NULL: no sums with it */
	r->p += n;
	r->n -= n;
	return p;
}

static inline uint64_t
rd_uint(struct rd *r, size_t n)
{
	const uint8_t	*p = rd_span(r, n);
	uint64_t	 v = 0;

	for (size_t i = 0; p != NULL && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static inline uint8_t
rd_u8(struct rd *r)
{
	return (uint8_t)rd_uint(r, 1);
}

static inline uint16_t
rd_u16(struct rd *r)
{
	return (uint16_t)rd_uint(r, 2);
}

static inline uint32_t
rd_u24(struct rd *r)
{
	return (uint32_t)rd_uint(r, 3);
}

static inline uint32_t
rd_u32(struct rd *r)
{
	return (uint32_t)rd_uint(r, 4);
}

static inline uint64_t
rd_u48(struct rd *r)
{
	return rd_uint(r, 6);
}

static inline uint64_t
rd_u64(struct rd *r)
{
	return rd_uint(r, 8);
}

/* A reader of the next n bytes, which are skipped here; bad if too few. */
static inline struct rd
rd_sub(struct rd *r, size_t n)
{
	struct rd	 s = { NULL, 0, false };

	s.p = rd_span(r, n);
	s.bad = r->bad;
	s.n = s.bad ? 0 : n;
	return s;
}

/*
 * A writer that counts like snprintf(3): past the end it stops storing but
 * not counting, so n > cap means "did not fit, and this is what it takes".
 */
struct wr {
	uint8_t		*p;
	size_t		 n, cap;
};

static inline struct wr
wr_of(void *p, size_t cap)
{
	struct wr	 w = { p, 0, cap };

	return w;
}

static inline bool
wr_bad(const struct wr *w)
{
	return w->n > w->cap;
}

static inline void
wr_bytes(struct wr *w, const void *p, size_t n)
{
	if (n > 0 && w->n <= w->cap && n <= w->cap - w->n)
		memcpy(w->p + w->n, p, n);
	w->n += n;
}

static inline void
wr_uint(struct wr *w, uint64_t v, size_t n)
{
	uint8_t		 b[8];

	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)(v >> 8 * (n - 1 - i));
	wr_bytes(w, b, n);
}

static inline void
wr_u8(struct wr *w, uint8_t v)
{
	wr_uint(w, v, 1);
}

static inline void
wr_u16(struct wr *w, uint16_t v)
{
	wr_uint(w, v, 2);
}

static inline void
wr_u24(struct wr *w, uint32_t v)
{
	wr_uint(w, v, 3);
}

static inline void
wr_u32(struct wr *w, uint32_t v)
{
	wr_uint(w, v, 4);
}

static inline void
wr_u48(struct wr *w, uint64_t v)
{
	wr_uint(w, v, 6);
}

static inline void
wr_u64(struct wr *w, uint64_t v)
{
	wr_uint(w, v, 8);
}

static inline void
wr_str(struct wr *w, const char *s)
{
	wr_bytes(w, s, strlen(s));
}

/* Overwrite n bytes written before at offset at: a length known only later. */
static inline void
wr_patch(struct wr *w, size_t at, uint64_t v, size_t n)
{
	struct wr	 in;

	if (wr_bad(w) || at + n > w->n)
		return;
	in = wr_of(w->p + at, n);
	wr_uint(&in, v, n);
}

#endif
