#ifndef BASE_CRC_H
#define BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 (ISO-HDLC), as STUN's FINGERPRINT uses it before its XOR. */
uint32_t	 crc32_of(const void *, size_t);

/*
 * CRC-32C (Castagnoli), as SCTP uses it (RFC 9260 appendix A): by the CPU's
 * instruction where there is one, by table elsewhere, chosen at first use.
 */
uint32_t	 crc32c(const void *, size_t);
const char	*crc32c_path(void);		/* "sse4.2", "armv8", "table" */
uint32_t	 crc32c_table(const void *, size_t);	/* for comparison */

#endif
