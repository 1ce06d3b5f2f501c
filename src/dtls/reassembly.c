#include <stdlib.h>
#include <string.h>

#include "dtls/reassembly.h"

int
fragment_next(struct fragment *f, struct rd *r)
{
	f->type = rd_u8(r);
	f->total = rd_u24(r);
	f->seq = rd_u16(r);
	f->off = rd_u24(r);
	f->n = rd_u24(r);
	f->p = rd_span(r, f->n);
	return r->bad ? -1 : 0;
}

void
reasm_clear(struct reasm *r, size_t i)
{
	if (r->m[i].body != NULL)
		r->bytes -= r->m[i].n;
	free(r->m[i].body);
	memset(&r->m[i], 0, sizeof(r->m[i]));
}

void
reasm_fini(struct reasm *r)
{
	for (size_t i = 0; i < REASM_MESSAGES; i++)
		reasm_clear(r, i);
}

void
reasm_init(struct reasm *r, uint16_t base, size_t count)
{
	reasm_fini(r);
	r->base = base;
	r->count = count;
}

static bool
begin(struct reasm *r, struct message *m, const struct fragment *f)
{
	size_t	 map = (f->total + 7) / 8;

	if (r->bytes + f->total > REASM_BYTES)
		reasm_fini(r);
	m->body = calloc(1, f->total + map + 1);
	if (m->body == NULL)
		return false;
	m->map = m->body + f->total;
	m->type = f->type;
	m->seq = f->seq;
	m->n = f->total;
	r->bytes += f->total;
	return true;
}

static void
cover(struct message *m, uint32_t off, uint32_t n)
{
	for (; n > 0; off++, n--) {
		if (m->map[off / 8] >> off % 8 & 1)
			continue;
		m->map[off / 8] |= (uint8_t)(1 << off % 8);
		m->have++;
	}
}

bool
reasm_put(struct reasm *r, const struct fragment *f)
{
	size_t		 i = (uint16_t)(f->seq - r->base);
	struct message	*m;

	if (i >= r->count || f->total > REASM_BYTES || f->off > f->total ||
	    f->n > f->total - f->off)
		return false;
	m = &r->m[i];
	if (m->body != NULL && (m->type != f->type || m->n != f->total))
		reasm_clear(r, i);
	if (m->body == NULL && !begin(r, m, f))
		return false;
	if (f->n > 0)
		memcpy(m->body + f->off, f->p, f->n);
	cover(m, f->off, f->n);
	return true;
}

const struct message *
reasm_get(const struct reasm *r, size_t i)
{
	const struct message	*m = &r->m[i];

	return i < r->count && m->body != NULL && m->have == m->n ? m : NULL;
}
