#include <errno.h>
#include <stdlib.h>

#include "base/crc.h"
#include "sctp/out.h"
#include "sctp/packet.h"

enum {
	OUTS = 1024,		/* associations of one process */
	STASH = 32768,		/* two of the largest packets */
	SPARE = 8,		/* datagrams DATA leaves to control chunks */
	SMALL = 256,		/* what is smaller may have the spare ones */
	HEADER = 12, CHUNK = 4,
	TAG = 4, SUM = 8,	/* where the header has them */
	DATA = 0,		/* chunk type */
};

static struct out	*table[OUTS];
static uintptr_t	 last;

int
out_init(struct out *o)
{
	memset(o, 0, sizeof(*o));
	for (size_t i = 0; i < OUTS; i++)
		if (table[++last % OUTS] == NULL)
			break;
	if (last == 0 || table[last % OUTS] != NULL)
		return -1;
	o->stash = malloc(STASH);
	if (o->stash == NULL)
		return -1;
	o->id = last;
	table[last % OUTS] = o;
	return 0;
}

void
out_fini(struct out *o)
{
	if (o->id != 0)
		table[o->id % OUTS] = NULL;
	free(o->stash);
	o->stash = NULL;
	o->id = 0;
}

struct out *
out_find(uintptr_t id)
{
	struct out	*o = table[id % OUTS];

	return o != NULL && o->id == id ? o : NULL;
}

/*
 * Whose it is, and count DATA that was sent before. Only the first DATA chunk
 * of a packet is looked at: retransmissions are not bundled behind new data.
 */
static void
look(struct out *o, const uint8_t *p, size_t n)
{
	struct rd	 r = rd_of(p, n);
	uint32_t	 tsn;
	uint8_t		 type;
	uint16_t	 len;

	rd_span(&r, TAG);
	o->tag = rd_u32(&r);
	rd_span(&r, HEADER - TAG - 4);
	while (r.n >= CHUNK) {
		type = rd_u8(&r);
		rd_u8(&r);
		len = rd_u16(&r);
		if (type == DATA)
			break;
		if (len < CHUNK)
			return;
		rd_span(&r, ((size_t)len + 3) / 4 * 4 - CHUNK);
	}
	tsn = rd_u32(&r);
	if (r.bad)
		return;
	o->data += n;
	if (o->sent && (int32_t)(tsn - o->tsn) <= 0) {
		o->retransmits++;
		return;
	}
	o->sent = true;
	o->tsn = tsn;
}

static void *
slot(struct out *o, size_t n)
{
	struct dgram	*d;
	uint8_t		*p;

	if (o->tx == NULL) {
		if (STASH - o->used < n + 2 + PACKET_ACCEPT)
			return NULL;
		p = o->stash + o->used;
		p[0] = (uint8_t)(n >> 8);
		p[1] = (uint8_t)n;
		o->used += n + 2;
		return p + 2;
	}
	if (n > SMALL && (BATCH_DGRAMS - o->tx->n <= SPARE ||
	    !batch_room(o->tx, 1, n + SPARE * SMALL)))
		return NULL;
	d = batch_add(o->tx, n);
	return d == NULL ? NULL : d->p;
}

void *
hotlink_sctp_slot(void *addr, unsigned long n)
{
	struct out	*o = out_find((uintptr_t)addr);
	void		*p;

	if (o == NULL)
		return NULL;
	p = slot(o, n);
	if (p == NULL) {
		o->blocked = true;
		o->lost++;
	}
	return p;
}

/* Ours say that they need none; the room is a slot's tail, or the stash's. */
static size_t
accept_bare(struct out *o, uint8_t *p, size_t n)
{
	size_t	 more = o->accepts ? packet_accept(p, n) : 0;

	if (more == 0)
		return n;
	n += more;
	if (o->tx != NULL) {
		o->tx->d[o->tx->n - 1].n = n;
	} else {
		p[-2] = (uint8_t)(n >> 8);
		p[-1] = (uint8_t)n;
		o->used += more;
	}
	return n;
}

static void
put_checksum(uint8_t *p, size_t n)
{
	uint32_t	 crc = crc32c(p, n);

	/* The one little-endian number of the protocol (RFC 9260, A). */
	for (int i = 0; i < 4; i++)
		p[SUM + i] = (uint8_t)(crc >> 8 * i);
}

int
hotlink_sctp_filled(void *addr, void *packet, unsigned long n)
{
	struct out	*o = out_find((uintptr_t)addr);

	if (o == NULL || n < HEADER)
		return 0;
	memset((uint8_t *)packet + SUM, 0, 4);
	n = accept_bare(o, packet, n);
	if (!o->bare || !packet_may_be_bare(packet, n))
		put_checksum(packet, n);
	o->packets++;
	look(o, packet, n);
	return 0;
}

int
hotlink_sctp_keeps(void *addr)
{
	struct out	*o = out_find((uintptr_t)addr);

	return o != NULL && o->keeps;
}

int
out_packet(void *addr, void *packet, size_t n, uint8_t tos, uint8_t df)
{
	void	*p = hotlink_sctp_slot(addr, n);

	(void)tos;
	(void)df;
	if (p == NULL)
		return ENOBUFS;
	memcpy(p, packet, n);
	return hotlink_sctp_filled(addr, p, n);
}

void
out_begin(struct out *o, struct batch *tx)
{
	struct rd	 r = rd_of(o->stash, o->used);
	size_t		 n;

	while (tx != NULL && r.n > 0) {
		n = rd_u16(&r);
		batch_put(tx, rd_span(&r, n), n);
	}
	if (tx != NULL)
		o->used = 0;
	o->tx = tx;
}

void
out_end(struct out *o)
{
	o->tx = NULL;
}

bool
out_waits(const struct out *o)
{
	return o->used > 0 || o->blocked || o->woken;
}
