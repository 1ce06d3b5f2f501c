#ifndef CRYPTO_PEM_H
#define CRYPTO_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * PEM text (RFC 7468), block by block; text between blocks is ignored, and a
 * block that is not base64 is skipped. der is decoded into buf, of cap bytes;
 * one that does not fit is skipped too.
 */
struct pem {
	const char	*p;		/* text not yet read */
	size_t		 n;
};

bool	 pem_next(struct pem *, struct span *label, struct span *der,
	     uint8_t *buf, size_t cap);

#endif
