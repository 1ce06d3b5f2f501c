#ifndef PEER_FMTP_H
#define PEER_FMTP_H

#include <stddef.h>

/*
 * The parameters of an a=fmtp line, "name=value;name=value". Some of them are
 * the format itself, so that one codec has several payload types: H.264's
 * profile and packetization, VP9's and AV1's profile.
 */

/* How many of these in ours are the same in theirs; n bytes of text. */
unsigned fmtp_alike(const char *ours, const char *theirs, size_t n);

#endif
