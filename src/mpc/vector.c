#include <string.h>

#include "mpc/vector.h"

static void
put_word(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));	/* native, which all of ours are */
}

static size_t
body(size_t n)
{
	return 8 + n * FE_BYTES + 8;
}

static int
send_chunk(struct cp *p, unsigned to, const struct fe *v, size_t n)
{
	uint8_t	*q = cp_scratch(p, body(n));

	if (q == NULL)
		return -1;
	put_word(q, n * FE_BYTES);
	for (size_t i = 0; i < n; i++)
		fe_store(q + 8 + i * FE_BYTES, v[i]);
	put_word(q + 8 + n * FE_BYTES, n);
	return cp_send(p, to, q, body(n));
}

static int
recv_chunk(struct cp *p, unsigned from, struct fe *v, size_t n)
{
	uint8_t		*q = cp_scratch(p, body(n));
	uint64_t	 bytes, dim;

	if (q == NULL || cp_recv(p, from, q, body(n)))
		return -1;
	memcpy(&bytes, q, 8);
	memcpy(&dim, q + 8 + n * FE_BYTES, 8);
	if (bytes != n * FE_BYTES || dim != n)
		return cp_fail(p, "party %u sends a vector that "
		    "contradicts its length", from);
	for (size_t i = 0; i < n; i++)
		v[i] = fe_load(q + 8 + i * FE_BYTES);
	return 0;
}

static size_t
chunk(size_t left)
{
	return left < VECTOR_CHUNK ? left : VECTOR_CHUNK;
}

int
vector_send(struct cp *p, unsigned to, const struct fe *v, size_t n)
{
	int	 rc = 0;

	for (size_t m; rc == 0 && n > 0; n -= m, v += m) {
		m = chunk(n);
		rc = send_chunk(p, to, v, m);
	}
	return rc;
}

int
vector_recv(struct cp *p, unsigned from, struct fe *v, size_t n)
{
	int	 rc = 0;

	for (size_t m; rc == 0 && n > 0; n -= m, v += m) {
		m = chunk(n);
		rc = recv_chunk(p, from, v, m);
	}
	return rc;
}

static void
add(struct fe *to, const struct fe *what, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = fe_add(to[i], what[i]);
}

static int
reveal_chunk(struct cp *p, const struct fe *share, struct fe *open,
    size_t n)
{
	static struct fe	 other[VECTOR_CHUNK];

	if (p->setup.id == 2)
		return send_chunk(p, 1, share, n) || recv_chunk(p, 1, open, n)
		    ? -1 : 0;
	if (recv_chunk(p, 2, other, n))
		return -1;
	add(other, share, n);
	memcpy(open, other, n * sizeof(*open));
	return send_chunk(p, 2, open, n);
}

int
vector_reveal(struct cp *p, const struct fe *share, struct fe *open,
    size_t n)
{
	int	 rc = 0;

	if (p->setup.id == 0)
		return 0;
	for (size_t m; rc == 0 && n > 0; n -= m, share += m, open += m) {
		m = chunk(n);
		rc = reveal_chunk(p, share, open, m);
	}
	return rc;
}

void
vector_share(struct cp *p, unsigned owner, const int64_t *v,
    struct fe *share, size_t n)
{
	struct prg	*common = p->with[3 - p->setup.id];
	struct fe	 mask;

	for (size_t i = 0; i < n; i++) {
		mask = prg_element(common);
		share[i] = owner == p->setup.id ?
		    fe_sub(fe_of(v[i]), mask) : mask;
	}
}
