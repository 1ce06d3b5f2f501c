#ifndef TESTS_SUPPORT_ENVELOPE_H
#define TESTS_SUPPORT_ENVELOPE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { ENVELOPE_ROOM = 3 * 4096 };

/*
 * An envelope with this magic and prelude, the ciphertext n times 0xcc.
 * Returns its length.
 */
static inline size_t
envelope_build(uint8_t *p, const char *magic, const char *prelude, size_t n)
{
	size_t	 len = strlen(prelude), padded = (len + 4095) / 4096 * 4096;

	if (len == 0)
		padded = 4096;
	memset(p, 0, 9 + padded + 2 + 64);
	memcpy(p, magic, 4);
	p[4] = 1;
	for (size_t i = 0; i < 4; i++)
		p[5 + i] = (uint8_t)(len >> 8 * i);
	memcpy(p + 9, prelude, len);
	p[9 + padded] = 64;
	memset(p + 9 + padded + 2 + 64, 0xcc, n);
	return 9 + padded + 2 + 64 + n;
}

/* A prelude as it is written, for one recipient. */
static inline const char *
envelope_prelude(const char *to, size_t n)
{
	static char	 s[1024];

	snprintf(s, sizeof(s), "{\"canon\":\"jcs-rfc8785\",\"cipher\":{"
	    "\"ciphertext_len\":%zu,\"last_segment_bytes\":%zu,"
	    "\"nonce\":\"AAAA\",\"segment_count\":1,"
	    "\"suite\":\"xchacha20poly1305-v1\"},\"created_at\":1770000000,"
	    "\"public_meta\":{\"filename_hint\":\"rpc-response-A\"},"
	    "\"recipient_set_fpr\":\"00\",\"recipients\":[{"
	    "\"identity\":\"%s\"}],\"sender\":{\"identity\":\"bob@x.io\","
	    "\"ik_fingerprint\":\"11\"},\"version\":1,\"wrappings\":[]}",
	    n, n, to);
	return s;
}

#endif
