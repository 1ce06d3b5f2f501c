#ifndef RPC_ENVELOPE_H
#define RPC_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the header of an encrypted file says in clear: SYC1, SBC1 and SYC2
 * envelopes, hotlink-messages(5). No key is needed and nothing is decrypted.
 */
enum envelope {
	ENVELOPE_NONE,		/* no magic: plain text */
	ENVELOPE_MINE,		/* I am among its recipients */
	ENVELOPE_FOREIGN,	/* well-formed, for others */
	ENVELOPE_CORRUPT,
};

enum {
	ENVELOPE_BLOCK = 4096,		/* the prelude is padded to these */
	ENVELOPE_PRELUDE = 10 << 20,	/* bytes at most */
	ENVELOPE_SIGNATURE = 64,
};

/* me is compared without regard to case. Out of memory is ENVELOPE_CORRUPT. */
enum envelope	 envelope_classify(const uint8_t *, size_t, const char *me);

/* ASCII without regard to case: what two email addresses are compared by. */
bool		 same_party(const char *, const char *);

#endif
