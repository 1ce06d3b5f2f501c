/*
 * Records. The additional data of the AEAD is epoch, sequence number, type,
 * version and plaintext length (RFC 5246 section 6.2.3.3); the nonce is salt
 * and explicit part for GCM (RFC 5288), the IV with the 64-bit number added
 * by XOR for ChaCha20 (RFC 7905).
 */
#include <string.h>

#include "dtls/record.h"

enum { RECORD_AAD = 13 };

int
record_next(struct record *rec, struct span *d)
{
	struct rd	 r = rd_of(d->p, d->n);
	size_t		 n;

	rec->header = d->p;
	rec->type = rd_u8(&r);
	rec->version = rd_u16(&r);
	rec->epoch = rd_u16(&r);
	rec->seq = rd_u48(&r);
	n = rd_u16(&r);
	if (r.bad || n > r.n || n > RECORD_MAX ||
	    (rec->version != DTLS_1_2 && rec->version != DTLS_1_0))
		return -1;
	rec->body.p = d->p + RECORD_HEADER;
	rec->body.n = n;
	d->p += RECORD_HEADER + n;
	d->n -= RECORD_HEADER + n;
	return 0;
}

static size_t
explicit_part(const struct protect *k)
{
	return k->alg == AEAD_AES128_GCM ? RECORD_EXPLICIT : 0;
}

size_t
record_front(const struct protect *k)
{
	return RECORD_HEADER + explicit_part(k);
}

size_t
record_overhead(const struct protect *k)
{
	return record_front(k) + AEAD_TAG;
}

/* header is the record's, or as much of it as goes before the length. */
static void
make_aad(uint8_t aad[RECORD_AAD], const uint8_t *header, size_t n)
{
	memcpy(aad, header + 3, 8);		/* epoch and sequence number */
	memcpy(aad + 8, header, 3);		/* type and version */
	aad[11] = (uint8_t)(n >> 8);
	aad[12] = (uint8_t)n;
}

static void
make_nonce(uint8_t nonce[AEAD_NONCE], const struct protect *k,
    const uint8_t number[8])
{
	memcpy(nonce, k->iv, AEAD_NONCE);
	if (k->alg == AEAD_AES128_GCM) {
		memcpy(nonce + 4, number, 8);
		return;
	}
	for (int i = 0; i < 8; i++)
		nonce[4 + i] ^= number[i];
}

bool
record_open(struct protect *k, struct record *rec)
{
	uint8_t		 aad[RECORD_AAD], nonce[AEAD_NONCE];
	size_t		 skip = explicit_part(k);

	if (rec->body.n < skip + AEAD_TAG)
		return false;
	make_nonce(nonce, k, skip > 0 ? rec->body.p : rec->header + 3);
	rec->body.p += skip;
	rec->body.n -= skip + AEAD_TAG;
	make_aad(aad, rec->header, rec->body.n);
	aad[8] = rec->type;			/* one kept may be marked */
	return aead_open(k->aead, nonce, aad, sizeof(aad), rec->body.p,
	    rec->body.n, rec->body.p + rec->body.n);
}

static void
write_header(uint8_t *p, uint8_t type, uint16_t version, uint64_t epoch_seq,
    size_t n)
{
	struct wr	 w = wr_of(p, RECORD_HEADER);

	wr_u8(&w, type);
	wr_u16(&w, version);
	wr_u64(&w, epoch_seq);
	wr_u16(&w, (uint16_t)n);
}

void
record_seal(struct protect *k, uint8_t type, uint64_t seq, struct span *s)
{
	uint8_t		 aad[RECORD_AAD], nonce[AEAD_NONCE];
	uint8_t		*header = s->p - record_front(k);
	size_t		 skip = explicit_part(k);

	write_header(header, type, DTLS_1_2, (uint64_t)1 << 48 | seq,
	    skip + s->n + AEAD_TAG);
	memcpy(header + RECORD_HEADER, header + 3, skip);
	make_aad(aad, header, s->n);
	make_nonce(nonce, k, header + 3);
	aead_seal(k->aead, nonce, aad, sizeof(aad), s->p, s->n, s->p + s->n);
	s->p = header;
	s->n += record_overhead(k);
}

void
record_wrap(uint8_t type, uint16_t version, uint64_t seq, struct span *s)
{
	s->p -= RECORD_HEADER;
	write_header(s->p, type, version, seq, s->n);
	s->n += RECORD_HEADER;
}

bool
window_fresh(const struct window *w, uint64_t seq)
{
	if (seq > w->top)
		return true;
	return w->top - seq < WINDOW &&
	    (w->seen[seq / 64 % WINDOW_WORDS] >> seq % 64 & 1) == 0;
}

/* The words that a new highest number reaches held older ones. */
void
window_mark(struct window *w, uint64_t seq)
{
	uint64_t	 n;

	if (seq > w->top) {
		n = seq / 64 - w->top / 64;
		if (n > WINDOW_WORDS)
			n = WINDOW_WORDS;
		while (n > 0)
			w->seen[(seq / 64 - --n) % WINDOW_WORDS] = 0;
		w->top = seq;
	}
	w->seen[seq / 64 % WINDOW_WORDS] |= (uint64_t)1 << seq % 64;
}
