#include <string.h>

#include "dtls/flight.h"
#include "dtls/message.h"

enum {
	MIN_FRAGMENT = 32,	/* less is left to the next datagram */
	LATE = 2,		/* losses until late pieces go along */
};

void
flight_cut(struct flight *f, size_t n)
{
	f->n = n;
	f->used = n > 0 ? f->piece[n - 1].off + f->piece[n - 1].n : 0;
	f->sent = 0;
}

static struct piece *
add(struct flight *f, uint8_t content, uint16_t epoch)
{
	struct piece	*p = &f->piece[f->n++];

	memset(p, 0, sizeof(*p));
	p->off = f->used;
	p->content = content;
	p->version = DTLS_1_2;
	p->epoch = epoch;
	return p;
}

struct wr
flight_open(struct flight *f, uint8_t type, uint16_t seq)
{
	struct wr	 w = wr_of(f->buf + f->used, FLIGHT_BYTES - f->used);

	wr_u8(&w, type);
	wr_u24(&w, 0);
	wr_u16(&w, seq);
	wr_u24(&w, 0);
	wr_u24(&w, 0);
	return w;
}

struct span
flight_done(struct flight *f, struct wr *w, uint16_t epoch)
{
	struct piece	*p = add(f, CONTENT_HANDSHAKE, epoch);
	struct span	 whole = { w->p, w->n };

	wr_patch(w, 1, w->n - HANDSHAKE_HEADER, 3);
	wr_patch(w, 9, w->n - HANDSHAKE_HEADER, 3);
	p->n = w->n;
	f->used += w->n;
	return whole;
}

void
flight_ccs(struct flight *f)
{
	struct piece	*p = add(f, CONTENT_CCS, 0);

	f->buf[f->used++] = 1;
	p->n = 1;
}

/* The datagram being filled. */
struct packer {
	struct batch	*tx;
	struct dgram	*d;
	struct sender	*by;
	size_t		 mtu;
};

/* Room for n bytes in this datagram or a new one; false: the batch is full. */
static bool
make_room(struct packer *k, size_t n)
{
	if (k->d != NULL && k->mtu - k->d->n >= n)
		return true;
	k->d = batch_add(k->tx, k->mtu);
	if (k->d == NULL)
		return false;
	k->d->n = 0;
	return true;
}

static void
put_record(struct packer *k, const struct piece *p, const void *head,
    size_t headlen, const uint8_t *body, size_t n)
{
	struct sender	*by = k->by;
	uint8_t		*at = k->d->p + k->d->n;
	struct span	 s = { at, headlen + n };

	s.p += p->epoch > 0 ? record_front(&by->key) : RECORD_HEADER;
	if (headlen > 0)
		memcpy(s.p, head, headlen);
	if (n > 0)
		memcpy(s.p + headlen, body, n);
	if (p->epoch > 0)
		record_seal(&by->key, p->content, by->seq[1]++, &s);
	else
		record_wrap(p->content, p->version, by->seq[0]++, &s);
	k->d->n += s.n;
}

/* One fragment, as long as fits; how many bytes of the body it took. */
static size_t
put_fragment(struct packer *k, const struct piece *p, const uint8_t *msg,
    size_t off)
{
	size_t		 over = HANDSHAKE_HEADER + (p->epoch > 0 ?
	    record_overhead(&k->by->key) : RECORD_HEADER);
	size_t		 left = p->n - HANDSHAKE_HEADER - off, n;
	uint8_t		 head[HANDSHAKE_HEADER];
	struct wr	 w = wr_of(head, sizeof(head));

	if (!make_room(k, over + (left < MIN_FRAGMENT ? left : MIN_FRAGMENT)))
		return left;
	n = k->mtu - k->d->n - over;
	if (n > left)
		n = left;
	wr_bytes(&w, msg, 6);			/* type, length, sequence */
	wr_u24(&w, (uint32_t)off);
	wr_u24(&w, (uint32_t)n);
	put_record(k, p, head, w.n, msg + HANDSHAKE_HEADER + off, n);
	return n;
}

static void
put_piece(struct packer *k, const struct flight *f, const struct piece *p)
{
	const uint8_t	*msg = f->buf + p->off;
	size_t		 off = 0;

	if (p->content != CONTENT_HANDSHAKE) {
		if (make_room(k, RECORD_HEADER + p->n))
			put_record(k, p, msg, 0, msg, p->n);
		return;
	}
	do
		off += put_fragment(k, p, msg, off);
	while (off < p->n - HANDSHAKE_HEADER);
}

void
flight_send(struct flight *f, struct sender *by, size_t mtu, uint64_t now,
    struct batch *tx)
{
	struct packer	 k = { tx, NULL, by, mtu };

	for (size_t i = 0; i < f->n; i++) {
		const struct piece	*p = &f->piece[i];

		if (p->late && f->sent < LATE)
			continue;
		put_piece(&k, f, p);
		if (p->late)
			k.d = NULL;	/* the others lie as they always do */
	}
	f->sent++;
	f->last = now;
}
