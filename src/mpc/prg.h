#ifndef MPC_PRG_H
#define MPC_PRG_H

#include <stddef.h>
#include <stdint.h>

#include "mpc/field.h"

/*
 * The same random elements at two parties, from a secret both know: AES-128
 * in counter mode.
 */
enum { PRG_SEED = 32 };

struct prg;

/* Both give what they contributed, in the same order. NULL: no memory. */
struct prg	*prg_new(const uint8_t[PRG_SEED], const uint8_t[PRG_SEED]);
void		 prg_free(struct prg *);

struct fe	 prg_element(struct prg *);
void		 prg_bytes(struct prg *, void *, size_t);

#endif
