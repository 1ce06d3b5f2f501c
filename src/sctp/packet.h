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

/*
 * Zero checksums (RFC 9653), where DTLS has seen to it that a packet is what
 * was sent. Each side says in its INIT or INIT ACK what it accepts, and that
 * is all that counts for what is sent to it.
 *
 * packet_accept: into one of ours, with room for PACKET_ACCEPT bytes behind
 * it; returns by how much it grew, 0 if it is another packet.
 * packet_accepts: does one of the peer's say so?
 * packet_may_be_bare: it is of an association that is up, so may have none.
 */
enum { PACKET_ACCEPT = 8 };
size_t	 packet_accept(uint8_t *, size_t);
bool	 packet_accepts(const uint8_t *, size_t);
bool	 packet_may_be_bare(const uint8_t *, size_t);

#endif
