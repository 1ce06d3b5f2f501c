#ifndef SYFT_MSGPACK_H
#define SYFT_MSGPACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * The part of msgpack that relay messages use (hotlink-protocol.md 1.5), on
 * the cursors of base/bytes.h: what is not msgpack latches the reader bad.
 */
enum mp_kind {
	MP_NONE,		/* nothing there: the reader is bad */
	MP_NIL,
	MP_UINT,		/* any width, not negative */
	MP_STR,
	MP_BIN,
	MP_ARRAY,
	MP_MAP,
	MP_OTHER,		/* valid, and of no use here */
};

struct mp {
	enum mp_kind	 kind;
	/* the number; elements or pairs that follow */
	uint64_t	 u;
	struct span	 bytes;		/* of a string or binary */
};

/*
 * Take the next item: a string or binary whole, of an array or map the head.
 * A head that promises more elements than bytes are left is bad.
 */
struct mp	 mp_next(struct rd *);

/* Skip the elements of an item, however deep: without recursion. */
void		 mp_skip(struct rd *, const struct mp *);

/*
 * The shortest form of each. A map has fewer than 16 pairs; mp_bin_head is
 * followed by its n bytes.
 */
void		 mp_map(struct wr *, size_t pairs);
void		 mp_uint(struct wr *, uint64_t);
void		 mp_str(struct wr *, struct span);
void		 mp_bin_head(struct wr *, size_t n);
void		 mp_bin(struct wr *, struct span);

#endif
