#ifndef SCTP_PACKET_H
#define SCTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Is there an INIT in it; tag: the one that is to be in packets to its
 * sender. Any chunk is looked at, though RFC 9260 has an INIT alone.
 */
bool	 packet_has_init(const uint8_t *, size_t, uint32_t *tag);

#endif
