#ifndef MPC_FIELD_H
#define MPC_FIELD_H

#include <stddef.h>
#include <stdint.h>

/*
 * The integers modulo p = 2^251 - 9, in which secrets are shared. Elements
 * are always reduced; nothing branches or indexes by their values.
 */
struct fe {
	uint64_t	 w[4];		/* least significant first */
};

enum {
	FE_BYTES = 32,			/* on the wire, little-endian */
	FE_TEXT = 80,			/* decimal, with sign and NUL */
};

struct fe	 fe_add(struct fe, struct fe);
struct fe	 fe_sub(struct fe, struct fe);
struct fe	 fe_mul(struct fe, struct fe);

/* Negative numbers are p less something. */
struct fe	 fe_of(int64_t);

/* Any bytes, reduced; and an element as bytes. */
struct fe	 fe_load(const uint8_t[FE_BYTES]);
void		 fe_store(uint8_t[FE_BYTES], struct fe);

/* Decimal; the upper half of the field is negative. Not constant in time. */
const char	*fe_text(struct fe, char[FE_TEXT]);

#endif
